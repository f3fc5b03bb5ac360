"""What is read of a JSON Web Key Set that an agency publishes (RFC 7517), and when it counts; pure.

A set that is odd as a whole is not taken, and what was taken before stays. A key in it that is of
no use here is left out, since sets are published for others too.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from bus.signatures.jwk import Unreadable, holds_private_half, public_key
from members.clients import KeySet

LONGEST, MOST_KEYS, LONGEST_KID = 64 * 1024, 10, 64
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
PUBLIC = ("kty", "crv", "x", "y", "n", "e")


class BadKeySet(ValueError):
    """A set that is not taken; ``code`` says why, ``exposed`` are thumbprints of keys beside which
    a private half stands: true if it is the key's own, so that whoever read it can sign by it.
    """

    def __init__(self, code: str, exposed: Mapping[str, bool] | None = None) -> None:
        super().__init__(code)
        self.code, self.exposed = code, dict(exposed or {})


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key of a set: the agency's name of it, its members, its thumbprint (RFC 7638)."""

    kid: str
    jwk: Mapping[str, str]
    thumbprint: str


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """When a key was first read, and since when it stands in the set without a gap."""

    first_at: dt.datetime
    since: dt.datetime


def read_key_set(body: bytes) -> list[PublishedKey]:
    """The keys of a set that can prove a client. Raises BadKeySet."""
    if len(body) > LONGEST:
        raise BadKeySet("too_large")
    try:
        keys = orjson.loads(body)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise BadKeySet("no_key_set") from None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise BadKeySet("no_key_set")
    if len(keys) > MOST_KEYS:
        raise BadKeySet("too_many")
    private = [key for key in keys if PRIVATE & key.keys()]
    if private:
        raise BadKeySet("private_key", dict(_exposed(private)))
    kids = [key["kid"] for key in keys if isinstance(key.get("kid"), str)]
    if len(set(kids)) < len(kids):
        raise BadKeySet("kid_twice")
    published = [key for members in keys if (key := _published(members)) is not None]
    if len({key.thumbprint for key in published}) < len(published):
        raise BadKeySet("key_twice")
    return published


def _published(members: Mapping[str, object]) -> PublishedKey | None:
    """The key, if it has a name and can sign assertions; weak keys prove nothing."""
    kid, operations = members.get("kid"), members.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID or not kid.isprintable():
        return None
    is_for_signing = members.get("use", "sig") == "sig" and (
        isinstance(operations, list) and "verify" in operations
    )
    if not is_for_signing:
        return None
    jwk = {name: str(members[name]) for name in PUBLIC if name in members}
    try:
        key, _ = public_key(jwk)
    except Unreadable:
        return None
    return PublishedKey(kid, jwk, key.thumbprint())


def _exposed(keys: Iterable[dict[str, object]]) -> Iterable[tuple[str, bool]]:
    for members in keys:
        try:
            key, _ = public_key({n: members[n] for n in PUBLIC if n in members})
        except Unreadable:
            continue
        yield key.thumbprint(), holds_private_half(members)


def counts_from(rules: KeySet, times: KeyTimes) -> dt.datetime:
    """From when a key counts: so long after it appeared officers can look at it first."""
    return times.since + dt.timedelta(minutes=rules.wait_minutes)


def last_day(rules: KeySet, times: KeyTimes) -> dt.date:
    """The last day of a key: that of its set, or its greatest age."""
    return min(rules.until, (times.first_at + dt.timedelta(days=rules.key_days)).date())


def counts(rules: KeySet, times: KeyTimes, good_at: dt.datetime | None, now: dt.datetime) -> bool:
    """True if a key that stands in the set counts now; ``good_at`` is the set's last reading."""
    if good_at is None or now > good_at + dt.timedelta(hours=rules.offline_hours):
        return False
    return counts_from(rules, times) <= now and now.date() <= last_day(rules, times)


def key_id(code: str, thumbprint: str) -> str:
    """The id of a fetched key in the register: of the key itself, so that none is used twice."""
    return f"{code}.{thumbprint[:16]}"
