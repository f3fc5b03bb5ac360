"""What a receiver gets already, for its caps; and the cap on one-time codes that strangers ask for:
lower than that of all codes, so that those of others, such as a bank's, still arrive.
"""

import datetime as dt

from sqlalchemy import func, select

from bus.database.prepared import Prepared
from bus.errors import TooMany
from services.notify.context import Context
from services.notify.domain.book import Cap
from services.notify.domain.message import MessageState
from services.notify.domain.template import OURS
from services.notify.tables import SUBSCRIPTIONS

CODES_AN_HOUR, CODES_A_DAY = 4, 8
# Our templates that carry a code to a receiver whom a stranger has named: new secrets of tickets
# (which anybody registers in any name) and of inquiries, subscriptions, alerts, and "my matters"
# from a browser that the person has not used before.
TEMPLATES_OF_STRANGERS = (
    "ticket_secret_code",
    "own_secret_code",
    "subscribe_confirm",
    "my_code",
    "report_alert_confirm",
)
AHEAD = dt.timedelta(days=90)
# Beside the lanes of what a receiver gets: no lane, but a share of one.
OF_STRANGERS = "otp of strangers"
CAP = Cap(CODES_AN_HOUR, CODES_A_DAY, refuses=True)


def require_few(context: Context, receiver: bytes) -> None:
    """TooMany ``receiver.cap`` if strangers may have asked for the codes of this receiver."""
    asked_at = SUBSCRIPTIONS.c.asked_at
    query = select(
        func.count().filter(asked_at > context.now - dt.timedelta(hours=1)), func.count()
    ).where(
        SUBSCRIPTIONS.c.receiver_hash == receiver,
        SUBSCRIPTIONS.c.confirmed_at.is_(None),
        asked_at > context.now - dt.timedelta(days=1),
    )
    an_hour, a_day = context.conn.execute(query).one()
    if an_hour >= CODES_AN_HOUR or a_day >= CODES_A_DAY:
        raise TooMany(
            "Codes were sent to this receiver of late; use the newest, or ask again in an hour.",
            code="receiver.cap",
            retry_after=3600,
        )


_DUES = Prepared(
    "messages_due",
    """
    select receiver_hash, lane, due_at, template in (
        select id from templates where owner = %s and code = any(cast(%s as text[])))
    from messages
    where receiver_hash = any(cast(%s as bytea[])) and created_at > %s and due_at > %s
        and state <> %s""",
)


def dues(context: Context, hashes: set[bytes]) -> dict[tuple[bytes, str], list[dt.datetime]]:
    """When the messages of these receivers went or go out, by receiver and lane; the codes that
    strangers asked for by themselves, too.
    """
    rows = _DUES.run(
        context.conn,
        OURS,
        list(TEMPLATES_OF_STRANGERS),
        list(hashes),
        context.now - AHEAD,
        context.now - dt.timedelta(days=1),
        MessageState.CANCELLED.value,
    )
    moments: dict[tuple[bytes, str], list[dt.datetime]] = {}
    for receiver, lane, due_at, of_strangers in rows:
        for of_lane in [lane, OF_STRANGERS] if of_strangers else [lane]:
            moments.setdefault((bytes(receiver), of_lane), []).append(due_at)
    return moments
