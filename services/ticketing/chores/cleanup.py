"""Rows and files that nobody needs any more are deleted."""

import datetime as dt
from collections.abc import Callable

from sqlalchemy import delete, func, or_, select, update

from bus.blobs import Blobs
from bus.database.store import Store, Tx
from people import retention
from services.ticketing.context import Context
from services.ticketing.domain import follow_ups
from services.ticketing.incoming_mail import rows as emails
from services.ticketing.privacy import holds
from services.ticketing.senders import rows as senders
from services.ticketing.tables import (
    APP_UPDATES,
    ATTEMPTS,
    COLLEAGUE_NOTICES,
    DRAFTS,
    FILES,
    FOLLOW_UPS,
    MAILS,
    PROPOSAL_OUTCOMES,
    SECRET_CODES,
    STRANGER_NOTICES,
    SUPPORTERS,
)

# How long a file waits for the ticket that claims it; when the disk is short of room, how long.
CLAIM_SECONDS, CLAIM_SECONDS_WHEN_SHORT = 86_400, 3600


def forget(store: Store, context_of: Callable[[Tx], Context], blobs: Blobs) -> None:
    """Delete old attempts and counts, sent e-mails, and files that no ticket has. Drafts and
    e-mails of a ticket that a legal hold protects stay until that ends.
    """
    old = func.now() - retention.span("attempts")
    old_mails = func.now() - retention.span("mails_sent")
    old_askers = func.now() - retention.span("supporters")
    old_drafts = func.now() - retention.span("drafts")
    old_updates = func.now() - retention.span("app_updates")
    old_questions = func.now() - dt.timedelta(days=follow_ups.OPEN_DAYS)
    old_notices = func.now() - retention.span("colleague_notices")
    old_outcomes = func.now() - retention.span("proposal_outcomes")
    with store.transaction() as tx:
        held = holds.held_tickets(context_of(tx))
        for statement in (
            delete(DRAFTS).where(DRAFTS.c.saved_at < old_drafts, DRAFTS.c.ticket.not_in(held)),
            delete(COLLEAGUE_NOTICES).where(COLLEAGUE_NOTICES.c.read_at < old_notices),
            delete(PROPOSAL_OUTCOMES).where(PROPOSAL_OUTCOMES.c.read_at < old_outcomes),
            delete(APP_UPDATES).where(APP_UPDATES.c.at < old_updates),
            delete(ATTEMPTS).where(ATTEMPTS.c.last_at < old),
            delete(STRANGER_NOTICES).where(STRANGER_NOTICES.c.at < old),
            delete(SECRET_CODES).where(SECRET_CODES.c.asked_at < old),
            delete(MAILS).where(
                MAILS.c.state != "WAITING",
                MAILS.c.made_at < old_mails,
                or_(MAILS.c.ticket.is_(None), MAILS.c.ticket.not_in(held)),
            ),
            update(FOLLOW_UPS)
            .where(FOLLOW_UPS.c.key_hash.is_not(None), FOLLOW_UPS.c.decided_at < old_questions)
            .values(key_hash=None),
            update(SUPPORTERS)
            .where(SUPPORTERS.c.asker.is_not(None), SUPPORTERS.c.at < old_askers)
            .values(asker=None),
        ):
            tx.conn.execute(statement)
        emails.forget(tx.conn, held)
        senders.forget(tx.conn)
    forget_files(store, blobs, 0)


def forget_files(store: Store, blobs: Blobs, free: int) -> None:
    """Delete files that no ticket holds: after a day, or sooner when the disk is short of room.

    ``free`` is how many bytes of the disk must stay free before files of strangers are refused.
    """
    span = CLAIM_SECONDS if blobs.free() >= 2 * free else CLAIM_SECONDS_WHEN_SHORT
    for sha256 in blobs.older_than(span):
        statement = select(FILES.c.id).where(FILES.c.sha256 == sha256, FILES.c.state != "INFECTED")
        with store.transaction() as tx:
            held = tx.conn.execute(statement.limit(1)).scalar()
        if held is None:
            blobs.remove(sha256, older_than=span)
