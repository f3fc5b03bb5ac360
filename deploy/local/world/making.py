"""Makes the world: who lives in it, which chores run, and how long it takes."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, text

from bus.blobs import Blobs
from bus.database.commands_run import note_command
from bus.database.store import Store
from bus.settings import Settings
from deploy.local.demo import COLLEAGUES
from deploy.local.world import letters, offices, weeks_later
from deploy.local.world.inbox import HoldersInbox
from deploy.local.world.money import Treasury
from deploy.local.world.news import News
from deploy.local.world.questions import Questions
from deploy.local.world.stage import Stage
from deploy.local.world.tickets import MORE_COLLEAGUES, Tickets, merge_doubles
from iran.persian import tehran_day
from services.ticketing.accounts import staff
from services.ticketing.accounts.staff import Colleague

Found = TypeVar("Found")
COMMAND = "deploy.local.world"
# Where somebody's own data would stand, by service.
OWN_DATA = {
    "ticketing": "select exists (select from tickets)",
    "billing": "select exists (select from bills)",
    "notify": "select exists (select from messages) or exists (select from announcements)",
    "inquiry": "select exists (select from inquiry_log) or exists (select from own_inquiries)",
}
_MARKS = text("select details from commands_run where command = :command order by seq")
# service, chore, hours between its runs
CHORES = (
    ("ticketing", "scan_files", 12),
    ("ticketing", "watch", 8),
    ("ticketing", "close_quietly", 24),
    ("ticketing", "ask_follow_ups", 24),
    ("ticketing", "send_mails", 48),
    ("billing", "sweep", 24),
    ("billing", "expire", 24),
    ("billing", "remind", 24),
    ("inquiry", "count_day", 24),
    ("agencies", "forget_heard", 120),
    ("notify", "turn_announcements", 6),
    ("notify", "tell_subscribers", 12),
    ("notify", "send_transactional", 9),
    ("notify", "send_bulk", 24),
    ("notify", "mail_transactional", 12),
    ("notify", "poll_providers", 12),
    ("notify", "time_out", 24),
)


class CannotMake(Exception):
    """The world cannot be made here; says why and what to do."""


class Size(NamedTuple):
    """How much there is, and over how many days."""

    tickets: int = 300
    days: int = 90
    seed: int = 1405

    def of(self, whole: int) -> int:
        """So many of what there are ``whole`` of beside 300 tickets; one at least."""
        return max(1, round(whole * self.tickets / 300))


class World(NamedTuple):
    """What was made, for who wants to open it; ``refusals`` are acts that a rule forbade."""

    tickets: Tickets
    questions: Questions
    treasury: Treasury
    inbox: HoldersInbox
    refusals: list[str]


def is_made(databases: Mapping[str, str]) -> bool:
    """True if the world is there. CannotMake where other data is, or a world half made."""
    marks = _of(
        databases["ticketing"], lambda conn: conn.execute(_MARKS, {"command": COMMAND}).all()
    )
    if any(mark.details["done"] for mark in marks):
        return True
    if marks:
        raise CannotMake(
            "a demo world was begun here and not finished. Begin with an empty installation: stop "
            "it (make down) and delete its folder (make status names it)."
        )
    for service, query in OWN_DATA.items():
        if _of(databases[service], partial(_first, query)):
            raise CannotMake(
                f"{service} holds data that the demo did not make. The demo is for a fresh "
                "installation alone: nothing is mixed with what people have done."
            )
    return False


def _first(query: str, conn: Connection) -> object:
    return conn.execute(text(query)).scalar()


def _of(url: str, work: Callable[[Connection], Found]) -> Found:
    """What is found in the database of a service, in a transaction of its own."""
    store = Store(url, source="world", connections=1)
    try:
        with store.transaction() as tx:
            return work(tx.conn)
    finally:
        store.engine.dispose()


def make(
    databases: Mapping[str, str],
    settings: Settings,
    size: Size,
    now: dt.datetime,
    progress: Callable[[dt.datetime], None],
) -> World:
    """Make the world that ends ``now`` (UTC). Refused if a rule forbids what people do in it."""
    _mark(databases, size, done=False)
    last = tehran_day(now)
    first = last - dt.timedelta(days=size.days)
    start = dt.datetime.combine(first, dt.time(0, 30), dt.UTC)
    stage = Stage(databases, settings, start, size.seed)
    try:
        _colleagues(stage, settings)
        stage.chore("notify", "keep_providers")
        for service, chore, hours in CHORES:
            stage.every(service, chore, hours=hours)
        world = _live(stage, size, first, last, now, progress)
        stage.chore("notify", "keep_providers")
        stage.chore("notify", "add_up")
        stage.chore("ticketing", "scan_files")
    finally:
        stage.close()
    _mark(databases, size, done=True)
    return world


def _live(  # noqa: PLR0913 - a world has as many bounds
    stage: Stage,
    size: Size,
    first: dt.date,
    last: dt.date,
    now: dt.datetime,
    progress: Callable[[dt.datetime], None],
) -> World:
    tickets = Tickets(stage, Blobs(Path(stage.settings.text("BLOBS_DIR"))))
    treasury = Treasury(stage)
    questions = Questions(stage, treasury)
    inbox = HoldersInbox(stage)
    lives = [
        *tickets.lives(size.tickets, first, last),
        merge_doubles(tickets, size.of(9)),
        *treasury.lives(size.of(150), first, last),
        *questions.lives(size.of(420), size.of(48), size.of(60), first, last),
        inbox.life(first),
        *News(stage, last).lives(first, last),
        *offices.lives(stage, last),
        *letters.lives(stage, last)[: size.of(6)],
        weeks_later.life(stage, size.seed, first, last),
    ]
    stage.run(lives, now, progress)
    return World(tickets, questions, treasury, inbox, stage.refusals)


def _colleagues(stage: Stage, settings: Settings) -> None:
    """More colleagues than `make up` has, so that each unit has some; all have one password."""
    everybody = {**COLLEAGUES, **MORE_COLLEAGUES}
    password = settings.get("DEMO_PASSWORD")
    with stage.services["ticketing"].store.transaction() as tx:
        for username, (name, role, unit) in everybody.items():
            staff.put(tx.conn, Colleague(username, name, role, unit), password)


def _mark(databases: Mapping[str, str], size: Size, *, done: bool) -> None:
    def note(conn: Connection) -> None:
        note_command(conn, COMMAND, done=done, **size._asdict())

    _of(databases["ticketing"], note)
