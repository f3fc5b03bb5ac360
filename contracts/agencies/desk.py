"""What officers of the register of agencies do, from the ops face."""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import ABSENT, OPTIONAL, check, message
from bus.messages.values import Block, Day, Instant
from contracts.agencies.register import STATES, AgencyCode, Changed, Nothing, OneAgency
from contracts.rehearsals import rehearsal_of
from iran import identifiers

ROLES = ("clerk", "approver")
CHANGE_STATES = ("DRAFT", "APPROVED", "REFUSED", "WITHDRAWN")
# What one officer takes back at once.
REVOKED = (
    "key",
    "certificate",
    "exception",
    "key_set",
    "grant",
    "delegation",
    "serving",
    "hearing",
    "agency",
)
CONTACT_ROLES = ("legal", "technical", "security", "operations")
LONGEST_DOCUMENT = 100_000


@message
class Officer:
    username: Annotated[str, Text(64)]
    role: Annotated[str, Choice(ROLES)]


@message
class AgencyNames:
    """What agencies are called in Persian, those whose rights ended too; for pages that name
    them.
    """

    names: Annotated[Mapping[Annotated[str, Text(64)], Annotated[str, Text(200)]], "Code → name"]


@message
class AgencyRow(OneAgency):
    name: Annotated[str, Text(200)]
    name_fa: Annotated[str, Text(200, least=0)]
    version: int
    state: Annotated[str, Choice(STATES)]
    keys: int
    grants: int
    ends_on: Annotated[Day | None, "The day on which the next of its keys and grants ends"]
    open: Annotated[int, "Proposals that wait"]
    exceptions: Annotated[
        tuple[Block, ...], "What its OAuth client may do beyond the strict rules, and until when"
    ]
    ended: Annotated[int | None, "How many of its keys and grants have ended", OPTIONAL] = None


@message
class AgencyRows:
    """``changes`` are the proposals that wait, of new agencies too."""

    agencies: tuple[AgencyRow, ...]
    changes: tuple[Block, ...]


@message
class Change:
    """A proposal; ``lines`` tell what it changes of what is in force, line by line."""

    id: int
    code: AgencyCode
    base_version: int
    stale: bool
    reason: Annotated[str, Prose(1000)]
    state: Annotated[str, Choice(CHANGE_STATES)]
    proposed_by: Annotated[str, Text(64)]
    proposed_at: Instant
    decided_by: Annotated[str | None, Text(64)]
    decided_at: Instant | None
    decision: Annotated[str, Text(1000, least=0)]
    lines: tuple[Block, ...]
    before: Annotated[Block | None, "The document in force when it was proposed", OPTIONAL] = ABSENT
    after: Annotated[Block | None, "The document that is proposed", OPTIONAL] = None


@message
class ContactOf:
    id: int
    role: Annotated[str, Choice(CONTACT_ROLES)]
    name: Annotated[str, Text(100, personal=True)]
    email: Annotated[str, Text(200, personal=True)]
    mobile: Annotated[str, Text(20, least=0, personal=True)]


@message
class AgencyWhole(OneAgency):
    """``text`` is the document as TOML; grants and delegations have their ``id`` in ``ids``.

    ``key_sets`` are how its key sets stand: ``url``, ``good_at`` when one was last read, ``fault``
    since then, and ``keys``: ``id``, ``kid``, ``seen_at``, ``from`` when it counts, ``in_force``.
    """

    version: int
    state: Annotated[str, Choice((*STATES, "NEW"))]
    ends_at: Instant | None
    document: Block | None
    text: str
    ids: Block
    changes: tuple[Change, ...]
    history: tuple[Block, ...]
    contacts: tuple[ContactOf, ...]
    key_sets: tuple[Block, ...]


