"""The played telephones; each page says, large, that it is played."""

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape

from deploy.local.bank_pages import page
from deploy.local.sms_state import LINES, Taken
from iran.persian import TEHRAN, jalali

PLAYED = (
    '<p class="played">این گوشی بازی است؛ هیچ پیامکی به مخابرات نمی‌رود. '
    '<span lang="en">This telephone is played: no message leaves this machine.</span></p>'
    "<style>ol{list-style:none;padding:0}li{background:#fff;border:1px solid #ccc;"
    "border-radius:.8rem;padding:.6rem 1rem;margin:.8rem 0}"
    ".text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0}"
    ".about{font-size:.85rem;color:#555;margin:0}</style>"
)
NAMES = {
    "kavenegar": "کاوه‌نگار",
    "magfa": "مگفا",
    "smsir": "sms.ir",
    "melipayamak": "ملی پیامک",
}
SHOWN = 200


def phones(told: Mapping[str, Sequence[Taken]]) -> str:
    """All telephones, the one that got a message last first."""
    rows = "".join(
        f'<li><a href="/phone/{escape(number)}"><bdi dir="ltr">{escape(number)}</bdi></a>'
        f'<p class="about">{len(taken)} پیامک، آخرین {_moment(taken[-1])}</p></li>'
        for number, taken in sorted(told.items(), key=lambda row: -row[1][-1].at)[:SHOWN]
    )
    return page("گوشی‌ها (بازی)", f"<ol>{rows}</ol>" if rows else _nothing(), PLAYED)


def phone(number: str, told: Sequence[Taken]) -> str:
    """What one telephone got, newest first."""
    rows = "".join(
        f'<li><p class="text" dir="auto">{escape(taken.body)}</p>'
        f'<p class="about">{NAMES[taken.provider]}، {_line(taken)} '
        f'<bdi dir="ltr">{escape(taken.line)}</bdi>، {_moment(taken)}</p></li>'
        for taken in list(reversed(told))[:SHOWN]
    )
    back = '<p><a href="/phone">همه گوشی‌ها</a></p>'
    body = f"<ol>{rows}</ol>" if rows else _nothing()
    return page(f"گوشی {escape(number)} (بازی)", body + back, PLAYED)


def _nothing() -> str:
    return "<p>هنوز پیامکی نرسیده است.</p>"


def _line(taken: Taken) -> str:
    return "خط تبلیغاتی" if taken.line == LINES[taken.provider][1] else "خط خدماتی"


def _moment(taken: Taken) -> str:
    at = dt.datetime.fromtimestamp(taken.at, TEHRAN)
    return f'<bdi dir="ltr">{jalali(at.date())} {at:%H:%M:%S}</bdi>'
