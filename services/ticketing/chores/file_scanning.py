"""Files of citizens are searched for viruses, and pictures lose their metadata; until then they are
held. Whatever way a file came in by, it opens to nobody before.
"""

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select, update

from bus.blobs import Blob, Blobs
from bus.database.rows import columns, fetch_one
from bus.database.store import Store, Tx
from bus.errors import NotFound
from bus.foreign.clamd import Clamd
from bus.foreign.confined import Unreadable
from bus.foreign.pictures.cleaning import is_picture, without_metadata
from bus.process import log
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain.moves import Act
from services.ticketing.failed_rows import chore
from services.ticketing.notifications import tickets as notifications
from services.ticketing.privacy import holds
from services.ticketing.tables import FILES
from services.ticketing.tickets import acts, views

_log = log.get("chores")
# What is noted in the ticket of a file that stays shut.
_ACTS: dict[str, Act] = {"INFECTED": "infected", "UNREADABLE": "unreadable"}
AT_ONCE, SIDE_BY_SIDE = 8, 4
# So long one run goes on; the next begins a moment later.
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that is to be scanned."""

    id: int
    ticket: int
    seq: int
    sha256: str
    size: int
    type: str
    name: str
    scanned_at: dt.datetime | None


class Judged(NamedTuple):
    """What became of a file: its state, the virus, and where it lies now."""

    state: str
    virus: str | None
    blob: Blob


def scan(store: Store, context_of: Callable[[Tx], Context], scanner: Clamd, blobs: Blobs) -> None:
    """Scan held files; while the scanner is away they stay held.

    A file that is never judged holds back no other; a scanner that is away all. They are taken a
    few at a time, so that what has just come waits for a few others and not for all of them.
    """
    until = time.monotonic() + SECONDS
    while _scan_some(store, context_of, scanner, blobs) == AT_ONCE and time.monotonic() < until:
        pass


def _scan_some(
    store: Store, context_of: Callable[[Tx], Context], scanner: Clamd, blobs: Blobs
) -> int:
    """Scan the held files that came last; how many were tried."""
    scanning = chore(store, "scan_files")
    left = [int(item) for item in scanning.left()]
    statement = (
        select(FILES.c.id)
        .where(FILES.c.state == "HELD", FILES.c.id.not_in(left))
        # Pictures that were kept before all were cleaned wait for what comes in now.
        .order_by(FILES.c.id.desc())
        .limit(AT_ONCE)
    )
    with store.transaction() as tx:
        held = list(tx.conn.execute(statement).scalars())
    if held and not scanner.ping():
        _log.warning("files_stay_held", held=len(held))
        return 0

    def judge(file: int) -> None:
        scanning.work_on([file], lambda id_: _scan(store, context_of, id_, scanner, blobs))

    # A file that takes the scanner long holds up no other.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(judge, held))
    return len(held)


def _scan(
    store: Store,
    context_of: Callable[[Tx], Context],
    id_: int,
    scanner: Clamd,
    blobs: Blobs,
) -> None:
    with store.transaction() as tx:
        statement = select(*columns(FILES, HeldFile)).where(FILES.c.id == id_)
        file = fetch_one(tx.conn, HeldFile, statement)
        kept = file is not None and _is_kept_as_it_is(context_of(tx), file)
    if file is not None:
        _note(store, context_of, file, _judged(file, scanner, blobs, cleans=not kept))


def _is_kept_as_it_is(context: Context, file: HeldFile) -> bool:
    """Tell whether a legal hold protects what colleagues could open already."""
    if file.scanned_at is None:
        return False
    return holds.is_ticket_held(context, file.ticket)


def _judged(file: HeldFile, scanner: Clamd, blobs: Blobs, *, cleans: bool) -> Judged:
    blob = Blob(file.sha256, file.size)
    try:
        with blobs.open(file.sha256) as stream:
            virus = scanner.scan(stream)
        if virus:
            return Judged("INFECTED", virus, blob)
        if cleans and is_picture(file.type):
            blob = blobs.add(without_metadata(blobs.read(file.sha256), file.type))
        return Judged("CLEAN", None, blob)
    except Unreadable:
        return Judged("UNREADABLE", None, blob)
    except NotFound:
        return Judged("GONE", None, blob)


def _note(
    store: Store, context_of: Callable[[Tx], Context], file: HeldFile, judged: Judged
) -> None:
    with store.transaction() as tx:
        tx.conn.execute(
            update(FILES)
            .values(
                state=judged.state,
                found=judged.virus,
                scanned_at=func.now(),
                sha256=judged.blob.sha256,
                size=judged.blob.size,
            )
            .where(FILES.c.id == file.id)
        )
        act = _ACTS.get(judged.state)
        if act is None or (act == "unreadable" and file.scanned_at is not None):
            return
        _tell(context_of(tx), file, act)


def _tell(context: Context, file: HeldFile, act: Act) -> None:
    """Note in the ticket that a file stays shut, and write it to the citizen who sent it."""
    case = acts.load_by_id(context, file.ticket)
    acts.add(context, case, act, by="system", actor=SYSTEM, file=file.id, text=file.name)
    acts.project(context, case)
    # The citizen is told of no file that the citizen does not see: a colleague's note has some.
    if any(entry.seq == file.seq for entry in views.shown_entries(case)):
        notifications.notify_shut_file(context, case, file.name, act)
