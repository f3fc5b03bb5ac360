"""The kinds of message: Request (Request-Reply), Command (Point-to-Point), Event (Pub-Sub)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal

from marshmallow import Schema, ValidationError

from bus.errors import ContractError, FieldError, Internal
from bus.messages.codec import shape_of
from bus.messages.loading import Loader
from bus.messages.message import Wire, read, schema_of, to_wire

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    # Any: a contract of whatever message, where code works with all of them.
    M = TypeVar("M", default=Any)
    R = TypeVar("R", default=Any)
else:
    from typing import TypeVar

    M, R = TypeVar("M"), TypeVar("R")

# Of the faults of a message: how many are listed, how many stand in the sentence, how long each is.
MOST_LISTED, MOST_IN_SENTENCE, LONGEST, LONGEST_NAME = 50, 5, 500, 100
NAME = re.compile(r"^([a-z][a-z_]*)\.([a-z_]+)\.v([1-9][0-9]*)$")


@dataclass(frozen=True, eq=False)
class Contract(Generic[M]):
    """A named, versioned form of message: ``<context>.<operation>.v<version>``.

    ``message`` is the class of its messages (bus/messages/message.py).
    """

    name: str
    message: type[M]
    doc: str = ""
    unknown: ClassVar[Literal["raise", "exclude"]] = "raise"

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise ValueError(f"{self.name}: a contract is named <context>.<operation>.v<number>")

    @property
    def context(self) -> str:
        return self.name.split(".")[0]

    @property
    def operation(self) -> str:
        return self.name.split(".")[1]

    @property
    def version(self) -> int:
        return int(self.name.rsplit(".v", 1)[1])

    @property
    def receivers(self) -> tuple[str, ...]:
        """The services that must do it, each of which acknowledges that it has."""
        return ()

    @cached_property
    def schema(self) -> Schema:
        """The marshmallow schema of its messages."""
        return schema_of(self.message)()

    @cached_property
    def _loader(self) -> Loader:
        shape = shape_of(self.message)
        return Loader(self.schema, self.unknown, shape.raws, shape.checks)

    def load(self, data: Any) -> M:  # Any: what was sent, before it is checked
        """The message; ContractError names every field that is wrong."""
        return read(self.message, self.load_data(data))

    def load_data(self, data: Any) -> Wire:  # Any: what was sent, before it is checked
        """The data in canonical form, as a dict; ContractError names every field that is wrong."""
        well_formed = self._loader.load(data)
        if well_formed is not None:
            return well_formed
        try:
            loaded: Wire = self.schema.load(data, unknown=self.unknown)
        except ValidationError as error:
            faults = _field_errors(error.messages)
            raise ContractError(
                f"The message does not follow {self.name}: {sentence(faults)}",
                fields=listed(faults),
                contract=self.name,
            ) from None
        return loaded

    def checked(self, message: M) -> M:
        """A message that code put together, in canonical form; ContractError as of ``load``."""
        return self.load(to_wire(message))

    def dump(self, data: object) -> Wire:
        """The data as it goes on the wire."""
        dumped: Wire = self.schema.dump(data)
        return dumped


@dataclass(frozen=True, eq=False)
class Request(Contract[M], Generic[M, R]):
    """A question of the gateway to one service, which answers within ``deadline`` seconds.

    ``effect`` says that it changes something: then a repeated id gets the first reply.
    ``agency`` says that an agency may be granted it, ``everyone`` that each agency may call it
    without a grant, ``delegable`` that one may call it in the name of another that lets it: then
    its service must heed ``on_behalf_of`` of the caller. ``reply`` is the class of the reply.

    ``judges_purpose`` says who judges the field ``purpose`` of the message: the service, by the
    grants of the caller, and it logs whom it refuses. Without that field the agency face judges
    alone: whoever has a grant for the contract may call it, also by ``<context>.*``.
    """

    reply: type[R] = field(kw_only=True)
    effect: bool = True
    agency: bool = True
    everyone: bool = False
    delegable: bool = False
    judges_purpose: bool = False
    deadline: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.agency and self.judges_purpose != ("purpose" in self.schema.fields):
            raise ValueError(
                f"{self.name}: declare judges_purpose if the message has a field purpose, and only "
                "then; its service must judge it"
            )

    @cached_property
    def reply_schema(self) -> Schema:
        """The marshmallow schema of the reply."""
        return schema_of(self.reply)()

    def reply_of(self, wire: Mapping[str, object]) -> R:
        """The reply that a service sent, which may be newer and tell more.

        Internal (``reply.unreadable``) if it lacks what the contract promises.
        """
        try:
            return read(self.reply, wire)
        except (KeyError, TypeError, AttributeError) as error:
            raise Internal(
                f"The reply to {self.name} cannot be read: {error!r}", code="reply.unreadable"
            ) from error


@dataclass(frozen=True, eq=False)
class Command(Contract[M]):
    """Sent to one service, which must do it once.

    One with an ``answer`` is sent to the agency that serves it, which sends that Command back with
    the id of the question as its Correlation Identifier: a ``result`` or an ``error``.
    """

    answer: "Command[Any] | None" = None

    @property
    def receivers(self) -> tuple[str, ...]:
        return (self.context,)


@dataclass(frozen=True, eq=False)
class InputForm(Contract[M]):
    """No message of the bus: a form in which the gateway takes what becomes Requests."""


@dataclass(frozen=True, eq=False)
class Event(Contract[M]):
    """A fact, published to whoever listens; never carries personal data. Read tolerantly.

    ``hearable`` lets agencies hear it whose register entry names it (``[events] hears``); with
    ``owner``, the field that holds an agency's code, that agency alone. They do not get the
    fields ``withheld``. ``heard_in`` are the services that handle it beside.
    """

    unknown: ClassVar[Literal["raise", "exclude"]] = "exclude"
    hearable: bool = False
    owner: str | None = None
    withheld: tuple[str, ...] = ()
    heard_in: tuple[str, ...] = ()

    @property
    def receivers(self) -> tuple[str, ...]:
        return (*self.heard_in, *(("agencies",) if self.hearable else ()))

    def __post_init__(self) -> None:
        super().__post_init__()
        named = {*self.withheld, *([self.owner] if self.owner else ())}
        if named - self.schema.fields.keys() or (named and not self.hearable):
            raise ValueError(f"{self.name}: owner and withheld are fields of what agencies hear")

    @cached_property
    def agency_schema(self) -> Schema:
        """The schema of what agencies hear."""
        return schema_of(self.message)(exclude=self.withheld)


def _field_errors(messages: object, path: str = "") -> list[FieldError]:
    """Marshmallow's nested messages as a flat list; each may carry its code: ``code|text``."""
    if isinstance(messages, dict):
        nested = []
        for name, inner in messages.items():
            here = path if name == "_schema" else f"{path}.{name}" if path else str(name)
            nested += _field_errors(inner, here)
        return nested
    faults = []
    for message in messages if isinstance(messages, list) else [messages]:
        code, bar, text = str(message).partition("|")
        fault = (code, text) if bar else ("invalid", code)
        faults.append(FieldError(path or "body", *fault))
    return faults


def listed(faults: Sequence[FieldError]) -> list[FieldError]:
    """The first faults, with names and texts cut, so that a sender cannot have its data echoed."""
    shown = [
        FieldError(cut(f.field, LONGEST_NAME), f.code, cut(f.message)) for f in faults[:MOST_LISTED]
    ]
    if rest := len(faults) - len(shown):
        shown.append(FieldError("body", "more", f"{rest} more faults are not listed."))
    return shown


def sentence(faults: Sequence[FieldError]) -> str:
    """The first faults in one sentence."""
    shown = faults[:MOST_IN_SENTENCE]
    first = "; ".join(f"{cut(fault.field, LONGEST_NAME)}: {cut(fault.message)}" for fault in shown)
    rest = len(faults) - len(shown)
    return f"{first}; and {rest} more." if rest else first


def cut(text: str, most: int = LONGEST) -> str:
    """Shorten a received text before it is sent back."""
    return text if len(text) <= most else text[: most - 1] + "…"
