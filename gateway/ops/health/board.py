"""The board: every part with its state, since when, and what is wrong, the gravest first."""

import datetime as dt
from typing import NamedTuple

from bus.process.monitor import Finding, Status
from gateway.ops.health.survey import Since, Survey

STATES = {Status.PASS: "سالم", Status.WARN: "هشدار", Status.FAIL: "ناسالم"}
STYLES = {Status.PASS: "good", Status.WARN: "warn", Status.FAIL: "bad"}
GRAVITY = (Status.FAIL, Status.WARN, Status.PASS)
WORKS = "کار می‌کند."
SENTENCES = {
    "well": WORKS,
    "starting": "در حال آغاز به کار است.",
    "part.down": "اجرا نمی‌شود؛ آن را راه‌اندازی کنید.",
    "part.silent": "پاسخ نمی‌دهد؛ متوقف شده یا زیر بار سنگین است.",
    "part.other": "بخش دیگری در نشانی آن پاسخ می‌دهد؛ WATCHED_PARTS را درست کنید.",
    "part.unreadable": "پاسخ آن خوانده نمی‌شود؛ شاید نسخهٔ دیگری اجرا می‌شود.",
    "loop.stuck": "کاری انجام نمی‌دهد؛ آن را دوباره راه‌اندازی کنید.",
    "loop.ended": "در حال پایان دادن به کار است.",
    "check.hangs": "وضعیت خود را نمی‌تواند بسنجد.",
    "check.failed": "سنجش وضعیت آن ناموفق بود؛ گزارش رویدادها را ببینید.",
    "broker.unreachable": "ارتباط با کارگزار پیام برقرار نیست.",
    "broker.blocked": "کارگزار پیام به سبب کمبود حافظه یا دیسک پیامی نمی‌پذیرد.",
    "agencies.away": "کارگزار پیام دستگاه‌ها پاسخ نمی‌دهد؛ پیام‌های آن‌ها در صف می‌ماند.",
    "broker.rights": "دسترسی‌های کارگزار پیام با دفتر دستگاه‌ها یکسان نشده است.",
    "database.unreachable": "پایگاه داده در دسترس نیست.",
    "database.read_only": "پایگاه داده فقط‌خواندنی است و چیزی ذخیره نمی‌شود.",
    "database.full": "دیسک پایگاه داده پر است و چیزی ذخیره نمی‌شود.",
    "database.locked": "جدولی از پایگاه داده قفل مانده است.",
    "database.busy": "پایگاه داده زیر بار سنگین است یا ردیف‌هایی از آن قفل مانده است.",
    "database.conflict": "تراکنش‌های پایگاه داده با هم برخورد می‌کنند.",
    "database.refused": "پایگاه داده اجازهٔ کار نمی‌دهد؛ مهاجرت‌ها را اجرا کنید.",
    "database.not_migrated": "جدول‌های پایگاه داده ساخته نشده است؛ مهاجرت‌ها را اجرا کنید.",
    "outbox.late": "پیام‌هایی بیش از یک دقیقه در صف ارسال مانده است.",
    "outbox.unknown": "وضعیت صف ارسال معلوم نیست.",
    "folder.full": "پوشهٔ فایل‌ها پر است.",
    "folder.low": "فضای پوشهٔ فایل‌ها رو به پایان است.",
    "folder.unusable": "در پوشهٔ فایل‌ها نمی‌توان نوشت.",
    "mail.away": "سرور پست الکترونیک پاسخ نمی‌دهد؛ نامه‌ها در صف می‌مانند.",
    "mail.refuses": "سرور پست الکترونیک اکنون نامه‌ای نمی‌پذیرد؛ نامه‌ها در صف می‌مانند.",
    "scanner.away": "ویروس‌یاب پاسخ نمی‌دهد؛ فایل‌ها بررسی‌نشده می‌مانند.",
    "call.late": "درخواست امضاشده به‌موقع پاسخ نگرفت.",
    "call.down": "ورودی دستگاه‌ها در دسترس نیست.",
    "call.unreadable": "پاسخ ورودی دستگاه‌ها خوانده نمی‌شود.",
    "service.absent": "این سرویس هنوز به کارگزار پیام وصل نشده است.",
    "deadline.passed": "از راه کارگزار پیام پاسخ نمی‌دهد.",
}
OTHER = "درخواست امضاشده پذیرفته نشد."


class Row(NamedTuple):
    """One line of the board; ``detail`` is the finding's own sentence, for engineers."""

    name: str
    state: str
    style: str
    since: str
    sentence: str
    detail: str


def rows(survey: Survey, since: dict[str, Since]) -> list[Row]:
    """Return a line for each part, for what concerns all, and for each check that fails."""
    shown = [
        check
        for check in survey.checks
        if "." not in check.name or check.finding.status is not Status.PASS
    ]
    shown.sort(key=lambda check: GRAVITY.index(check.finding.status))
    return [row(check.name, check.finding, since[check.name].at) for check in shown]


def row(name: str, finding: Finding, at: dt.datetime) -> Row:
    """Return one line in Persian, with the sentence of the check."""
    return Row(
        name,
        STATES[finding.status],
        STYLES[finding.status],
        at.isoformat(),
        SENTENCES.get(finding.code, OTHER),
        finding.sentence,
    )
