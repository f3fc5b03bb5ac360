"""Accepts messages: judged, filled in, kept and counted, many in a few statements."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import BusError, FieldError, Forbidden, RuleBroken, TooMany, Unavailable
from bus.process import log
from contracts.notify.messages import CHANNELS
from iran.persian import tehran_day
from members.rights import AGENCY_MISSING, Sender
from services.notify.context import Office, uuid_of
from services.notify.domain.consent import allows
from services.notify.domain.message import State
from services.notify.domain.quiet import after_quiet, within_cap
from services.notify.domain.template import OURS
from services.notify.sending import code_caps, consents, mailboxes, settlement
from services.notify.sending.rights import right_of
from services.notify.sending.rows import address_of
from services.notify.templates import rendering, versions

_log = log.get("accepting")
AHEAD = dt.timedelta(days=90)
# Only these cost a receiver's patience.
CAPPED = ("sms", "email")
# Among the lanes of what a receiver gets: no lane, but a share of one.
OF_STRANGERS = "otp of strangers"
_COLUMNS = (
    "id uuid, owner text, reference text, template uuid, version integer, language text, "
    "channel text, rest text[], lane text, consent text, state text, receiver jsonb, "
    "receiver_hash text, contents jsonb, parts integer, due_at timestamptz, "
    "give_up_at timestamptz, job bigint, key_id text, created_at timestamptz"
)
_NAMES = [column.split()[0] for column in _COLUMNS.split(", ")]


@dataclass(slots=True)
class _Draft:
    """A message on its way in; ``forms`` are the channels still open to it, in their order."""

    asked: Mapping[str, Any]
    forms: list[Any]
    due_at: dt.datetime
    contents: dict[str, rendering.Content] = field(default_factory=dict)

    @property
    def form(self) -> Any:
        return self.forms[0]


def accept(
    office: Office,
    sender: Sender,
    asked: Sequence[Mapping[str, Any]],
    *,
    job: int | None = None,
) -> list[dict[str, Any] | BusError]:
    """A Sent for each message that is accepted, in order, or why it is not.

    ``asked`` are loaded Sends. NotFound ``template.not_found``; RuleBroken ``receiver.missing``,
    ``receiver.opted_out``, ``message.too_far_ahead`` and those of `filling.filled`; TooMany
    ``receiver.cap``. What is refused leaves no trace; all others are kept. Forbidden for all if the
    register gives the sender no right to them now.
    """
    if code := office.members.refusal(sender, right_of(job)):
        return [_shut_out(code)] * len(asked)
    owner = sender.agency
    known = _Known.of(office, owner, asked)
    drafts: list[_Draft | BusError] = []
    for one in asked:
        try:
            drafts.append(_judge(office, known, one))
        except BusError as error:
            drafts.append(error)
    rows = [_row(office, sender, draft, job) for draft in drafts if isinstance(draft, _Draft)]
    if rows:
        keep(office, rows)
    kept = iter(rows)
    return [_told(draft, next(kept)) if isinstance(draft, _Draft) else draft for draft in drafts]


def _shut_out(code: str) -> BusError:
    if code == AGENCY_MISSING:
        return Unavailable("This machine has no copy of the register of your agency yet.")
    return Forbidden("The register gives your agency no right to this any more.", code=code)


def accept_all(
    office: Office, senders: Sequence[Sender], asked: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any] | BusError]:
    """As ``accept``, for messages of several senders."""
    results: list[Any] = [None] * len(asked)
    for sender in sorted(set(senders), key=str):
        places = [place for place, each in enumerate(senders) if each == sender]
        told = accept(office, sender, [asked[place] for place in places])
        for place, one in zip(places, told, strict=True):
            results[place] = one
    return results


def accept_ours(office: Office, asked: Mapping[str, Any]) -> None:
    """Accepts what another context of ours has told us to send. A receiver who wants no such
    message gets none, and a cap is kept; anything else that refuses it is a fault of ours.
    """
    (told,) = accept(office, Sender(OURS), [asked])
    if isinstance(told, BusError):
        if told.code not in ("receiver.opted_out", "receiver.cap"):
            raise told
        _log.info("not sent", template=asked["template"], code=told.code)


@dataclass
class _Known:
    """What is looked up once for the whole list."""

    forms: dict[str, list[Any]]
    consents: dict[bytes, dict[str, bool]]
    dues: dict[tuple[bytes, str], list[dt.datetime]]
    mailboxes: set[str]

    @classmethod
    def of(cls, office: Office, owner: str, asked: Sequence[Mapping[str, Any]]) -> "_Known":
        found: dict[str, list[Any]] = {}
        for row in versions.forms(office.conn, owner, {one["template"] for one in asked}):
            found.setdefault(row.code, []).append(row)
            found.setdefault(str(row.id), []).append(row)
        hashes = {
            office.keys.receiver(channel, address)
            for one in asked
            for channel in CHANNELS
            if (address := address_of(one["to"], channel))
        }
        boxes = mailboxes.known(office.conn, {box for one in asked if (box := one["to"]["inbox"])})
        return cls(found, consents.of(office.conn, hashes), _dues(office, hashes), boxes)

    def reaches(self, to: Mapping[str, Any], channel: str) -> bool:
        """Whether the receiver has an address in a channel; an inbox must be one of ours."""
        address = address_of(to, channel)
        return address is not None and (channel != "inbox" or address in self.mailboxes)

    def forms_of(self, one: Mapping[str, Any]) -> list[Any]:
        """The forms that may be sent, in the order asked for."""
        name = one["template"]
        found = {row.channel: row for row in self.forms.get(uuid_of(name) or name, ())}
        wanted = one["channels"] or [channel for channel in CHANNELS if channel in found]
        if not found or not set(wanted) <= set(found):
            raise versions.not_found()
        return [found[channel] for channel in wanted]


def _hash(office: Office, channel: str, to: Mapping[str, Any]) -> bytes:
    """The hash of a receiver's address in a channel."""
    address = address_of(to, channel)
    assert address is not None
    return office.keys.receiver(channel, address)


