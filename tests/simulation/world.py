"""One history: the moves of a play, what must hold after each, and what must hold at its end."""

import contextlib
from dataclasses import dataclass, field
from random import Random
from unittest import mock
from urllib.parse import urlsplit

import psycopg2

import bus.amqp.relay
from bus import topology
from bus.process import log
from tests.probe.contracts import ADD, ADD_MANY, FAIL, NOTE, NOTED, REFUSE, TELL
from tests.simulation.broker import Broker
from tests.simulation.clock import Clock, Loop, played_by
from tests.simulation.parts import (
    SERVICE,
    Connecting,
    FaceProcess,
    PlayedStore,
    RelayProcess,
    ServiceProcess,
)
from tests.simulation.played import Played, command_of
from tests.stores import execute

CONTRACTS = {c.operation: c for c in (ADD, ADD_MANY, FAIL, REFUSE, TELL)}
MARKS = ("plain", "stumble", "spoil", "die")
ROUNDS = 60
# A message may die after so many deliveries that failed for no fault of its own.
CHARGES = topology.DELIVERY_LIMIT
DONE_OF = {NOTE.name: "noted", NOTED.name: "heard"}


# The database lives by the play's clock: its `now()` is ours, for statements and for defaults.
CLOCK = """
create schema sim;
create table sim.clock (at timestamptz not null);
insert into sim.clock values ('2027-01-15T08:00:00Z');
create function sim.now() returns timestamptz language sql stable as 'select at from sim.clock';
grant usage on schema sim to public;
grant select, update on sim.clock to public;
alter table outbox alter created_at set default sim.now(), alter due_at set default sim.now();
alter table inbox alter at set default sim.now();
alter database {name} set search_path to sim, pg_catalog, public
"""


@dataclass(eq=False)
class Call:
    """A Request, under one id however often it is asked, and what its asker was answered."""

    contract: object
    id: str
    mark: str
    deadline: float
    tasks: list = field(default_factory=list)
    replies: list = field(default_factory=list)
    errors: list = field(default_factory=list)


class Broken(AssertionError):
    """Something that must hold does not."""


class Database:
    """What all histories share: the address of a probe's database, and the service's store."""

    def __init__(self, url):
        self.url = url
        execute(url, CLOCK.format(name=urlsplit(url).path[1:]))
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        self.world = None
        self.store = PlayedStore(url, self)

    # What the store asks of the world of now.
    def database_fault(self):
        return self.world.database_fault()

    @property
    def database_away(self):
        return self.world.database_away

    def run(self, statement, values=()):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def close(self):
        self.connection.close()
        self.store.engine.dispose()


