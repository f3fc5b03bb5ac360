"""What bodies and queries look like, with the reasons that Notify gives: ``<field> <reason>``.

Notify checks by JSON Schema (draft 7) and shows its library's words; here the same words come from
a few checks of our own. tests/gateway/notify/test_notify_schemas.py compares both.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.notify.errors import invalid
from gateway.notify.recipients import mobile
from iran import identifiers

REFERENCE_MOST = 1000
# What can stand in the header List-Unsubscribe (services/notify/providers/email.py).
URL = re.compile(r"https://[!-;=?-~]{1,900}")
AHEAD = dt.timedelta(hours=24)
TYPES = ("sms", "email", "letter")
STATUSES = (
    "cancelled",
    "created",
    "sending",
    "sent",
    "delivered",
    "pending",
    "failed",
    "technical-failure",
    "temporary-failure",
    "permanent-failure",
    "pending-virus-check",
    "validation-failed",
    "virus-scan-failed",
    "returned-letter",
    "accepted",
    "received",
)
NO_DATE = (
    "datetime format is invalid. It must be a valid ISO8601 date time format, "
    "https://en.wikipedia.org/wiki/ISO_8601"
)

Check = Callable[[Any], str | None]
"""Why a value is wrong, or None."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: how its members are checked, which must be there, whether others may."""

    members: Mapping[str, Check]
    required: Sequence[str] = ()
    closed: bool = True

    def check(self, value: Any) -> dict[str, Any]:
        """The object itself. CallRefused ValidationError names all that is wrong."""
        if not isinstance(value, dict):
            raise invalid(_said(value, "object").replace("'", ""))
        wrong = [
            f"{name} {fault}"
            for name, check in self.members.items()
            if name in value and (fault := check(value[name])) is not None
        ]
        wrong += [f"{name} is a required property" for name in self.required if name not in value]
        others = sorted(set(value) - set(self.members))
        if self.closed and others:
            names, verb = ", ".join(map(repr, others)), "was" if len(others) == 1 else "were"
            wrong.append(f"Additional properties are not allowed ({names} {verb} unexpected)")
        if wrong:
            raise invalid(*(message.replace("'", "") for message in wrong))
        return value


# --- checks ---


def _said(value: Any, *types: str) -> str:
    return f"{value!r} is not of type {', '.join(types)}"


def text(value: Any) -> str | None:
    return None if isinstance(value, str) else _said(value, "string")


def reference(value: Any) -> str | None:
    if isinstance(value, str) and len(value) > REFERENCE_MOST:
        return f"{value!r} is too long"
    return text(value)


def uuid_(value: Any) -> str | None:
    try:
        uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        return "is not a valid UUID"
    return None


def personalisation(value: Any) -> str | None:
    return None if isinstance(value, dict) else _said(value, "object")


def phone_number(value: Any) -> str | None:
    if not isinstance(value, str):
        return _said(value, "string")
    return mobile(value).fault


def email_address(value: Any) -> str | None:
    if not isinstance(value, str):
        return _said(value, "string")
    try:
        identifiers.email(value)
    except identifiers.Malformed:
        return "Not a valid email address"
    return None


def scheduled_for(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        return _said(value, "string", "null")
    if value is None:
        return None
    try:
        due = moment(value)
    except (ValueError, OverflowError):
        return NO_DATE
    now = dt.datetime.now(dt.UTC)
    if due < now:
        return "datetime can not be in the past"
    return "datetime can only be 24 hours in the future" if due > now + AHEAD else None


def moment(text: str) -> dt.datetime:
    """A moment of ISO 8601; UTC if it names no offset. ValueError, OverflowError."""
    parsed = dt.datetime.fromisoformat(text)
    return parsed.replace(tzinfo=dt.UTC) if parsed.tzinfo is None else parsed.astimezone(dt.UTC)


def https_url(value: Any) -> str | None:
    good = isinstance(value, str) and URL.fullmatch(value)
    return None if good else "is not a valid https url"


def names_or_null(value: Any) -> str | None:
    if value is None or isinstance(value, list):
        return None
    return _said(value, "array", "null")


def postage(value: Any) -> str | None:
    if isinstance(value, str) and value not in ("first", "second", "economy"):
        return "invalid. It must be either first, second or economy."
    return text(value)


def one_of(*choices: str) -> Check:
    """A check of one value, or of each of a list."""

    def check(value: Any) -> str | None:
        for choice in value if isinstance(value, list) else [value]:
            if choice not in choices:
                return f"{choice!r} is not one of [{', '.join(choices)}]"
        return None

    return check


def page(value: Any) -> str | None:
    """The number of a version, from 1."""
    return None if value >= 1 else f"{value} is less than the minimum of 1"


_COMMON: dict[str, Check] = {"template_id": uuid_, "personalisation": personalisation}
SMS = Shape(
    {
        "reference": reference,
        "phone_number": phone_number,
        **_COMMON,
        "scheduled_for": scheduled_for,
        "sms_sender_id": uuid_,
    },
    ("phone_number", "template_id"),
)
EMAIL = Shape(
    {
        "reference": reference,
        "email_address": email_address,
        **_COMMON,
        "scheduled_for": scheduled_for,
        "email_reply_to_id": uuid_,
        "one_click_unsubscribe_url": https_url,
        "sanitise_content_for": names_or_null,
    },
    ("email_address", "template_id"),
)
LETTER = Shape({"reference": reference, **_COMMON}, ("template_id", "personalisation"))
PRECOMPILED = Shape(
    {"reference": reference, "content": text, "postage": postage}, ("reference", "content")
)
NOTIFICATION = Shape({"notification_id": uuid_}, ("notification_id",))
NOTIFICATIONS = Shape(
    {
        "reference": text,
        "status": one_of(*STATUSES),
        "template_type": one_of(*TYPES),
        "include_jobs": one_of("true", "True"),
        "older_than": uuid_,
    }
)
TEMPLATE = Shape({"id": uuid_, "version": page}, ("id",))
TEMPLATES = Shape({"type": one_of(*TYPES)})
PREVIEW = Shape({"id": uuid_, "personalisation": personalisation}, ("id",), closed=False)
RECEIVED = Shape({"older_than": uuid_})
