"""Bills, receipts, statements and letters as PDF documents, in Persian or English, on A4.

HTML from templates/documents becomes a PDF by html_to_pdf.py. Digits stay ASCII in the document:
the Persian font shows them as Persian ones, so that IDs and amounts can be copied, searched and
read by machines.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import segno
from barcode.charsets import code128  # type: ignore[import-untyped]
from jinja2 import Environment
from markupsafe import Markup

from bus.errors import NotFound
from bus.messages.values import Json
from contracts.billing.bills import Bill, Payment
from contracts.billing.statements import Statement
from contracts.inquiry.answer import Answer, Status
from contracts.notify.govnotify import ApiMessage
from contracts.notify.promises import SignedReport
from gateway.html import rendering
from gateway.html.amounts import words_en, words_fa
from gateway.html.formats import MONTHS_EN, MONTHS_FA
from gateway.papers.csv_files import with_balance
from iran.persian import fold_digits, tehran_day

STATES = {
    "PAID": ("پرداخت‌شده", "PAID"),
    "WAIVED": ("بخشوده", "WAIVED"),
    "VOID": ("باطل", "VOID"),
    "EXPIRED": ("منقضی", "EXPIRED"),
}
# Ways of paying that have no gateway: paid_by → what a receipt says.
WAYS = {
    "bills": ("بانک، با شناسه قبض و شناسه پرداخت", "A bank, by bill ID and payment ID"),
    "applied": ("مبلغی که پیش‌تر دریافت شده بود", "Money that had been received before"),
}
# The figures of other contexts in the report of a month.
FIGURES = {
    "registered": ("درخواست و شکایت ثبت‌شده", "Requests and complaints registered"),
    "answered": ("از آن، پاسخ‌گرفته", "Of them answered"),
    "on_time": ("از آن، به‌موقع", "Of them on time"),
    "rated_applicant": ("نظر متقاضیان درباره پاسخ استعلام", "Ratings of answers by applicants"),
    "mean_hundredths_applicant": ("میانگین آن، از ۵", "Their mean, of 5"),
    "rated_agency": ("نظر دستگاه‌ها درباره پاسخ استعلام", "Ratings of answers by agencies"),
    "mean_hundredths_agency": ("میانگین آن، از ۵", "Their mean, of 5"),
}
# What a QR code of version 25 holds with error correction M (ISO/IEC 18004, table 7), in bytes.
LONGEST_LINK = 997
SHORT_LINK = 666  # version 20
MONTHS = tuple(zip(MONTHS_FA, MONTHS_EN, strict=True))


# --- documents ----------------------------------------------------------------------------------


def bill(reply: Bill, lang: str, *, portal: str) -> bytes:
    """Return the PDF of a bill.

    ``lang`` is fa or en, ``portal`` the address of the citizens' face without a slash at its end,
    for the QR code.
    """
    return _pdf("bill", lang, bill=reply, link=_link(reply, portal))


def receipt(reply: Payment | Bill, lang: str, *, portal: str) -> bytes:
    """Return the PDF of the receipt of a payment, or of a bill that was paid without a gateway.

    NotFound if it paid nothing.
    """
    payment = reply if isinstance(reply, Payment) else None
    paid = reply.bill if isinstance(reply, Payment) else reply
    if not paid.receipt or (payment and not payment.settled):
        raise NotFound("There is no receipt: this did not pay the bill.", code="http.not_found")
    fa, en = WAYS.get(paid.paid_by or "", (paid.paid_by, paid.paid_by))
    return _pdf(
        "receipt",
        lang,
        bill=paid,
        link=_link(paid, portal),
        psp=payment.psp if payment else {"fa": fa, "en": en},
        rrn=payment.rrn if payment else None,
        card=payment.card if payment else None,
    )


def statement(account: Statement, lang: str, payer: str = "") -> bytes:
    """Return the PDF of a Statement: an agency's account in a Jalali month, row by row, in rials.

    Beside each row stands what was owed after it; ``payer`` is the agency by its name.
    """
    return _pdf("statement", lang, account=account, payer=payer, rows=with_balance(account))


def answer(  # noqa: PLR0913 - what the paper shows, and what proves it
    document: Answer,
    lang: str,
    *,
    company: Json,
    portal: str,
    explain: Callable[[Status], list[str]],
    proof: str = "",
) -> bytes:
    """Return the PDF of the answer to an own inquiry; the address of its QR code verifies it.

    ``company`` is the issuer of its bill, or at least ``name_fa`` and ``name_en``; ``explain``
    gives the sentences of a status. ``proof`` is the answer as a signed text, which the QR code
    then carries; without one, or with one too long, it leads to the verification code.
    """
    link = proof_link(portal, proof) if proof else None
    return _pdf(
        "answer",
        lang,
        answer=document,
        link=link or f"{portal}/v1/verify/{document.verification_code}",
        proves=link is not None,
        is_short=link is not None and len(link.encode()) <= SHORT_LINK,
        company=company,
        portal=portal,
        explain=explain,
    )


def record(
    ticket: Json, lang: str, *, company: str, portal: str, door: str = "/contact/track"
) -> bytes:
    """Return the PDF of what was just registered: its code and secret, who works on it, by when.

    The address of its QR code is the door of follow-up, and carries neither.
    """
    return _pdf("record", lang, ticket=ticket, company=company, link=f"{portal}{door}")


def proof_link(portal: str, proof: str) -> str | None:
    """Return the address that carries a proof behind ``#``, which no browser sends to a server.

    None if it is too long for a QR code of version 25 with error correction M: at 54 mm its modules
    are 0.43 mm, what prints at 150 dots an inch and telephones' cameras still tell apart. One of
    version 20 is as fine at 46 mm.
    """
    link = f"{portal}/verify#{proof}"
    return link if len(link.encode()) <= LONGEST_LINK else None


def promise_report(report: SignedReport, lang: str, *, portal: str) -> bytes:
    """Return the PDF of the report of a month; the address of its QR code has the signed text."""
    link = f"{portal}/promise/{report.month}.jws?edition={report.edition}"
    digest = hashlib.sha256(report.jws.encode()).hexdigest()
    return _pdf("promise", lang, report=report, link=link, digest=digest, names=FIGURES)


def letter(message: ApiMessage) -> bytes:
    """Return the PDF of a letter, its address in the window of a DIN long envelope.

    Its ``html`` was escaped where the values were put in (services/notify/domain/markup.py).
    """
    blocks = Markup(message.html or "")  # noqa: S704 - see above
    written = tehran_day(dt.datetime.fromisoformat(message.created_at)).isoformat()
    return _pdf("letter", message.language, letter=message, blocks=blocks, written=written)


def _link(bill: Bill, portal: str) -> str | None:
    """Return the page of a bill in the portal; None for a bill without IDs, which nobody pays."""
    if not bill.bill_id:
        return None
    return f"{portal}/bills/{bill.bill_id}/{bill.payment_id}"


# --- what templates can do ----------------------------------------------------------------------


def aloud(digits: str) -> list[str]:
    """An ID in groups of three or four digits, as people read it aloud; joined they are the ID.

    >>> aloud("1000234546116")
    ['1000', '234', '546', '116']
    """
    count = -(-len(digits) // 4)
    size, longer = divmod(len(digits), count)
    ends = [size * i + min(i, longer) for i in range(count + 1)]
    return [digits[a:b] for a, b in pairwise(ends)]


def bars(digits: str) -> Markup:
    """Code 128 (ISO/IEC 15417) in set C of an even number of digits, as an SVG one unit high.

    The table is python-barcode's, its encoder is not used: it drops ``99`` at the beginning.
    """
    values = [int(digits[i : i + 2]) for i in range(0, len(digits), 2)]
    start = code128.START_CODES["C"]
    check = (start + sum(place * value for place, value in enumerate(values, 1))) % 103
    modules = "".join(code128.CODES[value] for value in (start, *values, check))
    modules += code128.STOP + "11"
    quiet = 10
    path = "".join(f"M{quiet + i} 0h1v1h-1z" for i, dark in enumerate(modules) if dark == "1")
    return Markup(
        '<svg class="bars" role="img" aria-label="{0}" viewBox="0 0 {1} 1" '
        'preserveAspectRatio="none"><path d="{2}"/></svg>'
    ).format(digits, len(modules) + 2 * quiet, path)


def qr(text: str, error: str = "q") -> Markup:
    """A QR code (ISO/IEC 18004) with its quiet zone, as an SVG.

    A quarter of it may be damaged; with ``error`` "m" 15 of 100, where the text is long.
    """
    code = segno.make(text, error=error, micro=False, boost_error=False)
    rows = (
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix_iter(border=4))
        for x, dark in enumerate(row)
        if dark
    )
    return Markup(
        '<svg class="qr" role="img" aria-label="{0}" viewBox="0 0 {1} {1}"><path d="{2}"/></svg>'
    ).format(text, code.symbol_size(border=4)[0], "".join(rows))


def _shown(value: object) -> object:
    """What a template prints: texts with ASCII digits, since the font shows them as Persian."""
    if value is None:
        return ""
    return fold_digits(value) if type(value) is str else value


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """The pages' environment, with what documents need beside."""
    own = rendering.templates.overlay(finalize=_shown)
    own.filters = {**own.filters, "aloud": aloud, "rials": "{:,}".format}
    own.globals = {
        **own.globals,
        "bars": bars,
        "qr": qr,
        "states": STATES,
        "months": MONTHS,
        "words_fa": words_fa,
        "words_en": words_en,
    }
    return own


def _pdf(template: str, lang: str, **values: object) -> bytes:
    """The PDF of a template."""
    from gateway.papers import html_to_pdf  # half a second: for who prints, not for each start

    index = 1 if lang == "en" else 0

    def t(fa: str, en: str) -> str:
        return en if index else fa

    html = (
        _templates()
        .get_template(f"documents/{template}.html")
        .render(
            lang="en" if index else "fa",
            index=index,
            t=t,
            words=words_en if index else words_fa,
            **values,
        )
    )
    return html_to_pdf.make_pdf(html)
