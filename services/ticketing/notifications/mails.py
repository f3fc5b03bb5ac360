"""Letters that go out: threaded for their receiver, bounded where strangers cause them."""

from typing import NamedTuple

from sqlalchemy import text

from services.ticketing.mail import writing as mail_writing
from services.ticketing.mail.writing import Outgoing
from services.ticketing.tickets.acts import Case, Desk

# What somebody can make us write to an address that need not be his own: so many within an hour.
MOST_AN_HOUR = 20
THREAD_MOST = 10


class Thread(NamedTuple):
    """What a letter answers, and the letters before it, as mail programs thread by them."""

    in_reply_to: str | None
    references: tuple[str, ...]


def thread(desk: Desk, case: Case, recipient: str, host: str) -> Thread:
    """The letters between the ticket and this receiver, under a root that all letters share."""
    rows = desk.conn.execute(
        text(
            "select message_id from (select message_id, made_at as at from mails "
            "where ticket = :ticket and recipient = :recipient union all "
            "select message_id, received_at from letters "
            "where ticket = :ticket and sender = lower(:recipient)) both_ways "
            "order by at desc limit :most"
        ),
        {"ticket": case.id, "recipient": recipient, "most": THREAD_MOST},
    )
    ids = [row.message_id for row in reversed(rows.all())]
    answered = desk.letter
    if answered is not None and answered.sender == recipient.lower():
        ids.append(answered.message_id)
    chain = tuple(dict.fromkeys((f"<ticket-{case.row.code}@{host}>", *ids)))
    return Thread(ids[-1] if ids else None, chain)


def is_enough(desk: Desk, recipient: str, kind: str) -> bool:
    """True if this receiver was written so often of late that a stranger may be behind it."""
    return count(desk, recipient, kind) >= MOST_AN_HOUR


def count(
    desk: Desk, recipient: str, kind: str, *, ticket: int | None = None, hours: int = 1
) -> int:
    """How many letters of a kind to a receiver were written in the last hours."""
    return int(
        desk.conn.execute(
            text(
                "select count(*) from mails where recipient = :recipient and kind = :kind "
                "and made_at > now() - make_interval(hours => :hours) "
                "and (ticket = :ticket or cast(:ticket as bigint) is null)"
            ),
            {"recipient": recipient, "kind": kind, "ticket": ticket, "hours": hours},
        ).scalar_one()
    )


def add(desk: Desk, letter: Outgoing, kind: str, *, ticket: int | None, in_hours: int = 0) -> None:
    """Puts the letter among those that the chore sends, now or in some hours."""
    desk.conn.execute(
        text(
            "insert into mails (ticket, message_id, sender, recipient, raw, kind, next_at) values "
            "(:ticket, :message_id, :sender, :recipient, :raw, :kind, "
            "now() + make_interval(hours => :hours))"
        ),
        {
            "ticket": ticket,
            "message_id": letter.message_id,
            "sender": letter.from_address,
            "recipient": letter.to,
            "raw": mail_writing.write(letter),
            "kind": kind,
            "hours": in_hours,
        },
    )
