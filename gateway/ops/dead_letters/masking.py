"""The data of a message without what may be personal, by the kinds of its fields.

A field is shown if its kind can hold no person: a code of a list, a number, a moment, a switch, or
a text that its contract does not call personal. Prose, blocks without a form and what the contract
does not know are hidden.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from marshmallow import Schema, fields

from bus.messages.fields import Block, Prose
from bus.messages.values import Json
from contracts import catalogue

MOST_LINES, LONGEST = 300, 400
DOTS = "•••"
CONTAINERS = (list, dict)
Field = fields.Field[object]


class Line(NamedTuple):
    """A value by its path in the message; ``shown`` is dots if it is ``hidden``."""

    path: str
    shown: str
    hidden: bool


def lines(type_: str, body: bytes, *, reveal: bool = False) -> list[Line] | None:
    """Return the data of a message as lines; None if it is no JSON object.

    With ``reveal`` everything is shown: its caller has written down who looks.
    """
    contract = catalogue().get(type_)
    schema = contract.schema if contract else None
    try:
        data = json.loads(body)
        if not isinstance(data, dict):
            return None
        all_lines = list(_of_object(data, schema, ""))[:MOST_LINES]
    except (ValueError, RecursionError):  # what is dead may be anything
        return None
    return [Line(line.path, line.shown, False) if reveal else _hidden(line) for line in all_lines]


def _hidden(line: Line) -> Line:
    return line._replace(shown=f"{DOTS} ({len(line.shown)})") if line.hidden else line


def _of_object(data: Json, schema: Schema | None, path: str) -> Iterator[Line]:
    by_name: dict[str, Field] = {}
    for name, field in (schema.fields if schema else {}).items():
        by_name[field.data_key or name] = field
    for name, value in data.items():
        yield from _of_value(value, by_name.get(name), f"{path}{name}", hidden=False)


def _of_value(value: object, field: Field | None, path: str, *, hidden: bool) -> Iterator[Line]:
    hidden = hidden or _is_personal(field)
    if isinstance(value, list):
        inner = field.inner if isinstance(field, fields.List) else None
        for place, item in enumerate(value):
            yield from _of_value(item, inner, f"{path}[{place}]", hidden=hidden)
    elif isinstance(value, dict) and isinstance(field, fields.Nested) and not hidden:
        yield from _of_object(value, field.schema, f"{path}.")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _of_value(item, None, f"{path}.{name}", hidden=True)
    else:
        yield Line(_printable(path), _text(value), hidden)


def _is_personal(field: Field | None) -> bool:
    if field is None or isinstance(field, Prose | Block | fields.Dict):
        return True
    return bool(field.metadata.get("personal"))


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _printable(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _printable(text: str) -> str:
    """A text that UTF-8 can write: half a character, as JSON may name it, becomes a mark."""
    return text.encode("utf-8", "replace").decode()
