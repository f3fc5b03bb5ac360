"""The register of agencies: its documents, what agencies ask of it, what faces copy.

Their owner is the team of services/agencies.
"""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    pre_load,
    validate,
    validates_schema,
)

from bus import rules
from bus.fields import Block, Day, Pattern, Text, whole
from bus.kinds import Event, Form, Request
from bus.topology import AGENCY_CODE

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
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, str]:
        if not isinstance(value, Mapping) or not isinstance(value.get("kty"), str):
            raise ValidationError("jwk|Give a public JSON Web Key (RFC 7517).")
        if {"d", "k", "p", "q", "dp", "dq", "qi"} & value.keys():
            raise ValidationError("jwk.private|This is a private key: make another, and keep it.")
        told = {name: str(value[name]) for name in JWK_MEMBERS if name in value}
        if not all(JWK_MEMBER.fullmatch(member) for member in told.values()):
            raise ValidationError("jwk|Its members are base64url (RFC 7517).")
        return told


def key_id(**kwargs: Any) -> Text:
    """The id of a key or a certificate, unique in the whole register."""
    return Text(
        64,
        validate=Pattern(KEY_ID, "format|Use letters, digits, dot, dash, underscore."),
        **kwargs,
    )


def _word(most: int, **kwargs: Any) -> Text:
    """Text in one line that turns the direction of nothing that stands beside it. What is signed
    is never mended: it is refused.
    """
    return Text(
        most,
        fold=str,
        validate=Pattern(STRAIGHT, "characters|Marks that turn the direction may not stand here."),
        **kwargs,
    )


def agency_code(**kwargs: Any) -> Text:
    """The code of an agency."""
    return Text(
        40,
        validate=Pattern(f"^{AGENCY_CODE.pattern}$", "format|Use 2 to 40 of a-z, 0-9 and -."),
        **kwargs,
    )


def _names(most: int = 100, **kwargs: Any) -> fields.List[Any]:
    return fields.List(Text(100), validate=validate.Length(0, most), **kwargs)


class Limits(Schema):
    requests = whole(1, 1_000_000)
    seconds = whole(1, 86_400)


class Key(Schema):
    """A key that an agency proves itself by: ``public_key`` (Ed25519, base64) or ``jwk``."""

    id = key_id(required=True)
    public_key = Text(60)
    jwk = Jwk()
    until = Day(required=True)

    @validates_schema(skip_on_field_errors=True)
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if ("public_key" in data) == ("jwk" in data):
            raise ValidationError("required|Give public_key or jwk, one of the two.", "public_key")


class Certificate(Schema):
    """``sha256`` of its DER in hex, as openssl prints it."""

    id = key_id(required=True)
    sha256 = Text(95, required=True)
    until = Day(required=True)


class Grant(Schema):
    """Leave to use contracts (``inquiry.ask.v1``, ``inquiry.*``) for purposes until a day."""

    contract = Text(100, required=True)
    purposes = _names()
    until = Day(required=True)
    basis = Text(300, metadata={"description": "The law or agreement that it stands on"})
    blocks = _names(metadata={"description": "Only these blocks of the purpose's"})
    per_day = whole(1, 10**9, metadata={"description": "Questions a day in Tehran"})
    networks = fields.List(Text(50), validate=validate.Length(0, 100))


class Delegation(Schema):
    """``to`` may ask in this agency's name."""

    to = agency_code(required=True)
    contract = Text(100, required=True)
    purposes = _names()
    until = Day(required=True)
    basis = Text(300)


class Amqp(Schema):
    serves = _names()


class Events(Schema):
    hears = _names()
    queue = fields.Boolean()


class AgencyDocument(Schema):
    """All that the register holds of an agency, but for whom to call; no personal data."""

    code = agency_code(required=True)
    name = _word(200, required=True)
    name_fa = _word(200)
    member = agency_code(
        metadata={"description": "The agency whose subsystem this is; it ends with it"}
    )
    limits = fields.Nested(Limits)
    keys = fields.List(fields.Nested(Key), validate=validate.Length(0, MOST_KEYS))
    certificates = fields.List(fields.Nested(Certificate), validate=validate.Length(0, MOST_KEYS))
    grants = fields.List(fields.Nested(Grant), validate=validate.Length(0, 200))
    delegations = fields.List(fields.Nested(Delegation), validate=validate.Length(0, 200))
    amqp = fields.Nested(Amqp)
    events = fields.Nested(Events)


