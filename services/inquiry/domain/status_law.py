"""The articles that a status rests on, for this kind of licence, source and use.

Fair Distribution of Water Act (1361): article 3 speaks of wells, qanats and springs, article 5 of
small domestic wells, article 21 of all allocation, article 28 of transfer and change of use,
article 45 of offences. The Act on wells without licence (1389), its by-law and its executive
directive speak of agricultural wells drilled before the end of 1385, and of nothing else.
"""

from services.inquiry.domain.records import SourceRecord

SURFACE = frozenset({"river_intake", "canal_contract", "treated_effluent", "dam"})
WELLS = frozenset({"deep_well", "semi_deep_well", "hand_dug_well"})
REPLACEMENTS = frozenset({"REPLACE_WELL", "REPLACE_QANAT"})
ARTICLE_28 = frozenset({"TRANSFER", "CHANGE_USE"})
LAST_YEAR_OF_1389_ACT = 1385


def basis_of(code: str, record: SourceRecord) -> tuple[str, ...]:
    """List the codes of the law table on which this status of the record rests.

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
    """List what is cited beside the article that requires a licence."""
    if code == "UNLICENSED":
        # A holder of another permit is not accused of taking water without one.
        return () if kind else ("FDW-45-E",)
    if code == "VALID":
        return ("FDW-21", "FDW-28") if kind in ARTICLE_28 else ("FDW-21",)
    return ("CH2-11",) if code == "DRILLING_ONLY" and kind in REPLACEMENTS else ()


def _needs_licence(record: SourceRecord) -> tuple[str, ...]:
    """Find the article that requires a licence here; article 3 does not cover surface water."""
    return ("FDW-21",) if _source_kind(record) in SURFACE else ("FDW-3",)


def _source_kind(record: SourceRecord) -> str | None:
    return (record.get("source") or {}).get("kind")


def is_agricultural_well(record: SourceRecord) -> bool:
    """Tell whether the 1389 Act applies by its article 1: wells for agriculture."""
    return record.get("use") == "agriculture" and _source_kind(record) in (None, *WELLS)


def is_under_1389_act(record: SourceRecord) -> bool:
    """Tell whether it is an agricultural well drilled by the end of 1385, as far as is known."""
    year = record.get("drilled_year")
    return is_agricultural_well(record) and (year is None or year <= LAST_YEAR_OF_1389_ACT)
