"""Ed25519 keys of agencies and of the bus, parsed once; ids are given by who registers them."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)


class PublicKey:
    """An Ed25519 public key, parsed once."""

    def __init__(self, raw: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(raw)
        self.raw = raw

    @classmethod
    def from_base64(cls, text: str) -> "PublicKey":
        """From the base64 (or base64url) of its 32 bytes; ValueError if it is none."""
        standard = text.strip().replace("-", "+").replace("_", "/")
        return cls(base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """From a JSON Web Key (RFC 8037)."""
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
            raise ValueError("not an Ed25519 key")
        return cls.from_base64(str(jwk["x"]))

    def jwk(self, keyid: str) -> dict[str, str]:
        """As a JSON Web Key with that id."""
        x = base64.urlsafe_b64encode(self.raw).rstrip(b"=").decode()
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": keyid, "x": x}

    def base64(self) -> str:
        """As base64, the form in which the register of agencies holds it."""
        return base64.b64encode(self.raw).decode()

    def verify(self, signature: bytes, base: bytes) -> bool:
        """True if the signature is this key's over ``base``."""
        try:
            self._key.verify(signature, base)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """An Ed25519 private key and the id under which the other side knows it."""

    def __init__(self, key: Ed25519PrivateKey, keyid: str) -> None:
        self._key, self.keyid = key, keyid
        self.public = PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def load(cls, path: str | Path, keyid: str) -> "SigningKey":
        """From a PEM file; ValueError if it holds no Ed25519 key, OSError if it cannot be read."""
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} holds no Ed25519 key")  # noqa: TRY004 - the content is wrong
        return cls(key, keyid)

    @classmethod
    def new(cls, keyid: str) -> "SigningKey":
        """A fresh key."""
        return cls(Ed25519PrivateKey.generate(), keyid)

    def sign(self, base: bytes) -> bytes:
        """The signature over ``base``, 64 bytes."""
        return self._key.sign(base)
