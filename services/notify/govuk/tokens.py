"""Authentication by a token of the Notify API: a JWT of a service's key, made within 30 seconds.

Refusals are in Notify's own words, since people look for them in its documentation; the order of
the checks is Notify's too (alphagov/notifications-api, app/authentication/auth.py).
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import select

from bus.database.rows import fetch_all, fetch_one
from bus.errors import Unavailable
from contracts.notify.govnotify import Authenticated, Token
from members.rights import AGENCY_MISSING, AGENCY_REVOKED, Members, Sender
from services.notify.context import Context
from services.notify.govuk.api_keys import KeyRow, ServiceRow
from services.notify.tables import API_KEYS, API_SERVICES

# Any: what a stranger has written as JSON; each claim is checked where it is read.
Claims = Mapping[str, Any]
SKEW_SECONDS = 30
UNLIKE = (
    "Invalid token: make sure your API token matches the example at "
    "https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)
NAMELESS = "Invalid token: iss field not provided"
NO_UUID = "Invalid token: service id is not the right data type"
NO_SERVICE = "Invalid token: service not found"
NO_KEYS = "Invalid token: service has no API keys"
ARCHIVED = "Invalid token: service is archived"
NOT_HS256 = "Invalid token: algorithm used is not HS256"
SKEWED = "Error: Your system clock must be accurate to within 30 seconds"
NOT_FOUND = "Invalid token: API key not found"
REVOKED = "Invalid token: API key revoked"
NOT_ALLOWED = "Invalid token: service is not allowed to do this any more"


class TokenRefused(Exception):
    """The token is refused; the message is Notify's."""


def authenticate(context: Context, request: Token) -> Authenticated:
    """Authenticate a token: its owner, or the refusal; both if it is proven and not its right."""
    from_email = context.book.contact.email
    try:
        service, key = _judge(context, request.token)
    except TokenRefused as error:
        return Authenticated(
            refusal=str(error),
            owner=None,
            service=None,
            key=None,
            kind=None,
            a_minute=None,
            from_email=from_email,
        )
    return Authenticated(
        refusal=_refusal(context.members, service.owner, request),
        owner=service.owner,
        service=str(service.id),
        key=str(key.id),
        kind=key.kind,
        a_minute=service.a_minute,
        from_email=from_email,
    )


def _judge(context: Context, token: str) -> tuple[ServiceRow, KeyRow]:
    claims = _claims(token)
    if "iss" not in claims:
        raise TokenRefused(NAMELESS)
    service = _service(context, claims["iss"])
    query = (
        select(API_KEYS)
        .where(API_KEYS.c.service == service.id)
        .order_by(API_KEYS.c.revoked_at.is_(None).desc(), API_KEYS.c.made_at)
    )
    keys = fetch_all(context.conn, KeyRow, query)
    if not keys:
        raise TokenRefused(NO_KEYS)
    if service.archived_at is not None:
        raise TokenRefused(ARCHIVED)
    for key in keys:
        if _is_signed_by(token, context.keys.open(key.secret)):
            _require_recent(claims, context.now)
            if key.revoked_at is not None:
                raise TokenRefused(REVOKED)
            return service, key
    raise TokenRefused(NOT_FOUND)


def _refusal(members: Members, owner: str, request: Token) -> str | None:
    """A key is worth what the register of agencies gives its owner now: why it is worth nothing."""
    code = members.refusal(Sender(owner), request.right, request.address)
    if code == AGENCY_MISSING:
        raise Unavailable("This machine has no copy of the register of this agency yet.")
    if code == AGENCY_REVOKED:
        return ARCHIVED
    return NOT_ALLOWED if code else None


def _claims(token: str) -> Claims:
    """The claims of the token, not yet proven."""
    try:
        claims = orjson.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError):
        raise TokenRefused(UNLIKE) from None
    if not isinstance(claims, dict):
        raise TokenRefused(UNLIKE)
    return claims


def _service(context: Context, iss: object) -> ServiceRow:
    if not isinstance(iss, str):
        raise TokenRefused(NO_UUID)
    try:
        id_ = uuid.UUID(iss)
    except ValueError:
        raise TokenRefused(NO_UUID) from None
    query = select(API_SERVICES).where(API_SERVICES.c.id == id_)
    service = fetch_one(context.conn, ServiceRow, query)
    if service is None:
        raise TokenRefused(NO_SERVICE)
    return service


def _is_signed_by(token: str, secret: str | None) -> bool:
    """Tell whether this secret signed it, by HS256 and nothing else."""
    if secret is None:
        return False
    signed = jws.extract_compact(token.encode())
    if signed.headers().get("alg") != "HS256":
        raise TokenRefused(NOT_HS256)
    try:
        jws.deserialize_compact(token, OctKey.import_key(secret), algorithms=["HS256"])
    except (JoseError, ValueError):
        return False
    return True


def _require_recent(claims: Claims, now: dt.datetime) -> None:
    """Refuse a token that was not made just now. Other times that it names count as well."""
    at, issued = now.timestamp(), claims.get("iat")
    if issued is None:
        # Notify goes on to its next key then, and finds none.
        raise TokenRefused(NOT_FOUND)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise TokenRefused(SKEWED)
    if abs(at - issued) > SKEW_SECONDS:
        raise TokenRefused(SKEWED)
    for name, late in (("exp", -1), ("nbf", 1)):
        moment = claims.get(name, at)
        if isinstance(moment, bool) or not isinstance(moment, int | float):
            raise TokenRefused(UNLIKE)
        if (moment - at) * late > SKEW_SECONDS:
            raise TokenRefused(UNLIKE)
