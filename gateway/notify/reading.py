"""From what clients post to what the service is asked (contracts/notify/govnotify.py)."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from contracts.notify.govnotify import PDF_MOST
from gateway.http import bodies
from gateway.notify import recipients
from gateway.notify.errors import bad, invalid
from gateway.notify.recipients import SIMULATED
from gateway.notify.sanitising import sanitised
from gateway.notify.schemas import EMAIL, LETTER, PRECOMPILED, SMS, moment

LETTER_LIMIT = PDF_MOST * 4 // 3 + 64 * 1024
NO_JSON = "Invalid JSON supplied in POST data"
NO_PDF = "Letter content is not a valid PDF"
# A reader finds the mark of PDF and its end near the ends of a file (ISO 32000-1, Annex H.3).
NEAR = 1024
# More digits may be more than 64 bits, and many libraries make another number of them.
SAFE_DIGITS = 15


async def json_of(request: Request, limit: int = bodies.BODY_LIMIT) -> Any:
    """The JSON of a body, whatever its media type says; nothing is an empty object, as there."""
    raw = await bodies.body(request, limit)
    if bodies.too_deep(raw):
        raise bad(NO_JSON)
    try:
        orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        raise bad(NO_JSON) from None
    if bodies.has_member_twice(raw or b"{}"):
        raise bad(NO_JSON)
    return json.loads(raw or b"{}", parse_float=Number, parse_int=_whole) or {}


class Number(float):
    """A number that no integer of 64 bits is; its ``text`` is how it was typed."""

    text: str

    def __new__(cls, text: str) -> "Number":
        made = super().__new__(cls, text)
        made.text = text
        return made


def _whole(text: str) -> int | Number:
    return int(text) if len(text) <= SAFE_DIGITS and text != "-0" else Number(text)


def sms(told: Any, kind: str) -> dict[str, Any]:
    """A SendByApi of a posted SMS. Refused says what is wrong."""
    form = SMS.check(told)
    number = recipients.mobile(form["phone_number"]).number
    recipients.carried(number, kind)
    return {**_common("sms", form), "to": number}


def email(told: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A SendByApi of a posted e-mail, and which values were sanitised."""
    form = EMAIL.check(told)
    values, changed = sanitised(
        form.get("personalisation", {}), form.get("sanitise_content_for") or []
    )
    asked = _common("email", {**form, "personalisation": values})
    to = form["email_address"].strip()
    return {
        **asked, "to": to, "unsubscribe_url": form.get("one_click_unsubscribe_url"),
    }, changed  # fmt: skip


def letter(told: Any) -> dict[str, Any]:
    """A SendByApi of a posted letter by a template."""
    form = LETTER.check(told)
    asked = _common("letter", form)
    address = recipients.address(form["personalisation"])
    return {**asked, "address": address, "postage": "second"}


def precompiled(told: Any) -> tuple[dict[str, Any], bytes]:
    """A SendByApi of a letter that comes as a PDF, still without its claim, and the PDF."""
    form = PRECOMPILED.check(told)
    try:
        content = base64.b64decode(form["content"], validate=True)
    except (binascii.Error, ValueError):
        raise bad("Cannot decode letter content (invalid base64 encoding)") from None
    if len(content) > PDF_MOST:
        raise bad(f"Letter content is larger than {PDF_MOST // 1024 // 1024} MB")
    tail = content[-NEAR:]
    if b"%PDF-" not in content[:NEAR] or b"%%EOF" not in tail or b"startxref" not in tail:
        raise bad(NO_PDF)
    return {
        "channel": "letter", "reference": form["reference"] or None,
        "postage": form.get("postage", "second"),
    }, content  # fmt: skip


def _common(channel: str, form: Mapping[str, Any]) -> dict[str, Any]:
    at = form.get("scheduled_for")
    return {
        "channel": channel,
        "template": form["template_id"],
        "personalisation": personalisation(form.get("personalisation", {})),
        "reference": form.get("reference") or None,
        "not_before": moment(at).isoformat() if at else None,
    }


def personalisation(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as texts and lists of texts. None is no value; a yes or no is told as a word, since
    it mostly decides what is shown (``((name??text))``).
    """
    told: dict[str, str | list[str]] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            raise _no_value(name, value)
        if isinstance(value, list):
            told[name] = [_word(name, each) for each in value if each is not None]
        elif value is not None:
            told[name] = _word(name, value)
    return told


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Number):
        return value.text
    raise _no_value(name, value)


def _no_value(name: str, value: Any) -> Exception:
    if isinstance(value, dict) and "file" in value:
        return bad("Send files by email has not been set up")
    return invalid(f"personalisation {name} must be a text, a number or a list of these")


def is_simulated(asked: Mapping[str, Any]) -> bool:
    """Whether it goes to one of the simulated recipients of Notify's documentation."""
    return str(asked.get("to") or "").lower() in SIMULATED
