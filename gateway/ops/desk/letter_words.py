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
}
FIELDS = {"category": "موضوع", "code": "کد رهگیری", "text": "متن"}
_REFUSALS = Refusals(
    away="سامانه اکنون پاسخ نمی‌دهد. نوشته شما پایین مانده است؛ یک دقیقه دیگر دوباره بفرستید.",
    problems={},
    faults=FAULTS | {"choice": "چنین پرونده یا موضوعی نیست؛ دوباره نگاه کنید."},
    fields=FIELDS,
)


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field; what belongs to no field under ``""``."""
    return _REFUSALS.faults_of(error)


def lines_of(_error: BusError) -> list[object]:
    """What is wrong with the lines of a file: no form here takes one."""
    return []
