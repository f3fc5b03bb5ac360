"""How often strangers can make us write to somebody who has confirmed nothing.

Whoever registers a ticket names a number or an address that need not be his own. So each receiver
gets a few notices of such acts an hour and a day, from however many places they come, and all such
SMS together have an end of cost. What is over is not sent: the act itself is done all the same.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import text

from bus.process import log
from services.ticketing.tickets.acts import Desk

_log = log.get("receivers")

# A letter wakes nobody and costs nothing.
LETTERS_FOR_AN_SMS = 4
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
# Letters with a code for a new secret, counted apart: who registers tickets takes none of them.
# SMS with one are bounded where they are sent (services/notify/sending/code_caps.py).
CODE_LETTERS_AN_HOUR, CODE_LETTERS_A_DAY = 4, 8


class Counts(NamedTuple):
    """What went to a receiver in the last hour and day, and SMS to all in that day."""

    an_hour: int
    a_day: int
    sms: int


def withheld(desk: Desk, data: Mapping[str, Any]) -> frozenset[str]:
    """The channels (email, sms) over which a registration is not acknowledged, since strangers may
    have had us write there too often; counts the others. Who wrote a letter has bounds of his own.
    """
    if desk.colleague is not None or data["channel"] == "mail":
        return frozenset()
    addresses = {"email": data["email"], "sms": data["mobile"]}
    if data["privacy"] == "anonymous":
        return frozenset()
    return frozenset(
        channel
        for channel, address in addresses.items()
        if address and not allows(desk, channel, address)
    )


def allows(desk: Desk, channel: str, address: str) -> bool:
    """True if a notice of a stranger's act may go there; counts it."""
    receiver = desk.keys.receiver(channel, mailbox_of(address) if channel == "email" else address)
    counts = _counts(desk, receiver, channel)
    caps, times = desk.caps, LETTERS_FOR_AN_SMS if channel == "email" else 1
    if channel == "sms" and counts.sms >= caps.sms_a_day:
        _log.warning("strangers_sms_spent", a_day=caps.sms_a_day)
        return False
    if counts.an_hour >= caps.an_hour * times or counts.a_day >= caps.a_day * times:
        return False
    _count(desk, receiver, channel)
    return True


def allows_code_letter(desk: Desk, address: str) -> bool:
    """True if one more letter with a code may go there; counts it."""
    receiver = desk.keys.receiver("code letter", mailbox_of(address))
    counts = _counts(desk, receiver, "code letter")
    if counts.an_hour >= CODE_LETTERS_AN_HOUR or counts.a_day >= CODE_LETTERS_A_DAY:
        return False
    _count(desk, receiver, "code letter")
    return True


def _counts(desk: Desk, receiver: bytes, channel: str) -> Counts:
    # One after the other: a hundred registrations at once see each other's counts.
    desk.conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended(encode(:receiver, 'hex'), 0))"),
        {"receiver": receiver},
    )
    row = desk.conn.execute(
        text(
            "select count(*) filter (where receiver = :receiver and at > :hour) as an_hour, "
            "count(*) filter (where receiver = :receiver) as a_day, "
            "count(*) filter (where channel = 'sms') as sms "
            "from stranger_notices where at > :day and (receiver = :receiver or channel = :spent)"
        ),
        {
            "receiver": receiver,
            "hour": desk.now - HOUR,
            "day": desk.now - DAY,
            "spent": channel if channel == "sms" else "",
        },
    ).one()
    return Counts(*row)


def _count(desk: Desk, receiver: bytes, channel: str) -> None:
    desk.conn.execute(
        text("insert into stranger_notices values (:receiver, :channel, :now)"),
        {"receiver": receiver, "channel": channel, "now": desk.now},
    )


def mailbox_of(address: str) -> str:
    """The mailbox behind an address: its case and its tag (RFC 5233) make no other person.

    >>> mailbox_of("Sara+7@Example.IR")
    'sara@example.ir'
    """
    local, _, host = address.lower().rpartition("@")
    return f"{local.split('+', 1)[0]}@{host}"
