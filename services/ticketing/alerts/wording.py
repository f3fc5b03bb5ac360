"""What an alert and its e-mails say, in the language that was chosen."""

import datetime as dt

from iran.persian import persian_digits, tehran_day
from people.tracking import in_text
from services.ticketing.alerts.matching import ReportRow
from services.ticketing.alerts.rows import AlertRow
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.calendar import day_in_words, moment_in_words
from services.ticketing.domain.moves import WORK
from services.ticketing.domain.reports import alerts
from services.ticketing.domain.reports.civic import Update, title


def describe(context: Context, alert: AlertRow, report: str | None, language: str) -> str:
    """Say what an alert is about: names of the book and numbers, never what somebody typed."""
    texts = alerts.WORDS[language]
    if alert.report is not None:
        return texts["report"].format(code=in_text(report or "", language))
    parts = [texts[alert.state or "new"]]
    if alert.category:
        parts.append(category_name(context, alert.category, language))
    if alert.county:
        county = context.book.counties.get(alert.county)
        parts.append(county.name(language) if county else alert.county)
    if alert.radius_km is not None:
        parts.append(texts["near"].format(km=number(alert.radius_km, language)))
    return labels.COMMAS[language != "fa"].join(parts)


def report_line(context: Context, report: ReportRow, language: str) -> str:
    """One line of a digest: subject, county, day, how it stands, and its page."""
    texts = alerts.WORDS[language]
    county = context.book.counties.get(report.county)
    parts = [
        category_name(context, report.category, language),
        *([county.name(language)] if county else []),
        day(report.registered_at, language),
        texts["is_open" if report.state in WORK else "is_closed"],
    ]
    line = labels.COMMAS[language != "fa"].join(parts)
    return f"{line}: {context.portal_url}/reports/{report.code}"


def update_line(update: Update, language: str) -> str:
    """One line of what came of a report: the act and its moment, no word of anybody."""
    named = title(update.entry)[language != "fa"]
    return f"{named} ({moment_in_words(update.entry.at, language)})"


def day(moment: dt.datetime, language: str) -> str:
    """The day of a moment (Tehran) as people say it."""
    return day_in_words(tehran_day(moment))[language != "fa"]


def number(count: int, language: str) -> str:
    """A count in the digits of a language."""
    return persian_digits(str(count)) if language == "fa" else str(count)


def category_name(context: Context, code: str, language: str) -> str:
    """The name of a category of the book; one that is gone by its code."""
    category = context.book.categories.get(code)
    return category.name(language) if category else code
