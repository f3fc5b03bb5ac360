"""The documents of agencies: identity, keys, grants, delegations; and the rights they give."""

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from joserfc.jwk import Key

from bus.signatures.jwk import OF_CURVE, public_key
from bus.signatures.keys import PublicKey, base64url
from bus.topology import AGENCY_CODE
from bus.wire import Wire
from iran.persian import tehran_day

DEFAULT_LIMIT = (600, 60)
SHA256_BYTES = 32
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Table = Mapping[str, Any]  # Any: a document as TOML or JSON has it
T = TypeVar("T")
# Ten years: longer than any investigation is kept from whom it concerns.
MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to use contracts (``inquiry.ask.v1``, ``inquiry.*``) for purposes until a day.

    ``basis`` is the law or agreement that it stands on; ``blocks`` are the only ones of an answer
    that it gives (None: all of the purpose); ``per_day`` is its quota of questions a day in
    Tehran; it counts only for who comes from one of ``networks``, if it names any. For
    ``withheld_days`` a person does not learn of a question (None: as the purpose says).
    """

    contract: str
    purposes: tuple[str, ...]
    until: dt.date
    basis: str | None = None
    blocks: tuple[str, ...] | None = None
    per_day: int | None = None
    networks: tuple[Network, ...] = ()
    withheld_days: int | None = None


@dataclass(frozen=True, slots=True)
class Delegation:
    """Permission for the agency ``to`` to call in another's name, within its own grants."""

    to: str
    contract: str
    purposes: tuple[str, ...]
    until: dt.date
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """A member: ``requests`` in ``seconds`` is its rate limit.

    ``serves`` are contracts that it answers itself, ``hears`` the events that it is told, in a
    ``queue`` of its own if it wants one. One that was ``revoked`` has no right at all; of one in
    force ``revoked_keys`` are the ids that officers have taken back.
    """

    code: str
    name: str
    grants: tuple[Grant, ...]
    requests: int
    seconds: int
    name_fa: str = ""
    delegations: tuple[Delegation, ...] = ()
    serves: frozenset[str] = frozenset()
    hears: tuple[str, ...] = ()
    queue: bool = False
    revoked: bool = False
    revoked_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Credential:
    """What authenticates an agency until a day: a key, or a certificate by its SHA-256.

    ``signs`` is an Ed25519 key, which alone may sign requests; ``jwk`` any key, by which it asks
    for tokens with one of ``algorithms``.
    """

    id: str
    agency: str
    until: dt.date
    signs: PublicKey | None = None
    jwk: Key | None = None
    algorithms: tuple[str, ...] = ()
    thumbprint: str | None = None


def parse_agency(document: Table) -> tuple[Agency, list[Credential]]:
    """Read a document: the agency and its credentials.

    ValueError begins with the path of the field that is wrong: ``grants.0.until: …``.
    """
    code, limits = _text(document, "code"), _table(document, "limits")
    amqp, events = _table(document, "amqp"), _table(document, "events")
    serves, queue = frozenset(_inside("amqp", _texts, amqp, "serves")), events.get("queue", False)
    if (serves or queue) and not AGENCY_CODE.fullmatch(code):
        raise ValueError(f"code: {code!r} is no code for the broker (a-z, 0-9, -)")
    if type(queue) is not bool:
        raise ValueError("events.queue: is not true or false")
    agency = Agency(
        code=code,
        name=_text(document, "name"),
        name_fa=_text(document, "name_fa") if "name_fa" in document else "",
        grants=tuple(_parse_tables(document, "grants", _grant)),
        requests=_inside("limits", _positive, limits, "requests", DEFAULT_LIMIT[0]),
        seconds=_inside("limits", _positive, limits, "seconds", DEFAULT_LIMIT[1]),
        delegations=tuple(_parse_tables(document, "delegations", _delegation)),
        serves=serves,
        hears=_inside("events", _texts, events, "hears"),
        queue=queue,
        revoked=document.get("state") == "REVOKED",
        revoked_keys=frozenset(_texts(document, "revoked_keys")),
    )
    credentials = [
        *_parse_tables(document, "keys", lambda table: _key(code, table)),
        *_parse_tables(document, "certificates", lambda table: _certificate(code, table)),
    ]
    return agency, credentials


def today() -> dt.date:
    """Today in Iran; grants and keys end by this day."""
    return tehran_day(dt.datetime.now(dt.UTC))


def grants_of(
    agency: Agency, contract: str, behalf: Iterable[Delegation] | None = None
) -> list[Grant]:
    """An agency's grants for a contract, in force or not; those that are delegated are narrowed
    to what ``behalf`` gives: its purposes, and the day on which the first of the two ends.
    """
    own = [grant for grant in agency.grants if fnmatchcase(contract, grant.contract)]
    if behalf is None:
        return own
    return [
        Grant(
            contract,
            tuple(purpose for purpose in grant.purposes if purpose in delegation.purposes),
            min(grant.until, delegation.until),
            delegation.basis or grant.basis,
            grant.blocks,
            grant.per_day,
            grant.networks,
            grant.withheld_days,
        )
        for delegation in behalf
        for grant in own
    ]


def delegations_of(delegator: Agency, to: str, contract: str) -> list[Delegation]:
    """The delegations that let ``to`` use a contract in the delegator's name, in force or not."""
    return [
        delegation
        for delegation in delegator.delegations
        if delegation.to == to and fnmatchcase(contract, delegation.contract)
    ]


def from_network(grants: Iterable[Grant], address: str | None) -> list[Grant]:
    """The grants that count for a caller at that address (as Starlette gives it)."""
    return [grant for grant in grants if not grant.networks or _is_within(grant.networks, address)]


