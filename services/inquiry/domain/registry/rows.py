"""Reads one row of a registry export into the normalised record of the inquiry context.

A row is a mapping from Persian header to text. What cannot be repaired raises BadRow if an answer
depends on it; a cell of contact or description is left out, and a warning names it.
"""

import datetime as dt
import re
from collections.abc import Mapping

from iran.persian import Malformed, squeezed_key, tehran_day
from services.inquiry.domain.records import (
    Allocation,
    Decree,
    Licence,
    Number,
    Order,
    Partner,
    Place,
    SourceRecord,
    Violation,
)
from services.inquiry.domain.registry import numbers, persons, plausibility, words
from services.inquiry.domain.registry.cells import (
    Cells,
    Fault,
    day,
    name,
    number,
    plain,
    text,
    whole,
)
from services.inquiry.domain.registry.columns import (
    CASE,
    DRILLED,
    FILE_NO,
    HOLDER_ID,
    LICENCE_COLUMNS,
    MOBILE,
    PARTNER_ID,
    POSTAL,
    RENEWAL,
    SUBSCRIPTION,
    USE,
)

VOLUME_TOLERANCE = 0.02
LITRES_PER_SECOND_TO_M3_PER_HOUR = 3.6
WHOLE_DANGS = 6
UTM_X, UTM_Y = (100_000, 900_000), (1_000_000, 9_999_999)

_ZONE = re.compile(r"(3[89]|4[01])[NRS]?")
_file_no = numbers.grouped("file_no")
_subscription = numbers.digits("subscription_code")
_licence_no = numbers.grouped("licence_no")
_electricity = numbers.digits("electricity_subscription")
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

Row = Mapping[str, str]
# The block of an answer that lacks the value of a cell which was left out.
BLOCK_OF = {
    "نام": "holder",
    "نام خانوادگی": "holder",
    "نام پدر": "holder",
    MOBILE: "contact",
    POSTAL: "contact",
    "دهستان": "place",
    "محدوده مطالعاتی": "place",
    "UTM X": "place",
    "UTM Y": "place",
    "زون": "place",
}


def source(row: Row, today: dt.date | None = None) -> tuple[SourceRecord, list[Fault]]:
    """Read a row of sources.csv, without partners and violations, and its warnings.

    Dates come out as ISO Gregorian, volumes as m3 a year; no date but the expiry lies after
    ``today`` (that of Iran if None). Raises BadRow with all faults.
    """
    cells = Cells(row)
    dates = plausibility.dates_of(today or _today())
    order = _order_of(cells, dates)
    record: SourceRecord = {
        "file_no": cells.need(FILE_NO, _file_no),
        "subscription_code": cells.read(SUBSCRIPTION, _subscription),
        "source": {
            "kind": cells.need("نوع منبع", _source_kind),
            "depth_m": cells.aside("عمق (متر)", plausibility.depth),
        },
        "holder": persons.holder(cells),
        "licence": _licence(cells, dates),
        "use": cells.need(USE, _use),
        "allocation": _allocation(cells),
        "place": _place(cells),
        "meter": cells.need("کنتور", _meter),
        "electricity_subscription": cells.read("شناسه اشتراک برق", _electricity),
        "orders": [order] if order else [],
        "debt_rials": cells.need("بدهی (ریال)", whole),
        "unlicensed_case": cells.read(CASE, _case),
        "drilled_year": cells.read(DRILLED, dates.year_past),
    }
    cells.finish()
    plausibility.doubts_of_source(cells, record, dates)
    left_out = {BLOCK_OF.get(w.field, "technical") for w in cells.warnings if w.left_out}
    if left_out:
        record["left_out"] = sorted(left_out)
    return record, cells.warnings


def partner(row: Row, warnings: list[Fault] | None = None) -> tuple[str, Partner]:
    """Read a row of partners.csv: the file number and the partner. Raises BadRow.

    What is left out is added to ``warnings``.
    """
    cells = Cells(row)
    file_no = cells.need(FILE_NO, _file_no)
    kind, reads = persons.identified(None, cells.raw(PARTNER_ID))
    record: Partner = {
        "id_kind": kind,
        "id": cells.need(PARTNER_ID, reads),
        "name": persons.full_name(cells),
        "share_dang": cells.need("سهم (دانگ)", _share),
    }
    persons.warn_of_zeros(cells, PARTNER_ID, record["id"])
    _finish(cells, warnings)
    return file_no, record


def violation(
    row: Row, warnings: list[Fault] | None = None, today: dt.date | None = None
) -> tuple[str, Violation]:
    """Read a row of violations.csv: the file number and the offence. Raises BadRow.

    What is left out is added to ``warnings``.
    """
    cells = Cells(row)
    dates = plausibility.dates_of(today or _today())
    file_no = cells.need(FILE_NO, _file_no)
    record: Violation = {
        "kind": cells.need("نوع تخلف", _offence),
        "found_on": cells.need("تاریخ کشف", dates.near),
        "step": cells.need("مرحله", _step),
        "volume_m3": cells.aside("حجم (مترمکعب)", number),
    }
    cells.finish()
    plausibility.doubts_of_violation(cells, record, dates)
    _finish(cells, warnings)
    return file_no, record


