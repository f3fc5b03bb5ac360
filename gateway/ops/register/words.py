"""The Persian words of the register's pages: states, acts, refusals."""

import datetime as dt
import re
from collections.abc import Callable, Iterable

from bus.errors import BusError, FieldError
from contracts.agencies.desk import AgencyRow
from contracts.agencies.sandbox import SANDBOX
from gateway.html.inquiry_names import BLOCKS, PURPOSES
from gateway.ops.register.client_words import (
    CLIENT_FIELDS,
    EXCEPTIONS,
    KEY_SET_FAULTS,
    ends_soon,
    exception_label,
    exception_options,
    exceptions_in_force,
    key_set_fault,
)
from gateway.ops.register.field_words import field_of, invalid
from gateway.ops.register.names import AREAS, CONTRACTS
from gateway.ops.staff import refusal_texts
from gateway.ops.staff import refusals as sentences
from iran.collation import collation_key
from iran.persian import jalali, tehran_day

# Pages say these too.
OF_CLIENTS = (
    EXCEPTIONS,
    KEY_SET_FAULTS,
    ends_soon,
    exception_label,
    exception_options,
    exceptions_in_force,
    key_set_fault,
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLACE = re.compile(r"line ([0-9]+), column ([0-9]+)")
# What our own commands write as the reason of an act.
OUR_REASONS = {
    "imported from a file": "از فایل خوانده شد",
    "Its time in the sandbox has ended.": "زمان آزمایشی آن پایان یافت.",
    "Its time has ended.": "زمان آن پایان یافت.",
}
# How states are marked: kind and icon of a pill.
PILLS = {
    "IN_FORCE": ("good", "good"),
    "REVOKED": ("bad", "close"),
    "ENDED": ("neutral", "close"),
    "NEW": ("info", "plus"),
    "DRAFT": ("warn", "clock"),
    "APPROVED": ("good", "good"),
    "REFUSED": ("neutral", "close"),
    "WITHDRAWN": ("neutral", "undo"),
}
DIFFERENCES = {
    "new": ("good", "تازه", "plus"),
    "gone": ("bad", "برداشته می‌شود", "close"),
    "changed": ("info", "تغییر می‌کند", "pen"),
}
ROLES = {"clerk": "کارشناس دفتر", "approver": "تأییدکننده دفتر"}
STATES = {
    "IN_FORCE": "در اجرا",
    "REVOKED": "لغوشده",
    "ENDED": "پایان‌یافته",
    "NEW": "هنوز ثبت نشده",
}
CHANGE_STATES = {
    "DRAFT": "منتظر نفر دوم",
    "APPROVED": "تأییدشده",
    "REFUSED": "ردشده",
    "WITHDRAWN": "پس‌گرفته",
}
CONTACT_ROLES = {
    "legal": "حقوقی و تفاهم‌نامه",
    "technical": "فنی",
    "security": "امنیت",
    "operations": "بهره‌برداری",
}
RIGHTS = {
    "keys": "کلید",
    "certificates": "گواهی",
    "exceptions": "استثنا",
    "xroad": "نام در X-Road",
    "key_sets": "نشانی کلیدها",
    "grants": "مجوز",
    "delegations": "نمایندگی",
    "agency": "دستگاه",
}
ACTS = {
    "propose": "پیشنهاد",
    "approve": "تأیید",
    "refuse": "رد",
    "withdraw": "پس گرفتن پیشنهاد",
    "revoke key": "لغو کلید",
    "revoke certificate": "لغو گواهی",
    "revoke exception": "لغو استثنا",
    "revoke key_set": "لغو نشانی کلیدها",
    "key seen": "کلید تازه دیده شد",
    "key gone": "کلید برداشته شد",
    "key set": "کلیدهای نشانی تغییر کرد",
    "key set fault": "خواندن نشانی کلیدها",
    "revoke grant": "لغو مجوز",
    "revoke delegation": "لغو نمایندگی",
    "revoke serving": "لغو پاسخ‌گویی",
    "revoke hearing": "لغو دریافت رویداد",
    "revoke agency": "لغو دستگاه",
    "rotate keys": "تعویض کلید",
    "contact": "ثبت تماس",
    "remove contact": "حذف تماس",
    "sandbox": "ثبت آزمایشی",
    "end": "پایان دوره آزمایشی",
}
MEMBERS = {
    "until": "اعتبار تا",
    "basis": "مبنای قانونی",
    "purposes": "هدف‌ها",
    "blocks": "بخش‌ها",
    "per_day": "سقف روزانه",
    "withheld_days": "روزهای محرمانه",
    "networks": "شبکه‌ها",
    "to": "به دستگاه",
    "public_key": "کلید عمومی",
    "jwk": "کلید عمومی",
    "sha256": "اثر انگشت گواهی",
    "member_class": "رده عضو",
    "member_code": "کد عضو",
    "subsystem_code": "کد سامانه",
    "purpose": "هدف پیش‌فرض",
    "wait_minutes": "درنگ پیش از پذیرش (دقیقه)",
    "key_days": "بیشترین عمر هر کلید (روز)",
    "offline_hours": "ماندن هنگام قطعی (ساعت)",
    "limits": "سقف درخواست",
    "queue": "صف",
}
FIELDS = {
    "code": "کد",
    "name": "نام",
    "name_fa": "نام فارسی",
    "key_id": "شناسه کلید",
    "public_key": "کلید عمومی",
    "key_until": "اعتبار کلید تا",
    **CLIENT_FIELDS,
    "contract": "قرارداد",
    "purposes": "هدف‌ها",
    "grant_until": "اعتبار مجوز تا",
    "basis": "مبنای قانونی",
    "blocks": "بخش‌ها",
    "per_day": "سقف روزانه",
    "withheld_days": "روزهای محرمانه",
    "networks": "شبکه‌ها",
    "toml": "متن TOML",
    "member": "دستگاه مادر",
    "reason": "دلیل",
    "why": "دلیل",
    "base_version": "نسخه",
    "version": "نسخه",
    "role": "نقش",
    "email": "پست الکترونیک",
    "mobile": "همراه",
    "id": "شناسه",
    "what": "چه چیزی",
}
FAULTS = {
    **refusal_texts.FAULTS,
    "toml": "متن TOML خوانده نشد.",
    "document": "جاهایی از سند درست نیست؛ در بالای صفحه آمده است.",
    "jwk": "کلید عمومی درست نیست؛ آن را از دستگاه دوباره بگیرید.",
    "jwk.private": "این کلید خصوصی است؛ تنها کلید عمومی را بنویسید.",
    "reserved": "این کد از آن خود میراب است.",
    "taken": "دستگاه دیگری این را دارد.",
    "member.unknown": "دستگاهی را نام ببرید که در اجراست و خود زیرسامانه نیست.",
    "member.nested": "این دستگاه خود زیرسامانه دارد.",
    "repeated": "این شناسه دو بار آمده است.",
    "contract.unknown": "چنین قراردادی برای دستگاه‌ها نیست.",
}
PROBLEMS = {
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
}
DONE = {
    "propose": "پیشنهاد ثبت شد؛ همکار دوم باید آن را تأیید کند.",
    "approve": "پیشنهاد تأیید شد و هم‌اکنون در اجراست.",
    "refuse": "پیشنهاد رد شد.",
    "withdraw": "پیشنهاد پس گرفته شد.",
    "revoke": "لغو شد و دیگر پذیرفته نمی‌شود.",
    "contact": "تماس ثبت شد.",
    "forget": "تماس حذف شد.",
}
_REFUSALS = sentences.Refusals(
    "دفتر دستگاه‌ها اکنون پاسخ نمی‌دهد؛ چند دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS,
    FAULTS,
    FIELDS,
    field_of,
)


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field; what is wrong in a text that was pasted belongs to that text."""
    for fault in error.fields:
        if fault.field == "toml":
            return {"toml": _toml_fault(fault)}
    return _REFUSALS.faults_of(error) | invalid(error)


def _toml_fault(fault: FieldError) -> str:
    section = _PLACE.search(fault.message)
    where = f" سطر {section[1]}، ستون {section[2]} را ببینید." if section else ""
    return f"{sentences.fault_sentence(fault, FAULTS)}{where}"


def lines_of(error: BusError) -> list[dict[str, str]]:
    """What is wrong in a TOML text, by its places."""
    if not any(fault.field == "toml" for fault in error.fields):
        return []
    return [
        {
            "at": FIELDS.get(field_of(fault.field), "در سند"),
            "code": fault.field.removeprefix("document."),
            "reason": sentences.fault_sentence(fault, FAULTS),
        }
        for fault in error.fields
        if fault.field.startswith("document.")
    ]


def contract_label(name: str) -> str:
    """What a contract or a pattern of contracts is called, with its name beside."""
    area, _, rest = name.partition(".")
    operation = rest.partition(".")[0]
    if area in AREAS and operation in CONTRACTS:
        return f"{AREAS[area]}، {CONTRACTS[operation]} ({name})"
    return f"{AREAS[area]} ({name})" if area in AREAS else name


def purpose_label(code: str) -> str:
    """What a purpose or a block of an answer is called, with its code beside."""
    label = PURPOSES.get(code) or BLOCKS.get(code)
    return f"{label} ({code})" if label else code


def quota(per_day: int | None) -> str:
    """How often a right may be used, in words."""
    return f"{per_day:,} پرسش در روز" if per_day else "بدون سقف"


def grant_options(contracts: Iterable[str], typed: str = "") -> list[tuple[str, str]]:
    """The contracts that can be granted, all of an area first; what was typed stays a choice."""
    codes = list(contracts)
    areas = dict.fromkeys(code.partition(".")[0] for code in codes)
    options = [
        option for area in areas for option in (f"{area}.*", *(c for c in codes if _in(c, area)))
    ]
    if typed and typed not in options:
        options.append(typed)
    return [("", "انتخاب کنید"), *((code, contract_label(code)) for code in options)]


def _in(code: str, area: str) -> bool:
    return code.startswith(f"{area}.")


def member_label(name: str) -> str:
    """What a member of a right is called."""
    return MEMBERS.get(name, name)


def act_label(act: str) -> str:
    """The Persian name of an act of the audit."""
    return ACTS.get(act) or "کار دیگر"


def detail_label(act: str, detail: str, person: Callable[[str | None], str]) -> str:
    """What an act was about. The audit keeps it as short English: the numbers and ids stay, the
    words and accounts become what people call them.
    """
    id_, _, rest = detail.partition(" ")
    if act in ("propose", "refuse", "withdraw"):
        return f"پیشنهاد {detail}"
    if act == "approve":
        return f"پیشنهاد {id_} از {person(rest.removeprefix('by '))}"
    if act in ("contact", "remove contact"):
        return f"تماس {id_}، {CONTACT_ROLES.get(rest, rest)}"
    if act == "rotate keys":
        signer, _, keys = rest.partition(": ")
        return f"با کلید {signer}: {keys}"
    return detail


def reason_label(reason: str) -> str:
    """The reason that a colleague gave; commands of ours say theirs in English."""
    return OUR_REASONS.get(reason, reason)


def by_name(agencies: Iterable[AgencyRow]) -> list[AgencyRow]:
    """Agencies in the order of the Persian alphabet, those of the sandbox last."""
    ordered = sorted(agencies, key=lambda agency: collation_key(agency.name_fa or agency.name))
    return sorted(ordered, key=lambda agency: agency.code.startswith(SANDBOX))


def has_ended(until: str | None) -> bool:
    """True for what was good until a day that has passed."""
    return bool(until) and str(until) < tehran_day(dt.datetime.now(dt.UTC)).isoformat()


def document_lines(text: str) -> list[tuple[str, str]]:
    """The lines of a document, each with the Jalali day that it names, and whether that is over."""
    lines = []
    for line in text.splitlines():
        day = DAY.search(line) if line.lstrip().startswith("until") else None
        note = ""
        if day:
            jalali_day = jalali(dt.date.fromisoformat(day[0])).replace("-", "/")
            note = f"{jalali_day}، پایان‌یافته" if has_ended(day[0]) else jalali_day
        lines.append((line, note))
    return lines
