"""Failed attempts to open a ticket or an account, counted by a key (a tracking code, a name)."""

import datetime as dt

from sqlalchemy import Connection, text


def note_failure(conn: Connection, code: str, now: dt.datetime) -> int:
    """Counts a failed opening; how many there were in a row."""
    return int(
        conn.execute(
            text(
                "insert into attempts (code, failures, last_at) values (:code, 1, :now) "
                "on conflict (code) do update set last_at = :now, failures = case "
                "when attempts.last_at < cast(:now as timestamptz) - interval '1 day' then 1 "
                "else attempts.failures + 1 end returning failures"
            ),
            {"code": code, "now": now},
        ).scalar_one()
    )


def lock_out(conn: Connection, code: str, until: dt.datetime) -> None:
    conn.execute(
        text("update attempts set locked_until = :until where code = :code"),
        {"code": code, "until": until},
    )


def locked_until(conn: Connection, code: str) -> dt.datetime | None:
    found: dt.datetime | None = conn.execute(
        text("select locked_until from attempts where code = :code"), {"code": code}
    ).scalar()
    return found


def forget_failures(conn: Connection, code: str) -> None:
    conn.execute(text("delete from attempts where code = :code"), {"code": code})
