"""What the pages of notices say in Persian: of states, of acts that are done, of refusals."""

import re
from collections.abc import Mapping, Sequence

from bus.errors import BusError
from contracts.notify.announcements import Announcement
from gateway.ops.notices import provider_words, report_words, second_editor_words
from gateway.ops.staff import message_words, refusal_texts
from gateway.ops.staff import refusals as sentences

ROLES = {"editor": "ویراستار پیام‌ها", "approver": "تأییدکننده پیام‌ها"}
CHANNELS = message_words.CHANNELS
SENDER_STATES = {"PROPOSED": "در انتظار تأیید", "APPROVED": "تأییدشده"}
KIND_ICONS = {
    "maintenance": "calendar",
    "incident": "bad",
    "end_of_service": "flag",
    "news": "bell",
}
LANES = {"otp": "رمز یک‌بار مصرف", "transactional": "خدماتی", "bulk": "انبوه"}
CONSENTS = {"transactional": "خدماتی", "news": "خبری"}
LANGUAGES = message_words.LANGUAGES
PARTS = {"subject": "عنوان", "body": "متن"}
STATES = message_words.STATES
VERSION_STATES = {"DRAFT": "پیش‌نویس", "APPROVED": "تأییدشده", "WITHDRAWN": "پس‌گرفته"}
# How states are marked; those that are not named here are under way.
VERSION_PILLS = {"DRAFT": "warn", "APPROVED": "good", "WITHDRAWN": "neutral"}
JOB_PILLS = {"CHECKED": "warn", "DONE": "good", "CANCELLED": "neutral", "REFUSED": "bad"}
STATE_PILLS = message_words.STATE_PILLS
BREAKERS = {"CLOSED": "در کار", "OPEN": "قطع‌شده پس از خطا", "HALF_OPEN": "در حال آزمون"}
HANDOVERS = {
    "RESERVED": "در حال ارسال",
    "UNKNOWN": "نامعلوم",
    "HANDED": "ارسال‌شده",
    "ENDED": "پایان‌یافته",
    "REFUSED": "نپذیرفت",
}
JOB_STATES = {
    "RECEIVING": "در حال دریافت",
    "CHECKING": "در حال بررسی",
    "CHECKED": "آماده آغاز",
    "SCHEDULED": "زمان‌دار",
    "RUNNING": "در جریان",
    "DONE": "پایان‌یافته",
    "CANCELLED": "لغوشده",
    "REFUSED": "پذیرفته نشد",
}
ROWS = {
    "WAITING": "در انتظار",
    "TAKEN": "پذیرفته‌شده",
    "BAD": "نادرست",
    "REFUSED": "پذیرفته‌نشده",
    "CANCELLED": "لغوشده",
}
KINDS = {
    "maintenance": "تعمیرات برنامه‌ای",
    "incident": "اختلال",
    "end_of_service": "پایان خدمت",
    "news": "خبر",
}
COMPONENTS = {
    "portal": "درگاه مردم",
    "inquiry": "استعلام",
    "ticketing": "درخواست و شکایت",
    "billing": "قبض و پرداخت",
    "notify": "پیامک، نامه و اطلاعیه",
    "agency-door": "ورودی دستگاه‌ها",
}
IMPACTS = {
    "none": "بی‌اثر بر خدمت",
    "degraded": "کند یا ناقص",
    "partial": "بخشی در دسترس نیست",
    "down": "در دسترس نیست",
}
ANNOUNCED = {
    "DRAFT": "پیش‌نویس",
    "SCHEDULED": "زمان‌بندی‌شده",
    "IN_PROGRESS": "در حال انجام",
    "VERIFYING": "در حال آزمایش",
    "COMPLETED": "انجام‌شده",
    "INVESTIGATING": "در حال بررسی",
    "IDENTIFIED": "علت شناسایی شد",
    "MONITORING": "زیر نظر",
    "RESOLVED": "برطرف‌شده",
    "POSTMORTEM": "گزارش پایانی",
    "ANNOUNCED": "اعلام‌شده",
    "ENDED": "پایان‌یافته",
    "PUBLISHED": "منتشرشده",
    "CANCELLED": "لغوشده",
}
# The banner in the words of the portal (a test compares them: faces do not know each other).
BANNERS = {
    "maintenance": {"fa": "قطع برنامه‌ای", "en": "Planned interruption"},
    "incident": {"fa": "اختلال", "en": "Disruption"},
    "end_of_service": {"fa": "پایان خدمت", "en": "End of service"},
    "news": {"fa": "خبر", "en": "News"},
}
SLOW = {"fa": "کندی برنامه‌ای", "en": "Planned slowness"}
# Which pages of the portal a part has, as people call them.
PAGES_OF = {
    "portal": "همه صفحه‌های درگاه",
    "inquiry": "صفحه‌های استعلام و تأیید پاسخ",
    "ticketing": "صفحه‌های درخواست و شکایت",
    "billing": "صفحه‌های قبض و پرداخت",
    "notify": "صفحه‌های صندوق و اشتراک خبر",
}
WINDOW = {"fa": "از {} تا {}", "en": "from {} to {}"}
SUNSET = {"fa": "آخرین روز: {}", "en": "Last day: {}"}
# kind → the states that an update may tell
UPDATES = {
    "maintenance": ("SCHEDULED", "IN_PROGRESS", "VERIFYING", "COMPLETED"),
    "incident": ("INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED", "POSTMORTEM"),
    "end_of_service": ("ANNOUNCED",),
    "news": ("PUBLISHED",),
}
SEARCHED = {"mobile": "شماره همراه", "email": "نشانی پست الکترونیک"}
FIELDS = {
    **message_words.FIELDS,
    "code": "کد",
    "channel": "راه ارسال",
    "channels": "راه‌های ارسال",
    "name": "نام",
    "lane": "نوبت",
    "consent": "رضایت",
    "texts": "متن",
    "version": "نسخه",
    "language": "زبان",
    "fa-subject": "عنوان فارسی",
    "fa-body": "متن فارسی",
    "en-subject": "عنوان انگلیسی",
    "en-body": "متن انگلیسی",
    "weight": "سهم",
    "mobile": "شماره همراه",
    "email": "پست الکترونیک",
    "id": "شناسه",
    "reference": "شماره مرجع",
    "owner": "فرستنده",
    "state": "وضعیت",
    "day": "روز",
    "why": "دلیل",
    "template": "الگو",
    "file": "فایل",
    "rule": "قاعده",
    "value": "مقدار",
    "from_day": "آغاز",
    "to_day": "پایان",
    "kind": "نوع",
    "title_fa": "عنوان فارسی",
    "title_en": "عنوان انگلیسی",
    "body_fa": "متن فارسی",
    "body_en": "متن انگلیسی",
    "text_fa": "متن فارسی",
    "text_en": "متن انگلیسی",
    "components": "بخش‌ها",
    "impact": "اثر",
    "contracts": "قراردادها",
    "sunset": "آخرین روز",
    "ids": "نامه‌ها",
    "job": "ارسال انبوه",
    "text": "فرستنده",
    "provider": "ارائه‌دهنده",
    "ticket": "کد رهگیری",
    "month": "ماه",
    "reason": "دلیل",
}
FAULTS = {
    **refusal_texts.FAULTS,
    **second_editor_words.FAULTS,
    "unwanted": "این بخش باید خالی بماند.",
    "repeated": "هر گزینه را یک بار بنویسید.",
    "instant": "روز را مانند 1405/09/04 و ساعت را مانند 22:30 بنویسید.",
    "order": "پایان باید پس از آغاز باشد.",
    "unknown": "چنین چیزی نیست.",
    "format": "به این شکل پذیرفته نمی‌شود.",
    "mobile.format": "شماره همراه را مانند 09123456789 بنویسید.",
    "email.format": "نشانی را مانند name@host.ir بنویسید.",
}
PROBLEMS = {
    **second_editor_words.PROBLEMS,
    **message_words.PROBLEMS,
    "notices.not_an_editor": "شما به پیام‌ها دسترسی مدیر سامانه بخواهید.",
    "notices.not_an_approver": "این کار تأییدکننده می‌خواهد؛ از یکی از تأییدکنندگان پیام‌ها بخواهید.",
    "notices.same_person": "این را خود شما نوشته‌اید؛ همکار دوم باید تصمیم بگیرد.",
    "notify.no_book": "دفتر پیام‌ها هنوز بارگذاری نشده است؛ مدیر سامانه باید آن را بارگذاری کند.",
    "text.not_found": "چنین پیامکی نیست؛ پس از سی روز پاک می‌شود.",
    "text.settled": "همکار دیگری این پیامک را بررسی کرده است.",
    "text.ticket": "این کد رهگیری نیست؛ ده رقم آن را دوباره ببینید.",
    "template.move": "وضعیت این نسخه تغییر کرده است؛ آن را دوباره ببینید.",
    "template.fixed": "نوبت و رضایت یک الگو همان می‌ماند که بار نخست تأیید شد؛ کد دیگری بردارید.",
    "message.too_long": "با این مقدارها متن از اندازه بلندتر است.",
    "message.empty": "با این مقدارها متن خالی می‌ماند.",
    "message.not_found": "چنین پیامی نیست؛ شناسه را دوباره ببینید.",
    "provider.not_found": "چنین ارائه‌دهنده‌ای نیست.",
    "consent.final": "گیرنده انصراف داده است؛ تنها خود او می‌تواند آن را برگرداند.",
    "announcement.not_found": "چنین اطلاعیه‌ای نیست.",
    "announcement.changed": (
        "همکاری پس از نگاه شما این اطلاعیه را تغییر داد و کاری انجام نشد؛ آن را دوباره ببینید."
    ),
    "announcement.published": "پیش‌تر منتشر شده است؛ خبر تازه بیفزایید.",
    "announcement.draft": "هنوز پیش‌نویس است؛ نخست آن را منتشر کنید.",
    "announcement.past": "این زمان گذشته است؛ پایانی در آینده بنویسید.",
    "announcement.contract_unknown": "چنین قراردادی برای دستگاه‌ها نیست.",
    "announcement.move": "اطلاعیه در این وضعیت این کار را نمی‌پذیرد.",
    "job.not_found": "چنین ارسال انبوهی نیست.",
    "job.move": "در این وضعیت این کار را نمی‌پذیرد.",
    "job.complete": "این فایل پیش‌تر دریافت شده است.",
    "job.incomplete": "بخشی از فایل نرسید؛ همین فرم را دوباره بفرستید.",
    "job.too_large": "فایل از اندازه بزرگ‌تر است؛ آن را دو بخش کنید.",
    "job.not_utf8": "فایل را با قالب CSV UTF-8 ذخیره کنید.",
    "job.lane": "این الگو برای ارسال انبوه نیست؛ الگویی از نوبت انبوه انتخاب کنید.",
    "job.too_far_ahead": "آغاز بیش از اندازه دور است.",
    "job.template_changed": "الگو پس از بررسی تغییر کرد؛ فایل را دوباره بفرستید و ببینید.",
    "job.expired": "یک هفته آغاز نشد و برچیده شد؛ فایل را دوباره بفرستید.",
    "job.no_good_row": "هیچ سطری درست نیست؛ خطاها را ببینید، فایل را درست کنید و دوباره بفرستید.",
    "job.no_header": "سطر نخست باید ستون گیرنده داشته باشد، مانند phone number.",
    "job.column_twice": "ستونی دو بار آمده است؛ یکی را بردارید.",
    "job.too_long": "سطرها بیش از صد هزار است؛ فایل را دو بخش کنید.",
    "job.check_failed": "بررسی فایل انجام نشد؛ به مدیر سامانه خبر دهید.",
    "contract.broken": "برخی بخش‌ها درست تکمیل نشده است.",
    "form.malformed": "فایل خوانده نشد؛ آن را با UTF-8 ذخیره کنید.",
    "http.too_large": "فایل از اندازه بزرگ‌تر است.",
}
DONE = {
    **second_editor_words.DONE,
    **report_words.DONE,
    **message_words.DONE,
    **provider_words.DONE,
    "draft": "پیش‌نویس ثبت شد؛ همکار دوم باید آن را تأیید کند.",
    "approve": "نسخه تأیید شد و از اکنون به کار می‌رود.",
    "withdraw": "نسخه کنار گذاشته شد.",
    "archive": "الگو بایگانی شد؛ دیگر پیامی با آن پذیرفته نمی‌شود.",
    "opt_out": "انصراف ثبت شد؛ پیام تازه‌ای از این گونه به این نشانی نمی‌رود.",
    "submit": "فایل دریافت شد و بررسی می‌شود.",
    "start": "ارسال آغاز می‌شود.",
    "cancel": "لغو شد.",
    "written": "پیش‌نویس ثبت شد؛ پیش از انتشار آن را ببینید.",
    "publish": "اطلاعیه منتشر شد.",
    "update": "خبر تازه افزوده شد.",
    "reschedule": "زمان تازه اعلام شد.",
    "settle_text": "برای این پیامک ثبت شد؛ اگر کد درخواستی نوشتید، به آن افزوده می‌شود.",
    "printed": "نامه‌های انتخاب‌شده چاپ‌شده ثبت شد.",
}
# how the contracts name a field → how our forms do
_NAMES = {"starts_at": "from_day", "ends_at": "to_day", "at": "from_day", "piece": "file"}