DOCUMENT = Form("agencies.document.v1", AgencyDocument())


class Nothing(Schema):
    """No fields."""


class OneAgency(Schema):
    code = agency_code(required=True)


class CopiesAfter(Schema):
    after = whole(0, 2**53, required=True, metadata={"description": "The version known already"})


class Copies(Schema):
    """``copies``: ``code``, ``version`` and ``jws``, which is null for an agency that has ended; of
    one that was revoked it holds no right.
    """

    version = fields.Integer(required=True)
    copies = fields.List(Block(), required=True)


class Own(OneAgency):
    """``jws``: the document with ``version`` in it, signed by us (EdDSA, compact)."""

    version = fields.Integer(required=True)
    document = Block(required=True)
    jws = fields.String(required=True)


def proof_of_key() -> Text:
    """A proof of possession: a compact JWS by the new key itself."""
    return Text(
        2000,
        metadata={
            "description": "A JWS by this key over sub, jkt and iat; docs/join.md, "
            "Proof of a new key",
            "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
        },
    )


class NewKey(Schema):
    """A public JSON Web Key (RFC 7517) with ``kid`` and its last day ``until``."""

    class Meta:
        unknown = EXCLUDE  # use, alg and what else other tools write beside a key
        rules = rules.PROVEN

    kid = key_id(required=True)
    until = Day(required=True)
    kty = Text(10, required=True)
    crv = Text(20)
    x = Text(100)
    y = Text(100)
    n = Text(1000)
    e = Text(10)
    proof = proof_of_key()

    @pre_load
    def _public(self, data: Any, **_: Any) -> Any:
        if isinstance(data, Mapping):
            Jwk().deserialize(data)
        return data


class RotateKeys(Schema):
    """A JSON Web Key Set that takes the place of the agency's keys."""

    keys = fields.List(
        fields.Nested(NewKey), required=True,
        validate=validate.Length(1, 5, error="length|Give 1 to 5 keys."),
    )  # fmt: skip
    old_until = Day(
        load_default=None, allow_none=True,
        metadata={"description": "Until when the present keys still hold, 7 days at most; they "
                                 "end at once if it is left out"},
    )  # fmt: skip


class KeysNow(OneAgency):
    version = fields.Integer(required=True)
    keys = fields.List(Block(), required=True)


class RegisterSandbox(Schema):
    """``name`` of who tries, a key (``public_key``: Ed25519, base64; or ``jwk``) and its proof."""

    name = _word(100, required=True)
    public_key = Text(60)
    jwk = Jwk()
    proof = proof_of_key()

    class Meta:
        rules = rules.ONE_KEY


class SandboxAgency(OneAgency):
    key_id = Text(64, required=True)
    until = Day(required=True)
    version = fields.Integer(required=True)
    grants = fields.List(Block(), required=True)


class Changed(Schema):
    code = agency_code(required=True)
    version = fields.Integer(required=True)


COPIES = Request(
    "agencies.copies.v1", CopiesAfter(), "Signed copies of what is in force.", reply=Copies(),
    effect=False, agency=False,
)  # fmt: skip
REGISTER_SANDBOX = Request(
    "agencies.register_sandbox.v1", RegisterSandbox(),
    "Registers a key for the sandbox, for a month.", reply=SandboxAgency(), agency=False,
)  # fmt: skip
OWN = Request(
    "agencies.own.v1", Nothing(), "Shows what the register holds about you, signed by us.",
    reply=Own(), effect=False, everyone=True,
)  # fmt: skip
ROTATE_KEYS = Request(
    "agencies.rotate_keys.v1", RotateKeys(),
    "Replaces your keys, proven by one that you have; in force at once.", reply=KeysNow(),
    everyone=True,
)  # fmt: skip
CHANGED = Event(
    "agencies.changed.v1", Changed(), "The register holds a new version of an agency.",
    hearable=True, owner="code",
)  # fmt: skip
