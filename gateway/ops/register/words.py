"""What the register's pages say in Persian: of states, of acts that are done, of refusals."""

import re
from typing import Any

from bus.errors import BusError
from gateway.ops import sentences

ROLES = {"clerk": "کارشناس دفتر", "approver": "تأییدکننده دفتر"}
STATES = {
    "IN_FORCE": "در اجرا", "REVOKED": "لغوشده", "ENDED": "پایان‌یافته", "NEW": "هنوز ثبت نشده",
}  # fmt: skip
CHANGE_STATES = {
    "DRAFT": "منتظر نفر دوم", "APPROVED": "تأییدشده", "REFUSED": "ردشده", "WITHDRAWN": "پس‌گرفته",
}  # fmt: skip
CONTACT_ROLES = {
    "legal": "حقوقی و تفاهم‌نامه", "technical": "فنی", "security": "امنیت",
    "operations": "بهره‌برداری",
}  # fmt: skip
RIGHTS = {
    "keys": "کلید", "certificates": "گواهی", "grants": "مجوز", "delegations": "نمایندگی",
    "agency": "دستگاه",
}  # fmt: skip
ACTS = {
    "propose": "پیشنهاد", "approve": "تأیید", "refuse": "رد", "withdraw": "پس گرفتن پیشنهاد",
    "revoke key": "لغو کلید", "revoke certificate": "لغو گواهی", "revoke grant": "لغو مجوز",
    "revoke delegation": "لغو نمایندگی", "revoke serving": "لغو پاسخ‌گویی",
    "revoke hearing": "لغو دریافت رویداد", "revoke agency": "لغو دستگاه",
    "rotate keys": "تعویض کلید",
    "contact": "ثبت تماس", "remove contact": "حذف تماس", "sandbox": "ثبت آزمایشی",
    "end": "پایان دوره آزمایشی",
}  # fmt: skip
FIELDS = {
    "code": "کد", "name": "نام", "name_fa": "نام فارسی", "key_id": "شناسه کلید",
    "public_key": "کلید عمومی", "key_until": "اعتبار کلید تا", "contract": "قرارداد",
    "purposes": "هدف‌ها", "grant_until": "اعتبار مجوز تا", "basis": "مبنای قانونی",
    "blocks": "بخش‌ها", "per_day": "سقف روزانه", "networks": "شبکه‌ها", "toml": "متن TOML",
    "member": "دستگاه مادر", "reason": "دلیل", "why": "دلیل", "base_version": "نسخه",
    "role": "نقش", "email": "پست الکترونیک", "mobile": "همراه", "id": "شناسه", "what": "چه چیزی",
}  # fmt: skip
FAULTS = {
    **sentences.FAULTS,
    "range": "عدد بیرون از اندازه است.",
    "invalid": "این بخش درست تکمیل نشده است.",
    "format": "به این شکل پذیرفته نمی‌شود.",
    "reserved": "این کد از آن خود میراب است.",
    "taken": "دستگاه دیگری این را دارد.",
    "member.unknown": "دستگاهی را نام ببرید که در اجراست و خود زیرسامانه نیست.",
    "member.nested": "این دستگاه خود زیرسامانه دارد.",
    "repeated": "این شناسه دو بار آمده است.",
    "contract.unknown": "چنین قراردادی برای دستگاه‌ها نیست.",
    "mobile.format": "شماره همراه را مانند 09123456789 بنویسید.",
    "email.format": "نشانی را مانند name@host.ir بنویسید.",
}  # fmt: skip
PROBLEMS = {
    "register.not_an_officer": "شما به دفتر دستگاه‌ها دسترسی ندارید؛ آن را از مدیر سامانه بخواهید.",
    "register.not_an_approver": "این کار تأییدکننده می‌خواهد؛ از یکی از تأییدکنندگان دفتر بخواهید.",
    "register.same_person": "این را خود شما پیشنهاد داده‌اید؛ همکار دوم باید تصمیم بگیرد.",
    "agency.not_found": "چنین دستگاهی نیست یا در اجرا نیست؛ فهرست را دوباره ببینید.",
    "right.not_found": "دستگاه این حق را اکنون ندارد؛ صفحه را دوباره ببینید.",
    "contact.not_found": "چنین تماسی نیست.",
    "change.not_found": "چنین پیشنهادی نیست.",
    "change.move": "درباره این پیشنهاد تصمیم گرفته شده است؛ آن را دوباره ببینید.",
    "change.stale": "دستگاه پس از آنچه دیدید تغییر کرد: آن را دوباره ببینید و از نو پیشنهاد دهید.",
    "change.nothing": "این همان است که در اجراست.",
    "field.wrong": "چیزی ثبت نشد؛ بخش‌های نادرست را اصلاح فرمایید.",
    "contract.broken": "برخی بخش‌ها درست تکمیل نشده است.",
    "form.malformed": "فرم خوانده نشد؛ دوباره بفرستید.",
    "http.too_large": "متن از اندازه بزرگ‌تر است.",
}  # fmt: skip
DONE = {
    "propose": "پیشنهاد ثبت شد؛ همکار دوم باید آن را تأیید کند.",
    "approve": "پیشنهاد تأیید شد و هم‌اکنون در اجراست.",
    "refuse": "پیشنهاد رد شد.",
    "withdraw": "پیشنهاد پس گرفته شد.",
    "revoke": "لغو شد و دیگر پذیرفته نمی‌شود.",
    "contact": "تماس ثبت شد.",
    "forget": "تماس حذف شد.",
}  # fmt: skip
# how the document names what our forms have, where that is not the same
_NAMES = {
    ("keys", "id"): "key_id", ("keys", "until"): "key_until", ("grants", "until"): "grant_until",
}  # fmt: skip


def field_of(told: str) -> str:
    """The name that a part of the document has in our forms.

    >>> field_of("document.keys.2.until"), field_of("document.code"), field_of("reason")
    ('key_until', 'code', 'reason')
    """
    parts = re.sub(r"\.\d+", "", told.removeprefix("document.")).split(".")
    return _NAMES.get((parts[0], parts[-1]), parts[1] if len(parts) > 1 else parts[0])


_REFUSALS = sentences.Refusals(
    "دفتر دستگاه‌ها اکنون پاسخ نمی‌دهد؛ چند دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS, FAULTS, FIELDS, field_of,
)  # fmt: skip
faults_of = _REFUSALS.faults_of


def lines_of(_: BusError) -> list[dict[str, Any]]:
    """Nothing here is told by lines: what is wrong in a TOML text stands beside the text."""
    return []
