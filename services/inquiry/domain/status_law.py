"""By which articles a status is so, for this kind of licence, source and use.

Fair Distribution of Water Act (1361): article 3 speaks of wells, qanats and springs, article 5 of
small domestic wells, article 21 of all allocation, article 28 of transfer and change of use,
article 45 of offences. The Act on wells without licence (1389), its by-law and its executive
directive speak of agricultural wells drilled before the end of 1385, and of nothing else.
"""

from collections.abc import Mapping
from typing import Any

SURFACE = frozenset({"river_intake", "canal_contract", "treated_effluent", "dam"})
WELLS = frozenset({"deep_well", "semi_deep_well", "hand_dug_well"})
REPLACEMENTS = frozenset({"REPLACE_WELL", "REPLACE_QANAT"})
ARTICLE_28 = frozenset({"TRANSFER", "CHANGE_USE"})
LAST_YEAR_OF_1389_ACT = 1385

Record = Mapping[str, Any]


def basis_of(code: str, record: Record) -> tuple[str, ...]:
    """The codes of the law table by which the record has this status.

    >>> basis_of("EXPIRED", {"licence": {"kind": "EXPL"}, "source": {"kind": "dam"}})
    ('FDW-21',)
    """
    kind = (record.get("licence") or {}).get("kind")
    if code in _ALWAYS:
        return _ALWAYS[code]
    if code == "REVOKED":
        return ("ULB-6",) if is_agricultural_well(record) else ("FDW-21",)
    if code == "NOT_DETERMINABLE":
        return ("RECORD", *_needs_licence(record))
    if kind == "ART5":
        return ("FDW-5",)
    return tuple(dict.fromkeys((*_needs_licence(record), *_beside(code, kind))))


_ALWAYS = {
    "CLOSED": ("CH2-24", "FDW-45"),
    "SEALED": ("FDW-45",),
    "SUSPENDED": ("FDW-45",),
    "UNLICENSED_CASE_OPEN": ("ULW", "ULW-N5", "ULW-DIR"),
    "UNLICENSED_REJECTED": ("ULW-N5", "ULB-10", "FDW-45-E"),
}


def _beside(code: str, kind: str | None) -> tuple[str, ...]:
    """What is cited beside the article by which a licence is needed."""
    if code == "UNLICENSED":
        # Who holds another permit is not said to take water without one.
        return () if kind else ("FDW-45-E",)
    if code == "VALID":
        return ("FDW-21", "FDW-28") if kind in ARTICLE_28 else ("FDW-21",)
    return ("CH2-11",) if code == "DRILLING_ONLY" and kind in REPLACEMENTS else ()


def _needs_licence(record: Record) -> tuple[str, ...]:
    """The article by which this source needs a licence; article 3 knows no surface water."""
    return ("FDW-21",) if _source_kind(record) in SURFACE else ("FDW-3",)


def _source_kind(record: Record) -> str | None:
    return (record.get("source") or {}).get("kind")


def is_agricultural_well(record: Record) -> bool:
    """True for what the 1389 Act speaks of by its article 1."""
    return record.get("use") == "agriculture" and _source_kind(record) in (None, *WELLS)


def is_under_1389_act(record: Record) -> bool:
    """True for an agricultural well that was drilled before the end of 1385, as far as is known."""
    year = record.get("drilled_year")
    return is_agricultural_well(record) and (year is None or year <= LAST_YEAR_OF_1389_ACT)
