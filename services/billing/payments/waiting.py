"""What waits longer than it should for a bank: counted, for somebody to look."""

from sqlalchemy import Connection, text

_WAITING = text("""
    select count(*) from payments
    where state in ('RETURNED', 'UNKNOWN', 'VERIFYING', 'VERIFIED', 'REVERSING')
    and started_at < now() - interval '6 hours'""")


def counts(conn: Connection) -> dict[str, int]:
    """Payments of which the bank has not said for hours what became of them."""
    return {"waits_for_bank": int(conn.execute(_WAITING).scalar_one())}
