"""Sessions of colleagues: rows here, a name in the browser's cookie.

A session that ends here is over at the next request, for every process asks here.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, true, update

from bus.database.rows import columns, fetch_all, fetch_only
from bus.errors import Unauthenticated
from bus.settings import Settings
from people import retention
from services.ticketing.tables import ACCOUNT_LOG, SECOND_FACTORS, SESSIONS, STAFF

IDLE_MINUTES, HOURS = 30, 8
# How often it is written down that somebody is still there.
SEEN_SECONDS = 20
KEPT = retention.span("staff_sessions")


class Limits(NamedTuple):
    """How long a session may be idle, and how long it lasts at most."""

    idle: dt.timedelta
    most: dt.timedelta

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(
            dt.timedelta(minutes=settings.whole("SESSION_IDLE_MINUTES", IDLE_MINUTES)),
            dt.timedelta(hours=settings.whole("SESSION_HOURS", HOURS)),
        )


@dataclass(frozen=True, slots=True)
class Start:
    """A session that begins: the SHA-256 of its cookie, the face, and where the browser is."""

    session: str
    face: str
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; ``pending`` until the second factor is proven, if there is one."""

    id: int
    username: str
    face: str
    pending: bool
    factor: str | None
    failures: int
    wrong_codes: int
    challenge: bytes | None
    started_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """An open session in a list."""

    id: int
    face: str
    browser: str
    address: str
    started_at: dt.datetime
    seen_at: dt.datetime


_COLUMNS = columns(SESSIONS, Session)
# A session that began before its colleague had a second factor has proven none either.
_UNPROVEN = or_(
    SESSIONS.c.pending,
    and_(
        SESSIONS.c.factor.is_(None),
        select(SECOND_FACTORS.c.id)
        .where(
            SECOND_FACTORS.c.username == SESSIONS.c.username,
            SECOND_FACTORS.c.confirmed_at.is_not(None),
        )
        .exists(),
    ),
).label("pending")
_OPEN_COLUMNS = [_UNPROVEN if column.name == "pending" else column for column in _COLUMNS]


def begin(  # noqa: PLR0913 - what a session is from its beginning on
    conn: Connection,
    username: str,
    start: Start,
    now: dt.datetime,
    *,
    pending: bool,
    factor: str | None = None,
    failures: int = 0,
) -> Session:
    """Open a session. Its name in the cookie was made for this sign-in alone."""
    statement = insert(SESSIONS).values(
        digest=start.session,
        username=username,
        face=start.face,
        pending=pending,
        factor=factor,
        failures=failures,
        browser=start.browser,
        address=start.address,
        started_at=now,
        seen_at=now,
    )
    return fetch_only(conn, Session, statement.returning(*_COLUMNS))


def current(  # noqa: PLR0913 - what a session is judged by
    conn: Connection,
    digest: str,
    face: str,
    now: dt.datetime,
    limits: Limits,
    *,
    unattended: bool = False,
) -> Session:
    """Return the open session of a cookie. Unauthenticated ``desk.signed_out`` if none is open.

    A page that asks by itself (``unattended``) keeps no session from growing idle.
    """
    row = conn.execute(
        select(*_OPEN_COLUMNS, SESSIONS.c.seen_at)
        .join_from(SESSIONS, STAFF, SESSIONS.c.username == STAFF.c.username)
        .where(
            SESSIONS.c.digest == digest,
            SESSIONS.c.face == face,
            STAFF.c.active,
            _is_open(now, limits),
        )
    ).one_or_none()
    if row is None:
        raise signed_out()
    if not unattended and (now - row.seen_at).total_seconds() > SEEN_SECONDS:
        conn.execute(update(SESSIONS).values(seen_at=now).where(SESSIONS.c.id == row.id))
    return Session(*row[:-1])


def _is_open(now: dt.datetime, limits: Limits) -> ColumnElement[bool]:
    return and_(
        SESSIONS.c.ended_at.is_(None),
        SESSIONS.c.seen_at > now - limits.idle,
        SESSIONS.c.started_at > now - limits.most,
    )


