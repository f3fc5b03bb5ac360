"""Refusals in Persian, for every part of the desk: as one sentence, and by the fields of a form.

What our services say in English reaches no colleague: a code without a sentence of its own is told
by its status, and a fault by what its field is.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bus.errors import BusError, FieldError, Unavailable
from gateway.http.problems import status_of
from gateway.ops.staff import refusal_texts
from gateway.ops.staff.refusal_texts import BY_STATUS, FAULTS, OTHERWISE
from people.tracking import grouped

TICKET_STATES = {
    "NEW": "تازه است و هنوز بررسی نشده",
    "OPEN": "در دست بررسی است",
    "PAUSED": "در انتظار است",
    "ANSWERED": "پاسخ داده شده است",
    "CLOSED": "پایان یافته است",
    "MERGED": "با درخواست دیگری یکی شده است",
}
_BOUNDS = re.compile(r"Give (?:a number from )?([0-9]+) to ([0-9]+)")


LATE = "deadline.passed"


def is_late(error: BusError | None) -> bool:
    """Return True if nobody knows whether an act was done: its answer did not come in time."""
    return error is not None and error.code == LATE


def as_told(field: str) -> str:
    """The name of a field that forms and contracts call alike."""
    return field


def general(code: str, status: int, details: Mapping[str, object] = {}) -> str:
    """The sentence of a refusal that no part of the desk says in words of its own."""
    if code in ("ticket.move", "ticket.target_ended"):
        return ticket_state(code, details)
    if code == "desk.unit" and details.get("unit_fa"):
        return _elsewhere(details)
    return refusal_texts.PROBLEMS.get(code) or BY_STATUS.get(status, OTHERWISE)


def _elsewhere(details: Mapping[str, object]) -> str:
    """Which unit a ticket is with, and how it is reached."""
    reach = f"، تلفن {details['phone']}" if details.get("phone") else ""
    return (
        f"این پرونده اکنون با واحد «{details['unit_fa']}» است{reach} و شما آن را نمی‌بینید؛ "
        "اگر کار شماست، از همان واحد یا از ناظر بخواهید آن را برگرداند."
    )


def ticket_state(code: str, details: Mapping[str, object]) -> str:
    """Which ticket is in which state, where an act does not fit it."""
    state = TICKET_STATES.get(str(details.get("state", "")), "وضعیت دیگری دارد")
    if code == "ticket.target_ended":
        ticket = grouped(str(details.get("ticket", "")))
        return (
            f"پرونده {ticket} {state} و چیزی به آن پیوسته نمی‌شود؛ کد "
            "پرونده‌ای را بنویسید که در دست بررسی است، یا نخست آن را دوباره باز کنید."
        )
    return f"این پرونده {state} و این کار در این وضعیت انجام نمی‌شود؛ تاریخچه را ببینید."


def fault_sentence(fault: FieldError, faults: Mapping[str, str] = FAULTS) -> str:
    """What is wrong with a field, with its bounds where it has some."""
    bounds = _BOUNDS.search(fault.message)
    if bounds and fault.code == "length" and fault.field != "keys":
        return f"از {bounds[1]} تا {bounds[2]} نویسه بنویسید."
    if bounds and fault.code == "range":
        return f"عددی از {bounds[1]} تا {bounds[2]} بنویسید."
    return faults.get(fault.code) or FAULTS.get(fault.code) or FAULTS["invalid"]


@dataclass(frozen=True, slots=True)
class Refusals:
    """What one part says: ``away`` when its service does not answer, ``problems`` by a refusal's
    code, ``faults`` by a fault's. ``fields`` are those of its forms; ``field_of`` tells how a form
    names a field of a contract.
    """

    away: str
    problems: Mapping[str, str]
    faults: Mapping[str, str]
    fields: Mapping[str, str]
    field_of: Callable[[str], str] = as_told

    def sentence(self, error: BusError) -> str:
        """A refusal as one Persian sentence."""
        if error.code in self.problems:
            return self.problems[error.code]
        if isinstance(error, Unavailable) and error.code not in refusal_texts.PROBLEMS:
            return self.away
        return general(error.code, status_of(error), error.details)

    def faults_of(self, error: BusError) -> dict[str, str]:
        """What is wrong by field of the forms; what belongs to no field under ``""``."""
        faults: dict[str, str] = {}
        for fault in error.fields:
            name = self.field_of(fault.field)
            if name in self.fields:
                faults.setdefault(name, fault_sentence(fault, self.faults))
        return faults or {"": self.sentence(error)}
