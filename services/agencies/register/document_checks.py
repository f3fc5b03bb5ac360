"""Checks of the documents of agencies that officers write, before they are proposed."""

import contextlib
import datetime as dt
import tomllib
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import cast

import orjson
from sqlalchemy import Connection

from bus.errors import ContractError, FieldError, RuleBroken
from bus.foreign.address import place
from bus.messages.kinds import Command, Contract, Event, Request
from contracts import catalogue
from contracts.agencies.register import DOCUMENT, MOST_KEYS
from contracts.agencies.sandbox import SANDBOX
from members.documents import parse_agency
from services.agencies.domain.document import Document
from services.agencies.register import versions

# Codes that mean Mirab itself elsewhere.
RESERVED = ("mirab",)
MOST_EXCEPTION_DAYS = 366
# In the sentence of a refusal, and in the list of its fields.
MOST_NAMED, MOST_LISTED = 20, 100


def from_toml(text: str) -> dict[str, object]:
    """The document of a TOML text, not checked yet. RuleBroken ``field.wrong`` of ``toml``."""
    try:
        document: dict[str, object] = orjson.loads(orjson.dumps(tomllib.loads(text)))
    except (ValueError, orjson.JSONEncodeError, RecursionError) as error:
        raise refusal([FieldError("toml", "toml", f"This is no TOML: {error}")]) from None
    return document


def check_document(
    conn: Connection, document: Mapping[str, object], today: dt.date, *, sandbox: bool
) -> Document:
    """The document in canonical form; ``today`` is the day in Tehran. In the ``sandbox`` a key set
    may lie on this machine.

    RuleBroken ``field.wrong`` names each field that is wrong, by its path:
    ``document.grants.0.until``.
    """
    try:
        canonical = cast("Document", DOCUMENT.load_data(document))
    except ContractError as error:
        raise refusal(error.fields) from None
    if canonical["code"] in RESERVED or canonical["code"].startswith(SANDBOX):
        raise refusal([FieldError("code", "reserved", "This code is Mirab's own.")])
    faults = [
        *_unreadable(canonical),
        *_unknown_contracts(canonical),
        *_exception_faults(canonical, today),
        *_key_set_faults(canonical, sandbox=sandbox),
        *conflicts(conn, canonical),
    ]
    if faults:
        raise refusal(faults)
    return canonical


def key_faults(conn: Connection, document: Document) -> list[FieldError]:
    """The faults of the keys of a document whose rights stay as they are."""
    faults = [*_unreadable(document), *conflicts(conn, document)]
    if len(document.get("keys", [])) > MOST_KEYS:
        faults.append(FieldError("keys", "length", f"An agency has {MOST_KEYS} keys at most."))
    return faults


def refusal(faults: Iterable[FieldError]) -> RuleBroken:
    """The refusal of a document, which names its faults."""
    named = [
        fault if fault.field == "toml" else fault._replace(field=f"document.{fault.field}")
        for fault in faults
    ]
    reasons = "; ".join(f"{fault.field}: {fault.message}" for fault in named[:MOST_NAMED])
    return RuleBroken(
        f"Nothing was taken. {reasons}", code="field.wrong", fields=named[:MOST_LISTED]
    )


def _unreadable(document: Document) -> list[FieldError]:
    """The first field that faces could not read: they read documents by the same function."""
    try:
        parse_agency(document)
    except ValueError as error:
        path, _, reason = str(error).partition(": ")
        return [FieldError(path, "invalid", reason or str(error))]
    return []


def _exception_faults(document: Document, today: dt.date) -> list[FieldError]:
    """Exceptions of the OAuth client that stand twice, or would last: each ends within a year."""
    faults: list[FieldError] = []
    names: set[str] = set()
    last = (today + dt.timedelta(MOST_EXCEPTION_DAYS)).isoformat()
    for number, exception in enumerate(document.get("exceptions", [])):
        path = f"exceptions.{number}"
        if exception["allows"] in names:
            faults.append(FieldError(f"{path}.allows", "repeated", "This exception stands twice."))
        names.add(exception["allows"])
        if exception["until"] > last:
            reason = f"An exception ends by {last}; propose it again then, if it is still needed."
            faults.append(FieldError(f"{path}.until", "range", reason))
    return faults


def _key_set_faults(document: Document, *, sandbox: bool) -> list[FieldError]:
    """Addresses of key sets that we would not call, or that stand twice."""
    faults: list[FieldError] = []
    urls: set[str] = set()
    for number, key_set in enumerate(document.get("key_sets", [])):
        path = f"key_sets.{number}.url"
        if key_set["url"] in urls:
            faults.append(FieldError(path, "repeated", "This address stands twice."))
        urls.add(key_set["url"])
        try:
            place(key_set["url"], sandbox=sandbox)
        except RuleBroken as error:
            faults += [fault._replace(field=path) for fault in error.fields]
    return faults


