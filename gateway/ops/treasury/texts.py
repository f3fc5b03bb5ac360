"""The Persian texts of the treasury's pages: states, finished acts, refusals."""

import datetime as dt
from collections.abc import Iterable, Mapping

from bus.errors import BusError
from contracts.billing.tariffs import Tariff, TariffRow
from contracts.billing.treasury_views import RefundView
from gateway.html.formats import label
from gateway.ops.staff import refusal_texts
from gateway.ops.staff import refusals as sentences
from gateway.ops.treasury import account_texts, problem_texts
from iran.persian import tehran_day

BILL_STATES = {
    "ISSUED": "پرداخت‌نشده",
    "PAID": "پرداخت‌شده",
    "WAIVED": "بخشوده",
    "VOID": "باطل",
    "EXPIRED": "منقضی",
}
TARIFF_STATES = {"DRAFT": "پیش‌نویس", "APPROVED": "تأییدشده", "WITHDRAWN": "پس‌گرفته"}
REFUND_STATES = {
    "REQUESTED": "منتظر نفر دوم",
    "APPROVED": "تأییدشده، منتظر واریز",
    "PAID": "واریزشده",
    "REFUSED": "ردشده",
}
# What the page of the account says.
ACTS, ACT_FORMS, CLAIM_PAID = account_texts.ACTS, account_texts.ACT_FORMS, account_texts.CLAIM_PAID
OPENING = account_texts.OPENING
REMINDERS_WAIT = account_texts.REMINDERS_WAIT
FORMS, SIDES, SIDE_PILLS = account_texts.FORMS, account_texts.SIDES, account_texts.SIDE_PILLS
EXCEPTION_STATES = {"OPEN": "باز", "RESOLVED": "پایان‌یافته"}
# kind of an entry of the ledger → its Persian name
ENTRY_KINDS = {
    "issued": "صدور قبض",
    "waived": "بخشودگی",
    "ended": "ابطال یا انقضا",
    "paid": "پرداخت قبض",
    "suspended": "پول معلق",
    "given_back": "برگشت از سوی بانک",
    "settled": "تسویه بانک",
    "settled_unknown": "تسویه ناشناخته",
    "reversed": "پس گرفتن بانک",
    "refund_owed": "استرداد تأییدشده",
    "refund_paid": "استرداد واریزشده",
    **account_texts.ENTRY_KINDS,
}
ACCOUNTS = {
    "receivable": "حساب‌های دریافتنی",
    "cash_in_transit": "وجوه در راه",
    "bank": "بانک",
    "claims": "مطالبات از بانک‌ها",
    "vat": "مالیات بر ارزش افزوده",
    "suspense": "حساب معلق",
    "refunds": "استرداد پرداختنی",
    "revenue": "درآمد خدمات",
    "rounding": "تفاوت گرد کردن",
    "refunded": "استرداد درآمد",
    "waivers": "معافیت و بخشودگی",
    "bank_fees": "کارمزد بانکی",
    **account_texts.ACCOUNTS,
}
# How a state is marked: kind and icon of its pill.
PILLS = {
    "ISSUED": ("info", "clock"),
    "PAID": ("good", "good"),
    "WAIVED": ("neutral", "good"),
    "VOID": ("neutral", "close"),
    "EXPIRED": ("neutral", "close"),
    "OPEN": ("warn", "warn"),
    "RESOLVED": ("good", "good"),
    "REQUESTED": ("warn", "clock"),
    "APPROVED": ("info", "clock"),
    "REFUSED": ("neutral", "close"),
}
TARIFF_PILLS = {
    "DRAFT": ("warn", "clock"),
    "IN_FORCE": ("good", "good"),
    "TO_COME": ("info", "calendar"),
    "ENDED": ("neutral", "close"),
}
SOURCES = {
    "office": "نامه اداری",
    "inquiry": "استعلام متقاضی",
    "ticket": "درخواست",
    "batch": "استعلام گروهی",
    "day": "استعلام‌های یک روز",
}
# Names of the classes of the tariff; any other class is an agency's code.
CLASSES = {"applicant": "متقاضیان", "agency": "دستگاه‌ها", "*": "همه"}
USES = {
    "*": "همه مصرف‌ها",
    "agriculture": "کشاورزی",
    "industry": "صنعت",
    "drinking": "شرب",
    "services": "خدمات",
    "green": "فضای سبز",
}
AREAS = {"*": "همه دشت‌ها", "prohibited": "ممنوعه", "free": "آزاد"}
SEASONS = {"*": "همه سال", "warm": "ماه‌های گرم", "normal": "ماه‌های عادی"}
MONEY = {"IRR": "ریال", "NEW_RIAL": "ریال نو", "QERAN": "قران"}
PAYERS = {"applicant": "متقاضی", "agency": "دستگاه"}
PAID_BY = {
    "bills": "باجه یا درگاه پرداخت با شناسه",
    "applied": "از حساب معلق",
    "nothing": "بدون مبلغ",
}
UNITS = {"each": "فقره", "m3": "متر مکعب", "page": "برگ", "rial": "ریال"}
VAT = {"taxable": "مشمول", "exempt": "معاف", "zero": "نرخ صفر"}
REASONS = {
    "agency_exempt": "معافیت دستگاه",
    "welfare": "مددجوی نهادهای حمایتی",
    "disaster": "حادثه یا بلای طبیعی",
    "error": "اشتباه صدور",
    "other": "دیگر",
}
ROLES = {"clerk": "کارشناس خزانه", "approver": "تأییدکننده خزانه"}
WAYS = {
    "refund": "استرداد",
    "apply": "برای یک قبض",
    "explained": "توضیح داده شد",
    **account_texts.WAYS,
}
# kind of exception → (name, meaning and remedy)
EXCEPTIONS = {
    "amount_differs": ("مبلغ دیگری آمده", "بانک مبلغی جز مبلغ قبض گزارش کرده است."),
    "paid_twice": ("دو بار پرداخت", "قبض پیش‌تر پرداخت شده بود؛ این پول را برگردانید."),
    "bill_ended": ("قبض پایان‌یافته", "قبض باطل، بخشوده یا منقضی شده بود که پول رسید."),
    "bill_unknown": ("قبض ناشناخته", "شناسه‌های ردیف بانک با هیچ قبضی مطابقت ندارد."),
    "reversed_by_bank": ("برگشت از سوی بانک", "بانک پرداختی را که ثبت کرده بودیم برگردانده است."),
    "not_in_file": ("در فایل بانک نیست", "پرداخت ما در هیچ فایل تسویه نیامده؛ از بانک بپرسید."),
    "not_in_ledger": ("در دفتر ما نیست", "بانک پولی تسویه کرده که پرداختش را نمی‌شناسیم."),
    "ref_reused": ("شماره مرجع تکراری", "شماره پرداخت دیگری آورده شد؛ چیزی دو بار ثبت نشد."),
    **account_texts.EXCEPTIONS,
}
FIELDS = {
    "payer": "پرداخت‌کننده",
    "looked_rials": "مبلغی که دیدید",
    "service": "خدمت",
    "agency_class": "دسته متقاضی",
    "use": "نوع مصرف",
    "area_class": "نوع دشت",
    "season": "فصل",
    "unit": "واحد",
    "amount": "مبلغ",
    "money": "واحد پول",
    "vat_class": "مالیات",
    "from_day": "از روز",
    "to_day": "تا روز",
    "decree": "مصوبه",
    "quantity": "مقدار",
    "source_ref": "شماره مبنا",
    "source_kind": "نوع مبنا",
    "agency": "دستگاه",
    "file_no": "شماره پرونده",
    "requested_at": "روز درخواست",
    "percent": "درصد معافیت",
    "reason": "دلیل",
    "why": "دلیل",
    "replaces": "به جای قبض",
    "number": "شماره قبض",
    "note": "یادداشت",
    "sheba": "شبا",
    "rials": "مبلغ",
    "available_rials": "مبلغ قابل استرداد",
    "bank_ref": "شماره پیگیری بانک",
    "day": "روز",
    "month": "ماه",
    "text": "فایل",
    "channel": "بانک",
    "psp": "بانک",
    "kind": "نوع فایل",
    "format": "قالب",
    **account_texts.FIELDS,
}
FAULTS = {
    **refusal_texts.FAULTS,
    "instant": "روز را مانند 1405/09/04 بنویسید.",
    "to_come": "این روز هنوز نیامده است؛ امروز یا روزی پیش از آن را بنویسید.",
    "order": "روز پایان پیش از روز آغاز است.",
    "tariff.service_unknown": "چنین خدمتی در دفتر خزانه نیست.",
    "money.not_in_force": "این واحد پول در آن روز رواج ندارد.",
    "unknown_field": "چنین ستونی نیست.",
    "header": "سطر نخست باید نام ستون‌ها باشد.",
    "file.wrong": "این سطر خوانده نشد.",
    "file.head": "سطرهای نخست و پایانی این گونه فایل را ندارد؛ ببینید بانک را درست انتخاب کرده‌اید.",
    "file.other_day": "این فایل از روز دیگری است؛ روز بانک را درست کنید.",
    "file.other_company": "این فایل از شرکت دیگری است؛ فایل خود را از بانک بخواهید.",
    "file.other_bank": "این سطر از بانک دیگری است؛ بانک را درست انتخاب کنید.",
    "file.total": "شمار یا جمع آن با سطرها برابر نیست؛ فایل را دوباره از بانک بگیرید.",
    "line.unreadable": "این سطر خوانده نشد؛ نقل‌قول‌ها و جداکننده‌ها را ببینید.",
    "line.columns": "شمار خانه‌های این سطر با سطر نخست یکی نیست.",
    **account_texts.FAULTS,
}
PROBLEMS = {**problem_texts.PROBLEMS, **account_texts.PROBLEMS}
DONE = {
    "draft": "پیش‌نویس ردیف ثبت شد؛ همکار دوم باید آن را تأیید کند.",
    "import": "ردیف‌های فایل پیش‌نویس شد؛ همکار دوم باید آن‌ها را تأیید کند.",
    "approve": "ردیف تأیید شد و از روز آغازش اجرا می‌شود.",
    "withdraw": "ردیف پس گرفته شد.",
    "issue": "قبض صادر شد.",
    "void": "قبض باطل شد.",
    "waive": "قبض بخشوده شد.",
    "ask_refund": "درخواست استرداد ثبت شد؛ همکار دوم باید تصمیم بگیرد.",
    "resolve": "مغایرت پایان یافت.",
    "resolve_refund": "مغایرت پایان یافت و استرداد آن منتظر تأیید همکار دوم است.",
    "refund_approve": "استرداد تأیید شد؛ منتظر واریز است.",
    "refund_refuse": "استرداد رد شد؛ به درخواست‌کننده خبر داده می‌شود.",
    "refund_back": "درخواست استرداد پس گرفته شد.",
    "refund_paid": "واریز استرداد ثبت شد.",
    "close": "روز بسته شد.",
    **account_texts.DONE,
}


