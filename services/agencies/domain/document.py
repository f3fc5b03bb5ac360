"""The document of an agency: as text to be reviewed, what differs, what is left without a right."""

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

# What stands before what in the text; what is not named here comes last, by its letters.
ORDER = (
    "code", "name", "name_fa", "member", "id", "to", "contract", "purposes", "blocks",
    "per_day", "networks", "requests", "seconds", "serves", "hears", "queue", "public_key",
    "sha256", "until", "basis", "limits", "keys", "certificates", "grants", "delegations", "amqp",
    "events",
)  # fmt: skip
DAYS = ("until",)
BARE = re.compile(r"[A-Za-z0-9_-]+")
# What may be taken back → the list of the document that it stands in.
LISTS = {
    "key": "keys",
    "certificate": "certificates",
    "grant": "grants",
    "delegation": "delegations",
}
# What stands as the name of a contract or a pattern in a table of the document.
WORDS = {"serving": ("amqp", "serves"), "hearing": ("events", "hears")}

Document = Mapping[str, Any]


def toml_of(document: Document) -> str:
    """The document as TOML, in an order of its own: the same document gives the same text.

    >>> print(toml_of({"name": "A", "code": "a-co", "keys": [{"until": "2030-12-31", "id": "k"}]}))
    code = "a-co"
    name = "A"
    <BLANKLINE>
    [[keys]]
    id = "k"
    until = 2030-12-31
    <BLANKLINE>
    """
    return "\n".join(_table(document, "")) + "\n"


def _table(table: Document, path: str) -> Iterator[str]:
    """The lines of a table: what is plain, then the tables in it."""
    names = sorted(table, key=lambda name: (_rank(name), name))
    inner = [name for name in names if _is_table(table[name])]
    yield from (
        f"{_bare(name)} = {_value(name, table[name])}" for name in names if name not in inner
    )
    for name in inner:
        here = f"{path}{_bare(name)}"
        many = isinstance(table[name], list)
        for each in table[name] if many else [table[name]]:
            yield ""
            yield f"[[{here}]]" if many else f"[{here}]"
            yield from _table(each, f"{here}.")


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _is_table(value: Any) -> bool:
    one = value[0] if isinstance(value, list) and value else value
    return isinstance(one, Mapping)


def _bare(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name)


def _value(name: str, value: Any) -> str:
    if name in DAYS:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def differences(before: Document | None, after: Document) -> list[dict[str, str]]:
    """What changes between two documents: lines of their text, each ``same``, ``gone`` or ``new``.

    >>> differences({"code": "a", "name": "A"}, {"code": "a", "name": "B"})[1]
    {'kind': 'gone', 'text': 'name = "A"'}
    """
    was = toml_of(before).splitlines() if before else []
    kinds = {" ": "same", "-": "gone", "+": "new"}
    told = difflib.Differ(linejunk=None, charjunk=None).compare(was, toml_of(after).splitlines())
    return [{"kind": kinds[line[0]], "text": line[2:]} for line in told if line[0] in kinds]


def id_of(one: Document) -> str:
    """The id of a grant or a delegation: what it says makes it, so it names no other one."""
    return hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:16]


def name_of(what: str, one: Any) -> str:
    """The id by which a key, a certificate, a grant, a delegation or the name of a contract that is
    served or heard is taken back.
    """
    if what in WORDS:
        return str(one)
    return str(one["id"]) if what in ("key", "certificate") else id_of(one)


def without(document: Document, what: str, id_: str) -> tuple[dict[str, Any], list[Any]]:
    """The document without what has that id, and what it was; nothing if there is no such.

    >>> without({"keys": [{"id": "a"}, {"id": "b"}]}, "key", "a")
    ({'keys': [{'id': 'b'}]}, [{'id': 'a'}])
    """
    left = deepcopy(dict(document))
    table, name = WORDS.get(what, ("", LISTS.get(what, "")))
    inside = left.setdefault(table, {}) if table else left
    all_of = inside.get(name, [])
    gone = [one for one in all_of if name_of(what, one) == id_]
    inside[name] = [one for one in all_of if one not in gone]
    return left, gone


def dropped(before: Document, after: Document) -> list[Mapping[str, Any]]:
    """The keys and certificates of a document whose ids the next one has no more."""
    return [
        each
        for name in ("keys", "certificates")
        for each in before.get(name, [])
        if each["id"] not in {kept["id"] for kept in after.get(name, [])}
    ]


def ids(document: Document) -> dict[str, list[str]]:
    """The ids of its grants and delegations, in their order."""
    return {
        LISTS[what]: [id_of(one) for one in document.get(LISTS[what], [])]
        for what in ("grant", "delegation")
    }


def ends_on(document: Document) -> str | None:
    """The day on which the first of its keys, certificates and grants ends; None if it has none."""
    days = [one["until"] for name in LISTS.values() for one in document.get(name, [])]
    return min(days, default=None)


def rotated(
    document: Document, keys: list[dict[str, Any]], until: str | None, today: str
) -> dict[str, Any]:
    """The document with other keys; those of before hold to ``until`` at most, or not at all."""
    fresh = {key["id"] for key in keys}
    old = [
        {**key, "until": min(key["until"], until)}
        for key in document.get("keys", [])
        if until is not None and key["id"] not in fresh and key["until"] >= today
    ]
    return {**document, "keys": [*keys, *old]}
