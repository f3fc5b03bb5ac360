"""Persian words of the pages of letters: states, acts that are done, and refusals."""

from bus.errors import BusError
from gateway.ops.staff.refusal_texts import FAULTS
from gateway.ops.staff.refusals import Refusals

STATES = {
    "WAITING": "همه آنچه باید دید",
    "FAILED": "خوانده نشد",
    "FLOOD": "نگه داشته شد",
    "NOBODY": "بدون نشانی فرستنده",
    "NO_UNIT": "نشانی بدون واحد",
    "NO_CATEGORY": "واحد بدون موضوع",
    "POSTMASTER": "به postmaster یا abuse",
    "AUTOMATIC": "نامه خودکار",
    "BOUNCE": "برگشت نامه",
    "RECEIPT": "رسید یا گزارش سامانه",
    "SET_ASIDE": "کنارگذاشته",
    "RECEIVED": "در نوبت رسیدگی",
    "DONE": "بررسی شد",
    "NOTE": "یادداشت در پرونده شد",
    "MESSAGE": "پیام در پرونده شد",
    "TICKET": "پرونده شد",
    "ALL": "همه نامه‌ها",
}
ACTS = {
    "register": "ساختن پرونده",
    "attach": "گذاشتن در پرونده",
    "retry": "بررسی دوباره",
    "finish": "پایان بدون پرونده",
    "source": "دریافت نامه اصلی",
}
DONE = {
    "register": "از نامه پرونده ساخته می‌شود.",
    "attach": "نامه در پرونده گذاشته می‌شود.",
    "retry": "نامه دوباره بررسی می‌شود.",
    "finish": "نامه بررسی‌شده شد.",
    "take_out": "از نامه‌های انتخاب‌شده پرونده ساخته می‌شود؛ مهلت‌ها از رسیدن نامه شمرده می‌شود.",
    "take_out_some": (
        "از نامه‌های انتخاب‌شده پرونده ساخته می‌شود؛ درباره برخی پیش از شما تصمیم گرفته شده بود."
    ),
    "take_out_none": (
        "پرونده‌ای ساخته نشد: درباره همه نامه‌های انتخاب‌شده پیش از شما تصمیم گرفته شده است."
    ),
    "none": "نامه‌ای انتخاب نشده بود؛ کنار نامه‌ها را علامت بزنید.",
    "sender_put": "در فهرست است؛ نامه‌های تازه این فرستنده کنار گذاشته می‌شود.",
    "sender_end": "پایان یافت؛ نامه‌های تازه این فرستنده دوباره پرونده می‌شود.",
}
# Why the letters of a sender are set aside.
REASONS = {
    "advertising": "تبلیغ",
    "fraud": "فریب یا بدافزار",
    "abuse": "آزار",
    "machine": "نامه‌های یک سامانه",
    "other": "دلیل دیگر",
}
FIELDS = {
    "category": "موضوع",
    "code": "کد رهگیری",
    "text": "متن",
    "sender": "فرستنده",
    "reason": "چرا",
    "days": "چند روز",
}
_REFUSALS = Refusals(
    away="سامانه اکنون پاسخ نمی‌دهد. نوشته شما پایین مانده است؛ یک دقیقه دیگر دوباره بفرستید.",
    problems={"set_aside.not_found": "چنین ردیفی نیست؛ صفحه را تازه کنید."},
    faults=FAULTS
    | {
        "choice": "چنین پرونده یا موضوعی نیست؛ دوباره نگاه کنید.",
        "own": "این نشانی یا دامنه خود سازمان است و کنار گذاشته نمی‌شود.",
        "public": "هر کسی شاید در این دامنه نشانی داشته باشد؛ همان یک نشانی را بنویسید.",
        "supervisor": "یک دامنه را تنها ناظر کنار می‌گذارد؛ نشانی کامل را بنویسید.",
        "known": "این فرستنده اکنون در فهرست است؛ برای زمان دیگر، نخست ردیف کنونی را پایان دهید.",
        "full": "این فهرست پر است؛ نخست ردیف‌هایی را پایان دهید.",
    },
    fields=FIELDS,
)


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field; what belongs to no field under ``""``."""
    return _REFUSALS.faults_of(error)


def lines_of(_error: BusError) -> list[object]:
    """What is wrong with the lines of a file: no form here takes one."""
    return []
