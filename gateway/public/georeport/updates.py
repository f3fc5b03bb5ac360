"""Service request updates, the extension by which FixMyStreet follows and sends updates.

How it names things: https://github.com/mysociety/fixmystreet/wiki/
Open311-FMS---Proposed-differences-to-Open311
"""

import datetime as dt
import re
from collections.abc import Iterable

from bus.errors import NotFound
from bus.messages.values import Json
from contracts.ticketing.civic.updates import HISTORIES, ListUpdates, ReportUpdate
from gateway.public.georeport import reading
from gateway.public.georeport.keys import Key
from gateway.public.georeport.reading import Parameters
from gateway.public.site import words
from iran import identifiers
from iran.persian import Malformed
from people import tracking

SPECIFICATION = (
    "https://github.com/mysociety/fixmystreet/wiki/Open311-FMS---Proposed-differences-to-Open311"
)
UPDATE_ID = 100
NOT_YOURS = "service_request_id: your key has sent no request with this id."
_STATUS = re.compile(r"[A-Z_]{1,40}")


def listing(parameters: Parameters, key: Key | None, now: dt.datetime) -> ListUpdates:
    """Return the question for a call of GET; without dates it is of the last 90 days."""
    since, until = reading.window(parameters, now)
    return ListUpdates(
        since=(since or now - reading.WINDOW).isoformat(),
        until=(until or now).isoformat(),
        words=bool(key and key.answers),
        page=reading.whole(parameters, "page", 1, reading.PAGES),
        page_size=reading.whole(parameters, "page_size", reading.PAGE_SIZE, reading.PAGE_SIZE),
    )


def wants_extended(parameters: Parameters) -> bool:
    """Return whether the call asks for the finer statuses."""
    return parameters.value("extended_statuses").lower() in ("true", "1")


def wants_notes(parameters: Parameters) -> bool:
    """Return whether the call asks for the extensions of each request, as Chicago names them."""
    wanted = parameters.value("extensions").lower() in ("true", "1")
    if wanted and len(parameters.csv("service_request_id")) > HISTORIES:
        parameters.fault(
            "service_request_id", "length", f"With extensions give at most {HISTORIES} ids."
        )
    return wanted


def with_notes(request: Json, history: Iterable[ReportUpdate], language: str) -> Json:
    """Return a request with its notes, the oldest first, and its finer status.

    The first note is that it was opened; the last one that closes it says so.
    """
    own = [update for update in history if update.code == request["service_request_id"]]
    opened = {
        "datetime": request["requested_datetime"],
        "type": "opened",
        "summary": words.speaker(language)("app_opened"),
    }
    return {
        **request,
        "notes": [opened, *(_note(update, language) for update in own)],
        "extended_attributes": {"status": own[-1].extended_status if own else "OPEN"},
    }


def _note(update: ReportUpdate, language: str) -> Json:
    return {
        "datetime": reading.local(update.at),
        "type": "closed" if update.status == "CLOSED" else "activity",
        "summary": update.title_en if language == "en" else update.title_fa,
    }


def row(update: ReportUpdate, language: str, *, extended: bool) -> Json:
    """Return an update in the extension's words; what is told to everybody is what was done."""
    title = update.title_en if language == "en" else update.title_fa
    return {
        "update_id": update.update_id,
        "service_request_id": update.code,
        "status": update.extended_status if extended else update.status,
        "updated_datetime": reading.local(update.at),
        "description": update.text or title,
        "media_url": None,
    }


def writing(parameters: Parameters) -> Json:
    """Return the data of WRITE_UPDATE; what is wrong is among the faults of ``parameters``."""
    text = "\n".join(
        (
            reading.prose(parameters),
            *(f"media_url: {url}" for url in reading.media_urls(parameters)),
        )
    ).strip()
    status = parameters.line("status").upper().replace(" ", "_")
    if status and not _STATUS.fullmatch(status):
        parameters.fault("status", "choice", "Give a word, such as OPEN, CLOSED or IN_PROGRESS.")
    if not text and not status:
        parameters.fault("description", "required", "Say what is new, or give a status.")
    if (at := parameters.value("updated_datetime")) and reading.moment(at) is None:
        parameters.fault(
            "updated_datetime", "instant", "Give a date-time with zone: 2026-11-23T08:30:00+03:30"
        )
    update_id = parameters.line("update_id")
    if len(update_id) > UPDATE_ID:
        parameters.fault("update_id", "length", f"At most {UPDATE_ID} characters.")
    return {
        "code": _code(parameters),
        "update_id": update_id,
        "status": status,
        "text": text,
        "email": parameters.line("email")[:200] or None,
        "mobile": _mobile(parameters),
    }


def _code(parameters: Parameters) -> str:
    text = parameters.line("service_request_id")
    if not text:
        parameters.fault("service_request_id", "required", "Name the request.")
        return ""
    try:
        return tracking.parse(text)
    except ValueError:
        raise NotFound(NOT_YOURS, code="update.not_yours") from None


def _mobile(parameters: Parameters) -> str | None:
    """Return an Iranian mobile number; any other says nothing of who wrote, and is passed over."""
    try:
        return identifiers.mobile(parameters.line("phone"))
    except Malformed:
        return None
