"""The register of agencies: its documents, what agencies ask of it, what faces copy.

Their owner is the team of services/agencies.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from marshmallow import (
    ValidationError,
    fields,
    validate,
)

from bus.messages import rules
from bus.messages.fields import Data, Pattern, Text, whole
from bus.messages.kinds import Event, InputForm, Request
from bus.messages.message import OPTIONAL, Meta, check, message, raw
from bus.messages.values import Block, Day, Tick
from bus.topology import AGENCY_CODE
from contracts.agencies.clients import (
    CLIENT_EXCEPTIONS,
    MOST_KEY_SETS,
    ClientException,
    KeySet,
)
from contracts.agencies.sandbox import MOST_DAYS
from contracts.agencies.xroad import XRoadIdentifier

STATES = ("IN_FORCE", "REVOKED", "ENDED")
# The members of a JSON Web Key that make a public key (RFC 7518, RFC 8037).
JWK_MEMBERS = ("kty", "crv", "x", "y", "n", "e")
MOST_KEYS = 10
KEY_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
# No embedding, override or isolate of a direction (UAX 9): names stand beside others' on pages.
STRAIGHT = r"^[^\u202a-\u202e\u2066-\u2069]*$"
# What a member of a public JSON Web Key is: base64url, or the name of a kind or curve.
JWK_MEMBER = re.compile(r"[A-Za-z0-9_-]{1,1000}={0,2}")


class Jwk(fields.Field[dict[str, str]]):
    """A public JSON Web Key; what it says beside the key itself is left out."""

    def _deserialize(
        self, value: object, attr: str | None, data: Data, **kwargs: object
    ) -> dict[str, str]:
        if not isinstance(value, Mapping) or not isinstance(value.get("kty"), str):
            raise ValidationError("jwk|Give a public JSON Web Key (RFC 7517).")
        if {"d", "k", "p", "q", "dp", "dq", "qi"} & value.keys():
            raise ValidationError("jwk.private|This is a private key: make another, and keep it.")
        members = {name: str(value[name]) for name in JWK_MEMBERS if name in value}
        if not all(JWK_MEMBER.fullmatch(member) for member in members.values()):
            raise ValidationError("jwk|Its members are base64url (RFC 7517).")
        return members


PublicKeyOfJson = Annotated[dict[str, str], Jwk()]
# The id of a key or a certificate, unique in the whole register.
KeyId = Annotated[
    str, Text(64), Pattern(KEY_ID, "format|Use letters, digits, dot, dash, underscore.")
]


def _word(most: int) -> Text:
    """Text in one line that turns the direction of nothing that stands beside it. What is signed
    is never mended: it is refused.
    """
    return Text(
        most,
        fold=str,
        validate=Pattern(STRAIGHT, "characters|Marks that turn the direction may not stand here."),
    )


AgencyCode = Annotated[
    str,
    Text(40),
    Pattern(f"^{AGENCY_CODE.pattern}$", "format|Use 2 to 40 of a-z, 0-9 and -."),
]
Names = Annotated[tuple[Annotated[str, Text(100)], ...], validate.Length(0, 100)]


@message
class Limits:
    requests: Annotated[int | None, whole(1, 1_000_000), OPTIONAL] = None
    seconds: Annotated[int | None, whole(1, 86_400), OPTIONAL] = None


@message
class Key:
    """A key that an agency proves itself by: ``public_key`` (Ed25519, base64) or ``jwk``."""

    id: KeyId
    public_key: Annotated[str | None, Text(60), OPTIONAL] = None
    jwk: Annotated[PublicKeyOfJson | None, OPTIONAL] = None
    until: Day

    @check
    def _one_form(self) -> None:
        if (self.public_key is None) == (self.jwk is None):
            raise ValidationError("required|Give public_key or jwk, one of the two.", "public_key")


@message
class Certificate:
    """``sha256`` of its DER in hex, as openssl prints it."""

    id: KeyId
    sha256: Annotated[str, Text(95)]
    until: Day


@message
class Grant:
    """Leave to use contracts (``inquiry.ask.v1``, ``inquiry.*``) for purposes until a day."""

    contract: Annotated[str, Text(100)]
    purposes: Annotated[Names | None, OPTIONAL] = None
    until: Day
    basis: Annotated[str | None, Text(300), "The law or agreement that it stands on", OPTIONAL] = (
        None
    )
    blocks: Annotated[Names | None, "Only these blocks of the purpose's", OPTIONAL] = None
    per_day: Annotated[int | None, whole(1, 10**9), "Questions a day in Tehran", OPTIONAL] = None
    withheld_days: Annotated[
        int | None,
        whole(0, 3650),
        "So many days a person does not learn of a question; as the purpose says if left out",
        OPTIONAL,
    ] = None
    networks: Annotated[
        tuple[Annotated[str, Text(50)], ...] | None, validate.Length(0, 100), OPTIONAL
    ] = None


@message
class Delegation:
    """``to`` may ask in this agency's name."""

    to: AgencyCode
    contract: Annotated[str, Text(100)]
    purposes: Annotated[Names | None, OPTIONAL] = None
    until: Day
    basis: Annotated[str | None, Text(300), OPTIONAL] = None


@message
class Amqp:
    serves: Annotated[Names | None, OPTIONAL] = None


@message
class Events:
    hears: Annotated[Names | None, OPTIONAL] = None
    queue: Annotated[Tick | None, OPTIONAL] = None