def signed_out() -> Unauthenticated:
    """The refusal of somebody without an open session."""
    return Unauthenticated("Sign in to the desk.", code="desk.signed_out")


def renew(conn: Connection, session: Session, digest: str, factor: str) -> Session:
    """Rename a session that has more rights now: whoever knew the old name has nothing."""
    statement = (
        update(SESSIONS)
        .values(digest=digest, pending=False, factor=factor, challenge=None, wrong_codes=0)
        .where(SESSIONS.c.id == session.id)
    )
    return fetch_only(conn, Session, statement.returning(*_COLUMNS))


def rename(conn: Connection, session: Session, digest: str) -> None:
    """Give a session another name in its cookie."""
    conn.execute(update(SESSIONS).values(digest=digest).where(SESSIONS.c.id == session.id))


def address_of(conn: Connection, session: Session) -> str:
    """Return the address from which a session began."""
    statement = select(SESSIONS.c.address).where(SESSIONS.c.id == session.id)
    return str(conn.execute(statement).scalar_one())


def set_challenge(conn: Connection, session: Session, challenge: bytes) -> None:
    """Keep what the session's next passkey has to sign; used once."""
    conn.execute(update(SESSIONS).values(challenge=challenge).where(SESSIONS.c.id == session.id))


def note_wrong_code(conn: Connection, session: Session, most: int, now: dt.datetime) -> bool:
    """Count a wrong proof; True if the session ended by it."""
    count = conn.execute(
        update(SESSIONS)
        .values(wrong_codes=SESSIONS.c.wrong_codes + 1, challenge=None)
        .where(SESSIONS.c.id == session.id)
        .returning(SESSIONS.c.wrong_codes)
    ).scalar_one()
    if count < most:
        return False
    return bool(_end(conn, SESSIONS.c.id == session.id, "wrong codes", now))


def end_own(
    conn: Connection, session: Session, which: str, id: int | None, now: dt.datetime
) -> int:
    """End the session itself (this), another one of the colleague's (one), the others, or all."""
    choice = {
        "this": SESSIONS.c.id == session.id,
        "one": SESSIONS.c.id == id,
        "others": SESSIONS.c.id != session.id,
        "all": true(),
    }[which]
    return _end(conn, and_(SESSIONS.c.username == session.username, choice), "colleague", now)


def end_all(conn: Connection, username: str, reason: str, but: int | None = None) -> int:
    """End all sessions of a colleague but one; return how many there were."""
    where = and_(SESSIONS.c.username == username, SESSIONS.c.id.is_distinct_from(but))
    return _end(conn, where, reason, dt.datetime.now(dt.UTC))


def _end(conn: Connection, where: ColumnElement[bool], reason: str, now: dt.datetime) -> int:
    return conn.execute(
        update(SESSIONS)
        .values(ended_at=now, ended_by=reason)
        .where(SESSIONS.c.ended_at.is_(None), where)
    ).rowcount


def open_sessions(
    conn: Connection, username: str, now: dt.datetime, limits: Limits
) -> list[OpenSession]:
    """List the open sessions of a colleague, the newest first."""
    statement = (
        select(*columns(SESSIONS, OpenSession))
        .where(SESSIONS.c.username == username, ~SESSIONS.c.pending, _is_open(now, limits))
        .order_by(SESSIONS.c.id.desc())
        .limit(100)
    )
    return fetch_all(conn, OpenSession, statement)


def drop_old(conn: Connection, now: dt.datetime) -> None:
    """Forget sessions of long ago, with the addresses that they came from."""
    conn.execute(delete(SESSIONS).where(SESSIONS.c.started_at < now - KEPT))


def note(
    conn: Connection,
    actor: str,
    act: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Write an act on accounts, sessions or by operators to the account log."""
    conn.execute(
        insert(ACCOUNT_LOG).values(
            actor=actor, act=act, subject=subject, details=dict(details or {})
        )
    )
