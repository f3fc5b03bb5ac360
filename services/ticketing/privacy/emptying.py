"""A ticket without its person: acts, moments and counts stay, so that figures stay true."""

import secrets

from sqlalchemy import delete, func, select, update

from services.ticketing.context import Context
from services.ticketing.senders import rows as senders
from services.ticketing.tables import (
    DRAFTS,
    EXTERNAL_CODES,
    FILES,
    FOLLOW_UPS,
    FORWARDINGS,
    LETTERS,
    MAILS,
    MOBILE_CORRECTIONS,
    PEOPLE,
    SUPPORTERS,
    TICKETS,
)

# What stands on file of who wrote a ticket, beside the name.
OF_PERSON = (
    "mobile",
    "email",
    "national_id",
    "mobile_key",
    "mobile_proven_at",
    "national_id_key",
)


def empty(context: Context, ticket: int) -> None:
    """Empty all that says anything of a person on a ticket, and delete its letters and files.

    Nobody opens it any more. The bytes of its files go with the chore that deletes files which no
    ticket holds.
    """
    for statement in (
        delete(EXTERNAL_CODES).where(EXTERNAL_CODES.c.ticket == ticket),
        delete(SUPPORTERS).where(SUPPORTERS.c.ticket == ticket),
        delete(DRAFTS).where(DRAFTS.c.ticket == ticket),
        delete(MAILS).where(MAILS.c.ticket == ticket),
        delete(LETTERS).where(LETTERS.c.ticket == ticket),
        update(FORWARDINGS)
        .where(FORWARDINGS.c.ticket == ticket)
        .values(payload=None, consent="", remote_notes=None, problem_text=None),
        update(FOLLOW_UPS).where(FOLLOW_UPS.c.ticket == ticket).values(key_hash=None),
        delete(FILES).where(FILES.c.ticket == ticket),
        update(MOBILE_CORRECTIONS)
        .where(MOBILE_CORRECTIONS.c.ticket == ticket, MOBILE_CORRECTIONS.c.state == "WAITING")
        .values(state="REFUSED", mobile=None, reason=""),
        update(PEOPLE)
        .where(PEOPLE.c.ticket == ticket)
        .values(name="", search="", **dict.fromkeys(OF_PERSON)),
        update(TICKETS)
        .where(TICKETS.c.id == ticket)
        .values(
            text="",
            subject="",
            address="",
            search="",
            public_text=None,
            public_address=None,
            public_search=None,
            lat=None,
            long=None,
            about_ref=None,
            attributes={},
            public=False,
            token=None,
            secret_hash=secrets.token_bytes(32),
            link_generation=TICKETS.c.link_generation + 1,
            emptied_at=context.now,
        ),
    ):
        context.conn.execute(statement)
    senders.leave_ticket(context, ticket)
    context.conn.execute(select(func.redact_ticket(ticket)))
