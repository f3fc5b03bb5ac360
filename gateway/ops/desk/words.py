"""Persian words of the desk's forms: fields, acts that are done, and refusals."""

from collections.abc import Mapping

from bus.errors import BusError
from bus.messages.values import Json
from gateway.ops.staff.refusal_texts import FAULTS
from gateway.ops.staff.refusals import Refusals, fault_sentence

FIELDS = {
    "kind": "نوع",
    "counties": "شهرستان‌ها",
    "from_day": "از روز",
    "to_day": "تا روز",
    "opens": "ساعت آغاز",
    "closes": "ساعت پایان",
    "weekdays": "روزهای تعطیل هفته",
    "status": "قطعیت",
    "title": "عنوان",
    "source": "شماره و تاریخ مصوبه",
    "confirmed": "تأیید",
    "row": "ردیف",
    "office": "محل مراجعه",
    "day": "روز",
    "minutes": "مدت هر مراجعه",
    "capacity": "ظرفیت هم‌زمان",
    "text": "متن",
    "canned": "متن آماده",
    "files": "پیوست",
    "attachments": "پیوست",
    "unit": "واحد",
    "assignee": "همکار",
    "reason": "دلیل",
    "came": "آمدن شهروند",
    "into": "کد رهگیری درخواست اصلی",
    "visit": "زمان مراجعه شهروند",
    "bills_stay": "قبض باز",
    "code": "کد رهگیری",
    "category": "موضوع",
    "county": "شهرستان",
    "privacy": "پوشیدگی نام",
    "name": "نام",
    "mobile": "همراه",
    "email": "پست الکترونیک",
    "national_id": "کد ملی",
    "declared": "درستی گفته‌ها",
    "version": "نسخه پرونده",
    "page": "صفحه",
    "state": "وضعیت",
    "search": "جست‌وجو",
    "mine": "کارهای من",
    "late": "دیرشده",
}
# What is done, by the act.
DONE = {
    "say": "پیام فرستاده شد",
    "answer": "پاسخ فرستاده شد",
    "note": "یادداشت ثبت شد",
    "assign": "ارجاع شد",
    "pause": "در انتظار گذاشته شد",
    "resume": "رسیدگی ادامه یافت",
    "invite": "دعوت فرستاده شد",
    "visit": "نتیجه مراجعه ثبت شد",
    "merge": "یکی شد",
    "unmerge": "جدا شد",
    "close": "پایان یافت",
    "take_up": "دوباره باز شد",
    "new_secret": "رمز تازه به شهروند فرستاده شد",
    "row": "ردیف تقویم افزوده شد",
    "withdraw": "ردیف تقویم برداشته شد",
    "slots": "زمان‌های مراجعه باز شد",
}
PAUSES = {
    "applicant": "مدرک یا پاسخ شهروند",
    "visit": "مراجعه حضوری",
    "agency": "دستگاه دیگر",
    "commission": "کمیسیون",
    "payment": "پرداخت",
}
CLOSES = {
    "settled": "پایان یافته",
    "withdrawn": "پس گرفته شد",
    "not_ours": "در صلاحیت ما نیست",
    "abuse": "رسیدگی نمی‌شود",
}
KINDS = {
    "hours": "ساعت کار",
    "weekend": "تعطیل هفتگی",
    "closure": "تعطیلی",
    "opening": "روز باز",
}
WEEKDAYS = {
    "sat": "شنبه", "sun": "یکشنبه", "mon": "دوشنبه", "tue": "سه‌شنبه", "wed": "چهارشنبه",
    "thu": "پنجشنبه", "fri": "جمعه",
}  # fmt: skip
_OF_FIELD = {
    ("text", "required"): "متن را بنویسید.",
    ("text", "length"): "متن را بنویسید.",
    ("came", "required"): "اعلام فرمایید شهروند آمد یا نیامد.",
    ("visit", "required"): "اعلام فرمایید زمان مراجعه شهروند بماند یا لغو شود.",
    ("bills_stay", "required"): "اعلام فرمایید که می‌دانید این قبض باز می‌ماند.",
    ("assignee", "choice"): "این همکار در آن واحد کار نمی‌کند؛ همکار دیگری را انتخاب کنید.",
    ("into", "choice"): "یک پرونده با خودش یکی نمی‌شود؛ کد پرونده دیگری را بنویسید.",
    ("closes", "choice"): "ساعت پایان پس از ساعت آغاز باشد و دست‌کم یک مراجعه در آن جا بگیرد.",
    ("to_day", "choice"): "روز پایان پیش از روز آغاز است.",
    ("from_day", "choice"): "این روز بیش از ده سال دور است؛ سال را دوباره ببینید.",
    ("weekdays", "choice"): "دست‌کم یک روز هفته را انتخاب کنید.",
}
REFUSALS = Refusals(
    away="میز خدمت اکنون پاسخ نمی‌دهد. نوشته شما پایین مانده است؛ یک دقیقه دیگر دوباره بفرستید.",
    problems={},
    faults=FAULTS,
    fields=FIELDS,
)


# Only these forms offer prepared texts.
WITH_PREPARED = frozenset({"answer", "say"})
OR_PREPARED = "متن را بنویسید، یا متن آماده‌ای را انتخاب کنید."


def faults_of(error: BusError | None, act: str = "") -> dict[str, str]:
    """What is wrong by field; what belongs to no field under ``""``."""
    if error is None:
        return {}
    if error.code == "visit.no_open_time":
        return {"office": REFUSALS.sentence(error)}
    if error.code == "ticket.target_ended":
        return {"into": REFUSALS.sentence(error)}
    faults: dict[str, str] = {}
    for fault in error.fields:
        name = fault.field.split(".", 1)[0]
        if name in FIELDS:
            sentences = _OF_FIELD.get((name, fault.code))
            if (name, fault.code) == ("text", "required") and act in WITH_PREPARED:
                sentences = OR_PREPARED
            faults.setdefault(name, sentences or fault_sentence(fault))
    return faults or {"": REFUSALS.sentence(error)}


def label(table: Mapping[str, str], code: str) -> str:
    """What people call a code; the code itself where nobody has named it."""
    return table.get(code, code)


def names_of(rows: list[Json]) -> dict[str, str]:
    """Codes and Persian names, as services tell them."""
    return {row["code"]: row["fa"] for row in rows}
