"""From what the service says to what clients read: notifications and templates of this API."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.notify.messages import STATES
from gateway.notify.schemas import TYPES

# On paper nobody tells when a letter arrives: what was posted counts as delivered, as there.
STATUS = {
    "CREATED": "created",
    "SENDING": "sending",
    "SENT": "sending",
    "DELIVERED": "delivered",
    "UNDELIVERED": "temporary-failure",
    "REJECTED": "permanent-failure",
    "FAILED": "technical-failure",
    "CANCELLED": "cancelled",
    "UNTOLD": "temporary-failure",
}
OF_CHANNEL = {
    # The mail server took it, and no refusal came back within 72 hours.
    ("email", "UNTOLD"): "delivered",
    ("letter", "SENT"): "delivered",
    ("letter", "UNTOLD"): "delivered",
}
OF_LETTERS = {"created": "accepted", "sending": "accepted", "delivered": "received"}
# A PDF that came as it is waits for the scanner of viruses, as with Notify.
OF_SCANS = {"HELD": "pending-virus-check", "INFECTED": "virus-scan-failed"}
# What a status asked for stands for.
GROUPS = {
    "failed": (
        "technical-failure", "temporary-failure", "permanent-failure", "validation-failed",
        "virus-scan-failed", "returned-letter",
    ),
    "accepted": ("created", "sending"),
    "received": ("delivered",),
}  # fmt: skip
POSTED_WITHIN = timedelta(days=7)


def status(channel: str, state: str) -> str:
    """The status by which this API knows a state; letters have names of their own for some."""
    plain = _plain(channel, state)
    return OF_LETTERS.get(plain, plain) if channel == "letter" else plain


def _plain(channel: str, state: str) -> str:
    return OF_CHANNEL.get((channel, state), STATUS[state])


def wanted(types: Iterable[str], statuses: Iterable[str]) -> list[dict[str, Any]]:
    """Which states of which channels these words ask for; without a word, all."""
    meant = {each for word in statuses for each in GROUPS.get(word, (word,))}
    return [
        {
            "channel": channel,
            "states": [s for s in STATES if not meant or _plain(channel, s) in meant],
        }
        for channel in list(dict.fromkeys(types)) or TYPES
    ]


def moment(told: str | None) -> str | None:
    """A moment of the bus as it stands in this API, with six decimals."""
    return f"{datetime.fromisoformat(told).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if told else None


def notification(told: Mapping[str, Any], base: str) -> dict[str, Any]:
    """A notification; ``told`` is an ApiMessage, ``base`` the address of this face."""
    channel, to = told["channel"], told["to"]
    ended = told["settled_at"] or (told["sent_at"] if channel == "letter" else None)
    created, due = (datetime.fromisoformat(told[name]) for name in ("created_at", "due_at"))
    answer = {
        "id": told["id"],
        "reference": told["reference"],
        "email_address": to["email"] if channel == "email" else None,
        "phone_number": to["mobile"] if channel == "sms" else None,
        **lines(to["address"] if channel == "letter" else None),
        "postage": told["postage"],
        "type": channel,
        "status": OF_SCANS.get(str(told.get("scan"))) or status(channel, told["state"]),
        "template": template_of(told["template"], base),
        "body": told["body"],
        "subject": told["subject"],
        "created_at": moment(told["created_at"]),
        "created_by_name": None,
        "sent_at": moment(told["sent_at"]),
        "completed_at": moment(ended),
        "scheduled_for": moment(told["due_at"]) if due > created else None,
        "one_click_unsubscribe_url": told["unsubscribe_url"],
        "is_cost_data_ready": told["cost_rials"] is not None,
        "cost_in_pounds": None,
        "cost_details": _cost_details(told),
        "cost_in_rials": told["cost_rials"],
    }
    if channel == "letter":
        answer["estimated_delivery"] = moment((created + POSTED_WITHIN).isoformat())
    return answer


def _cost_details(told: Mapping[str, Any]) -> dict[str, Any]:
    """What an SMS costs by its parts, under Notify's names; the rate is in rials."""
    parts, rials = told["parts"], told["cost_rials"]
    if told["channel"] != "sms" or not parts or rials is None:
        return {}
    return {
        "billable_sms_fragments": parts,
        "international_rate_multiplier": 1.0,
        "sms_rate_in_rials": rials // parts,
    }


def lines(address: list[str] | None) -> dict[str, str | None]:
    """The address of a letter, the postal code apart from its other lines."""
    *others, last = address or [""]
    # A letter that came as a PDF has one line, which says so.
    told = [*(others or [last]), *[""] * 6]
    code = last if others else ""
    return {**{f"line_{n + 1}": told[n] or None for n in range(6)}, "postcode": code or None}


def template_of(told: Mapping[str, Any] | None, base: str) -> dict[str, Any]:
    """The template of a notification; a letter that came as a PDF has the empty one."""
    known = told or {"id": "00000000-0000-0000-0000-000000000000", "version": 1}
    uri = f"{base}/v2/template/{known['id']}/version/{known['version']}"
    return {"id": known["id"], "version": known["version"], "uri": uri}


def posted(told: Mapping[str, Any], base: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a POST; ``told`` has id, reference, template and scheduled_for."""
    return {
        "id": told["id"],
        "reference": told["reference"],
        "content": dict(content),
        "uri": f"{base}/v2/notifications/{told['id']}",
        "template": template_of(told["template"], base),
        "scheduled_for": moment(told["scheduled_for"]),
    }


def template(told: Mapping[str, Any]) -> dict[str, Any]:
    """A template; ``told`` is a Template of contracts.notify. Texts in Persian, if it has
    them.
    """
    text = told["texts"].get("fa") or next(iter(told["texts"].values()))
    return {
        "id": told["id"],
        "name": told["name"],
        "type": told["channel"],
        "created_at": moment(told["created_at"]),
        "updated_at": moment(told["updated_at"]),
        "created_by": told["drafted_by"],
        "version": told["version"],
        "body": text["body"],
        "subject": text.get("subject"),
        "personalisation": {name: {"required": True} for name in told["placeholders"]},
        "postage": "second" if told["channel"] == "letter" else None,
        "letter_contact_block": None,
    }


def preview(told: Mapping[str, Any]) -> dict[str, Any]:
    """A preview; ``told`` is a Previewed of contracts/notify/messages.py."""
    return {
        "id": told["template"]["id"],
        "type": told["channel"],
        "version": told["template"]["version"],
        "body": told["body"],
        "html": told["html"],
        "subject": told["subject"],
        "postage": "second" if told["channel"] == "letter" else None,
    }
