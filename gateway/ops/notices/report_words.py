"""What the desk says of messages that did not arrive: reports of mail servers, letters returned."""

import re

from contracts.notify.editors.email_reports import ShownReport

# Why a message did not arrive, or a row became no message, as the channels say it.
OUTCOMES = {
    "receiver.missing": "نشانی گیرنده نیست",
    "receiver.opted_out": "گیرنده انصراف داده است",
    "receiver.unsubscribed": "گیرنده به پیام‌های این الگو پایان داده است",
    "receiver.cap": "گیرنده در این مدت پیام‌های بسیاری گرفته است",
    "sender.day_limit": "سقف روزانه فرستنده پر است",
    "sender.year_limit": "سقف سالانه فرستنده پر است",
    "provider.refused": "ارائه‌دهنده نپذیرفت",
    "provider.unreachable": "ارائه‌دهنده پاسخ نداد",
    "provider.unreadable": "پاسخ ارائه‌دهنده خوانده نشد",
    "message.cancelled": "لغو شد",
    "job.column_missing": "ستونی کم است",
    "sheet.twice": "سطر تکراری است",
}
# Why the post brought a letter back.
RETURN_REASONS = {
    "unknown": "گیرنده در این نشانی شناخته نشد",
    "moved": "گیرنده از این نشانی رفته است",
    "refused": "گیرنده نامه را نگرفت",
    "unclaimed": "کسی برای گرفتن نامه نیامد",
    "incomplete": "نشانی کامل یا خوانا نیست",
    "deceased": "گیرنده درگذشته است",
    "other": "دلیل دیگر",
}
_RETURNED = "returned."
_NOBODY = "کسی این نشانی را ندارد"
# By the statuses of mail servers (RFC 3463); the first that fits counts.
_STATUSES = (
    (re.compile(r"5\.(1\.(?!7$|8$)\d+|2\.1)|5\.4\.1|55[01]"), _NOBODY),
    (re.compile(r"[45]\.2\.2"), "صندوق گیرنده پر است"),
    (re.compile(r"[45]\.(3\.4|2\.3)"), "پیام برای صندوق گیرنده بزرگ است"),
    (re.compile(r"4\..*"), "سامانه گیرنده تا پایان تلاش‌ها پاسخ نداد"),
    (re.compile(r"5\.7\..*"), "سامانه گیرنده این پیام را به دلیل مقررات خود نپذیرفت"),
    (re.compile(r"5\.4\..*"), "راهی به سامانه گیرنده نیست"),
    (re.compile(r"5\.\d+\.\d+"), "سامانه گیرنده این پیام را برای همیشه نپذیرفت"),
)
NEWS_ENDED = {
    "undeliverable": (
        "به این نشانی دیگر خبری فرستاده نمی‌شود: پیام‌های پیاپی برگشت، زیرا کسی این نشانی را ندارد. "
        "گیرنده با اشتراک تازه آن را برمی‌گرداند."
    ),
    "complaint": (
        "به این نشانی دیگر خبری فرستاده نمی‌شود: گیرنده پیامی را ناخواسته اعلام کرده است. "
        "گیرنده با اشتراک تازه آن را برمی‌گرداند."
    ),
}
PILLS = {"failed": "bad", "refused": "bad", "delayed": "warn", "complaint": "warn"}
LEVELS = {"warn": "باید دید", "critical": "بیش از اندازه"}
LEVEL_PILLS = {"warn": "warn", "critical": "bad"}
DONE = {"returned": "برگشت نامه‌ها ثبت شد و فرستنده آن‌ها آگاه می‌شود."}


def outcome_label(code: str) -> str:
    """Why a message did not arrive, by the code of its end.

    >>> outcome_label("5.2.2"), outcome_label("returned.moved")
    ('صندوق گیرنده پر است', 'گیرنده از این نشانی رفته است')
    """
    if code.startswith(_RETURNED):
        return RETURN_REASONS.get(code.removeprefix(_RETURNED), RETURN_REASONS["other"])
    words = next((text for form, text in _STATUSES if form.fullmatch(code)), None)
    return words or OUTCOMES.get(code, "انجام نشد")


def report_label(report: ShownReport) -> str:
    """What a report says of a message."""
    if report.kind == "complaint":
        return "گیرنده این پیام را ناخواسته اعلام کرده است"
    if report.kind == "delayed":
        return "سامانه‌ای در راه هنوز برای رساندن پیام تلاش می‌کند"
    if report.kind == "refused":
        return f"سامانه پست الکترونیک هنگام تحویل نپذیرفت: {_NOBODY}"
    return f"پیام برگشت: {_NOBODY if report.address_unknown else outcome_label(report.status)}"
