"""The document of an agency: its types, its text for review, differences, rights taken out of it.

A document is JSON as ``contracts/agencies/register.py`` describes it (``AgencyDocument``); what is
left out of it stays left out, so that the same document gives the same text and signature.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple, NotRequired, TypedDict, cast


class PublicKey(TypedDict):
    """A public key: ``public_key`` (Ed25519, base64) or ``jwk`` (RFC 7517)."""

    public_key: NotRequired[str]
    jwk: NotRequired[dict[str, str]]


class Key(PublicKey):
    """A key of an agency, good to the end of the day ``until``."""

    id: str
    until: str


class Certificate(TypedDict):
    """A certificate by the SHA-256 of its DER, in hex."""

    id: str
    until: str
    sha256: str


class XRoadIdentifier(TypedDict):
    """The name of an information system in X-Road, good to the end of the day ``until``."""

    member_class: str
    member_code: str
    until: str
    subsystem_code: NotRequired[str]
    purpose: NotRequired[str]


class Right(TypedDict):
    """A grant, or a delegation ``to`` another agency."""

    contract: str
    until: str
    to: NotRequired[str]
    purposes: NotRequired[list[str]]
    basis: NotRequired[str]
    blocks: NotRequired[list[str]]
    per_day: NotRequired[int]
    withheld_days: NotRequired[int]
    networks: NotRequired[list[str]]


class ClientException(TypedDict):
    """What the OAuth client may do beyond the strict rules (members/clients.py)."""

    allows: str
    until: str
    basis: str


class KeySet(TypedDict):
    """Where the agency publishes more keys, and the rules for them (members/clients.py)."""

    url: str
    until: str
    wait_minutes: NotRequired[int]
    key_days: NotRequired[int]
    offline_hours: NotRequired[int]
    basis: NotRequired[str]


class Amqp(TypedDict):
    """The Commands that the agency answers over the broker."""

    serves: NotRequired[list[str]]


class Events(TypedDict):
    """The Events that the agency hears, in a queue of its own if ``queue``."""

    hears: NotRequired[list[str]]
    queue: NotRequired[bool]


class Document(TypedDict):
    """All that the register holds of an agency, but for its contacts."""

    code: str
    name: str
    name_fa: NotRequired[str]
    member: NotRequired[str]
    limits: NotRequired[dict[str, int]]
    keys: NotRequired[list[Key]]
    certificates: NotRequired[list[Certificate]]
    exceptions: NotRequired[list[ClientException]]
    xroad: NotRequired[list[XRoadIdentifier]]
    key_sets: NotRequired[list[KeySet]]
    grants: NotRequired[list[Right]]
    delegations: NotRequired[list[Right]]
    amqp: NotRequired[Amqp]
    events: NotRequired[Events]


# In this order the names stand in the text; a name that is missing here comes last, by its letters.
ORDER = (
    "code",
    "name",
    "name_fa",
    "member",
    "id",
    "to",
    "contract",
    "purposes",
    "blocks",
    "per_day",
    "withheld_days",
    "networks",
    "requests",
    "seconds",
    "serves",
    "hears",
    "queue",
    "allows",
    "url",
    "wait_minutes",
    "key_days",
    "offline_hours",
    "public_key",
    "sha256",
    "member_class",
    "member_code",
    "subsystem_code",
    "purpose",
    "until",
    "basis",
    "limits",
    "keys",
    "certificates",
    "exceptions",
    "xroad",
    "key_sets",
    "grants",
    "delegations",
    "amqp",
    "events",
)
DAYS = ("until",)
BARE = re.compile(r"[A-Za-z0-9_-]+")
# A kind of right that can be taken back → the section and the list of the document it stands in.
PATHS = {
    "key": (None, "keys"),
    "certificate": (None, "certificates"),
    "exception": (None, "exceptions"),
    "key_set": (None, "key_sets"),
    "grant": (None, "grants"),
    "delegation": (None, "delegations"),
    "serving": ("amqp", "serves"),
    "hearing": ("events", "hears"),
}
# The member by which an entry is named; others are named by their whole content.
IDS = {"key": "id", "certificate": "id", "exception": "allows", "key_set": "url"}

Table = Mapping[str, object]
# Any: what a right is in a document depends on its kind: a table, or the name of a contract.
Entry = Any
# Any: a document as JSON, where the name of a list is a variable that no TypedDict can type.
Plain = dict[str, Any]


def toml_of(document: Table | Document) -> str:
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
    return "\n".join(_lines(document, "")) + "\n"


def _lines(table: Table, path: str) -> Iterator[str]:
    """The lines of a table: first plain values, then the tables in it."""
    names = sorted(table, key=lambda name: (_rank(name), name))
    inner = {name: tables for name in names if (tables := _tables(table[name])) is not None}
    yield from (
        f"{_bare(name)} = {_value(name, table[name])}" for name in names if name not in inner
    )
    for name, tables in inner.items():
        here = f"{path}{_bare(name)}"
        is_list = isinstance(table[name], list)
        for member in tables:
            yield ""
            yield f"[[{here}]]" if is_list else f"[{here}]"
            yield from _lines(member, f"{here}.")


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _tables(value: object) -> list[Table] | None:
    """The tables of a value; None if it is a plain value or a list of these."""
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return value
    return None


def _bare(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name)


def _value(name: str, value: object) -> str:
    if name in DAYS:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def differences(before: Table | Document | None, after: Table | Document) -> list[dict[str, str]]:
    """The lines of two documents, each with its kind: ``same``, ``gone`` or ``new``.

    >>> differences({"code": "a", "name": "A"}, {"code": "a", "name": "B"})[1]
    {'kind': 'gone', 'text': 'name = "A"'}
    """
    old = toml_of(before).splitlines() if before else []
    kinds = {" ": "same", "-": "gone", "+": "new"}
    lines = difflib.Differ(linejunk=None, charjunk=None).compare(old, toml_of(after).splitlines())
    return [{"kind": kinds[line[0]], "text": line[2:]} for line in lines if line[0] in kinds]


def right_id(right: Table | Right) -> str:
    """The id of a grant or a delegation: a digest of its content, so that it names no other."""
    return hashlib.sha256(json.dumps(right, sort_keys=True).encode()).hexdigest()[:16]


def name_of(kind: str, entry: Entry) -> str:
    """The id by which an entry of a document is taken back.

    ``entry`` is a table for the first six kinds of ``PATHS``, the name of a contract for the rest.
    """
    section, _ = PATHS[kind]
    if section is not None:
        return str(entry)
    member = IDS.get(kind)
    return str(entry[member]) if member is not None else right_id(entry)


def without(document: Document, kind: str, id_: str) -> tuple[Document, list[Entry]]:
    """The document without the entries of that kind and id, and these entries (none: no such id).

    >>> without({"keys": [{"id": "a"}, {"id": "b"}]}, "key", "a")
    ({'keys': [{'id': 'b'}]}, [{'id': 'a'}])
    """
    left = deepcopy(document)
    section, name = PATHS[kind]
    plain = cast("Plain", left)
    table: dict[str, list[Entry]] = plain if section is None else plain.setdefault(section, {})
    entries = table.get(name, [])
    gone = [entry for entry in entries if name_of(kind, entry) == id_]
    table[name] = [entry for entry in entries if entry not in gone]
    return left, gone


def as_json(document: Document | Key | Right) -> Plain:
    """The same as the free object of JSON that messages carry."""
    return cast("Plain", document)


def credentials_of(document: Document) -> list[Key | Certificate]:
    """Its keys, then its certificates."""
    return [*document.get("keys", []), *document.get("certificates", [])]


def dropped(before: Document, after: Document) -> list[str]:
    """The ids of the keys and certificates of a document that the next one does not have."""
    kept_keys = {key["id"] for key in after.get("keys", [])}
    kept_certificates = {certificate["id"] for certificate in after.get("certificates", [])}
    return [
        *(key["id"] for key in before.get("keys", []) if key["id"] not in kept_keys),
        *(
            certificate["id"]
            for certificate in before.get("certificates", [])
            if certificate["id"] not in kept_certificates
        ),
    ]


def ids(document: Document) -> dict[str, list[str]]:
    """The ids of its grants and delegations, in their order."""
    return {
        "grants": [right_id(grant) for grant in document.get("grants", [])],
        "delegations": [right_id(delegation) for delegation in document.get("delegations", [])],
    }


class Ends(NamedTuple):
    """On which day the next of an agency's keys, exceptions and rights ends, the last of them where
    none is left; None where it has none. How many have ended.
    """

    next: str | None
    over: int


def ends(document: Document, today: str) -> Ends:
    """When the keys, exceptions and rights of a document end, seen from a day.

    >>> ends({"grants": [{"until": "2027-03-20"}, {"until": "2024-03-19"}]}, "2026-12-01")
    Ends(next='2027-03-20', over=1)
    """
    entries: Iterable[Key | Certificate | Right | ClientException | KeySet] = (
        *credentials_of(document),
        *document.get("exceptions", []),
        *document.get("key_sets", []),
        *document.get("grants", []),
        *document.get("delegations", []),
    )
    days = sorted(entry["until"] for entry in entries)
    over = sum(day < today for day in days)
    return Ends(days[min(over, len(days) - 1)] if days else None, over)


def persian_name(document: Document) -> str:
    """Its Persian name, or its only one."""
    return document.get("name_fa") or document["name"]


def rotated(document: Document, keys: Sequence[Key], until: str | None, today: str) -> Document:
    """The document with other keys; the old ones stay until ``until`` at most, or not at all."""
    fresh = {key["id"] for key in keys}
    old: list[Key] = [
        {**key, "until": min(key["until"], until)}
        for key in document.get("keys", [])
        if until is not None and key["id"] not in fresh and key["until"] >= today
    ]
    return {**document, "keys": [*keys, *old]}
