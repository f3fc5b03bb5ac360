"""Messages by the Notify API: the rules of its keys around acceptance, and what it reads.

Refusals are in Notify's own words; ``error`` and ``status`` in their details are what its clients
see (gateway/notify/errors.py).
"""

import uuid
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB

from bus.database.rows import fetch_all, fetch_one, fetch_only
from bus.envelope import Envelope
from bus.errors import BusError, NotFound, RuleBroken
from contracts.notify.govnotify import (
    PAGE,
    ApiMessage,
    ApiMessages,
    ListByApi,
    MessageId,
    Pdf,
    SendByApi,
)
from contracts.notify.messages import Send
from contracts.notify.receiver import Receiver
from iran.persian import tehran_day
from members.rights import Sender
from services.notify.context import Context, uuid_of
from services.notify.domain.content import Content, PdfClaim
from services.notify.domain.message import MessageState
from services.notify.govuk import api_keys, senders, sent_files
from services.notify.govuk.letters import ApiMessageRow, api_message
from services.notify.limits import counts
from services.notify.sending import acceptance, settlement
from services.notify.sending.new_messages import NewMessage, store
from services.notify.sending.rows import MessageRow, address_of, not_found, receiver_at, stored
from services.notify.tables import API_MESSAGES, MESSAGES
from services.notify.templates import versions

# Whom a test key may write to, and what becomes of it; everybody else gets the message (in theory).
OUTCOMES = {
    "+447700900003": MessageState.UNDELIVERED,
    "+447700900002": MessageState.REJECTED,
    "temp-fail@simulator.notify": MessageState.UNDELIVERED,
    "perm-fail@simulator.notify": MessageState.REJECTED,
}
SIMULATED = "simulated"
PDF_RECEIVER = Receiver(address=("Provided as PDF",))
NO_TEMPLATE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """The key by which the Notify API is called, as the face has found out."""

    owner: str
    service: UUID
    key: UUID
    kind: str

    @classmethod
    def of(cls, envelope: Envelope | None) -> "ApiCaller":
        """The caller. RuleBroken ``agency.only`` for a message by another door."""
        caller = (envelope.caller if envelope else None) or {}
        if not all(caller.get(name) for name in ("agency", "service", "key", "kind")):
            raise RuleBroken("Ask with a key of the Notify API.", code="agency.only")
        service, key = UUID(str(caller["service"])), UUID(str(caller["key"]))
        return cls(str(caller["agency"]), service, key, str(caller["kind"]))


def refused(message: str, *, status: int = 400, error: str = "BadRequestError") -> RuleBroken:
    """A refusal in Notify's words."""
    return RuleBroken(message, code="api.refused", status=status, error=error)


# --- sending ---


def send(context: Context, caller: ApiCaller, request: SendByApi) -> MessageId:
    """Accept one message: the reply is its ID alone, since replies are kept for long and what it
    says of a person must not be. Raises its refusal.
    """
    _require_limits(context, caller, request)
    if request.pdf:
        id_ = _keep_pdf(context, caller, request, request.pdf)
    else:
        id_ = _accept(context, caller, request)
    context.conn.execute(insert(API_MESSAGES).values(message=id_, key=caller.key, kind=caller.kind))
    if caller.kind == "test":
        _simulate(context, id_)
    return MessageId(id=str(id_))


def _require_limits(context: Context, caller: ApiCaller, request: SendByApi) -> None:
    channel = request.channel
    if caller.kind == "team":
        if channel == "letter":
            raise refused("Cannot send letters with a team api key", status=403)
        receiver = context.keys.receiver(channel, request.to or "")
        if not api_keys.is_guest(context.conn, caller.service, channel, receiver):
            raise refused("Can’t send to this recipient using a team-only API key")
    day = tehran_day(context.now)
    most = api_keys.count(context.conn, caller.service, channel, caller.kind, day)
    if most is not None:
        raise refused(
            f"Exceeded send limits ({channel}: {most}) for today",
            status=429,
            error="TooManyRequestsError",
        )


def _accept(context: Context, caller: ApiCaller, request: SendByApi) -> UUID:
    channel = request.channel
    form = versions.forms_of(context.conn, caller.owner, request.template or "")[0]
    if form.channel != channel:
        raise refused(f"{form.channel} template is not suitable for {channel} notification")
    if form.unsubscribe and request.unsubscribe_url:
        raise refused("Template has an unsubscribe link of its own: leave out yours")
    if channel == "letter":
        to = Receiver(address=request.address)
    else:
        to = receiver_at(channel, request.to or "")
    to_whom = request.to or ""
    made = sent_files.links(context, caller.owner, to_whom, request.files, request.reference)
    message = Send(
        template=str(form.id),
        channels=(channel,),
        to=to,
        language="fa",
        personalisation={**request.personalisation, **made},
        reference=request.reference,
        not_before=request.not_before,
    )
    chosen = _sender(context, caller, request)
    sender = Sender(caller.owner, str(caller.key))
    # What a test key sends goes to nobody, and uses nothing up.
    is_limited = caller.kind != "test"
    (result,) = acceptance.accept(
        context, sender, [message], acceptance.Coming(is_limited=is_limited)
    )
    if isinstance(result, BusError):
        raise result
    id_ = UUID(result.id)
    _add(
        context,
        id_,
        channel,
        unsubscribe=request.unsubscribe_url,
        postage=request.postage,
        sender=chosen.text if chosen else None,
        provider=chosen.provider if chosen else None,
    )
    return id_


