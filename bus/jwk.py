"""Public JSON Web Keys (RFC 7517) of others, read strictly."""

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

# RFC 9864 calls EdDSA with this curve Ed25519; most libraries still write EdDSA.
OF_CURVE = {"Ed25519": ("EdDSA", "Ed25519"), "P-256": ("ES256",)}
RSA_BITS = range(2048, 4097)


class Unreadable(ValueError):
    """It is no key or token of the kind that is asked for; the text says why."""


def public_key(told: Any) -> tuple[Key, tuple[str, ...]]:
    """The key of a JSON Web Key, and the algorithms that it may be used with.

    Unreadable for a private key, and for one that is neither Ed25519, P-256 nor RSA of 2048 to
    4096 bits.
    """
    if not isinstance(told, dict) or "d" in told or "k" in told:
        raise Unreadable("The key is not a public JSON Web Key.")
    kind, curve = told.get("kty"), told.get("crv")
    try:
        if (kind, curve) == ("OKP", "Ed25519"):
            return OKPKey.import_key(_only(told, "kty", "crv", "x")), OF_CURVE["Ed25519"]
        if (kind, curve) == ("EC", "P-256"):
            return ECKey.import_key(_only(told, "kty", "crv", "x", "y")), OF_CURVE["P-256"]
        if kind == "RSA":
            key = RSAKey.import_key(_only(told, "kty", "n", "e"))
            if key.public_key.key_size in RSA_BITS:
                return key, ("PS256",)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("The key cannot be read.") from None
    raise Unreadable("The key is neither Ed25519, P-256 nor RSA of 2048 to 4096 bits.")


def _only(told: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: str(told[name]) for name in names}
