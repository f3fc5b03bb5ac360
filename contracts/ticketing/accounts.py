"""Sessions, second factors and operators: what the faces of colleagues ask of ticketing.

A session is named by the SHA-256 of what the browser's cookie holds, so that no message and no
table holds what opens it.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.message import OPTIONAL, PERSONAL, message
from bus.messages.values import Instant, Tick
from contracts.ticketing.desk import Staff
from contracts.ticketing.requests import internal_read

FACES = ("desk", "ops")
FACTORS = ("totp", "passkey", "recovery", "login")
OPERATOR_ROLES = ("observer", "operator")
OPERATIONS = (
    "dead_letters.replay",
    "dead_letters.drop",
    "dead_letters.confirm",
    "dead_letters.refuse",
    "dead_letters.withdraw",
    "dead_letters.reveal",
    "registry.load",
)
LONGEST_CREDENTIAL = 20_000


# SHA-256 in hex.
Digest = Annotated[
    str,
    Text(64, least=64, personal=True),
    validate.Regexp(r"[0-9a-f]{64}\Z", error="digest|Give the SHA-256 in hex."),
]


@message
class OfSession:
    """Whose session it is that asks."""

    session: Digest
    face: Annotated[str, Choice(FACES)]


@message
class OfRequest(OfSession):
    """Whose session the request of a browser belongs to."""

    unattended: Annotated[
        Tick, "The page asks by itself; that keeps no session from growing idle"
    ] = False


@message
class Started:
    """A session that begins, and what is known of the browser."""

    session: Digest
    face: Annotated[str, Choice(FACES)]
    address: Annotated[str, Text(60, least=0, personal=True)]
    browser: Annotated[str, Text(200, least=0)]


@message
class PasswordSignIn(Started):
    username: Annotated[str, Text(60)]
    password: Annotated[str, Text(200, personal=True)]
    device: Annotated[
        str | None, Text(64, personal=True), "Of a browser in which this colleague signed in before"
    ] = None


@message
class LoginSignIn(Started):
    """Somebody whom the organisation's login has proven: issuer and subject never change."""

    issuer: Annotated[str, Text(300)]
    subject: Annotated[str, Text(255)]
    claimed: Annotated[
        str,
        Text(200, least=0, personal=True),
        "The name that the login tells, for whoever links accounts",
    ]
    factor: Annotated[Tick, "The login has proven a second factor"]


@message
class SignedIn(Staff):
    """``pending`` sessions open nothing until the second factor is proven."""

    pending: bool
    factor: Annotated[str | None, Choice(FACTORS)]
    factors: tuple[Annotated[str, Choice(FACTORS)], ...]
    operator: Annotated[str | None, Choice(OPERATOR_ROLES)]
    failures: Annotated[int, "Wrong passwords before this sign-in"]
    started_at: Instant
    unread: Annotated[int | None, "Notices that wait for the colleague", OPTIONAL] = None


@message
class Confirmation(OfSession):
    """A proof of the second factor; the session goes on under a new name."""

    proof: Annotated[
        str,
        Text(LONGEST_CREDENTIAL, least=0, personal=True),
        "A code, or the credential of WebAuthn as JSON",
    ]
    origin: Annotated[
        str, Text(300, least=0), "The face as the browser has it; passkeys belong to it"
    ] = ""
    renewed: Digest


@message
class Enrolment(OfSession):
    kind: Annotated[str, Choice(("totp", "passkey"))]
    origin: Annotated[str, Text(300, least=0)] = ""


@message
class Enrolling:
    """What the colleague's program needs: a secret, or options of WebAuthn as JSON."""

    factor: int | None
    seed: Annotated[str | None, Text(64, personal=True)]
    seed_uri: Annotated[str | None, Text(400, personal=True)]
    options: Annotated[str | None, Text(LONGEST_CREDENTIAL)]


@message
class FinishEnrolment(Confirmation):
    factor: Annotated[int | None, whole(1, 2**53)] = None
    title: Annotated[str, Text(60, least=0)] = ""


@message
class RecoveryCodes:
    """Shown once; none if the colleague has some already."""

    recovery_codes: Annotated[tuple[Annotated[str, Text(20)], ...], PERSONAL]


