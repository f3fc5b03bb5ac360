"""Which agencies of the register have a place at the broker, and what they may do there."""

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bus import topology
from bus.settings import Settings
from contracts import Command, catalogue
from deploy.broker.api import CannotApply
from members.register import Agency, Register

Agencies = Mapping[str, Agency]


def register_of(settings: Settings) -> Register:
    """The register; CannotApply if it cannot be read."""
    try:
        return Register.of(settings)
    except ValueError as error:
        raise CannotApply(str(error)) from None


def impossible(register: Register) -> Iterator[str]:
    """What the register has agencies serve or hear that none can, a sentence each."""
    for agency in register.agencies():
        if wrong := agency.serves - _can_be_served():
            yield f"{agency.code}: no agency can serve {', '.join(sorted(wrong))}."
        if wrong := frozenset(agency.hears).difference(_can_be_heard(agency)):
            yield f"{agency.code}: no agency can hear {', '.join(sorted(wrong))}."


def require_possible(register: Register) -> None:
    """CannotApply if the register has an agency do what none can."""
    for wrong in impossible(register):
        raise CannotApply(wrong)


def connected(register: Register) -> dict[str, Agency]:
    """The agencies that serve or have a queue, by their codes, without what is impossible."""
    able = [
        replace(agency, serves=agency.serves & _can_be_served(), hears=_can_be_heard(agency))
        for agency in register.agencies()
    ]
    return {agency.code: agency for agency in able if agency.serves or hears(agency)}


def hears(agency: Agency) -> bool:
    """True if the agency hears events in a queue of its own."""
    return agency.queue and bool(agency.hears)


def own_queues(agency: Agency) -> list[topology.Queue]:
    """What the agency may read: what it is asked, what it hears."""
    return [
        *([topology.agency_queue(agency.code)] if agency.serves else []),
        *([topology.agency_events(agency.code)] if hears(agency) else []),
    ]


def answer_of(contract: str) -> str:
    """The contract by which an agency answers that Command."""
    command = catalogue()[contract]
    if not isinstance(command, Command) or command.answer is None:
        raise CannotApply(f"No agency answers {contract}.")
    return command.answer.name


def _can_be_served() -> frozenset[str]:
    return frozenset(name for name, made in catalogue().items() if getattr(made, "answer", None))


def _can_be_heard(agency: Agency) -> tuple[str, ...]:
    may = [name for name, made in catalogue().items() if getattr(made, "hearable", False)]
    return tuple(pattern for pattern in agency.hears if fnmatch.filter(may, pattern))
