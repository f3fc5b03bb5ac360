"""The status of a licence at a day, derived from orders, dates, decrees and cases; never stored."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

IN_FORCE, NOT_IN_FORCE, NO_LICENCE = "IN_FORCE", "NOT_IN_FORCE", "NO_LICENCE"
DAY = dt.timedelta(days=1)

LABELS: dict[str, tuple[str, str]] = {
    "CLOSED": ("پر و مسلوب‌المنفعه", NOT_IN_FORCE),
    "SEALED": ("پلمپ شده", NOT_IN_FORCE),
    "REVOKED": ("ابطال شده", NOT_IN_FORCE),
    "SUSPENDED": ("تعلیق با دستور قضایی", NOT_IN_FORCE),
    "EXPIRED": ("منقضی", NOT_IN_FORCE),
    "EXPIRED_RENEWAL_PENDING": ("منقضی، درخواست تمدید در جریان", NOT_IN_FORCE),
    "EXTENDED_BY_DECREE": ("تمدید شده با ابلاغیه", IN_FORCE),
    "VALID": ("معتبر", IN_FORCE),
    "VALID_PROVISIONAL": ("معتبر، موقت", IN_FORCE),
    "DRILLING_ONLY": ("تنها مجوز حفر یا تغییر", IN_FORCE),
    "ART5": ("مجوز ماده ۵", IN_FORCE),
    "UNLICENSED_CASE_OPEN": ("فاقد پروانه، پرونده تعیین تکلیف در جریان", NO_LICENCE),
    "UNLICENSED_REJECTED": ("فاقد پروانه، رد شده", NO_LICENCE),
    "UNLICENSED": ("فاقد پروانه", NO_LICENCE),
}
# Orders that end the right to take water, the strongest first (a tie of days is broken by it).
ORDERS = {
    "CLOSED": ("CH2-24", "FDW-45"),
    "SEALED": ("FDW-45",),
    "REVOKED": ("ULB-6",),
    "SUSPENDED": ("FDW-45",),
}
WORKS = {
    "DRILL",
    "REPLACE_WELL",
    "REPLACE_QANAT",
    "DEEPEN",
    "CLEAN",
    "RELOCATE",
    "CHANGE_METHOD",
    "INSTALL",
}
NOT_TO_ABSTRACT = {"RIG", "RIVERBED", "INDUSTRY_SUPPLY"}
LAST_YEAR_OF_1389_LAW = 1385
DONE_STEPS = {"remedied", "closed"}
BEFORE_A_COURT = {
    "complaint_filed",
    "court_order",
    "first_judgment",
    "expert_recheck",
    "second_judgment",
    "execution",
}

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Status:
    """What is so on the day asked about, since when, until when, by which law and evidence."""

    code: str
    since: dt.date | None = None
    until: dt.date | None = None
    legal_basis: tuple[str, ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def label_fa(self) -> str:
        return LABELS[self.code][0]

    @property
    def group(self) -> str:
        """IN_FORCE, NOT_IN_FORCE or NO_LICENCE: the answer in one word."""
        return LABELS[self.code][1]


def derive(record: Record, decrees: Iterable[Record], day: dt.date) -> Status:
    """The status of a source's licence on ``day`` (a day in Iran).

    In this order: an order in force (closed, sealed, revoked, suspended; the strongest decides,
    of one kind the earliest); expired, waiting for renewal, or extended by a decree; in force by
    its kind; no licence. A licence is in force through the whole of its expiry day. An order counts
    from its own day, a decree from its notification. Source: Fair Distribution of Water Act
    articles 3, 5, 45; by-law of chapter 2 article 24; by-law of the 1389 Act article 6.

    >>> derive({"licence": None, "orders": []}, [], dt.date(2026, 11, 23)).code
    'UNLICENSED'
    """
    flags = flags_of(record, day)
    orders = orders_in_force(record.get("orders") or (), day)
    if orders:
        evidence = [{"kind": "order", "order": o["kind"], "on": o["on"]} for o in orders]
        code, since = orders[0]["kind"], _date(orders[0]["on"])
        return Status(code, since, None, ORDERS[code], tuple(evidence), flags)
    licence = record.get("licence")
    if licence is None or licence["kind"] in NOT_TO_ABSTRACT or _not_yet(licence, day):
        return _unlicensed(record, licence, flags)
    return _by_dates(licence, record.get("use"), decrees, day, flags)


def orders_in_force(orders: Iterable[Record], day: dt.date) -> list[Record]:
    """The orders that count on ``day``, the one that decides first.

    The strongest decides, whenever it came: a well that was suspended and later filled is filled.
    Of several of one kind the earliest decides.
    """
    strength = list(ORDERS)
    given = [order for order in orders if _date(order["on"]) <= day]
    return sorted(given, key=lambda order: (strength.index(order["kind"]), _date(order["on"])))


def extended_expiry(
    licence: Record, use: str | None, decrees: Iterable[Record], day: dt.date
) -> tuple[dt.date | None, list[Record]]:
    """The expiry after all decrees notified by ``day``, and those that moved it.

    An expiry that one decree has moved may fall into the range of the next.
    """
    expiry = _date(licence["expires_on"]) if licence.get("expires_on") else None
    known = [d for d in decrees if _date(d["notified_on"]) <= day and _covers(d.get("use"), use)]
    moved: list[Record] = []
    while expiry is not None:
        better = [
            d
            for d in known
            if d not in moved
            and _date(d["expiry_from"]) <= expiry <= _date(d["expiry_to"])
            and _date(d["extended_to"]) > expiry
        ]
        if not better:
            break
        decree = max(better, key=lambda d: (_date(d["extended_to"]), d["number"]))
        expiry = _date(decree["extended_to"])
        moved.append(decree)
    return expiry, moved


def _covers(named: str | None, use: str | None) -> bool:
    """A decree without a use covers all; one for drinking covers towns and villages."""
    return named is None or named == use or bool(use and use.startswith(f"{named}_"))


def flags_of(record: Record, day: dt.date) -> tuple[str, ...]:
    """What stands beside any status: a case before a court or commission, a file under review,
    newer data about the source that could not be read.
    """
    open_steps = {v["step"] for v in open_violations(record, day)}
    flags = []
    if open_steps & BEFORE_A_COURT or record.get("unlicensed_case") == "open":
        flags.append("IN_DISPUTE")
    if open_steps & {"expert_report", "expert_check"}:
        flags.append("UNDER_REVIEW")
    if record.get("unread_since"):
        flags.append("NEWER_DATA_UNREAD")
    return tuple(flags)


def open_violations(record: Record, day: dt.date) -> list[Record]:
    """The violations found by ``day`` that are neither remedied nor closed."""
    return [
        v
        for v in record.get("violations") or ()
        if _date(v["found_on"]) <= day and v["step"] not in DONE_STEPS
    ]


def _by_dates(
    licence: Record,
    use: str | None,
    decrees: Iterable[Record],
    day: dt.date,
    flags: tuple[str, ...],
) -> Status:
    written = _date(licence["expires_on"]) if licence.get("expires_on") else None
    expiry, moved = extended_expiry(licence, use, decrees, day)
    evidence: list[dict[str, Any]] = [
        {"kind": "licence", "number": licence["number"], "on": licence["issued_on"]}
    ]
    evidence += [{"kind": "decree", "number": d["number"], "on": d["notified_on"]} for d in moved]
    if expiry is not None and day > expiry:
        asked = licence.get("renewal_requested_on")
        pending = asked is not None and _date(asked) <= day
        code = "EXPIRED_RENEWAL_PENDING" if pending else "EXPIRED"
        if pending:
            evidence.append({"kind": "renewal_request", "on": asked})
        return Status(code, expiry + DAY, None, ("FDW-3",), tuple(evidence), flags)
    if written is not None and day > written:
        return Status(
            "EXTENDED_BY_DECREE", written + DAY, expiry, ("FDW-3", "DECREE"), tuple(evidence), flags
        )
    code, basis = _in_force(licence["kind"])
    if moved:
        basis = (*basis, "DECREE")
    since = _date(licence["issued_on"]) if licence.get("issued_on") else None
    return Status(code, since, expiry, basis, tuple(evidence), flags)


def _in_force(kind: str) -> tuple[str, tuple[str, ...]]:
    if kind == "EXPL_PROV":
        return "VALID_PROVISIONAL", ("FDW-3",)
    if kind == "ART5":
        return "ART5", ("FDW-5",)
    if kind in WORKS:
        return "DRILLING_ONLY", ("FDW-3", "CH2-11") if kind.startswith("REPLACE") else ("FDW-3",)
    return "VALID", ("FDW-3", "FDW-21")


def _unlicensed(record: Record, licence: Record | None, flags: tuple[str, ...]) -> Status:
    evidence = (
        ({"kind": "licence", "number": licence["number"], "on": licence["issued_on"]},)
        if (licence)
        else ()
    )
    year = record.get("drilled_year")
    case = record.get("unlicensed_case")
    if case == "open" and (year is None or year <= LAST_YEAR_OF_1389_LAW):
        return Status("UNLICENSED_CASE_OPEN", None, None, ("ULW", "ULW-N5"), evidence, flags)
    if case == "rejected":
        return Status("UNLICENSED_REJECTED", None, None, ("ULB-10", "FDW-45-E"), evidence, flags)
    return Status("UNLICENSED", None, None, ("FDW-3", "FDW-45-E"), evidence, flags)


def _not_yet(licence: Record, day: dt.date) -> bool:
    return bool(licence.get("issued_on")) and _date(licence["issued_on"]) > day


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
