"""Messages are accepted: judged, rendered, stored and counted, many in a few statements."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bus.envelope import instant
from bus.errors import BusError, FieldError, Forbidden, RuleBroken, TooMany, Unavailable
from bus.process import log
from contracts.notify.messages import CHANNELS, AcceptedMessage, Send, SendMessage, TemplateOf
from contracts.notify.receiver import Receiver
from members.rights import AGENCY_MISSING, Sender
from services.notify.context import Context, uuid_of
from services.notify.domain.consent import allows
from services.notify.domain.message import MessageState
from services.notify.domain.quiet import after_quiet, within_cap
from services.notify.domain.template import OURS
from services.notify.limits import counts
from services.notify.sending import code_caps, consents, mailboxes, new_messages
from services.notify.sending.new_messages import NewMessage, store
from services.notify.sending.rights import right_of
from services.notify.sending.rows import address_of, stored
from services.notify.templates import footer, versions
from services.notify.templates.rendering import Rendered, language_of, render
from services.notify.templates.versions import TemplateVersion
from services.notify.unsubscribing import ends as unsubscribed

_log = log.get("accepting")
# A Command that waited longer counts as one of so long ago: older days are added up for good.
ASKED_BEFORE = dt.timedelta(days=7)
# Only these cost a receiver's patience.
CAPPED = ("sms", "email")


@dataclass(slots=True)
class _Draft:
    """A message on its way in; ``forms`` are the channels still open to it, in their order."""

    request: Send
    forms: list[TemplateVersion]
    asked_at: dt.datetime
    due_at: dt.datetime
    to_go_at: dt.datetime
    rendered: dict[str, Rendered] = field(default_factory=dict)
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def form(self) -> TemplateVersion:
        return self.forms[0]


@dataclass(frozen=True, slots=True)
class Coming:
    """How messages come: by which job, when they were asked for if that was before now, and whether
    their sender's limits count them.
    """

    job: int | None = None
    asked_at: dt.datetime | None = None
    is_limited: bool = True


def accept(
    context: Context, sender: Sender, requests: Sequence[Send], coming: Coming = Coming()
) -> list[AcceptedMessage | BusError]:
    """Accept messages: a Sent for each that is accepted, in order, or its refusal.

    NotFound ``template.not_found``; RuleBroken ``receiver.missing``, ``receiver.opted_out``,
    ``receiver.unsubscribed``, ``message.too_far_ahead`` and those of `rendering.render`; TooMany
    ``receiver.cap``, and ``sender.day_limit``, ``sender.year_limit`` if they are limited. What is
    refused leaves no trace; all others are stored. Forbidden for all if the register gives the
    sender no right to them now.
    """
    if code := context.members.refusal(sender, right_of(coming.job)):
        return [_no_right(code)] * len(requests)
    lookup = _Lookup.of(context, sender.agency, requests)
    drafts: list[_Draft | BusError] = []
    for request in requests:
        try:
            drafts.append(_judge(context, lookup, request, coming.asked_at or context.now))
        except BusError as error:
            drafts.append(error)
    if coming.is_limited:
        drafts = _within_limits(context, sender.agency, drafts)
    messages = [
        _new_message(context, sender, draft, coming.job)
        for draft in drafts
        if isinstance(draft, _Draft)
    ]
    if messages:
        store(context, messages)
    kept = iter(messages)
    return [_sent(draft, next(kept)) if isinstance(draft, _Draft) else draft for draft in drafts]


def _within_limits(
    context: Context, owner: str, drafts: Sequence[_Draft | BusError]
) -> list[_Draft | BusError]:
    """The same, with a refusal in place of each message for which a limit has no room."""
    places = [place for place, draft in enumerate(drafts) if isinstance(draft, _Draft)]
    channels = [draft.form.channel for draft in drafts if isinstance(draft, _Draft)]
    refusals = dict(zip(places, counts.admit(context, owner, channels), strict=True))
    return [refusals.get(place) or draft for place, draft in enumerate(drafts)]


def _no_right(code: str) -> BusError:
    if code == AGENCY_MISSING:
        return Unavailable("This machine has no copy of the register of your agency yet.")
    return Forbidden("The register gives your agency no right to this any more.", code=code)


def accept_all(
    context: Context, senders: Sequence[Sender], requests: Sequence[Send]
) -> list[AcceptedMessage | BusError]:
    """As ``accept``, for messages of several senders."""
    results: dict[int, AcceptedMessage | BusError] = {}
    for sender in sorted(set(senders), key=str):
        places = [place for place, other in enumerate(senders) if other == sender]
        accepted = accept(context, sender, [requests[place] for place in places])
        results |= dict(zip(places, accepted, strict=True))
    return [results[place] for place in range(len(requests))]


def accept_ours(context: Context, request: SendMessage) -> None:
    """Accept what another context of ours sends. A receiver who opted out gets none, and a cap is
    kept; any other refusal is a fault of ours.
    """
    (result,) = accept(context, Sender(OURS), [request], Coming(asked_at=_sent_at(context)))
    if isinstance(result, AcceptedMessage) and request.unsubscribe_url:
        new_messages.add_unsubscribe(context, {result.id: request.unsubscribe_url})
    if isinstance(result, BusError):
        if result.code not in ("receiver.opted_out", unsubscribed.CODE, "receiver.cap"):
            raise result
        _log.info("message_not_sent", template=request.template, code=result.code)


def _sent_at(context: Context) -> dt.datetime:
    """When the Command was sent that is worked on now: it may have waited while we were down."""
    envelope = context.tx.envelope
    try:
        moment = dt.datetime.fromisoformat(envelope.time if envelope else "")
    except ValueError:
        return context.now
    if moment.tzinfo is None:
        return context.now
    return min(max(moment, context.now - ASKED_BEFORE), context.now)


@dataclass(frozen=True)
class _Lookup:
    """What is looked up once for the whole list."""

    forms: Mapping[str, list[TemplateVersion]]
    consents: Mapping[bytes, dict[str, bool]]
    dues: dict[tuple[bytes, str], list[dt.datetime]]
    inboxes: set[str]
    unsubscribed: set[tuple[bytes, str]]

    @classmethod
    def of(cls, context: Context, owner: str, requests: Sequence[Send]) -> "_Lookup":
        forms: dict[str, list[TemplateVersion]] = {}
        for row in versions.forms(context.conn, owner, {request.template for request in requests}):
            forms.setdefault(row.code, []).append(row)
            forms.setdefault(str(row.id), []).append(row)
        hashes = {
            context.keys.receiver(channel, address)
            for request in requests
            for channel in CHANNELS
            if (address := address_of(request.to, channel))
        }
        inboxes = {inbox for request in requests if (inbox := request.to.inbox)}
        return cls(
            forms,
            consents.consents_of(context.conn, hashes),
            code_caps.dues(context, hashes),
            mailboxes.existing(context.conn, inboxes),
            unsubscribed.ended_of_sender(context.conn, owner, hashes),
        )

    def reaches(self, to: Receiver, channel: str) -> bool:
        """Whether the receiver has an address in a channel; an inbox must be one of ours."""
        address = address_of(to, channel)
        return address is not None and (channel != "inbox" or address in self.inboxes)

    def forms_of(self, request: Send) -> list[TemplateVersion]:
        """The forms that may be sent, in the order asked for."""
        id_ = uuid_of(request.template)
        name = request.template if id_ is None else str(id_)
        by_channel = {row.channel: row for row in self.forms.get(name, ())}
        wanted = request.channels or [channel for channel in CHANNELS if channel in by_channel]
        if not by_channel or not set(wanted) <= set(by_channel):
            raise versions.not_found()
        return [by_channel[channel] for channel in wanted]


def _hash(context: Context, channel: str, to: Receiver) -> bytes:
    """The hash of a receiver's address in a channel."""
    address = address_of(to, channel)
    assert address is not None
    return context.keys.receiver(channel, address)


