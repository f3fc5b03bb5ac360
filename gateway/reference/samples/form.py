"""What a sample is: a program that makes one call, and its language."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson


class Call(NamedTuple):
    """One call by the name of its contract or operation; ``body`` is the value of its JSON, None
    without one.
    """

    name: str
    method: str
    base: str
    path: str
    body: object | None


class Language(NamedTuple):
    """A language of samples: its key in addresses, what people call it, what it needs."""

    key: str
    label: str
    needs: str


class Sample(NamedTuple):
    """A program, and its language."""

    language: Language
    text: str


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a program with its marks, ``__NAME__``, replaced.

    >>> filled("POST __PATH__", {"PATH": "/v1/inquiry/ask"})
    'POST /v1/inquiry/ask'
    """
    for name, value in values.items():
        template = template.replace(f"__{name}__", value)
    return template.strip() + "\n"


def compact(value: object) -> str:
    """Return a value as JSON in one line."""
    return orjson.dumps(value).decode()


def pretty(value: object) -> str:
    """Return a value as JSON of several lines."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def in_shell(text: str) -> str:
    """Return a text as one word of a shell.

    >>> in_shell("it's")
    "'it'\\\\''s'"
    """
    return "'" + text.replace("'", "'\\''") + "'"


def in_python(value: object) -> str:
    """Return a value of JSON as Python writes it.

    >>> in_python({"last": True, "before": None, "name": "x"})
    '{"last": True, "before": None, "name": "x"}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{compact(k)}: {in_python(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_python, value)) + "]"
    return repr(value) if value is None or isinstance(value, bool) else compact(value)


def in_php(value: object) -> str:
    """Return a value of JSON as PHP writes it.

    >>> in_php({"items": [{"service": "x"}], "on": None})
    "['items' => [['service' => 'x']], 'on' => null]"
    """
    if isinstance(value, dict):
        members = ", ".join(f"{in_php(k)} => {in_php(v)}" for k, v in value.items())
        return f"[{members}]" if value else "new stdClass()"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_php, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return compact(value)


def in_java(text: str) -> str:
    """Return a text as a literal of Java.

    >>> in_java('{"a":1}')
    '"{\\\\"a\\\\":1}"'
    """
    return compact(text)
