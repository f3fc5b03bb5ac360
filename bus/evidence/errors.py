"""Why a piece of evidence proves nothing; the code names the check that failed."""

from bus.errors import BusError


class EvidenceError(BusError):
    """Evidence cannot be read (evidence.unreadable), or a check of it failed (evidence.*)."""

    default_code = "evidence.broken"


def unreadable(message: str) -> EvidenceError:
    """The error for what is not of the form that it should have."""
    return EvidenceError(message, code="evidence.unreadable")