def _judge(context: Context, lookup: _Lookup, request: Send, asked_at: dt.datetime) -> _Draft:
    """A message that may be sent, with its time and its contents. Raises its refusal."""
    forms = [form for form in lookup.forms_of(request) if lookup.reaches(request.to, form.channel)]
    if not forms:
        raise RuleBroken(
            "The receiver has no address in any channel of this template.",
            code="receiver.missing",
            fields=[FieldError("to", "required", "Give the address that the channel needs.")],
        )
    open_ = _open_forms(context, lookup, request, forms)
    begins = _not_before(context, request)
    draft = _Draft(request, open_, asked_at, begins, begins)
    for form in open_:
        draft.rendered[form.channel] = render(
            context.book,
            form,
            request.language,
            request.personalisation,
            _unsubscribe_at(context, draft, form),
        )
    draft.due_at = _due_at(context, lookup, draft)
    return draft


def _unsubscribe_at(context: Context, draft: _Draft, form: TemplateVersion) -> str:
    """Where the receiver ends such e-mails, without the key that is put in at the hand-over."""
    return f"{context.portal}{footer.path(draft.id.hex)}" if form.unsubscribe else ""


def _open_forms(
    context: Context, lookup: _Lookup, request: Send, forms: Sequence[TemplateVersion]
) -> list[TemplateVersion]:
    """The forms that the receiver wants. RuleBroken ``receiver.opted_out``,
    ``receiver.unsubscribed``.
    """
    willing = [form for form in forms if _consents(context, lookup, request, form)]
    if not willing:
        raise RuleBroken("The receiver wants no such messages.", code="receiver.opted_out")
    wanted = [form for form in willing if not _is_ended(context, lookup, request, form)]
    if not wanted:
        raise RuleBroken(
            "The receiver has unsubscribed from this template.", code=unsubscribed.CODE
        )
    return wanted


