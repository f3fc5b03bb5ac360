"""Signed JWTs of others (RFC 7515, 7519), read strictly and with the algorithms that we name."""

from collections.abc import Collection
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from bus.signatures.jwk import OF_CURVE, Unreadable, public_key
from bus.signatures.key_strength import ED25519_BYTES, is_sound_commitment
from bus.signatures.keys import from_base64url

__all__ = [
    "CLIENT_ALGORITHMS",
    "EXCEPTIONAL_ALGORITHM",
    "LEAST_JTI",
    "PROOF_ALGORITHMS",
    "Token",
    "Unreadable",
    "public_key",
]

LONGEST_TOKEN = 8192
PROOF_ALGORITHMS = ("EdDSA", "Ed25519", "ES256")
CLIENT_ALGORITHMS = (*PROOF_ALGORITHMS, "PS256")
# Only of agencies whose entry in the register says so, until the day that stands there.
EXCEPTIONAL_ALGORITHM = "RS256"
LAST_SECOND = 10**11
LEAST_JTI = 8


class _Registry(JWSRegistry):
    # joserfc leaves the type of an algorithm open. Its own method warns of EdDSA, which we name.
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


class Token:
    """A compact JWS with a JSON object in it, not verified yet; Unreadable if it is none."""

    def __init__(self, text: str, *kinds: str) -> None:
        if len(text) > LONGEST_TOKEN:
            raise Unreadable(f"It is longer than {LONGEST_TOKEN} characters.")
        try:
            self._parts = jws.extract_compact(text.encode("ascii"))
            self.header: dict[str, object] = dict(self._parts.headers())
            self.claims = orjson.loads(self._parts.payload)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Unreadable("It is not a JWS in compact form with JSON in it.") from None
        if not isinstance(self.claims, dict):
            raise Unreadable("Its claims are not an object.")
        if {"b64", "crit"} & self.header.keys():
            raise Unreadable("It needs something that we do not know (b64 or crit).")
        typ = self.header.get("typ")
        kind = typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
        if kinds and kind not in kinds:
            raise Unreadable("Its typ is not " + " or ".join(kinds) + ".")

    def require_algorithm(self, algorithms: Collection[str]) -> None:
        """Unreadable if it names another algorithm than these."""
        if self.header.get("alg") not in algorithms:
            raise Unreadable("Its algorithm is not one of " + ", ".join(algorithms) + ".")

    def holds(self, key: Key | None, algorithms: Collection[str]) -> bool:
        """True if it is signed by that key with one of these algorithms."""
        if key is None or self.header.get("alg") not in algorithms:
            return False
        registry = _Registry(algorithms=algorithms, strict_check_header=False)
        try:
            signature = from_base64url(self._parts.segments["signature"].decode())
            is_ed25519 = self.header["alg"] in OF_CURVE["Ed25519"]
            if is_ed25519 and not is_sound_commitment(signature[:ED25519_BYTES]):
                return False
            return jws.validate_compact(
                self._parts, key, algorithms=list(algorithms), registry=registry
            )
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            return False

    def text(self, name: str, most: int = 256, *, least: int = 1) -> str:
        """A claim that is a text of so many characters; Unreadable if it is none."""
        value = self.claims.get(name)
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise Unreadable(f"Its claim {name} is not a text of {least} to {most} characters.")
        return value

    def seconds(self, name: str) -> float:
        """A claim in unix seconds; Unreadable if it is none."""
        value = self.claims.get(name)
        if type(value) not in (int, float) or not 0 <= value < LAST_SECOND:
            raise Unreadable(f"Its claim {name} is not in unix seconds.")
        return float(value)
