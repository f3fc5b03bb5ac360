"""The values that fill the texts of notifications in, in the recipient's language."""

from iran.persian import persian_digits
from people.company import company
from people.tracking import in_text
from services.ticketing.context import Context
from services.ticketing.domain.calendar import day_in_words, moment_in_words
from services.ticketing.domain.clock import beyond_calendar
from services.ticketing.domain.ticket import Entry
from services.ticketing.tickets import periods, visits
from services.ticketing.tickets.acts import Case


def values_of(context: Context, case: Case, entry: Entry, language: str) -> dict[str, str]:
    """Return the values for an entry of the log, by the names of the placeholders."""
    appointment = case.ticket.appointment
    office = context.book.offices.get(appointment.office) if appointment else None
    visit = visits.chosen(case)
    days = context.book.after_answer_days
    until = periods.objection_ends(context, case, entry.at)
    if entry.act == "remind":
        days = context.book.silence_days - context.book.remind_days
        until = periods.silence_ends(context, case, entry.at)
    return {
        "code": in_text(case.row.code, language),
        "company": company(language),
        "text": entry.text,
        "unit": context.book.units[case.ticket.unit].name(language),
        "due": _first_response_due(context, case, language) if entry.act == "register" else "",
        "office": office.name(language) if office else "",
        "address": office.address(language) if office else "",
        "time": moment_in_words(visit.starts, language) if visit else "",
        "booked": visits.freed_time(case, visit, language),
        "days": persian_digits(str(days)) if language == "fa" else str(days),
        "until": day_in_words(until)[0 if language == "fa" else 1],
        "clock": "",
        "link": "",
        "desk": f"{context.desk_url}/tickets/{case.row.code}",
    }


def _first_response_due(context: Context, case: Case, language: str) -> str:
    """By when the first answer comes; and if the holidays of that day are not known yet, that."""
    first = next((clock for clock in case.clocks(context) if clock.runs and clock.due), None)
    if first is None or first.due is None:
        return ""
    label = "سررسید نخستین پاسخ: " if language == "fa" else "First response due: "
    line = label + moment_in_words(first.due, language)
    if first.beyond is None:
        return line
    return f"{line}\n{beyond_calendar(first.beyond)[0 if language == 'fa' else 1]}"
