"""How a typed message becomes JSON, and is read from it: what message.py has made of it."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from marshmallow import Schema

from bus.messages.loading import Check
from bus.messages.rules import Rules
from bus.wire import Wire

M = TypeVar("M")
Convert = Callable[[Any], Any]  # Any: converts values of any field


class _Absent:
    """The default of an OPTIONAL field that may also be null: then None goes out as null."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


# Any, so that a field of any type may have this default. A message that was read holds None.
ABSENT: Any = _Absent()


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """How one field is read and written; ``None`` for a value that stays as it is."""

    name: str
    wire: str
    read: Convert | None
    write: Convert | None
    left_out: bool
    default: object
    factory: Callable[[], object] | None


@dataclasses.dataclass(frozen=True)
class MessageShape:
    """What is known of a message class: its schema, and the parts of its codec."""

    schema: type[Schema]
    parts: tuple[Part, ...]
    unknown: str | None
    rules: Rules | None
    raws: tuple[Check, ...]
    checks: tuple[Check, ...]

    @cached_property
    def writers(self) -> tuple[tuple[str, str, Convert | None, bool], ...]:
        """Name, name on the wire, conversion, and whether None is left out, of each part.

        Plain tuples: an answer is written by seven of these loops.
        """
        return tuple((part.name, part.wire, part.write, part.left_out) for part in self.parts)


def shape_of(cls: type[object]) -> MessageShape:
    """What is known of a message class; KeyError if the class is none."""
    shape: MessageShape = vars(cls)["__message__"]
    return shape


def is_message(value: object) -> bool:
    """True for a message class and for an instance of one."""
    return hasattr(value, "__message__")


def schema_of(cls: type[object]) -> type[Schema]:
    """The marshmallow schema of a message class; the same class at each call."""
    return shape_of(cls).schema


def read(cls: type[M], data: Mapping[str, object]) -> M:
    """The message that ``data`` tells: loaded data, or the reply of a service.

    Nothing is validated again. Members that the class does not know are passed over, for a newer
    service may tell more; KeyError for one that is missing.
    """
    values: Wire = {}
    for part in shape_of(cls).parts:
        try:
            value = data[part.wire]
        except KeyError:
            if part.factory is not None:
                value = part.factory()
            elif part.default is dataclasses.MISSING:
                raise
            else:
                value = part.default
        else:
            if part.read is not None and value is not None:
                value = part.read(value)
        values[part.name] = value
    made = object.__new__(cls)
    # What a frozen dataclass does field by field, at once.
    made.__dict__.update(values)
    return made


def to_wire(message: object) -> Wire:
    """A message as JSON has it: nested messages are objects, tuples are lists."""
    wire: Wire = {}
    values = message.__dict__
    for name, wire_name, write, left_out in shape_of(type(message)).writers:
        value = values[name]
        if value is None:
            if not left_out:
                wire[wire_name] = None
        elif value is not ABSENT:
            wire[wire_name] = value if write is None else write(value)
    return wire


@dataclasses.dataclass(frozen=True, slots=True)
class Written(Generic[M]):
    """A reply in wire form, where it is kept as it goes out and need not be read and written."""

    wire: Wire


def essence(message: object) -> Wire:
    """``to_wire`` without what equals its default: the same before and after a field is added."""
    wire: Wire = {}
    for part in shape_of(type(message)).parts:
        value = message.__dict__[part.name]
        default = part.factory() if part.factory else part.default
        if value is ABSENT or (value is None and default is ABSENT) or value == default:
            continue
        wire[part.wire] = _essence(value)
    return wire


def _essence(value: object) -> object:
    if is_message(value):
        return essence(value)
    if isinstance(value, tuple | list):
        return [_essence(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _essence(item) for name, item in value.items()}
    return value
