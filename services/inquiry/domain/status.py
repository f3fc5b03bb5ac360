"""Derives the status of a licence on a day from orders, dates, decrees and cases; never stored."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from iran.persian import jalali
from services.inquiry.domain.decrees import extended_expiry
from services.inquiry.domain.records import Decree, Licence, Order, SourceRecord, Violation
from services.inquiry.domain.status_law import (
    basis_of,
    is_agricultural_well,
    is_under_1389_act,
)
from services.inquiry.domain.violations import SEAL_STEP, flags_of, found_on, unfinished

# May water be taken by this licence on the day? The answer in one word.
IN_FORCE, NOT_IN_FORCE, NO_LICENCE = "IN_FORCE", "NOT_IN_FORCE", "NO_LICENCE"
NOT_DETERMINABLE = "NOT_DETERMINABLE"
GROUPS = (IN_FORCE, NOT_IN_FORCE, NO_LICENCE, NOT_DETERMINABLE)
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
    "DRILLING_ONLY": ("تنها مجوز حفر یا تغییر", NOT_IN_FORCE),
    "ART5": ("مجوز ماده ۵", IN_FORCE),
    "UNLICENSED_CASE_OPEN": ("فاقد پروانه، پرونده تعیین تکلیف در جریان", NO_LICENCE),
    "UNLICENSED_REJECTED": ("فاقد پروانه، رد شده", NO_LICENCE),
    "UNLICENSED": ("فاقد پروانه", NO_LICENCE),
    NOT_DETERMINABLE: ("قابل احراز نیست", NOT_DETERMINABLE),
}
# Why a status cannot be known.
REASONS: dict[str, tuple[str, str]] = {
    "licence_issued_later": (
        "پروانه ثبت‌شده پس از این روز صادر شده و پروانه پیش از آن در ثبت نیست.",
        "The licence on record was issued after this day, and the record holds no earlier one.",
    ),
    "record_younger": (
        "داده ما پس از این روز آغاز شده و نمی‌گوید که منبع در این روز پروانه داشته است یا نه.",
        "Our data begins after this day and does not tell whether the source had a licence then.",
    ),
    "drilled_later": (
        "به گفته ثبت، منبع در این روز هنوز حفر نشده بود.",
        "By the record the source had not been drilled yet on this day.",
    ),
    "seal_day_unknown": (
        "پرونده تخلف در مرحله پلمپ است و ثبت نمی‌گوید که پلمپ در این روز بوده است یا نه.",
        "A violation stands at the step of a seal, and the record does not tell whether the seal "
        "stood on this day.",
    ),
    "order_lifted_later": (
        "دستوری پس از این روز رفع شده و ثبت نمی‌گوید که چه بوده و از کی.",
        "An order was lifted after this day, and the record does not tell which, nor since when "
        "it stood.",
    ),
    "order_unclear": (
        "دستوری قضایی ثبت شده که محتوای آن در ثبت نیست؛ شاید دستور رفع باشد.",
        "A judicial order is on record whose content is not; it may be one that lifts another.",
    ),
}
# Orders that end the right to take water, the strongest first (a tie of days is broken by it).
ORDERS = ("CLOSED", "SEALED", "REVOKED", "SUSPENDED")
# What lifts an order, and an order whose content is not on record.
LIFTED, UNCLEAR = "LIFTED", "COURT_ORDER"
FINAL = frozenset({"CLOSED", "REVOKED"})
NEW_SOURCE = frozenset({"DRILL", "REPLACE_WELL", "REPLACE_QANAT"})
WORKS = NEW_SOURCE | {"DEEPEN", "CLEAN", "RELOCATE", "CHANGE_METHOD", "INSTALL"}
NOT_TO_ABSTRACT = frozenset({"RIG", "RIVERBED", "INDUSTRY_SUPPLY"})

# What a status rests on: its kind, its day, and what names it.
Evidence = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Status:
    """A status on the day asked about: since when, until when, by which law and evidence.

    ``reason`` is a code of REASONS: why a status is NOT_DETERMINABLE.
    """

    code: str
    since: dt.date | None = None
    until: dt.date | None = None
    legal_basis: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    flags: tuple[str, ...] = ()
    reason: str | None = None
    licence_kind: str | None = None

    @property
    def label_fa(self) -> str:
        """The status in Persian."""
        return LABELS[self.code][0]

    @property
    def group(self) -> str:
        """Whether water may be taken, in one word of GROUPS."""
        return group_of(self.code, self.licence_kind)


def group_of(code: str, licence_kind: str | None = None) -> str:
    """Say in one word whether water may be taken, by status and kind of licence.

    A permit to drill gives no right to the water. One for works on a source that is there (deepen,
    clean, relocate …) presupposes a licence that the register, which keeps the last paper only,
    does not hold any more.

    >>> group_of("DRILLING_ONLY", "DRILL"), group_of("DRILLING_ONLY", "DEEPEN")
    ('NOT_IN_FORCE', 'NOT_DETERMINABLE')
    """
    if code == "DRILLING_ONLY" and licence_kind in WORKS - NEW_SOURCE:
        return NOT_DETERMINABLE
    return LABELS[code][1]


@dataclass(frozen=True, slots=True)
class _Case:
    """A record, the day asked about, and whether the data is younger than that day."""

    record: SourceRecord
    day: dt.date
    hindsight: bool

    def status(  # noqa: PLR0913 - the parts of a status
        self,
        code: str,
        *,
        since: dt.date | None = None,
        until: dt.date | None = None,
        more_basis: tuple[str, ...] = (),
        evidence: Iterable[Evidence] = (),
        reason: str | None = None,
    ) -> Status:
        """Make a status of this case, with its flags and the articles that it rests on."""
        return Status(
            code,
            since,
            until,
            (*basis_of(code, self.record), *more_basis),
            tuple(evidence),
            flags_of(self.record, self.day, hindsight=self.hindsight),
            reason,
            (self.record.get("licence") or {}).get("kind"),
        )

    def not_determinable(self, reason: str, evidence: Iterable[Evidence] = ()) -> Status:
        """Make the status that says neither yes nor no, with its reason."""
        return self.status(NOT_DETERMINABLE, evidence=evidence, reason=reason)


def derive(
    record: SourceRecord, decrees: Iterable[Decree], day: dt.date, known_on: dt.date | None = None
) -> Status:
    """Derive the status of a source's licence on ``day`` from data of ``known_on``, days in Iran.

    The first of these that holds decides:

    1. An order of unknown content: NOT_DETERMINABLE, unless CLOSED or REVOKED is in force. It may
       suspend or lift, so of the other orders, and of seals, nothing is known beside it.
    2. The strongest order in force: CLOSED, SEALED (also by a seal of an open violation), REVOKED,
       SUSPENDED; of one kind the earliest. Where none is, but one was lifted later or there is a
       seal without its day (``_doubt``): NOT_DETERMINABLE.
    3. No licence on record: one of UNLICENSED_CASE_OPEN, UNLICENSED_REJECTED and UNLICENSED, or
       NOT_DETERMINABLE (``_unlicensed``).
    4. A licence that was issued after the day: NOT_DETERMINABLE.
    5. A licence that gives no water (``NOT_TO_ABSTRACT``): as no licence.
    6. Its dates: EXPIRED, EXPIRED_RENEWAL_PENDING or EXTENDED_BY_DECREE.
    7. Its kind: VALID, VALID_PROVISIONAL, ART5 or DRILLING_ONLY.

    A licence is in force through the whole of its expiry day. An order counts from its own day, a
    decree from its notification. What the record cannot know of that day is NOT_DETERMINABLE, never
    an offence: it holds the last licence, the last order and the steps and cases of the day of the
    data only. Source: Fair Distribution of Water Act articles 3, 5, 45; by-law of chapter 2 article
    24; by-law of the 1389 Act article 6.

    >>> derive({"licence": None, "orders": []}, [], dt.date(2026, 11, 23)).code
    'UNLICENSED'
    """
    case = _Case(record, day, known_on is not None and day < known_on)
    return _by_orders(case) or _by_licence(case, decrees)


def _by_orders(case: _Case) -> Status | None:
    """Derive the status by an order, or by a seal of an open violation; None if none stood."""
    orders = case.record.get("orders") or ()
    standing = orders_in_force(orders, case.day)
    seals = [] if case.hindsight else [v for v in _seals(case) if found_on(v) <= case.day]
    if unclear := [o for o in orders if o["kind"] == UNCLEAR and _date(o["on"]) <= case.day]:
        # It may lift each of those that are not final.
        standing, seals = [order for order in standing if order["kind"] in FINAL], []
        if not standing:
            return case.not_determinable("order_unclear", map(_order, unclear))
    evidence = [_order(order) for order in standing]
    strongest = standing[0]["kind"] if standing else None
    if seals and strongest not in ("CLOSED", "SEALED"):
        # The day of the finding is not that of the seal, so ``since`` is not known.
        return case.status("SEALED", evidence=[*map(_seal, seals), *evidence])
    if strongest:
        return case.status(strongest, since=_date(standing[0]["on"]), evidence=evidence)
    return _doubt(case)


def _doubt(case: _Case) -> Status | None:
    """Derive NOT_DETERMINABLE from an order that was lifted later, or a seal without its day."""
    orders = case.record.get("orders") or ()
    lifted_later = [o for o in orders if o["kind"] == LIFTED and _date(o["on"]) > case.day]
    if lifted_later:
        return case.not_determinable("order_lifted_later", map(_order, lifted_later))
    # With hindsight a seal came some day after the finding; without it none is found tomorrow.
    undated = [v for v in _seals(case) if (found_on(v) <= case.day) == case.hindsight]
    if undated:
        return case.not_determinable("seal_day_unknown", map(_seal, undated))
    return None


def _seals(case: _Case) -> list[Violation]:
    return [v for v in unfinished(case.record) if v["step"] == SEAL_STEP]


def _order(order: Order) -> Evidence:
    return {"kind": "order", "order": order["kind"], "on": order["on"]}


def _seal(violation: Violation) -> Evidence:
    return {
        "kind": "violation",
        "violation": violation["kind"],
        "step": violation["step"],
        "on": violation["found_on"],
    }


def orders_in_force(orders: Iterable[Order], day: dt.date) -> list[Order]:
    """List the orders that count on ``day``, the one that decides first.

    The strongest decides, whenever it came: a well that was suspended and later filled is filled.
    Of several of one kind the earliest decides. What was lifted by that day does not count.
    """
    begun = [order for order in orders if _date(order["on"]) <= day]
    lifted = max((_date(o["on"]) for o in begun if o["kind"] == LIFTED), default=dt.date.min)
    standing = [o for o in begun if o["kind"] in ORDERS and _date(o["on"]) > lifted]
    return sorted(standing, key=lambda order: (ORDERS.index(order["kind"]), _date(order["on"])))


def _by_licence(case: _Case, decrees: Iterable[Decree]) -> Status:
    licence = case.record.get("licence")
    if licence is None:
        return _unlicensed(case, ())
    paper: Evidence = {"kind": "licence", "number": licence["number"], "on": licence["issued_on"]}
    issued = _day_of(licence.get("issued_on"))
    if issued is not None and issued > case.day:
        return case.not_determinable("licence_issued_later", (paper,))
    if licence["kind"] in NOT_TO_ABSTRACT:
        return _unlicensed(case, (paper,))
    return _by_dates(case, licence, decrees, paper)


def _by_dates(case: _Case, licence: Licence, decrees: Iterable[Decree], paper: Evidence) -> Status:
    written = _day_of(licence.get("expires_on"))
    expiry, moved = extended_expiry(licence, case.record.get("use"), decrees, case.day)
    evidence: list[Evidence] = [paper]
    evidence += [{"kind": "decree", "number": d["number"], "on": d["notified_on"]} for d in moved]
    if expiry is not None and case.day > expiry:
        requested = _day_of(licence.get("renewal_requested_on"))
        pending = requested is not None and requested <= case.day
        if pending:
            evidence.append({"kind": "renewal_request", "on": licence["renewal_requested_on"]})
        code = "EXPIRED_RENEWAL_PENDING" if pending else "EXPIRED"
        return case.status(code, since=expiry + DAY, evidence=evidence)
    decree = ("DECREE",) if moved else ()
    if written is not None and case.day > written:
        return case.status(
            "EXTENDED_BY_DECREE",
            since=written + DAY,
            until=expiry,
            more_basis=decree,
            evidence=evidence,
        )
    since = _day_of(licence.get("issued_on"))
    return case.status(
        _by_kind(licence["kind"]), since=since, until=expiry, more_basis=decree, evidence=evidence
    )


def _by_kind(kind: str) -> str:
    """The status of a licence within its dates; that of DRILLING_ONLY allows no taking of water."""
    if kind == "EXPL_PROV":
        return "VALID_PROVISIONAL"
    if kind == "ART5":
        return "ART5"
    return "DRILLING_ONLY" if kind in WORKS else "VALID"


def _unlicensed(case: _Case, evidence: Iterable[Evidence]) -> Status:
    """Derive the status where no licence to take water is on record.

    That is an offence, unless the record is younger than the day, or the source than both. The
    1389 Act is about agricultural wells drilled before 1386 only.
    """
    year, settlement = case.record.get("drilled_year"), case.record.get("unlicensed_case")
    if year is not None and int(jalali(case.day)[:4]) < year:
        return case.not_determinable("drilled_later", evidence)
    if case.hindsight:
        return case.not_determinable("record_younger", evidence)
    if settlement == "open" and is_under_1389_act(case.record):
        return case.status("UNLICENSED_CASE_OPEN", evidence=evidence)
    if settlement == "rejected" and is_agricultural_well(case.record):
        return case.status("UNLICENSED_REJECTED", evidence=evidence)
    return case.status("UNLICENSED", evidence=evidence)


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _day_of(text: str | None) -> dt.date | None:
    return _date(text) if text else None
