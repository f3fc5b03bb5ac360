"""Sessions of persons: opened by a code to the mobile on file, kept as hashes, and ended there."""

import datetime as dt
import hmac
from dataclasses import dataclass

from sqlalchemy import delete, exists, insert, select, update

from bus.envelope import instant
from bus.errors import BusError, NotFound, RuleBroken
from contracts.inquiry.persons import (
    BeginSignIn,
    Session,
    SessionProof,
    SessionToken,
    SignedOut,
    SignIn,
)
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.persons import Person
from contracts.notify.receiver import Receiver
from contracts.ticketing.lost_secrets import CodeReceipt
from people import retention
from people.one_time_codes import Codes, Limits
from services.inquiry import holds
from services.inquiry.context import Context
from services.inquiry.hashes import person_hash, token_hash
from services.inquiry.own_inquiries.inquiries import face_asker
from services.inquiry.persons.holdings import holdings, registered_since
from services.inquiry.tables import OWN_INQUIRIES, PERSON_SESSIONS

VALID = dt.timedelta(minutes=30)
# A village shares one address; a day's SMS of all cost money.
LIMITS = Limits(
    dt.timedelta(minutes=5), of_asker=5, of_subject=8, of_known=3, of_address=60, of_all=2000
)


@dataclass(frozen=True, slots=True)
class MySession:
    """A session that was proven; ``since`` is given where the registry knows the person."""

    person: bytes
    level: str
    since: dt.datetime | None
    until: dt.datetime

    @property
    def is_registered(self) -> bool:
        """Tell whether the water registry knows the person by this mobile."""
        return self.level == "registered"

    def reply(self) -> Session:
        """Return the session as the portal reads it."""
        since = instant(self.since) if self.since else None
        return Session(level=self.level, since=since, until=instant(self.until))


def begin(context: Context, message: BeginSignIn) -> CodeReceipt:
    """Send a code to the mobile, if it stands on file with this ID; the reply is the same if not.

    On file: in the registry of water, in an own inquiry, or in a request (``stated``).
    """
    person = _person(context, message)
    on_file = (
        _registered_since(context, message) is not None
        or _has_inquiry(context, person)
        or message.stated
    )
    subject = _subject(person) if on_file else None
    begun = _codes(context).begin(subject, face_asker(context), own_browser=message.own_browser)
    if begun.pin is not None:
        context.tx.send(
            SEND_MESSAGE,
            SendMessage(
                # Which of them counts as a stranger's: services/notify/sending/code_caps.py.
                template="my_code_known" if message.own_browser else "my_code",
                channels=("sms",),
                to=Receiver(mobile=message.mobile),
                language=message.language,
                personalisation={"pin": begun.pin},
                reference=begun.id,
            ),
        )
    minutes = int(LIMITS.valid.total_seconds()) // 60
    return CodeReceipt(request_id=begun.id, valid_minutes=minutes)


def open_(context: Context, message: SignIn) -> Session | BusError:
    """Open a session for the code that came to this person; the refusal of ``Codes.redeem``."""
    person = _person(context, message)
    subject = _codes(context).redeem(message.request_id, message.pin)
    if isinstance(subject, BusError):
        return subject
    if not hmac.compare_digest(subject, _subject(person)):
        return RuleBroken("The code is not right; compare it.", code="secret_code.wrong")
    since = _registered_since(context, message)
    level = "stated" if since is None else "registered"
    session = MySession(person, level, since, context.now + VALID)
    context.conn.execute(
        insert(PERSON_SESSIONS).values(
            token_hash=token_hash(context.log_key, message.token),
            person=person,
            level=level,
            since=since,
            started_at=context.now,
            until=session.until,
        )
    )
    return session.reply()


def proven(context: Context, proof: SessionProof) -> MySession:
    """Return the session of a token that is this person's and has not ended.

    NotFound ``my.signed_out`` for any other, whatever is wrong with it.
    """
    column = PERSON_SESSIONS.c
    row = context.conn.execute(
        select(column.person, column.level, column.since, column.until).where(
            column.token_hash == token_hash(context.log_key, proof.token),
            column.ended_at.is_(None),
            column.until > context.now,
        )
    ).one_or_none()
    if row is None or not hmac.compare_digest(bytes(row.person), _person(context, proof)):
        raise NotFound("This session has ended; sign in again.", code="my.signed_out")
    return MySession(bytes(row.person), row.level, row.since, row.until)


def end(context: Context, message: SessionToken) -> SignedOut:
    """End a session; whoever has kept its token opens nothing with it."""
    column = PERSON_SESSIONS.c
    ended = context.conn.execute(
        update(PERSON_SESSIONS)
        .where(
            column.token_hash == token_hash(context.log_key, message.token),
            column.ended_at.is_(None),
        )
        .values(ended_at=context.now)
    )
    return SignedOut(ended=ended.rowcount > 0)


def forget(context: Context) -> None:
    """Delete sessions that ended a day ago."""
    column = PERSON_SESSIONS.c
    context.conn.execute(
        delete(PERSON_SESSIONS).where(
            column.until < context.now - retention.span("person_sessions"),
            ~holds.holds_session(context),
        )
    )


def _person(context: Context, person: Person) -> bytes:
    return person_hash(context.log_key, person.mobile, person.national_id)


def _registered_since(context: Context, person: Person) -> dt.datetime | None:
    held = holdings(context.conn, person.national_id)
    return registered_since(held, person.mobile, person.national_id)


def _has_inquiry(context: Context, person: bytes) -> bool:
    query = select(exists().where(OWN_INQUIRIES.c.person == person))
    return bool(context.conn.execute(query).scalar_one())


def _subject(person: bytes) -> str:
    return f"person {person.hex()}"


def _codes(context: Context) -> Codes:
    return Codes(context.conn, context.now, context.log_key, LIMITS)
