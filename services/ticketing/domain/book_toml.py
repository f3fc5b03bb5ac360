"""The book of the desk as TOML, so that the file stays a way to keep and to change it."""

import json
import re
from collections.abc import Mapping
from typing import Any

# A table of TOML. Any: a document of services.ticketing.books, of whatever its schemas let in.
Table = Mapping[str, Any]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
HEAD = (
    "# The book of the desk as it was in force. `python -m services.ticketing.books FOLDER` reads\n"
    "# it; the calendar has rows of its own.\n"
)


def to_toml(document: Table) -> str:
    """Write a document of the book as TOML; members without a value are left out.

    >>> print(to_toml({"roles": {"supervisor": "a@b.c"}, "units": [{"code": "x"}]}), end="")
    roles = { supervisor = "a@b.c" }
    <BLANKLINE>
    [[units]]
    code = "x"
    """
    plain = {name: value for name, value in document.items() if not _is_list_of_tables(value)}
    parts = [_members(plain)]
    for name, rows in document.items():
        if _is_list_of_tables(rows):
            parts += [f"[[{_key(name)}]]\n{_members(row)}" for row in rows]
    return "\n".join(part for part in parts if part)


def _is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _members(table: Table) -> str:
    return "".join(
        f"{_key(name)} = {_value(value)}\n" for name, value in table.items() if value is not None
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    if isinstance(value, dict):
        members = ", ".join(
            f"{_key(name)} = {_value(inner)}" for name, inner in value.items() if inner is not None
        )
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(inner) for inner in value)}]"
    # Texts, numbers and truth values of JSON are those of TOML, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
