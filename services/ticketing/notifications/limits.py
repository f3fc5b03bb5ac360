"""Limits on what strangers can make us write to somebody who has confirmed nothing.

Whoever registers a ticket names a number or an address that need not be the writer's own. So each
recipient gets a few notices of such acts an hour and a day, from however many places they come, and
all such SMS together have an end of cost. What is over is not sent: the act is done all the same.
"""

import datetime as dt
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import func, insert, or_, select

from bus.database.rows import fetch_only
from bus.process import log
from services.ticketing.context import Context
from services.ticketing.domain.mailboxes import mailbox_of
from services.ticketing.tables import STRANGER_NOTICES as NOTICES

_log = log.get("receivers")

Channel: TypeAlias = Literal["email", "sms", "code letter"]
# An e-mail wakes nobody and costs nothing.
EMAILS_FOR_AN_SMS = 4
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
# E-mails with a code for a new secret, counted apart: registrations take none of them.
# SMS with one are limited where they are sent (services/notify).
CODE_EMAILS_AN_HOUR, CODE_EMAILS_A_DAY = 4, 8


class Counts(NamedTuple):
    """Notices to a recipient in the last hour and day, and SMS to all in that day."""

    an_hour: int
    a_day: int
    sms: int


def withheld(context: Context, *, email: str | None, mobile: str | None) -> frozenset[str]:
    """Return the channels (email, sms) over which a registration is not acknowledged.

    Strangers may have had us write there too often; the others are counted.
    """
    channels = []
    if email and not allows(context, "email", email):
        channels.append("email")
    if mobile and not allows(context, "sms", mobile):
        channels.append("sms")
    return frozenset(channels)


def allows(context: Context, channel: Channel, address: str) -> bool:
    """True if a notice of a stranger's act may go there; counts it."""
    recipient = context.keys.receiver(
        channel, mailbox_of(address) if channel == "email" else address
    )
    counts = _counts(context, recipient, channel)
    most, times = context.limits, EMAILS_FOR_AN_SMS if channel == "email" else 1
    if channel == "sms" and counts.sms >= most.sms_a_day:
        _log.warning("strangers_sms_spent", a_day=most.sms_a_day)
        return False
    if counts.an_hour >= most.an_hour * times or counts.a_day >= most.a_day * times:
        return False
    _count(context, recipient, channel)
    return True


def allows_code_email(context: Context, address: str) -> bool:
    """True if one more e-mail with a code may go there; counts it."""
    recipient = context.keys.receiver("code letter", mailbox_of(address))
    counts = _counts(context, recipient, "code letter")
    if counts.an_hour >= CODE_EMAILS_AN_HOUR or counts.a_day >= CODE_EMAILS_A_DAY:
        return False
    _count(context, recipient, "code letter")
    return True


def _counts(context: Context, recipient: bytes, channel: Channel) -> Counts:
    # One after the other: a hundred registrations at once see each other's counts.
    context.tx.hold(f"notices {recipient.hex()}")
    own = NOTICES.c.receiver == recipient
    recent = NOTICES.c.at > context.now - HOUR
    counted = or_(own, NOTICES.c.channel == "sms") if channel == "sms" else own
    statement = select(
        func.count().filter(own, recent).label("an_hour"),
        func.count().filter(own).label("a_day"),
        func.count().filter(NOTICES.c.channel == "sms").label("sms"),
    ).where(NOTICES.c.at > context.now - DAY, counted)
    return fetch_only(context.conn, Counts, statement)


def _count(context: Context, recipient: bytes, channel: Channel) -> None:
    context.conn.execute(
        insert(NOTICES).values(receiver=recipient, channel=channel, at=context.now)
    )
