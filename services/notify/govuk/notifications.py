"""What the Notify API sends and reads: the rules of its keys around `accepting`.

Refusals are in Notify's own words; ``error`` and ``status`` in their details are what its clients
see (gateway/notify/errors.py).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from bus.envelope import Envelope
from bus.errors import BusError, NotFound, RuleBroken
from contracts.notify.govnotify import PAGE
from iran.persian import tehran_day
from members.rights import Sender
from services.notify.context import Office, uuid_of
from services.notify.domain.message import State
from services.notify.govuk import api_keys, letters
from services.notify.sending import acceptance, settlement
from services.notify.sending.rows import ADDRESSES, address_of
from services.notify.templates import versions

# Whom a test key may write to, and what becomes of it; everybody else gets the message (in theory).
OUTCOMES = {
    "+447700900003": State.UNDELIVERED,
    "+447700900002": State.REJECTED,
    "temp-fail@simulator.notify": State.UNDELIVERED,
    "perm-fail@simulator.notify": State.REJECTED,
}
SIMULATED = "simulated"
PDF_ADDRESS = ["Provided as PDF"]
NO_TEMPLATE = str(uuid.UUID(int=0))


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose key it is, as the face has found out."""

    owner: str
    service: str
    key: str
    kind: str

    @classmethod
    def of(cls, message: Envelope | None) -> "Asker":
        """Who asks. RuleBroken ``agency.only`` for who came by another door."""
        told = (message.caller if message else None) or {}
        if not all(told.get(name) for name in ("agency", "service", "key", "kind")):
            raise RuleBroken("Ask with a key of the Notify API.", code="agency.only")
        return cls(*(str(told[name]) for name in ("agency", "service", "key", "kind")))


def refused(message: str, *, status: int = 400, error: str = "BadRequestError") -> RuleBroken:
    """A refusal in Notify's words."""
    return RuleBroken(message, code="api.refused", status=status, error=error)


# --- sending ---


