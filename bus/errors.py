"""The refusals that travel over the bus, without any transport in them.

BusError
├── ContractError    the message is not what its contract says (the sender's mistake)
├── Unauthenticated  who asks was not proven
│   └── SignatureError   which check of the signature failed
├── Forbidden        known, but not allowed to do this
├── NotFound         no such thing, or not for this asker: the two are told apart to nobody
├── Conflict         the same key was used for something else, or another state came first
├── RuleBroken       well said, but a rule of the domain forbids it
├── TooMany          a limit of the asker is used up; details["retry_after"] in seconds
├── Unavailable      a part that is needed is not reachable now; asking again later is safe
└── Internal         our fault; the text stays in our log under details["error_id"]
"""

from collections.abc import Iterable
from typing import NamedTuple

from bus.wire import Wire


class FieldError(NamedTuple):
    """One field that is wrong: where, a stable code, and what to do about it."""

    field: str
    code: str
    message: str


class BusError(Exception):
    """A refusal with a stable ``code`` (for machines) and a ``message`` (for people).

    ``fields`` names what is wrong in the message asked; ``details`` holds strings only, because
    that is what the wire makes of them.
    """

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Iterable[FieldError] = (),
        **details: object,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.fields = tuple(FieldError(*field) for field in fields)
        self.details = {name: str(value) for name, value in details.items()}

    @property
    def kind(self) -> str:
        """The class's name, which is how the error is known on the wire."""
        return type(self).__name__

    def to_wire(self) -> Wire:
        """The error as the ``error`` member of a reply."""
        return {
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "fields": [field._asdict() for field in self.fields],
            "details": self.details,
        }


class ContractError(BusError):
    default_code = "contract.broken"


class Unauthenticated(BusError):
    default_code = "identity.unproven"


class SignatureError(Unauthenticated):
    """A check of a signature failed; ``code`` names which one."""

    default_code = "signature.bad"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


class Forbidden(BusError):
    default_code = "forbidden"


class NotFound(BusError):
    default_code = "not_found"


class Conflict(BusError):
    default_code = "conflict"


class RuleBroken(BusError):
    default_code = "rule.broken"


class TooMany(BusError):
    default_code = "limit.reached"


class Unavailable(BusError):
    default_code = "unavailable"


class Internal(BusError):
    default_code = "internal"


KINDS: dict[str, type[BusError]] = {
    cls.__name__: cls
    for cls in (
        ContractError,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        RuleBroken,
        TooMany,
        Unavailable,
        Internal,
    )
}


def from_wire(error: Wire) -> BusError:
    """Rebuilds the error of a reply; one of a kind that this side does not know is ``Internal``."""
    cls = KINDS.get(error.get("kind", ""), Internal)
    return cls(
        error.get("message", ""),
        code=error.get("code"),
        fields=[FieldError(f["field"], f["code"], f["message"]) for f in error.get("fields", ())],
        **error.get("details", {}),
    )
