"""Lawful purposes: the keys that each allows, and the blocks that its answer may hold."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from bus.errors import FieldError, Forbidden, RuleBroken

PERSON = ("national_id", "legal_id", "foreigner_id")
NUMBERS = ("licence_no", "file_no", "subscription_code")


class Grant(TypedDict, total=False):
    """A grant as the caller of an envelope holds it; ``until`` is the last day that it counts.

    ``blocks`` limits what answers hold, ``per_day`` how many questions there may be a day;
    ``withheld_days`` is how long the person asked about does not learn of a question.
    """

    purpose: str
    until: str
    basis: str
    blocks: Sequence[str]
    per_day: int
    withheld_days: int


class Purpose(NamedTuple):
    """A purpose that a law gives; ``blocks`` stand beside file_no, role and status.

    ``withheld_days`` holds where a grant says nothing else.
    """

    label_fa: str
    label_en: str
    legal_basis: tuple[str, ...]
    key_kinds: tuple[str, ...]
    blocks: tuple[str, ...]
    withheld_days: int = 0


ALL_BLOCKS = (
    "licence",
    "holder",
    "contact",
    "partners",
    "technical",
    "place",
    "meter",
    "debt",
    "violations",
)

COURT_DAYS = 180

PURPOSES: dict[str, Purpose] = {
    "electricity_tariff": Purpose(
        "تعرفه و قطع برق چاه",
        "Agricultural tariff and power cut of a well",
        ("FDW-45", "INQ-1397"),
        ("electricity_subscription", "licence_no", "file_no"),
        ("licence", "technical"),
    ),
    "fuel_quota": Purpose(
        "سهمیه سوخت چاه",
        "Fuel quota of a well",
        ("FDW-3", "INQ-1397"),
        (*PERSON, "subscription_code", "licence_no"),
        ("licence", "technical"),
    ),
    "agriculture_aid": Purpose(
        "کمک آبیاری و الگوی کشت",
        "Irrigation aid and crop pattern",
        ("FDW-21", "INQ-1397"),
        (*PERSON, "licence_no"),
        ("licence", "technical", "place", "meter"),
    ),
    "land_transfer": Purpose(
        "نقل و انتقال ملک",
        "Transfer of land with its water",
        ("FDW-27", "FDW-28", "INQ-1397"),
        (*PERSON, "licence_no", "file_no"),
        ("licence", "holder", "partners", "place", "debt"),
    ),
    "court_case": Purpose(
        "رسیدگی قضایی",
        "A case before a court, prosecutor or commission",
        ("FDW-45", "ULW-N5", "INQ-1397"),
        (*PERSON, *NUMBERS, "electricity_subscription"),
        ALL_BLOCKS,
        # Preliminary investigations are confidential (Criminal Procedure Act of 1392, article 91).
        COURT_DAYS,
    ),
    "bank_collateral": Purpose(
        "وثیقه و تسهیلات بانکی",
        "Collateral and loans of a bank",
        ("FDW-27", "INQ-1397"),
        (*PERSON, "licence_no"),
        ("licence", "debt"),
    ),
    "industry_supply": Purpose(
        "تأمین آب صنعت",
        "Water supply of an industrial unit",
        ("FDW-21", "INQ-1397"),
        ("legal_id", "national_id", "licence_no"),
        ("licence", "technical", "place"),
    ),
    "building_permit": Purpose(
        "پروانه ساختمان",
        "A building permit",
        ("FDW-2", "INQ-1397"),
        ("licence_no", "file_no", "national_id", "legal_id"),
        ("place",),
    ),
    "environment": Purpose(
        "حفاظت محیط زیست",
        "Protection of wetlands and natural resources",
        ("FDW-21", "INQ-1397"),
        ("licence_no", "file_no"),
        ("licence", "technical", "place"),
    ),
    "water_levy": Purpose(
        "حقوق دولتی آب",
        "Levy on water",
        ("FDW-33", "INQ-1397"),
        ("subscription_code", "licence_no", "legal_id"),
        ("technical", "meter", "debt"),
    ),
}

# For which purposes the land registry is asked what belongs to a parcel: the law ties a transfer of
# land to its water (FDW-27, FDW-28), and no other purpose to it.
BY_PARCEL = ("land_transfer",)

# What a person learns about an own source. It is no purpose that an agency can be granted. Names,
# partners and violations are left out as long as only papers, and no telephone, prove who asks.
OWN_CODE, OWN_NAME_FA, OWN_NAME_EN = "applicant", "متقاضی", "The applicant"
OWN = Purpose(
    "استعلام متقاضی درباره منبع خود",
    "An applicant's inquiry about an own source",
    ("FDW-3",),
    PERSON,
    ("licence", "technical", "meter", "debt"),
)


def check(
    purpose: str, grants: Sequence[Grant], key_kind: str | None, day: dt.date
) -> Purpose | Forbidden | RuleBroken:
    """Return the purpose, if it is lawful and granted for such a key on ``day`` (in Iran).

    It holds only the blocks that are both its own and the grant's. Otherwise return the refusal:
    ``purpose.unknown``, ``purpose.not_granted``, ``grant.expired`` or ``key_kind.not_for_purpose``.
    A grant counts through the whole of its last day.
    """
    lawful = PURPOSES.get(purpose)
    if lawful is None:
        return refusal(
            RuleBroken,
            "purpose",
            "purpose.unknown",
            "No such purpose; use one of: " + ", ".join(PURPOSES) + ".",
        )
    granted = [grant for grant in grants if grant.get("purpose") == purpose]
    if not granted:
        return refusal(
            Forbidden,
            "purpose",
            "purpose.not_granted",
            "Your agency has no grant for this purpose, or its token is not for it: ask the water "
            "company for a grant, or get a token with this purpose.",
        )
    grant = grant_of(purpose, granted, day)
    if grant is None:
        return refusal(
            Forbidden,
            "purpose",
            "grant.expired",
            "Your agency's grant for this purpose has expired; ask for a new one.",
        )
    if key_kind is not None and key_kind not in lawful.key_kinds:
        return refusal(
            RuleBroken,
            "key_kind",
            "key_kind.not_for_purpose",
            f"For {purpose} ask by: " + ", ".join(lawful.key_kinds) + ".",
        )
    allowed = grant.get("blocks")
    if allowed is None:
        return lawful
    return lawful._replace(blocks=tuple(block for block in lawful.blocks if block in allowed))


def grant_of(purpose: str, grants: Sequence[Grant], day: dt.date) -> Grant | None:
    """Find the grant by which a purpose is asked for on ``day``; None if none is in force.

    Of several in force it is the one with most blocks, then with most questions a day.
    """
    in_force = [
        grant
        for grant in grants
        if grant.get("purpose") == purpose and dt.date.fromisoformat(str(grant["until"])) >= day
    ]
    return max(in_force, key=_width) if len(in_force) > 1 else next(iter(in_force), None)


def withheld_days(purpose: str | None, grants: Sequence[Grant]) -> int | None:
    """For how many days the person asked about does not learn of a question; None for none.

    Of several grants for the purpose, in force or not, the longest counts; a refused question is
    withheld as an answered one is.

    >>> withheld_days("court_case", []), withheld_days("fuel_quota", [])
    (180, None)
    >>> withheld_days("court_case", [{"purpose": "court_case", "withheld_days": 0}])
    0
    """
    lawful = PURPOSES.get(purpose or "")
    if lawful is None:
        return None
    days = [
        grant.get("withheld_days", lawful.withheld_days)
        for grant in grants
        if grant.get("purpose") == purpose
    ]
    # 0 is written where the purpose would withhold it.
    return max(days, default=lawful.withheld_days) or (0 if lawful.withheld_days else None)


def _width(grant: Grant) -> tuple[float, float]:
    blocks, per_day = grant.get("blocks"), grant.get("per_day")
    return (
        float("inf") if blocks is None else len(blocks),
        float("inf") if per_day is None else per_day,
    )


def check_parcel(
    purpose: str, grants: Sequence[Grant], day: dt.date
) -> Purpose | Forbidden | RuleBroken:
    """Return the purpose, if it is granted and a parcel may be asked about for it.

    Otherwise return the refusal of ``check``, or ``purpose.not_for_parcel``.

    >>> check_parcel("court_case", [{"purpose": "court_case", "until": "2099-01-01"}],
    ...              dt.date(2026, 11, 25)).code
    'purpose.not_for_parcel'
    """
    granted = check(purpose, grants, None, day)
    if isinstance(granted, Purpose) and purpose not in BY_PARCEL:
        return refusal(
            RuleBroken,
            "purpose",
            "purpose.not_for_parcel",
            "About a parcel ask for: " + ", ".join(BY_PARCEL) + ".",
        )
    return granted


def refusal(
    kind: type[Forbidden] | type[RuleBroken], field: str, code: str, message: str
) -> Forbidden | RuleBroken:
    """Make a refusal that names its field."""
    return kind(message, code=code, fields=[FieldError(field, code, message)])
