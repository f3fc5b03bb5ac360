"""DPoP (RFC 9449): proof that the sender of a token has its key."""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from bus.errors import Unauthenticated
from bus.signatures.keys import SigningKey, base64url
from gateway.agency.proofs.jose import LEAST_JTI, PROOF_ALGORITHMS, Token, Unreadable, public_key

OLDEST, SKEW = 300, 60
NONCE_SECONDS = 150
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that holds: the thumbprint of its key (RFC 7638), its id and when it was made."""

    thumbprint: str
    jti: str
    created: float


class DpopProofs:
    """Check proofs, and give out the nonces that they must carry.

    All processes with the same signing key give and take the same nonces; one is good for 150 to
    300 seconds.
    """

    def __init__(self, key: SigningKey) -> None:
        self._secret = hashlib.sha256(key.sign(b"mirab dpop nonce")).digest()

    def nonce(self, now: float | None = None) -> str:
        """The nonce of this moment, for the header DPoP-Nonce."""
        slot = int((time.time() if now is None else now) // NONCE_SECONDS)
        made = hmac.digest(self._secret, str(slot).encode(), "sha256")[:15]
        return base64.urlsafe_b64encode(made).decode()

    def check(
        self, proof: str | None, method: str, url: str, *, token: str | None = None
    ) -> DpopProof:
        """The proof of a request, if it holds; Unauthenticated with a code that names the check.

        ``proof`` are all headers DPoP, joined; ``token`` is the access token beside it. The caller
        looks up whether it was used before (RFC 9449, section 4.3).
        """
        if not proof:
            raise Unauthenticated("Send one header DPoP with a proof.", code="dpop.missing")
        try:
            read = Token(proof, "dpop+jwt")
            key, algorithms = public_key(read.header.get("jwk"))
            read.require_algorithm(PROOF_ALGORITHMS)
            jti, created = read.text("jti", least=LEAST_JTI), read.seconds("iat")
            htm, htu = read.text("htm"), read.text("htu", 4096)
            held = read.holds(key, algorithms)
        except Unreadable as error:
            raise Unauthenticated(
                f"The DPoP proof cannot be used: {error}", code="dpop.malformed"
            ) from None
        if not held:
            raise Unauthenticated(
                "The DPoP proof is not signed by the key in its header.", code="dpop.bad"
            )
        if htm != method or not same_address(htu, url):
            raise Unauthenticated(f"htm and htu must be {method} {url}.", code="dpop.target")
        self._check_time(read, created)
        if token is not None and read.claims.get("ath") != digest(token):
            raise Unauthenticated(
                "ath is not the SHA-256 of the token that came with it.", code="dpop.token"
            )
        return DpopProof(key.thumbprint(), jti, created)

    def _check_time(self, read: Token, created: float) -> None:
        now = time.time()
        nonce = read.claims.get("nonce")
        good = (self.nonce(now), self.nonce(now - NONCE_SECONDS))
        if not isinstance(nonce, str) or nonce not in good:
            raise Unauthenticated(
                "Put the nonce of our header DPoP-Nonce into the proof.", code="dpop.nonce"
            )
        if not now - OLDEST <= created <= now + SKEW:
            raise Unauthenticated(
                f"iat is too far from our clock, which says {int(now)}.", code="dpop.time"
            )


def digest(token: str) -> str:
    """The claim ``ath`` for a token."""
    made = hashlib.sha256(token.encode()).digest()
    return base64url(made)


def same_address(first: str, second: str) -> bool:
    """True for the same scheme, host, port and path; a query is ignored, another case of the path
    is another address.

    >>> same_address("HTTPS://Bus.Example:443/v1/a", "https://bus.example/v1/a?b=c")
    True
    >>> same_address("https://bus.example/v1/A", "https://bus.example/v1/a")
    False
    """
    try:
        return _address(first) == _address(second)
    except ValueError:
        return False


def _address(text: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(text)
    if parts.username is not None or parts.hostname is None:
        raise ValueError("no address of ours")
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme), parts.path or "/"
