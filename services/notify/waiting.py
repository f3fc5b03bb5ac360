"""What waits longer than it should for a chore: counted, for somebody to look."""

from sqlalchemy import Connection, text

_WAITING = text("""
    select
        (select count(*) from jobs where state = 'CHECKING'
            and submitted_at < now() - interval '1 hour') as waits_for_check,
        (select count(*) from tellings t join announcement_updates u on u.id = t.update
            where t.done_at is null and u.at < now() - interval '1 hour') as waits_for_telling""")


def counts(conn: Connection) -> dict[str, int]:
    """Bulk jobs that are not checked, announcements that subscribers are not told of."""
    return {name: int(count) for name, count in conn.execute(_WAITING).one()._mapping.items()}
