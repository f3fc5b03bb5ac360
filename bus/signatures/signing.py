"""HTTP Message Signatures (RFC 9421, Ed25519) with Content-Digest (RFC 9530), for both ends.

The profile: a request is signed over the REQUEST_COVERS, one without a body over its method and
address alone; an answer over the answer_covers, which bind it to its request, so that question and
answer together are evidence without our help.
"""

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bus.errors import SignatureError
from bus.signatures.canonical import Component
from bus.signatures.digest import check_digest, content_digest
from bus.signatures.keys import PublicKey, SigningKey
from bus.signatures.signature_base import (
    HttpMessage,
    ParsedSignature,
    find_signature,
    signature_base,
    signature_params,
)
from bus.wire import Wire

__all__ = [
    "HttpMessage",
    "Signed",
    "Verified",
    "answer_covers",
    "sign_request",
    "sign_response",
    "verify_request",
    "verify_response",
]

REQUEST_COVERS = ("@method", "@target-uri", "content-digest", "content-type")
ON_BEHALF_OF = "mirab-on-behalf-of"
COVERED_IF_SENT = ("idempotency-key", ON_BEHALF_OF)
BODILESS = ("GET", "HEAD", "DELETE")
# The hash of the leaf that the log of receipts has, or will have, of this call.
RECEIPT = "mirab-receipt"
REQUEST_TAG, ANSWER_TAG = "mirab", "mirab-answer"
LABEL = "mirab"
ALGORITHM = "ed25519"
LONGEST_LIFE = 300
SKEW = 60
NONCE_LENGTH = (16, 128)

FindKey = Callable[[str], PublicKey | None]


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified signature of a request: its key and its parameters."""

    keyid: str
    nonce: str
    created: int
    expires: int
    label: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified signature of an answer: its key, and its time (unix seconds)."""

    keyid: str
    created: int


def sign_request(  # noqa: PLR0913 - the parts of a request
    key: SigningKey,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    life: int = 120,
    nonce: str | None = None,
) -> dict[str, str]:
    """The headers to add to a request: Content-Digest if it has a body, Signature-Input and
    Signature.

    ``headers`` are those that are sent, Content-Type among them; an Idempotency-Key among them is
    covered too, and Mirab-On-Behalf-Of. ``life`` is in seconds.
    """
    created = int(time.time() if now is None else now)
    lower = {name.lower(): value for name, value in headers.items()}
    digest: dict[str, str] = {}
    if method not in BODILESS:
        digest["Content-Digest"] = lower.setdefault("content-digest", content_digest(body))
    covers = request_covers(method, lower)
    parameters = {
        "created": created,
        "expires": created + life,
        "nonce": nonce or secrets.token_urlsafe(18),
        "keyid": key.keyid,
        "alg": ALGORITHM,
        "tag": REQUEST_TAG,
    }
    message = HttpMessage(lower, method, url)
    return {**digest, **_sign(key, message, [(name, {}) for name in covers], parameters)}


def request_covers(method: str, headers: Mapping[str, str]) -> list[str]:
    """What the signature of a request must cover; names of headers are in lower case."""
    covers = REQUEST_COVERS[:2] if method in BODILESS else REQUEST_COVERS
    return [*covers, *(name for name in COVERED_IF_SENT if name in headers)]


def verify_request(
    message: HttpMessage, find_key: FindKey, *, now: float | None = None
) -> Verified:
    """The one signature with our tag, if it holds; SignatureError names the check that failed.

    The body itself is compared by ``check_digest`` or DigestCheck. A nonce that was used before
    and a key that was revoked are the caller's to refuse.
    """
    signature = find_signature(message, REQUEST_TAG)
    needed = set(request_covers(message.method, message.headers))
    if missing := sorted(needed - {name for name, options in signature.components if not options}):
        raise SignatureError(
            "signature.component_missing",
            f"Sign {', '.join(missing)} too; Signature-Input does not cover it.",
        )
    verified = _checked_parameters(signature, time.time() if now is None else now)
    key = find_key(verified.keyid)
    if key is None:
        raise SignatureError(
            "signature.unknown_key",
            "No key of that keyid is registered here.",
        )
    if not key.verify(signature.signature, _base(message, signature)):
        raise SignatureError(
            "signature.bad",
            "The signature does not fit what was received. Compare your signature base with "
            "/docs/join.md of the agency face; often a proxy changed the target URI.",
        )
    return verified