def send(office: Office, asker: Asker, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Accepts one message: its ID alone, since the reply is remembered for long and what it says
    of a person must not be. Raises what refuses it.
    """
    _within_limits(office, asker, asked)
    id_ = _kept_pdf(office, asker, asked) if asked["pdf"] else _accepted(office, asker, asked)
    office.conn.execute(
        text("insert into api_messages (message, key, kind) values (:id, :key, :kind)"),
        {"id": id_, "key": asker.key, "kind": asker.kind},
    )
    if asker.kind == "test":
        _simulate(office, id_)
    return {"id": id_}


def _within_limits(office: Office, asker: Asker, asked: Mapping[str, Any]) -> None:
    channel = asked["channel"]
    if asker.kind == "team":
        if channel == "letter":
            raise refused("Cannot send letters with a team api key", status=403)
        known = office.keys.receiver(channel, asked["to"])
        if not api_keys.is_guest(office.conn, asker.service, channel, known):
            raise refused("Can’t send to this recipient using a team-only API key")
    day = tehran_day(office.now)
    most = api_keys.count(office.conn, asker.service, channel, asker.kind, day)
    if most is not None:
        raise refused(
            f"Exceeded send limits ({channel}: {most}) for today",
            status=429,
            error="TooManyRequestsError",
        )


def _accepted(office: Office, asker: Asker, asked: Mapping[str, Any]) -> str:
    channel = asked["channel"]
    row = versions.form(office.conn, asker.owner, asked["template"])[0]
    if row.channel != channel:
        raise refused(f"{row.channel} template is not suitable for {channel} notification")
    to = dict.fromkeys(ADDRESSES.values())
    to[ADDRESSES[channel]] = asked["address"] if channel == "letter" else asked["to"]
    (told,) = acceptance.accept(
        office,
        Sender(asker.owner, asker.key),
        [
            {
                **{name: asked[name] for name in ("personalisation", "reference", "not_before")},
                "template": str(row.id), "channels": [channel], "to": to, "language": "fa",
            }
        ],
    )  # fmt: skip
    if isinstance(told, BusError):
        raise told
    extras = {"unsubscribe": asked["unsubscribe_url"], "postage": asked["postage"]}
    _add(office, told["id"], channel, extras)
    return str(told["id"])


def _kept_pdf(office: Office, asker: Asker, asked: Mapping[str, Any]) -> str:
    """A letter that came as a PDF: it has no template, and its address stands in the PDF alone."""
    id_ = str(uuid.uuid4())
    receiver = {"address": PDF_ADDRESS}
    known = office.keys.receiver("letter", address_of(receiver, "letter") or "")
    content = {"subject": asked["reference"] or "PDF", "body": "", "pdf": asked["pdf"],
               "postage": asked["postage"]}  # fmt: skip
    row = {
        "id": id_, "owner": asker.owner, "reference": asked["reference"],
        "template": NO_TEMPLATE, "version": 1, "language": "fa",
        "channel": "letter", "rest": [], "lane": "transactional", "consent": "transactional",
        "state": State.CREATED.value, "receiver": receiver, "receiver_hash": known.hex(),
        "contents": {"letter": content}, "parts": None, "key_id": asker.key, "due_at": office.now,
        "give_up_at": office.now + office.book.give_up("transactional"), "job": None,
        "created_at": office.now,
    }  # fmt: skip
    acceptance.keep(office, [row])
    return id_


def _add(office: Office, id_: str, channel: str, extras: Mapping[str, Any]) -> None:
    """Puts what only this API knows beside a message's content."""
    known = {name: value for name, value in extras.items() if value is not None}
    if known:
        office.conn.execute(
            text(
                "update messages set contents = jsonb_set(contents, cast(:at as text[]), "
                "contents -> :channel || cast(:known as jsonb)) where id = :id"
            ),
            {
                "id": id_, "at": [channel], "channel": channel,
                "known": orjson.dumps(known).decode(),
            },
        )  # fmt: skip


def _simulate(office: Office, id_: str) -> None:
    """Ends the message of a test key in the same transaction: nobody can have handed it over. Its
    receiver is not counted as one who got a message.
    """
    row = office.conn.execute(
        text(
            "update messages set state = 'SENT', sent_at = :now, receiver_hash = :hash "
            "where id = :id returning *"
        ),
        {"id": id_, "now": office.now, "hash": office.keys.hashed("api test", id_)},
    ).one()
    address = address_of(row.receiver, row.channel) or ""
    settlement.end(office, row, OUTCOMES.get(address, State.DELIVERED), SIMULATED)


# --- reading ---

_WITH_KIND = (
    "select m.*, coalesce(a.kind, 'live') as kind from messages m "
    "left join api_messages a on a.message = m.id "
)
_THERE = "m.owner = :owner and m.receiver is not null and m.channel in ('sms', 'email', 'letter') "


def read(office: Office, asker: Asker, id_: str) -> dict[str, Any]:
    """An ApiMessage, whatever key it came by. NotFound ``message.not_found``."""
    row = office.conn.execute(
        text(f"{_WITH_KIND} where {_THERE} and m.id = :id"),
        {"owner": asker.owner, "id": uuid_of(id_)},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such message; compare its ID.", code="message.not_found")
    return letters.told(office, row)


def listed(office: Office, asker: Asker, asked: Mapping[str, Any]) -> dict[str, Any]:
    """An ApiMessages: a page of what came by keys of the asker's kind. Messages that came by no
    key of this API, and with ``jobs`` those of bulk jobs, belong to the live ones.
    """
    pairs = [(one["channel"], state) for one in asked["wanted"] for state in one["states"]]
    rows = office.conn.execute(
        text(
            f"{_WITH_KIND} where {_THERE} and coalesce(a.kind, 'live') = :kind "  # noqa: S608 - constants
            "and (m.job is null or :jobs) "
            "and (cast(:reference as text) is null or m.reference = :reference) "
            "and (m.channel, m.state) in (select * from unnest(cast(:channels as text[]), "
            "cast(:states as text[]))) and (:from_first or (m.created_at, m.id) < "
            "(select o.created_at, o.id from messages o where o.id = cast(:older as uuid) "
            "and o.owner = :owner)) order by m.created_at desc, m.id desc limit :page"
        ),
        {
            "owner": asker.owner, "kind": asker.kind, "jobs": asked["jobs"],
            "reference": asked["reference"], "channels": [pair[0] for pair in pairs],
            "states": [pair[1] for pair in pairs], "from_first": asked["older_than"] is None,
            "older": uuid_of(asked["older_than"] or ""), "page": PAGE,
        },
    )  # fmt: skip
    return {"messages": [letters.told(office, row) for row in rows]}
