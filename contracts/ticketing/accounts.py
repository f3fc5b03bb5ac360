"""Sessions, second factors and operators: what the faces of colleagues ask of ticketing.

A session is named by the SHA-256 of what the browser's cookie holds, so that no message and no
table holds what opens it.
"""

from typing import Any

from marshmallow import Schema, fields, validate

from bus.fields import Choice, Instant, Text, whole
from bus.kinds import Request
from contracts.ticketing.desk import Staff

FACES = ("desk", "ops")
FACTORS = ("totp", "passkey", "recovery", "login")
OPERATOR_ROLES = ("observer", "operator")
OPERATIONS = ("dead_letters.replay", "registry.load")
LONGEST_CREDENTIAL = 20_000


def digest(**kwargs: Any) -> Text:
    """SHA-256 in hex."""
    form = validate.Regexp(r"[0-9a-f]{64}\Z", error="digest|Give the SHA-256 in hex.")
    return Text(64, least=64, validate=form, personal=True, **kwargs)


class OfSession(Schema):
    """Whose session it is that asks."""

    session = digest(required=True)
    face = Choice(FACES, required=True)


class Started(Schema):
    """A session that begins, and what is known of the browser."""

    session = digest(required=True)
    face = Choice(FACES, required=True)
    address = Text(60, required=True, least=0, personal=True)
    browser = Text(200, required=True, least=0)


class PasswordSignIn(Started):
    username = Text(60, required=True)
    password = Text(200, required=True, personal=True)
    device = Text(
        64, load_default=None, allow_none=True, personal=True,
        metadata={"description": "Of a browser in which this colleague signed in before"},
    )  # fmt: skip


class LoginSignIn(Started):
    """Somebody whom the organisation's login has proven: issuer and subject never change."""

    issuer = Text(300, required=True)
    subject = Text(255, required=True)
    claimed = Text(
        200, required=True, least=0, personal=True,
        metadata={"description": "The name that the login tells, for whoever links accounts"},
    )  # fmt: skip
    factor = fields.Boolean(
        required=True, metadata={"description": "The login has proven a second factor"}
    )


class SignedIn(Staff):
    """``pending`` sessions open nothing until the second factor is proven."""

    pending = fields.Boolean(required=True)
    factor = Choice(FACTORS, required=True, allow_none=True)
    factors = fields.List(Choice(FACTORS), required=True)
    operator = Choice(OPERATOR_ROLES, required=True, allow_none=True)
    failures = fields.Integer(
        required=True, metadata={"description": "Wrong passwords before this sign-in"}
    )
    started_at = Instant(required=True)


class Confirmation(OfSession):
    """A proof of the second factor; the session goes on under a new name."""

    proof = Text(
        LONGEST_CREDENTIAL, required=True, least=0, personal=True,
        metadata={"description": "A code, or the credential of WebAuthn as JSON"},
    )  # fmt: skip
    origin = Text(
        300, load_default="", least=0,
        metadata={"description": "The face as the browser has it; passkeys belong to it"},
    )  # fmt: skip
    renewed = digest(required=True)


class Enrolment(OfSession):
    kind = Choice(("totp", "passkey"), required=True)
    origin = Text(300, load_default="", least=0)


class Enrolling(Schema):
    """What the colleague's program needs: a secret, or options of WebAuthn as JSON."""

    factor = fields.Integer(required=True, allow_none=True)
    seed = Text(64, required=True, allow_none=True, personal=True)
    seed_uri = Text(400, required=True, allow_none=True, personal=True)
    options = Text(LONGEST_CREDENTIAL, required=True, allow_none=True)


class FinishEnrolment(Confirmation):
    factor = whole(1, 2**53, load_default=None, allow_none=True)
    title = Text(60, load_default="", least=0)


class RecoveryCodes(Schema):
    """Shown once; none if the colleague has some already."""

    recovery_codes = fields.List(Text(20), required=True, metadata={"personal": True})


class EndSessions(OfSession):
    """One of the colleague's sessions, or all others, or all."""

    which = Choice(("this", "one", "others", "all"), load_default="this")
    id = whole(1, 2**53, load_default=None, allow_none=True)


