"""The record of commands that changed something: which, when, and who ran it on the machine."""

import orjson
from sqlalchemy import Connection, text

from bus.process.machine_user import user_at_machine


def note_command(conn: Connection, command: str, **details: str | int | bool | None) -> None:
    """Writes a command down in the transaction of what it changes; secrets are no details."""
    conn.execute(
        text(
            "insert into commands_run (run_by, command, details) "
            "values (:run_by, :command, cast(:details as jsonb))"
        ),
        {
            "run_by": user_at_machine(),
            "command": command,
            "details": orjson.dumps(details).decode(),
        },
    )
