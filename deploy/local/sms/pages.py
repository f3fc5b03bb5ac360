"""The played telephones; each page says, large, that it is played."""

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape

from deploy.local.bank.pages import page
from deploy.local.sms.state import LINES, SmsMessage
from iran.persian import TEHRAN, jalali

PLAYED = (
    '<p class="played">این گوشی بازی است؛ هیچ پیامکی به مخابرات نمی‌رود. '
    '<span lang="en">This telephone is played: no message leaves this machine.</span></p>'
    "<style>ol{list-style:none;padding:0}li{background:#fff;border:1px solid #ccc;"
    "border-radius:.8rem;padding:.6rem 1rem;margin:.8rem 0}"
    ".text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0}"
    ".about{font-size:.85rem;color:#555;margin:0}"
    "form{background:#fff;border:1px solid #ccc;border-radius:.8rem;padding:.2rem 1rem 1rem}"
    "textarea{font:inherit;width:100%;box-sizing:border-box}</style>"
)
NAMES = {
    "kavenegar": "کاوه‌نگار",
    "magfa": "مگفا",
    "smsir": "sms.ir",
    "melipayamak": "ملی پیامک",
}
OUTCOMES = {
    "yes": '<p role="status"><b>پیامک رسید.</b> اگر پاسخ یک درخواست است، در همان درخواست است؛ '
    "اگر خط یک دستگاه است، نزد همان دستگاه؛ وگرنه در میز کار، بخش پیامک‌ها.</p>",
    "no": '<p role="alert"><b>پیامک نرسید؛</b> درگاه پاسخ نداد. دوباره بفرستید.</p>',
}
SHOWN = 200


def phones(telephones: Mapping[str, Sequence[SmsMessage]]) -> str:
    """All telephones, the one that got a message last first."""
    rows = "".join(
        f'<li><a href="/phone/{escape(number)}"><bdi dir="ltr">{escape(number)}</bdi></a>'
        f'<p class="about">{len(messages)} پیامک، آخرین {_moment(messages[-1])}</p></li>'
        for number, messages in sorted(telephones.items(), key=lambda row: -row[1][-1].at)[:SHOWN]
    )
    body = f"<ol>{rows}</ol>" if rows else _nothing()
    return page("گوشی‌ها (بازی)", body + _form("09900000001"), PLAYED)


def phone(number: str, messages: Sequence[SmsMessage], outcome: str = "") -> str:
    """What one telephone got, newest first, and a text to send; ``outcome`` of the last one is
    "yes", "no" or empty.
    """
    rows = "".join(
        f'<li><p class="text" dir="auto">{escape(message.body)}</p>'
        f'<p class="about">{NAMES[message.provider]}، {_line(message)} '
        f'<bdi dir="ltr">{escape(message.line)}</bdi>، {_moment(message)}</p></li>'
        for message in list(reversed(messages))[:SHOWN]
    )
    back = '<p><a href="/phone">همه گوشی‌ها</a></p>'
    body = f"<ol>{rows}</ol>" if rows else _nothing()
    line = messages[-1].line if messages else LINES["kavenegar"][0]
    form = OUTCOMES.get(outcome, "") + _form(number, line)
    return page(f"گوشی {escape(number)} (بازی)", body + form + back, PLAYED)


def _form(number: str, line: str = LINES["kavenegar"][0]) -> str:
    """A text from a telephone to a line, by default the one that wrote to it last."""
    lines = "".join(f'<option value="{line}">' for pair in LINES.values() for line in pair)
    return (
        '<form method="post" action="/phone"><h2>پیامک به ما</h2>'
        f'<label>از <input name="from" dir="ltr" required value="{escape(number)}"></label>'
        f'<label>به خط <input name="to" dir="ltr" required list="lines" value="{escape(line)}">'
        f'</label><datalist id="lines">{lines}</datalist>'
        '<label>متن <textarea name="message" rows="3" dir="auto" required></textarea></label>'
        "<button>فرستادن</button></form>"
    )


def _nothing() -> str:
    return "<p>هنوز پیامکی نرسیده است.</p>"


def _line(message: SmsMessage) -> str:
    return "خط تبلیغاتی" if message.line == LINES[message.provider][1] else "خط خدماتی"


def _moment(message: SmsMessage) -> str:
    at = dt.datetime.fromtimestamp(message.at, TEHRAN)
    return f'<bdi dir="ltr">{jalali(at.date())} {at:%H:%M:%S}</bdi>'