class World:
    """A service (two replicas), its relay and a face, with a broker, a database and a clock."""

    def __init__(self, database):
        self.database, self.url, self.store = database, database.url, database.store
        self.clock, self.broker = Clock(), Broker()
        self.loop = Loop(self.clock)
        self.jobs = [
            method.job for name in dir(Played) if hasattr(method := getattr(Played, name), "job")
        ]
        self.calls: list[Call] = []
        self.database_away, self._faults, self._beside = False, [], []
        self.relay_connection = None
        self.in_turn, self.written = None, False
        self._stack = contextlib.ExitStack()
        self.relay = RelayProcess(self, "relay")
        self.face = FaceProcess(self, "face")
        self.services = [ServiceProcess(self, name) for name in ("one", "two")]
        self.parts = [self.relay, self.face, *self.services]

    def __enter__(self):
        self.database.world = self
        self.database.run("delete from outbox; delete from inbox; delete from marks")
        self._stack.enter_context(played_by(self))
        self._stack.enter_context(mock.patch.object(bus.amqp.relay, "psycopg2", Connecting(self)))
        for part in self.parts:
            self.start(part)
        return self

    def __exit__(self, *_):
        for part in self.parts:
            if part.alive:
                part.kill()
        self.loop.end()
        self._stack.close()

    # --- what processes ask of it ---

    def database_fault(self):
        """The fault of the next transaction."""
        if self.database_away:
            return "away"
        return self._faults.pop(0) if self._faults else None

    def take_beside_fault(self):
        return self._beside.pop(0) if self._beside else None

    def flush(self, wire, frames):
        """Let frames arrive at the broker."""
        while wire.out and frames and wire.up:
            wire.out.popleft()()
            frames -= 1

    # --- moves ---

    def start(self, part):
        if not part.alive:
            self._in(part, part.start)

    def _in(self, part, act):
        self.in_turn = part
        act()
        if not isinstance(part, ServiceProcess):
            self.loop.step()

    def ask(self, operation, mark):
        call = Call(
            CONTRACTS[operation], f"call-{len(self.calls)}", f"{mark} {len(self.calls)}", 10
        )
        self.calls.append(call)
        self._in(self.face, lambda: self.face.ask(call))

    def ask_again(self, number):
        if self.calls:
            call = self.calls[number % len(self.calls)]
            self._in(self.face, lambda: self.face.ask(call))

    def go_on(self, steps, seed):
        """Some small steps of whatever can go on, chosen by chance."""
        chance = Random(seed)
        for _ in range(steps):
            steps_here = self._steps()
            if not steps_here:
                return
            part, act = chance.choice(steps_here)
            self._in(part, act)

    def _steps(self):
        """What can go on: for each process its frames, deliveries, workers, ends and turns."""
        steps = []
        for part in self.parts:
            if not part.alive:
                continue
            for wire in part.wires:
                if wire.up and wire.out:
                    steps.append((part, lambda w=wire: self.flush(w, 1)))
                if wire.up and wire.back:
                    steps.append((part, lambda p=part, w=wire: p.receive(w, w.back.popleft())))
                if wire.up and wire.consumes and self._waits(wire):
                    steps.append((part, lambda w=wire: self.broker.push(w)))
            steps += [(part, lambda a=acts: a.pop(0)()) for acts in _acts(part) if acts]
            if getattr(part, "workers", ()):
                steps.append((part, lambda p=part: p.work(0)))
            if self._wants_turn(part):
                steps.append((part, part.turn))
        if self.written and self.relay.alive:
            steps.append((self.relay, self._notify))
        return steps

    def _notify(self):
        """What PostgreSQL tells the relay by itself, at a moment of the play."""
        self.written = False
        self.relay.relay._wake.set()

    def _waits(self, wire):
        queue = self.broker.queues.get(wire.consumes)
        return queue is not None and queue.messages and len(wire.unacked) < 8

    @staticmethod
    def _wants_turn(part):
        lost = not all(wire.up for wire in part.wires) or not part.wires
        outlet = getattr(part, "outlet", None)
        return lost or (outlet is not None and bool(outlet._receipts or outlet._unsaid))

    def pass_time(self, seconds):
        """The clock goes on, for the rows of the database too."""
        self.clock.now += seconds
        self.database.run("update sim.clock set at = at + %s * interval '1 second'", (seconds,))
        for part in self.parts:
            if part.alive:
                part.ring()
                if isinstance(part, ServiceProcess):
                    self._in(part, part.turn)
        self.loop.step(6)

    def kill(self, number):
        part = self.parts[number % len(self.parts)]
        if part.alive:
            self._in(part, part.kill)

    def stop(self, number):
        part = self.parts[number % len(self.parts)]
        if part.alive:
            self._in(part, part.stop)

    def begin(self, number):
        self.start(self.parts[number % len(self.parts)])

    def cut(self, number, wire):
        part = self.parts[number % len(self.parts)]
        if part.alive:
            self._in(part, lambda: part.cut(wire))

    def restart_broker(self, *, loses_data=False):
        for part in self.parts:
            for number in range(len(part.wires) if part.alive else 0):
                self._in(part, lambda p=part, n=number: p.cut(n))
        if loses_data:
            self.broker.lose_data()

    def purge(self, number):
        names = sorted(name for name in self.broker.queues if not name.endswith(".dead"))
        if names:
            self.broker.purge(names[number % len(names)])

    def hurt_transaction(self, fault):
        self._faults.append(fault)

    def hurt_word(self, fault):
        """What is said beside is lost, or its confirmation is."""
        self._beside.append(fault)

    def database_leaves(self):
        self.database_away = True
        if self.relay_connection is not None and not self.relay_connection.closed:
            self.database.run(
                "select pg_terminate_backend(%s)", (self.relay_connection.info.backend_pid,)
            )
        self.loop.step(4)

    def database_returns(self):
        self.database_away = False
        self.loop.step(4)

    # --- what must hold ---

    def check(self):
        """What holds after each move."""
        marks = dict(self.database.run("select mark, count(*) from marks group by mark"))
        doubled = [mark for mark, times in marks.items() if times > 1]
        require(not doubled, f"done twice: {doubled}")
        never = [mark for mark in marks if mark.startswith("never")]
        require(not never, f"rolled back and there: {never}")
        self._check_calls(marks)
        self._check_outbox(marks)

    def _check_calls(self, marks):
        for call in self.calls:
            for reply in call.replies:
                require(reply["times"] == 1, f"{call.mark} was answered {reply}")
                done = "told" if call.contract is TELL else "added"
                require(f"{done} {call.mark}" in marks, f"{call.mark} was answered and is not done")

    def _check_outbox(self, marks):
        rows = self.database.run(
            "select id, name, headers->>'ce-causation', sent_at is not null, awaits, died "
            "from outbox"
        )
        by_call: dict[str, set] = {}
        for id_, name, cause, sent, awaits, died in rows:
            call = self.calls[int(cause.split("-")[1])]
            by_call.setdefault(call.id, set()).add(name)
            acknowledged = not awaits
            require(
                not sent or acknowledged or id_ in self.broker.confirmed,
                f"{name} of {call.mark} counts as sent, and no broker has it",
            )
            done = DONE_OF.get(name)
            require(
                not acknowledged or f"{done} {call.mark}" in marks,
                f"{name} of {call.mark} counts as done and is not",
            )
            require(not died or awaits, f"{name} of {call.mark} is dead and done")
        for call in self.calls:
            if call.contract is TELL:
                expected = {command_of(call.mark).name, NOTED.name}
                done = f"told {call.mark}" in marks
                rows_of_call = by_call.get(call.id, set())
                require(
                    rows_of_call == (expected if done else set()),
                    f"{call.mark}: done {done}, and the outbox has {sorted(rows_of_call)}",
                )

    # --- the end ---

    def end(self):
        """All faults end, time passes, and everything must have come to its end."""
        self.database_returns()
        self._faults, self._beside = [], []
        seconds = 1.0
        for round_ in range(ROUNDS):
            for part in self.parts:
                self.start(part)
            self.go_on(4000, round_)
            self.check()
            if self._quiet():
                break
            self.pass_time(seconds)
            seconds = min(seconds * 1.6, 7 * 3600)
        self._check_end()

    def _quiet(self):
        open_ = self.database.run(
            "select count(*) from outbox where sent_at is null or not awaits <@ died"
        )
        waiting = [call for call in self.calls if any(not task.done() for task in call.tasks)]
        return open_ == [(0,)] and not waiting and self._empty() and not self._steps()

    def _empty(self):
        return not any(
            queue.messages for name, queue in self.broker.queues.items() if ".dead" not in name
        ) and not any(wire.unacked for wire in self.broker.wires)

    def _check_end(self):
        open_ = self.database.run(
            "select name, sent_at, awaits, died, problem, tries, resends from outbox "
            "where sent_at is null or not awaits <@ died"
        )
        require(not open_, f"in the outbox for ever: {open_}")
        waiting = [c.mark for c in self.calls if any(not task.done() for task in c.tasks)]
        require(not waiting, f"never answered: {waiting}")
        require(self._empty(), "something waits in a queue for ever")
        marks = {mark for (mark,) in self.database.run("select mark from marks")}
        self._check_commands(marks)
        self._check_dead()

    def _check_commands(self, marks):
        for call in self.calls:
            if call.contract is TELL and f"told {call.mark}" in marks:
                dead = {stored.id for stored in self.broker.dead_letters(SERVICE)}
                rows = self.database.run(
                    "select id, name from outbox where headers->>'ce-causation' = %s", (call.id,)
                )
                for id_, name in rows:
                    done = f"{DONE_OF.get(name)} {call.mark}" in marks
                    # A dead letter may have been lost with the broker that kept it.
                    require(
                        done or id_ in dead or self.broker.lost_any,
                        f"{name} of {call.mark} is neither done nor dead",
                    )

    def _check_dead(self):
        for stored in self.broker.dead_letters(SERVICE):
            headers = stored.properties["application_headers"]
            innocent = headers.get("ce-type") in (NOTE.name, NOTED.name, ADD.name, TELL.name)
            charged = self.broker.returned.get(stored.id, 0)
            require(
                not innocent or charged > CHARGES - 2,
                f"{headers.get('ce-type')} died of {charged} faults of others: {headers}",
            )


FAULTS = {
    "kill": lambda world, part, _: world.kill(part),
    "stop": lambda world, part, _: world.stop(part),
    "begin": lambda world, part, _: world.begin(part),
    "cut": lambda world, part, more: world.cut(part, more),
    "restart broker": lambda world, *_: world.restart_broker(),
    "lose broker": lambda world, *_: world.restart_broker(loses_data=True),
    "purge": lambda world, _, more: world.purge(more),
    "conflict": lambda world, *_: world.hurt_transaction("before commit"),
    "lost commit": lambda world, *_: world.hurt_transaction("after commit"),
    "no session": lambda world, *_: world.hurt_transaction("away"),
    "lost word": lambda world, *_: world.hurt_word("lost"),
    "unsure word": lambda world, *_: world.hurt_word("unsure"),
    "database leaves": lambda world, *_: world.database_leaves(),
    "database returns": lambda world, *_: world.database_returns(),
}


def _acts(part):
    return [part.tasks, getattr(part, "settles", [])]


def require(holds, sentence):
    """Broken, with the sentence, unless it holds."""
    if not holds:
        raise Broken(sentence)


log.configure("simulation", level="CRITICAL")
