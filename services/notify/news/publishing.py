"""Announcing: an editor drafts, publishes, updates, moves, cancels; every word keeps its moment."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.envelope import instant
from bus.errors import Conflict, FieldError, RuleBroken
from contracts import CATALOGUE, Request
from services.notify.context import Office
from services.notify.domain.announcement import gone_at, moved, published
from services.notify.news import announcements
from services.notify.webhooks import rows

OURSELVES = "mirab"
# What is said when the clock moves an announcement and nobody has said more.
BY_CLOCK = {
    "IN_PROGRESS": {"fa": "کار آغاز شد.", "en": "The work has begun."},
    "COMPLETED": {"fa": "زمان اعلام‌شده به پایان رسید.", "en": "The announced time is over."},
    "ENDED": {"fa": "این خدمت پایان یافت.", "en": "This service has ended."},
}


def draft(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Drafts an announcement, or writes a draft anew; nobody but editors sees it.

    RuleBroken ``announcement.contract_unknown``, ``announcement.published``.
    """
    _known(asked["contracts"])
    values = {
        name: asked[name]
        for name in ("kind", "components", "impact", "starts_at", "ends_at", "contracts", "sunset")
    }
    values |= {
        "title": _json(asked["title"]), "body": _json(asked["body"]), "who": who,
        "now": office.now, "id": asked["id"],
    }  # fmt: skip
    if (
        asked["id"] is not None
        and announcements.one(office.conn, asked["id"], lock=True).published_at
    ):
        raise RuleBroken("It is published; add an update.", code="announcement.published")
    office.tx.numbers.skip_given(ANNOUNCEMENTS, "announcements_id_seq")
    id_ = office.conn.execute(text(REDRAFT if asked["id"] else DRAFT), values).scalar_one()
    office.tx.numbers.give(ANNOUNCEMENTS, id_)
    return announcements.public(office, id_, drafts=True)


def _known(contracts: list[str]) -> None:
    strange = [
        name
        for name in contracts
        if not (isinstance(known := CATALOGUE.get(name), Request) and known.agency)
    ]
    if strange:
        why = f"No agency can be granted {', '.join(strange)}."
        raise RuleBroken(
            why,
            code="announcement.contract_unknown",
            fields=[FieldError("contracts", "unknown", why)],
        )


