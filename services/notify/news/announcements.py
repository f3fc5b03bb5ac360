"""Announcements as rows, and as everybody reads them: with their state by the clock and what of
their windows was announced in time.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import NotFound
from services.notify.context import Office
from services.notify.domain.announcement import (
    OPEN,
    Said,
    Window,
    excluded,
    in_force,
    in_time,
    state_at,
)

# After these an announcement has no window any more.
OVER = ("COMPLETED", "CANCELLED")
URGENCY = ("INVESTIGATING", "IDENTIFIED", "IN_PROGRESS", "VERIFYING", "MONITORING", "SCHEDULED")


def one(conn: Connection, id_: int, *, lock: bool = False) -> Any:
    """The row of an announcement, drafts too. NotFound ``announcement.not_found``."""
    row = conn.execute(
        text("select * from announcements where id = :id" + (" for update" if lock else "")),  # noqa: S608 - a constant of ours
        {"id": id_},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such announcement.", code="announcement.not_found")
    return row


def window(row: Any) -> Window | None:
    """The window of an announcement or of an update; None if it has none."""
    return Window(row.starts_at, row.ends_at) if row.starts_at and row.ends_at else None


def state_of(row: Any, now: dt.datetime) -> str:
    """How an announcement stands by the clock."""
    return state_at(row.kind, row.state, window(row), row.sunset, now)


def updates_of(conn: Connection, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The updates of each announcement, oldest first."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in conn.execute(
        text("select * from announcement_updates where announcement = any(:ids) order by id"),
        {"ids": list(ids)},
    ):
        found[row.announcement].append(row)
    return found


def said(updates: Iterable[Any]) -> list[Said]:
    """What the updates said of the window, and when."""
    return [Said(row.at, None if row.state in OVER else window(row)) for row in updates]


def told(office: Office, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Announcements as the contract tells them."""
    updates = updates_of(office.conn, [row.id for row in rows])
    return [_told(office, row, updates[row.id]) for row in rows]


def _told(office: Office, row: Any, updates: Sequence[Any]) -> dict[str, Any]:
    state, spoken = state_of(row, office.now), said(updates)
    is_maintenance = row.kind == "maintenance" and bool(updates)
    notice = office.book.announce_before
    return {
        "id": row.id, "kind": row.kind, "state": state, "title": row.title, "body": row.body,
        "components": row.components, "impact": row.impact,
        "starts_at": instant(row.starts_at), "ends_at": instant(row.ends_at),
        "contracts": row.contracts, "sunset": row.sunset.isoformat() if row.sunset else None,
        "drafted_at": instant(row.drafted_at), "published_at": instant(row.published_at),
        "updated_at": instant(row.updated_at), "open": state in OPEN,
        "in_time": in_time(spoken, notice) if is_maintenance else None,
        "excluded": [
            {"starts_at": instant(w.start), "ends_at": instant(w.end)}
            for w in (excluded(spoken, notice) if is_maintenance else ())
        ],
        "updates": [
            {
                "id": u.id, "at": instant(u.at), "state": u.state, "text": u.text,
                "starts_at": instant(u.starts_at), "ends_at": instant(u.ends_at),
            }
            for u in updates
        ],
    }  # fmt: skip


def public(office: Office, id_: int, *, drafts: bool = False) -> dict[str, Any]:
    """One announcement; a draft only for editors. NotFound ``announcement.not_found``."""
    row = one(office.conn, id_)
    if row.published_at is None and not drafts:
        raise NotFound("There is no such announcement.", code="announcement.not_found")
    return told(office, [row])[0]


def page(office: Office, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Announcements, newest first; ``drafts`` has the ones too that were not published."""
    rows = office.conn.execute(
        text(
            "select * from announcements where (published_at is not null or :drafts) "
            "and (cardinality(cast(:kinds as text[])) = 0 or kind = any(:kinds)) "
            "and (cast(:before as bigint) is null or id < :before) order by id desc limit :most"
        ),
        {**asked, "kinds": list(asked["kinds"]), "most": asked["limit"] + 1},
    ).all()
    some = rows[: asked["limit"]]
    return {
        "announcements": told(office, some),
        "next": some[-1].id if len(rows) > len(some) else None,
    }


def current(office: Office) -> dict[str, Any]:
    """What concerns people now or soon, the most urgent first, and every service that ends."""
    rows = office.conn.execute(
        text(
            "select * from announcements where published_at is not null and "
            "(state = any(:open) or kind = 'end_of_service' and state <> 'CANCELLED') "
            "order by starts_at nulls last, id limit 200"
        ),
        {"open": sorted(OPEN)},
    ).all()
    live = [
        found for found in told(office, rows) if found["open"] or found["kind"] == "end_of_service"
    ]
    live.sort(key=_urgency)
    contact = {name: office.book.contact[name] for name in ("fa", "en", "phone", "email")}
    return {
        "announcements": live, "banner_hours": office.book.told["banner_hours"],
        "contact": contact,
    }  # fmt: skip


def _urgency(found: Mapping[str, Any]) -> tuple[int, str]:
    place = URGENCY.index(found["state"]) if found["state"] in URGENCY else len(URGENCY)
    return place, found["starts_at"] or ""


class Windows(NamedTuple):
    """Of a component: when we closed it ourselves, and which minutes do not count."""

    closed: list[Window]
    excluded: list[Window]


def windows(office: Office, since: dt.datetime) -> dict[str, Windows]:
    """The windows of maintenance that reach past ``since``, by component."""
    rows = office.conn.execute(
        text(
            "select * from announcements a where kind = 'maintenance' and published_at is not null "
            "and exists (select 1 from announcement_updates u where u.announcement = a.id "
            "and u.ends_at > :since)"
        ),
        {"since": since},
    ).all()
    updates = updates_of(office.conn, [row.id for row in rows])
    found: dict[str, Windows] = defaultdict(lambda: Windows([], []))
    for row in rows:
        spoken = said(updates[row.id])
        shut = [
            s if u.impact == "down" else Said(s.at, None)
            for s, u in zip(spoken, updates[row.id], strict=True)
        ]
        for component in row.components:
            found[component].closed.extend(in_force(shut))
            found[component].excluded.extend(excluded(spoken, office.book.announce_before))
    return found
