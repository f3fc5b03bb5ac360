"""Strict parsing of other parties' public JSON Web Keys (RFC 7517)."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from bus.signatures.key_strength import WeakKey, require_strong_ed25519, require_strong_rsa
from bus.signatures.keys import from_base64url
from bus.wire import Wire

# RFC 9864 calls EdDSA with this curve Ed25519; most libraries still write EdDSA.
OF_CURVE = {"Ed25519": ("EdDSA", "Ed25519"), "P-256": ("ES256",)}
P256_BYTES = 32
LONGEST_RSA = 4096  # bits


class Unreadable(ValueError):
    """Not a key or token of the required kind; the text says why."""


def public_key(members: object) -> tuple[Key, tuple[str, ...]]:
    """The key of a JSON Web Key, and the algorithms that it may be used with.

    Unreadable for a private key, for one that is neither Ed25519, P-256 nor RSA of 2048 to 4096
    bits, and for one that proves nothing (bus/signatures/key_strength.py).
    """
    if not isinstance(members, dict) or "d" in members or "k" in members:
        raise Unreadable("The key is not a public JSON Web Key.")
    kind, curve = members.get("kty"), members.get("crv")
    try:
        if (kind, curve) == ("OKP", "Ed25519"):
            require_strong_ed25519(from_base64url(str(members["x"])))
            return OKPKey.import_key(_only(members, "kty", "crv", "x")), OF_CURVE["Ed25519"]
        if (kind, curve) == ("EC", "P-256"):
            _require_whole_coordinates(members)
            return ECKey.import_key(_only(members, "kty", "crv", "x", "y")), OF_CURVE["P-256"]
        if kind == "RSA":
            _require_strong_rsa(members)
            return RSAKey.import_key(_only(members, "kty", "n", "e")), ("PS256",)
    except WeakKey as error:
        raise Unreadable(str(error)) from None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("The key cannot be read.") from None
    raise Unreadable("The key is neither Ed25519, P-256 nor RSA of 2048 to 4096 bits.")


def holds_private_half(members: Wire) -> bool:
    """True if the private half of a key really stands beside its public one: anybody can write some
    member ``d`` beside the public key of somebody else.
    """
    try:
        number = int.from_bytes(from_base64url(str(members["d"])), "big")
        kind = members.get("kty")
        if kind == "OKP":
            raw = from_base64url(str(members["d"]))
            public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
            return public == from_base64url(str(members["x"]))
        if kind == "EC":
            point = ec.derive_private_key(number, ec.SECP256R1()).public_key().public_numbers()
            return (point.x, point.y) == (_number(members, "x"), _number(members, "y"))
        modulus, exponent = _number(members, "n"), _number(members, "e")
        if kind != "RSA" or not 1 < number < modulus or modulus.bit_length() > LONGEST_RSA:
            return False
        return all(pow(pow(text, exponent, modulus), number, modulus) == text for text in (2, 3))
    except (ValueError, KeyError, TypeError):
        return False


def _number(members: Wire, name: str) -> int:
    return int.from_bytes(from_base64url(str(members[name])), "big")


def _only(members: Wire, *names: str) -> Wire:
    return {name: str(members[name]) for name in names}


def _require_strong_rsa(members: Wire) -> None:
    require_strong_rsa(_number(members, "n"), _number(members, "e"))


def _require_whole_coordinates(members: Wire) -> None:
    if any(len(from_base64url(str(members[name]))) != P256_BYTES for name in ("x", "y")):
        raise WeakKey("A coordinate of P-256 has 32 bytes (RFC 7518, 6.2.1.2).")