class Ended(Schema):
    ended = fields.Integer(required=True)


class ChangePassword(OfSession):
    old_password = Text(200, required=True, personal=True)
    new_password = Text(200, required=True, personal=True)
    renewed = digest(required=True)


class RemoveFactor(OfSession):
    factor = whole(1, 2**53, required=True)


class ResetFactors(OfSession):
    username = Text(60, required=True)
    reason = Text(300, required=True)


class SessionRow(Schema):
    id = fields.Integer(required=True)
    face = Choice(FACES, required=True)
    browser = Text(200, required=True, least=0)
    address = Text(60, required=True, least=0, personal=True)
    started_at = Instant(required=True)
    seen_at = Instant(required=True)
    own = fields.Boolean(required=True)


class FactorRow(Schema):
    id = fields.Integer(required=True)
    kind = Choice(("totp", "passkey"), required=True)
    title = Text(60, required=True)
    added_at = Instant(required=True)


class ColleagueRow(Schema):
    username = Text(60, required=True)
    name = Text(100, required=True, personal=True)


class Account(Schema):
    """A colleague's own account; ``colleagues`` are those whose factors he may take away."""

    sessions = fields.List(fields.Nested(SessionRow), required=True)
    factors = fields.List(fields.Nested(FactorRow), required=True)
    recovery_left = fields.Integer(required=True)
    password = fields.Boolean(required=True)
    colleagues = fields.List(fields.Nested(ColleagueRow), required=True)


class Operation(Schema):
    """An act of operators: who does it is proven by a session or by a token of a machine."""

    session = digest(load_default=None, allow_none=True)
    token = digest(load_default=None, allow_none=True)
    act = Choice(OPERATIONS, load_default=None, allow_none=True)
    subject = Text(300, load_default="", least=0)


class Operator(Schema):
    name = Text(80, required=True)
    role = Choice(OPERATOR_ROLES, required=True)


class LoginEnded(Schema):
    """The organisation's login ended somebody's sessions (OpenID Connect Back-Channel Logout)."""

    issuer = Text(300, required=True)
    subject = Text(255, required=True)


def _request(operation: str, schema: Schema, reply: Schema, doc: str) -> Request:
    return Request(
        f"ticketing.{operation}.v1", schema, reply=reply, doc=doc, effect=False, agency=False
    )


START_SESSION = _request(
    "start_session", PasswordSignIn(), SignedIn(), "Sign in a colleague by name and password."
)
START_LOGIN_SESSION = _request(
    "start_login_session", LoginSignIn(), SignedIn(),
    "Sign in a colleague whom the organisation's login has proven.",
)  # fmt: skip
SESSION = _request("session", OfSession(), SignedIn(), "Whose session it is, if it is open.")
CONFIRM_SESSION = _request(
    "confirm_session", Confirmation(), SignedIn(), "Prove the second factor of a session."
)
PASSKEY_OPTIONS = _request(
    "passkey_options", Enrolment(), Enrolling(), "What a passkey has to sign to prove itself."
)
END_SESSIONS = _request("end_sessions", EndSessions(), Ended(), "End sessions of one's own.")
END_LOGIN_SESSIONS = _request(
    "end_login_sessions", LoginEnded(), Ended(), "End the sessions of who left the login."
)
ACCOUNT = _request("account", OfSession(), Account(), "One's own sessions and second factors.")
CHANGE_PASSWORD = _request(
    "change_password", ChangePassword(), Ended(), "Change one's password; ends other sessions."
)
ENROL_FACTOR = _request("enrol_factor", Enrolment(), Enrolling(), "Begin a second factor.")
FINISH_FACTOR = _request(
    "finish_factor", FinishEnrolment(), RecoveryCodes(), "Prove and keep a second factor."
)
REMOVE_FACTOR = _request("remove_factor", RemoveFactor(), Ended(), "Remove a factor of one's own.")
RESET_FACTORS = _request(
    "reset_factors", ResetFactors(), Ended(), "Take a colleague's second factors away, on record."
)
OPERATOR = _request(
    "operator", Operation(), Operator(), "Who operates, in which role; notes the act, if it is one."
)
