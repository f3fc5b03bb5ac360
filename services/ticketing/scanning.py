"""Files of citizens are searched for viruses; until then they are held."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Row, text

from bus.blobs import Blobs
from bus.database.store import Store, Tx
from bus.errors import NotFound
from bus.foreign.clamd import Clamd
from bus.process import log
from services.ticketing.failures import Chore
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets.acts import Desk

_log = log.get("chores")
DeskOf = Callable[[Tx], Desk]
AT_ONCE, SIDE_BY_SIDE = 100, 4


def scan(store: Store, desk_of: DeskOf, scanner: Clamd, blobs: Blobs) -> None:
    """Scans held files; while the scanner is away they stay held.

    A file that is never judged holds back no other; a scanner that is away all.
    """
    with store.transaction() as tx:
        held = tx.conn.execute(
            text(
                "select id from files where state = 'HELD' and not exists (select 1 from "
                "chore_failures where chore = 'scan_files' and item = files.id and tries >= 3 "
                "and at > now() - interval '1 hour') order by id limit :n"
            ),
            {"n": AT_ONCE},
        ).all()
    if held and not scanner.ping():
        _log.warning("files stay held", held=len(held))
        return
    chore = Chore(store, "scan_files")

    def judge(file: Row[Any]) -> None:
        chore.work_on([file.id], lambda id_: _scan(store, desk_of, id_, scanner, blobs))

    # A file that takes the scanner long holds up no other.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(judge, held))


def _scan(store: Store, desk_of: DeskOf, id_: int, scanner: Clamd, blobs: Blobs) -> None:
    with store.transaction() as tx:
        file = tx.conn.execute(
            text("select id, ticket, sha256, name from files where id = :id"), {"id": id_}
        ).one()
    try:
        with blobs.open(file.sha256) as stream:
            found = scanner.scan(stream)
        state = "INFECTED" if found else "CLEAN"
    except NotFound:
        found, state = None, "GONE"
    _note_scan(store, desk_of, file, state, found)


def _note_scan(
    store: Store, desk_of: DeskOf, file: Row[Any], state: str, found: str | None
) -> None:
    with store.transaction() as tx:
        tx.conn.execute(
            text("update files set state = :s, found = :f, scanned_at = now() where id = :id"),
            {"s": state, "f": found, "id": file.id},
        )
        if state == "INFECTED":
            desk = desk_of(tx)
            case = acting.take(desk, id=file.ticket)
            acting.add(
                desk, case, "infected", by="system", actor="mirab", file=file.id, text=file.name
            )
            acting.project(desk, case)
            notices.tell_infected(desk, case, file.name)