def classes(row: Tariff) -> str:
    """The classes that a row of the tariff is for."""
    parts = [
        label(row.agency_class, CLASSES),
        label(row.use, USES) if row.use != "*" else "",
        label(row.area_class, AREAS) if row.area_class != "*" else "",
        label(row.season, SEASONS) if row.season != "*" else "",
    ]
    return "، ".join(part for part in parts if part)


def tariff_state(row: TariffRow) -> str:
    """The state of a row today: in force, to come, or ended."""
    if row.state != "APPROVED":
        return TARIFF_STATES[row.state]
    if row.in_force:
        return "در اجرا"
    return "تأییدشده؛ هنوز آغاز نشده" if is_to_come(row) else "پایان‌یافته"


def refund_state(row: RefundView) -> str:
    """What has become of a refund; one that nobody refused was taken back."""
    is_taken_back = row.state == "REFUSED" and row.approved_by is None
    return "پس‌گرفته" if is_taken_back else REFUND_STATES[row.state]


def is_to_come(row: TariffRow) -> bool:
    """Tell whether an approved row's first day has not come."""
    return row.state == "APPROVED" and row.from_day > today()


def today() -> str:
    """Today in Tehran, in ISO form."""
    return tehran_day(dt.datetime.now(dt.UTC)).isoformat()


