"""JWTs of ours in SD-JWTs (RFC 7515, 9901), read strictly: one algorithm, one spelling."""

import re
from typing import NamedTuple

import orjson

from bus.errors import SignatureError
from bus.signatures.keys import JWS_ALGORITHM, PublicKey, base64url, from_base64url
from bus.wire import Wire

_PART = re.compile(r"[A-Za-z0-9_-]+")


class Jwt(NamedTuple):
    """A compact JWS with an object in it, not verified yet."""

    header: Wire
    claims: Wire
    signing_input: str
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> "Jwt":
        """Read one; SignatureError ``sd_jwt.unreadable`` if it is none."""
        signing_input, _, signature = text.rpartition(".")
        header, dot, claims = signing_input.partition(".")
        if not dot or "." in claims:
            raise unreadable("its signed part is no JWT")
        return cls(_object(header), _object(claims), signing_input, bytes_of(signature))

    def require(self, kind: str) -> None:
        """SignatureError ``sd_jwt.kind`` unless it is of that typ, by our one algorithm."""
        if self.header.get("alg") != JWS_ALGORITHM or self.header.get("typ") != kind:
            raise fault("kind", f"It is no {kind} signed by {JWS_ALGORITHM}.")
        if {"crit", "b64"} & self.header.keys():
            raise fault("kind", "It needs something that we do not know (crit or b64).")

    def is_signed_by(self, key: PublicKey) -> bool:
        """True if the signature is that key's."""
        return key.verify(self.signature, self.signing_input.encode())

    def text(self, name: str) -> str:
        """A claim that is a text; SignatureError if it is none."""
        value = self.claims.get(name)
        if not isinstance(value, str) or not value:
            raise unreadable(f"its claim {name} is no text")
        return value

    def seconds(self, name: str) -> float:
        """A claim in unix seconds; SignatureError if it is none."""
        value = self.claims.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise unreadable(f"its claim {name} is no time")
        return float(value)


def _object(part: str) -> Wire:
    try:
        value = orjson.loads(bytes_of(part))
    except ValueError:
        raise unreadable("its signed part is no JSON") from None
    if not isinstance(value, dict):
        raise unreadable("its signed part is no object")
    return value


def bytes_of(part: str) -> bytes:
    """Base64url in its one spelling; what decodes alike must also look alike."""
    if not _PART.fullmatch(part):
        raise unreadable("a part of it is no base64url")
    try:
        raw = from_base64url(part)
    except ValueError:
        raise unreadable("a part of it is no base64url") from None
    if base64url(raw) != part:
        raise unreadable("a part of it is no base64url")
    return raw


def unreadable(reason: str) -> SignatureError:
    """The refusal of what is no SD-JWT of ours, with its reason."""
    return fault("unreadable", f"This is no SD-JWT of ours: {reason}.")


def fault(name: str, message: str) -> SignatureError:
    """The refusal ``sd_jwt.<name>``."""
    return SignatureError(f"sd_jwt.{name}", message)