def field_of(name: str) -> str:
    """The name that a contract's field has in our forms.

    >>> field_of("texts.fa.subject"), field_of("title.en"), field_of("contracts.0")
    ('fa-subject', 'title_en', 'contracts')
    """
    name = re.sub(r"(\.\d+)+$", "", name)
    if name.startswith("texts."):
        return name.removeprefix("texts.").replace(".value", "").replace(".", "-")
    return _NAMES.get(name, name.replace(".", "_"))


_REFUSALS = sentences.Refusals(
    "پیام‌رسانی اکنون پاسخ نمی‌دهد؛ چند دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS,
    FAULTS,
    FIELDS,
    field_of,
)
sentence, faults_of = _REFUSALS.sentence, _REFUSALS.faults_of


def banner_label(announcement: Announcement, language: str) -> str:
    """The first line of the banner, as the portal has it."""
    if announcement.kind == "maintenance" and announcement.impact == "degraded":
        return SLOW[language]
    return BANNERS[announcement.kind][language]


def has_banner(announcement: Announcement) -> bool:
    """Whether the portal shows a banner for it: by the same rule as gateway/announcements.py."""
    if not set(announcement.components) & set(PAGES_OF):
        return False
    if announcement.kind == "maintenance":
        return announcement.impact != "none"
    ends_for_people = announcement.kind == "end_of_service" and not announcement.contracts
    return announcement.kind == "incident" or ends_for_people


def pages_of(announcement: Announcement) -> str:
    """Where the banner stands."""
    if "portal" in announcement.components:
        return PAGES_OF["portal"]
    named = [PAGES_OF[part] for part in announcement.components if part in PAGES_OF]
    return "، ".join(["صفحه نخست", *named])


def problem_label(code: str) -> str:
    """What became of a message or a row, in words."""
    return PROBLEMS.get(code) or FAULTS.get(code) or report_words.outcome_label(code)


def look_label(subject: Mapping[str, object]) -> str:
    """What somebody looked at, where it is nothing that has a page."""
    count = next((value for value in subject.values() if isinstance(value, int)), None)
    return "چیز دیگر" if count is None else f"{count} پیام"


def updates(kind: str) -> list[tuple[str, str]]:
    """The states that an update of that kind may tell, with their names."""
    return [(state, ANNOUNCED[state]) for state in UPDATES[kind]]


def lines_of(_: BusError) -> Sequence[object]:
    """No refusal here names lines: the rows of a bulk job that are wrong stand on its page."""
    return ()


def provider_label(code: str) -> str:
    """What people call a provider of messages; its code where nobody has named it."""
    return provider_words.NAMES.get(code, code)