def _dues(office: Office, hashes: set[bytes]) -> dict[tuple[bytes, str], list[dt.datetime]]:
    """When the messages of these receivers went or go out, by receiver and lane; the codes that
    strangers asked for by themselves, too.
    """
    rows = office.conn.execute(
        text(
            "select receiver_hash, lane, due_at, template in (select id from templates "
            "where owner = :ours and code = any(:codes)) as of_strangers from messages "
            "where receiver_hash = any(:all) and "
            "created_at > :first and due_at > :since and state <> 'CANCELLED'"
        ),
        {
            "ours": OURS,
            "codes": list(code_caps.OF_STRANGERS),
            "all": list(hashes),
            "first": office.now - AHEAD,
            "since": office.now - dt.timedelta(days=1),
        },
    )
    found: dict[tuple[bytes, str], list[dt.datetime]] = {}
    for row in rows:
        lanes = [row.lane, OF_STRANGERS] if row.of_strangers else [row.lane]
        for lane in lanes:
            found.setdefault((bytes(row.receiver_hash), lane), []).append(row.due_at)
    return found


def _judge(office: Office, known: _Known, one: Mapping[str, Any]) -> _Draft:
    """A message that may be sent, with its time and its contents. Raises what refuses it."""
    forms = [form for form in known.forms_of(one) if known.reaches(one["to"], form.channel)]
    if not forms:
        raise RuleBroken(
            "The receiver has no address in any channel of this template.",
            code="receiver.missing",
            fields=[FieldError("to", "required", "Give the address that the channel needs.")],
        )
    open_ = [form for form in forms if _willing(office, known, one, form)]
    if not open_:
        raise RuleBroken("The receiver wants no such messages.", code="receiver.opted_out")
    draft = _Draft(one, open_, _not_before(office, one))
    for form in open_:
        draft.contents[form.channel] = rendering.filled(
            office.book, form, one["language"], one["personalisation"]
        )
    draft.due_at = _when(office, known, draft)
    return draft


def _willing(office: Office, known: _Known, one: Mapping[str, Any], form: Any) -> bool:
    said = known.consents.get(_hash(office, form.channel, one["to"]), {})
    # Who opens an inbox comes for what is in it.
    return form.channel == "inbox" or allows(said, form.consent)


def _not_before(office: Office, one: Mapping[str, Any]) -> dt.datetime:
    if one["not_before"] is None:
        return office.now
    moment = max(office.now, dt.datetime.fromisoformat(one["not_before"]))
    if moment > office.now + AHEAD:
        raise RuleBroken(
            f"A message waits at most {AHEAD.days} days.",
            code="message.too_far_ahead",
            fields=[FieldError("not_before", "range", "Give an earlier moment.")],
        )
    return moment


