"""How often strangers can have a one-time code sent to somebody: less often than such codes go
at all, so that those of others, such as a bank's, still arrive.
"""

import datetime as dt

from sqlalchemy import text

from bus.errors import TooMany
from services.notify.context import Office
from services.notify.domain.book import Cap

CODES_AN_HOUR, CODES_A_DAY = 4, 8
# Our templates that carry a code to a receiver whom whoever asks has only named: new secrets of
# tickets (which anybody registers in any name) and of inquiries, and subscriptions.
OF_STRANGERS = ("ticket_secret_code", "own_secret_code", "subscribe_confirm")
CAP = Cap(CODES_AN_HOUR, CODES_A_DAY, refuses=True)


def require_few(office: Office, receiver: bytes) -> None:
    """TooMany ``receiver.cap`` if strangers may have asked for the codes of this receiver."""
    counts = office.conn.execute(
        text(
            "select count(*) filter (where asked_at > :hour) as an_hour, count(*) as a_day "
            "from subscriptions where receiver_hash = :receiver and confirmed_at is null "
            "and asked_at > :day"
        ),
        {
            "receiver": receiver,
            "hour": office.now - dt.timedelta(hours=1),
            "day": office.now - dt.timedelta(days=1),
        },
    ).one()
    if counts.an_hour >= CODES_AN_HOUR or counts.a_day >= CODES_A_DAY:
        raise TooMany(
            "Codes were sent to this receiver of late; use the newest, or ask again in an hour.",
            code="receiver.cap",
            retry_after=3600,
        )
