"""The backlog: what waits longer than it should for a chore, counted for the service's health."""

from sqlalchemy import Connection, text

# One statement of three counts; expressions of JSON paths are those of the indexes.
_WAITING = text("""
    select
        (select count(*) from jobs where state = 'CHECKING'
            and submitted_at < now() - interval '1 hour') as waits_for_check,
        (select count(*) from notice_runs r join announcement_updates u on u.id = r.update
            where r.done_at is null and u.at < now() - interval '1 hour') as waits_for_telling,
        (select count(*) from messages where state = 'CREATED'
            and contents #>> '{letter,pdf,sha256}' is not null
            and contents #>> '{letter,scan}' is null
            and created_at < now() - interval '1 hour') as waits_for_scan""")


def counts(conn: Connection) -> dict[str, int]:
    """Jobs that are not checked, announcements not sent to subscribers, letters not scanned."""
    return {name: int(count) for name, count in conn.execute(_WAITING).one()._mapping.items()}
