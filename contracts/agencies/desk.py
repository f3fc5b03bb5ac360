"""What officers of the register of agencies do, from the ops face."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bus.fields import Block, Checked, Choice, Day, Instant, Prose, Text, whole
from bus.kinds import Request
from contracts.agencies.register import STATES, Changed, Nothing, OneAgency, agency_code
from iran import identifiers

ROLES = ("clerk", "approver")
CHANGE_STATES = ("DRAFT", "APPROVED", "REFUSED", "WITHDRAWN")
# What one officer takes back at once.
REVOKED = ("key", "certificate", "grant", "delegation", "serving", "hearing", "agency")
CONTACT_ROLES = ("legal", "technical", "security", "operations")
LONGEST_DOCUMENT = 100_000


class Officer(Schema):
    username = Text(64, required=True)
    role = Choice(ROLES, required=True)


class AgencyNames(Schema):
    """What agencies are called in Persian, those whose rights ended too; for pages that name
    them.
    """

    names = fields.Dict(
        keys=Text(64), values=Text(200), required=True, metadata={"description": "Code → name"}
    )


class AgencyRow(OneAgency):
    name = Text(200, required=True)
    name_fa = Text(200, required=True, least=0)
    version = fields.Integer(required=True)
    state = Choice(STATES, required=True)
    keys = fields.Integer(required=True)
    grants = fields.Integer(required=True)
    ends_on = Day(
        required=True, allow_none=True,
        metadata={"description": "The day on which the first of its keys and grants ends"},
    )  # fmt: skip
    open = fields.Integer(required=True, metadata={"description": "Proposals that wait"})


class AgencyRows(Schema):
    """``changes`` are the proposals that wait, of new agencies too."""

    agencies = fields.List(fields.Nested(AgencyRow), required=True)
    changes = fields.List(Block(), required=True)


class Change(Schema):
    """A proposal; ``lines`` tell what it changes of what is in force, line by line."""

    id = fields.Integer(required=True)
    code = agency_code(required=True)
    base_version = fields.Integer(required=True)
    stale = fields.Boolean(required=True)
    reason = Prose(1000, required=True)
    state = Choice(CHANGE_STATES, required=True)
    proposed_by = Text(64, required=True)
    proposed_at = Instant(required=True)
    decided_by = Text(64, required=True, allow_none=True)
    decided_at = Instant(required=True, allow_none=True)
    decision = Text(1000, required=True, least=0)
    lines = fields.List(Block(), required=True)
    before = Block(
        allow_none=True, metadata={"description": "The document in force when it was proposed"}
    )
    after = Block(metadata={"description": "The document that is proposed"})


class ContactOf(Schema):
    id = fields.Integer(required=True)
    role = Choice(CONTACT_ROLES, required=True)
    name = Text(100, required=True, personal=True)
    email = Text(200, required=True, personal=True)
    mobile = Text(20, required=True, least=0, personal=True)


class AgencyWhole(OneAgency):
    """``text`` is the document as TOML; grants and delegations have their ``id`` in ``ids``."""

    version = fields.Integer(required=True)
    state = Choice((*STATES, "NEW"), required=True)
    ends_at = Instant(required=True, allow_none=True)
    document = Block(required=True, allow_none=True)
    text = fields.String(required=True)
    ids = Block(required=True)
    changes = fields.List(fields.Nested(Change), required=True)
    history = fields.List(Block(), required=True)
    contacts = fields.List(fields.Nested(ContactOf), required=True)


class Propose(Schema):
    """A new agency (``base_version`` 0), or a new document for the version that was seen."""

    document = Block(load_default=None, allow_none=True)
    toml = Prose(LONGEST_DOCUMENT, load_default=None, allow_none=True)
    base_version = whole(0, 2**53, required=True)
    reason = Prose(1000, least=5, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if (data["document"] is None) == (data["toml"] is None):
            raise ValidationError("required|Give the document, as JSON or as TOML.", "toml")


class OneChange(Schema):
    id = whole(1, 2**53, required=True)


class RefuseChange(OneChange):
    why = Prose(1000, least=5, required=True)


class Revoke(OneAgency):
    """``id`` of the key or certificate, that which a grant or delegation was read with, or the name
    of what is served or heard as it stands in the document.
    """

    what = Choice(REVOKED, required=True)
    id = Text(100, load_default="", least=0)
    reason = Prose(1000, least=5, required=True)
    version = whole(
        0,
        2**53,
        load_default=None,
        allow_none=True,
        metadata={"description": "The version that was looked at; refused if it is no more"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _which(self, data: dict[str, Any], **_: Any) -> None:
        if data["what"] != "agency" and not data["id"]:
            raise ValidationError("required|Say which one.", "id")


class PutContact(OneAgency):
    """A new contact, or other words for one."""

    id = whole(1, 2**53, load_default=None, allow_none=True)
    role = Choice(CONTACT_ROLES, required=True)
    name = Text(100, required=True, personal=True)
    email = Checked(200, identifiers.email, required=True, personal=True)
    mobile = Checked(20, identifiers.mobile, load_default=None, allow_none=True, personal=True)


class RemoveContact(OneAgency):
    id = whole(1, 2**53, required=True)


class ListAudit(Schema):
    code = agency_code(load_default=None, allow_none=True)
    before = whole(1, 2**53, load_default=None, allow_none=True)
    limit = whole(1, 200, load_default=50)


class Audit(Schema):
    """What was done, newest first: ``at``, ``who``, ``what``, ``code``, ``version``, ``detail``,
    ``reason``.
    """

    acts = fields.List(Block(), required=True)
    next = fields.Integer(required=True, allow_none=True)


def _officers(
    name: str, schema: Schema, doc: str, reply: Schema, *, effect: bool = True
) -> Request:
    return Request(
        f"agencies.{name}.v1", schema, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


WHO_AM_I = _officers(
    "who_am_i", Nothing(), "Who asks, as an officer of the register.", Officer(), effect=False
)
# A name is no right: any colleague's page tells it. A page without it is better than a late one.
AGENCY_NAMES = Request(
    "agencies.names.v1", Nothing(), "What agencies are called.", reply=AgencyNames(), effect=False,
    agency=False, deadline=2.0,
)  # fmt: skip
LIST = _officers("list", Nothing(), "All agencies, and what waits.", AgencyRows(), effect=False)
READ = _officers(
    "read", OneAgency(), "One agency with its proposals, history and contacts.", AgencyWhole(),
    effect=False,
)  # fmt: skip
PROPOSE = _officers("propose", Propose(), "Proposes a new agency or a new document.", Change())
READ_CHANGE = _officers("read_change", OneChange(), "One proposal.", Change(), effect=False)
APPROVE = _officers("approve", OneChange(), "A second officer puts a proposal in force.", Change())
REFUSE = _officers("refuse", RefuseChange(), "A second officer refuses a proposal.", Change())
WITHDRAW = _officers("withdraw", OneChange(), "Takes a proposal back.", Change())
REVOKE = _officers(
    "revoke", Revoke(), "Takes a right back at once; one officer is enough.", Changed()
)
PUT_CONTACT = _officers("put_contact", PutContact(), "Whom to call at an agency.", ContactOf())
REMOVE_CONTACT = _officers("remove_contact", RemoveContact(), "Forgets a contact.", OneAgency())
AUDIT = _officers("audit", ListAudit(), "Who did what in the register.", Audit(), effect=False)
