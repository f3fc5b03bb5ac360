"""Whether the sender of a message still has the right to it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from contracts.notify.bulk import START_JOB
from contracts.notify.messages import SEND
from members.rights import Members, Sender

API_KEY_REVOKED = "api_key.revoked"
# Keys of the Notify API have no other register than our own table.
_REVOKED = text("""
    select k.id::text from api_keys k join api_services s on s.id = k.service
    where k.id::text = any(:keys) and (k.revoked_at is not null or s.archived_at is not null)""")


def right_of(job: object) -> str:
    """The contract for which an agency needs a grant as long as its message waits."""
    return SEND.name if job is None else START_JOB.name


def refusal_of(members: Members, row: Any) -> str:
    """Why the message of a row may not be handed over now; empty if it may."""
    return members.refusal(Sender(row.owner, row.key_id), right_of(row.job))


def of_revoked_api_keys(conn: Connection, rows: Iterable[Any]) -> set[str]:
    """Which of the keys by which messages came are keys of the Notify API that have ended."""
    keys = list({row.key_id for row in rows if row.key_id is not None})
    return set(conn.execute(_REVOKED, {"keys": keys}).scalars()) if keys else set()
