"""Rows of questions about parcels."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.sql.elements import ColumnElement

from bus.messages.values import Json
from services.inquiry.domain.purposes import Grant
from services.inquiry.tables import PARCEL_QUESTIONS


@dataclass(frozen=True, slots=True)
class ParcelQuestion:
    """A question about a parcel as it is kept; ``grants`` are those of the moment of asking."""

    code: str
    question: str
    agency: str
    on_behalf_of: str | None
    key_id: str | None
    grants: list[Grant] | None
    served_by: str
    parcel_no: str
    purpose: str
    case_number: str | None
    operator: str | None
    asked_at: dt.datetime
    due_at: dt.datetime
    answered_at: dt.datetime | None = None
    file_nos: list[str] | None = None
    problem: str | None = None

    @property
    def caller(self) -> Json:
        """Who asked, as the envelope of the question had it."""
        caller = {"agency": self.agency, "key": self.key_id, "grants": self.grants or []}
        return {**caller, "on_behalf_of": self.on_behalf_of} if self.on_behalf_of else caller


_ROWS = select(*(PARCEL_QUESTIONS.c[name] for name in ParcelQuestion.__dataclass_fields__))


def parcel_question(
    conn: Connection, *conditions: ColumnElement[bool], lock: bool = False
) -> ParcelQuestion | None:
    """Read the question that meets the conditions; None if there is none."""
    statement = _ROWS.where(*conditions)
    row = conn.execute(statement.with_for_update() if lock else statement).one_or_none()
    return ParcelQuestion(*row) if row else None
