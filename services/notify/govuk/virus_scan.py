"""PDFs of agencies are scanned for viruses before the printer sees them.

While the scanner is away they wait; a virus ends the letter, and its PDF is deleted.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, update

from bus.blobs import Blobs
from bus.database.chores import Chore
from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.errors import NotFound
from bus.foreign.clamd import Clamd
from bus.process import log
from services.notify.context import Context, ContextOf
from services.notify.domain.message import MessageState
from services.notify.govuk.letters import PDF_SHA256, SCAN
from services.notify.sending import handovers, settlement
from services.notify.tables import MESSAGES

_log = log.get("scanning")
AT_ONCE, SIDE_BY_SIDE = 100, 4
VIRUS, LOST = "letter.virus", "letter.lost"


@dataclass(frozen=True, slots=True)
class HeldLetter:
    """A letter that waits for the scanner, and the hash of its PDF."""

    id: UUID
    sha256: str


def scan(store: Store, context_of: ContextOf, scanner: Clamd | None, blobs: Blobs) -> None:
    """Scan all letters that are held; one that takes long holds up no other."""
    query = (
        select(MESSAGES.c.id, PDF_SHA256.label("sha256"))
        .where(
            MESSAGES.c.state == MessageState.CREATED.value,
            PDF_SHA256.is_not(None),
            SCAN.is_(None),
        )
        .order_by(MESSAGES.c.created_at)
        .limit(AT_ONCE)
    )
    with store.transaction() as tx:
        held = fetch_all(tx.conn, HeldLetter, query)
    if held and (scanner is None or not scanner.ping()):
        _log.warning("scanner_unavailable", held=len(held))
        return
    if not held or scanner is None:
        return
    chore = Chore(store, "notify.scan_letter")

    def judge(row: HeldLetter) -> None:
        problem = _problem(scanner, blobs, row.sha256)
        with store.transaction() as tx:
            _note(context_of(tx), row, problem)
        if problem == VIRUS:
            blobs.remove(row.sha256)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(lambda row: chore.work_on([row], judge, lambda letter: letter.id), held))


def _problem(scanner: Clamd, blobs: Blobs, sha256: str) -> str:
    try:
        with blobs.open(sha256) as stream:
            name = scanner.scan(stream)
    except NotFound:
        return LOST
    if name is not None:
        _log.warning("letter_with_virus", found=name)
    return VIRUS if name is not None else ""


def _note(context: Context, row: HeldLetter, problem: str) -> None:
    message = handovers.lock_message(context, row.id)
    if message.state != MessageState.CREATED:
        return
    if problem:
        settlement.end(context, message, MessageState.REJECTED, problem, last=True)
        return
    clean = func.jsonb_set(MESSAGES.c.contents, ["letter", "scan"], text("""'"CLEAN"'"""))
    context.conn.execute(update(MESSAGES).where(MESSAGES.c.id == row.id).values(contents=clean))