@message
class Propose:
    """A new agency (``base_version`` 0), or a new document for the version that was seen."""

    document: Block | None = None
    toml: Annotated[str | None, Prose(LONGEST_DOCUMENT)] = None
    base_version: Annotated[int, whole(0, 2**53)]
    reason: Annotated[str, Prose(1000, least=5)]

    @check
    def _one_form(self) -> None:
        if (self.document is None) == (self.toml is None):
            raise ValidationError("required|Give the document, as JSON or as TOML.", "toml")


@message
class OneChange:
    id: Annotated[int, whole(1, 2**53)]


@message
class RefuseChange(OneChange):
    why: Annotated[str, Prose(1000, least=5)]


@message
class Revoke(OneAgency):
    """``id`` of the key or certificate, that which a grant or delegation was read with, or the name
    of what is served or heard as it stands in the document.
    """

    what: Annotated[str, Choice(REVOKED)]
    id: Annotated[str, Text(500, least=0)] = ""
    reason: Annotated[str, Prose(1000, least=5)]
    version: Annotated[
        int | None, whole(0, 2**53), "The version that was looked at; refused if it is no more"
    ] = None

    @check
    def _names_one(self) -> None:
        if self.what != "agency" and not self.id:
            raise ValidationError("required|Say which one.", "id")


@message
class PutContact(OneAgency):
    """A new contact, or other words for one."""

    id: Annotated[int | None, whole(1, 2**53)] = None
    role: Annotated[str, Choice(CONTACT_ROLES)]
    name: Annotated[str, Text(100, personal=True)]
    email: Annotated[str, Checked(200, identifiers.email, personal=True)]
    mobile: Annotated[str | None, Checked(20, identifiers.mobile, personal=True)] = None


@message
class RemoveContact(OneAgency):
    id: Annotated[int, whole(1, 2**53)]


@message
class ListAudit:
    code: AgencyCode | None = None
    before: Annotated[int | None, whole(1, 2**53)] = None
    limit: Annotated[int, whole(1, 200)] = 50


@message
class Audit:
    """What was done, newest first: ``at``, ``who``, ``what``, ``code``, ``version``, ``detail``,
    ``reason``.
    """

    acts: tuple[Block, ...]
    next: int | None


def _officers(
    name: str, message: type[M], doc: str, reply: type[R], *, effect: bool = True
) -> Request[M, R]:
    return Request(
        f"agencies.{name}.v1", message, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


WHO_AM_I = _officers(
    "who_am_i", Nothing, "Who asks, as an officer of the register.", Officer, effect=False
)
# A name is no right: any colleague's page tells it. A page without it is better than a late one.
AGENCY_NAMES = Request(
    "agencies.names.v1",
    Nothing,
    "What agencies are called.",
    reply=AgencyNames,
    effect=False,
    agency=False,
    deadline=2.0,
)
LIST = _officers("list", Nothing, "All agencies, and what waits.", AgencyRows, effect=False)
READ = _officers(
    "read",
    OneAgency,
    "One agency with its proposals, history and contacts.",
    AgencyWhole,
    effect=False,
)
PROPOSE = _officers("propose", Propose, "Proposes a new agency or a new document.", Change)
READ_CHANGE = _officers("read_change", OneChange, "One proposal.", Change, effect=False)
APPROVE = _officers("approve", OneChange, "A second officer puts a proposal in force.", Change)
REFUSE = _officers("refuse", RefuseChange, "A second officer refuses a proposal.", Change)
WITHDRAW = _officers("withdraw", OneChange, "Takes a proposal back.", Change)
REVOKE = _officers("revoke", Revoke, "Takes a right back at once; one officer is enough.", Changed)
PUT_CONTACT = _officers("put_contact", PutContact, "Whom to call at an agency.", ContactOf)
REMOVE_CONTACT = _officers("remove_contact", RemoveContact, "Forgets a contact.", OneAgency)
AUDIT = _officers("audit", ListAudit, "Who did what in the register.", Audit, effect=False)
REHEARSE = rehearsal_of("agencies")
