"""GeoReport v2 as a client: what another city's endpoint says, whatever it says.

Nothing that it sends is believed beyond its meaning: texts are cut and cleaned, bodies are read up
to a limit and a deadline, no address that it names is followed.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote
from xml.etree import ElementTree

import orjson

from bus.foreign.http_call import NoAnswer, exchange
from bus.messages.values import Json
from services.ticketing.cities import City

SECONDS = 15.0
# The first digit of a status.
SUCCESS, MOVED, REFUSAL = 2, 3, 4
# After a POST these may say that it was taken, and where to look at it (RFC 9110, section 15.4).
ANSWERED_ELSEWHERE = (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER)
ONE, MANY = 64 * 1024, 2 * 1024 * 1024
ID, STATUS, NOTES = 64, 40, 1000
SENT = ("lat", "long", "address_string", "first_name", "email", "phone")
# How far its clock may be from ours.
CLOCKS = dt.timedelta(minutes=15)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_TEXT_OF_JSON = (str, int, float)
Kind: TypeAlias = Literal["TAKEN", "TOKEN", "REFUSED", "RETRY", "UNKNOWN"]
Allowed: TypeAlias = Callable[[str], bool]


class Unreadable(Exception):
    """The city answered something else than what was asked for, or did not answer."""


class Outcome(NamedTuple):
    """What became of a POST: ``value`` is the id or the token there.

    Only of RETRY and REFUSED is it certain that nothing is there.
    """

    kind: Kind
    value: str = ""
    problem: str | None = None
    text: str = ""


class RemoteStatus(NamedTuple):
    """How it stands there."""

    status: str
    notes: str


class RemoteUpdate(NamedTuple):
    """A service request update of the city."""

    update_id: str
    request_id: str
    status: str
    text: str


def send(city: City, fields: Mapping[str, str], allowed: Allowed) -> Outcome:
    """POST a request once."""
    try:
        status, body = exchange(
            "POST",
            f"{city.url}/requests.{city.form}",
            timeout=SECONDS,
            limit=ONE,
            allowed=allowed,
            data=dict(fields),
            headers={"Accept-Encoding": "identity"},
        )
    except NoAnswer as error:
        if error.unsent:
            return Outcome("RETRY", problem="no_connection")
        return Outcome("UNKNOWN", problem="no_answer")
    return _outcome(status, body)


def _outcome(status: int, body: bytes) -> Outcome:
    # 408 says that it gave up, not what it had done by then.
    family = status // 100 if status != HTTPStatus.REQUEST_TIMEOUT else 5
    if family == SUCCESS:
        return _taken(body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome("RETRY", problem="busy")
    if status in ANSWERED_ELSEWHERE:
        return Outcome("UNKNOWN", problem="unreadable")
    if family == MOVED:
        return Outcome("REFUSED", problem="moved")
    if family == REFUSAL:
        return Outcome("REFUSED", problem="refused", text=_errors(body))
    return Outcome("UNKNOWN", problem="server_error")


def _taken(body: bytes) -> Outcome:
    items = parse(body, ONE)
    if items is not None and len(items) == 1:
        if id_ := _name(items[0].get("service_request_id", "")):
            return Outcome("TAKEN", id_)
        if token := _name(items[0].get("token", "")):
            return Outcome("TOKEN", token)
    return Outcome("UNKNOWN", problem="unreadable")


def _errors(body: bytes) -> str:
    items = parse(body, ONE) or []
    texts = [item.get("description", "") for item in items]
    return clean("; ".join(text for text in texts if text), 500)


def id_of_token(city: City, token: str, allowed: Allowed) -> str | None:
    """Return the id that a token became; None while it has none. Raises Unreadable."""
    items = _get(city, f"tokens/{quote(token, safe='')}", {}, ONE, allowed)
    for item in items:
        if item.get("token", token) == token:
            return _name(item.get("service_request_id", "")) or None
    return None


def find(city: City, service: str, mark: str, sent_at: dt.datetime, allowed: Allowed) -> str | None:
    """Return the id of the request whose description has our mark; None if none is listed.

    Raises Unreadable.
    """
    query = {
        "service_code": service,
        "start_date": _moment(sent_at - CLOCKS),
        "end_date": _moment(sent_at + CLOCKS),
    }
    ids = {
        _name(item.get("service_request_id", ""))
        for item in _get(city, "requests", query, MANY, allowed)
        if mark in item.get("description", "") and item.get("service_code", service) == service
    } - {""}
    return ids.pop() if len(ids) == 1 else None


def status_of(city: City, id_: str, allowed: Allowed) -> RemoteStatus:
    """Return how a request stands. Raises Unreadable, also for an answer about another request."""
    items = _get(city, f"requests/{quote(id_, safe='')}", {}, ONE, allowed)
    if len(items) != 1 or items[0].get("service_request_id", "") != id_:
        raise Unreadable("It answers about another request.")
    item = items[0]
    status = clean(item.get("status", ""), STATUS).lower()
    if not status:
        raise Unreadable("It names no status.")
    return RemoteStatus(status, clean(item.get("status_notes", ""), NOTES))


def updates_of(
    city: City, since: dt.datetime, until: dt.datetime, allowed: Allowed
) -> list[RemoteUpdate]:
    """Return the updates of a window. Raises Unreadable."""
    query = {"start_date": _moment(since), "end_date": _moment(until), "api_key": city.api_key}
    items = _get(city, "servicerequestupdates", query, MANY, allowed)
    return [
        RemoteUpdate(
            _name(item.get("update_id", "")),
            item.get("service_request_id", ""),
            clean(item.get("status", ""), STATUS).lower(),
            clean(item.get("description", ""), NOTES),
        )
        for item in items
        if _name(item.get("update_id", ""))
    ]


def _get(
    city: City, path: str, query: Mapping[str, str], limit: int, allowed: Allowed
) -> list[dict[str, str]]:
    params = {**query, **({"jurisdiction_id": city.jurisdiction} if city.jurisdiction else {})}
    try:
        status, body = exchange(
            "GET",
            f"{city.url}/{path}.{city.form}",
            timeout=SECONDS,
            limit=limit,
            allowed=allowed,
            params=params,
            headers={"Accept-Encoding": "identity"},
        )
    except NoAnswer as error:
        raise Unreadable(error.reason) from None
    items = parse(body, limit) if status == HTTPStatus.OK else None
    if items is None:
        raise Unreadable(f"HTTP {status}")
    return items


def parse(body: bytes, limit: int) -> list[dict[str, str]] | None:
    """Return the items of an answer, in whichever form it came; None if it is none.

    A document type is refused: nothing in it is needed, and entities can grow without end.
    """
    if len(body) > limit:
        return None
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return _of_xml(body)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(document, dict) and len(document) == 1:
        (document,) = document.values()
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        return None
    return [_texts(item) for item in document if isinstance(item, dict)]


def _texts(item: Json) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in item.items()
        if isinstance(value, _TEXT_OF_JSON) and not isinstance(value, bool)
    }


def _of_xml(body: bytes) -> list[dict[str, str]] | None:
    if b"<!" in body.replace(b"<![CDATA[", b"") or b"\x00" in body:
        return None
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - without a document type no entity
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    if root.tag in ("html", "{http://www.w3.org/1999/xhtml}html"):
        return None
    return [{child.tag: (child.text or "").strip() for child in item} for item in root]


def clean(text: str, most: int) -> str:
    """Return a text of theirs in one line, without control characters, cut."""
    return _CONTROL.sub(" ", text).strip()[:most]


def _name(text: str) -> str:
    """Return an id or token; empty if it is no such thing."""
    return text if 0 < len(text) <= ID and text.isprintable() and text == text.strip() else ""


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fields_of(city: City, payload: Json) -> dict[str, str]:
    """Return the parameters of a POST, without those that are empty."""
    service = city.services[payload["category"]]
    own = payload.get("attributes", {})
    fields = {
        "api_key": city.api_key,
        "jurisdiction_id": city.jurisdiction,
        "service_code": service.code,
        "description": payload["text"],
        **{name: str(payload[name]) for name in SENT if payload.get(name) is not None},
        **{
            f"attribute[{code}]": str(own.get(value[1:], "")) if value.startswith("=") else value
            for code, value in service.attributes.items()
        },
    }
    return {name: value for name, value in fields.items() if value}
