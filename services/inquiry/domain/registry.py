"""One row of a registry export as the normalised record of the inquiry context; pure.

A row is a mapping from Persian header to text. What cannot be repaired raises BadRow.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from bus import identifiers
from bus.persian import FIRST_YEAR, LAST_YEAR, Malformed, fold_digits, squeezed_key
from services.inquiry.domain import registry_words as words
from services.inquiry.domain.registry_cells import (
    BadRow,
    Cells,
    Fault,
    Record,
    day,
    fault,
    number,
    plain,
    text,
    whole,
)

__all__ = ["BadRow", "Fault", "decree", "fault", "partner", "source", "violation"]

FILE_NO, SUBSCRIPTION, HOLDER_ID = "شماره پرونده", "کد اشتراک", "کد ملی / شناسه ملی"
PARTNER_ID, MOBILE, POSTAL = "کد ملی", "تلفن همراه", "کد پستی"
PERSONAL = frozenset({HOLDER_ID, PARTNER_ID, MOBILE, POSTAL})
LICENCE_COLUMNS = ("نوع پروانه", "شماره پروانه", "تاریخ صدور", "تاریخ انقضا")
SOURCE_COLUMNS = (
    FILE_NO,
    SUBSCRIPTION,
    "نام",
    "نام خانوادگی",
    "نام پدر",
    HOLDER_ID,
    "نوع شخص",
    MOBILE,
    "نوع منبع",
    "وضعیت پروانه",
    *LICENCE_COLUMNS,
    "نوع مصرف",
    "حجم مجاز سالانه",
    "واحد حجم",
    "دبی مجاز (لیتر بر ثانیه)",
    "ساعت کارکرد سالانه",
    "قدرت مجاز (کیلووات)",
    "عمق (متر)",
    "شهرستان",
    "دهستان",
    "محدوده مطالعاتی",
    "وضعیت محدوده",
    "UTM X",
    "UTM Y",
    "زون",
    "کنتور",
    "شناسه اشتراک برق",
    "دستور",
    "تاریخ دستور",
    "بدهی (ریال)",
    POSTAL,
)
PARTNER_COLUMNS = (FILE_NO, "نام", "نام خانوادگی", PARTNER_ID, "سهم (دانگ)")
VIOLATION_COLUMNS = (FILE_NO, "نوع تخلف", "تاریخ کشف", "مرحله", "حجم (مترمکعب)")
DECREE_COLUMNS = ("شماره", "عنوان", "انقضا از", "انقضا تا", "تمدید تا", "تاریخ ابلاغ")
RENEWAL, DRILLED, CASE, USE = (
    "تاریخ درخواست تمدید",
    "سال حفر",
    "وضعیت پرونده تعیین تکلیف",
    "نوع مصرف",
)
SOURCE_OPTIONAL = (RENEWAL, DRILLED, CASE)
DECREE_OPTIONAL = (USE,)

VOLUME_TOLERANCE = 0.02
LITRES_PER_SECOND_TO_M3_PER_HOUR = 3.6
WHOLE_DANGS = 6
UTM_X, UTM_Y = (100_000, 900_000), (1_000_000, 9_999_999)

_ZONE = re.compile(r"(3[89]|4[01])[NRS]?")
_file_no = partial(identifiers.register_number, kind="file_no")
_subscription = partial(identifiers.register_number, kind="subscription_code")
_licence_no = partial(identifiers.register_number, kind="licence_no")
_electricity = partial(identifiers.register_number, kind="electricity_subscription")
_national_id = partial(identifiers.national_id, pad=True)
_person = words.reader(words.PERSONS, "person")
_source_kind = words.reader(words.SOURCE_KINDS, "source_kind")
_licensed = words.reader(words.LICENSED, "licensed")
_licence_kind = words.reader(words.LICENCE_KINDS, "licence_kind")
_use = words.reader(words.USES, "use")
_unit = words.reader(words.VOLUME_UNITS, "volume_unit")
_area_status = words.reader(words.AREA_STATUSES, "area_status")
_meter = words.reader(words.METERS, "meter")
_order = words.reader(words.ORDERS, "order")
_offence = words.reader(words.OFFENCES, "offence")
_step = words.reader(words.STEPS, "step")
_case = words.reader(words.CASES, "case")


def source(row: Mapping[str, str]) -> tuple[Record, list[Fault]]:
    """The record of a row of sources.csv, without partners and violations, and its warnings.

    Dates come out as ISO Gregorian, volumes as m3 a year. Raises BadRow with all faults.
    """
    cells = Cells(row)
    order = _order_of(cells)
    record: Record = {
        "file_no": cells.need(FILE_NO, _file_no),
        "subscription_code": cells.read(SUBSCRIPTION, _subscription),
        "source": {
            "kind": cells.need("نوع منبع", _source_kind),
            "depth_m": cells.read("عمق (متر)", number),
        },
        "holder": _holder(cells),
        "licence": _licence(cells),
        "use": cells.need("نوع مصرف", _use),
        "allocation": _allocation(cells),
        "place": _place(cells),
        "meter": cells.need("کنتور", _meter),
        "electricity_subscription": cells.read("شناسه اشتراک برق", _electricity),
        "orders": [order] if order else [],
        "debt_rials": cells.need("بدهی (ریال)", whole),
        "unlicensed_case": cells.read(CASE, _case),
        "drilled_year": cells.read(DRILLED, _drilled_year),
    }
    cells.finish()
    return record, cells.warnings


def partner(row: Mapping[str, str]) -> tuple[str, Record]:
    """The file number and the partner of a row of partners.csv; raises BadRow."""
    cells = Cells(row)
    file_no = cells.need(FILE_NO, _file_no)
    kind, reads = _identified(None, cells.raw(PARTNER_ID))
    record: Record = {
        "id_kind": kind,
        "id": cells.need(PARTNER_ID, reads),
        "name": _name(cells),
        "share_dang": cells.need("سهم (دانگ)", _share),
    }
    cells.finish()
    return str(file_no), record


def violation(row: Mapping[str, str]) -> tuple[str, Record]:
    """The file number and the offence of a row of violations.csv; raises BadRow."""
    cells = Cells(row)
    file_no = cells.need(FILE_NO, _file_no)
    record: Record = {
        "kind": cells.need("نوع تخلف", _offence),
        "found_on": cells.need("تاریخ کشف", day),
        "step": cells.need("مرحله", _step),
        "volume_m3": cells.read("حجم (مترمکعب)", number),
    }
    cells.finish()
    return str(file_no), record


def decree(row: Mapping[str, str]) -> Record:
    """The decree of a row of decrees.csv; raises BadRow.

    Without a column of uses it is limited to the use that its title names, if it names one.
    """
    cells = Cells(row)
    record: Record = {
        "number": cells.need("شماره", identifiers.register_number),
        "title": cells.need("عنوان", text),
        "expiry_from": cells.need("انقضا از", day),
        "expiry_to": cells.need("انقضا تا", day),
        "extended_to": cells.need("تمدید تا", day),
        "notified_on": cells.need("تاریخ ابلاغ", day),
        "use": cells.read(USE, _use) or cells.read("عنوان", words.use_named_in),
    }
    cells.finish()
    if not record["expiry_from"] <= record["expiry_to"] <= record["extended_to"]:
        cells.wrong("تمدید تا", "decree.dates", "From, to and extended-to are not in order.")
    cells.finish()
    return record


def _holder(cells: Cells) -> Record:
    entered = cells.read("نوع شخص", _person)
    kind, reads = _identified(entered, cells.raw(HOLDER_ID))
    postal = cells.read(POSTAL, identifiers.postal_code)
    if postal and identifiers.suspect_postal_code(postal):
        cells.warn(POSTAL, "postal_code.suspect", "The postal code breaks the published habits.")
    mobile = cells.read(MOBILE, identifiers.mobile)
    if not cells.raw(MOBILE):
        cells.warn(MOBILE, "mobile.missing", "There is no mobile number.")
    return {
        "person": "legal" if kind == "legal_id" else "natural",
        "id_kind": kind,
        "id": cells.need(HOLDER_ID, reads),
        "name": _name(cells),
        "father_name": cells.read("نام پدر", text),
        "mobile": mobile,
        "postal_code": postal,
    }


def _identified(person: str | None, entered: str) -> tuple[str, Callable[[str], str]]:
    """The kind of identifier of a person as entered, by its length where that is not said."""
    length = len(fold_digits(entered))
    if person == "legal" or (person is None and length == identifiers.LEGAL_LENGTH):
        return "legal_id", identifiers.legal_id
    if person == "foreigner" or length == identifiers.FOREIGNER_LENGTH:
        return "foreigner_id", identifiers.foreigner_id
    return "national_id", _national_id


def _name(cells: Cells) -> str:
    first, last = cells.read("نام", text), cells.need("نام خانوادگی", text)
    return f"{first} {last}" if first else last or ""


def _licence(cells: Cells) -> Record | None:
    status = cells.need("وضعیت پروانه", _licensed)
    if status != "licensed":
        for field in LICENCE_COLUMNS:
            if status and cells.raw(field):
                cells.wrong(field, "licence.unexpected", "The row says that there is no licence.")
        return None
    kind, number_ = (
        cells.need("نوع پروانه", _licence_kind),
        cells.need("شماره پروانه", _licence_no),
    )
    issued, expires = cells.need("تاریخ صدور", day), cells.need("تاریخ انقضا", day)
    if issued and expires and expires < issued:
        cells.wrong("تاریخ انقضا", "licence.dates", "The licence expires before it was issued.")
    return {
        "kind": kind,
        "number": number_,
        "issued_on": issued,
        "expires_on": expires,
        "renewal_requested_on": cells.read(RENEWAL, day),
    }


def _allocation(cells: Cells) -> Record:
    volume = cells.read("حجم مجاز سالانه", number)
    if volume is not None:
        unit = cells.need("واحد حجم", _unit)
        volume = plain(round(volume * int(unit or 1), 3))
    flow = cells.read("دبی مجاز (لیتر بر ثانیه)", number)
    hours = cells.read("ساعت کارکرد سالانه", number)
    if volume is not None and flow and hours:
        expected = flow * LITRES_PER_SECOND_TO_M3_PER_HOUR * hours
        if abs(volume - expected) > VOLUME_TOLERANCE * expected:
            cells.warn(
                "حجم مجاز سالانه",
                "allocation.volume_differs",
                f"Flow and hours make {expected:.0f} m3 a year.",
            )
    return {
        "volume_m3_year": volume,
        "flow_lps": flow,
        "hours_year": hours,
        "power_kw": cells.read("قدرت مجاز (کیلووات)", number),
    }


def _place(cells: Cells) -> Record:
    x, y = cells.read("UTM X", number), cells.read("UTM Y", number)
    for field, value, (least, most) in (("UTM X", x, UTM_X), ("UTM Y", y, UTM_Y)):
        if value is None:
            if not cells.raw(field):
                cells.warn(field, "utm.missing", "There is no UTM coordinate.")
        elif not least <= value <= most:
            cells.wrong(field, "utm.range", f"It lies outside {least} to {most} metres.")
    zone = cells.read("زون", _zone)
    if not cells.raw("زون"):
        cells.warn("زون", "utm_zone.missing", "There is no UTM zone.")
    return {
        "county": cells.need("شهرستان", text),
        "district": cells.read("دهستان", text),
        "study_area": cells.read("محدوده مطالعاتی", text),
        "area_status": cells.need("وضعیت محدوده", _area_status),
        "utm_x": x,
        "utm_y": y,
        "utm_zone": zone,
    }


def _order_of(cells: Cells) -> Record | None:
    kind, on = cells.read("دستور", _order), cells.read("تاریخ دستور", day)
    for filled, empty in (("دستور", "تاریخ دستور"), ("تاریخ دستور", "دستور")):
        if cells.raw(filled) and not cells.raw(empty):
            cells.wrong(empty, "order.incomplete", "An order and its date are written together.")
    return {"kind": kind, "on": on} if kind and on else None


def _zone(value: str) -> str:
    """Zones 38 to 41 cover Iran; R and S are the latitude bands that some write for N."""
    found = _ZONE.fullmatch(squeezed_key(value).upper())
    if not found:
        raise Malformed("utm_zone.format", "A zone is written as in 39N (38 to 41, north).")
    return f"{found[1]}N"


def _drilled_year(value: str) -> int:
    year = whole(value)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Malformed("drilled_year.range", "It is a Jalali year of four digits.")
    return year


def _share(value: str) -> float | int:
    share = number(value)
    if not 0 < share <= WHOLE_DANGS:
        raise Malformed("share.range", "A share is more than 0 and at most 6 dang.")
    return share
