"""What exceptions of an agency's OAuth client are called, what they mean, when they end."""

import datetime as dt
from collections.abc import Iterable

from bus.messages.values import Json
from contracts.agencies.desk import AgencyRow
from iran.persian import tehran_day

SOON_DAYS = 30
# What an OAuth client may do beyond the strict rules: what it is called, and what it means.
EXCEPTIONS = {
    "rs256": (
        "امضای RS256",
        "برنامه دستگاه می‌تواند با امضای قدیمی‌تر RS256 (کلید RSA دست‌کم 2048 بیتی) وارد شود.",
    ),
    "long_assertion": (
        "گواهی‌نامه ورود با عمر بلند",
        "برنامه دستگاه گواهی‌نامه ورود را با اعتبار تا یک ماه می‌سازد؛ میراب هر کدام را تنها"
        " یک بار و تا یک ساعت پس از ساختن می‌پذیرد.",
    ),
    "no_key_id": (
        "نام نبردن از کلید",
        "برنامه دستگاه نمی‌گوید با کدام کلید امضا کرده است؛ همه کلیدهای خود دستگاه آزموده می‌شود.",
    ),
    "any_certificate": (
        "گواهی ثبت‌نشده اتصال",
        "مجوز ورود به هر گواهی که دروازه پذیرفته است بسته می‌شود، گرچه در این دفتر ثبت نشده باشد.",
    ),
}


# What the fields of exceptions and key sets are called in our forms.
CLIENT_FIELDS = {
    "allows": "آنچه اجازه داده می‌شود",
    "exception_until": "پایان استثنا",
    "exception_basis": "چرا لازم است",
    "url": "نشانی کلیدها",
    "key_set_until": "اعتبار نشانی تا",
    "key_set_basis": "مبنا",
    "wait_minutes": "درنگ پیش از پذیرش",
    "key_days": "بیشترین عمر هر کلید",
    "offline_hours": "ماندن هنگام قطعی",
}
# Why a key set was not taken at its last reading.
KEY_SET_FAULTS = {
    "no_host": "نام آن نشانی ندارد.",
    "address": "به شبکه درونی می‌رسد و خوانده نمی‌شود.",
    "tls": "گواهی آن پذیرفتنی نیست.",
    "timeout": "در زمان خود پاسخ نداد.",
    "unreachable": "پاسخ نداد.",
    "url": "نشانی درست نیست.",
    "too_large": "پاسخ آن بیش از اندازه بزرگ است.",
    "no_key_set": "پاسخ آن مجموعه کلید (JWKS) نیست.",
    "too_many": "بیش از ۱۰ کلید دارد.",
    "too_many_new": "در یک روز کلیدهای تازه بسیار دارد؛ از دستگاه بپرسید.",
    "kid_twice": "یک شناسه دو بار در آن آمده است.",
    "key_twice": "یک کلید دو بار در آن آمده است.",
    "private_key": "کلید خصوصی در آن آمده است؛ آن کلید پایان یافت. بی‌درنگ به دستگاه خبر دهید.",
}


def key_set_fault(code: str) -> str:
    """Why a key set was not taken, in a sentence."""
    return KEY_SET_FAULTS.get(code) or f"پاسخ آن خوانده نشد ({code})."


def exception_label(code: str) -> str:
    """What an exception of the OAuth client is called, with its code beside."""
    return f"{EXCEPTIONS[code][0]} ({code})" if code in EXCEPTIONS else code


def exception_options() -> list[tuple[str, str]]:
    """The exceptions that can be proposed."""
    return [("", "انتخاب کنید"), *((code, exception_label(code)) for code in EXCEPTIONS)]


def exceptions_in_force(agencies: Iterable[AgencyRow]) -> list[tuple[AgencyRow, Json]]:
    """Each exception in force with its agency, the one that ends first at the top."""
    pairs = [(agency, item) for agency in agencies for item in agency.exceptions]
    today = tehran_day(dt.datetime.now(dt.UTC)).isoformat()
    in_force = [pair for pair in pairs if pair[1]["until"] >= today]
    return sorted(in_force, key=lambda pair: (pair[1]["until"], pair[0].code))


def ends_soon(until: str) -> bool:
    """True for what ends within a month."""
    soon = tehran_day(dt.datetime.now(dt.UTC)) + dt.timedelta(days=SOON_DAYS)
    return until <= soon.isoformat()
