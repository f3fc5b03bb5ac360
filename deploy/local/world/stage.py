"""The services in one process, by a clock that is moved: what they publish is handed on at once."""

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy import make_url, text

from bus.activator import Call, Fate, Job
from bus.database.store import Store
from bus.envelope import Envelope
from bus.errors import BusError
from bus.messages.kinds import M, R, Request
from bus.messages.message import read
from bus.messages.values import Json
from bus.service import Service
from bus.settings import Settings
from contracts.notify.messages import SEND_MESSAGE
from deploy.local.world.played import (
    WorldBilling,
    WorldNotify,
    WorldTicketing,
    gateways,
    telephones,
)
from iran.persian import TEHRAN
from services.agencies.service import Agencies
from services.inquiry.service import Inquiry
from services.ticketing import calendar_rows
from services.ticketing.domain import clock
from services.ticketing.domain.calendar import Calendar

SERVICES: dict[str, type[Service]] = {
    "inquiry": Inquiry,
    "ticketing": WorldTicketing,
    "billing": WorldBilling,
    "notify": WorldNotify,
    "agencies": Agencies,
}
# A citizen's browser, a colleague at the desk, an agency's program.
PORTAL: Json = {"face": "public"}
NOTHING: Json = {}
_WAITING = text(
    "select seq, name, headers, body from outbox where sent_at is null "
    "and exchange <> 'mirab.agency' order by seq limit 200"
)
_SENT = text("update outbox set sent_at = now(), awaits = '{}' where seq = any(:seqs)")


# The matter has moved on meanwhile: joined with another, withdrawn, ended, paid.
MOVED_ON = ("ticket.move", "ticket.changed", "visit.undecided", "visit.not_booked")


class Refused(Exception):
    """An act of the world was refused, with the code of the refusal and its kind (bus.errors)."""

    def __init__(self, contract: str, code: str, message: str, kind: str = "") -> None:
        super().__init__(f"{contract}: {message}")
        self.code, self.kind = code, kind


class Entry(NamedTuple):
    """An entrypoint: the service that has it, its method, its job."""

    service: Service
    method: Callable[..., Any]  # as nameko has it
    job: Job


# A life waits until a moment and then goes on.
Life = Iterator[dt.datetime]


