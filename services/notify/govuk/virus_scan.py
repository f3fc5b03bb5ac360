"""PDFs of agencies are searched for viruses before the printer sees them.

While the scanner is away they wait; what it finds ends the letter, and its PDF is kept no longer.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from bus.blobs import Blobs
from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.errors import NotFound
from bus.foreign.clamd import Clamd
from bus.process import log
from services.notify.context import Office
from services.notify.domain.message import State
from services.notify.sending import handovers, settlement

_log = log.get("scanning")
AT_ONCE, SIDE_BY_SIDE = 100, 4
VIRUS, LOST = "letter.virus", "letter.lost"
HELD = """
    state = 'CREATED' and contents #>> '{letter,pdf,sha256}' is not null
    and contents #>> '{letter,scan}' is null"""
_HELD = text(
    f"select id, contents #>> '{{letter,pdf,sha256}}' as sha256 from messages where {HELD} "  # noqa: S608 - ours
    "and not id::text = any(:left) order by created_at limit :most"
)
_CLEAN = text(
    "update messages set contents = jsonb_set(contents, '{letter,scan}', '\"CLEAN\"') "
    "where id = :id and state = 'CREATED'"
)


def scan(
    store: Store, office_of: Callable[[Tx], Office], scanner: Clamd | None, blobs: Blobs
) -> None:
    """Searches all that are held; one that takes long holds up no other."""
    chore = Chore(store, "notify.scan_letter")
    with store.transaction() as tx:
        held = tx.conn.execute(_HELD, {"most": AT_ONCE, "left": []}).all()
    if held and (scanner is None or not scanner.ping()):
        _log.warning("letters stay held", held=len(held))
        return

    if not held or scanner is None:
        return

    def judge(row: Any) -> None:
        found = _found(scanner, blobs, row.sha256)
        with store.transaction() as tx:
            _note(office_of(tx), row, found)
        if found == VIRUS:
            blobs.remove(row.sha256)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(lambda row: chore.work_on([row], judge, lambda each: each.id), held))


def _found(scanner: Clamd, blobs: Blobs, sha256: str) -> str:
    try:
        with blobs.open(sha256) as stream:
            name = scanner.scan(stream)
    except NotFound:
        return LOST
    if name is not None:
        _log.warning("letter_with_virus", found=name)
    return VIRUS if name is not None else ""


def _note(office: Office, row: Any, found: str) -> None:
    message = handovers.message(office, row.id)
    if message.state != State.CREATED:
        return
    if found:
        settlement.end(office, message, State.REJECTED, found, last=True)
    else:
        office.conn.execute(_CLEAN, {"id": row.id})
