"""Whom a Command or an Event awaits is who handles it, in the code."""

from collections import defaultdict

from bus.__main__ import service_of
from bus.message_endpoint import HandleCommand, HandleEvent
from contracts import Command, catalogue
from tests.processes import ROOT

SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/service.py"))


def handlers():
    """The services that handle each contract, by its name."""
    result = defaultdict(set)
    for name in SERVICES:
        service = service_of(f"services.{name}")
        for member in dir(service):
            for made in getattr(getattr(service, member), "nameko_entrypoints", ()):
                if isinstance(made, HandleCommand | HandleEvent):
                    result[made.job.contract.name].add(name)
    return dict(result)


def of_agencies():
    """What agencies are asked, and what they answer: their answer acknowledges."""
    requests = [
        value for value in catalogue().values() if isinstance(value, Command) and value.answer
    ]
    return {value.name for value in requests} | {value.answer.name for value in requests}


def test_b6_each_command_and_event_awaits_the_services_that_handle_it():
    awaited = {name: set(contract.receivers) for name, contract in catalogue().items()}
    expected = {name: to for name, to in awaited.items() if to and name not in of_agencies()}
    assert expected == handlers()
