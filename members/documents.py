"""The documents of agencies: identity, keys, grants, delegations; and the rights they give."""

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from joserfc.jwk import Key

from bus.signatures.jwk import OF_CURVE, public_key
from bus.signatures.keys import PublicKey, base64url
from bus.topology import AGENCY_CODE
from bus.wire import Wire
from iran.persian import tehran_day
from members.clients import (
    FETCHED_KEYS,
    ClientException,
    KeySet,
    parse_exception,
    parse_key_set,
)
from members.reading import (
    Table,
    day_of,
    days_of,
    parse_inside,
    parse_tables,
    parse_texts,
    positive_of,
    table_of,
    text_of,
    texts_of,
)

DEFAULT_LIMIT = (600, 60)
SHA256_BYTES = 32

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
class XRoadIdentifier:
    """The name of an information system of an agency in X-Road, until a day; ``subsystem`` is None
    for the member itself. ``purpose`` is that of its questions that name none.
    """

    member_class: str
    member_code: str
    subsystem: str | None
    until: dt.date
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """A member: ``requests`` in ``seconds`` is its rate limit.

    ``serves`` are contracts that it answers itself, ``hears`` the events that it is told, in a
    ``queue`` of its own if it wants one. One that was ``revoked`` has no right at all; of one in
    force ``revoked_keys`` are the ids that officers have taken back. ``exceptions`` and
    ``key_sets`` are of its OAuth client.
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
    exceptions: tuple[ClientException, ...] = ()
    xroad: tuple[XRoadIdentifier, ...] = ()
    key_sets: tuple[KeySet, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """What authenticates an agency until a day: a key, or a certificate by its SHA-256.

    ``signs`` is an Ed25519 key, which alone may sign requests; ``jwk`` any key, by which it asks
    for tokens with one of ``algorithms``. ``kid`` is how the agency itself names a key of its key
    set, which does nothing but ask for tokens.
    """

    id: str
    agency: str
    until: dt.date
    signs: PublicKey | None = None
    jwk: Key | None = None
    algorithms: tuple[str, ...] = ()
    thumbprint: str | None = None
    kid: str | None = None


def parse_agency(document: Table) -> tuple[Agency, list[Credential]]:
    """Read a document: the agency and its credentials.

    ValueError begins with the path of the field that is wrong: ``grants.0.until: …``.
    """
    code, limits = text_of(document, "code"), table_of(document, "limits")
    amqp, events = table_of(document, "amqp"), table_of(document, "events")
    serves, queue = (
        frozenset(parse_inside("amqp", texts_of, amqp, "serves")),
        events.get("queue", False),
    )
    if (serves or queue) and not AGENCY_CODE.fullmatch(code):
        raise ValueError(f"code: {code!r} is no code for the broker (a-z, 0-9, -)")
    if type(queue) is not bool:
        raise ValueError("events.queue: is not true or false")
    agency = Agency(
        code=code,
        name=text_of(document, "name"),
        name_fa=text_of(document, "name_fa") if "name_fa" in document else "",
        grants=tuple(parse_tables(document, "grants", _grant)),
        requests=parse_inside("limits", positive_of, limits, "requests", DEFAULT_LIMIT[0]),
        seconds=parse_inside("limits", positive_of, limits, "seconds", DEFAULT_LIMIT[1]),
        delegations=tuple(parse_tables(document, "delegations", _delegation)),
        serves=serves,
        hears=parse_inside("events", texts_of, events, "hears"),
        queue=queue,
        revoked=document.get("state") == "REVOKED",
        revoked_keys=frozenset(texts_of(document, "revoked_keys")),
        exceptions=tuple(parse_tables(document, "exceptions", parse_exception)),
        xroad=tuple(parse_tables(document, "xroad", _xroad)),
        key_sets=tuple(parse_tables(document, "key_sets", parse_key_set)),
    )
    credentials = [
        *parse_tables(document, "keys", lambda table: _key(code, table)),
        *parse_tables(document, "certificates", lambda table: _certificate(code, table)),
        *parse_tables(document, FETCHED_KEYS, lambda table: _fetched_key(code, table)),
    ]
    return agency, credentials


def today() -> dt.date:
    """Today in Iran; grants and keys end by this day."""
    return tehran_day(dt.datetime.now(dt.UTC))


def exceptions_of(agency: Agency) -> frozenset[str]:
    """What the agency's OAuth client may do today beyond the strict rules."""
    day = today()
    return frozenset(item.allows for item in agency.exceptions if item.until >= day)


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
    purposes = texts_of(table, "purposes")
    per_day = positive_of(table, "per_day") if "per_day" in table else None
    if per_day is not None and not purposes:
        raise ValueError("per_day: counts questions, so the grant must name their purposes")
    return Grant(
        text_of(table, "contract"),
        purposes,
        day_of(table, "until"),
        text_of(table, "basis") if table.get("basis") else None,
        texts_of(table, "blocks") if "blocks" in table else None,
        per_day,
        tuple(parse_texts(table, "networks", ipaddress.ip_network)),
        days_of(table, "withheld_days") if "withheld_days" in table else None,
    )


def _delegation(table: Table) -> Delegation:
    return Delegation(
        text_of(table, "to"),
        text_of(table, "contract"),
        texts_of(table, "purposes"),
        day_of(table, "until"),
        text_of(table, "basis") if table.get("basis") else None,
    )


def _xroad(table: Table) -> XRoadIdentifier:
    return XRoadIdentifier(
        text_of(table, "member_class"),
        text_of(table, "member_code"),
        text_of(table, "subsystem_code") if table.get("subsystem_code") else None,
        day_of(table, "until"),
        text_of(table, "purpose") if table.get("purpose") else None,
    )


def _key(agency: str, table: Table) -> Credential:
    """A key: ``public_key`` in base64, or ``jwk``, a table after RFC 7517."""
    name = "public_key" if "public_key" in table else "jwk"
    try:
        signs = PublicKey.from_base64(text_of(table, name)) if name == "public_key" else None
        jwk, algorithms = public_key(signs.jwk("") if signs else table.get("jwk"))
        if signs is None and algorithms == OF_CURVE["Ed25519"]:
            signs = PublicKey.from_jwk(table["jwk"])
    except ValueError as error:
        raise ValueError(f"{name}: {str(error).removeprefix(f'{name}: ')}") from None
    return Credential(text_of(table, "id"), agency, day_of(table, "until"), signs, jwk, algorithms)


def _fetched_key(agency: str, table: Table) -> Credential:
    """A key of the agency's key set, as our register fetched it: it signs no requests."""
    return replace(_key(agency, table), signs=None, kid=text_of(table, "kid"))


def _certificate(agency: str, table: Table) -> Credential:
    """A certificate: ``sha256`` of its DER in hex, as openssl prints it."""
    digest = b""
    try:
        digest = bytes.fromhex(text_of(table, "sha256").replace(":", ""))
    except ValueError as error:
        raise ValueError(f"sha256: {str(error).removeprefix('sha256: ')}") from None
    if len(digest) != SHA256_BYTES:
        raise ValueError("sha256: of a certificate has 32 bytes")
    thumbprint = base64url(digest)
    return Credential(text_of(table, "id"), agency, day_of(table, "until"), thumbprint=thumbprint)
