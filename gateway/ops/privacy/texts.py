"""The Persian texts of the pages of holds and of people's data."""

from bus.errors import BusError
from gateway.ops.staff import refusal_texts
from gateway.ops.staff.refusals import Refusals

KINDS = {"export": "نسخه‌ای از داده‌ها", "erase": "حذف داده‌ها"}
STATES = {
    "WISHED": "خواسته خود شخص",
    "PROPOSED": "منتظر نفر دوم",
    "RUNNING": "در دست انجام",
    "DONE": "انجام‌شده",
    "DECLINED": "ردشده",
}
PILLS = {
    "WISHED": ("warn", "inbox"),
    "PROPOSED": ("warn", "clock"),
    "RUNNING": ("info", "clock"),
    "DONE": ("good", "good"),
    "DECLINED": ("neutral", "close"),
}
CONTEXTS = {
    "ticketing": "درخواست‌ها و شکایت‌ها",
    "inquiry": "استعلام‌ها و سابقه پرسش‌ها",
    "notify": "پیام‌ها و اشتراک‌ها",
}
# What stands in the copy of a person's data, and in the report of what was emptied, by its field.
PARTS = {
    "act": "کار",
    "address": "نشانی",
    "agency": "کد دستگاه",
    "agency_en": "نام انگلیسی دستگاه",
    "agency_fa": "دستگاه",
    "alerts": "آگاه‌سازی از گزارش‌های همگانی",
    "asked_about": "چه کسی درباره شما پرسیده است",
    "asked_at": "زمان درخواست",
    "at": "زمان",
    "basis": "مبنا",
    "batch": "از فهرست چند پرسش",
    "bill": "قبض",
    "by": "از سوی",
    "category": "موضوع",
    "channel": "راه ارتباط",
    "code": "کد",
    "confirmed_at": "زمان تأیید",
    "contents": "محتوا",
    "county": "شهرستان",
    "created_at": "زمان ثبت",
    "day": "روز",
    "email": "پست الکترونیک",
    "emptied": "خالی‌شده",
    "en": "به انگلیسی",
    "fa": "عنوان",
    "file_no": "شماره پرونده",
    "files": "پیوست‌ها",
    "files_in_your_name": "پرونده‌های آب به نام شما",
    "first_time": "نخستین بار بود یا نه",
    "inboxes": "صندوق‌های پیام",
    "kept": "می‌ماند",
    "key_kind": "پرسیده‌شده با",
    "kind": "نوع",
    "laws": "قانون‌ها",
    "line": "سرشماره",
    "log": "رویدادها",
    "mended": "پاسخ به اینکه مشکل حل شده است یا نه",
    "messages": "پیام‌ها",
    "news": "خبرها",
    "on_behalf_of": "به نام",
    "outcome": "نتیجه",
    "own": "استعلام خود شما",
    "own_inquiries": "استعلام‌های شما",
    "owner": "فرستنده",
    "parts": "بخش‌های پاسخ",
    "purpose": "هدف",
    "put_at": "زمان نهادن در فهرست",
    "reason": "دلیل",
    "reason_en": "دلیل به انگلیسی",
    "reason_fa": "دلیل",
    "reference": "شماره رویداد",
    "refusal": "دلیل رد",
    "registered_at": "زمان ثبت",
    "sender": "نشانی فرستنده",
    "sessions": "نشست‌ها",
    "set_aside": "فرستنده در فهرست کنارگذاشته‌ها",
    "sources": "شمار منابع آب",
    "state": "وضعیت",
    "subscriptions": "اشتراک‌ها",
    "template": "الگو",
    "unsubscriptions": "خبرهایی که به آن‌ها پایان داده شده است",
    "text": "متن",
    "texts": "پیامک‌های شما به ما",
    "tickets": "درخواست‌ها و شکایت‌ها",
    "topics": "موضوع‌ها",
    "unit": "واحد",
    "until": "تا",
    "what": "چه چیزی (انگلیسی)",
    "what_fa": "چه چیزی",
}
FIELDS = {
    "ticket": "کد رهگیری",
    "national_id": "کد ملی",
    "mobile": "شماره همراه",
    "case_number": "شماره پرونده قضایی یا بازرسی",
    "reason": "دلیل",
    "until": "تا پایان روز",
    "kind": "چه چیزی",
    "number": "شماره",
}
FAULTS = {
    **refusal_texts.FAULTS,
    "required": "این را بنویسید؛ در توقیف، یکی از کد رهگیری و کد ملی.",
}
PROBLEMS = {
    "desk.role": "این کار در نقش شما نیست؛ از ناظر بخواهید.",
    "desk.same_person": "این را خود شما خواسته‌اید؛ همکار دوم باید تأیید کند.",
    "ticket.not_found": "پرونده‌ای با این کد نیست؛ کد را دوباره ببینید.",
    "hold.ended": "این توقیف پایان یافته است.",
    "hold.not_found": "چنین توقیفی نیست.",
    "person_act.held": "توقیف قانونی اجازه حذف نمی‌دهد؛ پس از پایان آن دوباره تأیید کنید.",
    "person_act.state": "وضعیت آن عوض شده است؛ دوباره ببینید.",
    "person_act.not_found": "چنین درخواستی نیست.",
}
DONE = {
    "hold": "توقیف ثبت شد؛ تا آن روز چیزی از آن پاک نمی‌شود.",
    "end": "توقیف پایان یافت.",
    "propose": "ثبت شد؛ همکار دوم باید تأیید کند.",
    "confirm": "تأیید شد و انجام می‌شود.",
    "decline": "رد شد و شماره‌ها پاک شد.",
}
_REFUSALS = Refusals(
    "میز خدمت اکنون پاسخ نمی‌دهد؛ یک دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS,
    FAULTS,
    FIELDS,
)


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field; what belongs to no field under ``""``."""
    return _REFUSALS.faults_of(error)


def lines_of(_error: BusError) -> list[object]:
    """What is wrong with the lines of a file: no form here takes one."""
    return []
