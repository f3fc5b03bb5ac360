"""What this context hands out, or empties, of a person when two officers of the desk decided so."""

import datetime as dt

from sqlalchemy import ColumnElement, and_, delete, or_, select, update

from bus.envelope import instant
from bus.messages.values import Json
from contracts.notify.person_work import WorkOnPerson
from contracts.ticketing.person_acts import NOTE_PERSON_PART, NotePersonPart
from services.notify.context import Context
from services.notify.tables import (
    INBOXES,
    MESSAGES,
    RECEIVED_TEXTS,
    SUBSCRIPTIONS,
    TEXT_PARTS,
    UNSUBSCRIPTIONS,
)
from services.notify.tables.received import EMPTIED, EMPTIED_PART

MOST = 5000
# Providers give texts again for two days (providers/kavenegar.py).
REPEATED = dt.timedelta(days=3)


def work(context: Context, message: WorkOnPerson) -> None:
    """Do what was decided and send the desk what came of it."""
    part = _export(context, message) if message.kind == "export" else _erase(context, message)
    context.tx.send(
        NOTE_PERSON_PART, NotePersonPart(act=message.act, context="notify", content=part)
    )


def _hashes(context: Context, message: WorkOnPerson) -> list[bytes]:
    keys = context.keys
    inboxes = context.conn.scalars(select(INBOXES.c.code).where(_own_inbox(context, message)))
    return [
        keys.receiver("sms", message.mobile),
        *(keys.receiver("inbox", code) for code in inboxes),
    ]


def _own_messages(context: Context, message: WorkOnPerson) -> ColumnElement[bool]:
    """The condition of the person's messages. An e-mail address that somebody typed is not proven:
    what went there is the person's only if it is about one of the person's tickets.
    """
    column = MESSAGES.c
    typed = [context.keys.receiver("email", address) for address in message.emails]
    about = and_(column.receiver_hash.in_(typed), column.reference.in_(message.tickets))
    return or_(column.receiver_hash.in_(_hashes(context, message)), about)


def _own_inbox(context: Context, message: WorkOnPerson) -> ColumnElement[bool]:
    return INBOXES.c.person == context.keys.hashed("person", message.mobile, message.national_id)


def _own_texts(context: Context, message: WorkOnPerson) -> ColumnElement[bool]:
    return RECEIVED_TEXTS.c.sender_hash == context.keys.receiver("sms", message.mobile)


def _export(context: Context, message: WorkOnPerson) -> Json:
    column, hashes = MESSAGES.c, _hashes(context, message)
    sent = context.conn.execute(
        select(column.created_at, column.owner, column.channel, column.state, column.contents)
        .where(_own_messages(context, message))
        .order_by(column.created_at)
        .limit(MOST)
    )
    own = SUBSCRIPTIONS.c
    subscriptions = context.conn.execute(
        select(own.channel, own.topics, own.news, own.asked_at).where(
            own.receiver_hash.in_(hashes), own.ended_at.is_(None)
        )
    )
    return {
        "messages": [
            {
                "created_at": instant(created_at),
                "owner": owner,
                "channel": channel,
                "state": state,
                "contents": contents,
            }
            for created_at, owner, channel, state, contents in sent
        ],
        "texts": _texts(context, message),
        "unsubscriptions": _unsubscriptions(context, message),
        "subscriptions": [
            {"channel": channel, "topics": topics, "news": news, "asked_at": instant(asked_at)}
            for channel, topics, news, asked_at in subscriptions
        ],
    }


def _unsubscriptions(context: Context, message: WorkOnPerson) -> list[Json]:
    """The senders' news that was ended by the person's messages. They stay when messages are
    erased, so that what is not wanted does not come again.
    """
    own = UNSUBSCRIPTIONS.c
    query = (
        select(own.owner, own.template, own.at)
        .join(MESSAGES, MESSAGES.c.id == own.message)
        .where(_own_messages(context, message), own.undone_at.is_(None))
    )
    rows = context.conn.execute(query.order_by(own.at).limit(MOST)).all()
    return [{"owner": owner, "template": code, "at": instant(at)} for owner, code, at in rows]


def _texts(context: Context, message: WorkOnPerson) -> list[Json]:
    own = RECEIVED_TEXTS.c
    query = select(own.created_at, own.line, own.body).where(_own_texts(context, message))
    rows = context.conn.execute(query.order_by(own.created_at).limit(MOST)).all()
    return [
        {"created_at": instant(at), "line": line, "text": context.keys.open(body) or ""}
        for at, line, body in rows
    ]


def _erase(context: Context, message: WorkOnPerson) -> Json:
    hashes, own = _hashes(context, message), SUBSCRIPTIONS.c
    messages = context.conn.execute(
        update(MESSAGES)
        .where(_own_messages(context, message), MESSAGES.c.settled_at.is_not(None))
        .values(receiver=None, contents=None)
    ).rowcount
    subscriptions = context.conn.execute(
        update(SUBSCRIPTIONS)
        .where(own.receiver_hash.in_(hashes), own.ended_at.is_(None))
        .values(receiver=None, ended_at=context.now)
    ).rowcount
    inboxes = context.conn.execute(
        update(INBOXES)
        .where(_own_inbox(context, message), INBOXES.c.closed_at.is_(None))
        .values(person=None, closed_at=context.now)
    ).rowcount
    own_parts = TEXT_PARTS.c.sender_hash == context.keys.receiver("sms", message.mobile)
    forgotten = update(TEXT_PARTS).where(own_parts).values(**EMPTIED_PART, joined_at=context.now)
    context.conn.execute(forgotten)
    texts = _erase_texts(context, message)
    emptied = {
        "messages": messages,
        "subscriptions": subscriptions,
        "inboxes": inboxes,
        "texts": texts,
    }
    return {"emptied": emptied, "kept": []}


def _erase_texts(context: Context, message: WorkOnPerson) -> int:
    """Erase the texts of a person; how many. Of one that its provider may give again, what makes
    the repeat known stays, which is nobody's.
    """
    own = _own_texts(context, message)
    is_old = RECEIVED_TEXTS.c.created_at < context.now - REPEATED
    deleted = context.conn.execute(delete(RECEIVED_TEXTS).where(own, is_old)).rowcount
    emptied = update(RECEIVED_TEXTS).where(own).values(EMPTIED)
    return deleted + context.conn.execute(emptied).rowcount
