"""Refusals that several acts on tickets share."""

from bus.errors import Conflict, FieldError, RuleBroken


def field_refusal(field: str, message: str, code: str = "choice") -> RuleBroken:
    """Build the refusal ``field.wrong`` of one field, for a rule that no contract can know."""
    fault = FieldError(field, code, message)
    return RuleBroken(f"{field}: {message}", code="field.wrong", fields=[fault])


def changed_meanwhile() -> Conflict:
    """Build the refusal ``ticket.changed`` of an act on an older version of the ticket."""
    return Conflict(
        "Somebody else changed the ticket meanwhile; read it again.", code="ticket.changed"
    )