def sign_response(
    key: SigningKey,
    status: int,
    headers: Mapping[str, str],
    request: HttpMessage,
    *,
    now: float | None = None,
) -> dict[str, str]:
    """The headers to add to an answer; ``headers`` must hold Content-Type and Content-Digest."""
    lower = {name.lower(): value for name, value in headers.items()}
    message = HttpMessage(lower, status=status, request=request)
    parameters = {
        "created": int(time.time() if now is None else now),
        "keyid": key.keyid,
        "alg": ALGORITHM,
        "tag": ANSWER_TAG,
    }
    return _sign(key, message, _covers(message, request), parameters)


def answer_covers(request: HttpMessage) -> list[Component]:
    """What the signature of an answer to ``request`` covers; the parts that the request has."""
    covers: list[Component] = [
        ("@status", {}),
        ("content-type", {}),
        ("content-digest", {}),
        ("@method", {"req": True}),
        ("@target-uri", {"req": True}),
    ]
    covers += [
        (name, {"req": True}) for name in ("content-digest", "signature") if name in request.headers
    ]
    return covers


def _covers(message: HttpMessage, request: HttpMessage) -> list[Component]:
    """The same with the promise of a receipt, if the answer carries one."""
    promised: list[Component] = [(RECEIPT, {})] if RECEIPT in message.headers else []
    return [*answer_covers(request), *promised]


def verify_response(message: HttpMessage, find_key: FindKey, body: bytes | None) -> Signed:
    """Who signed this answer to ``message.request``, and when; works offline.

    ``body`` is None if it was compared with its digest already, as it streamed in.

    SignatureError if the answer, its status or its request are not those that were signed.
    """
    if message.request is None:
        raise SignatureError("signature.malformed", "An answer is verified with its request.")
    signature = find_signature(message, ANSWER_TAG)
    for component in _covers(message, message.request):
        if component not in signature.components:
            raise SignatureError(
                "signature.component_missing",
                f"The answer's signature does not cover {component[0]}.",
            )
    keyid, created = _text(signature, "keyid"), _whole(signature, "created")
    if signature.parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise SignatureError("signature.algorithm", f"The answer is not signed by {ALGORITHM}.")
    key = find_key(keyid)
    if key is None:
        raise SignatureError(
            "signature.unknown_key",
            f"No public key {keyid} of Mirab is known here; get it from /.well-known/jwks.json.",
        )
    if not key.verify(signature.signature, _base(message, signature)):
        raise SignatureError(
            "signature.bad",
            "The answer's signature does not hold: the answer, its status or its "
            "question was changed. Do not use this answer; ask again.",
        )
    if body is not None:
        check_digest(message.headers, body)
    return Signed(keyid, created)


def _checked_parameters(signature: ParsedSignature, now: float) -> Verified:
    created, expires = _whole(signature, "created"), _whole(signature, "expires")
    keyid, nonce = _text(signature, "keyid"), signature.parameters.get("nonce")
    if signature.parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise SignatureError("signature.algorithm", f'Only alg="{ALGORITHM}" is accepted.')
    if not isinstance(nonce, str) or not NONCE_LENGTH[0] <= len(nonce) <= NONCE_LENGTH[1]:
        raise SignatureError("signature.nonce_missing", "Give a nonce of 16 to 128 characters.")
    if expires - created > LONGEST_LIFE or expires <= created:
        raise SignatureError(
            "signature.too_long", f"expires must be 1 to {LONGEST_LIFE} seconds after created."
        )
    if created > now + SKEW:
        raise SignatureError(
            "signature.not_yet_valid",
            f"created lies in the future; our clock says {int(now)}. Set yours.",
        )
    if expires < now:
        raise SignatureError(
            "signature.expired",
            f"The signature has expired; our clock says {int(now)}. Sign again.",
        )
    return Verified(keyid, nonce, created, expires, signature.label)


def _whole(signature: ParsedSignature, name: str) -> int:
    value = signature.parameters.get(name)
    if type(value) is not int:  # True is an int to isinstance
        raise SignatureError("signature.malformed", f"Give {name} in unix seconds.")
    return value


def _text(signature: ParsedSignature, name: str) -> str:
    value = signature.parameters.get(name)
    if not isinstance(value, str):
        raise SignatureError("signature.malformed", f"Give {name} as a text in quotes.")
    return value


def _base(message: HttpMessage, signature: ParsedSignature) -> bytes:
    params = signature.params
    if params is None:
        params = signature_params(signature.components, signature.parameters)
    return signature_base(message, signature.components, params)


def _sign(
    key: SigningKey, message: HttpMessage, components: list[Component], parameters: Wire
) -> dict[str, str]:
    params = signature_params(components, parameters)
    signature = base64.b64encode(key.sign(signature_base(message, components, params))).decode()
    return {"Signature-Input": f"{LABEL}={params}", "Signature": f"{LABEL}=:{signature}:"}
