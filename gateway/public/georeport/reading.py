"""Calls of Open311: parameters, a report as data of REGISTER, a window of time."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.requests import Request

from bus.errors import ContractError, FieldError
from bus.messages.fields import YEARS
from bus.messages.kinds import listed, sentence
from bus.messages.values import Json
from gateway.public.site import words
from iran import identifiers
from iran.persian import TEHRAN, Malformed, fold_code, fold_number

DESCRIPTION, SHORTEST, ADDRESS, NAME, VALUE = 4000, 5, 300, 100, 500
WINDOW = dt.timedelta(days=90)
PAGE_SIZE, PAGES = 1000, 100_000
MEDIA_URLS = 10
STATES = ("open", "closed")
# One kind of ticket for a service: the first that its category takes.
KINDS = ("complaint", "request", "suggestion")
TOKEN_TEXT = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]+)\](?:\[\])?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,20})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_CONTROL_IN_PROSE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# A plus sign that nobody escaped is a blank in a query: 2026-11-23T08:30:00 03:30
_LOST_PLUS = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")


class Parameters:
    """The parameters of a call; an empty one is absent. Faults are collected until ``check``."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.values: dict[str, list[str]] = {}
        self.faults: list[FieldError] = []
        for name, value in pairs:
            if value.strip():
                self.values.setdefault(name, []).append(value.strip())

    def value(self, name: str) -> str:
        """Return the value, or ``""``; a fault if two differ."""
        values = self.values.get(name, [""])
        if len(set(values)) > 1:
            self.fault(name, "repeated", "Give this once.")
        return values[0]

    def line(self, name: str) -> str:
        """Return the value without control characters."""
        return _CONTROL.sub(" ", self.value(name)).strip()

    def csv(self, name: str) -> list[str]:
        """Return the values, separated by commas."""
        parts = ",".join(self.values.get(name, ())).split(",")
        return [part.strip() for part in parts if part.strip()]

    def fault(self, name: str, code: str, message: str) -> None:
        """Note a fault, once."""
        fault = FieldError(name, code, message)
        if fault not in self.faults:
            self.faults.append(fault)

    def check(self) -> None:
        """Raise ContractError with every fault, if there is one."""
        if self.faults:
            raise ContractError(sentence(self.faults), fields=listed(self.faults))


