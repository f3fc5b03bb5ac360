"""Keys: an agency's own, made and loaded; and Mirab's public ones, from a file or a word."""

import os
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bus.errors import BusError
from bus.signatures.keys import PublicKey, SigningKey


def make_key(path: str | Path) -> PublicKey:
    """Writes a new private key that only its owner can read; its public half is to be registered.

    ValueError if the file exists: a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ValueError(
            f"{path} exists and a key is never overwritten; name another file."
        ) from None
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    return SigningKey(key, "").public


def load_key(path: str | Path, keyid: str) -> SigningKey:
    """An agency's private key; BusError with a sentence if it cannot be read."""
    try:
        return SigningKey.load(path, keyid)
    except (OSError, ValueError, TypeError) as error:  # TypeError: the PEM wants a password
        raise BusError(
            f"The key file {path} cannot be used ({error}); make one with "
            "python -m connector keygen.",
            code="key.unusable",
        ) from None


def read_server_keys(source: str) -> dict[str, PublicKey]:
    """Mirab's public keys by id, from ``ID=BASE64`` or from a file as /.well-known/jwks.json."""
    keyid, equals, key = source.partition("=")
    if equals and not Path(source).exists():
        return {keyid: PublicKey.from_base64(key)}
    try:
        return keys_of_jwks(Path(source).read_bytes())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BusError(
            f"{source} is neither ID=BASE64 nor a file of keys ({error}); save Mirab's "
            "/.well-known/jwks.json there.",
            code="key.unusable",
        ) from None


def keys_of_jwks(text: bytes) -> dict[str, PublicKey]:
    """The Ed25519 keys of a JSON Web Key Set by id; ValueError or KeyError if it is none."""
    return {
        jwk["kid"]: PublicKey.from_jwk(jwk)
        for jwk in orjson.loads(text)["keys"]
        if jwk.get("crv") == "Ed25519"
    }
