"""HTTP Message Signatures (RFC 9421, Ed25519) with Content-Digest (RFC 9530), for both ends.

The profile: a request is signed over the REQUEST_COVERS, an answer over the ANSWER_COVERS, which
bind it to its request, so that question and answer together are evidence without our help.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import http_sf

from bus.digest import check_digest, content_digest
from bus.errors import SignatureError
from bus.keys import PublicKey, SigningKey

REQUEST_COVERS = ("@method", "@target-uri", "content-digest", "content-type")
REQUEST_TAG, ANSWER_TAG = "mirab", "mirab-answer"
LONGEST_LIFE = 300
SKEW = 60
NONCE_LENGTH = (16, 128)
LONGEST_HEADER = 4096

Component = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Message:
    """What a signature can cover. ``request`` is the request that an answer belongs to."""

    headers: Mapping[str, str]
    method: str = ""
    target_uri: str = ""
    status: int = 0
    request: "Message | None" = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds: whose it is, and its parameters."""

    keyid: str
    nonce: str
    created: int
    expires: int
    label: str


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
    """The headers to add to a request: Content-Digest, Signature-Input and Signature.

    ``headers`` are those that are sent, Content-Type among them; an Idempotency-Key among them is
    covered too. ``life`` is in seconds.
    """
    created = int(time.time() if now is None else now)
    lower = {name.lower(): value for name, value in headers.items()}
    lower.setdefault("content-digest", content_digest(body))
    covers = [*REQUEST_COVERS, *(("idempotency-key",) if "idempotency-key" in lower else ())]
    parameters = {
        "created": created, "expires": created + life, "nonce": nonce or secrets.token_urlsafe(18),
        "keyid": key.keyid, "alg": "ed25519", "tag": REQUEST_TAG,
    }
    message = Message(lower, method, url)
    return {"Content-Digest": lower["content-digest"],
            **_sign(key, message, [(name, {}) for name in covers], parameters)}


def verify_request(
    message: Message, find_key: Callable[[str], PublicKey | None], *, now: float | None = None
) -> Verified:
    """The one signature with our tag, if it holds; SignatureError names the check that failed.

    The body itself is compared by ``check_digest`` or DigestCheck. A nonce that was used before
    and a key that was revoked are the caller's to refuse.
    """
    label, components, parameters, signature = _signature(message, REQUEST_TAG)
    covered = {name for name, options in components if not options}
    needed = {*REQUEST_COVERS}
    if "idempotency-key" in message.headers:
        needed.add("idempotency-key")
    if missing := sorted(needed - covered):
        raise SignatureError("signature.component_missing",
                             f"Sign {', '.join(missing)} too; Signature-Input does not cover it.")
    verified = _checked_parameters(label, parameters, time.time() if now is None else now)
    key = find_key(verified.keyid)
    if key is None:
        raise SignatureError(
            "signature.unknown_key",
            "No key of that keyid is registered; register it, or correct keyid.")
    if not key.verify(signature, _base(message, components, parameters)):
        raise SignatureError(
            "signature.bad",
            "The signature does not fit what was received. Compare your signature base with "
            "docs/join.md; often a proxy changed the target URI.")
    return verified


def sign_response(
    key: SigningKey, status: int, headers: Mapping[str, str], request: Message,
    *, now: float | None = None,
) -> dict[str, str]:
    """The headers to add to an answer; ``headers`` must hold Content-Type and Content-Digest."""
    lower = {name.lower(): value for name, value in headers.items()}
    message = Message(lower, status=status, request=request)
    parameters = {"created": int(time.time() if now is None else now), "keyid": key.keyid,
                  "alg": "ed25519", "tag": ANSWER_TAG}
    return _sign(key, message, answer_covers(request), parameters)


def answer_covers(request: Message) -> list[Component]:
    """What the signature of an answer to ``request`` covers; the parts that the request has."""
    covers: list[Component] = [("@status", {}), ("content-type", {}), ("content-digest", {}),
                               ("@method", {"req": True}), ("@target-uri", {"req": True})]
    covers += [(name, {"req": True}) for name in ("content-digest", "signature")
               if name in request.headers]
    return covers


def verify_response(
    message: Message, find_key: Callable[[str], PublicKey | None], body: bytes | None
) -> str:
    """The id of the key that signed this answer to ``message.request``; works offline.

    ``body`` is None if it was compared with its digest already, as it streamed in.

    SignatureError if the answer, its status or its request are not those that were signed.
    """
    label, components, parameters, signature = _signature(message, ANSWER_TAG)
    if message.request is None:
        raise SignatureError("signature.malformed", "An answer is verified with its request.")
    told = {(name, bool(options.get("req"))) for name, options in components}
    needed = {(name, bool(options.get("req"))) for name, options in answer_covers(message.request)}
    if needed - told:
        raise SignatureError("signature.component_missing",
                             f"The answer's signature {label} does not cover all that it must.")
    keyid = str(parameters.get("keyid"))
    key = find_key(keyid)
    if key is None:
        raise SignatureError("signature.unknown_key", f"No public key {keyid} is known.")
    if not key.verify(signature, _base(message, components, parameters)):
        raise SignatureError("signature.bad", "The answer's signature does not hold.")
    if body is not None:
        check_digest(message.headers, body)
    return keyid


