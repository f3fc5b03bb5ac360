"""Which service of X-Road is which contract of ours.

The rule: ``inquiry.batch_status.v1`` is the service ``batch-status.v1`` of the subsystem
``inquiry`` of our member: the context is the subsystem; the service is named like the operation,
with dashes (an underscore is in no identifier of X-Road), and its version.
"""

from collections.abc import Iterable
from functools import cache

from bus.errors import Forbidden
from bus.messages import kinds
from bus.messages.values import Json
from contracts import agency_contracts
from gateway.agency.door.grants import require_grant
from gateway.agency.door.visitor import Visitor
from gateway.agency.files.routes import FILE_ROUTES
from gateway.agency.xroad.names import House

LIST_METHODS, ALLOWED_METHODS, GET_OPENAPI = "listMethods", "allowedMethods", "getOpenAPI"
OPERATIONAL_DATA = "getSecurityServerOperationalData"
HEALTH_DATA = "getSecurityServerHealthData"
# What X-Road calls by these names is never a service of a member (PR-META, PR-MREST, PR-OPMON).
RESERVED = frozenset(
    {
        "listClients",
        LIST_METHODS,
        ALLOWED_METHODS,
        GET_OPENAPI,
        "getWsdl",
        "getSecurityServerMetrics",
        OPERATIONAL_DATA,
        HEALTH_DATA,
    }
)
OPENAPI, REST = "OPENAPI", "REST"
METHOD = "POST"


def code_of(contract: kinds.Request) -> str:
    """The code of its service.

    >>> from contracts.inquiry.questions import BATCH_STATUS
    >>> code_of(BATCH_STATUS)
    'batch-status.v1'
    """
    return f"{contract.operation.replace('_', '-')}.v{contract.version}"


def type_of(contract: kinds.Request) -> str:
    """How it is described: ``OPENAPI``; ``REST`` for one that comes or goes as a file, whose lines
    are described in docs/join.md and in no schema.
    """
    return REST if contract in FILE_ROUTES else OPENAPI


@cache
def services() -> dict[tuple[str, str], kinds.Request]:
    """Each contract by its subsystem and service. ValueError if a name is one of X-Road's own."""
    table = {(c.context, code_of(c)): c for c in agency_contracts()}
    require_free(code for _, code in table)
    return table


def require_free(codes: Iterable[str]) -> None:
    """ValueError if one of these codes of services is a name of X-Road's own, in any case."""
    reserved = {name.lower() for name in RESERVED}
    for code in codes:
        if code.lower() in reserved or code.lower().partition(".")[0] in reserved:
            raise ValueError(f"{code} is a name of X-Road's own")


def subsystems() -> list[str]:
    """The codes of our subsystems."""
    return sorted({subsystem for subsystem, _ in services()})


def may_call(visitor: Visitor, contract: kinds.Request) -> bool:
    """True if a grant of a visitor for the contract is in force, or everyone may call it."""
    try:
        require_grant(visitor.grants(contract), contract)
    except Forbidden:
        return False
    return True


def listed(house: House, contract: kinds.Request) -> Json:
    """A service as listMethods and allowedMethods have it (PR-MREST, annex B)."""
    return {
        "member_class": house.member_class,
        "member_code": house.member_code,
        "object_type": "SERVICE",
        "service_code": code_of(contract),
        "service_type": type_of(contract),
        "subsystem_code": contract.context,
        "xroad_instance": house.instance,
        "endpoint_list": [{"method": METHOD, "path": "/"}],
    }
