"""Replies of the service as clients read them: notifications and templates of this API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import overload

from bus.messages.message import Wire
from contracts.notify.govnotify import ApiMessage, MessageFilter, TemplateAt, notify_status
from contracts.notify.messages import STATES, MessagePreview, Template, TemplateOf
from contracts.notify.received import ReceivedText
from gateway.notify.schemas import TYPES

OF_LETTERS = {"created": "accepted", "sending": "accepted", "delivered": "received"}
# A PDF that came as it is waits for the scanner of viruses, as with Notify.
OF_SCANS = {"HELD": "pending-virus-check", "INFECTED": "virus-scan-failed"}
# The statuses that a word in a query stands for.
GROUPS = {
    "failed": (
        "technical-failure",
        "temporary-failure",
        "permanent-failure",
        "validation-failed",
        "virus-scan-failed",
        "returned-letter",
    ),
    "accepted": ("created", "sending"),
    "received": ("delivered",),
}
POSTED_WITHIN = timedelta(days=7)


def status(channel: str, state: str) -> str:
    """The status by which this API knows a state; letters have names of their own for some."""
    plain = notify_status(channel, state)
    return OF_LETTERS.get(plain, plain) if channel == "letter" else plain


def wanted(types: Iterable[str], statuses: Iterable[str]) -> tuple[MessageFilter, ...]:
    """The states of channels that these words ask for; without a word, all."""
    meant = {status_ for word in statuses for status_ in GROUPS.get(word, (word,))}
    return tuple(
        MessageFilter(
            channel=channel,
            states=tuple(s for s in STATES if not meant or notify_status(channel, s) in meant),
        )
        for channel in list(dict.fromkeys(types)) or TYPES
    )


@overload
def moment(wire: str) -> str: ...
@overload
def moment(wire: None) -> None: ...
def moment(wire: str | None) -> str | None:
    """A moment of the bus as it stands in this API, with six decimals."""
    return f"{datetime.fromisoformat(wire).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if wire else None


def notification(message: ApiMessage, base: str) -> Wire:
    """A notification; ``base`` is the address of this face."""
    channel = message.channel
    is_letter = channel == "letter"
    ended = message.settled_at or (message.sent_at if is_letter else None)
    created, due = map(datetime.fromisoformat, (message.created_at, message.due_at))
    reply: Wire = {
        "id": message.id,
        "reference": message.reference,
        "email_address": message.to.email if channel == "email" else None,
        "phone_number": message.to.mobile if channel == "sms" else None,
        **lines(message.to.address if is_letter else None),
        "postage": message.postage,
        "type": channel,
        "status": OF_SCANS.get(str(message.scan)) or status(channel, message.state),
        "template": template_of(message.template, base),
        "body": message.body,
        "subject": message.subject,
        "created_at": moment(message.created_at),
        "created_by_name": None,
        "sent_at": moment(message.sent_at),
        "completed_at": moment(ended),
        "scheduled_for": moment(message.due_at) if due > created else None,
        "one_click_unsubscribe_url": message.unsubscribe_url,
        "is_cost_data_ready": message.cost_rials is not None,
        "cost_in_pounds": None,
        "cost_details": _cost_details(message),
        "cost_in_rials": message.cost_rials,
    }
    if is_letter:
        reply["estimated_delivery"] = moment((created + POSTED_WITHIN).isoformat())
    return reply


def _cost_details(message: ApiMessage) -> dict[str, int | float]:
    """What an SMS costs by its parts, under Notify's names; the rate is in rials."""
    parts, rials = message.parts, message.cost_rials
    if message.channel != "sms" or not parts or rials is None:
        return {}
    return {
        "billable_sms_fragments": parts,
        "international_rate_multiplier": 1.0,
        "sms_rate_in_rials": rials // parts,
    }


def lines(address: Sequence[str] | None) -> dict[str, str | None]:
    """The address of a letter, the postal code apart from its other lines."""
    *others, last = address or [""]
    # A letter that came as a PDF has one line, which says so.
    padded = [*(others or [last]), *[""] * 6]
    code = last if others else ""
    return {**{f"line_{n + 1}": padded[n] or None for n in range(6)}, "postcode": code or None}


def template_of(template_at: TemplateAt | TemplateOf | None, base: str) -> Wire:
    """The template of a notification; a letter that came as a PDF has the empty one."""
    at = template_at or TemplateAt(id="00000000-0000-0000-0000-000000000000", version=1)
    uri = f"{base}/v2/template/{at.id}/version/{at.version}"
    return {"id": at.id, "version": at.version, "uri": uri}


def posted(  # noqa: PLR0913 - one parameter a member of the reply
    id_: str,
    reference: str | None,
    template_at: TemplateAt | TemplateOf | None,
    scheduled_for: str | None,
    content: Mapping[str, str | None],
    base: str,
) -> Wire:
    """The answer to a POST."""
    return {
        "id": id_,
        "reference": reference,
        "content": dict(content),
        "uri": f"{base}/v2/notifications/{id_}",
        "template": template_of(template_at, base),
        "scheduled_for": moment(scheduled_for),
    }


def template(form: Template, block: str | None = None) -> Wire:
    """A template; its texts in Persian, if it has them. ``block`` is the sender of letters."""
    text = form.texts.get("fa") or next(iter(form.texts.values()))
    return {
        "id": form.id,
        "name": form.name,
        "type": form.channel,
        "created_at": moment(form.created_at),
        "updated_at": moment(form.updated_at),
        "created_by": form.drafted_by,
        "version": form.version,
        "body": text.body,
        "subject": text.subject,
        "personalisation": {name: {"required": True} for name in form.placeholders},
        "postage": "second" if form.channel == "letter" else None,
        "letter_contact_block": block if form.channel == "letter" else None,
    }


def preview(previewed: MessagePreview) -> Wire:
    """A preview of a template."""
    return {
        "id": previewed.template.id,
        "type": previewed.channel,
        "version": previewed.template.version,
        "body": previewed.body,
        "html": previewed.html,
        "subject": previewed.subject,
        "postage": "second" if previewed.channel == "letter" else None,
    }


def received(text: ReceivedText, service: str) -> Wire:
    """A text that came in."""
    return {
        "id": text.id,
        "user_number": text.sender.removeprefix("+"),
        "created_at": moment(text.created_at),
        "service_id": service,
        "notify_number": text.line,
        "content": text.text,
    }
