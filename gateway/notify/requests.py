"""Requests of the service from what clients post (contracts/notify/govnotify.py)."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request

from bus.messages.message import Wire
from contracts.notify.govnotify import PDF_MOST, SendByApi
from gateway.http import bodies
from gateway.notify import recipients
from gateway.notify.errors import bad, invalid
from gateway.notify.files import UploadedFile, files_of, is_file
from gateway.notify.recipients import SIMULATED
from gateway.notify.sanitising import Changed, sanitised
from gateway.notify.schemas import EMAIL, LETTER, PRECOMPILED, SMS, moment

LETTER_LIMIT = PDF_MOST * 4 // 3 + 64 * 1024
# As Notify: one file of 2 MB, or several smaller ones.
EMAIL_LIMIT = 4 * 1024 * 1024
NO_JSON = "Invalid JSON supplied in POST data"
NO_PDF = "Letter content is not a valid PDF"
# A reader finds the mark of PDF and its end near the ends of a file (ISO 32000-1, Annex H.3).
NEAR = 1024
# More digits may be more than 64 bits, and many libraries make another number of them.
SAFE_DIGITS = 15


async def json_of(request: Request, limit: int = bodies.BODY_LIMIT) -> Any:
    """The JSON of a body, whatever its media type says; nothing is an empty object, as there. Any:
    what a stranger has posted; the schemas check it.
    """
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


def sms(body: object, kind: str) -> SendByApi:
    """The request of a posted SMS. CallRefused names what is wrong."""
    form = SMS.check(body)
    number = recipients.mobile(form["phone_number"]).number
    recipients.carried(number, kind)
    sender = form.get("sms_sender_id")
    return SendByApi(channel="sms", to=number, sender=sender, **_common(form))


class PostedEmail(NamedTuple):
    """A posted e-mail: its request, the values that were sanitised, its files by placeholder."""

    message: SendByApi
    changed: Changed
    files: Mapping[str, UploadedFile]


def email(body: object) -> PostedEmail:
    """The request of a posted e-mail, still without the claims of its files."""
    form = EMAIL.check(body)
    posted: Wire = form.get("personalisation", {})
    uploaded = files_of(posted)
    texts = {name: value for name, value in posted.items() if name not in uploaded}
    values, changed = sanitised(texts, form.get("sanitise_content_for") or [])
    request = SendByApi(
        channel="email",
        to=form["email_address"].strip(),
        unsubscribe_url=form.get("one_click_unsubscribe_url"),
        sender=form.get("email_reply_to_id"),
        **_common({**form, "personalisation": values}),
    )
    return PostedEmail(request, changed, uploaded)


def letter(body: object, kind: str) -> SendByApi:
    """The request of a posted letter by a template."""
    form = LETTER.check(body)
    common = _common(form)
    address = tuple(recipients.address(form["personalisation"], kind))
    return SendByApi(channel="letter", address=address, postage="second", **common)


def precompiled(body: object) -> tuple[SendByApi, bytes]:
    """The request of a letter that comes as a PDF, still without its claim, and the PDF."""
    form = PRECOMPILED.check(body)
    try:
        content = base64.b64decode(form["content"], validate=True)
    except (binascii.Error, ValueError):
        raise bad("Cannot decode letter content (invalid base64 encoding)") from None
    if len(content) > PDF_MOST:
        raise bad(f"Letter content is larger than {PDF_MOST // 1024 // 1024} MB")
    tail = content[-NEAR:]
    if b"%PDF-" not in content[:NEAR] or b"%%EOF" not in tail or b"startxref" not in tail:
        raise bad(NO_PDF)
    request = SendByApi(
        channel="letter",
        reference=form["reference"] or None,
        postage=form.get("postage", "second"),
    )
    return request, content


def _common(form: Wire) -> Wire:
    at = form.get("scheduled_for")
    return {
        "template": form["template_id"],
        "personalisation": personalisation(form.get("personalisation", {})),
        "reference": form.get("reference") or None,
        "not_before": moment(at).isoformat() if at else None,
    }


def personalisation(values: Wire) -> dict[str, str | list[str]]:
    """Values as texts and lists of texts. None is no value; a yes or no becomes a word, since it
    mostly decides what is shown (``((name??text))``).
    """
    words: dict[str, str | list[str]] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            raise _no_value(name, value)
        if isinstance(value, list):
            words[name] = [_word(name, item) for item in value if item is not None]
        elif value is not None:
            words[name] = _word(name, value)
    return words


def _word(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Number):
        return value.text
    raise _no_value(name, value)


def _no_value(name: str, value: object) -> Exception:
    if is_file(value):
        return bad("Can only send a file by email")
    return invalid(f"personalisation {name} must be a text, a number or a list of these")


def is_simulated(request: SendByApi) -> bool:
    """Tell whether it goes to a simulated recipient of Notify's documentation."""
    return (request.to or "").lower() in SIMULATED
