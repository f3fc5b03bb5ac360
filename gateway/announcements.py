"""What is announced for now and soon, as a face knows it: what closes pages and contracts, what
stands in the banner, which contracts end. One record of notify drives it all.
"""

import asyncio
import datetime as dt
from collections.abc import Collection
from email.utils import format_datetime
from typing import Any, NamedTuple

from bus.client import Client
from bus.errors import BusError, Unavailable
from bus.process import log
from contracts.notify.announcements import CURRENT
from gateway.http.problems import HttpError
from iran.persian import TEHRAN

SECONDS, DEADLINE = 5.0, 4.0
_log = log.get("notices")

Told = dict[str, Any]


class Maintenance(Unavailable):
    """What was asked for is closed by an announced maintenance; ``told`` is the announcement."""

    default_code = "service.maintenance"

    def __init__(self, told: Told, now: dt.datetime) -> None:
        super().__init__(
            f"Maintenance until {told['ends_at']}: {told['title']['en']}; nothing was changed.",
            retry_after=max(1, round((_moment(told["ends_at"]) - now).total_seconds())),
        )
        self.told = told

    @property
    def kind(self) -> str:
        return "Unavailable"


class Ending(NamedTuple):
    """The end of a contract: announced at, gone at, and the announcement's number."""

    announced_at: dt.datetime
    gone_at: dt.datetime
    id: int

    def headers(self, portal: str) -> dict[str, str]:
        """Deprecation (RFC 9745), Sunset and its link (RFC 8594)."""
        page = f"{portal}/status/{self.id}"
        links = [f'<{page}>; rel="{rel}"; type="text/html"' for rel in ("deprecation", "sunset")]
        return {
            "Deprecation": f"@{int(self.announced_at.timestamp())}",
            "Sunset": format_datetime(self.gone_at, usegmt=True),
            **({"Link": ", ".join(links)} if portal else {}),
        }


class Notices:
    """Asks notify every few seconds and keeps its last answer: while notify is away, what is known
    stays, and the windows in it open and close by the clock.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._announcements: list[Told] = []
        self.contact: Told = {}
        self._banner_before = dt.timedelta()

    async def keep(self) -> None:
        """Asks for ever; a face runs it from its start to its end."""
        known = True
        while True:
            try:
                self.take(await self._client.call(CURRENT, {}, deadline=DEADLINE))
                known = True
            except BusError as error:
                if known:
                    _log.warning("what is announced is not known newly", code=error.code)
                known = False
            await asyncio.sleep(SECONDS)

    def take(self, told: Told) -> None:
        """From now on this is what is announced."""
        self._announcements, self.contact = told["announcements"], told["contact"]
        self._banner_before = dt.timedelta(hours=told["banner_hours"])

    # --- what is closed ---

    def require_open(self, component: str | None, now: dt.datetime) -> None:
        """Maintenance if an announced one has closed a component now."""
        for told in self._announcements:
            if told["impact"] == "down" and component in told["components"] and _runs(told, now):
                raise Maintenance(told, now)

    # --- the banner ---

    def banner(self, components: Collection[str], now: dt.datetime) -> tuple[Told, int] | None:
        """The most urgent that visitors of these components should know, and how many more there
        are; None if there is nothing.
        """
        found = [told for told in self._announcements if self._concerns(told, components, now)]
        return (found[0], len(found) - 1) if found else None

    def _concerns(self, told: Told, components: Collection[str], now: dt.datetime) -> bool:
        if not set(told["components"]) & set(components):
            return False
        if told["kind"] == "incident":
            return True
        if told["kind"] == "end_of_service":
            # Of a contract that ends agencies hear by its headers.
            return not told["contracts"] and now < _gone_at(told["sunset"])
        if told["kind"] != "maintenance":
            return False
        soon = _moment(told["starts_at"]) - self._banner_before <= now
        return soon and now < _moment(told["ends_at"]) and told["impact"] != "none"

    # --- what ends ---

    def ending(self, contract: str) -> Ending | None:
        """The announced end of a contract, the earliest; None if none is announced."""
        found = [
            Ending(_moment(told["published_at"]), _gone_at(told["sunset"]), told["id"])
            for told in self._announcements
            if told["kind"] == "end_of_service" and contract in told["contracts"]
        ]
        return min(found, key=lambda ending: ending.gone_at, default=None)


class Gone(HttpError):
    """A contract whose last day is over."""

    def __init__(self, ending: Ending) -> None:
        day = (ending.gone_at.astimezone(TEHRAN) - dt.timedelta(days=1)).date()
        super().__init__("contract.ended", f"Its last day was {day}; the status page tells why.")


def _runs(told: Told, now: dt.datetime) -> bool:
    return told["kind"] == "maintenance" and _moment(told["starts_at"]) <= now < _moment(
        told["ends_at"]
    )


def _moment(told: str) -> dt.datetime:
    return dt.datetime.fromisoformat(told)


def _gone_at(sunset: str) -> dt.datetime:
    """The first midnight of Tehran after the last day, in UTC."""
    day = dt.date.fromisoformat(sunset) + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(), TEHRAN).astimezone(dt.UTC)
