"""Prepared texts of a ticket: the values of their places, in the citizen's language."""

from iran.collation import collation_key
from iran.persian import tehran_day
from people.tracking import in_text
from services.ticketing.context import Context
from services.ticketing.domain import prepared
from services.ticketing.domain.calendar import day_in_words, moment_in_words
from services.ticketing.domain.prepared import PreparedText
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.refusals import field_refusal

# Who is addressed where the name is not known, or not seen by the colleague.
NOBODY_NAMED = ("شهروند گرامی", "citizen")


def fill(context: Context, case: Case, text: str, name: str = "") -> str:
    """Fill the places of a text in, in the citizen's language; one without a value stays.

    ``name`` is the citizen's, where the colleague may see it; {today}, {registered} and {due} are
    days, the last one that of the result; {visit} is the time that the citizen chose.
    """
    return prepared.fill(text, _values(context, case, name)) if "{" in text else text


def require_filled(context: Context, case: Case, text: str, field: str = "text") -> None:
    """RuleBroken ``field.wrong`` for a text with a place for which the ticket has nothing: it was
    left in a prepared text, and no citizen should read it.
    """
    wanted = prepared.places(text)
    values = _values(context, case, "") if wanted else {}
    empty = sorted(place for place in wanted if not values[place])
    if empty:
        sentence = f"This ticket has nothing for {{{empty[0]}}}; write it yourself or take it out."
        raise field_refusal(field, sentence, "place_empty")


def _values(context: Context, case: Case, name: str) -> dict[str, str]:
    language = case.row.language
    index = 0 if language == "fa" else 1
    book, appointment = context.book, case.ticket.appointment
    category = book.categories.get(case.row.category)
    solution = next((c.due for c in case.clocks(context) if c.name == "solution" and c.due), None)
    days = {"today": context.now, "registered": case.row.registered_at, "due": solution}
    visit = appointment.starts_at if appointment and appointment.state == "BOOKED" else None
    return {
        "name": name or NOBODY_NAMED[index],
        "code": in_text(case.row.code, language),
        "category": category.name(language) if category else "",
        "unit": book.units[case.ticket.unit].name(language),
        "visit": moment_in_words(visit, "fa" if language == "fa" else "en") if visit else "",
        **{key: day_in_words(tehran_day(at))[index] if at else "" for key, at in days.items()},
    }


def listed(context: Context, case: Case) -> list[tuple[PreparedText, bool]]:
    """The prepared texts of the book, those first that are meant for such a ticket most closely,
    by title; with each whether it is meant for it at all.
    """

    def order(text: PreparedText) -> tuple[int, tuple[str, str]]:
        fit = _fit(case, text)
        return (1 if fit is None else -fit, collation_key(text.title_fa))

    texts = sorted(context.book.canned.values(), key=order)
    return [(text, _fit(case, text) is not None) for text in texts]


def _fit(case: Case, text: PreparedText) -> int | None:
    return text.fit(case.row.category, case.ticket.unit, case.ticket.state)
