"""One water source of the register: what is drawn by chance, and the cells that tell it."""

from dataclasses import dataclass
from random import Random

from bench.registry import words
from bench.registry.pen import Day, Pen, day_between, legal_id, national_id

Cells = dict[str, str]
FILE_NO, HOLDER, PERSON, EXPIRES = words.SOURCES[0], *words.SOURCES[5:7], "تاریخ انقضا"
SHARE_OF_LICENSED = 2869 / 3836  # as in a real register


@dataclass(frozen=True, slots=True)
class Source:
    """What several cells tell: the flow in l/s, the hours and the volume (m³) of a year."""

    number: int
    county: str
    area: str
    legal: bool
    licensed: bool
    kind: str
    issued: Day
    expires: Day
    hours: int
    flow: int
    in_thousands: bool
    order: str

    @property
    def is_well(self) -> bool:
        """A well has a depth and a pump."""
        return "چاه" in self.kind

    @property
    def volume(self) -> int:
        """What may be drawn in a year, m³."""
        return round(self.flow * 3.6 * self.hours)


def draw(rng: Random, mess: float, number: int) -> Source:
    """The source of that number."""
    county = rng.choice(list(words.COUNTIES))
    area = rng.choice(words.COUNTIES[county])
    legal, licensed = rng.random() < 0.08, rng.random() < SHARE_OF_LICENSED
    kind = rng.choices(words.KINDS, [30, 40, 8, 6, 10, 6])[0]
    issued = day_between(rng, 1368, 1404)
    return Source(
        number,
        county,
        area,
        legal,
        licensed,
        kind,
        issued,
        expires=issued._replace(year=issued.year + rng.choice([1, 2, 3, 5, 10, 15, 20])),
        hours=rng.choice([1500, 2000, 2500, 3000, 4000, 5000]),
        flow=rng.randint(2, 45),
        in_thousands=rng.random() < 0.2 * min(mess, 1),
        order=rng.choice(words.ORDERS),
    )


def cells(rng: Random, pen: Pen, source: Source) -> Cells:
    """A source as the clerk writes it."""
    return {
        FILE_NO: pen.number(f"{1000 + source.number}/{rng.randint(1, 9)}"),
        "کد اشتراک": pen.number(5000000 + source.number),
        **_holder(rng, pen, source),
        **_licence(rng, pen, source),
        **_place(rng, pen, source),
        **_state(rng, pen, source),
    }


def _holder(rng: Random, pen: Pen, source: Source) -> Cells:
    prefixes = ["0", "+98", "0098", ""] if pen.mess else ["0"]
    before = "شرکت تعاونی " if source.legal else ""
    return {
        "نام": "" if source.legal else pen.text(rng.choice(words.FIRST)),
        "نام خانوادگی": pen.text(before + rng.choice(words.LAST)),
        "نام پدر": "" if source.legal else pen.text(rng.choice(words.FIRST)),
        HOLDER: pen.id(legal_id(rng) if source.legal else national_id(rng)),
        PERSON: "حقوقی" if source.legal else "حقیقی",
        "تلفن همراه": "" if rng.random() < 0.1 else pen.number(_mobile(rng, prefixes)),
    }


def _mobile(rng: Random, prefixes: list[str]) -> str:
    return f"{rng.choice(prefixes)}9{rng.randint(10, 39)}{rng.randint(0, 9999999):07d}"


def _licence(rng: Random, pen: Pen, source: Source) -> Cells:
    licensed, year = source.licensed, source.issued.year % 100
    volume = round(source.volume / 1000, 3) if source.in_thousands else source.volume
    unit = "هزار مترمکعب" if source.in_thousands else "مترمکعب"
    return {
        "نوع منبع": pen.text(source.kind),
        "وضعیت پروانه": "دارای پروانه" if licensed else pen.text("فاقد پروانه"),
        "نوع پروانه": pen.text(rng.choice(words.LICENCES)) if licensed else "",
        "شماره پروانه": (
            pen.number(f"{year:02d}/{rng.randint(100, 999)}/{source.number}") if licensed else ""
        ),
        "تاریخ صدور": pen.date(source.issued) if licensed else "",
        EXPIRES: pen.date(source.expires) if licensed else "",
        "نوع مصرف": pen.text(rng.choice(words.USES)),
        "حجم مجاز سالانه": pen.number(volume) if licensed else "",
        "واحد حجم": unit if licensed else "",
        "دبی مجاز (لیتر بر ثانیه)": pen.number(source.flow) if licensed else "",
        "ساعت کارکرد سالانه": pen.number(source.hours) if licensed else "",
        "قدرت مجاز (کیلووات)": (
            pen.number(rng.randint(5, 90)) if licensed and source.is_well else ""
        ),
        "عمق (متر)": pen.number(rng.randint(6, 220)) if source.is_well else "",
    }


def _place(rng: Random, pen: Pen, source: Source) -> Cells:
    return {
        "شهرستان": pen.text(source.county),
        "دهستان": pen.text(source.area),
        "محدوده مطالعاتی": pen.text(source.area),
        "وضعیت محدوده": "ممنوعه" if source.area in words.PROHIBITED else "آزاد",
        "UTM X": pen.number(rng.randint(380000, 560000)),
        "UTM Y": pen.number(rng.randint(3330000, 3480000)),
        "زون": pen.text("39N" if rng.random() > 0.02 * pen.mess else ""),
    }


def _state(rng: Random, pen: Pen, source: Source) -> Cells:
    return {
        "کنتور": rng.choice(words.METERS),
        "شناسه اشتراک برق": (
            pen.number(rng.randint(10**12, 10**13 - 1)) if rng.random() < 0.7 else ""
        ),
        "دستور": pen.text(source.order),
        "تاریخ دستور": pen.date(day_between(rng, 1400, 1405)) if source.order else "",
        "بدهی (ریال)": pen.number(rng.choice([0, 0, 0, rng.randint(1, 900) * 1_000_000])),
        "کد پستی": pen.number(f"75{rng.randint(10**7, 10**8 - 1)}"),
    }


def spoil(rng: Random, row: Cells, source: Source, before: Cells | None) -> None:
    """Make a row wrong past repair by one of five faults, if it can have that one."""
    fault = rng.choice(["check digit", "dates", "esfand", "no file", "twice"])
    if fault == "check digit":
        valid = national_id(rng)
        row[HOLDER], row[PERSON] = f"{valid[:9]}{(int(valid[9]) + 1) % 10}", "حقیقی"
    elif fault == "dates" and source.licensed:
        row[EXPIRES] = f"{source.issued.year - 2}/01/01"
    elif fault == "esfand" and source.licensed:
        row[EXPIRES] = "1405/12/30"
    elif fault == "no file":
        row[FILE_NO] = ""
    elif fault == "twice" and before is not None:
        row[FILE_NO] = before[FILE_NO]
