"""Limits on wrong passwords: a guesser is slowed down, and nobody else.

Counted are an address with a name, an address with all names (spraying), and a browser that is
known by its device cookie (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). A name
alone is never locked: its owner signs in from another address, or in the browser he uses, whatever
strangers do.
"""

import datetime as dt
import math
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from bus.errors import TooMany
from bus.process import log
from services.ticketing.accounts import attempts

LOCK, FORGOTTEN = dt.timedelta(minutes=15), attempts.FORGOTTEN
_NAMES = "staff-name:"


class Bound(NamedTuple):
    """So many failures lock; they are forgotten after ``within`` without another one."""

    most: int
    within: dt.timedelta


FAILURES = Bound(5, FORGOTTEN)
# An office of many colleagues has one address; a sprayer tries each name once or twice.
SPRAYED = Bound(20, LOCK)
# Wrong codes of a second factor, by a name: from any address, in any browser.
CODES = Bound(20, FORGOTTEN)
# So many wrong passwords for one name in an hour are no colleague's typing any more.
ATTACK = 30
_log = log.get("sign-in")


@dataclass(frozen=True, slots=True)
class Guesser:
    """An attempt on a name: from which address, in which known browser (its device cookie)."""

    username: str
    address: str = ""
    device: str | None = None

    @property
    def keys(self) -> dict[str, Bound]:
        """The keys that are counted, and the bound of each."""
        if self.device:
            return {f"staff-device:{self.username}@{self.device}": FAILURES}
        return {
            f"staff:{self.username}@{self.address}": FAILURES,
            f"staff-address:{self.address}": SPRAYED,
        }

    @property
    def name_key(self) -> str:
        """The count of the name, which locks nothing: it is shown to its owner and watched."""
        return f"{_NAMES}{self.username}"


def without_locked_device(conn: Connection, guesser: Guesser, now: dt.datetime) -> Guesser:
    """Return it without its device if that is locked: a stolen device cookie helps nobody."""
    if guesser.device and attempts.seconds_locked(conn, list(guesser.keys), now):
        return Guesser(guesser.username, guesser.address)
    return guesser


def refusal(conn: Connection, guesser: Guesser, now: dt.datetime) -> TooMany | None:
    """Return a refusal if this address must wait, for this name or for all."""
    wait = attempts.seconds_locked(conn, list(guesser.keys), now)
    if not wait:
        return None
    return TooMany(
        f"Too many wrong passwords from here; wait {math.ceil(wait / 60)} minutes.",
        code="desk.locked",
        retry_after=wait,
    )


def note_failure(conn: Connection, guesser: Guesser, now: dt.datetime) -> None:
    """Count a wrong password, and lock the keys that failed too often."""
    for key, bound in guesser.keys.items():
        if attempts.count(conn, key, now, bound.within) >= bound.most:
            attempts.lock_out(conn, key, now + LOCK)
    count = attempts.count(conn, guesser.name_key, now)
    _log.warning("sign_in_failed", known_browser=guesser.device is not None, in_a_row=count)


def forget(conn: Connection, guesser: Guesser) -> int:
    """After a right password: return how many wrong ones there were; an address stays counted."""
    failures = attempts.failures(conn, guesser.name_key)
    for key, bound in guesser.keys.items():
        if bound is FAILURES:
            attempts.forget(conn, key)
    attempts.forget(conn, guesser.name_key)
    return failures


def code_refusal(conn: Connection, username: str, now: dt.datetime) -> TooMany | None:
    """Return a refusal if too many codes of the colleague's app were wrong; passkeys and recovery
    codes, which nobody guesses, go on.
    """
    wait = attempts.seconds_locked(conn, [_code_key(username)], now)
    if not wait:
        return None
    return TooMany(
        f"Too many wrong codes; wait {math.ceil(wait / 60)} minutes, or use a recovery code or a "
        "passkey.",
        code="desk.locked",
        retry_after=wait,
    )


def note_wrong_code(conn: Connection, username: str, now: dt.datetime) -> None:
    """Count a wrong code; only somebody with the right password comes so far."""
    key = _code_key(username)
    if attempts.count(conn, key, now, CODES.within) >= CODES.most:
        attempts.lock_out(conn, key, now + LOCK)


def forget_codes(conn: Connection, username: str) -> None:
    """Forget wrong codes after a right proof."""
    attempts.forget(conn, _code_key(username))


def _code_key(username: str) -> str:
    return f"staff-codes:{username}"


def names_under_attack(conn: Connection, now: dt.datetime) -> int:
    """Count the names for which many wrong passwords were tried, the last within an hour."""
    return attempts.count_keys(conn, _NAMES, ATTACK, now - dt.timedelta(hours=1))


def drop_old(conn: Connection, now: dt.datetime) -> None:
    """Forget counts of more than a day ago: names that nobody has fill no table."""
    attempts.forget_before(conn, now - FORGOTTEN, "staff")
