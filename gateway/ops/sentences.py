"""Refusals in Persian, for every part of the desk: as one sentence, and by the fields of a form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bus.errors import BusError, Unavailable

# What is wrong with a field, whatever the form: code → sentence.
FAULTS = {
    "required": "این خانه را پر کنید.",
    "null": "این خانه را پر کنید.",
    "length": "متن برای این خانه بلند یا کوتاه است.",
    "characters": "نویسه‌ای دارد که پذیرفته نمی‌شود.",
    "not_an_integer": "یک عدد درست بنویسید.",
    "choice": "یکی از گزینه‌ها را انتخاب کنید.",
    "day": "روز را مانند 1405/09/04 بنویسید.",
}


def as_told(field: str) -> str:
    """The name of a field that forms and contracts call alike."""
    return field


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
        """A refusal as one sentence; what has no Persian words is told as the service says it."""
        if isinstance(error, Unavailable) and error.code not in self.problems:
            return self.away
        return self.problems.get(error.code, error.message)

    def faults_of(self, error: BusError) -> dict[str, str]:
        """What is wrong by field of the forms; what belongs to no field under ``""``."""
        found: dict[str, str] = {}
        for fault in error.fields:
            name = self.field_of(fault.field)
            if name in self.fields:
                found.setdefault(name, self.faults.get(fault.code, fault.message))
        return found or {"": self.sentence(error)}
