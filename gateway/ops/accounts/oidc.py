"""Sign-in by the organisation's own login: OpenID Connect, authorization code with PKCE.

OpenID Connect Core 1.0, section 3.1; RFC 7636. The ID token is verified with the provider's keys.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bus.errors import Unauthenticated, Unavailable
from bus.foreign import http_call as outside
from bus.messages.values import Json
from bus.settings import Settings
from bus.signatures.keys import base64url

SECONDS, LONGEST, OK = 10, 1024 * 1024, 200
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LEEWAY, LOGOUT_SECONDS = 60, 300
LONGEST_SUBJECT = 255
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in in progress: kept in a sealed cookie until the provider sends the browser back."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> "Attempt":
        """Return the attempt that a sealed cookie carried."""
        return cls(str(data["state"]), str(data["nonce"]), str(data["verifier"]))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64url(digest)


class Identity(NamedTuple):
    """An identity at the provider: issuer and subject never change, the claimed name may."""

    issuer: str
    subject: str
    claimed: str
    factor: bool


class Provider:
    """The OpenID provider of the organisation, as its discovery document describes it."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.text("OIDC_ISSUER").rstrip("/")
        self._client_id = settings.text("OIDC_CLIENT_ID")
        self._secret = settings.secret("OIDC_CLIENT_SECRET")
        self._claim = settings.text("OIDC_CLAIM", "preferred_username")
        self._factor_words = frozenset((settings.get("OIDC_SECOND_FACTOR") or "").split())
        self._known: Json | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Provider | None":
        """Return the provider; None if none is configured."""
        return cls(settings) if settings.get("OIDC_ISSUER") else None

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address at which the browser signs in."""
        document = await asyncio.to_thread(self._discover)
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{document['authorization_endpoint']}?{urlencode(query)}"

    def is_issuer(self, iss: str | None) -> bool:
        """Return False if the answer names another issuer (RFC 9207)."""
        return iss is None or iss.rstrip("/") == self._issuer

    async def identity(self, attempt: Attempt, code: str, redirect_uri: str) -> Identity:
        """Return the identity of the verified ID token. Unauthenticated if it is not trusted."""
        return await asyncio.to_thread(self._identity, attempt, code, redirect_uri)

    def _identity(self, attempt: Attempt, code: str, redirect_uri: str) -> Identity:
        document = self._discover()
        reply = _ask(
            "POST",
            document["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "client_id": self._client_id,
                "code_verifier": attempt.verifier,
            },
            auth=(self._client_id, self._secret.reveal()),
        )
        claims = self._verified(
            reply.get("id_token"), nonce={"essential": True, "value": attempt.nonce}
        )
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        # OpenID Connect Core 1.0, section 3.1.3.7, 4 and 5: a token for several is for its azp.
        if claims.get("azp", self._client_id) != self._client_id or (
            len(audience) > 1 and "azp" not in claims
        ):
            raise _untrusted()
        claimed = claims.get(self._claim)
        return Identity(
            self._issuer,
            str(claims["sub"]),
            claimed[:200] if isinstance(claimed, str) else "",
            self._proves_factor(claims),
        )

    def _proves_factor(self, claims: Json) -> bool:
        """Return True if the login says, in words of OIDC_SECOND_FACTOR, that it asked for two."""
        methods = claims.get("amr")
        words = {*(methods if isinstance(methods, list) else []), claims.get("acr")}
        return bool(self._factor_words & {word for word in words if isinstance(word, str)})

    async def left(self, logout_token: str) -> tuple[str, str]:
        """Return issuer and subject of a logout token. Unauthenticated if it is not trusted."""
        return await asyncio.to_thread(self._left, logout_token)

    def _left(self, logout_token: str) -> tuple[str, str]:
        claims = self._verified(logout_token, iat={"essential": True})
        events = claims.get("events")
        fresh = abs(time.time() - float(claims["iat"])) < LOGOUT_SECONDS
        if not isinstance(events, dict) or LOGOUT not in events or "nonce" in claims or not fresh:
            raise _untrusted()
        return self._issuer, str(claims["sub"])

    # Any: each claim is a keyword of joserfc beside its own.
    def _verified(self, token: object, **more: Any) -> Json:
        """Return the claims of a token that the provider signed for us and that is in force."""
        key_set = _ask("GET", self._discover()["jwks_uri"])
        try:
            keys = KeySet.import_key_set(key_set)  # type: ignore[arg-type]
            claims = jwt.decode(str(token), keys, algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                sub={"essential": True},
                **more,
            )
            registry.validate(claims)
        except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise _untrusted() from error
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
            raise _untrusted()
        return claims

    def _discover(self) -> Json:
        if self._known is None or self._known["until"] < time.monotonic():
            document = _ask("GET", f"{self._issuer}/.well-known/openid-configuration")
            if not all(isinstance(document.get(name), str) for name in ENDPOINTS):
                raise _away("The organisation's login does not tell its addresses.")
            if str(document.get("issuer", "")).rstrip("/") != self._issuer:
                raise Unavailable(
                    "The organisation's login tells another issuer than OIDC_ISSUER.",
                    code="desk.oidc_unavailable",
                )
            self._known = {**document, "until": time.monotonic() + 600}
        return self._known


def _ask(method: str, url: str, **data: Any) -> Json:  # Any: the arguments of requests
    """Return the object that the provider answers, within bounds of length and time.

    A redirect is no answer (OpenID Connect Discovery 1.0, section 4.2).
    """
    try:
        status, body = outside.exchange(method, url, timeout=SECONDS, limit=LONGEST, **data)
    except outside.NoAnswer as error:
        raise _away("The organisation's login cannot be reached.") from error
    reply = outside.readable(body, LONGEST) if status == OK else None
    if not isinstance(reply, dict):
        raise _away("The organisation's login answers nonsense.")
    return reply


def _untrusted() -> Unauthenticated:
    return Unauthenticated(
        "The organisation's login sent a token that cannot be trusted.", code="desk.oidc"
    )


def _away(sentence: str) -> Unavailable:
    return Unavailable(f"{sentence} Use your account of the desk.", code="desk.oidc_unavailable")
