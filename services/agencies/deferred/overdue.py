"""What waits longer than it should for a face: counted, for somebody to look."""

from sqlalchemy import Connection, text

_WAITING = text(
    "select count(*) from calls where due_at is not null and made_at < now() - interval '2 hours'"
)


def counts(conn: Connection) -> dict[str, int]:
    """Calls that are answered later and have not ended, though their hour is over."""
    return {"waits_for_call": int(conn.execute(_WAITING).scalar_one())}
