"""How far the log is behind: metrics of its chore, and counts for the operators."""

import datetime as dt
import time
from collections.abc import Iterable

from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, text

from bus.errors import BusError
from bus.process import monitor
from bus.process.monitor import WELL, Finding, warn
from services.agencies.receipt_tables import HeadRow
from services.agencies.receipts.heads import LOST, REWRITTEN

LATE = dt.timedelta(minutes=1)
# The last bundles alone, whatever number there is; a head may end within one.
_UNSIGNED = text("""
    select coalesce(sum(least(size, first + size - signed)), 0)
    from (select coalesce(max(size), 0) as signed from receipt_heads) as head,
        lateral (select first, octet_length(hashes) / 32 as size
                 from receipt_bundles
                 where first > signed - 256 and added_at < now() - cast(:late as interval))
            as bundle
    where first + size > signed""")
ADDED = Counter("mirab_receipt_leaves_total", "Leaves that the log of receipts took")
PUT_BACK = Counter(
    "mirab_receipt_leaves_put_back_total",
    "Leaves that the database had lost and that were put back from beside it",
)
SIZE = Gauge("mirab_receipts_signed_size", "Leaves under the newest head that this process signed")
TURNED = Gauge(
    "mirab_receipts_signer_turned_seconds",
    "When the signer last found all signed, in unix time; 0 before its first turn here",
)
REFUSALS = Counter(
    "mirab_receipts_unsigned_total", "Turns of the signer that ended without a head", ["code"]
)
for _code in (LOST, REWRITTEN):
    REFUSALS.labels(_code)
CONTRADICTIONS = Counter(
    "mirab_receipts_contradicted_total",
    "Heads of ours that a witness says do not continue what it saw",
    ["witness"],
)


def turned(row: HeadRow | None) -> None:
    """Note a turn of the signer after which a head covers all leaves."""
    _says(WELL)
    TURNED.set(time.time())
    if row is not None:
        SIZE.set(row.size)


def failed(error: BusError) -> None:
    """Note a turn that signed nothing for a fault; a log that lost leaves shows in the health of
    the part, and so at the board and to the doctor.
    """
    REFUSALS.labels(error.code).inc()
    if error.code == LOST:
        _says(warn("receipts.leaves_lost", error.message))
    elif error.code == REWRITTEN:
        _says(warn("receipts.rewritten", error.message))


def _says(finding: Finding) -> None:
    monitor.watch("receipts", lambda: finding)


def know_witnesses(names: Iterable[str]) -> None:
    """Show each witness's count from the start: an alert is about its growth."""
    for name in names:
        CONTRADICTIONS.labels(name)


def contradicted(witness: str) -> None:
    """Note that a witness contradicted a head."""
    CONTRADICTIONS.labels(witness).inc()


def counts(conn: Connection) -> dict[str, int]:
    """Leaves that no signed head covers although they came more than a minute ago."""
    return {"receipts_unsigned": int(conn.execute(_UNSIGNED, {"late": LATE}).scalar_one())}
