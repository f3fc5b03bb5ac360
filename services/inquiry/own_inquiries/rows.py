"""Rows of own inquiries."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.sql.elements import ColumnElement

from bus.messages.values import Json
from services.inquiry.domain.own_inquiry import OwnState
from services.inquiry.tables import OWN_INQUIRIES


@dataclass(frozen=True, slots=True)
class OwnRow:
    """An own inquiry as it is kept; ``key`` and ``mobile`` are emptied when it has ended."""

    code: str
    secret_hash: bytes
    key_kind: str
    key: str | None
    file_no: str
    asked_at: dt.datetime
    state: OwnState
    bill: str | None
    bill_version: int | None
    bill_shown: Json | None
    tracking_code: str | None
    mobile: str | None
    language: str


_ROWS = select(*(OWN_INQUIRIES.c[name] for name in OwnRow.__dataclass_fields__))


def own_row(
    conn: Connection, code: str, *conditions: ColumnElement[bool], lock: bool = False
) -> OwnRow | None:
    """Read the own inquiry of a code; None if there is none, or a condition does not hold."""
    statement = _ROWS.where(OWN_INQUIRIES.c.code == code, *conditions)
    row = conn.execute(statement.with_for_update() if lock else statement).one_or_none()
    return OwnRow(*row) if row else None