def _sender(context: Context, caller: ApiCaller, request: SendByApi) -> senders.SenderRow | None:
    """The name under which it goes out: the one that was chosen, or the service's default."""
    try:
        return senders.chosen(context.conn, caller.owner, request.channel, request.sender)
    except NotFound:
        name = {"sms": "sms_sender_id"}.get(request.channel, "email_reply_to_id")
        raise refused(
            f"{name} {request.sender} does not exist in database for service id {caller.service}"
        ) from None


def _keep_pdf(context: Context, caller: ApiCaller, request: SendByApi, pdf: Pdf) -> UUID:
    """A letter that came as a PDF: it has no template, and its address stands in the PDF alone."""
    content = Content(
        subject=request.reference or "PDF",
        body="",
        pdf=PdfClaim(sha256=pdf.sha256, size=pdf.size),
    )
    if request.postage:
        content["postage"] = request.postage
    address = address_of(PDF_RECEIVER, "letter") or ""
    message = NewMessage(
        id=uuid.uuid4(),
        owner=caller.owner,
        reference=request.reference,
        template=NO_TEMPLATE,
        version=1,
        language="fa",
        channel="letter",
        rest=[],
        lane="transactional",
        consent="transactional",
        receiver=stored(PDF_RECEIVER),
        receiver_hash=context.keys.receiver("letter", address),
        contents={"letter": content},
        parts=None,
        due_at=context.now,
        give_up_at=context.now + context.book.give_up("transactional"),
        job=None,
        key_id=str(caller.key),
        created_at=context.now,
        asked_at=context.now,
        to_go_at=context.now,
    )
    (refusal,) = counts.admit(context, caller.owner, ["letter"])
    if refusal is not None and caller.kind != "test":
        raise refusal
    store(context, [message])
    return message.id


def _add(context: Context, id_: UUID, channel: str, **members: str | None) -> None:
    """Add to a message's content what only this API knows."""
    added = {name: value for name, value in members.items() if value is not None}
    if added:
        content = MESSAGES.c.contents[channel].concat(bindparam("members", added, type_=JSONB))
        context.conn.execute(
            update(MESSAGES)
            .where(MESSAGES.c.id == id_)
            .values(contents=func.jsonb_set(MESSAGES.c.contents, [channel], content))
        )


def _simulate(context: Context, id_: UUID) -> None:
    """End the message of a test key in the same transaction: it cannot have been handed over. Its
    receiver is not counted as one who got a message, nor it in the public figures.
    """
    statement = (
        update(MESSAGES)
        .where(MESSAGES.c.id == id_)
        .values(
            state=MessageState.SENT.value,
            sent_at=context.now,
            to_go_at=None,
            receiver_hash=context.keys.hashed("api test", str(id_)),
        )
        .returning(MESSAGES)
    )
    row = fetch_only(context.conn, MessageRow, statement)
    address = address_of(row.to, row.channel) if row.to else None
    outcome = OUTCOMES.get(address or "", MessageState.DELIVERED)
    settlement.end(context, row, outcome, SIMULATED)


# --- reading ---

_kind: ColumnElement[str] = func.coalesce(API_MESSAGES.c.kind, "live")
_WITH_kind = (
    select(MESSAGES, _kind.label("kind"))
    .select_from(MESSAGES.outerjoin(API_MESSAGES, API_MESSAGES.c.message == MESSAGES.c.id))
    .where(
        MESSAGES.c.receiver.is_not(None),
        MESSAGES.c.channel.in_(("sms", "email", "letter")),
    )
)


def read(context: Context, caller: ApiCaller, id_: str) -> ApiMessage:
    """A message, whatever key it came by. NotFound ``message.not_found``."""
    query = _WITH_kind.where(MESSAGES.c.owner == caller.owner, MESSAGES.c.id == uuid_of(id_))
    row = fetch_one(context.conn, ApiMessageRow, query)
    if row is None:
        raise not_found()
    return api_message(context, row)


def page(context: Context, caller: ApiCaller, request: ListByApi) -> ApiMessages:
    """A page of what came by keys of the caller's kind. Messages that came by no key of this API,
    and with ``jobs`` those of bulk jobs, belong to the live ones.
    """
    pairs = [(part.channel, state) for part in request.wanted for state in part.states]
    query = _WITH_kind.where(
        MESSAGES.c.owner == caller.owner,
        _kind == caller.kind,
        tuple_(MESSAGES.c.channel, MESSAGES.c.state).in_(pairs),
    )
    if not request.jobs:
        query = query.where(MESSAGES.c.job.is_(None))
    if request.reference is not None:
        query = query.where(MESSAGES.c.reference == request.reference)
    if request.older_than is not None:
        last = MESSAGES.alias("last")
        older = select(last.c.created_at, last.c.id).where(
            last.c.id == uuid_of(request.older_than), last.c.owner == caller.owner
        )
        query = query.where(tuple_(MESSAGES.c.created_at, MESSAGES.c.id) < older.scalar_subquery())
    query = query.order_by(MESSAGES.c.created_at.desc(), MESSAGES.c.id.desc()).limit(PAGE)
    rows = fetch_all(context.conn, ApiMessageRow, query)
    return ApiMessages(messages=tuple(api_message(context, row) for row in rows))
