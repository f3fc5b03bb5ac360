"""Announcements as rows, and as everybody reads them: with their state by the clock and what of
their windows was announced in time.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from bus.database import paging
from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound
from contracts.notify.announcements import (
    Announcement,
    Announcements,
    AnnouncementUpdate,
    Contact,
    Current,
    ListAnnouncements,
    Span,
    Title,
    Words,
)
from services.notify.context import Context
from services.notify.domain.announcement import (
    OPEN,
    AnnouncementState,
    Impact,
    Kind,
    Window,
    WindowStatement,
    excluded,
    in_force,
    in_time,
    state_at,
)
from services.notify.tables import ANNOUNCEMENT_UPDATES, ANNOUNCEMENTS

# After these an announcement has no window any more.
OVER = ("COMPLETED", "CANCELLED")
URGENCY = ("INVESTIGATING", "IDENTIFIED", "IN_PROGRESS", "VERIFYING", "MONITORING", "SCHEDULED")


@dataclass(frozen=True, slots=True)
class AnnouncementRow:
    """An announcement as it stands; its texts are by language."""

    id: int
    kind: Kind
    state: AnnouncementState
    title: Mapping[str, str]
    body: Mapping[str, str]
    components: Sequence[str]
    impact: Impact
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    contracts: Sequence[str]
    sunset: dt.date | None
    drafted_by: str
    drafted_at: dt.datetime
    published_at: dt.datetime | None
    updated_at: dt.datetime

    @property
    def window(self) -> Window | None:
        """When it happens; None if it has no window."""
        return window(self.starts_at, self.ends_at)

    def state_by_clock(self, now: dt.datetime) -> AnnouncementState:
        """Its state by the clock."""
        return state_at(self.kind, self.state, self.window, self.sunset, now)


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """An update of an announcement; it is never changed."""

    id: int
    announcement: int
    at: dt.datetime
    actor: str
    state: AnnouncementState
    impact: Impact
    text: Mapping[str, str]
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    tell: bool

    @property
    def statement(self) -> WindowStatement:
        """What it stated about the window, and when."""
        at_all = None if self.state in OVER else window(self.starts_at, self.ends_at)
        return WindowStatement(self.at, at_all)


class Windows(NamedTuple):
    """Of a component: when we closed it ourselves, and which minutes do not count."""

    closed: list[Window]
    excluded: list[Window]


def window(starts_at: dt.datetime | None, ends_at: dt.datetime | None) -> Window | None:
    """The window of two moments; None if one of them is missing."""
    return Window(starts_at, ends_at) if starts_at and ends_at else None


def not_found() -> NotFound:
    """The refusal of a number that names no announcement."""
    return NotFound("There is no such announcement.", code="announcement.not_found")


def load(conn: Connection, id_: int, *, lock: bool = False) -> AnnouncementRow:
    """The row of an announcement, drafts too. NotFound ``announcement.not_found``."""
    query = select(ANNOUNCEMENTS).where(ANNOUNCEMENTS.c.id == id_)
    if lock:
        query = query.with_for_update()
    row = fetch_one(conn, AnnouncementRow, query)
    if row is None:
        raise not_found()
    return row


def updates_of(conn: Connection, ids: Sequence[int]) -> dict[int, list[UpdateRow]]:
    """The updates of each announcement, oldest first."""
    query = (
        select(ANNOUNCEMENT_UPDATES)
        .where(ANNOUNCEMENT_UPDATES.c.announcement.in_(ids))
        .order_by(ANNOUNCEMENT_UPDATES.c.id)
    )
    by_announcement: dict[int, list[UpdateRow]] = defaultdict(list)
    for row in fetch_all(conn, UpdateRow, query):
        by_announcement[row.announcement].append(row)
    return by_announcement


def statements(updates: Iterable[UpdateRow]) -> list[WindowStatement]:
    """What the updates stated about the window, and when."""
    return [update.statement for update in updates]


def replies(context: Context, rows: Sequence[AnnouncementRow]) -> list[Announcement]:
    """Announcements as the contract shows them."""
    updates = updates_of(context.conn, [row.id for row in rows])
    return [_reply(context, row, updates[row.id]) for row in rows]


def _reply(context: Context, row: AnnouncementRow, updates: Sequence[UpdateRow]) -> Announcement:
    state, spoken = row.state_by_clock(context.now), statements(updates)
    is_maintenance = row.kind == "maintenance" and bool(updates)
    notice = context.book.announce_before
    return Announcement(
        id=row.id,
        kind=row.kind,
        state=state,
        title=Title(**row.title),
        body=Words(**row.body),
        components=tuple(row.components),
        impact=row.impact,
        starts_at=instant(row.starts_at),
        ends_at=instant(row.ends_at),
        contracts=tuple(row.contracts),
        sunset=row.sunset.isoformat() if row.sunset else None,
        drafted_at=instant(row.drafted_at),
        published_at=instant(row.published_at),
        updated_at=instant(row.updated_at),
        open=state in OPEN,
        in_time=in_time(spoken, notice) if is_maintenance else None,
        excluded=tuple(
            Span(starts_at=instant(part.start), ends_at=instant(part.end))
            for part in (excluded(spoken, notice) if is_maintenance else ())
        ),
        updates=tuple(_update(update) for update in updates),
    )


def _update(row: UpdateRow) -> AnnouncementUpdate:
    return AnnouncementUpdate(
        id=row.id,
        at=instant(row.at),
        state=row.state,
        text=Words(**row.text),
        starts_at=instant(row.starts_at),
        ends_at=instant(row.ends_at),
    )


def announcement(context: Context, id_: int, *, drafts: bool = False) -> Announcement:
    """One announcement; a draft only for editors. NotFound ``announcement.not_found``."""
    row = load(context.conn, id_)
    if row.published_at is None and not drafts:
        raise not_found()
    return replies(context, [row])[0]


def page(context: Context, request: ListAnnouncements) -> Announcements:
    """Announcements, newest first; ``drafts`` has the ones too that were not published."""
    query = select(ANNOUNCEMENTS)
    if not request.drafts:
        query = query.where(ANNOUNCEMENTS.c.published_at.is_not(None))
    if request.kinds:
        query = query.where(ANNOUNCEMENTS.c.kind.in_(request.kinds))
    if request.before is not None:
        query = query.where(ANNOUNCEMENTS.c.id < request.before)
    query = query.order_by(ANNOUNCEMENTS.c.id.desc()).limit(request.limit + 1)
    rows = fetch_all(context.conn, AnnouncementRow, query)
    shown = paging.page(rows, request.limit)
    return Announcements(
        announcements=tuple(replies(context, shown.rows)), next=shown.next(lambda row: row.id)
    )


def current(context: Context) -> Current:
    """What concerns people now or soon, the most urgent first, and every service that ends."""
    ends = (ANNOUNCEMENTS.c.kind == "end_of_service") & (ANNOUNCEMENTS.c.state != "CANCELLED")
    query = (
        select(ANNOUNCEMENTS)
        .where(
            ANNOUNCEMENTS.c.published_at.is_not(None),
            or_(ANNOUNCEMENTS.c.state.in_(sorted(OPEN)), ends),
        )
        .order_by(ANNOUNCEMENTS.c.starts_at.nulls_last(), ANNOUNCEMENTS.c.id)
        .limit(200)
    )
    rows = fetch_all(context.conn, AnnouncementRow, query)
    live = [
        reply for reply in replies(context, rows) if reply.open or reply.kind == "end_of_service"
    ]
    contact = context.book.contact
    return Current(
        announcements=tuple(sorted(live, key=_urgency)),
        banner_hours=context.book.banner_hours,
        contact=Contact(fa=contact.fa, en=contact.en, phone=contact.phone, email=contact.email),
    )


def _urgency(reply: Announcement) -> tuple[int, str]:
    place = URGENCY.index(reply.state) if reply.state in URGENCY else len(URGENCY)
    return place, reply.starts_at or ""


def windows(context: Context, since: dt.datetime) -> dict[str, Windows]:
    """The windows of maintenance that reach past ``since``, by component."""
    reaches = select(ANNOUNCEMENT_UPDATES.c.id).where(
        ANNOUNCEMENT_UPDATES.c.announcement == ANNOUNCEMENTS.c.id,
        ANNOUNCEMENT_UPDATES.c.ends_at > since,
    )
    query = select(ANNOUNCEMENTS).where(
        ANNOUNCEMENTS.c.kind == "maintenance",
        ANNOUNCEMENTS.c.published_at.is_not(None),
        reaches.exists(),
    )
    rows = fetch_all(context.conn, AnnouncementRow, query)
    updates = updates_of(context.conn, [row.id for row in rows])
    by_component: dict[str, Windows] = defaultdict(lambda: Windows([], []))
    for row in rows:
        spoken = statements(updates[row.id])
        shut = [
            statement if update.impact == "down" else WindowStatement(statement.at, None)
            for statement, update in zip(spoken, updates[row.id], strict=True)
        ]
        for component in row.components:
            by_component[component].closed.extend(in_force(shut))
            by_component[component].excluded.extend(excluded(spoken, context.book.announce_before))
    return by_component
