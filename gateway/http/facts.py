"""What is found out about a request while it is answered: each fact has its name and its type.

Whoever finds a fact out sets it, and what comes later on the way of the request reads it. Those of
all faces are declared here, those of one face beside its own code.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar, overload

from starlette.requests import HTTPConnection

from bus.call_leaves import Mark

T = TypeVar("T")
D = TypeVar("D")


class Fact(Generic[T]):
    """A place for a value of one type in the state of a request."""

    def __init__(self, name: str) -> None:
        self._name = name

    def set(self, request: HTTPConnection, value: T) -> None:
        """Note it; what was noted before is replaced."""
        setattr(request.state, self._name, value)

    def of(self, request: HTTPConnection) -> T:
        """What was noted. AttributeError if nothing was: it must have been by now."""
        value: T = getattr(request.state, self._name)
        return value

    @overload
    def get(self, request: HTTPConnection) -> T | None: ...
    @overload
    def get(self, request: HTTPConnection, otherwise: D) -> T | D: ...
    def get(self, request: HTTPConnection, otherwise: D | None = None) -> T | D | None:
        """What was noted, or ``otherwise`` if nothing was."""
        value: T | D | None = getattr(request.state, self._name, otherwise)
        return value


# The trace (W3C Trace Context); the path of the route, such as `/t/{code}`; whether answers of this
# face are signed.
TRACEPARENT = Fact[str]("traceparent")
ROUTE = Fact[str]("route")
SIGNS = Fact[bool]("signs")
# The SHA-256 of the body that was read; None if it was empty.
BODY_DIGEST = Fact[bytes | None]("body_digest")
# Who asks: the agency and the key by which it was proven, or which was only named.
AGENCY = Fact[str]("agency")
KEY = Fact[str]("key")
CONTRACT = Fact[str]("contract")
PURPOSE = Fact[object]("purpose")
# Headers that tell what is left of a rate. There are some, be they empty, once the call took of it.
LIMITS = Fact[Mapping[str, str]]("limits")
# The id by which the log of receipts names the call, and the leaves that services have made of it.
CALL = Fact[str]("call")
MARKS = Fact[list[Mark]]("marks")
# The code of the refusal; and the status by which it counts, where HTTP's is another (X-Road).
CODE = Fact[str]("code")
COUNTS_AS = Fact[int]("counts_as")


def trace_id(request: HTTPConnection) -> str:
    """The id of the request's trace, in hex."""
    return TRACEPARENT.of(request).split("-")[1]
