"""What a legal hold of the desk protects here: messages and texts of a person, or a matter."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, any_, false, or_, select
from sqlalchemy.dialects.postgresql import insert

from contracts.notify.person_holds import NoteHold
from iran.persian import tehran_day
from services.notify.context import Context
from services.notify.tables import INBOXES, LEGAL_HOLDS

Hash = Column[bytes]
Reference = Column[str]


def note(context: Context, message: NoteHold) -> None:
    """Keep what a hold protects as hashes and references; what is older than what is known counts
    for nothing.
    """
    keys, id_ = context.keys, message.national_id
    receivers = [keys.receiver("sms", mobile) for mobile in message.mobiles]
    receivers += [keys.receiver("email", email) for email in message.emails]
    if id_:
        persons = [keys.hashed("person", mobile, id_) for mobile in message.mobiles]
        codes = select(INBOXES.c.code).where(INBOXES.c.person.in_(persons))
        receivers += [keys.receiver("inbox", code) for code in context.conn.scalars(codes)]
    values = {
        "as_of": dt.datetime.fromisoformat(message.as_of),
        "until": dt.date.fromisoformat(message.until) if message.until else None,
        "receivers": receivers,
        "refs": list(message.references),
    }
    statement = insert(LEGAL_HOLDS).values(number=message.number, **values)
    context.conn.execute(
        statement.on_conflict_do_update(
            index_elements=["number"],
            set_=values,
            where=LEGAL_HOLDS.c.as_of <= statement.excluded.as_of,
        )
    )


@dataclass(frozen=True, slots=True)
class Held:
    """What the holds of today protect, for what no query can compare: hashes of receivers, and
    references.
    """

    receivers: frozenset[bytes]
    references: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.receivers or self.references)


def held(context: Context) -> Held:
    """Return what the holds of today protect."""
    column = LEGAL_HOLDS.c
    query = select(column.receivers, column.refs).where(column.until >= tehran_day(context.now))
    rows = context.conn.execute(query).all()
    return Held(
        receivers=frozenset(bytes(receiver) for row in rows for receiver in row.receivers),
        references=frozenset(reference for row in rows for reference in row.refs),
    )


def is_held(
    context: Context, receiver: Hash, reference: Reference | None = None
) -> ColumnElement[bool]:
    """Return the condition of a row that a hold protects, by its receiver or its reference."""
    column = LEGAL_HOLDS.c
    of_matter = false() if reference is None else reference == any_(column.refs)
    return (
        select(column.number)
        .where(
            column.until >= tehran_day(context.now),
            or_(receiver == any_(column.receivers), of_matter),
        )
        .exists()
    )