@message
class AgencyDocument:
    """All that the register holds of an agency, but for whom to call; no personal data."""

    code: AgencyCode
    name: Annotated[str, _word(200)]
    name_fa: Annotated[str | None, _word(200), OPTIONAL] = None
    member: Annotated[
        AgencyCode | None, "The agency whose subsystem this is; it ends with it", OPTIONAL
    ] = None
    limits: Annotated[Limits | None, OPTIONAL] = None
    keys: Annotated[tuple[Key, ...] | None, validate.Length(0, MOST_KEYS), OPTIONAL] = None
    certificates: Annotated[
        tuple[Certificate, ...] | None, validate.Length(0, MOST_KEYS), OPTIONAL
    ] = None
    exceptions: Annotated[
        tuple[ClientException, ...] | None,
        validate.Length(0, len(CLIENT_EXCEPTIONS)),
        "What its OAuth client may do beyond the strict rules",
        OPTIONAL,
    ] = None
    xroad: Annotated[tuple[XRoadIdentifier, ...] | None, validate.Length(0, 50), OPTIONAL] = None
    key_sets: Annotated[
        tuple[KeySet, ...] | None,
        validate.Length(0, MOST_KEY_SETS),
        "Where it publishes more keys for its OAuth client",
        OPTIONAL,
    ] = None
    grants: Annotated[tuple[Grant, ...] | None, validate.Length(0, 200), OPTIONAL] = None
    delegations: Annotated[tuple[Delegation, ...] | None, validate.Length(0, 200), OPTIONAL] = None
    amqp: Annotated[Amqp | None, OPTIONAL] = None
    events: Annotated[Events | None, OPTIONAL] = None


DOCUMENT = InputForm("agencies.document.v1", AgencyDocument)


@message
class Nothing:
    """No fields."""


@message
class OneAgency:
    code: AgencyCode


@message
class CopiesAfter:
    after: Annotated[int, whole(0, 2**53), "The version known already"]


@message
class Copies:
    """``copies``: ``code``, ``version`` and ``jws``, which is null for an agency that has ended; of
    one that was revoked it holds no right.
    """

    version: int
    copies: tuple[Block, ...]


@message
class Own(OneAgency):
    """``jws``: the document with ``version`` in it, signed by us (EdDSA, compact)."""

    version: int
    document: Block
    jws: str


# A proof of possession: a compact JWS by the new key itself.
ProofOfKey = Annotated[
    str,
    Text(2000),
    "A JWS by this key over sub, jkt and iat; docs/join.md, Proof of a new key",
    Meta(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$"),
]


@message(unknown="exclude", rules=rules.PROVEN)
class NewKey:
    """A public JSON Web Key (RFC 7517) with ``kid`` and its last day ``until``."""

    kid: KeyId
    until: Day
    kty: Annotated[str, Text(10)]
    crv: Annotated[str | None, Text(20), OPTIONAL] = None
    x: Annotated[str | None, Text(100), OPTIONAL] = None
    y: Annotated[str | None, Text(100), OPTIONAL] = None
    n: Annotated[str | None, Text(1000), OPTIONAL] = None
    e: Annotated[str | None, Text(10), OPTIONAL] = None
    proof: Annotated[ProofOfKey | None, OPTIONAL] = None

    @staticmethod
    @raw
    def _is_public(data: object) -> None:
        if isinstance(data, Mapping):
            Jwk().deserialize(data)


@message
class RotateKeys:
    """A JSON Web Key Set that takes the place of the agency's keys."""

    keys: Annotated[tuple[NewKey, ...], validate.Length(1, 5, error="length|Give 1 to 5 keys.")]
    old_until: Annotated[
        Day | None,
        "Until when the present keys still hold, 7 days at most; they "
        "end at once if it is left out",
    ] = None


@message
class KeysNow(OneAgency):
    version: int
    keys: tuple[Block, ...]


@message(rules=rules.ONE_KEY)
class RegisterSandbox:
    """``name`` of who tries, a key (``public_key``: Ed25519, base64; or ``jwk``) and its proof."""

    name: Annotated[str, _word(100)]
    public_key: Annotated[str | None, Text(60), OPTIONAL] = None
    jwk: Annotated[PublicKeyOfJson | None, OPTIONAL] = None
    proof: Annotated[ProofOfKey | None, OPTIONAL] = None
    days: Annotated[int, whole(1, MOST_DAYS), "For how many days it holds"] = MOST_DAYS


@message
class SandboxAgency(OneAgency):
    key_id: Annotated[str, Text(64)]
    until: Day
    version: int
    grants: tuple[Block, ...]


@message
class Changed:
    code: AgencyCode
    version: int


COPIES = Request(
    "agencies.copies.v1",
    CopiesAfter,
    "Signed copies of what is in force.",
    reply=Copies,
    effect=False,
    agency=False,
)
REGISTER_SANDBOX = Request(
    "agencies.register_sandbox.v1",
    RegisterSandbox,
    "Registers a key for the sandbox, for a month.",
    reply=SandboxAgency,
    agency=False,
)
OWN = Request(
    "agencies.own.v1",
    Nothing,
    "Shows what the register holds about you, signed by us.",
    reply=Own,
    effect=False,
    everyone=True,
)
ROTATE_KEYS = Request(
    "agencies.rotate_keys.v1",
    RotateKeys,
    "Replaces your keys, proven by one that you have; in force at once.",
    reply=KeysNow,
    everyone=True,
)
CHANGED = Event(
    "agencies.changed.v1",
    Changed,
    "The register holds a new version of an agency.",
    hearable=True,
    owner="code",
)
