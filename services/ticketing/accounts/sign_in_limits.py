"""Wrong passwords: who guesses is slowed down, and nobody else with him.

Counted are an address with a name, an address with all names (spraying), and a browser that is
known by its device cookie (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). A name
alone is never locked: its owner signs in from another address, or in the browser he uses, whatever
strangers do.
"""

import datetime as dt
import math
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from bus.errors import TooMany
from bus.process import log
from services.ticketing.accounts import attempts

LOCK, FORGOTTEN = dt.timedelta(minutes=15), dt.timedelta(days=1)


class Bound(NamedTuple):
    """So many failures lock; they are forgotten when ``within`` has passed without one."""

    most: int
    within: dt.timedelta


FAILURES = Bound(5, FORGOTTEN)
# An office of many colleagues has one address; a sprayer tries each name once or twice.
SPRAYED = Bound(20, LOCK)
# Wrong codes of a second factor, for who knows the password: from wherever, in whatever browser.
CODES = Bound(20, FORGOTTEN)
# So many wrong passwords for one name in an hour are no colleague's typing any more.
ATTACK = 30
_log = log.get("sign-in")


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who tries a name: from which address, in which known browser, if it is known."""

    username: str
    address: str = ""
    device: str | None = None

    @property
    def keys(self) -> dict[str, Bound]:
        """What is counted, and how many failures of it lock it."""
        if self.device:
            return {f"staff-device:{self.username}@{self.device}": FAILURES}
        return {
            f"staff:{self.username}@{self.address}": FAILURES,
            f"staff-address:{self.address}": SPRAYED,
        }

    @property
    def name_key(self) -> str:
        """The count of the name, which locks nothing: it is shown to its owner and watched."""
        return f"staff-name:{self.username}"


def known(conn: Connection, guesser: Guesser, now: dt.datetime) -> Guesser:
    """Itself; without its device if that is locked: a stolen device cookie helps nobody."""
    if guesser.device and _wait(conn, list(guesser.keys), now):
        return Guesser(guesser.username, guesser.address)
    return guesser


def refusal(conn: Connection, guesser: Guesser, now: dt.datetime) -> TooMany | None:
    """A refusal if this address must wait, for this name or for all."""
    wait = _wait(conn, list(guesser.keys), now)
    if not wait:
        return None
    return TooMany(
        f"Too many wrong passwords from here; wait {math.ceil(wait / 60)} minutes.",
        code="desk.locked",
        retry_after=wait,
    )


def note_failure(conn: Connection, guesser: Guesser, now: dt.datetime) -> None:
    """Counts a wrong password and locks what has failed too often."""
    for key, bound in guesser.keys.items():
        if _count(conn, key, now, bound.within) >= bound.most:
            attempts.lock_out(conn, key, now + LOCK)
    count = _count(conn, guesser.name_key, now, FORGOTTEN)
    _log.warning("sign_in_failed", known_browser=guesser.device is not None, in_a_row=count)


def forget(conn: Connection, guesser: Guesser) -> int:
    """After a right password: how many wrong ones there were; an address stays counted."""
    failures = conn.execute(
        text("select failures from attempts where code = :code"), {"code": guesser.name_key}
    ).scalar()
    for key, bound in guesser.keys.items():
        if bound is FAILURES:
            attempts.forget_failures(conn, key)
    attempts.forget_failures(conn, guesser.name_key)
    return int(failures or 0)


def code_refusal(conn: Connection, username: str, now: dt.datetime) -> TooMany | None:
    """A refusal if too many codes of the colleague's app were wrong; passkeys and recovery codes,
    which nobody guesses, go on.
    """
    wait = _wait(conn, [_code_key(username)], now)
    if not wait:
        return None
    return TooMany(
        f"Too many wrong codes; wait {math.ceil(wait / 60)} minutes, or use a recovery code or a "
        "passkey.",
        code="desk.locked",
        retry_after=wait,
    )


def note_wrong_code(conn: Connection, username: str, now: dt.datetime) -> None:
    """Counts a wrong code; only who has given the right password comes so far."""
    key = _code_key(username)
    if _count(conn, key, now, CODES.within) >= CODES.most:
        attempts.lock_out(conn, key, now + LOCK)


def forget_codes(conn: Connection, username: str) -> None:
    """After a right proof."""
    attempts.forget_failures(conn, _code_key(username))


def _code_key(username: str) -> str:
    return f"staff-codes:{username}"


def names_under_attack(conn: Connection, now: dt.datetime) -> int:
    """Names that many wrong passwords were tried for, the last within an hour."""
    return int(
        conn.execute(
            text(
                "select count(*) from attempts where code like 'staff-name:%' "
                "and failures >= :many and last_at > :since"
            ),
            {"many": ATTACK, "since": now - dt.timedelta(hours=1)},
        ).scalar_one()
    )


def drop_old(conn: Connection, now: dt.datetime) -> None:
    """Forgets counts of more than a day ago: names that nobody has fill no table."""
    conn.execute(
        text("delete from attempts where code like 'staff%' and last_at < :before"),
        {"before": now - FORGOTTEN},
    )


def _count(conn: Connection, key: str, now: dt.datetime, within: dt.timedelta) -> int:
    """Counts one more failure; how many there are."""
    return int(
        conn.execute(
            text(
                "insert into attempts (code, failures, last_at) values (:key, 1, :now) "
                "on conflict (code) do update set last_at = :now, failures = case "
                "when attempts.last_at < :before then 1 else attempts.failures + 1 end "
                "returning failures"
            ),
            {"key": key, "now": now, "before": now - within},
        ).scalar_one()
    )


def _wait(conn: Connection, keys: list[str], now: dt.datetime) -> int:
    """Seconds until none of the keys is locked any more."""
    until = conn.execute(
        text("select max(locked_until) from attempts where code = any(:keys)"), {"keys": keys}
    ).scalar()
    return 0 if until is None else max(0, math.ceil((until - now).total_seconds()))
