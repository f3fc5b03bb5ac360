"""Sign-in by the organisation's own login: OpenID Connect, authorization code with PKCE.

OpenID Connect Core 1.0, section 3.1; RFC 7636. The ID token is verified with the provider's keys.
"""

import asyncio
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bus import outside
from bus.errors import Unauthenticated, Unavailable
from bus.keys import base64url
from bus.settings import Settings

SECONDS, LONGEST, OK = 10, 1024 * 1024, 200
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LEEWAY = 60
ALGORITHMS = ["RS256", "ES256", "EdDSA", "PS256"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in on its way: kept in a sealed cookie until the provider sends the browser back."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64url(digest)


class Provider:
    """The organisation's login, as its discovery document describes it."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.text("OIDC_ISSUER").rstrip("/")
        self._client_id = settings.text("OIDC_CLIENT_ID")
        self._secret = settings.secret("OIDC_CLIENT_SECRET")
        self._claim = settings.text("OIDC_CLAIM", "preferred_username")
        self._known: dict[str, Any] | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Provider | None":
        """The provider, if one is configured."""
        return cls(settings) if settings.get("OIDC_ISSUER") else None

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser goes to sign in."""
        known = await asyncio.to_thread(self._discover)
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
        return f"{known['authorization_endpoint']}?{urlencode(query)}"

    async def username(self, attempt: Attempt, code: str, redirect_uri: str) -> str:
        """The user name in the verified ID token. Unauthenticated if it cannot be trusted."""
        return await asyncio.to_thread(self._username, attempt, code, redirect_uri)

    def _username(self, attempt: Attempt, code: str, redirect_uri: str) -> str:
        known = self._discover()
        told = _ask(
            "POST",
            known["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_uri,
                "client_id": self._client_id,
                "code_verifier": attempt.verifier,
            },
            auth=(self._client_id, self._secret.reveal()),
        )
        key_set = _ask("GET", known["jwks_uri"])
        try:
            keys = KeySet.import_key_set(key_set)  # type: ignore[arg-type]
            claims = jwt.decode(str(told["id_token"]), keys, algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client_id},
                exp={"essential": True},
                nonce={"essential": True, "value": attempt.nonce},
            )
            registry.validate(claims)
        except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated(
                "The organisation's login sent a token that cannot be trusted.", code="desk.oidc"
            ) from error
        name = claims.get(self._claim)
        if not isinstance(name, str) or not name:
            raise Unauthenticated(
                f"The organisation's login does not tell {self._claim}.", code="desk.oidc"
            )
        return name

    def _discover(self) -> dict[str, Any]:
        if self._known is None or self._known["until"] < time.monotonic():
            told = _ask("GET", f"{self._issuer}/.well-known/openid-configuration")
            if not all(isinstance(told.get(name), str) for name in ENDPOINTS):
                raise _away("The organisation's login does not tell its addresses.")
            if str(told.get("issuer", "")).rstrip("/") != self._issuer:
                raise Unavailable(
                    "The organisation's login tells another issuer than OIDC_ISSUER.",
                    code="desk.oidc_unavailable",
                )
            self._known = {**told, "until": time.monotonic() + 600}
        return self._known


def _ask(method: str, url: str, **asked: Any) -> dict[str, Any]:
    """The object that the login answers, of bounded length and in bounded time; a redirect is no
    answer (OpenID Connect Discovery 1.0, section 4.2).
    """
    try:
        status, body = outside.exchange(method, url, timeout=SECONDS, limit=LONGEST, **asked)
    except outside.NoAnswer as error:
        raise _away("The organisation's login cannot be reached.") from error
    reply = outside.readable(body, LONGEST) if status == OK else None
    if not isinstance(reply, dict):
        raise _away("The organisation's login answers nonsense.")
    return reply


def _away(sentence: str) -> Unavailable:
    return Unavailable(f"{sentence} Use your account of the desk.", code="desk.oidc_unavailable")
