"""Rows of the tariff from draft to in force."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from bus.database.rows import fetch_all, fetch_one
from bus.errors import Conflict, FieldError, NotFound, RuleBroken
from contracts.billing.tariffs import Tariff as TariffMessage
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from services.billing import books, officers
from services.billing.context import Context
from services.billing.domain.book import Book
from services.billing.domain.tariff import TariffState
from services.billing.rows import TariffRow
from services.billing.tables import TARIFFS
from services.billing.tariffs.listing import neighbours


class Draft(NamedTuple):
    """A new row; ``line`` is its line in the file, 0 if it comes from a form."""

    row: TariffMessage
    line: int = 0


def add_drafts(context: Context, drafts: Iterable[Draft]) -> list[int]:
    """Add rows as drafts; their ids. Raises RuleBroken ``field.wrong``, which names the field that
    the book does not know, with the line of the file before it where a row has one.
    """
    book = books.newest(context.conn)
    ids = []
    for draft in drafts:
        _check(book, draft)
        ids.append(_add(context, draft.row))
    return ids


def _add(context: Context, row: TariffMessage) -> int:
    statement = insert(TARIFFS).values(
        service=row.service,
        agency_class=row.agency_class,
        use=row.use,
        area_class=row.area_class,
        season=row.season,
        unit=row.unit,
        amount=row.amount,
        money=row.money,
        vat_class=row.vat_class,
        from_day=dt.date.fromisoformat(row.from_day),
        to_day=dt.date.fromisoformat(row.to_day) if row.to_day else None,
        decree=row.decree,
        drafted_by=context.actor,
        drafted_at=context.now,
    )
    id_: int = context.conn.execute(statement.returning(TARIFFS.c.id)).scalar_one()
    return id_


def _check(book: Book, draft: Draft) -> None:
    """Refuse a service that the book does not know, and a unit of money that is not in force when
    the row begins.
    """
    row = draft.row
    day = dt.date.fromisoformat(row.from_day)
    checks: dict[str, Callable[[], object]] = {
        "service": lambda: book.service(row.service),
        "money": lambda: book.rials_of(row.money, day),
    }
    for field, check in checks.items():
        try:
            check()
        except RuleBroken as error:
            line = draft.line
            name = f"{line}.{field}" if line else field
            raise RuleBroken(
                f"line {line}: {error.message}" if line else error.message,
                code="field.wrong",
                fields=[FieldError(name, error.code, error.message)],
            ) from None


def approve(context: Context, id_: int, *, replaces: int | None = None) -> None:
    """Put a draft in force from its day on. It needs a second officer. Decrees come late, so the
    day may have passed: bills that were issued stay as they are, later ones go by the new row.

    Raises Conflict ``tariff.changed`` if the row before it is not ``replaces`` (0: none) any more,
    Conflict ``tariff.same_day``.
    """
    row = _locked(context.conn, id_, "DRAFT")
    officers.second(context.actor, row.drafted_by)
    if replaces is not None and replaces != _replaced_by(context.conn, row):
        raise Conflict(
            "Another row was approved meanwhile, so this one replaces another; compare them again.",
            code="tariff.changed",
        )
    statement = update(TARIFFS).where(TARIFFS.c.id == id_)
    try:
        with context.conn.begin_nested():
            context.conn.execute(
                statement.values(
                    state="APPROVED", approved_by=context.actor, approved_at=context.now
                )
            )
    except IntegrityError:
        raise Conflict(
            "An approved row for the same classes begins on the same day; draft this one for "
            "another day.",
            code="tariff.same_day",
        ) from None
    _tell(context, row, accepted=True)


def _replaced_by(conn: Connection, row: TariffRow) -> int:
    """The id of the approved row that a draft replaces; 0 if there is none."""
    statement = select(TARIFFS).where(TARIFFS.c.service == row.service)
    earlier, _ = neighbours(fetch_all(conn, TariffRow, statement), row)
    return earlier.id if earlier is not None else 0


def withdraw(context: Context, id_: int, reason: str | None = None) -> None:
    """Take back a draft, or a row whose first day has not come; its drafter is told why. Raises
    RuleBroken ``tariff.in_force``.
    """
    row = _locked(context.conn, id_, "DRAFT", "APPROVED")
    if row.state == "APPROVED" and row.from_day <= context.today:
        raise RuleBroken(
            "This row is in force: it is not taken back. A new row with a later first day takes "
            "its place.",
            code="tariff.in_force",
        )
    context.conn.execute(
        update(TARIFFS)
        .where(TARIFFS.c.id == id_)
        .values(state="WITHDRAWN", withdrawn_by=context.actor, withdrawn_at=context.now)
    )
    _tell(context, row, accepted=False, reason=reason)


def _tell(context: Context, row: TariffRow, *, accepted: bool, reason: str | None = None) -> None:
    """Tell the officer who drafted the row; nobody where a command of the machine did it."""
    if context.tx.envelope is None:
        return
    services = {service.code: service.fa for service in books.newest(context.conn).services}
    outcome = TellProposer(
        proposer=row.drafted_by,
        decider=context.actor,
        matter="tariff",
        number=str(row.id),
        name=f"{row.id}، {services.get(row.service, row.service)}"[:200],
        accepted=accepted,
        why=reason,
    )
    context.tx.send(TELL_PROPOSER, outcome)


def _locked(conn: Connection, id_: int, *states: TariffState) -> TariffRow:
    statement = select(TARIFFS).where(TARIFFS.c.id == id_).with_for_update()
    row = fetch_one(conn, TariffRow, statement)
    if row is None:
        raise NotFound("There is no such tariff row.", code="tariff.not_found")
    if row.state not in states:
        raise RuleBroken(
            f"The row is {row.state}; read the list again.", code="tariff.move", state=row.state
        )
    return row