class Stage:
    """The services, the moment (UTC), and the lives that go on in it.

    ``databases`` are the addresses by service, as each service's own role; ``settings`` those of
    all services together.
    """

    def __init__(
        self, databases: Mapping[str, str], settings: Settings, now: dt.datetime, seed: int
    ) -> None:
        self.now, self.random = now, random.Random(seed)  # noqa: S311 - a story, no secret
        self.settings, self.banks = settings, gateways()
        self.inboxes: dict[str, str] = {}
        self.refusals: list[str] = []
        self._to_send = False
        self.services = {name: self._service(name, databases[name]) for name in SERVICES}
        self._entries = self._all_entries()
        self._chores: list[tuple[Service, str, dt.timedelta, dt.datetime]] = []
        self._numbers = iter(range(10**9))
        self._seed = seed
        self.calendar: Calendar = self._calendar()

    def close(self) -> None:
        """Give the connections back."""
        for service in self.services.values():
            service.store.engine.dispose()

    # --- asking ---

    def ask(
        self,
        contract: Request[M, R],
        data: Mapping[str, object] = NOTHING,
        *,
        caller: Json = PORTAL,
    ) -> R:
        """Ask a service, and let what it published be heard. Refused if it refuses."""
        (entry,) = self._entries[contract.name]
        reply = self._run(entry, self._envelope(contract.name, caller), data) or {}
        if "error" in reply:
            error = reply["error"]
            raise Refused(contract.name, error["code"], error["message"], error["kind"])
        self.deliver(entry.service)
        result: R = read(contract.reply, reply["result"])
        return result

    def tries(
        self, contract: Request[M, R], data: Mapping[str, object], *, caller: Json = PORTAL
    ) -> bool:
        """Ask what a rule may forbid just then; True if it was done."""
        return attempt(lambda: self.ask(contract, data, caller=caller))

    def staff(self, username: str) -> Json:
        """The caller that a colleague is at the desk."""
        return {"staff": username}

    def _envelope(self, name: str, caller: Json) -> Envelope:
        return Envelope.new(
            name,
            "world",
            caller=caller,
            id=f"world-{self._seed}-{next(self._numbers)}",
            time=self.now.isoformat(),
        )

    def _run(self, entry: Entry, envelope: Envelope, data: object) -> Json | None:
        """The reply as it goes out; Refused if the message died."""
        call = Call.of(entry.job.contract, envelope, data)
        (outcome,) = entry.method(entry.service, [call])
        if outcome.fate is not Fate.DONE:
            raise Refused(entry.job.contract.name, outcome.fate.value, str(outcome))
        reply: Json | None = outcome.reply and orjson.loads(orjson.dumps(outcome.reply))
        return reply

    def deliver(self, first: Service) -> None:
        """Hand on what waits in the outbox of a service, and in those of who heard it, until
        nothing waits: events are heard in the order in which they were published.
        """
        waiting = {first.name}
        while waiting:
            waiting |= self._deliver_of(self.services[waiting.pop()])
        if self._to_send:
            self._to_send = False
            self.chore("notify", "send_transactional")

    def _deliver_of(self, service: Service) -> set[str]:
        """Hand on what one service published; the names of those who may have published since."""
        with service.store.transaction() as tx:
            rows = tx.conn.execute(_WAITING).all()
        services = set()
        for row in rows:
            self._to_send |= row.name == SEND_MESSAGE.name
            for entry in self._entries.get(row.name, []):
                self._run(entry, Envelope.from_headers(row.headers), orjson.loads(bytes(row.body)))
                services.add(entry.service.name)
        if rows:
            with service.store.transaction() as tx:
                tx.conn.execute(_SENT, {"seqs": [row.seq for row in rows]})
            services.add(service.name)
        return services

    # --- time ---

    def run(
        self, lives: list[Life], until: dt.datetime, progress: Callable[[dt.datetime], None]
    ) -> None:
        """Let the lives go on, each at its moments, with the services' chores between them."""
        waiting = [
            (moment, n, life) for n, life in enumerate(lives) if (moment := self._next(life))
        ]
        while waiting:
            moment, n, life = waiting.pop(waiting.index(min(waiting, key=lambda row: row[:2])))
            if moment > until:
                break
            self._pass_time(moment, progress)
            if (later := self._next(life)) is not None:
                waiting.append((max(later, self.now), n, life))
        self._pass_time(until, progress)

    def _next(self, life: Life) -> dt.datetime | None:
        """When the life goes on; None if it has ended, or its matter has moved on without it. What
        else was refused ends that life alone, and stands in ``refusals``.
        """
        try:
            return next(life, None)
        except Refused as refusal:
            if refusal.code not in MOVED_ON:
                self.refusals.append(str(refusal))
            return None

    def every(self, service: str, chore: str, **span: float) -> None:
        """Have a chore of a service run each ``span`` of the world's time."""
        pause = dt.timedelta(**span)
        self._chores.append((self.services[service], chore, pause, self.now + pause))

    def _pass_time(self, moment: dt.datetime, progress: Callable[[dt.datetime], None]) -> None:
        while self._chores:
            number = min(range(len(self._chores)), key=lambda n: self._chores[n][3])
            service, chore, pause, due = self._chores[number]
            if due > moment:
                break
            self.now = max(self.now, due)
            self._chores[number] = (service, chore, pause, due + pause)
            self.chore(service.name, chore)
        self.now = max(self.now, moment)
        progress(self.now)

    def chore(self, service: str, chore: str) -> None:
        """Run a chore now. Refused if it failed."""
        worker = self.services[service]
        getattr(worker, chore)()
        if worker.store.failing:
            raise Refused(f"{service}.{chore}", "chore", "The chore failed; the log says more.")
        self.deliver(worker)

    def working(self, hours: float, start: dt.datetime | None = None) -> dt.datetime:
        """The moment at which offices have been open so many hours since ``start`` (now)."""
        length = dt.timedelta(hours=hours)
        due = clock.business(start or self.now, length, self.calendar, "").at
        assert due is not None
        return due

    def at(self, day: dt.date, hour: float) -> dt.datetime:
        """A moment by the clocks of Tehran, in UTC."""
        start = dt.datetime.combine(day, dt.time(), TEHRAN)
        return (start + dt.timedelta(hours=hour)).astimezone(dt.UTC)

    # --- the services ---

    def _service(self, name: str, url: str) -> Service:
        service = SERVICES[name]()
        # A commit need not reach the disk at once: a world half made is made anew.
        quick = make_url(url).update_query_dict({"options": "-c synchronous_commit=off"})
        address = quick.render_as_string(hide_password=False)
        service.store = Store(address, source=name, connections=6)
        service.settings = self.settings
        service.now = lambda: self.now  # type: ignore[method-assign]
        if isinstance(service, WorldBilling):
            service.banks = self.banks
        if isinstance(service, WorldNotify):
            service.telephones = telephones(self.inboxes)
        return service

    def _all_entries(self) -> dict[str, list[Entry]]:
        entries: dict[str, list[Entry]] = {}
        for service in self.services.values():
            for name in dir(type(service)):
                method = getattr(type(service), name, None)
                if isinstance(job := getattr(method, "job", None), Job) and method is not None:
                    entries.setdefault(job.contract.name, []).append(Entry(service, method, job))
        return entries

    def _calendar(self) -> Calendar:
        with self.services["ticketing"].store.transaction() as tx:
            return calendar_rows.load(tx.conn)[0]


def attempt(act: Callable[[], object]) -> bool:
    """Do what a rule may forbid just then (a full time, a state that moved on); True if it was
    done.
    """
    try:
        act()
    except (Refused, BusError):
        return False
    return True