def _unknown_contracts(document: Document) -> list[FieldError]:
    """Contracts and patterns that fit no contract of the kind that they stand for."""
    paths = [
        f"{name}.{number}.contract"
        for name, rights in (
            ("grants", document.get("grants", [])),
            ("delegations", document.get("delegations", [])),
        )
        for number, right in enumerate(rights)
        if not _fits(right["contract"], is_for_agencies)
    ]
    for number, name in enumerate(document.get("amqp", {}).get("serves", [])):
        # By its whole name: the broker gives rights by it, and refuses the register for a pattern.
        if name not in catalogue() or not is_served(catalogue()[name]):
            paths.append(f"amqp.serves.{number}")
    for number, pattern in enumerate(document.get("events", {}).get("hears", [])):
        if not _fits(pattern, is_hearable):
            paths.append(f"events.hears.{number}")
    return [
        FieldError(path, "contract.unknown", "There is no such contract for agencies.")
        for path in paths
    ]


def _fits(pattern: str, is_of_kind: Callable[[Contract], bool]) -> bool:
    return any(
        is_of_kind(contract) and fnmatchcase(name, pattern)
        for name, contract in catalogue().items()
    )


def is_for_agencies(contract: Contract) -> bool:
    """True for a contract that an agency can be granted."""
    return isinstance(contract, Request) and contract.agency


def is_served(contract: Contract) -> bool:
    """True for a contract that an agency can serve."""
    return isinstance(contract, Command) and contract.answer is not None


def is_hearable(contract: Contract) -> bool:
    """True for an event that an agency can hear."""
    return isinstance(contract, Event) and contract.hearable


def conflicts(conn: Connection, document: Document) -> list[FieldError]:
    """What another agency has already: a key or its id, a certificate, a contract that it serves;
    ids and keys that stand twice; and a member that the agency cannot belong to.
    """
    others = {other["code"]: other for other in versions.other_documents(conn, document["code"])}
    taken_by_others = {item for other in others.values() for item in _unique_items(other)}
    return [
        *_membership_faults(others, document),
        *(
            FieldError(path, "taken", "Another agency has this already.")
            for item, path in _unique_items(document).items()
            if item in taken_by_others
        ),
        *_repetitions(document),
    ]


def _repetitions(document: Document) -> list[FieldError]:
    """Ids and keys that stand twice in a document."""
    faults = []
    ids: set[str] = set()
    for path, id_ in _credential_ids(document):
        if id_ in ids:
            faults.append(FieldError(path, "repeated", "This id stands twice."))
        ids.add(id_)
    names: set[str] = set()
    for number, name in enumerate(_xroad_names(document)):
        if name in names:
            path = f"xroad.{number}.member_code"
            faults.append(FieldError(path, "repeated", "This name of X-Road stands twice."))
        names.add(name)
    thumbprints = list(key_thumbprints(document).items())
    for number, (path, thumbprint) in enumerate(thumbprints):
        if any(thumbprint == earlier for _, earlier in thumbprints[:number]):
            faults.append(FieldError(path, "repeated", "This key stands twice."))
    return faults


def _membership_faults(others: Mapping[str, Document], document: Document) -> list[FieldError]:
    """A subsystem belongs to a member that is in force and to no subsystem: two levels, no more."""
    code, member = document["code"], document.get("member")
    if member is None:
        return []
    if member not in others or "member" in others[member]:
        reason = "Name an agency in force that is no subsystem itself."
        return [FieldError("member", "member.unknown", reason)]
    if any(other.get("member") == code for other in others.values()):
        return [FieldError("member", "member.nested", "This agency has subsystems itself.")]
    return []


def key_thumbprints(document: Document) -> dict[str, str]:
    """The thumbprint (RFC 7638) of each key by its path in the document; unreadable keys have
    none.
    """
    thumbprints = {}
    for number, key in enumerate(document.get("keys", [])):
        name = "public_key" if "public_key" in key else "jwk"
        with contextlib.suppress(ValueError):
            _, (credential,) = parse_agency({"code": "-", "name": "-", "keys": [key]})
            assert credential.jwk is not None
            thumbprints[f"keys.{number}.{name}"] = credential.jwk.thumbprint()
    return thumbprints


def _credential_ids(document: Document) -> list[tuple[str, str]]:
    """The path and id of each key and certificate."""
    keys = [(f"keys.{n}.id", key["id"]) for n, key in enumerate(document.get("keys", []))]
    certificates = [
        (f"certificates.{n}.id", certificate["id"])
        for n, certificate in enumerate(document.get("certificates", []))
    ]
    return keys + certificates


def _xroad_names(document: Document) -> list[str]:
    """Its names in X-Road: class, code and subsystem."""
    return [
        "/".join((name["member_class"], name["member_code"], name.get("subsystem_code", "")))
        for name in document.get("xroad", [])
    ]


def _unique_items(document: Document) -> dict[tuple[str, str], str]:
    """What only one agency can have, as a pair of kind and value, by its path in the document."""
    items = {("key", thumbprint): path for path, thumbprint in key_thumbprints(document).items()}
    items |= {("id", id_): path for path, id_ in _credential_ids(document)}
    for number, certificate in enumerate(document.get("certificates", [])):
        digest = "".join(certificate["sha256"].split()).replace(":", "").lower()
        items["sha256", digest] = f"certificates.{number}.sha256"
    for number, name in enumerate(_xroad_names(document)):
        items["xroad", name] = f"xroad.{number}.member_code"
    for number, contract in enumerate(document.get("amqp", {}).get("serves", [])):
        items["serves", contract] = f"amqp.serves.{number}"
    return items
