"""Announcements in force, as a face knows them: maintenance that closes pages and contracts, the
banner, and the end of contracts. All follow from one reply of notify.
"""

import asyncio
import datetime as dt
from collections.abc import Collection
from email.utils import format_datetime
from typing import NamedTuple

from bus.client import Client
from bus.errors import BusError, Unavailable
from bus.process import log
from contracts.notify.announcements import CURRENT, Announcement, Contact, Current, Nothing
from gateway.http.problems import HttpError
from iran.persian import TEHRAN

SECONDS, DEADLINE = 5.0, 4.0
_log = log.get("announcements")


class Maintenance(Unavailable):
    """An announced maintenance has closed what the request needs."""

    default_code = "service.maintenance"

    def __init__(self, announcement: Announcement, now: dt.datetime) -> None:
        super().__init__(
            f"Maintenance until {announcement.ends_at}: {announcement.title.en}; "
            "nothing was changed.",
            retry_after=max(1, round((_moment(announcement.ends_at) - now).total_seconds())),
        )
        self.announcement = announcement

    @property
    def kind(self) -> str:
        return "Unavailable"


class Ending(NamedTuple):
    """The announced end of a contract, and the number of its announcement."""

    announced_at: dt.datetime
    gone_at: dt.datetime
    id: int

    @property
    def last_day(self) -> dt.date:
        """The last day in Tehran on which it is answered."""
        return (self.gone_at.astimezone(TEHRAN) - dt.timedelta(days=1)).date()

    def headers(self, portal: str) -> dict[str, str]:
        """Return Deprecation (RFC 9745), Sunset and its link (RFC 8594)."""
        page = f"{portal}/status/{self.id}"
        links = [f'<{page}>; rel="{rel}"; type="text/html"' for rel in ("deprecation", "sunset")]
        return {
            "Deprecation": f"@{int(self.announced_at.timestamp())}",
            "Sunset": format_datetime(self.gone_at, usegmt=True),
            **({"Link": ", ".join(links)} if portal else {}),
        }


class AnnouncementCache:
    """Asks notify every few seconds and keeps its last reply: while notify is away, windows of
    maintenance open and close by that.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._announcements: list[Announcement] = []
        self.contact: Contact | None = None
        self._banner_before = dt.timedelta()

    async def keep(self) -> None:
        """Refresh for ever; a face runs this from its start to its end."""
        reachable = True
        while True:
            try:
                self.take(await self._client.call(CURRENT, Nothing(), deadline=DEADLINE))
                reachable = True
            except BusError as error:
                if reachable:
                    _log.warning("announcement_refresh_failed", code=error.code)
                reachable = False
            await asyncio.sleep(SECONDS)

    def take(self, current: Current) -> None:
        """Replace the announcements by those of a reply."""
        self._announcements, self.contact = list(current.announcements), current.contact
        self._banner_before = dt.timedelta(hours=current.banner_hours)

    # --- what is closed ---

    def require_open(self, component: str | None, now: dt.datetime) -> None:
        """Raise Maintenance if an announced one has closed a component now."""
        for announcement in self._announcements:
            if (
                announcement.impact == "down"
                and component in announcement.components
                and _runs(announcement, now)
            ):
                raise Maintenance(announcement, now)

    # --- the banner ---

    def banner(
        self, components: Collection[str], now: dt.datetime
    ) -> tuple[Announcement, int] | None:
        """Return the most urgent announcement for visitors of these components, and the number of
        others; None if there is none.
        """
        announcements = [
            announcement
            for announcement in self._announcements
            if self._concerns(announcement, components, now)
        ]
        return (announcements[0], len(announcements) - 1) if announcements else None

    def _concerns(
        self, announcement: Announcement, components: Collection[str], now: dt.datetime
    ) -> bool:
        if not set(announcement.components) & set(components):
            return False
        if announcement.kind == "incident":
            return True
        if announcement.kind == "end_of_service":
            # Agencies read the end of a contract in the headers of its replies.
            return not announcement.contracts and now < _gone_at(announcement.sunset)
        if announcement.kind != "maintenance":
            return False
        soon = _moment(announcement.starts_at) - self._banner_before <= now
        return soon and now < _moment(announcement.ends_at) and announcement.impact != "none"

    # --- what ends ---

    def ending(self, contract: str) -> Ending | None:
        """Return the earliest announced end of a contract; None without one."""
        endings = [
            Ending(
                _moment(announcement.published_at),
                _gone_at(announcement.sunset),
                announcement.id,
            )
            for announcement in self._announcements
            if announcement.kind == "end_of_service" and contract in announcement.contracts
        ]
        return min(endings, key=lambda ending: ending.gone_at, default=None)


class Gone(HttpError):
    """The last day of a contract is over."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(
            "contract.ended", f"Its last day was {ending.last_day}; the status page tells why."
        )


def _runs(announcement: Announcement, now: dt.datetime) -> bool:
    return announcement.kind == "maintenance" and _moment(announcement.starts_at) <= now < _moment(
        announcement.ends_at
    )


def _moment(text: str | None) -> dt.datetime:
    return dt.datetime.fromisoformat(_needed(text))


def _gone_at(sunset: str | None) -> dt.datetime:
    """Return the first midnight of Tehran after the last day, in UTC."""
    day = dt.date.fromisoformat(_needed(sunset)) + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(), TEHRAN).astimezone(dt.UTC)


def _needed(text: str | None) -> str:
    """Return a moment that every announcement of its kind has once it is published."""
    if text is None:
        raise ValueError("An announcement lacks a moment that its kind needs.")
    return text
