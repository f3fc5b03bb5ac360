"""The cap on one-time codes that strangers ask for: lower than that of all codes, so that those of
others, such as a bank's, still arrive.
"""

import datetime as dt

from sqlalchemy import func, select

from bus.errors import TooMany
from services.notify.context import Context
from services.notify.domain.book import Cap
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