def _checked_parameters(label: str, parameters: Mapping[str, Any], now: float) -> Verified:
    created, expires = parameters.get("created"), parameters.get("expires")
    nonce, keyid = parameters.get("nonce"), parameters.get("keyid")
    if not isinstance(created, int) or not isinstance(expires, int) or not isinstance(keyid, str):
        raise SignatureError("signature.malformed", "Give created, expires and keyid.")
    if parameters.get("alg", "ed25519") != "ed25519":
        raise SignatureError("signature.algorithm", "Only alg=\"ed25519\" is accepted.")
    if not isinstance(nonce, str) or not NONCE_LENGTH[0] <= len(nonce) <= NONCE_LENGTH[1]:
        raise SignatureError("signature.nonce_missing", "Give a nonce of 16 to 128 characters.")
    if expires - created > LONGEST_LIFE or expires <= created:
        raise SignatureError("signature.too_long",
                             f"expires must be 1 to {LONGEST_LIFE} seconds after created.")
    if created > now + SKEW:
        raise SignatureError("signature.not_yet_valid",
                             f"created lies in the future; our clock says {int(now)}. Set yours.")
    if expires < now:
        raise SignatureError("signature.expired",
                             f"The signature has expired; our clock says {int(now)}. Sign again.")
    return Verified(keyid, nonce, created, expires, label)


def _signature(
    message: Message, tag: str
) -> tuple[str, list[Component], dict[str, Any], bytes]:
    """The label, components, parameters and bytes of the one signature with that tag."""
    told, given = message.headers.get("signature-input"), message.headers.get("signature")
    if not told or not given:
        raise SignatureError("signature.missing",
                             "Sign the message (RFC 9421): Signature-Input and Signature.")
    if len(told) > LONGEST_HEADER or len(given) > LONGEST_HEADER:
        raise SignatureError("signature.malformed", "The signature headers are too long.")
    try:
        inputs: Any = http_sf.parse(told.encode("ascii"), tltype="dictionary")
        signatures: Any = http_sf.parse(given.encode("ascii"), tltype="dictionary")
        ours = [(label, *value) for label, value in inputs.items()
                if isinstance(value[0], list) and value[1].get("tag") == tag]
        if not ours:
            raise SignatureError("signature.missing", f"No signature has tag=\"{tag}\".")
        if len(ours) > 1:
            raise SignatureError("signature.ambiguous", f"Two signatures have tag=\"{tag}\".")
        label, components, parameters = ours[0]
        components = [(str(name), dict(options)) for name, options in components]
        if len({_serial(c) for c in components}) != len(components):
            raise SignatureError("signature.malformed", "A component is covered twice.")
        return label, components, dict(parameters), bytes(signatures[label][0])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, UnicodeError,
            binascii.Error, http_sf.StructuredFieldError):
        raise SignatureError("signature.malformed",
                             "Signature-Input and Signature cannot be read (RFC 8941).") from None


def _sign(
    key: SigningKey, message: Message, components: list[Component], parameters: dict[str, Any]
) -> dict[str, str]:
    signature = base64.b64encode(key.sign(_base(message, components, parameters))).decode()
    told = http_sf.ser({"mirab": (components, parameters)})
    return {"Signature-Input": told, "Signature": f"mirab=:{signature}:"}


def _base(message: Message, components: list[Component], parameters: dict[str, Any]) -> bytes:
    """The signature base (RFC 9421, section 2.5)."""
    lines = [f"{_serial(component)}: {_value(message, component)}" for component in components]
    whole = http_sf.ser({"s": (components, parameters)})[2:]
    return "\n".join([*lines, f'"@signature-params": {whole}']).encode()


def _serial(component: Component) -> str:
    name, options = component
    return f'"{name}"' + "".join(f";{option}" for option, on in options.items() if on is True)


def _value(message: Message, component: Component) -> str:
    name, options = component
    source = message.request if options.get("req") else message
    if source is None or set(options) - {"req"}:
        raise SignatureError("signature.malformed", f"{name} cannot be covered in this way.")
    derived = {"@method": source.method, "@target-uri": source.target_uri,
               "@status": str(source.status or "")}
    value = derived.get(name) if name.startswith("@") else source.headers.get(name)
    if not value:
        raise SignatureError("signature.component_missing", f"{name} is covered but was not sent.")
    return " ".join(value.strip().split("\n")) if not name.startswith("@") else value
