"""Tickets that object to a bill: while one is open nobody is reminded of the bill."""

from sqlalchemy import ColumnElement, Connection, exists, select
from sqlalchemy.dialects.postgresql import insert

from contracts.ticketing.citizens import TicketMoved
from iran.persian import dashed_code
from services.billing.context import Context
from services.billing.tables import BILL_OBJECTIONS, BILLS

# A ticket in one of these waits for us; one that was answered does not.
OPEN_STATES = ("NEW", "OPEN", "PAUSED")


def note(context: Context, event: TicketMoved) -> None:
    """Note whether a ticket objects to a bill now; an event that is older than one that came
    before it changes nothing, and a number that is no bill's is none of ours.
    """
    number = "".join(dashed_code(event.objects_to or "").split())
    bill = context.conn.execute(select(BILLS.c.id).where(BILLS.c.number == number)).scalar()
    if bill is None:
        return
    column = BILL_OBJECTIONS.c
    values = {"version": event.version, "open": event.state in OPEN_STATES}
    statement = insert(BILL_OBJECTIONS).values(bill=bill, ticket=event.ticket, **values)
    context.conn.execute(
        statement.on_conflict_do_update(
            index_elements=["bill", "ticket"], set_=values, where=column.version < event.version
        )
    )


def is_open() -> ColumnElement[bool]:
    """The condition that a ticket objects to a bill of the statement."""
    return exists().where(BILL_OBJECTIONS.c.bill == BILLS.c.id, BILL_OBJECTIONS.c.open)


def of_bills(conn: Connection, bills: list[int]) -> frozenset[int]:
    """Those of these bills that a ticket objects to."""
    column = BILL_OBJECTIONS.c
    statement = select(column.bill).where(column.bill.in_(bills), column.open)
    return frozenset(conn.execute(statement).scalars())
