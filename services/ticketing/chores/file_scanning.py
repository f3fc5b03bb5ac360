"""Files of citizens are searched for viruses; until then they are held."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from sqlalchemy import func, select, update

from bus.blobs import Blobs
from bus.database.rows import fetch_one
from bus.database.store import Store, Tx
from bus.errors import NotFound
from bus.foreign.clamd import Clamd
from bus.process import log
from services.ticketing.context import SYSTEM, Context
from services.ticketing.failed_rows import chore
from services.ticketing.notifications import tickets as notifications
from services.ticketing.tables import FILES
from services.ticketing.tickets import acts, views

_log = log.get("chores")
AT_ONCE, SIDE_BY_SIDE = 100, 4


class HeldFile(NamedTuple):
    """A file that is to be scanned."""

    id: int
    ticket: int
    seq: int
    sha256: str
    name: str


def scan(store: Store, context_of: Callable[[Tx], Context], scanner: Clamd, blobs: Blobs) -> None:
    """Scan held files; while the scanner is away they stay held.

    A file that is never judged holds back no other; a scanner that is away all.
    """
    scanning = chore(store, "scan_files")
    left = [int(item) for item in scanning.left()]
    statement = (
        select(FILES.c.id)
        .where(FILES.c.state == "HELD", FILES.c.id.not_in(left))
        .order_by(FILES.c.id)
        .limit(AT_ONCE)
    )
    with store.transaction() as tx:
        held = list(tx.conn.execute(statement).scalars())
    if held and not scanner.ping():
        _log.warning("files_stay_held", held=len(held))
        return

    def judge(file: int) -> None:
        scanning.work_on([file], lambda id_: _scan(store, context_of, id_, scanner, blobs))

    # A file that takes the scanner long holds up no other.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(judge, held))


def _scan(
    store: Store,
    context_of: Callable[[Tx], Context],
    id_: int,
    scanner: Clamd,
    blobs: Blobs,
) -> None:
    statement = select(FILES.c.id, FILES.c.ticket, FILES.c.seq, FILES.c.sha256, FILES.c.name)
    with store.transaction() as tx:
        file = fetch_one(tx.conn, HeldFile, statement.where(FILES.c.id == id_))
    if file is None:
        return
    virus = None
    try:
        with blobs.open(file.sha256) as stream:
            virus = scanner.scan(stream)
        state = "INFECTED" if virus else "CLEAN"
    except NotFound:
        state = "GONE"
    _note(store, context_of, file, state, virus)


def _note(
    store: Store,
    context_of: Callable[[Tx], Context],
    file: HeldFile,
    state: str,
    virus: str | None,
) -> None:
    with store.transaction() as tx:
        tx.conn.execute(
            update(FILES)
            .values(state=state, found=virus, scanned_at=func.now())
            .where(FILES.c.id == file.id)
        )
        if state != "INFECTED":
            return
        context = context_of(tx)
        case = acts.load_by_id(context, file.ticket)
        acts.add(
            context,
            case,
            "infected",
            by="system",
            actor=SYSTEM,
            file=file.id,
            text=file.name,
        )
        acts.project(context, case)
        # The citizen is told of no file that the citizen does not see: a colleague's note has some.
        if any(entry.seq == file.seq for entry in views.shown_entries(case)):
            notifications.notify_infected(context, case, file.name)
