"""The tickets of a world: when each is registered, times for visits, and joined doubles."""

import datetime as dt
import functools
import random
from dataclasses import dataclass, field

from sqlalchemy import text

from bus.blobs import Blobs
from contracts.ticketing import desk
from deploy.local.world.lines import maybe
from deploy.local.world.stage import Life, Refused, Stage, attempt
from deploy.local.world.ticket_life import OFFICES, KnownTicket, TicketLife
from iran.persian import TEHRAN

# user name → (name, role, unit), beside those of every `make up`.
MORE_COLLEAGUES = {
    "zahra": ("زهرا کرمی", "clerk", "subscribers"),
    "maryam": ("مریم یوسفی", "unit_head", "subscribers"),
    "bahram": ("بهرام طیبی", "clerk", "groundwater"),
    "reza": ("رضا چرامی", "clerk", "surface"),
    "nasrin": ("نسرین جلیل", "clerk", "surface"),
    "hamid": ("حمید آریان‌فر", "unit_head", "surface"),
    "leila": ("لیلا نوروزی", "clerk", "billing"),
    "omid": ("امید پناهی", "clerk", "billing"),
    "shirin": ("شیرین اسدی", "unit_head", "billing"),
    "parisa": ("پریسا قائدی", "clerk", "inspection"),
}
_VERSION = text("select version from tickets where code = :code")


@dataclass
class Tickets:
    """The tickets of a world: ``made`` fills up while it goes on."""

    stage: Stage
    blobs: Blobs
    made: list[KnownTicket] = field(default_factory=list)

    def lives(self, number: int, first: dt.date, last: dt.date) -> list[Life]:
        """As many lives of tickets as asked for, over the days from ``first`` to ``last``."""
        chance = self.stage.random
        moments = sorted(self._moment(chance, first, last) for _ in range(number))
        lives = [self._life(n, moment) for n, moment in enumerate(moments)]
        return [*lives, self._open_times(first, last)]

    def _moment(self, chance: random.Random, first: dt.date, last: dt.date) -> dt.datetime:
        """A little more each week, and most in the last days, so that there is work to do; few on
        Fridays; mostly by day.
        """
        days = (last - first).days
        while True:
            share = chance.random() ** 0.75 if maybe(chance, 0.76) else 1 - chance.random() * 0.07
            day = first + dt.timedelta(days=round(days * share))
            if day.weekday() != 4 or maybe(chance, 0.35):  # noqa: PLR2004 - Friday
                return self.stage.at(day, min(23.5, max(6.2, chance.gauss(12.5, 4.2))))

    # --- times for visits ---

    def _open_times(self, first: dt.date, last: dt.date) -> Life:
        """Each working day the heads of units open the times of the day a week later."""
        day = first
        while day <= last + dt.timedelta(days=7):
            yield self.stage.at(min(day, last), 5.0)
            for n in range(3 if day == last else 1):
                self._open_day(day + dt.timedelta(days=6 + n))
            day += dt.timedelta(days=1)
        return

    def _open_day(self, day: dt.date) -> None:
        working = self.stage.calendar.day(day, "")
        if working.opens is None or day <= self.stage.now.astimezone(TEHRAN).date():
            return
        opens = working.opens.astimezone(TEHRAN).hour + 1
        for office in OFFICES:
            self.stage.ask(
                desk.ADD_SLOTS,
                {
                    "office": office,
                    "day": day.isoformat(),
                    "opens": f"{opens:02}:00",
                    "closes": f"{opens + 3:02}:00",
                    "minutes": 30,
                    "capacity": 2,
                },
                caller=self.stage.staff("nader"),
            )

    # --- one ticket ---

    def _life(self, number: int, moment: dt.datetime) -> Life:
        chance = random.Random(f"{self.stage.random.random()} {number}")  # noqa: S311
        yield moment
        ticket = TicketLife(self.stage, self.blobs, chance, number)
        yield from ticket.register()
        self.made.append(ticket.summary())
        yield from ticket.go_on()


def merge_doubles(tickets: Tickets, count: int) -> Life:
    """Two people write of the same: a head joins the later one with the earlier, now and then."""
    stage, chance = tickets.stage, tickets.stage.random
    for _ in range(count):
        yield stage.working(chance.uniform(30, 60))
        recent = [t for t in tickets.made[-60:] if t.category in ("illegal_well", "river_bed")]
        for later in reversed(recent):
            if attempt(functools.partial(_merge, tickets, later, recent)):
                break


def _merge(tickets: Tickets, later: KnownTicket, recent: list[KnownTicket]) -> None:
    """Refused if there is no earlier one of its category, or a rule forbids it."""
    stage = tickets.stage
    others = [t.code for t in recent if t is not later and t.category == later.category]
    if not others:
        raise Refused(desk.MERGE.name, "ticket.not_found", "There is no other.")
    with stage.services["ticketing"].store.transaction() as tx:
        version = tx.conn.execute(_VERSION, {"code": later.code}).scalar_one()
    caller = stage.staff("nader")
    stage.ask(
        desk.MERGE, {"code": later.code, "version": version, "into": others[0]}, caller=caller
    )
