"""The other cities to which tickets may be sent: a file of the operator's (FORWARD_CITIES_FILE)."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from bus.messages.values import Json
from bus.process import log
from bus.process.changing_file import ChangingFile
from bus.settings import Settings

_log = log.get("forwarding")
_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_SANDBOX_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")


class CityService(NamedTuple):
    """A service of the city for a category of ours.

    ``attributes`` are its further questions: a constant, or ``=name``, our own attribute.
    """

    code: str
    attributes: Mapping[str, str]


class City(NamedTuple):
    """Another city's endpoint of GeoReport v2; ``services`` by the codes of our categories."""

    code: str
    fa: str
    en: str
    url: str
    jurisdiction: str
    api_key: str
    form: str
    has_updates: bool
    services: Mapping[str, CityService]


def read(settings: Settings) -> Mapping[str, City]:
    """Return the cities by code; none without a file.

    A change is in force at once; a file that cannot be read changes nothing, which is logged.
    """
    name = settings.get("FORWARD_CITIES_FILE")
    if not name:
        return {}
    return _file(name, is_sandbox(settings)).content() or {}


@cache
def _file(name: str, sandbox: bool) -> ChangingFile[dict[str, City]]:
    return ChangingFile(Path(name), partial(_parse, sandbox=sandbox), _log_refused)


def _parse(text: str, *, sandbox: bool) -> dict[str, City]:
    rows = tomllib.loads(text).get("cities", ())
    return {city.code: city for city in (_city(row, sandbox=sandbox) for row in rows)}


def _log_refused(reason: str) -> None:
    _log.error("forward_cities_not_read", reason=reason)


def offered(settings: Settings) -> frozenset[str]:
    """Return our categories that at least one city takes."""
    return frozenset(category for city in read(settings).values() for category in city.services)


def is_sandbox(settings: Settings) -> bool:
    """Return whether cities may be on this machine, without TLS."""
    return settings.get("FORWARD_SANDBOX") == "1"


def _city(row: Json, *, sandbox: bool) -> City:
    url = str(row["url"]).rstrip("/")
    if not (_SANDBOX_URL if sandbox else _URL).fullmatch(url):
        raise ValueError(f"{row['code']}: url must be https://host/path, without anything else")
    form = str(row.get("format", "json"))
    if form not in ("json", "xml"):
        raise ValueError(f"{row['code']}: format is json or xml")
    services = {
        category: CityService(str(service["code"]), dict(service.get("attributes", {})))
        for category, service in row["services"].items()
    }
    return City(
        str(row["code"]),
        str(row["fa"]),
        str(row["en"]),
        url,
        str(row.get("jurisdiction", "")),
        str(row.get("api_key", "")),
        form,
        bool(row.get("updates", False)),
        services,
    )
