"""Search for bills: by number or source, by ticket, by agency."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from bus.database.rows import fetch_all
from bus.errors import NotFound
from contracts.billing.bills import BillsOf
from iran import bill_ids
from iran.persian import dashed_code, ungrouped_code
from services.billing.bills import repository
from services.billing.rows import BillRow
from services.billing.tables import BILLS

# What a list is sorted by; bills of the same value stand in the order of their ids.
ORDERS = {"number": BILLS.c.id, "total": BILLS.c.total, "due": BILLS.c.due_on}


class Page(NamedTuple):
    """Which page of a list is asked for: after which id, how many, in which state. With an
    ``order`` (a key of ORDERS, a minus before it turns it) ``after`` counts the bills before it.
    """

    after: int
    limit: int
    state: str | None = None
    order: str | None = None


def search(
    conn: Connection,
    page: Page,
    *,
    text: str = "",
    agency: str | None = None,
    overdue_on: dt.date | None = None,
) -> list[BillRow]:
    """Find bills by their number, bill ID, source or file; one more than ``limit`` if there are
    more. With ``overdue_on`` only open bills whose last day was before that day.
    """
    conditions = [] if page.order else [BILLS.c.id > page.after]
    if page.state is not None:
        conditions.append(BILLS.c.state == page.state)
    if agency is not None:
        conditions.append(BILLS.c.agency == agency)
    if overdue_on is not None:
        conditions += [BILLS.c.state == "ISSUED", BILLS.c.due_on < overdue_on]
    if words := "".join(dashed_code(text).split()):
        conditions.append(_named(words))
    statement = select(BILLS).where(*conditions).limit(page.limit + 1)
    if page.order is None:
        return fetch_all(conn, BillRow, statement.order_by(BILLS.c.id))
    column = ORDERS[page.order.removeprefix("-")]
    turned = page.order.startswith("-")
    ordered = (column.desc(), BILLS.c.id.desc()) if turned else (column, BILLS.c.id)
    return fetch_all(conn, BillRow, statement.order_by(*ordered).offset(page.after))


def _named(text: str) -> ColumnElement[bool]:
    """The condition of a bill with this identifier, however it was grouped."""
    bare = ungrouped_code(text)
    digits = bare.lstrip("0")
    return or_(
        *(column == text for column in (BILLS.c.number, BILLS.c.bill_id, BILLS.c.source_ref)),
        BILLS.c.file_no == text,
        BILLS.c.bill_id == digits,
        BILLS.c.source_ref == digits,
        BILLS.c.number == f"{bare[:4]}-{bare[4:]}",
    )


def look_up(conn: Connection, bill_id: str, payment_id: str) -> BillRow:
    """Find the bill of a pair of IDs. NotFound ``bill.not_found`` leaves open which of them is
    wrong.
    """
    pair = bill_ids.read(bill_id, payment_id)
    row = repository.by_bill_id(conn, bill_id.lstrip("0")) if pair else None
    if row is None or row.payment_id != payment_id.lstrip("0"):
        raise NotFound(
            "There is no bill with these two IDs; compare both with the bill.",
            code="bill.not_found",
        )
    return row


def open_of_ticket(conn: Connection, ticket: str, number: str | None) -> list[BillRow]:
    """Find the unpaid bills for a ticket, or with the number that it is about."""
    of_ticket = and_(BILLS.c.source_kind == "ticket", BILLS.c.source_ref == ticket)
    statement = select(BILLS).where(
        BILLS.c.state == "ISSUED", or_(of_ticket, BILLS.c.number == number)
    )
    return fetch_all(conn, BillRow, statement.order_by(BILLS.c.id))


MOST_OWN = 50


def of_person(conn: Connection, request: BillsOf) -> list[BillRow]:
    """Find what is to be paid for these inquiries, requests and files, by the last day.

    A bill of an agency is the agency's. Of a file only what an office issued: the bill of
    somebody's inquiry about it is that person's.
    """
    kind, ref = BILLS.c.source_kind, BILLS.c.source_ref
    statement = select(BILLS).where(
        BILLS.c.state == "ISSUED",
        BILLS.c.agency.is_(None),
        or_(
            and_(kind == "inquiry", ref.in_(request.inquiries)),
            and_(kind == "ticket", ref.in_(request.tickets)),
            and_(kind == "office", BILLS.c.file_no.in_(request.file_nos)),
        ),
    )
    return fetch_all(conn, BillRow, statement.order_by(BILLS.c.due_on, BILLS.c.id).limit(MOST_OWN))


def bills_by_agency(conn: Connection) -> Mapping[str, int]:
    """Count the bills of each agency that was ever billed, by its code."""
    statement = select(BILLS.c.agency, func.count().label("bills")).where(
        BILLS.c.agency.is_not(None)
    )
    rows = conn.execute(statement.group_by(BILLS.c.agency).order_by(BILLS.c.agency))
    return {row.agency: row.bills for row in rows}
