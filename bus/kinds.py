"""The kinds of message: Request (Request-Reply), Command (Point-to-Point), Event (Pub-Sub)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from marshmallow import Schema, ValidationError

from bus.errors import ContractError, FieldError

# Of the faults of a message: how many are listed, how many stand in the sentence, how long each is.
MOST_LISTED, MOST_TOLD, LONGEST, LONGEST_NAME = 50, 5, 500, 100
NAME = re.compile(r"^([a-z][a-z_]*)\.([a-z_]+)\.v([1-9][0-9]*)$")


@dataclass(frozen=True, eq=False)
class Contract:
    """A named, versioned form of message: ``<context>.<operation>.v<version>``."""

    name: str
    schema: Schema
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

    def load(self, data: Any) -> dict[str, Any]:
        """The data in canonical form; ContractError names every field that is wrong."""
        try:
            loaded: dict[str, Any] = self.schema.load(data, unknown=self.unknown)
        except ValidationError as error:
            faults = _field_errors(error.messages)
            raise ContractError(
                f"The message does not follow {self.name}: {sentence(faults)}",
                fields=listed(faults),
                contract=self.name,
            ) from None
        return loaded

    def dump(self, data: Any) -> dict[str, Any]:
        """The data as it goes on the wire."""
        dumped: dict[str, Any] = self.schema.dump(data)
        return dumped


@dataclass(frozen=True, eq=False)
class Request(Contract):
    """Asked by the gateway of one service, answered within ``deadline`` seconds.

    ``effect`` says that it changes something: then a repeated id gets the first reply.
    ``agency`` says that an agency may be granted it, ``everyone`` that each agency may call it
    without a grant, ``delegable`` that one may call it in the name of another that lets it: then
    its service must heed ``on_behalf_of`` of the caller. ``reply`` is the schema of the answer.
    """

    reply: Schema = field(default_factory=Schema)
    effect: bool = True
    agency: bool = True
    everyone: bool = False
    delegable: bool = False
    deadline: float = 10.0


@dataclass(frozen=True, eq=False)
class Command(Contract):
    """Told to one service, which must do it once.

    One with an ``answer`` is told to the agency that serves it, which sends that Command back with
    the id of the question as its Correlation Identifier: a ``result`` or an ``error``.
    """

    answer: "Command | None" = None

    @property
    def receivers(self) -> tuple[str, ...]:
        return (self.context,)


@dataclass(frozen=True, eq=False)
class Form(Contract):
    """No message of the bus: a form in which the gateway takes what becomes Requests."""


@dataclass(frozen=True, eq=False)
class Event(Contract):
    """A fact, told to whoever listens; never carries personal data. Read tolerantly.

    ``hearable`` lets agencies hear it whose register entry names it (``[events] hears``); with
    ``owner``, the field that holds an agency's code, that agency alone. They are not told the
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
    def heard(self) -> Schema:
        """The schema of what agencies are told."""
        return type(self.schema)(exclude=self.withheld)


def _field_errors(messages: Any, path: str = "") -> list[FieldError]:
    """Marshmallow's nested messages as a flat list; a message may carry ``code|text``."""
    if isinstance(messages, dict):
        found = []
        for name, inner in messages.items():
            here = path if name == "_schema" else f"{path}.{name}" if path else str(name)
            found += _field_errors(inner, here)
        return found
    found = []
    for message in messages if isinstance(messages, list) else [messages]:
        code, bar, text = str(message).partition("|")
        found.append(
            FieldError(path or "body", code, text)
            if bar
            else FieldError(path or "body", CODES.get(code, "invalid"), code)
        )
    return found


def listed(faults: Sequence[FieldError]) -> list[FieldError]:
    """The first faults, each name and text cut: what somebody sent does not come back whole."""
    shown = [
        FieldError(cut(f.field, LONGEST_NAME), f.code, cut(f.message)) for f in faults[:MOST_LISTED]
    ]
    if rest := len(faults) - len(shown):
        shown.append(FieldError("body", "more", f"{rest} more faults are not listed."))
    return shown


def sentence(faults: Sequence[FieldError]) -> str:
    """The first faults in one sentence."""
    told = "; ".join(f"{cut(f.field, LONGEST_NAME)}: {cut(f.message)}" for f in faults[:MOST_TOLD])
    rest = len(faults) - MOST_TOLD
    return f"{told}; and {rest} more." if rest > 0 else told


def cut(text: str, most: int = LONGEST) -> str:
    """A text that was sent, short enough to be sent back."""
    return text if len(text) <= most else text[: most - 1] + "…"


CODES = {
    "Missing data for required field.": "required",
    "Unknown field.": "unknown_field",
    "Field may not be null.": "null",
    "Not a valid string.": "not_a_string",
    "Not a valid integer.": "not_an_integer",
    "Not a valid boolean.": "not_a_boolean",
    "Not a valid list.": "not_a_list",
    "Invalid input type.": "not_an_object",
}
