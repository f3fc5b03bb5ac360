"""Codes of the console, each used once, and the sessions that they open.

A session is bound to the agency and the key that asked for its code: it ends with that key, with
the agency, when somebody signs out, and after an hour. Codes and cookies are kept as digests.
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update

from bus.database.rows import columns, fetch_one
from bus.envelope import instant
from bus.errors import NotFound, Unauthenticated
from contracts.agencies.console import CODE_MINUTES, SESSION_MINUTES, EntryCode, Session
from iran.persian import tehran_day
from services.agencies.context import CallingAgency, Context
from services.agencies.register.versions import get_agency_in_force
from services.agencies.tables import CONSOLE_CODES, CONSOLE_SESSIONS

CODE_BYTES = 24


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """A session of the console: whose it is, by which key it was opened, when it ends."""

    agency: str
    key: str
    until: dt.datetime


def open_console(context: Context, agency: CallingAgency) -> EntryCode:
    """Make a code for the agency that calls. RuleBroken ``agency.only`` is its caller's."""
    code = secrets.token_urlsafe(CODE_BYTES)
    until = context.now + dt.timedelta(minutes=CODE_MINUTES)
    context.conn.execute(
        insert(CONSOLE_CODES).values(
            code=digest(code), agency=agency.code, key=agency.key or "", until=until
        )
    )
    return EntryCode(entry_code=code, until=instant(until))


def enter(context: Context, code: str, session: str) -> Session:
    """Use a code up and begin the session of that digest.

    Unauthenticated ``console.code`` for a code that is unknown, used or too old, or whose key
    is no longer in force.
    """
    used = context.conn.execute(
        update(CONSOLE_CODES)
        .where(
            CONSOLE_CODES.c.code == digest(code),
            CONSOLE_CODES.c.used_at.is_(None),
            CONSOLE_CODES.c.until > context.now,
        )
        .values(used_at=context.now)
        .returning(CONSOLE_CODES.c.agency, CONSOLE_CODES.c.key)
    ).one_or_none()
    if used is None or not _in_force(context, used.agency, used.key):
        raise Unauthenticated(
            "This address of the console was used already, or its ten minutes are over.",
            code="console.code",
        )
    until = context.now + dt.timedelta(minutes=SESSION_MINUTES)
    context.conn.execute(
        insert(CONSOLE_SESSIONS).values(
            session=session, agency=used.agency, key=used.key, until=until
        )
    )
    return Session(agency=used.agency, key=used.key, until=instant(until))


def read_session(context: Context, session: str) -> Session:
    """Whose session it is. Unauthenticated ``console.signed_out`` if it is nobody's now."""
    row = fetch_one(
        context.conn,
        ConsoleSession,
        select(*columns(CONSOLE_SESSIONS, ConsoleSession)).where(
            CONSOLE_SESSIONS.c.session == session, CONSOLE_SESSIONS.c.until > context.now
        ),
    )
    if row is None or not _in_force(context, row.agency, row.key):
        raise Unauthenticated("Nobody is signed in to the console here.", code="console.signed_out")
    return Session(agency=row.agency, key=row.key, until=instant(row.until))


def leave(context: Context, session: str) -> bool:
    """End a session; False if there was none."""
    ended = context.conn.execute(
        delete(CONSOLE_SESSIONS).where(CONSOLE_SESSIONS.c.session == session)
    )
    return ended.rowcount > 0


def _in_force(context: Context, agency: str, key: str) -> bool:
    """True while the agency and its key (or certificate) of that id are in force."""
    try:
        document = get_agency_in_force(context.conn, agency).document
    except NotFound:
        return False
    today = tehran_day(context.now).isoformat()
    held = (*document.get("keys", ()), *document.get("certificates", ()))
    return any(credential["id"] == key and credential["until"] >= today for credential in held)


def digest(text: str) -> str:
    """The SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete codes and sessions that are over."""
    conn.execute(
        delete(CONSOLE_CODES).where(
            or_(CONSOLE_CODES.c.until <= now, CONSOLE_CODES.c.used_at.is_not(None))
        )
    )
    conn.execute(delete(CONSOLE_SESSIONS).where(CONSOLE_SESSIONS.c.until <= now))
