"""Signing in to "my matters", and what a person's own pages ask of the inquiry context.

A code goes to the mobile that stands on file with the person's national ID. What it opens is a
session of half an hour, which this context keeps as hashes alone; each question carries it.
"""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import message
from bus.messages.values import Block, Code, Day, Instant, OneTimeCode, Uuid
from contracts.inquiry.keys import KEY_KINDS
from contracts.inquiry.own import OWN_STATES
from contracts.notify.messages import LANGUAGES
from contracts.notify.persons import Pass, Person
from contracts.ticketing.lost_secrets import CodeReceipt
from people import tracking

# How the person is known: "registered" if the water registry has this mobile for this holder,
# "stated" if only the person's own requests and inquiries name both.
LEVELS = ("registered", "stated")
OUTCOMES = ("FOUND", "NOT_FOUND", "REFUSED")
MOST_ASKINGS = 1000


@message
class BeginSignIn(Person):
    stated: Annotated[bool, "A request has both (ticketing.on_file.v1)"] = False
    own_browser: Annotated[bool, "This person has signed in from this browser before"] = False
    language: Annotated[str, Choice(LANGUAGES)] = "fa"


@message
class SignIn(Person):
    request_id: Uuid
    pin: OneTimeCode
    token: Annotated[str, Text(60, personal=True), "Made by the portal: the new session's"]


@message
class Session:
    level: Annotated[str, Choice(LEVELS)]
    since: Annotated[Instant | None, "Since when the registry knows the person by this mobile"]
    until: Instant


@message
class SessionProof(Person):
    """The token of a session, and whose it is."""

    token: Annotated[str, Text(60, personal=True)]


@message
class SessionToken:
    token: Annotated[str, Text(60, personal=True)]


@message
class SignedOut:
    ended: bool


@message
class MyInquiry:
    code: Annotated[str, Text(10)]
    state: Annotated[str, Choice(OWN_STATES)]
    file_no: Annotated[str, Text(40)]
    asked_at: Instant
    bill: Block | None


@message
class Matters:
    """The session, the person's own inquiries, and the files that the registry has in their name
    (of a registered person alone).
    """

    session: Session
    inquiries: tuple[MyInquiry, ...]
    file_nos: tuple[Annotated[str, Text(40)], ...]


@message
class OpenMine(SessionProof):
    code: Annotated[str, Checked(40, tracking.parse)]


@message
class WhoAsked(SessionProof):
    """Who asked about the person, newest first."""

    page: Annotated[int, whole(1, 100_000)] = 1
    limit: Annotated[int, whole(1, MOST_ASKINGS)] = 25


@message
class FindAsking(SessionProof):
    reference: Annotated[str, Text(40)]


@message
class Asking:
    """One question about the person or about a source of theirs, as the log has it."""

    reference: Annotated[str, Text(40), "Names the entry of the log; tells nothing else"]
    day: Day
    agency: Code
    agency_fa: Annotated[str, Text(200)]
    agency_en: Annotated[str, Text(200)]
    on_behalf_of: Annotated[Block | None, "The agency in whose name it was asked"]
    own: Annotated[bool, "Asked on the portal, as the person's own inquiry"]
    batch: Annotated[bool, "One of many questions that were sent together"]
    purpose: Annotated[Block | None, "Null for a purpose that no law knows"]
    laws: tuple[Block, ...]
    basis: Annotated[str | None, Text(300), "The agreement that the agency's grant stands on"]
    key_kind: Annotated[str, Choice(KEY_KINDS), "By what it was asked"]
    outcome: Annotated[str, Choice(OUTCOMES)]
    refusal: Annotated[Code | None, "Why it was refused"]
    sources: Annotated[int, "How many sources the answer told of"]
    parts: Annotated[tuple[Code, ...], "The parts that the answer told, such as licence"]


@message
class Askings:
    total: int
    page: int
    pages: int
    entries: tuple[Asking, ...]


def _request(name: str, message: type[M], reply: type[R], doc: str, effect: bool) -> Request[M, R]:
    return Request(f"inquiry.{name}.v1", message, doc, reply=reply, effect=effect, agency=False)


BEGIN_SIGN_IN = _request(
    "begin_sign_in",
    BeginSignIn,
    CodeReceipt,
    "Send a one-time code to the mobile of a person, if it is on file.",
    effect=True,
)
SIGN_IN = _request("sign_in", SignIn, Session, "Open a session for the code that came.", True)
SIGN_OUT = _request("sign_out", SessionToken, SignedOut, "End a session.", True)
MATTERS = _request("matters", SessionProof, Matters, "What this context has of a person.", False)
OPEN_MY_INQUIRY = _request(
    "open_my_inquiry", OpenMine, Pass, "A pass to one of a person's own inquiries.", False
)
WHO_ASKED = _request(
    "who_asked", WhoAsked, Askings, "Who asked about a person; the look is logged.", True
)
FIND_ASKING = _request(
    "find_asking", FindAsking, Asking, "One entry of what was asked about a person.", False
)
