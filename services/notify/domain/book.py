"""The book of notices: quiet hours, caps, prices, patience; what changes by day is a dated row."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iran.persian import tehran_day

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages one receiver gets in a lane; ``refuses`` what is over, or delays it."""

    an_hour: int
    a_day: int
    refuses: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """So many failures in a row open it; first for ``seconds``, then twice as long, and so on."""

    failures: int
    seconds: int
    most_seconds: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what. ``lease``: a hand-over reserved so long ago and not recorded is
    of a killed process. ``sure``: between two words of a provider that it has no such message.
    ``unclear``: a hand-over that nobody can find ends then; ``find``: one that could be found, for
    a provider forgets what it had. ``retry``, ``retry_most``: the first pause after all have
    refused, and the longest. ``poll``, ``poll_most``: the same between two questions what became
    of a message. ``untold``: nobody tells any more.
    """

    lease: dt.timedelta
    sure: dt.timedelta
    unclear: dt.timedelta
    find: dt.timedelta
    retry: dt.timedelta
    retry_most: dt.timedelta
    poll: dt.timedelta
    poll_most: dt.timedelta
    untold: dt.timedelta


@dataclass(frozen=True)
class Book:
    """One version of the book."""

    version: int
    told: Mapping[str, Any]

    def cap(self, lane: str) -> Cap:
        """The caps of a lane, per receiver and channel."""
        row = self._lane(lane)
        return Cap(row["an_hour"], row["a_day"], row["over"] == "refuse")

    def give_up(self, lane: str) -> dt.timedelta:
        """How long after it was due a message is tried."""
        return dt.timedelta(hours=self._lane(lane)["give_up_hours"])

    def quiet(self, lane: str, channel: str, moment: dt.datetime) -> list[tuple[dt.time, dt.time]]:
        """The windows of the day (clocks of Tehran) in which such a message waits; a window whose
        end is before its begin reaches over midnight.
        """
        return [
            (dt.time.fromisoformat(row["begins"]), dt.time.fromisoformat(row["ends"]))
            for row in in_force(self.told["quiet"], tehran_day(moment))
            if lane in row["lanes"] and channel in row["channels"]
        ]

    def part_rials(self, encoding: str, moment: dt.datetime) -> int | None:
        """What one part of an SMS costs in rials; None if no row tells it."""
        rows = in_force(self.told["prices"], tehran_day(moment))
        found = [row for row in rows if row["encoding"] == encoding]
        return int(max(found, key=lambda row: row["from"])["rials"]) if found else None

    @property
    def breaker(self) -> Breaker:
        row = self.told["breaker"]
        return Breaker(row["failures"], row["seconds"], row["most_seconds"])

    @property
    def patience(self) -> Patience:
        told = self.told["patience"]
        return Patience(**{name: dt.timedelta(seconds=told[name]) for name in told})

    @property
    def sms_most_parts(self) -> int:
        return int(self.told["sms_most_parts"])

    @property
    def retention(self) -> dt.timedelta:
        """How long after its end a message keeps its receiver and its contents."""
        return dt.timedelta(days=self.told["retention_days"])

    @property
    def announce_before(self) -> dt.timedelta:
        """How long before its begin a maintenance must be announced to be no outage."""
        return dt.timedelta(hours=self.told["announce_hours_before"])

    @property
    def contact(self) -> Row:
        """Who sends: fa, en, phone, email, address_fa, address_en."""
        row: Row = self.told["contact"]
        return row

    def sender(self, language: str) -> dict[str, str]:
        """What a template of ours says of the sender: its legal name, and the portal's address."""
        contact = self.contact
        return {
            "company": str(contact[language]),
            "portal": str(contact.get("portal") or contact["email"].rpartition("@")[2]),
        }

    def _lane(self, lane: str) -> Row:
        row: Row = next(row for row in self.told["lanes"] if row["code"] == lane)
        return row


def in_force(rows: Sequence[Row], day: dt.date) -> list[Row]:
    """The rows that are in force on a day."""
    return [row for row in rows if row["from"] <= day and (not row["to"] or day <= row["to"])]
