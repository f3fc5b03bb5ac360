"""Rows of messages."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import NotFound
from services.notify.context import uuid_of


def message_of(conn: Connection, id_: str, owner: str | None = None, *, lock: bool = False) -> Any:
    """The message of that ID; with ``owner``, only one of his. NotFound ``message.not_found``."""
    row = conn.execute(
        text(
            "select * from messages where id = :id and "  # noqa: S608 - made of constants
            "(cast(:owner as text) is null or owner = :owner)" + (" for update" if lock else "")
        ),
        {"id": uuid_of(id_), "owner": owner},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such message; compare its ID.", code="message.not_found")
    return row


ADDRESSES = {"sms": "mobile", "email": "email", "inbox": "inbox", "letter": "address"}


def address_of(receiver: Mapping[str, Any], channel: str) -> str | None:
    """The address of a receiver in a channel as one text, by which it is hashed; None if there is
    none.
    """
    address = receiver.get(ADDRESSES[channel])
    if not address:
        return None
    return "\n".join(address) if channel == "letter" else str(address)
