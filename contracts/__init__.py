"""The catalogue of the Published Language: name → contract, built from the modules beside."""

from types import ModuleType

from bus import health
from bus.messages.fields import personal_names
from bus.messages.kinds import Command, Contract, Event, Form, Request
from contracts.agencies import deferred, hearing
from contracts.agencies import desk as register_desk
from contracts.agencies import register as agencies
from contracts.billing import bills as billing
from contracts.billing import treasury
from contracts.inquiry import laws, own, parcels, ratings
from contracts.inquiry import questions as inquiry
from contracts.notify import announcements, bulk, callbacks, govnotify, inbox, subscriptions
from contracts.notify import desk as notices_desk
from contracts.notify import messages as notify
from contracts.ticketing import accounts, desk, lost_secrets
from contracts.ticketing import citizens as ticketing
from contracts.ticketing import letters as letters_desk

__all__ = [
    "CATALOGUE",
    "Command",
    "Contract",
    "Event",
    "Form",
    "Request",
    "agency_contracts",
    "health_contracts",
    "hidden_names",
]


def _contracts(module: ModuleType) -> dict[str, Contract]:
    return {
        c.name: c
        for c in vars(module).values()
        if isinstance(c, Contract) and not isinstance(c, Form)
    }


CATALOGUE: dict[str, Contract] = {
    **_contracts(inquiry),
    **_contracts(laws),
    **_contracts(own),
    **_contracts(parcels),
    **_contracts(ratings),
    **_contracts(ticketing),
    **_contracts(lost_secrets),
    **_contracts(accounts),
    **_contracts(desk),
    **_contracts(letters_desk),
    **_contracts(billing),
    **_contracts(treasury),
    **_contracts(notify),
    **_contracts(inbox),
    **_contracts(govnotify),
    **_contracts(announcements),
    **_contracts(subscriptions),
    **_contracts(bulk),
    **_contracts(callbacks),
    **_contracts(notices_desk),
    **_contracts(agencies),
    **_contracts(register_desk),
    **_contracts(deferred),
    **_contracts(hearing),
    **_contracts(health),
}


def hidden_names() -> frozenset[str]:
    """The names of all personal fields of all contracts: what logs must hide."""
    names: set[str] = set()
    for contract in CATALOGUE.values():
        names |= personal_names(contract.schema)
        if isinstance(contract, Request):
            names |= personal_names(contract.reply_schema)
    return frozenset(names)


def agency_contracts() -> list[Request]:
    """The contracts that an agency can be granted, or may call without, in the order of names."""
    return [c for _, c in sorted(CATALOGUE.items()) if isinstance(c, Request) and c.agency]


def health_contracts() -> dict[str, Request]:
    """The health Request of each service, by the service's name."""
    return {
        c.context: c
        for c in CATALOGUE.values()
        if isinstance(c, Request) and c.operation == "health"
    }
