"""What waits longer than it should for a chore: counted, for somebody to look."""

from sqlalchemy import Connection, text

_WAITING = text("""
    select
        (select count(*) from jobs where state = 'CHECKING'
            and submitted_at < now() - interval '1 hour') as waits_for_check,
        (select count(*) from tellings t join announcement_updates u on u.id = t.update
            where t.done_at is null and u.at < now() - interval '1 hour') as waits_for_telling,
        (select count(*) from messages where state = 'CREATED'
            and contents #>> '{letter,pdf,sha256}' is not null
            and contents #>> '{letter,scan}' is null
            and created_at < now() - interval '1 hour') as waits_for_scan""")


def counts(conn: Connection) -> dict[str, int]:
    """Jobs that are not checked, announcements that are not told of, letters not scanned."""
    return {name: int(count) for name, count in conn.execute(_WAITING).one()._mapping.items()}
