"""The signed report of a month: made once when the month is over, and never changed.

A correction is a further edition with its reason; the earlier ones stay as they were signed.
"""

from sqlalchemy import func, select

from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from bus.messages.message import to_wire
from bus.messages.values import Json
from bus.signatures.answer_key import answer_key
from bus.signatures.keys import SigningKey
from contracts.notify.promises import AskReport, CloseMonth, SignedReport, kept_by_figures
from iran.persian import tehran_day
from services.notify.context import Context
from services.notify.domain.book import in_force
from services.notify.news import months
from services.notify.news.months import Month
from services.notify.news.status import Measured, to_reply
from services.notify.tables import PROMISE_REPORTS

KIND = "mirab-promises+jws"
FIRST = "first"


def _signing_key(context: Context) -> SigningKey:
    """The key by which answers are signed, too. RuleBroken ``report.no_key`` without one."""
    key = answer_key(context.settings, context.now.year)
    if key is None:
        raise RuleBroken(
            "Reports cannot be signed: SIGNING_KEY_FILE is not set for notify.",
            code="report.no_key",
        )
    return key


def close(context: Context, message: CloseMonth) -> SignedReport:
    """Make the first report of a month; the one that is there, if there is one.

    RuleBroken ``report.too_early`` until three days after the month's end.
    """
    month = _settled(context, message.month)
    if _newest(context, message.month):
        return read(context, AskReport(month=message.month))
    return sign(context, _report(context, month, message), "mirab", FIRST)


def measure_again(context: Context, message: CloseMonth) -> Json:
    """What a further edition would say today. RuleBroken ``report.too_early``."""
    return _report(context, _settled(context, message.month), message)


def read(context: Context, message: AskReport) -> SignedReport:
    """Return an edition of a report, by default the newest. NotFound ``report.not_found``."""
    table = PROMISE_REPORTS.c
    query = select(PROMISE_REPORTS).where(table.month == message.month)
    if message.edition:
        query = query.where(table.edition == message.edition)
    row = context.conn.execute(query.order_by(table.edition.desc()).limit(1)).one_or_none()
    if row is None:
        raise _none()
    return SignedReport(
        month=row.month,
        edition=row.edition,
        made_at=instant(row.made_at),
        reason=row.reason,
        jws=row.jws,
        report=row.report,
        key=row.key,
    )


def _none() -> NotFound:
    return NotFound("There is no report of this month.", code="report.not_found")


def _settled(context: Context, name: str) -> Month:
    month = months.month_of(name)
    if not month.is_settled(tehran_day(context.now)):
        raise RuleBroken(
            "The report of a month is made three days after its end.", code="report.too_early"
        )
    return month


def _newest(context: Context, month: str) -> int:
    table = PROMISE_REPORTS.c
    query = select(func.max(table.edition)).where(table.month == month)
    return context.conn.execute(query).scalar() or 0


def sign(context: Context, report: Json, made_by: str, reason: str) -> SignedReport:
    """Sign what was measured as the next edition of its month."""
    month = str(report["month"])
    edition = _newest(context, month) + 1
    key = _signing_key(context)
    says = {**report, "made_at": instant(context.now), "edition": edition, "reason": reason}
    context.conn.execute(
        PROMISE_REPORTS.insert().values(
            month=month,
            edition=edition,
            made_at=context.now,
            made_by=made_by,
            reason=reason,
            report=says,
            jws=key.jws(KIND, says),
            key=key.public.jwk(key.keyid),
        )
    )
    return read(context, AskReport(month=month, edition=edition))


def _report(context: Context, month: Month, message: CloseMonth) -> Json:
    """What the report says: each promise with its words of then, and what others measured."""
    in_force_then = in_force(context.book.promises, month.last)
    by_others = (
        kept_by_figures(to_reply(row, Measured()), month.name, message.figures)
        for row in in_force_then
        if row.figure
    )
    kept = {p.code: to_wire(p) for p in (*months.kept(context, month), *by_others)}
    return {
        "iss": context.portal,
        "month": month.name,
        "first_day": month.first.isoformat(),
        "last_day": month.last.isoformat(),
        "announce_hours_before": round(context.book.announce_before.total_seconds() / 3600),
        "promises": [
            {
                "code": row.code,
                "clause": row.clause,
                "fa": row.fa,
                "en": row.en,
                "how_fa": row.how_fa,
                "how_en": row.how_en,
                "measure": row.measure,
                "target": row.target,
                **kept.get(row.code, {}),
            }
            for row in in_force_then
        ],
        "figures": [to_wire(figure) for figure in message.figures],
    }
