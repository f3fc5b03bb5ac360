"""Access tokens: JWTs (RFC 9068) of this face, bound to a key or a certificate (RFC 7800)."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from joserfc.jwk import Key

from bus.errors import Unauthenticated
from bus.signatures.keys import JWS_ALGORITHM, PublicKey, SigningKey
from gateway.agency.proofs.jose import Token, Unreadable, public_key

LIFE = 300
KIND = "at+jwt"


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of a token: an agency, one of its keys, contracts and a purpose.

    ``client`` is the agency's code. ``binding`` is the claim cnf: the key or the certificate that
    must come with the token; ``on_behalf_of`` is the agency in whose name it is used, if that is
    another. ``proven_by`` is the algorithm of the client's assertion, or "certificate";
    ``exceptions`` are those of the register by which the token was given, ``certificate`` the
    registered one that it is bound to beside the key.
    """

    client: str
    key: str
    scope: frozenset[str]
    purpose: str | None
    binding: Mapping[str, object]
    on_behalf_of: str | None = None
    proven_by: str = ""
    exceptions: frozenset[str] = frozenset()
    certificate: str | None = None


class Issued(NamedTuple):
    """A token of ours as it was read: its rights, and by what it is known again.

    ``created`` and ``expires`` are in unix seconds; ``audience`` is the address that takes it.
    """

    access: Access
    id: str
    created: float
    expires: float
    audience: str


class Tokens:
    """Make tokens, and read those of the present key and of the keys before it."""

    def __init__(self, key: SigningKey, before: Mapping[str, PublicKey]) -> None:
        self._key = key
        keys = {**before, key.keyid: key.public}
        self._keys: dict[str, Key] = {
            keyid: public_key(public.jwk(keyid))[0] for keyid, public in keys.items()
        }

    def make(self, access: Access, issuer: str, audience: str | None = None) -> str:
        """A token that lives LIFE seconds; ``issuer`` is this face's address, and the audience if
        no other is named.
        """
        now = int(time.time())
        claims = {
            "iss": issuer,
            "aud": audience or issuer,
            "sub": access.client,
            "client_id": access.client,
            "client_key": access.key,
            "iat": now,
            "exp": now + LIFE,
            "jti": secrets.token_urlsafe(12),
            "scope": " ".join(sorted(access.scope)),
            "cnf": dict(access.binding),
        }
        optional = {
            "purpose": access.purpose,
            "on_behalf_of": access.on_behalf_of,
            "proven_by": access.proven_by,
            "exceptions": sorted(access.exceptions),
            "certificate": access.certificate,
        }
        claims |= {name: value for name, value in optional.items() if value}
        return self._key.jws(KIND, claims)

    def read(self, text: str, issuer: str, *audiences: str) -> Issued:
        """A token of ours for ``issuer``, or one of ``audiences`` if they are named.

        Unauthenticated if it is none, or out of date.
        """
        try:
            token = Token(text, KIND)
            keyid = token.header.get("kid")
            key = self._keys.get(keyid) if isinstance(keyid, str) else None
            held = token.holds(key, [JWS_ALGORITHM])
            issued_by = token.text("iss", 4096)
            issued = _issued(token)
        except Unreadable as error:
            raise Unauthenticated(
                f"The token is none of ours: {error}", code="token.invalid"
            ) from None
        if not held:
            raise Unauthenticated("The token is not signed by a key of ours.", code="token.invalid")
        if issued_by != issuer or issued.audience not in (audiences or (issuer,)):
            raise Unauthenticated("The token is for another address.", code="token.audience")
        if issued.expires <= time.time():
            raise Unauthenticated("The token has expired; get a new one.", code="token.expired")
        return issued


def _issued(token: Token) -> Issued:
    return Issued(
        _access(token),
        token.text("jti"),
        token.seconds("iat"),
        token.seconds("exp"),
        token.text("aud", 4096),
    )


def _access(token: Token) -> Access:
    binding, exceptions = token.claims.get("cnf"), token.claims.get("exceptions")
    return Access(
        token.text("client_id"),
        token.text("client_key"),
        frozenset(str(token.claims.get("scope", "")).split()),
        token.text("purpose") if "purpose" in token.claims else None,
        binding if isinstance(binding, dict) else {},
        token.text("on_behalf_of") if "on_behalf_of" in token.claims else None,
        token.text("proven_by") if "proven_by" in token.claims else "",
        frozenset(map(str, exceptions)) if isinstance(exceptions, list) else frozenset(),
        token.text("certificate") if "certificate" in token.claims else None,
    )
