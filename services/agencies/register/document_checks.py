"""Documents of agencies as officers write them: read, and checked before they are proposed."""

import contextlib
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import orjson
from sqlalchemy import Connection

from bus.errors import ContractError, FieldError, RuleBroken
from bus.kinds import Command, Contract, Event, Request
from contracts import CATALOGUE
from contracts.agencies.register import DOCUMENT, MOST_KEYS
from members.documents import agency_of
from services.agencies.register import versions as register

SANDBOX = "sandbox-"
# Codes that mean Mirab itself elsewhere.
RESERVED = ("mirab",)


def from_toml(told: str) -> dict[str, Any]:
    """The document of a TOML text, not checked yet. RuleBroken ``field.wrong`` of ``toml``."""
    try:
        read: dict[str, Any] = orjson.loads(orjson.dumps(tomllib.loads(told)))
    except (ValueError, orjson.JSONEncodeError, RecursionError) as error:
        raise faulty([FieldError("toml", "toml", f"This is no TOML: {error}")]) from None
    return read


def checked(conn: Connection, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document in canonical form. RuleBroken ``field.wrong`` names each field that is wrong,
    by its path: ``document.grants.0.until``.
    """
    try:
        found = DOCUMENT.load(document)
    except ContractError as error:
        raise faulty(error.fields) from None
    if found["code"] in RESERVED or found["code"].startswith(SANDBOX):
        raise faulty([FieldError("code", "reserved", "This code is Mirab's own.")])
    faults = [*_form(found), *_contracts(found), *conflicts(conn, found)]
    if faults:
        raise faulty(faults)
    return found


def checked_keys(conn: Connection, document: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with the keys of a document whose rights stay as they are."""
    faults = [*_form(document), *conflicts(conn, document)]
    if len(document["keys"]) > MOST_KEYS:
        faults.append(FieldError("keys", "length", f"An agency has {MOST_KEYS} keys at most."))
    return faults


def faulty(faults: Iterable[FieldError]) -> RuleBroken:
    """The refusal that names what is wrong in a document."""
    told = [
        fault if fault.field == "toml" else fault._replace(field=f"document.{fault.field}")
        for fault in faults
    ]
    why = "; ".join(f"{fault.field}: {fault.message}" for fault in told[:20])
    return RuleBroken(f"Nothing was taken. {why}", code="field.wrong", fields=told[:100])


def _form(document: Mapping[str, Any]) -> list[FieldError]:
    """What faces could not read of it: they use the same function."""
    try:
        agency_of(document)
    except ValueError as error:
        path, _, why = str(error).partition(": ")
        return [FieldError(path, "invalid", why or str(error))]
    return []


def _contracts(document: Mapping[str, Any]) -> list[FieldError]:
    """Contracts and patterns that fit none of their kind."""
    faults = []
    for name in ("grants", "delegations"):
        for number, one in enumerate(document.get(name, [])):
            if not _fits(one["contract"], asked_by_agencies):
                faults.append(_unknown(f"{name}.{number}.contract"))
    for number, one in enumerate(document.get("amqp", {}).get("serves", [])):
        # By its whole name: the broker gives rights by it, and refuses the register for a pattern.
        if one not in CATALOGUE or not is_served(CATALOGUE[one]):
            faults.append(_unknown(f"amqp.serves.{number}"))
    for number, one in enumerate(document.get("events", {}).get("hears", [])):
        if not _fits(one, is_event):
            faults.append(_unknown(f"events.hears.{number}"))
    return faults


def _fits(pattern: str, kind: Any) -> bool:
    return any(kind(contract) and fnmatchcase(n, pattern) for n, contract in CATALOGUE.items())


def asked_by_agencies(contract: Contract) -> bool:
    """True for what an agency can be granted."""
    return isinstance(contract, Request) and contract.agency


def is_served(contract: Contract) -> bool:
    """True for what an agency can serve."""
    return isinstance(contract, Command) and contract.answer is not None


def is_event(contract: Contract) -> bool:
    """True for what an agency can hear."""
    return isinstance(contract, Event) and contract.hearable


def _unknown(path: str) -> FieldError:
    return FieldError(path, "contract.unknown", "There is no such contract for agencies.")


def conflicts(conn: Connection, document: Mapping[str, Any]) -> list[FieldError]:
    """What another agency has already: a key or its id, a certificate, a contract that it serves;
    and a member that it cannot belong to.
    """
    others = {other["code"]: other for other in register.others(conn, document["code"])}
    faults = _membership(others, document)
    taken = {what for other in others.values() for what in _own(other)}
    seen = set()
    for what, path in _own(document).items():
        if what in taken:
            faults.append(FieldError(path, "taken", "Another agency has this already."))
    for name in ("keys", "certificates"):
        for number, one in enumerate(document.get(name, [])):
            if one["id"] in seen:
                faults.append(
                    FieldError(f"{name}.{number}.id", "repeated", "This id stands twice.")
                )
            seen.add(one["id"])
    thumbprints = list(key_thumbprints(document).items())
    for number, (path, thumbprint) in enumerate(thumbprints):
        if any(thumbprint == before for _, before in thumbprints[:number]):
            faults.append(FieldError(path, "repeated", "This key stands twice."))
    return faults


def _membership(others: Mapping[str, Any], document: Mapping[str, Any]) -> list[FieldError]:
    """A subsystem belongs to a member that is in force and to no subsystem: two levels, no more."""
    code, member = document["code"], document.get("member")
    if member is None:
        return []
    if member not in others or "member" in others[member]:
        why = "Name an agency in force that is no subsystem itself."
        return [FieldError("member", "member.unknown", why)]
    if any(other.get("member") == code for other in others.values()):
        return [FieldError("member", "member.nested", "This agency has subsystems itself.")]
    return []


def key_thumbprints(document: Mapping[str, Any]) -> dict[str, str]:
    """Where each key of a document stands → its thumbprint (RFC 7638); without unreadable ones."""
    found = {}
    for number, key in enumerate(document.get("keys", [])):
        name = "public_key" if "public_key" in key else "jwk"
        with contextlib.suppress(ValueError):
            _, (credential,) = agency_of({"code": "-", "name": "-", "keys": [key]})
            assert credential.jwk is not None
            found[f"keys.{number}.{name}"] = credential.jwk.thumbprint()
    return found


def _own(document: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What only one agency can have → where it stands in the document."""
    own = {("key", thumbprint): path for path, thumbprint in key_thumbprints(document).items()}
    for name in ("keys", "certificates"):
        for number, one in enumerate(document.get(name, [])):
            own["id", one["id"]] = f"{name}.{number}.id"
            if "sha256" in one:
                digest = "".join(one["sha256"].split()).replace(":", "").lower()
                own["sha256", digest] = f"{name}.{number}.sha256"
    for number, contract in enumerate(document.get("amqp", {}).get("serves", [])):
        own["serves", contract] = f"amqp.serves.{number}"
    return own
