"""The catalogue of the Published Language: name → contract, found in the modules beside."""

import functools
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

from bus import health
from bus.messages.fields import personal_names
from bus.messages.kinds import Command, Contract, Event, InputForm, Request

__all__ = [
    "Command",
    "Contract",
    "Event",
    "InputForm",
    "Request",
    "agency_contracts",
    "catalogue",
    "catalogue_of",
    "health_contracts",
    "hidden_names",
    "modules",
]


def modules() -> Iterator[ModuleType]:
    """Each module in the folders of the contexts beside; a new one needs no line here."""
    for module in walk_packages(__path__, f"{__name__}."):
        if not module.ispkg and module.name.count(".") > 1:
            yield import_module(module.name)


def catalogue_of(modules: Iterable[ModuleType]) -> dict[str, Contract]:
    """The contracts of these modules in the order of their names.

    ValueError if a name is declared twice.
    """
    catalogue: dict[str, Contract] = {}
    for module in modules:
        for contract in vars(module).values():
            if not isinstance(contract, Contract) or isinstance(contract, InputForm):
                continue
            if catalogue.setdefault(contract.name, contract) is not contract:
                raise ValueError(f"{module.__name__}: {contract.name} is declared twice")
    return dict(sorted(catalogue.items()))


@functools.cache
def catalogue() -> dict[str, Contract]:
    """All contracts, made when they are wanted first: whoever uses a few messages, such as a
    command of the connector, need not wait until all are declared.
    """
    return catalogue_of([*modules(), health])


@functools.cache
def hidden_names() -> frozenset[str]:
    """The names of all personal fields of all contracts: what logs must hide."""
    names: set[str] = set()
    for contract in catalogue().values():
        names |= personal_names(contract.schema)
        if isinstance(contract, Request):
            names |= personal_names(contract.reply_schema)
    return frozenset(names)


def agency_contracts() -> list[Request]:
    """The contracts that an agency can be granted, or may call without, in the order of names."""
    return [c for _, c in sorted(catalogue().items()) if isinstance(c, Request) and c.agency]


def health_contracts() -> dict[str, Request]:
    """The health Request of each service, by the service's name."""
    return {
        c.context: c
        for c in catalogue().values()
        if isinstance(c, Request) and c.operation == "health"
    }
