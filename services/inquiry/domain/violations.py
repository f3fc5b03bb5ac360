"""The violations of a source on a day: which are open, what they mean for its status, its flags."""

import datetime as dt

from services.inquiry.domain.records import SourceRecord, Violation

SEAL_STEP = "sealed"
DONE_STEPS = frozenset({"remedied", "closed"})
BEFORE_A_COURT = frozenset(
    {
        "complaint_filed",
        "court_order",
        "first_judgment",
        "expert_recheck",
        "second_judgment",
        "execution",
    }
)
UNDER_REVIEW = frozenset({"expert_report", "expert_check"})


def open_violations(record: SourceRecord, day: dt.date) -> list[Violation]:
    """List the violations found by ``day`` that are neither remedied nor closed."""
    return [violation for violation in unfinished(record) if found_on(violation) <= day]


def unfinished(record: SourceRecord) -> list[Violation]:
    """List the violations that are neither remedied nor closed, whenever they were found."""
    return [v for v in record.get("violations") or () if v["step"] not in DONE_STEPS]


def found_on(violation: Violation) -> dt.date:
    """The day on which the violation was found."""
    return dt.date.fromisoformat(violation["found_on"])


def flags_of(record: SourceRecord, day: dt.date, *, hindsight: bool = False) -> tuple[str, ...]:
    """List the flags that stand beside any status.

    They are a case before a court or commission, a file under review, an open violation of which
    neither is known, and newer data about the source that could not be read. Every open violation
    shows in one of them or in the status SEALED, also one whose day is to come.

    The record holds the step of today only: with ``hindsight`` (the data is younger than the day)
    no step of that day is known, but that the violation was open is.
    """
    steps = {violation["step"] for violation in open_violations(record, day)}
    if hindsight:
        flags = {"OPEN_VIOLATION": bool(steps)}
    else:
        flags = {
            "IN_DISPUTE": bool(steps & BEFORE_A_COURT) or record.get("unlicensed_case") == "open",
            "UNDER_REVIEW": bool(steps & UNDER_REVIEW),
            "OPEN_VIOLATION": bool(steps - BEFORE_A_COURT - UNDER_REVIEW - {SEAL_STEP})
            or any(found_on(violation) > day for violation in unfinished(record)),
        }
    flags["NEWER_DATA_UNREAD"] = bool(record.get("unread_since"))
    return tuple(flag for flag, stands in flags.items() if stands)
