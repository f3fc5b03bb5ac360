"""Whose a token of the Notify API is: a JWT of a service's key, made within 30 seconds.

Refusals are in Notify's own words, since people look for them in its documentation; which check
comes first is Notify's way too (alphagov/notifications-api, app/authentication/auth.py).
"""

import datetime as dt
import uuid
from typing import Any, NamedTuple

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import Connection, text

from bus.errors import Unavailable
from members.rights import AGENCY_MISSING, AGENCY_REVOKED, EVERYBODY, Members, Sender
from services.notify.keys import Keys

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


class Refusal(Exception):
    """The token is not taken; the message is Notify's."""


class Use(NamedTuple):
    """What a token is used for: ``right`` is the contract of agencies that is the same act, and
    ``address`` where it comes from, as far as the face says.
    """

    token: str
    right: str | None = None
    address: str | None = None


def authenticated(
    conn: Connection, keys: Keys, use: Use, now: dt.datetime, members: Members = EVERYBODY
) -> dict[str, Any]:
    """Whose a token is, as the reply of ``notify.authenticate.v1``; refused ones say why."""
    nobody = {"owner": None, "service": None, "key": None, "kind": None, "a_minute": None}
    try:
        told = _judged(conn, keys, use.token, now)
        _entitled(members, told["owner"], use)
    except Refusal as why:
        return {**nobody, "refusal": str(why)}
    return {**nobody, **told, "refusal": None}


def _judged(conn: Connection, keys: Keys, token: str, now: dt.datetime) -> dict[str, Any]:
    claims = _claims(token)
    if "iss" not in claims:
        raise Refusal(NAMELESS)
    service = _service(conn, claims["iss"])
    rows = conn.execute(
        text("select * from api_keys where service = :s order by revoked_at is null desc, made_at"),
        {"s": service.id},
    ).all()
    if not rows:
        raise Refusal(NO_KEYS)
    if service.archived_at is not None:
        raise Refusal(ARCHIVED)
    for key in rows:
        if _signed(token, keys.open(key.secret)):
            _timely(claims, now)
            if key.revoked_at is not None:
                raise Refusal(REVOKED)
            return {
                "owner": service.owner, "service": str(service.id), "key": str(key.id),
                "kind": key.kind, "a_minute": service.a_minute,
            }  # fmt: skip
    raise Refusal(NOT_FOUND)


def _entitled(members: Members, owner: str, use: Use) -> None:
    """A key is worth what the register of agencies gives its owner now."""
    code = members.refusal(Sender(owner), use.right, use.address)
    if code == AGENCY_MISSING:
        raise Unavailable("This machine has no copy of the register of this agency yet.")
    if code == AGENCY_REVOKED:
        raise Refusal(ARCHIVED)
    if code:
        raise Refusal(NOT_ALLOWED)


def _claims(token: str) -> dict[str, Any]:
    """What the token says, not yet proven."""
    try:
        told = orjson.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError):
        raise Refusal(UNLIKE) from None
    if not isinstance(told, dict):
        raise Refusal(UNLIKE)
    return told


def _service(conn: Connection, iss: Any) -> Any:
    try:
        id_ = str(uuid.UUID(iss))
    except (ValueError, TypeError, AttributeError):
        raise Refusal(NO_UUID) from None
    found = conn.execute(text("select * from api_services where id = :id"), {"id": id_}).first()
    if found is None:
        raise Refusal(NO_SERVICE)
    return found


def _signed(token: str, secret: str | None) -> bool:
    """Whether this secret signed it, by HS256 and nothing else."""
    if secret is None:
        return False
    found = jws.extract_compact(token.encode())
    if found.headers().get("alg") != "HS256":
        raise Refusal(NOT_HS256)
    try:
        jws.deserialize_compact(token, OctKey.import_key(secret), algorithms=["HS256"])
    except (JoseError, ValueError):
        return False
    return True


def _timely(claims: dict[str, Any], now: dt.datetime) -> None:
    """Refuses a token that was not made just now. Other times that it names count as well."""
    at, issued = now.timestamp(), claims.get("iat")
    if issued is None:
        # Notify goes on to its next key then, and finds none.
        raise Refusal(NOT_FOUND)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise Refusal(SKEWED)
    if abs(at - issued) > SKEW_SECONDS:
        raise Refusal(SKEWED)
    for name, late in (("exp", -1), ("nbf", 1)):
        told = claims.get(name, at)
        if isinstance(told, bool) or not isinstance(told, int | float):
            raise Refusal(UNLIKE)
        if (told - at) * late > SKEW_SECONDS:
            raise Refusal(UNLIKE)
