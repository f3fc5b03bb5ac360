"""The record of commands that changed something: which, when, and who ran it on the machine."""

from sqlalchemy import Connection, insert

from bus.database.tables import COMMANDS_RUN
from bus.process.machine_user import user_at_machine


def note_command(conn: Connection, command: str, **details: str | int | bool | None) -> None:
    """Writes a command down in the transaction of what it changes; secrets are no details."""
    conn.execute(
        insert(COMMANDS_RUN).values(run_by=user_at_machine(), command=command, details=details)
    )
