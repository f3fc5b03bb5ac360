"""How many e-mails came in and go out, and the rows that chores could not do."""

from sqlalchemy import Connection, Float, Table, cast, func, select

from bus.messages.values import Json
from contracts.ticketing.letters import LETTER_STATES, MAIL_STATES, MailFigures
from services.ticketing.failed_rows import left_alone
from services.ticketing.tables import LETTERS, MAILS


def mail(conn: Connection) -> MailFigures:
    """Count e-mails by state, with the age of the oldest of each; and failed rows by chore."""
    return MailFigures(
        letters=_by_state(conn, LETTERS, "received_at", LETTER_STATES),
        mails=_by_state(conn, MAILS, "made_at", MAIL_STATES),
        chores=tuple(
            {"chore": chore, "failed": count} for chore, count in left_alone(conn).items()
        ),
    )


def _by_state(
    conn: Connection, table: Table, since: str, states: tuple[str, ...]
) -> tuple[Json, ...]:
    """Every state is there; ages in seconds."""
    age = cast(func.extract("epoch", func.now() - func.min(table.c[since])), Float)
    statement = select(table.c.state, func.count(), age).group_by(table.c.state)
    counts = {state: (count, seconds) for state, count, seconds in conn.execute(statement)}
    return tuple(
        {"state": state, "count": count, "oldest_seconds": float(seconds)}
        for state in states
        for count, seconds in [counts.get(state, (0, 0.0))]
    )
