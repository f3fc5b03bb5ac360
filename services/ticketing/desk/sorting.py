"""What a ticket is about, put right: kind, category, county, and with them promise and unit."""

from dataclasses import replace

from contracts.ticketing.desk import Acted, Sort
from iran.persian import tehran_day
from services.ticketing.citizens import registration
from services.ticketing.context import Context
from services.ticketing.desk import tickets
from services.ticketing.domain import labels
from services.ticketing.tickets import rows, views, visits
from services.ticketing.tickets.acts import Case


def sort(context: Context, message: Sort) -> Acted:
    """Put right what the ticket is about; the promise is that of the new category on the day on
    which it was registered.

    RuleBroken ``field.wrong`` if the book has no such category, kind or county.
    """
    case = tickets.load(context, "sort", message)
    row = case.row
    chosen = (message.kind, message.category, message.county)
    registration.check_sort(context, *chosen)
    unit = context.book.unit_of(message.category, message.county)
    moves = message.move and unit != case.ticket.unit
    if chosen == (row.kind, row.category, row.county) and not moves:
        return Acted(code=row.code, version=case.ticket.version, state=case.ticket.state)
    if moves:
        visits.settle(context, case, message.visit, context.colleague.username)
    text = "\n".join(part for part in (_difference(context, case, message), message.text) if part)
    _put(context, case, message)
    tickets.add(
        context,
        case,
        "sort",
        text=text,
        kind=message.kind,
        category=message.category,
        county=message.county,
    )
    if moves:
        tickets.add(context, case, "assign", unit=unit)
    return tickets.finish(context, case)


def _put(context: Context, case: Case, message: Sort) -> None:
    day = tehran_day(case.row.registered_at)
    promise = context.book.promise(message.category, message.kind, day)
    stored = registration.stored(promise)
    rows.change_ticket(
        context.conn,
        case.id,
        kind=message.kind,
        category=message.category,
        county=message.county,
        promise=stored,
    )
    case.row = replace(
        case.row,
        kind=message.kind,
        category=message.category,
        county=message.county,
        promise=stored,
    )


def _difference(context: Context, case: Case, message: Sort) -> str:
    """What becomes of what, in the citizen's language."""
    row = case.row
    language = row.language if row.language == "fa" else "en"
    index = 0 if language == "fa" else 1

    def county(code: str) -> str:
        named = views.named(context.book.counties, code)
        return str(named[language]) if named else "—"

    pairs = (
        (labels.KINDS[row.kind][index], labels.KINDS[message.kind][index]),
        (
            str(views.category_of(context, row.category)[language]),
            str(views.category_of(context, message.category)[language]),
        ),
        (county(row.county), county(message.county)),
    )
    return labels.COMMAS[index].join(f"{old} ← {new}" for old, new in pairs if old != new)
