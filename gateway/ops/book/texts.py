"""The Persian texts of the pages of the desk's book."""

from bus.errors import BusError
from gateway.ops.staff import refusal_texts, ticket_words
from gateway.ops.staff.refusals import Refusals

SECTIONS = {
    "units": "واحدها",
    "categories": "موضوع‌ها",
    "promises": "تعهدها",
    "offices": "محل‌های مراجعه",
    "canned": "متن‌های آماده",
    "routes": "مسیرها",
    "counties": "شهرستان‌ها",
    "escalation": "هشدارها",
    "levels": "اقدام‌های خودکار",
}
# What stands in the book once, on one page.
SINGLES = {
    "area": "محدوده کار",
    "closing": "بستن پرونده‌ها",
    "roles": "نشانی ناظر",
}
ONE = {
    "units": "واحد",
    "categories": "موضوع",
    "promises": "تعهد",
    "offices": "محل مراجعه",
    "canned": "متن آماده",
    "routes": "مسیر",
    "counties": "شهرستان",
    "escalation": "هشدار",
    "levels": "اقدام خودکار",
    **SINGLES,
}
ROLES = {"unit_head": "رئیس واحد", "supervisor": "ناظر"}
SIDES = {"before": "پیش از سررسید", "after": "پس از سررسید"}
LEVEL_ACTS = ticket_words.LEVEL_ACTS
PRIORITIES = ticket_words.PRIORITIES
STATES = {
    "DRAFT": "منتظر نفر دوم",
    "APPROVED": "تأییدشده، منتظر روز آغاز",
    "IN_FORCE": "در اجرا",
    "REFUSED": "ردشده",
    "WITHDRAWN": "پس‌گرفته",
    "FAILED": "اجرا نشد",
}
PILLS = {
    "DRAFT": ("warn", "clock"),
    "APPROVED": ("info", "calendar"),
    "IN_FORCE": ("good", "good"),
    "REFUSED": ("neutral", "close"),
    "WITHDRAWN": ("neutral", "undo"),
    "FAILED": ("bad", "bad"),
}
KINDS, CLOCKS = ticket_words.KINDS, ticket_words.CLOCKS
# What a warning may be about.
LEVEL_CLOCKS = ticket_words.LEVEL_CLOCKS
TICKET_STATES = ticket_words.STATES
SPANS = {"hours": "ساعت کاری", "days": "روز"}
FIELDS = {
    "code": "کد",
    "fa": "نام فارسی",
    "en": "نام انگلیسی",
    "email": "پست الکترونیک همگانی",
    "head_email": "پست الکترونیک رئیس واحد",
    "mailbox": "صندوق همکاران",
    "mail_category": "موضوع نامه‌های رسیده",
    "phone": "تلفن",
    "part_hours": "مهلت واحد برای هر پرونده، ساعت کاری",
    "follow_up_days": "پرسش پس از پایان کار، چند روز پس از پایان",
    "follow_up_percent": "از چند درصد پرونده‌ها پرسیده شود",
    "kinds": "برای",
    "unit": "واحد",
    "group_fa": "گروه، فارسی",
    "group_en": "گروه، انگلیسی",
    "hint_fa": "راهنما، فارسی",
    "hint_en": "راهنما، انگلیسی",
    "category": "موضوع",
    "kind": "نوع",
    "first_response": CLOCKS["first_response"],
    "next_update": CLOCKS["next_update"],
    "solution": CLOCKS["solution"],
    "county": "شهرستان",
    "lat": "عرض جغرافیایی مرکز",
    "long": "طول جغرافیایی مرکز",
    "south": "عرض جنوبی‌ترین جا",
    "north": "عرض شمالی‌ترین جا",
    "west": "طول غربی‌ترین جا",
    "east": "طول شرقی‌ترین جا",
    "clock": "مهلت",
    "minutes_from_due": "هنگام هشدار",
    "role": "به چه کسی",
    "minutes": "هنگام اقدام، در ساعت کاری",
    "action": "اقدام",
    "to_unit": "به واحد",
    "to_colleague": "به همکار آن واحد",
    "priority": "برای اولویت",
    "text": "متن یادداشت",
    "after_answer_days": "پس از پاسخ، اگر اعتراضی نیاید، چند روز بعد بسته شود",
    "remind_applicant_days": "به شهروندی که پاسخ نداده چند روز بعد یادآوری شود",
    "silence_days": "پرونده شهروندی که پاسخ نداده چند روز بعد بسته شود",
    "supervisor": "پست الکترونیک ناظر",
    "address_fa": "نشانی، فارسی",
    "address_en": "نشانی، انگلیسی",
    "title_fa": "عنوان",
    "categories": "برای موضوع‌ها",
    "units": "برای واحدها",
    "states": "در وضعیت‌ها",
    "text_fa": "متن فارسی",
    "text_en": "متن انگلیسی",
    "valid_from": "از روز",
    "source": "شماره و تاریخ مصوبه",
    "why": "دلیل",
}
FAULTS = {
    **refusal_texts.FAULTS,
    "calendar.past_day": "این روز گذشته است؛ امروز یا روزی دیرتر را بنویسید.",
    "calendar.far_day": "این روز بیش از ده سال دور است؛ سال را دوباره ببینید.",
    "book.hours": "ساعت کاری را با عددی از 0.1 تا 2000 بنویسید.",
    "book.follow_up_days": "روزها را با عددی درست از 7 تا 180 بنویسید.",
    "book.percent": "درصد را با عددی درست از 0 تا 100 بنویسید.",
    "colleague": "این همکار در آن واحد کار نمی‌کند.",
    "book.place": "جای خالی {} درست نیست، یا متن زبان دیگر همان را ندارد؛ راهنمای کادر را ببینید.",
    "book.code": "کد تغییر نمی‌کند؛ ردیف تازه‌ای بیفزایید.",
    "calendar.no_working_time": "با تقویم کنونی، این مهلت هرگز نمی‌رسد؛ مدت را دوباره ببینید.",
}
PROBLEMS = {
    "desk.role": "این کار در نقش شما نیست؛ از رئیس واحد یا ناظر بخواهید.",
    "book_change.same_person": "این را خود شما پیشنهاد داده‌اید؛ همکار دوم باید تصمیم بگیرد.",
    "book_change.move": "درباره این پیشنهاد تصمیم گرفته شده است؛ آن را دوباره ببینید.",
    "book_change.stale": "این ردیف پس از پیشنهاد تغییر کرده است؛ از نو پیشنهاد دهید.",
    "book_change.nothing": "این ردیف هم‌اکنون همین است؛ چیزی تغییر نمی‌کند.",
    "book_change.gone": "این ردیف دیگر در دفتر نیست؛ فهرست را دوباره ببینید.",
    "book_change.not_found": "چنین پیشنهادی نیست.",
    "book.in_use": "پرونده، همکار یا زمان مراجعه‌ای آن را به کار می‌برد؛ برداشته نمی‌شود.",
    "book.begun": "تعهدی که آغاز شده است می‌ماند؛ تعهد تازه‌ای با روز آغاز دیرتر بنویسید.",
    "field.wrong": "چیزی ثبت نشد؛ با این تغییر، دفتر درست نمی‌ماند. خانه‌ها را دوباره ببینید.",
}
DONE = {
    "propose": "پیشنهاد ثبت شد؛ همکار دوم باید آن را تأیید کند.",
    "approve": "پیشنهاد تأیید شد.",
    "refuse": "پیشنهاد رد شد.",
    "withdraw": "پیشنهاد پس گرفته شد.",
}


def field_of(path: str) -> str:
    """The name in our forms of a field of a proposal.

    >>> field_of("row.email"), field_of("valid_from")
    ('email', 'valid_from')
    """
    return path.removeprefix("row.")


_REFUSALS = Refusals(
    "میز خدمت اکنون پاسخ نمی‌دهد؛ یک دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS,
    FAULTS,
    FIELDS,
    field_of,
)


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field; what belongs to no field under ``""``."""
    return _REFUSALS.faults_of(error)


def lines_of(_error: BusError) -> list[object]:
    """What is wrong with the lines of a file: no form here takes one."""
    return []
