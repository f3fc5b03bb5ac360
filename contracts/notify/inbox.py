"""Inboxes on the portal: opened by a code and a secret, no account; owner is services/notify."""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import Instant, Uuid
from contracts.notify.messages import BODY_MOST, LANGUAGES, SUBJECT_MOST
from contracts.notify.persons import Pass, Person
from iran import identifiers
from people import tracking


@message
class MakeInbox:
    """A new inbox. Whoever is to write into it is given its code, never its secret."""

    secret: Annotated[str, Text(60, personal=True), "Set by the gateway; 20 digits"]


@message(name="Made")
class InboxCode:
    code: Annotated[str, Text(10)]


@message(name="Proof")
class InboxProof:
    """The code and the secret that were shown when the inbox was made."""

    code: Annotated[str, Checked(40, tracking.parse)]
    secret: Annotated[str, Checked(60, tracking.parse_proof, personal=True)]


@message
class ReadInbox(InboxProof):
    """What lies in the inbox, newest first; ``before`` is the ID of the last message seen."""

    before: Uuid | None = None
    limit: Annotated[int, whole(1, 100)] = 20


@message
class Letter:
    """What lies in an inbox; its owner's names are empty where the register has none."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    subject: Annotated[str, Text(SUBJECT_MOST, personal=True)]
    body: Annotated[str, Prose(BODY_MOST, personal=True)]
    at: Instant
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    owner_fa: Annotated[str, Text(200, least=0)] = ""
    owner_en: Annotated[str, Text(200, least=0)] = ""


@message
class Inbox:
    code: Annotated[str, Text(10)]
    letters: tuple[Letter, ...]
    next: Uuid | None


@message
class AttachInbox(InboxProof):
    """Code and secret prove the inbox, the portal has proven the person."""

    mobile: Annotated[str, Checked(40, identifiers.mobile, personal=True)]
    national_id: Annotated[str, Checked(40, identifiers.national_id, personal=True)]


@message
class MyInbox:
    code: Annotated[str, Text(10)]
    letters: Annotated[int, "How many lie in it"]
    newest: Annotated[Letter | None, "The newest of them"]


@message
class MyInboxes:
    inboxes: tuple[MyInbox, ...]


@message
class OpenMyInbox(Person):
    code: Annotated[str, Checked(40, tracking.parse)]


MAKE_INBOX = Request(
    "notify.make_inbox.v1", MakeInbox, "Makes an inbox.", reply=InboxCode, agency=False
)
OPEN_INBOX = Request(
    "notify.open_inbox.v1",
    InboxProof,
    "Proves that an inbox is one's own; five wrong secrets lock it until tomorrow.",
    reply=InboxCode,
    agency=False,
)
READ_INBOX = Request(
    "notify.read_inbox.v1",
    ReadInbox,
    "What lies in an inbox.",
    reply=Inbox,
    effect=False,
    agency=False,
)
ATTACH_INBOX = Request(
    "notify.attach_inbox.v1",
    AttachInbox,
    "Attaches an inbox to a person, who then finds it without its secret.",
    reply=InboxCode,
    agency=False,
)
MY_INBOXES = Request(
    "notify.my_inboxes.v1",
    Person,
    "The inboxes that a proven person has attached.",
    reply=MyInboxes,
    effect=False,
    agency=False,
)
OPEN_MY_INBOX = Request(
    "notify.open_my_inbox.v1",
    OpenMyInbox,
    "A pass to one of a person's own inboxes.",
    reply=Pass,
    effect=False,
    agency=False,
)
