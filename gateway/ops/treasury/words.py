"""What the treasury's pages say in Persian: of states, of acts that are done, of refusals."""

from typing import Any

from bus.errors import BusError
from gateway.ops import sentences

BILL_STATES = {
    "ISSUED": "پرداخت‌نشده", "PAID": "پرداخت‌شده", "WAIVED": "بخشوده", "VOID": "باطل",
    "EXPIRED": "منقضی",
}  # fmt: skip
TARIFF_STATES = {"DRAFT": "پیش‌نویس", "APPROVED": "تأییدشده", "WITHDRAWN": "پس‌گرفته"}
REFUND_STATES = {
    "REQUESTED": "منتظر نفر دوم", "APPROVED": "تأییدشده، منتظر واریز", "PAID": "واریزشده",
    "REFUSED": "ردشده",
}  # fmt: skip
SOURCES = {
    "office": "اداری", "inquiry": "استعلام متقاضی", "ticket": "درخواست", "batch": "استعلام گروهی",
    "day": "استعلام‌های یک روز",
}  # fmt: skip
UNITS = {"each": "فقره", "m3": "متر مکعب", "page": "برگ", "rial": "ریال"}
VAT = {"taxable": "مشمول", "exempt": "معاف", "zero": "نرخ صفر"}
REASONS = {
    "agency_exempt": "معافیت دستگاه", "welfare": "مددجوی نهادهای حمایتی",
    "disaster": "حادثه یا بلای طبیعی", "error": "اشتباه صدور", "other": "دیگر",
}  # fmt: skip
ROLES = {"clerk": "کارشناس خزانه", "approver": "تأییدکننده خزانه"}
WAYS = {"refund": "استرداد", "apply": "برای یک قبض", "explained": "توضیح داده شد"}
# kind of exception → (name, what it means and what to do)
EXCEPTIONS = {
    "amount_differs": ("مبلغ دیگری آمده", "بانک مبلغی جز مبلغ قبض گزارش کرده است."),
    "paid_twice": ("دو بار پرداخت", "قبض پیش‌تر پرداخت شده بود؛ این پول را برگردانید."),
    "bill_ended": ("قبض پایان‌یافته", "قبض باطل، بخشوده یا منقضی شده بود که پول رسید."),
    "bill_unknown": ("قبض ناشناخته", "شناسه‌های ردیف بانک با هیچ قبضی مطابقت ندارد."),
    "reversed_by_bank": ("برگشت از سوی بانک", "بانک پرداختی را که ثبت کرده بودیم برگردانده است."),
    "not_in_file": ("در فایل بانک نیست", "پرداخت ما در هیچ فایل تسویه نیامده؛ از بانک بپرسید."),
    "not_in_ledger": ("در دفتر ما نیست", "بانک پولی تسویه کرده که پرداختش را نمی‌شناسیم."),
    "ref_reused": ("شماره مرجع تکراری", "شماره پرداخت دیگری آورده شد؛ چیزی دو بار ثبت نشد."),
}  # fmt: skip
FIELDS = {
    "service": "خدمت", "agency_class": "دسته متقاضی", "use": "نوع مصرف", "area_class": "نوع دشت",
    "season": "فصل", "unit": "واحد", "amount": "مبلغ", "money": "واحد پول", "vat_class": "مالیات",
    "from_day": "از روز", "to_day": "تا روز", "decree": "مصوبه", "quantity": "مقدار",
    "source_ref": "شماره مبنا", "source_kind": "نوع مبنا", "agency": "دستگاه",
    "file_no": "شماره پرونده", "requested_at": "روز درخواست", "percent": "درصد معافیت",
    "reason": "دلیل", "why": "دلیل", "replaces": "به جای قبض", "number": "شماره قبض",
    "note": "یادداشت", "sheba": "شبا", "rials": "مبلغ", "available_rials": "مبلغ قابل استرداد",
    "bank_ref": "شماره پیگیری بانک", "day": "روز", "month": "ماه", "text": "فایل",
    "channel": "بانک", "psp": "بانک", "kind": "نوع فایل", "format": "قالب",
}  # fmt: skip
FAULTS = {
    **sentences.FAULTS,
    "range": "عدد بیرون از اندازه است.",
    "invalid": "این بخش درست تکمیل نشده است.",
    "instant": "روز را مانند 1405/09/04 بنویسید.",
    "month": "ماه را مانند 1405-09 بنویسید.",
    "to_come": "این روز هنوز نیامده است؛ امروز یا روزی پیش از آن را بنویسید.",
    "order": "روز پایان پیش از روز آغاز است.",
    "sheba.format": "شبا IR و 24 رقم است.",
    "sheba.check_digit": "رقم‌های کنترل شبا مطابقت ندارد؛ رقمی اشتباه است.",
    "tariff.service_unknown": "چنین خدمتی در دفتر خزانه نیست.",
    "money.not_in_force": "این واحد پول در آن روز رواج ندارد.",
    "unknown_field": "چنین ستونی نیست.",
    "header": "سطر نخست باید نام ستون‌ها باشد.",
    "file.wrong": "این سطر خوانده نشد.",
}  # fmt: skip
PROBLEMS = {
    "treasury.not_an_officer": "شما به خزانه دسترسی ندارید؛ آن را از مسئول خزانه بخواهید.",
    "treasury.not_an_approver": "این کار تأییدکننده می‌خواهد؛ از یکی از تأییدکنندگان خزانه بخواهید.",
    "treasury.same_person": "این کار را خود شما آغاز کرده‌اید؛ همکار دوم باید تصمیم بگیرد.",
    "treasury.no_book": "خزانه هنوز دفتری ندارد؛ مدیر سامانه باید آن را بارگذاری کند.",
    "tariff.none": "برای این خدمت و این روز تعرفه‌ای در اجرا نیست؛ نخست ردیفی را تأیید کنید.",
    "quote.too_large": "جمع این مبلغ از سقف یک قبض بیشتر است؛ مقدار کمتری وارد کنید.",
    "tariff.not_found": "چنین ردیفی نیست؛ فهرست را دوباره ببینید.",
    "tariff.move": "وضعیت این ردیف تغییر کرده است؛ فهرست را دوباره ببینید.",
    "tariff.same_day": "ردیف تأییدشده دیگری برای همین دسته از همین روز آغاز می‌شود.",
    "tariff.in_force": "این ردیف در اجراست و پس گرفته نمی‌شود؛ ردیفی با روز دیرتر بنویسید.",
    "bill.not_found": "چنین قبضی نیست؛ شماره را دوباره ببینید.",
    "bill.not_open": "قبض باز نیست.",
    "bill.move": "قبض در این وضعیت این کار را نمی‌پذیرد.",
    "bill.not_void": "تنها به جای قبض باطل یا منقضی قبض تازه صادر می‌شود؛ نخست آن را باطل کنید.",
    "bill.too_late": "این استعلام دیگر پاسخ‌دادنی نیست؛ متقاضی باید در درگاه از نو استعلام کند.",
    "bill.amount": "شناسه پرداخت این مبلغ را در خود جا نمی‌دهد؛ چند قبض صادر کنید.",
    "bill.race": "هم‌زمان قبض دیگری صادر شد؛ دوباره بفرستید.",
    "bill.charged": "این مبنا قبض دارد: نخست آن را باطل کنید، یا شماره مبنای دیگری بنویسید.",
    "payment.under_way": "کسی در حال پرداخت این قبض است؛ تا پاسخ بانک بمانید.",
    "exception.not_found": "چنین مغایرتی نیست.",
    "exception.resolved": "همکاری پیش از شما به این مغایرت پایان داده است.",
    "exception.reversing": "از بانک خواسته‌ایم این پول را برگرداند؛ تا پاسخ بانک بمانید.",
    "exception.has_money": "پول در حساب معلق است: آن را برگردانید یا برای یک قبض بگذارید.",
    "exception.no_money": "پولی در حساب معلق نیست؛ توضیح بنویسید.",
    "exception.no_fit": "تنها قبض بازی که مبلغش درست همین باشد این پول را می‌پذیرد.",
    "refund.not_found": "چنین استردادی نیست.",
    "refund.move": "وضعیت این استرداد تغییر کرده است؛ فهرست را ببینید.",
    "refund.stale": "مبلغ قابل استرداد تغییر کرده است؛ مبلغ تازه را ببینید و دوباره بفرستید.",
    "refund.too_much": "بیش از مبلغ قابل استرداد است.",
    "file.wrong": "فایل پذیرفته نشد و هیچ سطری از آن ثبت نشد.",
    "psp.unknown": "بانک صادرکننده فایل را انتخاب کنید.",
    "close.too_early": "روز هنوز به پایان نرسیده است؛ فردا آن را ببندید.",
    "close.before_ledger": "دفتر پس از این روز آغاز می‌شود؛ پیش از آن چیزی برای بستن نیست.",
    "close.file_missing": "فایل بانکی که پرداخت دارد نیامده است؛ نخست آن را بارگذاری کنید.",
    "close.unbalanced": "دفتر و اسناد مطابقت ندارد؛ به مهندسان سامانه اطلاع دهید.",
    "field.wrong": "هیچ سطری ثبت نشد؛ سطرهای نادرست در زیر آمده است.",
    "contract.broken": "برخی بخش‌ها درست تکمیل نشده است.",
    "form.malformed": "فایل خوانده نشد؛ آن را با UTF-8 ذخیره کنید.",
    "http.too_large": "فایل از اندازه بزرگ‌تر است.",
}  # fmt: skip
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
    "refund_approve": "استرداد تأیید شد؛ اکنون واریز می‌شود.",
    "refund_refuse": "استرداد رد شد.",
    "refund_paid": "واریز استرداد ثبت شد.",
    "close": "روز بسته شد.",
}  # fmt: skip


_REFUSALS = sentences.Refusals(
    "خزانه اکنون پاسخ نمی‌دهد؛ چند دقیقه دیگر همین فرم را دوباره بفرستید.",
    PROBLEMS, FAULTS, FIELDS,
)  # fmt: skip


def faults_of(error: BusError) -> dict[str, str]:
    """What is wrong by field, of several faults the last; what belongs to no field under ``""``."""
    if error.code == "refund.too_much":
        return {"rials": _REFUSALS.sentence(error)}
    faults = {f.field: FAULTS.get(f.code, f.message) for f in error.fields if f.field in FIELDS}
    return faults or {"": _REFUSALS.sentence(error)}


def lines_of(error: BusError) -> list[dict[str, Any]]:
    """The wrong lines of a file: number, column if one is named, what is wrong."""
    lines = []
    for fault in error.fields:
        number, _, column = fault.field.removeprefix("text.").partition(".")
        if number.isdecimal():
            why = FAULTS.get(fault.code, fault.message)
            told = "" if why == fault.message else fault.message
            lines.append({"line": number, "column": column, "why": why, "told": told})
    return lines
