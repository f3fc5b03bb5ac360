"""Who asks, as the gateway's door has proven it."""

from typing import Any

from bus.envelope import Envelope
from bus.errors import RuleBroken


def agency_of(message: Envelope | None) -> dict[str, Any]:
    """The agency that asks, its key and grants. RuleBroken ``agency.only`` for anybody else."""
    caller = (message.caller if message else None) or {}
    if not caller.get("agency"):
        raise RuleBroken("Only an agency has such a thing of its own.", code="agency.only")
    return dict(caller)
