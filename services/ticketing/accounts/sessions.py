"""Sessions of colleagues: rows here, a name in the browser's cookie. What ends here is over in the
next request of every process, for each asks here.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, Row, text

from bus.errors import Unauthenticated
from bus.settings import Settings

IDLE_MINUTES, HOURS = 30, 8
# How often it is written down that somebody is still there.
SEEN_SECONDS = 20
KEPT = dt.timedelta(days=30)


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


_FIELDS = "id, username, face, pending, factor, failures, wrong_codes, challenge, started_at"
# A session that began before its colleague had a second factor has proven none either.
_UNPROVEN = (
    "pending or factor is null and exists (select from second_factors f "
    "where f.username = sessions.username and f.confirmed_at is not null)"
)
_OPEN_FIELDS = _FIELDS.replace("pending", f"({_UNPROVEN}) as pending")


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
    """Opens a session. The cookie's name of it was made for this sign-in alone."""
    row = conn.execute(
        text(
            "insert into sessions (digest, username, face, pending, factor, failures, browser, "  # noqa: S608 - made of constants
            "address, started_at, seen_at) values (:session, :username, :face, :pending, :factor, "
            f":failures, :browser, :address, :now, :now) returning {_FIELDS}"
        ),
        {
            "session": start.session, "face": start.face, "browser": start.browser,
            "address": start.address, "username": username, "pending": pending,
            "factor": factor, "failures": failures, "now": now,
        },
    ).one()  # fmt: skip
    return Session(*row)


def current(conn: Connection, digest: str, face: str, now: dt.datetime, limits: Limits) -> Session:
    """The open session of that cookie. Unauthenticated ``desk.signed_out`` if there is none."""
    row = conn.execute(
        text(
            f"select {_OPEN_FIELDS}, seen_at from sessions join staff using (username) "  # noqa: S608 - made of constants
            "where digest = :digest and face = :face and ended_at is null and active "
            "and seen_at > :idle and started_at > :begun"
        ),
        {"digest": digest, "face": face, "idle": now - limits.idle, "begun": now - limits.most},
    ).one_or_none()
    if row is None:
        raise signed_out()
    if (now - row.seen_at).total_seconds() > SEEN_SECONDS:
        conn.execute(
            text("update sessions set seen_at = :now where id = :id"), {"now": now, "id": row.id}
        )
    return Session(*row[:-1])


def signed_out() -> Unauthenticated:
    return Unauthenticated("Sign in to the desk.", code="desk.signed_out")


def renew(conn: Connection, session: Session, digest: str, factor: str) -> Session:
    """The session under another name, with more rights: who knew the old one has nothing."""
    row = conn.execute(
        text(
            "update sessions set digest = :digest, pending = false, factor = :factor, "  # noqa: S608 - made of constants
            f"challenge = null, wrong_codes = 0 where id = :id returning {_FIELDS}"
        ),
        {"digest": digest, "factor": factor, "id": session.id},
    ).one()
    return Session(*row)


def set_challenge(conn: Connection, session: Session, challenge: bytes) -> None:
    """What the session's next passkey has to sign; used once."""
    conn.execute(
        text("update sessions set challenge = :challenge where id = :id"),
        {"challenge": challenge, "id": session.id},
    )


def note_wrong_code(conn: Connection, session: Session, most: int, now: dt.datetime) -> bool:
    """Counts a wrong proof; True if the session ended by it."""
    count = conn.execute(
        text(
            "update sessions set wrong_codes = wrong_codes + 1, challenge = null where id = :id "
            "returning wrong_codes"
        ),
        {"id": session.id},
    ).scalar_one()
    if count < most:
        return False
    return bool(end(conn, "id = :id", {"id": session.id}, "wrong codes", now))


def end_own(
    conn: Connection, session: Session, which: str, id: int | None, now: dt.datetime
) -> int:
    """Ends the session itself, another one of the colleague's, all others, or all."""
    wheres = {
        "this": "id = :own",
        "one": "id = :id",
        "others": "id <> :own",
        "all": "true",
    }
    values = {"own": session.id, "id": id, "username": session.username}
    return end(conn, f"username = :username and {wheres[which]}", values, "colleague", now)


def end_all(conn: Connection, username: str, reason: str, but: int | None = None) -> int:
    """Ends all sessions of a colleague but one; how many there were."""
    where = "username = :username and id is distinct from :but"
    return end(conn, where, {"username": username, "but": but}, reason, dt.datetime.now(dt.UTC))


def end(
    conn: Connection, where: str, values: Mapping[str, object], reason: str, now: dt.datetime
) -> int:
    """Ends the open sessions that ``where``, a constant of this package, names."""
    return conn.execute(
        text(
            "update sessions set ended_at = :now, ended_by = :reason "  # noqa: S608 - made of constants
            f"where ended_at is null and {where}"
        ),
        {**values, "now": now, "reason": reason},
    ).rowcount


def listed(conn: Connection, username: str, now: dt.datetime, limits: Limits) -> list[Row]:
    """The open sessions of a colleague, the newest first."""
    return list(
        conn.execute(
            text(
                "select id, face, browser, address, started_at, seen_at from sessions "
                "where username = :username and ended_at is null and not pending "
                "and seen_at > :idle and started_at > :begun order by id desc limit 100"
            ),
            {"username": username, "idle": now - limits.idle, "begun": now - limits.most},
        )
    )


def drop_old(conn: Connection, now: dt.datetime) -> None:
    """Forgets sessions of long ago, with the addresses that they came from."""
    conn.execute(text("delete from sessions where started_at < :before"), {"before": now - KEPT})


def note(
    conn: Connection,
    actor: str,
    act: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> None:
    """Writes an act on accounts, sessions or by operators down, with who did it."""
    conn.execute(
        text(
            "insert into account_log (actor, act, subject, details) "
            "values (:actor, :act, :subject, cast(:details as jsonb))"
        ),
        {
            "actor": actor, "act": act, "subject": subject,
            "details": orjson.dumps(details or {}).decode(),
        },
    )  # fmt: skip
