"""How many e-mails of each sender failed for good or were complained of, counted anew in turns; and
subscriptions that end because nobody has their address.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, text

from bus.database.rows import fetch_all
from bus.database.store import Store, Tx
from people import retention
from services.notify.context import Context
from services.notify.domain import email_report
from services.notify.domain.email_report import FAILURES_TO_END, FAILURES_WITHIN_DAYS, RATE_DAYS
from services.notify.news import subscriptions
from services.notify.tables import EMAIL_REPORTS, SENDER_RATES

AT_ONCE = 200
CRITICAL, WARN = "critical", "warn"
# Of the e-mails that were handed over in those days. The owner '' is all senders together, whose
# mail server and name it is.
_COUNT = text("""
    insert into sender_rates (owner, handed, failed, complaints, at)
    select coalesce(m.owner, ''), count(*), count(*) filter (where r.failed),
        count(*) filter (where r.complained), :now
    from handovers h join messages m on m.id = h.message
    left join (select ref, bool_or(permanent) as failed, bool_or(kind = 'complaint') as complained
        from email_reports where at >= :since group by ref) r on r.ref = h.ref
    where h.channel = 'email' and h.reserved_at >= :since and h.state in ('HANDED', 'ENDED')
    group by grouping sets ((m.owner), ())
    having count(*) > 0""")
# Only what failed after the subscription was confirmed counts against it.
_DEAD = text("""
    select s.receiver_hash from subscriptions s
    where s.channel = 'email' and s.confirmed_at is not null and s.ended_at is null
    and s.receiver_hash in (select receiver_hash from email_reports
        where address_unknown and at >= :since
        group by receiver_hash having count(distinct message) >= :most)
    and (select count(distinct r.message) from email_reports r
        where r.receiver_hash = s.receiver_hash and r.address_unknown
        and r.at >= greatest(s.confirmed_at, :since)) >= :most
    order by s.id limit :limit""")


@dataclass(frozen=True, slots=True)
class RateRow:
    """What was counted of a sender; the owner '' is all together."""

    owner: str
    handed: int
    failed: int
    complaints: int
    at: dt.datetime

    @property
    def failed_level(self) -> str:
        """The level of what failed: warn, critical or empty."""
        return email_report.failed_level(self.handed, self.failed)

    @property
    def complaint_level(self) -> str:
        """The level of complaints: warn, critical or empty."""
        return email_report.complaint_level(self.handed, self.complaints)


def count(context: Context) -> None:
    """Count the rates of the last days anew."""
    context.tx.hold("sender rates")
    context.conn.execute(delete(SENDER_RATES))
    since = context.now - dt.timedelta(days=RATE_DAYS)
    context.conn.execute(_COUNT, {"now": context.now, "since": since})


def rate_rows(conn: Connection) -> list[RateRow]:
    """The rates as they were counted last, the worst share of failed e-mails first."""
    rows = fetch_all(conn, RateRow, select(SENDER_RATES))
    return sorted(rows, key=lambda row: (row.owner != "", -row.failed / row.handed, row.owner))


def worries(conn: Connection) -> dict[str, int]:
    """How many senders are at each level, all of them together counted as one of them."""
    levels = [{row.failed_level, row.complaint_level} for row in rate_rows(conn)]
    return {
        "email_senders_critical": sum(CRITICAL in level for level in levels),
        "email_senders_warned": sum(WARN in level - {CRITICAL} for level in levels),
    }


def end_dead_subscriptions(store: Store, context_of: Callable[[Tx], Context]) -> None:
    """End the subscriptions of addresses that nobody has: so many e-mails came back."""
    while True:
        with store.transaction() as tx:
            context = context_of(tx)
            values = {
                "since": context.now - dt.timedelta(days=FAILURES_WITHIN_DAYS),
                "most": FAILURES_TO_END,
                "limit": AT_ONCE,
            }
            receivers = list(context.conn.execute(_DEAD, values).scalars())
            for receiver in receivers:
                subscriptions.end_of_receiver(context, bytes(receiver), "undeliverable")
        if len(receivers) < AT_ONCE:
            return


def forget(context: Context) -> None:
    """Delete reports that are too old to count."""
    old = context.now - retention.span("email_reports")
    context.conn.execute(delete(EMAIL_REPORTS).where(EMAIL_REPORTS.c.at < old))