@message
class EndSessions(OfSession):
    """One of the colleague's sessions, or all others, or all."""

    which: Annotated[str, Choice(("this", "one", "others", "all"))] = "this"
    id: Annotated[int | None, whole(1, 2**53)] = None


@message
class Ended:
    ended: int


@message
class ChangePassword(OfSession):
    old_password: Annotated[str, Text(200, personal=True)]
    new_password: Annotated[str, Text(200, personal=True)]
    renewed: Digest


@message
class RemoveFactor(OfSession):
    factor: Annotated[int, whole(1, 2**53)]


@message
class ResetFactors(OfSession):
    username: Annotated[str, Text(60)]
    reason: Annotated[str, Text(300)]


@message
class SessionRow:
    id: int
    face: Annotated[str, Choice(FACES)]
    browser: Annotated[str, Text(200, least=0)]
    address: Annotated[str, Text(60, least=0, personal=True)]
    started_at: Instant
    seen_at: Instant
    own: bool


@message
class FactorRow:
    id: int
    kind: Annotated[str, Choice(("totp", "passkey"))]
    title: Annotated[str, Text(60)]
    added_at: Instant


@message
class ColleagueRow:
    username: Annotated[str, Text(60)]
    name: Annotated[str, Text(100, personal=True)]


@message
class Account:
    """A colleague's own account; ``colleagues`` are those whose factors he may take away."""

    sessions: tuple[SessionRow, ...]
    factors: tuple[FactorRow, ...]
    recovery_left: int
    password: bool
    colleagues: tuple[ColleagueRow, ...]


@message
class Operation:
    """An act of operators: who does it is proven by a session or by a token of a machine."""

    session: Digest | None = None
    token: Digest | None = None
    act: Annotated[str | None, Choice(OPERATIONS)] = None
    subject: Annotated[str, Text(300, least=0)] = ""


@message
class Operator:
    name: Annotated[str, Text(80)]
    role: Annotated[str, Choice(OPERATOR_ROLES)]


@message
class LoginEnded:
    """The organisation's login ended somebody's sessions (OpenID Connect Back-Channel Logout)."""

    issuer: Annotated[str, Text(300)]
    subject: Annotated[str, Text(255)]


START_SESSION = internal_read(
    "start_session", PasswordSignIn, SignedIn, "Sign in a colleague by name and password."
)
START_LOGIN_SESSION = internal_read(
    "start_login_session",
    LoginSignIn,
    SignedIn,
    "Sign in a colleague whom the organisation's login has proven.",
)
SESSION = internal_read("session", OfRequest, SignedIn, "Whose session it is, if it is open.")
CONFIRM_SESSION = internal_read(
    "confirm_session", Confirmation, SignedIn, "Prove the second factor of a session."
)
PASSKEY_OPTIONS = internal_read(
    "passkey_options", Enrolment, Enrolling, "What a passkey has to sign to prove itself."
)
END_SESSIONS = internal_read("end_sessions", EndSessions, Ended, "End sessions of one's own.")
END_LOGIN_SESSIONS = internal_read(
    "end_login_sessions", LoginEnded, Ended, "End the sessions of who left the login."
)
ACCOUNT = internal_read("account", OfSession, Account, "One's own sessions and second factors.")
CHANGE_PASSWORD = internal_read(
    "change_password", ChangePassword, Ended, "Change one's password; ends other sessions."
)
ENROL_FACTOR = internal_read("enrol_factor", Enrolment, Enrolling, "Begin a second factor.")
FINISH_FACTOR = internal_read(
    "finish_factor", FinishEnrolment, RecoveryCodes, "Prove and keep a second factor."
)
REMOVE_FACTOR = internal_read("remove_factor", RemoveFactor, Ended, "Remove a factor of one's own.")
RESET_FACTORS = internal_read(
    "reset_factors", ResetFactors, Ended, "Take a colleague's second factors away, on record."
)
OPERATOR = internal_read(
    "operator", Operation, Operator, "Who operates, in which role; notes the act, if it is one."
)
