"""The headers of requests and answers of this face, as its OpenAPI document has them."""

from bus.topology import AGENCY_CODE
from gateway.agency.door.checks import IDEMPOTENCY_KEY
from gateway.openapi.document import header_parameter
from gateway.openapi.shapes import Node

DIGEST = "^(sha-256=:[A-Za-z0-9+/]{43}=:|sha-512=:[A-Za-z0-9+/]{86}==:)$"
SIGNATURE_INPUT = "^[a-z*][a-z0-9_.*-]*=\\([ -~]*\\);[ -~]+$"
JWT = "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$"
COVERED = '("@method" "@target-uri" "content-digest" "content-type" "idempotency-key")'

IDEMPOTENCY = header_parameter(
    "Idempotency-Key",
    {"type": "string", "pattern": IDEMPOTENCY_KEY},
    'A text in quotes, 16 to 128 characters, such as "3f0c9d52-8a1e-4b7d-9c66-0e5d2a7b4f18"; '
    "made at random. The same key gets the first answer, for 30 days. Whoever signs covers it by "
    "the signature.",
)
ON_BEHALF_OF = header_parameter(
    "Mirab-On-Behalf-Of",
    {"type": "string", "pattern": f"^{AGENCY_CODE.pattern}$"},
    "The code of the agency in whose name you ask, which lets you. Who signs covers it by the "
    "signature; a token names the same agency.",
)
PREFER = header_parameter(
    "Prefer",
    {"type": "string"},
    "RFC 7240, such as respond-async, wait=2, call-back. respond-async: answer later; wait=N: if "
    "it takes longer than N seconds; call-back: tell our endpoints of call.settled.",
)
SIGNED = [
    header_parameter(
        "Signature-Input",
        {
            "type": "string",
            "pattern": SIGNATURE_INPUT,
        },
        "RFC 9421. What Signature covers, and its parameters, such as "
        f'mirab={COVERED};created=1795437000;expires=1795437120;nonce="Zk3v8Qm1Xr5Tn7Bw"'
        ';keyid="fuel-co-demo";alg="ed25519";tag="mirab". Needed with Signature; a caller with a '
        "token leaves both out.",
    ),
    header_parameter(
        "Content-Digest",
        {
            "type": "string",
            "pattern": DIGEST,
        },
        "RFC 9530. Needed with Signature where there is a body, and covered by it; whoever sends "
        "it has it compared with the body.",
    ),
    header_parameter(
        "DPoP",
        {"type": "string", "pattern": JWT},
        "RFC 9449. Needed with `Authorization: DPoP`: a proof of this request, with the nonce of "
        "the newest header DPoP-Nonce.",
    ),
]
TRACE = header_parameter(
    "traceparent",
    {"type": "string"},
    "Your trace (W3C Trace Context), which ours continues; one that cannot be read is left out.",
)
LANGUAGE = header_parameter(
    "Accept-Language",
    {"type": "string"},
    "en or fa: the language of a statement as PDF, fa if left out.",
)
_TEXT: Node = {"type": "string"}
ANSWER_HEADERS: dict[str, Node] = {
    "API-Version": {
        "description": "Our release",
        "required": True,
        "schema": _TEXT,
    },
    "Content-Digest": {
        "description": "Of this answer's body (RFC 9530)",
        "required": True,
        "schema": {"type": "string", "pattern": DIGEST},
    },
    "Signature-Input": {
        "description": "RFC 9421, tag mirab-answer: what our signature covers",
        "required": True,
        "schema": {"type": "string", "pattern": SIGNATURE_INPUT},
    },
    "Signature": {
        "description": "By a key of /.well-known/jwks.json",
        "required": True,
        "schema": _TEXT,
    },
    "Mirab-Receipt": {
        "description": "The hash of this call's leaf in the log of receipts, covered by our "
        "signature; /v1/receipts/{hash} has the receipt",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
    },
    "Cache-Control": {"schema": _TEXT},
    "DPoP-Nonce": {
        "description": "The newest nonce for your next proof (RFC 9449)",
        "schema": _TEXT,
    },
    "RateLimit": {"description": "What is left of your rate", "schema": _TEXT},
    "RateLimit-Policy": {"description": "Your rate", "schema": _TEXT},
    "Deprecation": {
        "description": "Since when it is known that this contract ends (RFC 9745)",
        "schema": _TEXT,
    },
    "Sunset": {"description": "When this contract ends (RFC 8594)", "schema": _TEXT},
    "Link": {"description": "The announcement of that end", "schema": _TEXT},
}
