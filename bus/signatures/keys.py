"""Ed25519 keys of agencies and of the bus, parsed once; the registrant chooses their ids.

libsodium signs and verifies, cryptography reads PEM (docs/decisions/0057).
"""

import base64
import binascii
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from nacl.bindings import crypto_sign, crypto_sign_open
from nacl.exceptions import BadSignatureError

from bus.signatures.key_strength import ED25519_BYTES, is_sound_commitment, require_strong_ed25519

SIGNATURE_BYTES = 64
JWS_ALGORITHM = "EdDSA"
PROOF_KIND = "mirab-key-proof+jwt"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64url(raw: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    standard = binascii.b2a_base64(raw, newline=False)
    return standard.translate(_URL_SAFE).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """From base64 or base64url, padded or not; ValueError if it is neither."""
    standard = text.replace("-", "+").replace("_", "/")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


class PublicKey:
    """An Ed25519 public key, parsed once; ValueError for one that proves nothing."""

    def __init__(self, raw: bytes) -> None:
        require_strong_ed25519(raw)
        self.raw = raw

    @classmethod
    def from_base64(cls, text: str) -> "PublicKey":
        """From the base64 (or base64url) of its 32 bytes; ValueError if it is none."""
        return cls(from_base64url(text.strip()))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "PublicKey":
        """From a JSON Web Key (RFC 8037)."""
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
            raise ValueError("not an Ed25519 key")
        return cls.from_base64(str(jwk["x"]))

    def jwk(self, keyid: str) -> dict[str, str]:
        """As a JSON Web Key with that id."""
        members = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": JWS_ALGORITHM, "kid": keyid}
        return {**members, "x": base64url(self.raw)}

    def thumbprint(self) -> str:
        """Its thumbprint as a JSON Web Key (RFC 7638, SHA-256)."""
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": base64url(self.raw)}
        return base64url(hashlib.sha256(orjson.dumps(jwk)).digest())

    def base64(self) -> str:
        """As base64, the form in which the register of agencies holds it."""
        return base64.b64encode(self.raw).decode()

    def verify(self, signature: bytes, base: bytes) -> bool:
        """True if the signature is this key's over ``base``."""
        if len(signature) != SIGNATURE_BYTES or not is_sound_commitment(signature[:ED25519_BYTES]):
            return False
        try:
            crypto_sign_open(signature + base, self.raw)
        except BadSignatureError:
            return False
        return True


class SigningKey:
    """An Ed25519 private key and the id under which the other side knows it."""

    def __init__(self, key: Ed25519PrivateKey, keyid: str) -> None:
        self._key, self.keyid = key, keyid
        self.public = PublicKey(key.public_key().public_bytes_raw())
        self._secret = key.private_bytes_raw() + self.public.raw  # as libsodium wants it

    @classmethod
    def load(cls, path: str | Path, keyid: str) -> "SigningKey":
        """From a PEM file; ValueError if it holds no Ed25519 key, OSError if it cannot be read."""
        try:
            return cls.read(Path(path).read_bytes(), keyid)
        except ValueError:
            raise ValueError(f"{path} holds no Ed25519 key") from None

    @classmethod
    def read(cls, pem: bytes, keyid: str) -> "SigningKey":
        """From the content of a PEM file; ValueError if it is no Ed25519 key."""
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("no Ed25519 key")  # noqa: TRY004 - the content is wrong
        return cls(key, keyid)

    @classmethod
    def new(cls, keyid: str) -> "SigningKey":
        """Generate a key."""
        return cls(Ed25519PrivateKey.generate(), keyid)

    def sign(self, base: bytes) -> bytes:
        """The signature over ``base``, 64 bytes."""
        return crypto_sign(base, self._secret)[:SIGNATURE_BYTES]

    def proof(self, subject: str, at: float | None = None) -> str:
        """Proves to the register that whoever names this key has it; ``subject`` is the agency's
        code, or ``sandbox`` for one that has none yet; ``at`` is unix time, now if left out.
        """
        made = int(time.time() if at is None else at)
        claims = {"sub": subject, "jkt": self.public.thumbprint(), "iat": made}
        return self.jws(PROOF_KIND, claims)

    def jws(self, kind: str, claims: Mapping[str, object]) -> str:
        """A compact JWS (RFC 7515) of these claims; ``kind`` is its typ."""
        header = {"typ": kind, "alg": JWS_ALGORITHM, "kid": self.keyid}
        signed = ".".join(base64url(orjson.dumps(part)) for part in (header, claims))
        return f"{signed}.{base64url(self.sign(signed.encode()))}"