def publish(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """From now on it counts. RuleBroken ``announcement.published``, ``announcement.past``."""
    row = _looked_at(office, asked)
    if row.published_at:
        raise RuleBroken("It is published already.", code="announcement.published")
    _to_come(gone_at(row.sunset) if row.sunset else row.ends_at, office.now)
    state = moved(row.kind, row.state, published(row.kind))
    office.conn.execute(
        text("update announcements set published_at = :now where id = :id"),
        {"now": office.now, "id": row.id},
    )
    return _say(office, row, who, state, row.body, tell=asked["tell"])


def update(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A word on how it stands. RuleBroken ``announcement.move``, ``announcement.draft``."""
    row = _public(_looked_at(office, asked))
    state = moved(row.kind, announcements.state_of(row, office.now), asked["state"])
    changes = {"impact": asked["impact"]} if asked.get("impact") else {}
    return _say(office, row, who, state, asked["text"], tell=asked["tell"], **changes)


def reschedule(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Another window, which was announced now. RuleBroken ``announcement.move``,
    ``announcement.past``, ``announcement.draft``.
    """
    row = _public(_looked_at(office, asked))
    state = announcements.state_of(row, office.now)
    if row.kind != "maintenance" or state not in ("SCHEDULED", "IN_PROGRESS", "VERIFYING"):
        raise RuleBroken(
            f"Only a maintenance to come or under way is moved; this {row.kind} is {state}.",
            code="announcement.move",
            state=state,
        )
    starts, ends = (dt.datetime.fromisoformat(asked[n]) for n in ("starts_at", "ends_at"))
    _to_come(ends, office.now)
    return _say(
        office, row, who, state if starts <= office.now else "SCHEDULED", asked["text"],
        tell=asked["tell"], starts_at=starts, ends_at=ends,
    )  # fmt: skip


def cancel(office: Office, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """It will not take place; of a draft nobody hears. RuleBroken ``announcement.move``."""
    row = _looked_at(office, asked)
    state = moved(row.kind, announcements.state_of(row, office.now), "CANCELLED")
    if row.published_at:
        return _say(office, row, who, state, asked["text"], tell=asked["tell"])
    office.conn.execute(
        text("update announcements set state = :state, updated_at = :now where id = :id"),
        {"state": state, "now": office.now, "id": row.id},
    )
    return announcements.public(office, row.id, drafts=True)


def turn(store: Store, office_of: Callable[[Tx], Office]) -> None:
    """What the clock has begun or ended is noted as an update of our own."""

    def due(office: Office, left: list[str]) -> Sequence[Any]:
        tomorrow = (office.now + dt.timedelta(days=1)).date()
        asked = {"now": office.now, "today": tomorrow, "left": left}
        return office.conn.execute(_TURNS, asked).all()

    Chore(store, "notify.turn").page(office_of, due, _turn, lambda row: row.id)


def _turn(office: Office, row: Any) -> None:
    state = announcements.state_of(row, office.now)
    if state != row.state:
        _say(office, row, OURSELVES, state, BY_CLOCK[state], tell=state != "IN_PROGRESS")


_TURNS = text(
    "select * from announcements where published_at is not null and ("
    "state = 'SCHEDULED' and starts_at <= :now "
    "or state in ('IN_PROGRESS', 'VERIFYING') and ends_at <= :now "
    "or state = 'ANNOUNCED' and kind = 'end_of_service' and sunset < :today) "
    "and not id::text = any(:left) order by id limit 100 for update skip locked"
)


def _looked_at(office: Office, asked: Mapping[str, Any]) -> Any:
    """The row, locked. Conflict ``announcement.changed`` if it is not what was looked at."""
    row = announcements.one(office.conn, asked["id"], lock=True)
    if asked.get("seen_at") not in (None, instant(row.updated_at)):
        raise Conflict(
            "Somebody changed the announcement after it was looked at; look again.",
            code="announcement.changed",
        )
    return row


def _public(row: Any) -> Any:
    if row.published_at is None:
        raise RuleBroken("It is a draft; publish it first.", code="announcement.draft")
    return row


def _to_come(ends: dt.datetime | None, now: dt.datetime) -> None:
    if ends is not None and ends <= now:
        raise RuleBroken(
            "Its window, or its last day, is over already; draft it for later.",
            code="announcement.past",
        )


def _say(  # noqa: PLR0913 - what stands in an update
    office: Office,
    row: Any,
    who: str,
    state: str,
    words: Mapping[str, str],
    *,
    tell: bool,
    **changes: Any,
) -> dict[str, Any]:
    values = {
        "id": row.id, "now": office.now, "who": who, "state": state, "words": _json(words),
        "impact": row.impact, "starts_at": row.starts_at, "ends_at": row.ends_at, "tell": tell,
        **changes,
    }  # fmt: skip
    office.conn.execute(text(STAND), values)
    office.tx.numbers.skip_given(UPDATES, "announcement_updates_id_seq")
    update_id = office.conn.execute(text(ADD_UPDATE), values).scalar_one()
    office.tx.numbers.give(UPDATES, update_id)
    if tell:
        office.conn.execute(
            text("insert into tellings (update) values (:update)"), {"update": update_id}
        )
    data = {
        "id": row.id, "kind": row.kind, "state": state, "title": row.title,
        "components": row.components, "impact": values["impact"],
        "starts_at": instant(values["starts_at"]), "ends_at": instant(values["ends_at"]),
        "contracts": row.contracts, "sunset": row.sunset.isoformat() if row.sunset else None,
    }  # fmt: skip
    rows.note(office.conn, "announcement.published", data, office.now, None)
    return announcements.public(office, row.id)


def _json(told: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(told)).decode()


ANNOUNCEMENTS, UPDATES = "notify.announcement", "notify.announcement_update"
DRAFT = """
insert into announcements (kind, state, title, body, components, impact, starts_at, ends_at,
    contracts, sunset, drafted_by, drafted_at, updated_at)
values (:kind, 'DRAFT', cast(:title as jsonb), cast(:body as jsonb), :components, :impact,
    :starts_at, :ends_at, :contracts, :sunset, :who, :now, :now) returning id
"""
REDRAFT = """
update announcements set kind = :kind, state = 'DRAFT', title = cast(:title as jsonb),
    body = cast(:body as jsonb), components = :components, impact = :impact,
    starts_at = :starts_at, ends_at = :ends_at, contracts = :contracts, sunset = :sunset,
    drafted_by = :who, drafted_at = :now, updated_at = :now
where id = :id returning id
"""
STAND = """
update announcements set state = :state, impact = :impact, starts_at = :starts_at,
    ends_at = :ends_at, updated_at = :now where id = :id
"""
ADD_UPDATE = """
insert into announcement_updates (announcement, at, who, state, impact, text, starts_at, ends_at,
    tell)
values (:id, :now, :who, :state, :impact, cast(:words as jsonb), :starts_at, :ends_at, :tell)
returning id
"""