def grants_to_wire(grants: Iterable[Grant]) -> list[Wire]:
    """Grants as they go into the caller of an envelope, one for each purpose."""
    rows = []
    for grant in grants:
        for purpose in grant.purposes:
            row: Wire = {"purpose": purpose, "until": grant.until.isoformat()}
            if grant.basis is not None:
                row["basis"] = grant.basis
            if grant.blocks is not None:
                row["blocks"] = list(grant.blocks)
            if grant.per_day is not None:
                row["per_day"] = grant.per_day
            if grant.withheld_days is not None:
                row["withheld_days"] = grant.withheld_days
            if grant.networks:
                row["networks"] = [str(network) for network in grant.networks]
            rows.append(row)
    return rows


def _is_within(networks: Iterable[Network], address: str | None) -> bool:
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks)


# --- documents, read ---


def _grant(table: Table) -> Grant:
    purposes = _texts(table, "purposes")
    per_day = _positive(table, "per_day") if "per_day" in table else None
    if per_day is not None and not purposes:
        raise ValueError("per_day: counts questions, so the grant must name their purposes")
    return Grant(
        _text(table, "contract"),
        purposes,
        _day(table, "until"),
        _text(table, "basis") if table.get("basis") else None,
        _texts(table, "blocks") if "blocks" in table else None,
        per_day,
        tuple(_parse_texts(table, "networks", ipaddress.ip_network)),
        _days(table, "withheld_days") if "withheld_days" in table else None,
    )


def _delegation(table: Table) -> Delegation:
    return Delegation(
        _text(table, "to"),
        _text(table, "contract"),
        _texts(table, "purposes"),
        _day(table, "until"),
        _text(table, "basis") if table.get("basis") else None,
    )


def _key(agency: str, table: Table) -> Credential:
    """A key: ``public_key`` in base64, or ``jwk``, a table after RFC 7517."""
    name = "public_key" if "public_key" in table else "jwk"
    try:
        signs = PublicKey.from_base64(_text(table, name)) if name == "public_key" else None
        jwk, algorithms = public_key(signs.jwk("") if signs else table.get("jwk"))
        if signs is None and algorithms == OF_CURVE["Ed25519"]:
            signs = PublicKey.from_jwk(table["jwk"])
    except ValueError as error:
        raise ValueError(f"{name}: {str(error).removeprefix(f'{name}: ')}") from None
    return Credential(_text(table, "id"), agency, _day(table, "until"), signs, jwk, algorithms)


def _certificate(agency: str, table: Table) -> Credential:
    """A certificate: ``sha256`` of its DER in hex, as openssl prints it."""
    digest = b""
    try:
        digest = bytes.fromhex(_text(table, "sha256").replace(":", ""))
    except ValueError as error:
        raise ValueError(f"sha256: {str(error).removeprefix('sha256: ')}") from None
    if len(digest) != SHA256_BYTES:
        raise ValueError("sha256: of a certificate has 32 bytes")
    thumbprint = base64url(digest)
    return Credential(_text(table, "id"), agency, _day(table, "until"), thumbprint=thumbprint)


def _parse_tables(table: Table, name: str, make: Callable[[Table], T]) -> list[T]:
    """Convert each table of a list with ``make``."""
    parsed = []
    for number, item in enumerate(_list(table, name)):
        if not isinstance(item, Mapping):
            raise ValueError(f"{name}.{number}: is not a table")  # noqa: TRY004 - the content is
        try:
            parsed.append(make(item))
        except ValueError as error:
            raise ValueError(f"{name}.{number}.{error}") from None
    return parsed


def _parse_texts(table: Table, name: str, make: Callable[[str], T]) -> list[T]:
    parsed = []
    for number, item in enumerate(_texts(table, name)):
        try:
            parsed.append(make(item))
        except ValueError as error:
            raise ValueError(f"{name}.{number}: {error}") from None
    return parsed


def _inside(path: str, read: Callable[..., T], *arguments: object) -> T:
    """Read a field of an inner table; errors carry the path from the outermost table."""
    try:
        return read(*arguments)
    except ValueError as error:
        raise ValueError(f"{path}.{error}") from None


def _table(table: Table, name: str) -> Table:
    value = table.get(name, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: is not a table")  # noqa: TRY004 - the content is wrong
    return value


def _list(table: Table, name: str) -> list[Any]:  # Any: a document as TOML or JSON has it
    value = table.get(name, [])
    if not isinstance(value, list):
        raise ValueError(f"{name}: is not a list")  # noqa: TRY004 - the content is wrong
    return value


def _text(table: Table, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: is not a text")
    return value


def _texts(table: Table, name: str) -> tuple[str, ...]:
    value = _list(table, name)
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name}: is not a list of texts")
    return tuple(value)


def _day(table: Table, name: str) -> dt.date:
    """A day of TOML, or its text (2026-11-25) in JSON."""
    value = table.get(name)
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if type(value) is not dt.date:  # a datetime is a date to isinstance
        raise ValueError(f"{name}: {value!r} is not a day")
    return value


def _days(table: Table, name: str) -> int:
    value = table.get(name)
    if type(value) is not int or not 0 <= value <= MOST_DAYS:
        raise ValueError(f"{name}: {value!r} is not a whole number from 0 to {MOST_DAYS}")
    return value


def _positive(table: Table, name: str, otherwise: int | None = None) -> int:
    value = table.get(name, otherwise)
    if type(value) is not int or value < 1:
        raise ValueError(f"{name}: {value!r} is not a whole number from 1")
    return value
