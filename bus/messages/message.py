"""Typed messages: a frozen dataclass whose marshmallow schema is read off its annotations.

    @message
    class Item:
        '''So much of a service.'''

        service: Annotated[Code, Meta(example="own_inquiry")]           # required
        quantity: Annotated[int, whole(1, 1_000_000_000)] = 1            # default on the wire
        on: Annotated[Day | None, "The day; today if left out"] = None   # may be null
        note: Annotated[str | None, Text(200), OPTIONAL] = None          # left out if None
        parts: tuple[Part, ...] = ()                                     # a list of objects

    QUOTE = Request("billing.quote.v1", Quote, "Calculates a price.", reply=Quoted)

A field without a default is required; ``| None`` lets it be null. In ``Annotated`` may stand: a
marshmallow field (``Text(20)``, of fields.py), validators, a text (the description), ``Meta``
(other metadata), ``PERSONAL``, ``OPTIONAL``, ``Named`` (its name on the wire). Short types for
what is frequent (Code, Day, Instant, Uuid, Block, Tick) stand in values.py. A plain str, int, bool
or float is strict and has no bounds.

``QUOTE.load(data)`` gives a Quote or raises ContractError. A service's method takes the message and
returns the reply, or a BusError:

    @serve(contracts.QUOTE)
    def quote(self, tx: Tx, message: contracts.Quote) -> contracts.Quoted | BusError: ...

The gateway passes the message and reads the typed reply:

    quoted = await client.call(contracts.QUOTE, contracts.Quote(items=(item,)))

Why no library does this: docs/decisions/0055.
"""

import dataclasses
import types
from collections.abc import Callable
from typing import Any, Literal, TypeVar, dataclass_transform, get_type_hints, overload

from marshmallow import Schema, pre_load, validates_schema

from bus.messages.annotations import OPTIONAL, PERSONAL, Meta, Named, Spec
from bus.messages.codec import (
    ABSENT,
    MessageShape,
    Part,
    Written,
    essence,
    is_message,
    read,
    schema_of,
    to_wire,
)
from bus.messages.loading import Check
from bus.messages.rules import Rules
from bus.wire import Wire

__all__ = [
    "ABSENT",
    "OPTIONAL",
    "PERSONAL",
    "Meta",
    "Named",
    "Wire",
    "Written",
    "canonical",
    "check",
    "essence",
    "is_message",
    "message",
    "raw",
    "read",
    "schema_of",
    "to_wire",
]

M = TypeVar("M")
F = TypeVar("F", bound=Callable[..., object])
_OF_SCHEMA = {"type": "not_an_object", "unknown": "unknown_field"}


@overload
def message(cls: type[M], /) -> type[M]: ...
@overload
def message(
    *,
    unknown: Literal["exclude", "include"] | None = None,
    rules: Rules | None = None,
    name: str | None = None,
) -> Callable[[type[M]], type[M]]: ...
@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,)
)
def message(
    cls: type[object] | None = None,
    /,
    *,
    unknown: Literal["exclude", "include"] | None = None,
    rules: Rules | None = None,
    name: str | None = None,
) -> Any:
    """Makes a class a message: a frozen dataclass with keywords only, and its schema.

    ``unknown`` says what becomes of members that the class does not name, if they are not refused;
    ``rules`` are what holds between the fields, for JSON Schema (rules.py); ``name`` is
    that of the schema in documents, if it was released under another name than that of the class.
    """

    def declare(cls: type[Any]) -> type[Any]:  # Any: any class that is to be a message
        of_base: MessageShape | None = getattr(cls, "__message__", None)
        made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        made.__message__ = _shape(
            made,
            unknown or (of_base.unknown if of_base else None),
            rules or (of_base.rules if of_base else None),
            name or cls.__name__,
        )
        return made

    return declare if cls is None else declare(cls)


def check(method: F) -> F:
    """Marks a method of a message that raises ValidationError for what its fields do together."""
    method.__hook__ = "check"  # type: ignore[attr-defined]
    return method


def canonical(function: F) -> F:
    """Marks a staticmethod over the fields as loaded, which it may bring into canonical form."""
    function.__hook__ = "canonical"  # type: ignore[attr-defined]
    return function


def raw(function: F) -> F:
    """Marks a staticmethod that looks at what was sent before the fields are read."""
    function.__hook__ = "raw"  # type: ignore[attr-defined]
    return function


# Any: any class that is to be a message
def _shape(cls: type[Any], unknown: str | None, rules: Rules | None, name: str) -> MessageShape:
    hints = get_type_hints(cls, include_extras=True)
    declared: Wire = {}
    parts = []
    for field in dataclasses.fields(cls):
        spec = Spec(hints[field.name])
        declared[field.name] = spec.field_for(field, cls)
        named = spec.wire or field.name
        factory = None if field.default_factory is dataclasses.MISSING else field.default_factory
        default = None if field.default is ABSENT else field.default
        parts.append(
            Part(
                field.name,
                named,
                spec.read,
                spec.write,
                spec.optional and field.default is not ABSENT,
                default,
                factory,
            )
        )
    hooks = _hooks(cls)
    of_meta = {"unknown": unknown, "rules": rules}
    meta = type("Meta", (), {name: value for name, value in of_meta.items() if value})
    errors = {
        key: f"{code}|{Schema._default_error_messages[key]}" for key, code in _OF_SCHEMA.items()
    }
    body = {
        **declared,
        **{name: _of_schema(kind, look) for name, (kind, look) in hooks.items()},
        "Meta": meta,
        "error_messages": errors,
        "__module__": cls.__module__,
        "__doc__": cls.__doc__,
    }
    schema = types.new_class(name, (Schema,), exec_body=lambda space: space.update(body))
    raws = tuple(look for kind, look in hooks.values() if kind == "raw")
    checks = tuple(look for kind, look in hooks.values() if kind != "raw")
    return MessageShape(schema, tuple(parts), unknown, rules, raws, checks)


def _hooks(cls: type[object]) -> dict[str, tuple[str, Check]]:
    """The checks of a message class: their kind, and what they do with data."""
    hooks: dict[str, tuple[str, Check]] = {}
    for name in dir(cls):
        function: Any = getattr(cls, name, None)  # Any: any class that is to be a message
        kind = getattr(function, "__hook__", None)
        if kind == "check":
            hooks[name] = kind, _of_message(cls, function)
        elif kind is not None:
            hooks[name] = kind, function
    return hooks


def _of_message(cls: type[object], method: Callable[[object], None]) -> Check:
    return lambda data: method(read(cls, data))


def _of_schema(kind: str, check: Check) -> object:
    """A check as a hook of marshmallow."""

    def look(_schema: Schema, data: Wire, **_: object) -> Wire:
        check(data)
        return data

    return pre_load(look) if kind == "raw" else validates_schema(look)