# What a list of the tariff shows → its name; ``NOW`` leaves out what has ended.
TARIFF_LISTS = {
    "NOW": "جاری",
    "DRAFT": "پیش‌نویس",
    "IN_FORCE": "در اجرا",
    "TO_COME": "آینده",
    "ENDED": "پایان‌یافته",
    "ALL": "همه",
}


def tariff_list(row: TariffRow) -> str:
    """The list in which a row of the tariff stands beside ``NOW`` and ``ALL``."""
    if row.state == "DRAFT":
        return "DRAFT"
    if row.in_force:
        return "IN_FORCE"
    return "TO_COME" if is_to_come(row) else "ENDED"


def pairs(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    """Codes and names, as options of a field."""
    return [(row["code"], row["fa"]) for row in rows]


def options(table: Mapping[str, str], used: Iterable[str]) -> list[tuple[str, str]]:
    """The values to choose from: those with a name, and those that rows use."""
    codes = dict.fromkeys([*table, *sorted(used)])
    return [(code, label(code, table)) for code in codes]


_REFUSALS = sentences.Refusals(
    "خزانه اکنون پاسخ نمی‌دهد؛ چند دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS,
    FAULTS,
    FIELDS,
)


def faults_of(error: BusError) -> dict[str, str]:
    """The faults by field; those of no field under ``""``."""
    if error.code == "refund.too_much":
        return {"rials": _REFUSALS.sentence(error)}
    return _REFUSALS.faults_of(error)


def lines_of(error: BusError) -> list[dict[str, str]]:
    """The wrong lines of a file: number, column if one is named, fault."""
    lines = []
    for fault in error.fields:
        number, _, column = fault.field.removeprefix("text.").partition(".")
        if number.isdecimal():
            section = f"سطر {number}"
            if column:
                section += f"، ستون {FIELDS.get(column, '')}".rstrip()
            reason = sentences.fault_sentence(fault, FAULTS)
            lines.append({"at": section, "code": column, "reason": reason})
    return lines