def _when(office: Office, known: _Known, draft: _Draft) -> dt.datetime:
    """When it goes out, by quiet hours and the receiver's caps; TooMany ``receiver.cap``."""
    form, due = draft.form, draft.due_at
    due = after_quiet(office.book, form.lane, form.channel, due)
    if form.channel not in CAPPED:
        return due
    receiver = _hash(office, form.channel, draft.asked["to"])
    dues = known.dues.setdefault((receiver, form.lane), [])
    cap = office.book.cap(form.lane)
    while (free := within_cap(cap, dues, due)) > due:
        if cap.refuses:
            raise _enough(office, free)
        due = after_quiet(office.book, form.lane, form.channel, free)
    if form.owner == OURS and form.code in code_caps.OF_STRANGERS:
        codes = known.dues.setdefault((receiver, OF_STRANGERS), [])
        if (free := within_cap(code_caps.CAP, codes, due)) > due:
            raise _enough(office, free)
        codes.append(due)
    dues.append(due)
    return due


def _enough(office: Office, free: dt.datetime) -> TooMany:
    return TooMany(
        "This receiver has got as many messages as one person gets.",
        code="receiver.cap",
        retry_after=int((free - office.now).total_seconds()) + 1,
    )


def _row(office: Office, sender: Sender, draft: _Draft, job: int | None) -> dict[str, Any]:
    one, form = draft.asked, draft.form
    counted = draft.contents[form.channel].sms
    return {
        "id": str(uuid.uuid4()),
        "owner": sender.agency,
        "reference": one["reference"],
        "template": str(form.id),
        "version": form.version,
        "language": rendering.language_of(form, one["language"]),
        "channel": form.channel,
        "rest": [each.channel for each in draft.forms[1:]],
        "lane": form.lane,
        "consent": form.consent,
        "state": State.CREATED.value,
        "receiver": {name: value for name, value in one["to"].items() if value},
        "receiver_hash": _hash(office, form.channel, one["to"]).hex(),
        "contents": {channel: each.told() for channel, each in draft.contents.items()},
        "parts": counted.parts if counted else None,
        "due_at": draft.due_at,
        "give_up_at": draft.due_at + office.book.give_up(form.lane),
        "job": job,
        "key_id": sender.key,
        "created_at": office.now,
    }


def keep(office: Office, rows: list[dict[str, Any]]) -> None:
    """Adds the rows, counts them, and ends those of inboxes, which are there at once."""
    # All columns come as one JSON, so that a hundred messages are one statement.
    picked = ", ".join(
        "decode(receiver_hash, 'hex')" if name == "receiver_hash" else name for name in _NAMES
    )
    office.conn.execute(
        text(
            f"insert into messages ({', '.join(_NAMES)}) select {picked} "  # noqa: S608 - made of constants
            f"from jsonb_to_recordset(cast(:rows as jsonb)) as told ({_COLUMNS})"
        ),
        {"rows": orjson.dumps(rows).decode()},
    )
    _count(office.conn, tehran_day(office.now), rows)
    arrived = [row["id"] for row in rows if _arrives(row)]
    if arrived:
        found = office.conn.execute(
            text("select * from messages where id = any(cast(:ids as uuid[])) for update"),
            {"ids": arrived},
        )
        for row in found.all():
            settlement.end(office, row, State.DELIVERED, "")


def _arrives(row: Mapping[str, Any]) -> bool:
    """Whether it is at its receiver's as soon as it is kept: in an inbox, and not for later."""
    return bool(row["channel"] == "inbox" and row["due_at"] <= row["created_at"])


def _count(conn: Connection, day: dt.date, rows: list[dict[str, Any]]) -> None:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        at = (row["owner"], row["channel"])
        counts[at] = counts.get(at, 0) + 1
    # In one order everywhere, so that two transactions never wait for each other.
    for (owner, channel), count in sorted(counts.items()):
        conn.execute(
            text(
                "insert into accepted (day, owner, channel, count) values (:day, :owner, :channel, "
                ":count) on conflict (day, owner, channel) do update set "
                "count = accepted.count + :count"
            ),
            {"day": day, "owner": owner, "channel": channel, "count": count},
        )


def _told(draft: _Draft, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "state": State.DELIVERED.value if _arrives(row) else row["state"],
        "channel": row["channel"],
        "template": {"id": row["template"], "code": draft.form.code, "version": row["version"]},
        "parts": row["parts"],
        "due_at": instant(row["due_at"]),
    }
