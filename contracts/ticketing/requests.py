"""Requests of the ticketing context, which faces ask and no agency is granted."""

from bus.messages.kinds import M, R, Request


def internal_request(
    operation: str, message: type[M], reply: type[R], doc: str, *, effect: bool
) -> Request[M, R]:
    """Declare ``ticketing.<operation>.v1``; with ``effect`` it changes something."""
    return Request(
        f"ticketing.{operation}.v1", message, doc, reply=reply, effect=effect, agency=False
    )
