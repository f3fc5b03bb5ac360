"""The address of each contract; an address without a contract is not found."""

import re
from functools import lru_cache

from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Scope

from bus.errors import NotFound
from bus.messages import kinds
from contracts import catalogue

CALLS = "calls"  # /v1/calls/<id> has routes of its own
_PATH = re.compile(r"/v([1-9][0-9]*)/([a-z_]+)/([a-z_]+)")


def path_of(contract: kinds.Request) -> str:
    """The URL of a contract: inquiry.ask.v1 is /v1/inquiry/ask."""
    return f"/v{contract.version}/{contract.context}/{contract.operation}"


class ContractRoute(Route):
    """The route of all contracts. An address without a contract is not found by any method."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        if match is Match.NONE:
            return match, child
        if child["path_params"]["context"] == CALLS:
            return Match.NONE, {}
        is_contract = contract_at(scope["path"]) is not None
        return (match if is_contract else Match.FULL), child


@lru_cache(1024)
def contract_at(path: str) -> kinds.Request | None:
    """The contract at a path, if agencies may be granted it; /v01/… is nobody's."""
    match = _PATH.fullmatch(path)
    contract = catalogue().get(f"{match[2]}.{match[3]}.v{match[1]}") if match else None
    if not isinstance(contract, kinds.Request) or not contract.agency or path_of(contract) != path:
        return None
    return contract


def contract_of(request: Request) -> kinds.Request:
    """The contract that the URL names. NotFound ``contract.unknown`` if there is none."""
    contract = contract_at(request.scope["path"])
    if contract is None:
        raise NotFound(
            "There is no such contract for agencies; /openapi.json lists them all.",
            code="contract.unknown",
        )
    return contract
