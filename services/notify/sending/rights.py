"""Whether the sender of a message still has the right to it."""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import Connection, String, cast, or_, select

from contracts.notify.bulk import START_JOB
from contracts.notify.messages import SEND
from members.rights import Members, Sender
from services.notify.tables import API_KEYS, API_SERVICES

API_KEY_REVOKED = "api_key.revoked"


class Sent(Protocol):
    """What of a message's row says by which right it was sent."""

    @property
    def owner(self) -> str:
        """Its sender."""

    @property
    def key_id(self) -> str | None:
        """The key by which it was sent."""

    @property
    def job(self) -> int | None:
        """The bulk job that it belongs to."""


def right_of(job: int | None) -> str:
    """The contract for which an agency needs a grant as long as its message waits."""
    return SEND.name if job is None else START_JOB.name


def refusal_of(members: Members, row: Sent) -> str:
    """The code of the refusal to hand a message over now; empty if it may be."""
    return members.refusal(Sender(row.owner, row.key_id), right_of(row.job))


def revoked_api_keys(conn: Connection, rows: Iterable[Sent]) -> set[str]:
    """The keys by which messages came that are keys of the Notify API which have ended: those have
    no other register than our own table.
    """
    keys = list({row.key_id for row in rows if row.key_id is not None})
    if not keys:
        return set()
    id_ = cast(API_KEYS.c.id, String)
    query = select(id_).join(API_SERVICES, API_SERVICES.c.id == API_KEYS.c.service)
    ended = or_(API_KEYS.c.revoked_at.is_not(None), API_SERVICES.c.archived_at.is_not(None))
    return set(conn.execute(query.where(id_.in_(keys), ended)).scalars())
