"""The end of a message in its channel: on to the next one that it has, or over for good."""

from typing import Any

from sqlalchemy import text

from bus.envelope import instant
from contracts.notify.messages import MESSAGE_SETTLED
from services.notify.context import Office
from services.notify.domain import parts
from services.notify.domain.message import FALLS_BACK, State, moved
from services.notify.domain.quiet import after_quiet
from services.notify.sending import consents, mailboxes
from services.notify.sending.rows import address_of
from services.notify.webhooks import rows

CODE_MOST = 60
FALL_BACK = text(
    "update messages set state = 'CREATED', channel = :channel, rest = :rest, code = :code, "
    "receiver_hash = :hash, due_at = :due, give_up_at = cast(:due as timestamptz) + :patience, "
    "tries = 0, refused_by = '{}', sent_at = null, cost_rials = null, parts = :parts "
    "where id = :id returning *"
)
SETTLE = text(
    "update messages set state = :state, code = :code, settled_at = :now, sent_at = "
    "coalesce(sent_at, case when :state = 'DELIVERED' then cast(:now as timestamptz) end) "
    "where id = :id"
)


def end(office: Office, row: Any, state: State, code: str, *, last: bool = False) -> None:
    """Ends a message in its channel: the next channel takes it over, or it is settled and told.

    ``row`` is the message, locked; ``code`` says why, in one word. ``last``: there is nothing that
    another channel could mend. RuleBroken ``message.move`` if it cannot end so.
    """
    moved(row.state, state)
    code = code[:CODE_MOST]
    if state in FALLS_BACK and not last:
        for number, channel in enumerate(row.rest):
            if _open(office, row, channel):
                _go_on(office, row, number, code)
                return
    office.conn.execute(
        SETTLE, {"id": row.id, "state": state.value, "code": code, "now": office.now}
    )
    fact = {
        "id": str(row.id), "reference": row.reference, "channel": row.channel,
        "state": state.value, "code": code, "at": instant(office.now),
    }  # fmt: skip
    office.tx.publish(MESSAGE_SETTLED, owner=row.owner, **fact)
    rows.note(office.conn, "message.settled", fact, office.now, row.owner)


def _open(office: Office, row: Any, channel: str) -> bool:
    """Whether the receiver can be reached by a channel and has not opted out of it since."""
    address = address_of(row.receiver or {}, channel)
    if address is None or channel not in (row.contents or {}):
        return False
    if channel == "inbox":
        return bool(mailboxes.known(office.conn, [address]))
    receiver = office.keys.receiver(channel, address)
    return consents.allowed(office, receiver, channel, row.consent)


def _go_on(office: Office, row: Any, number: int, code: str) -> None:
    """The channel at that place of ``rest`` takes the message over."""
    channel = row.rest[number]
    body = row.contents[channel]["body"]
    next_row = office.conn.execute(
        FALL_BACK,
        {
            "id": row.id, "channel": channel, "rest": row.rest[number + 1 :], "code": code,
            "hash": office.keys.receiver(channel, address_of(row.receiver, channel) or ""),
            "due": after_quiet(office.book, row.lane, channel, office.now),
            "patience": office.book.give_up(row.lane),
            "parts": parts.parts(body).parts if channel == "sms" else None,
        },
    ).one()  # fmt: skip
    if channel == "inbox":
        # An inbox is here with us: what lies in it has arrived.
        end(office, next_row, State.DELIVERED, "")
