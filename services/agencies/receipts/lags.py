"""How far the log is behind: metrics of its chore, and counts for the operators."""

import datetime as dt
import time

from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, func, select

from services.agencies.receipt_tables import RECEIPT_HEADS, RECEIPT_LEAVES, HeadRow
from services.agencies.receipts.heads import LOST, REWRITTEN

LATE = dt.timedelta(minutes=1)
ADDED = Counter("mirab_receipt_leaves_total", "Leaves that the log of receipts took")
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


def turned(row: HeadRow | None) -> None:
    """Note a turn of the signer after which a head covers all leaves."""
    TURNED.set(time.time())
    if row is not None:
        SIZE.set(row.size)


def failed(code: str) -> None:
    """Note a turn that signed nothing for a fault."""
    REFUSALS.labels(code).inc()


def counts(conn: Connection) -> dict[str, int]:
    """Leaves that no signed head covers although they came more than a minute ago."""
    signed = select(func.coalesce(func.max(RECEIPT_HEADS.c.size), 0)).scalar_subquery()
    late = (RECEIPT_LEAVES.c.index >= signed) & (RECEIPT_LEAVES.c.added_at < func.now() - LATE)
    statement = select(func.count()).select_from(RECEIPT_LEAVES).where(late)
    return {"receipts_unsigned": int(conn.execute(statement).scalar_one())}