def language(request: Request, parameters: Parameters) -> str:
    """Return ``en`` if locale or Accept-Language prefers it, else ``fa``."""
    locale = parameters.value("locale").lower()
    if locale:
        return "en" if re.split("[-_]", locale)[0] == "en" else "fa"
    liked = {"en": 0.0, "fa": 0.0}
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag, _, weight = part.partition(";")
        name = tag.strip().split("-")[0]
        if name in liked:
            match = re.fullmatch(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*", weight or "q=1")
            liked[name] = max(liked[name], float(match[1]) if match else 0.0)
    return "en" if liked["en"] > liked["fa"] else "fa"


def moment(text: str) -> dt.datetime | None:
    """Return a moment with its offset (W3C date-time); None for other text."""
    try:
        parsed = dt.datetime.fromisoformat(_LOST_PLUS.sub("+", fold_code(text)))
    except ValueError:
        return None
    return parsed if parsed.tzinfo and parsed.year in YEARS else None


def local(moment: str | None) -> str | None:
    """Return a moment of the bus in the time of Tehran, with its offset."""
    if moment is None:
        return None
    return dt.datetime.fromisoformat(moment).astimezone(TEHRAN).isoformat(timespec="seconds")


def listing(parameters: Parameters, now: dt.datetime, most: int) -> Json:
    """Return the data of LIST_PUBLIC for a call of GET requests; ``most`` reports are on a page."""
    states = parameters.csv("status")
    if not set(states) <= set(STATES):
        parameters.fault("status", "choice", "Give open, closed, or both with a comma.")
        states = []
    since, until = window(parameters, now)
    return {
        "categories": parameters.csv("service_code") or None,
        "states": states or None,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "page": whole(parameters, "page", 1, PAGES),
        "page_size": whole(parameters, "page_size", most, most),
    }


def window(
    parameters: Parameters, now: dt.datetime
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return the bounds of the window; an open end lies 90 days from the other."""
    ends: list[dt.datetime | None] = []
    for name in ("start_date", "end_date"):
        text = parameters.value(name)
        end = moment(text) if text else None
        if text and end is None:
            parameters.fault(
                name, "instant", "Give a date-time with zone: 2026-11-23T08:30:00+03:30"
            )
            return None, None
        ends.append(end)
    start, end = ends
    if start is None:
        return (end or now) - WINDOW, end
    if end is None:
        return start, start + WINDOW
    if end < start:
        parameters.fault("end_date", "range", "It lies before start_date.")
    elif end - start > WINDOW:
        parameters.fault("end_date", "range", f"At most {WINDOW.days} days after start_date.")
    return start, end


def whole(parameters: Parameters, name: str, default: int, most: int) -> int:
    text = fold_number(parameters.value(name))
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        parameters.fault(name, "range", f"Give a whole number from 1 to {most}.")
        return default
    return int(text)


def ticket(parameters: Parameters, category: Json | None, language: str) -> Json:
    """Return the data of REGISTER; all that is wrong is among the faults of ``parameters``.

    Without a category it only looks for further faults.
    """
    kinds = category["kinds"] if category else []
    name = f"{parameters.line('first_name')} {parameters.line('last_name')}".strip()
    if len(name) > NAME:
        parameters.fault(
            "first_name", "length", f"Both names have at most {NAME} characters together."
        )
    person = {
        "name": name,
        "mobile": _proven(parameters, "phone", identifiers.mobile),
        "email": _proven(parameters, "email", identifiers.email),
    }
    data = {
        "kind": next((kind for kind in KINDS if kind in kinds), "request"),
        "category": category["code"] if category else "",
        "text": _text(parameters, category["fa"] if category else ""),
        "attributes": _attributes(parameters, category["open311"].get("attributes") or ())
        if category
        else {},
        **_place(parameters),
        **person,
        "privacy": "private" if any(person.values()) else "anonymous",
        "language": language,
        "channel": "open311",
        "public": True,
        "declared": True,
    }
    _note_media(parameters, data)
    return data


def _proven(parameters: Parameters, name: str, check: Callable[[str], str]) -> str | None:
    text = parameters.line(name)
    if not text:
        return None
    try:
        return check(text)
    except Malformed as error:
        parameters.fault(name, error.code, str(error))
        return None


def prose(parameters: Parameters) -> str:
    """Return the description as it was written, without control characters."""
    text = parameters.value("description").replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL_IN_PROSE.sub("", text).strip()
    if len(text) > DESCRIPTION:
        parameters.fault("description", "length", f"At most {DESCRIPTION} characters.")
    return text


def _text(parameters: Parameters, service: str) -> str:
    """Return the description; a short report gets its service's name."""
    text = prose(parameters)
    if len(text) >= SHORTEST:
        return text
    return words.speaker("fa")("app_short", service=service, text=text).strip()


def _note_media(parameters: Parameters, data: Json) -> None:
    """Write each media_url below the text, or beside it where the text is full. None is fetched."""
    urls = media_urls(parameters)
    if not urls:
        return
    text = "\n".join((data["text"], *(f"media_url: {url}" for url in urls)))
    if len(text) <= DESCRIPTION:
        data["text"] = text
        return
    for number, url in enumerate(urls, start=1):
        data["attributes"]["media_url" if number == 1 else f"media_url_{number}"] = url


def media_urls(parameters: Parameters) -> list[str]:
    """Return the addresses of pictures that lie elsewhere; several may be sent."""
    urls = []
    for value in dict.fromkeys(parameters.values.get("media_url", ())):
        url = _CONTROL.sub(" ", value).strip()
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= VALUE
        except ValueError:
            good = False
        if not good or " " in url:
            parameters.fault(
                "media_url", "url", f"Give an http(s) address of at most {VALUE} characters."
            )
            continue
        urls.append(url)
    if len(urls) > MEDIA_URLS:
        parameters.fault("media_url", "length", f"Give at most {MEDIA_URLS} addresses.")
    return urls


def _place(parameters: Parameters) -> Json:
    lat, long = _degrees(parameters, "lat", 90), _degrees(parameters, "long", 180)
    lat_text, long_text = parameters.value("lat"), parameters.value("long")
    address = parameters.line("address_string")
    if address_id := parameters.line("address_id"):
        address = (
            f"{address} (address_id: {address_id})" if address else f"address_id: {address_id}"
        )
    if bool(lat_text) != bool(long_text):
        parameters.fault("long" if lat_text else "lat", "required", "Give lat and long together.")
    if not lat_text and not long_text and not address:
        parameters.fault(
            "location", "required", "Give lat and long, or address_string, or address_id."
        )
    if len(address) > ADDRESS:
        parameters.fault("address_string", "length", f"At most {ADDRESS} characters.")
    return {"address": address, "lat": lat, "long": long}


def _degrees(parameters: Parameters, name: str, most: int) -> float | None:
    text = fold_number(parameters.value(name))
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or abs(float(text)) > most:
        parameters.fault(name, "range", f"Give degrees (WGS84) from -{most} to {most}.")
        return None
    return float(text)


def _attributes(parameters: Parameters, questions: Iterable[Json]) -> dict[str, str]:
    """Return the answers to the service's questions, by code."""
    answers: dict[str, list[str]] = {}
    for name, values in parameters.values.items():
        if match := _ATTRIBUTE.fullmatch(name):
            answers.setdefault(match[1], []).extend(_CONTROL.sub(" ", text) for text in values)
    valid = {}
    for attribute in questions:
        code = attribute["code"]
        values = answers.pop(code, [])
        if not attribute.get("variable", True):  # told to people, not asked of them
            continue
        if not values:
            if attribute.get("required"):
                parameters.fault(f"attribute[{code}]", "required", "This service needs it.")
            continue
        if reason := _wrong(attribute, values):
            parameters.fault(f"attribute[{code}]", "value", reason)
        valid[code] = ", ".join(values)
    for code in answers:
        parameters.fault(f"attribute[{code}]", "unknown", "This service does not ask for it.")
    return valid


def _wrong(attribute: Json, values: list[str]) -> str:
    """Return what is wrong with the answer to a question; ``""`` if it is right."""
    kind = attribute["datatype"]
    keys = [value["key"] for value in attribute.get("values") or ()]
    reason = ""
    if len(values) > 1 and kind != "multivaluelist":
        reason = "Give one value."
    elif kind in ("singlevaluelist", "multivaluelist") and not set(values) <= set(keys):
        reason = "Use keys of the service's definition: " + ", ".join(keys) + "."
    elif kind == "number" and not _NUMBER.fullmatch(fold_number(values[0])):
        reason = "Give a number."
    elif kind == "datetime" and moment(values[0]) is None:
        reason = "Give a date-time with zone: 2026-11-23T08:30:00+03:30"
    elif len(", ".join(values)) > VALUE:
        reason = f"At most {VALUE} characters."
    return reason