def decree(row: Row, warnings: list[Fault] | None = None, today: dt.date | None = None) -> Decree:
    """Read a row of decrees.csv; raises BadRow.

    Without a column of uses it is limited to the use that its title names, if it names one.
    """
    cells = Cells(row)
    dates = plausibility.dates_of(today or _today())
    record: Decree = {
        "number": cells.need("شماره", numbers.decree),
        "title": cells.need("عنوان", text),
        "expiry_from": cells.need("انقضا از", day),
        "expiry_to": cells.need("انقضا تا", day),
        "extended_to": cells.need("تمدید تا", day),
        "notified_on": cells.need("تاریخ ابلاغ", dates.past),
        "use": cells.read(USE, _use) or cells.read("عنوان", words.use_named_in),
    }
    cells.finish()
    if not record["expiry_from"] <= record["expiry_to"] <= record["extended_to"]:
        cells.wrong("تمدید تا", "decree.dates", "From, to and extended-to are not in order.")
    cells.finish()
    plausibility.doubts_of_decree(cells, record)
    _finish(cells, warnings)
    return record


def readable(sheet: str, row: Row, today: dt.date) -> tuple[list[list[str]], list[Order]]:
    """Read what a refused row still says: keys as ``[kind, value]``, and orders."""
    cells = Cells(row)
    if sheet == "decrees":
        return [["decree", cells.read("شماره", numbers.decree) or ""]], []
    keys: list[tuple[str, str | None]] = [("file_no", cells.read(FILE_NO, _file_no))]
    if sheet == "sources":
        person, field = cells.read("نوع شخص", persons.kind), HOLDER_ID
        keys += [
            ("subscription_code", cells.read(SUBSCRIPTION, _subscription)),
            ("licence_no", cells.read("شماره پروانه", _licence_no)),
            ("electricity_subscription", cells.read("شناسه اشتراک برق", _electricity)),
        ]
    else:
        person, field = None, PARTNER_ID
    kind, reads = persons.identified(person, cells.raw(field))
    keys.append((kind, cells.read(field, reads)))
    order = _order_of(cells, plausibility.dates_of(today)) if sheet == "sources" else None
    return [[kind, key] for kind, key in keys if kind and key], [order] if order else []


def _today() -> dt.date:
    return tehran_day(dt.datetime.now(dt.UTC))


def _finish(cells: Cells, warnings: list[Fault] | None) -> None:
    cells.finish()
    if warnings is not None:
        warnings += cells.warnings


def _licence(cells: Cells, dates: plausibility.Dates) -> Licence | None:
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
    issued, expires = cells.need("تاریخ صدور", dates.past), cells.need("تاریخ انقضا", day)
    if issued and expires and expires < issued:
        cells.wrong("تاریخ انقضا", "licence.dates", "The licence expires before it was issued.")
    return {
        "kind": kind,
        "number": number_,
        "issued_on": issued,
        "expires_on": expires,
        "renewal_requested_on": cells.read(RENEWAL, dates.past),
    }


def _allocation(cells: Cells) -> Allocation:
    """Read the volume, which is the right itself, and what describes how it is taken."""
    volume = cells.read("حجم مجاز سالانه", number)
    if volume is not None:
        unit = cells.need("واحد حجم", _unit)
        volume = plain(round(volume * int(unit or 1), 3))
    flow = cells.aside("دبی مجاز (لیتر بر ثانیه)", number)
    hours = cells.aside("ساعت کارکرد سالانه", plausibility.hours)
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
        "power_kw": cells.aside("قدرت مجاز (کیلووات)", number),
    }


def _place(cells: Cells) -> Place:
    x, y = cells.aside("UTM X", number), cells.aside("UTM Y", number)
    coordinates: dict[str, Number | None] = {}
    for field, value, (least, most) in (("UTM X", x, UTM_X), ("UTM Y", y, UTM_Y)):
        coordinates[field] = value
        if value is None:
            if not cells.raw(field):
                cells.warn(field, "utm.missing", "There is no UTM coordinate.")
        elif not least <= value <= most:
            cells.leave_out(field, "utm.range", f"It lies outside {least} to {most} metres.")
            coordinates[field] = None
    zone = cells.aside("زون", _zone)
    if not cells.raw("زون"):
        cells.warn("زون", "utm_zone.missing", "There is no UTM zone.")
    return {
        "county": cells.need("شهرستان", name),
        "district": cells.aside("دهستان", name),
        "study_area": cells.aside("محدوده مطالعاتی", name),
        "area_status": cells.need("وضعیت محدوده", _area_status),
        "utm_x": coordinates["UTM X"],
        "utm_y": coordinates["UTM Y"],
        "utm_zone": zone,
    }


def _order_of(cells: Cells, dates: plausibility.Dates) -> Order | None:
    kind, on = cells.read("دستور", _order), cells.read("تاریخ دستور", dates.near)
    for filled, empty in (("دستور", "تاریخ دستور"), ("تاریخ دستور", "دستور")):
        if cells.raw(filled) and not cells.raw(empty):
            cells.wrong(empty, "order.incomplete", "An order and its date are written together.")
    return {"kind": kind, "on": on} if kind and on else None


def _zone(value: str) -> str:
    """Read a UTM zone: 38 to 41 cover Iran; R and S are bands that some write for N."""
    zone = _ZONE.fullmatch(squeezed_key(value).upper())
    if not zone:
        raise Malformed("utm_zone.format", "A zone is written as in 39N (38 to 41, north).")
    return f"{zone[1]}N"


def _share(value: str) -> float | int:
    share = number(value)
    if not 0 < share <= WHOLE_DANGS:
        raise Malformed("share.range", "A share is more than 0 and at most 6 dang.")
    return share
