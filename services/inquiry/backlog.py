"""Counts what waits longer than it should for a message or a chore, for somebody to look."""

from sqlalchemy import Connection, text

# A bill expires long before sixty days; where billing was restored without it, nothing ends this.
_WAITING = text("""
    select
        (select count(*) from own_inquiries where state = 'CHARGING'
            and asked_at < now() - interval '1 hour') as waits_for_bill,
        (select count(*) from own_inquiries where state = 'UNPAID'
            and asked_at < now() - interval '60 days') as waits_for_payment,
        (select count(*) from own_inquiries where state = 'ENDED'
            and bill_shown->>'state' = 'PAID' and ended_at > now() - interval '30 days')
            as waits_for_refund,
        (select count(*) from batches where state = 'ANSWERING'
            and submitted_at < now() - interval '1 hour') as waits_for_answers,
        (select count(*) from loads where state in ('WAITING', 'LOADING')
            and created_at < now() - interval '3 hours') as waits_for_import,
        (select count(*) from signal_changes where noted_at < now() - interval '1 hour')
            + (select count(*) from signals_due where due_at < now() - interval '1 hour')
            as waits_for_signals""")


def counts(conn: Connection) -> dict[str, int]:
    """Count own inquiries without a bill, a payment or the answer that was paid for, batches
    without answers, endless imports, and changes and signals that were due an hour ago.
    """
    (row,) = conn.execute(_WAITING).mappings()
    return {str(name): int(count) for name, count in row.items()}
