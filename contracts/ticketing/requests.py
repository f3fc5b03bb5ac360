"""Requests of the ticketing context, which faces ask and no agency is granted."""

from bus.messages.kinds import M, R, Request


def internal_read(operation: str, message: type[M], reply: type[R], doc: str) -> Request[M, R]:
    """Declare ``ticketing.<operation>.v1``, which a repeat does anew: it reads, or judges who asks
    and by what.
    """
    name = f"ticketing.{operation}.v1"
    return Request(name, message, doc, reply=reply, effect=False, agency=False)


def internal_act(operation: str, message: type[M], reply: type[R], doc: str) -> Request[M, R]:
    """Declare ``ticketing.<operation>.v1``, which changes something; a repeat gets the first reply
    again.
    """
    return Request(f"ticketing.{operation}.v1", message, doc, reply=reply, agency=False)