def _is_ended(context: Context, lookup: _Lookup, request: Send, form: TemplateVersion) -> bool:
    """Whether the receiver has ended such news by the link in an e-mail."""
    if form.channel != "email" or form.consent != "news":
        return False
    return (_hash(context, "email", request.to), form.code) in lookup.unsubscribed


def _consents(context: Context, lookup: _Lookup, request: Send, form: TemplateVersion) -> bool:
    receiver = _hash(context, form.channel, request.to)
    # Whoever opens an inbox comes for what is in it.
    return form.channel == "inbox" or allows(lookup.consents.get(receiver, {}), form.consent)


def _not_before(context: Context, request: Send) -> dt.datetime:
    if request.not_before is None:
        return context.now
    moment = max(context.now, dt.datetime.fromisoformat(request.not_before))
    if moment > context.now + code_caps.AHEAD:
        raise RuleBroken(
            f"A message waits at most {code_caps.AHEAD.days} days.",
            code="message.too_far_ahead",
            fields=[FieldError("not_before", "range", "Give an earlier moment.")],
        )
    return moment


def _due_at(context: Context, lookup: _Lookup, draft: _Draft) -> dt.datetime:
    """When it goes out, by quiet hours and the receiver's caps; TooMany ``receiver.cap``."""
    form = draft.form
    due = after_quiet(context.book, form.lane, form.channel, draft.due_at)
    wished = draft.due_at if draft.due_at > context.now else draft.asked_at
    draft.to_go_at = after_quiet(context.book, form.lane, form.channel, wished)
    if form.channel not in CAPPED:
        return due
    receiver = _hash(context, form.channel, draft.request.to)
    dues = lookup.dues.setdefault((receiver, form.lane), [])
    cap = context.book.cap(form.lane)
    while (free := within_cap(cap, dues, due)) > due:
        if cap.refuses:
            raise _over_cap(context, free)
        due = draft.to_go_at = after_quiet(context.book, form.lane, form.channel, free)
    if form.owner == OURS and form.code in code_caps.TEMPLATES_OF_STRANGERS:
        codes = lookup.dues.setdefault((receiver, code_caps.OF_STRANGERS), [])
        if (free := within_cap(code_caps.CAP, codes, due)) > due:
            raise _over_cap(context, free)
        codes.append(due)
    dues.append(due)
    return due


def _over_cap(context: Context, free: dt.datetime) -> TooMany:
    return TooMany(
        "This receiver has got as many messages as one person gets.",
        code="receiver.cap",
        retry_after=int((free - context.now).total_seconds()) + 1,
    )


def _new_message(context: Context, sender: Sender, draft: _Draft, job: int | None) -> NewMessage:
    request, form = draft.request, draft.form
    counted = draft.rendered[form.channel].sms
    return NewMessage(
        id=draft.id,
        owner=sender.agency,
        reference=request.reference,
        template=form.id,
        version=form.version,
        language=language_of(form, request.language),
        channel=form.channel,
        rest=[other.channel for other in draft.forms[1:]],
        lane=form.lane,
        consent=form.consent,
        receiver=stored(request.to),
        receiver_hash=_hash(context, form.channel, request.to),
        contents={channel: rendered.content() for channel, rendered in draft.rendered.items()},
        parts=counted.parts if counted else None,
        due_at=draft.due_at,
        give_up_at=draft.due_at + context.book.give_up(form.lane),
        job=job,
        key_id=sender.key,
        created_at=context.now,
        asked_at=draft.asked_at,
        to_go_at=draft.to_go_at,
    )


def _sent(draft: _Draft, message: NewMessage) -> AcceptedMessage:
    state = MessageState.DELIVERED if message.arrives else MessageState.CREATED
    return AcceptedMessage(
        id=str(message.id),
        state=state.value,
        channel=message.channel,
        template=TemplateOf(
            id=str(message.template), code=draft.form.code, version=message.version
        ),
        parts=message.parts,
        due_at=instant(message.due_at),
    )
