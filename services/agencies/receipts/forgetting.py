"""What the log gives up in time: what opens old leaves, and old heads that bind nobody else."""

import datetime as dt

from sqlalchemy import Connection, text

from people import retention

KEEP = retention.span("receipts")
KEEP_HEADS = dt.timedelta(days=30)
AT_ONCE = 20_000  # bundles
_DESTROY = text("""
    update receipt_bundles set openings = '' where first = any(array(
        select first from receipt_bundles where added_at < :before and openings <> ''
        limit :most))""")
# A head with a time stamp or the line of a witness is kept, and so is the newest.
_FORGET_HEADS = text("""
    delete from receipt_heads where signed_at < :before and stamp is null
        and note not like '%— %— %' and size < (select max(size) from receipt_heads)""")


def forget(conn: Connection, now: dt.datetime) -> bool:
    """Destroy what opens leaves whose time is over, so many at once; True if there may be more.
    Heads that only we signed are deleted after thirty days: any newer one proves the same.
    """
    conn.execute(_FORGET_HEADS, {"before": now - KEEP_HEADS})
    destroyed = conn.execute(_DESTROY, {"before": now - KEEP, "most": AT_ONCE}).rowcount
    return destroyed == AT_ONCE
