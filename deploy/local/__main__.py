"""`python -m deploy.local up|down|status|demo|restart|rabbitmqctl`: all of Mirab on one machine."""

import argparse
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from bus.process.private import own_files_only
from deploy.local import demo, filling, readiness, steps, supervise
from deploy.local.clock import Clock
from deploy.local.parts import (
    AGENCY_RABBITMQ_PORT,
    BANK_PORT,
    CLAMD_PORT,
    MAILBOX_PORT,
    POSTGRES_PORT,
    SERVICES,
    SMS_PORT,
    metrics_port,
)
from deploy.local.ports import holder, listening
from deploy.local.programs import close_to_others
from deploy.local.state import CHECKOUT, State
from deploy.local.stores import CannotStart

GIBIBYTE = 1024**3


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: it could not be done, and one sentence on stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    acts = {"up": up, "down": down, "status": status, "demo": make_demo}
    on_words = {"restart": restart, "rabbitmqctl": rabbitmqctl}
    parser.add_argument("act", choices=(*acts, *on_words))
    parser.add_argument("words", nargs="*", help="restart: parts or stores; rabbitmqctl: its words")
    parser.add_argument("--detach", action="store_true", help="up: return when all is ready")
    arguments = parser.parse_args(argv)
    try:
        state = State.of_checkout()
        if arguments.act in on_words:
            return on_words[arguments.act](state, arguments.words)
        return acts[arguments.act](state, arguments.detach)
    except readiness.NotReady as error:
        print(f"Mirab is not ready: {error}", file=sys.stderr)
    except CannotStart as error:
        print(f"Mirab cannot start: {error}", file=sys.stderr)
    except OSError as error:
        print(f"Mirab cannot start: {error.strerror or error} ({error.filename}).", file=sys.stderr)
    return 1


def up(state: State, detach: bool) -> int:
    """Starts all that does not run, waits until it is ready, tells how to use it.

    What could be started stays up when the rest cannot: the next `up` goes on there.
    """
    with only_start(state):
        running = supervise.running(state)
        if running and not state.unfinished.exists():
            print("Mirab runs already; `make down` stops it.")
            tell(state)
            return 0
        start_all(state, going_on=running)
    tell(state)
    if not detach:
        print("Ctrl-C stops it.")
        stay(state)
    return 0


def make_demo(state: State, _detach: bool) -> int:
    """Makes the lived-in world of the demo in a fresh installation (deploy/local/world): Mirab is
    started if it does not run; its parts stand still meanwhile, and run again at the end.
    """
    with only_start(state):
        if not supervise.running(state):
            start_all(state, going_on=False)
        supervise.stop_parts(state)
        say("making the demo's world")
        made = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "deploy.local.world"], cwd=CHECKOUT, check=False
        )
        supervise.start_parts(state)
        readiness.patience()
        readiness.wait_ready(say, readiness.health)
    tell(state)
    return made.returncode


@contextlib.contextmanager
def only_start(state: State) -> Iterator[None]:
    """CannotStart while another `make up` of this checkout is not at its end: two would hinder
    each other, and the first tells how far it is.
    """
    with (state.home / "up.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            by = lock.read().strip() or "unknown"
            raise CannotStart(
                f"another `make up` (process {by}) is starting it and "
                "tells how far it is. Wait for that one, or stop it with Ctrl-C where it was begun."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def start_all(state: State, *, going_on: bool) -> None:
    """Starts what does not run and waits for it; what ran before goes on whatever happens."""
    started = time.monotonic()
    readiness.patience()
    if going_on:
        say("going on where the last start ended")
    else:
        supervise.end_orphans(state)
        check_place(state)
    close_to_others(state.home)
    state.unfinished.touch()
    try:
        begin(state)
    except KeyboardInterrupt:
        if not going_on and supervise.running(state):
            supervise.stop(state)
        raise
    state.unfinished.unlink()
    say(f"ready in {time.monotonic() - started:.0f} s")


def begin(state: State) -> None:
    """The steps of a start, each told as it begins; how long they took stands in the logs."""
    clock = Clock()
    for store in (state.postgres, *state.brokers):
        if store:
            store.prepare()
    state.private_key("signing.pem")
    say("starting PostgreSQL and RabbitMQ" if state.postgres else "using the stores that you named")
    if not supervise.running(state):
        supervise.start(state, preload=True)
    clock.took("stores prepared, supervisord started")
    for store in (state.postgres, *state.brokers):
        if store:
            store.wait(readiness.patience())
    clock.took("stores answer")
    fill(state, clock)
    say("starting " + ", ".join(part.name for part in state.parts))
    supervise.start_parts(state)
    clock.took("parts begun")
    readiness.wait_ready(say, readiness.health)
    clock.took("parts ready")
    state.timings.write_text(clock.table(), encoding="utf-8")


def fill(state: State, clock: Clock) -> None:
    """Brings databases and brokers up to date, unless an earlier start has left nothing to do."""
    if filling.is_filled(state):
        clock.took("databases and brokers are as the last start left them")
        return
    say("bringing the databases up to date: " + ", ".join(SERVICES))
    filling.forget_filled(state.filled)
    create_databases(state)
    clock.add(steps.run_side_by_side(filling.chains(state), clock.started))
    if registry_is_empty(state):
        say("importing the demo registry")
        clock.add(steps.run_side_by_side([[filling.export(state)]], clock.started))
    clock.took("databases and brokers up to date")
    filling.note_filled(state)


def check_place(state: State) -> None:
    """CannotStart if a port is taken or the disk is full."""
    ports = {part.port: part.name for part in state.parts if part.port}
    ports |= {metrics_port(part): f"the health of {part.name}" for part in state.parts}
    ports |= {MAILBOX_PORT: "the mailboxes", CLAMD_PORT: "the virus scanner"}
    ports |= {BANK_PORT: "the bank", SMS_PORT: "the providers of SMS"}
    if state.postgres:
        ports[POSTGRES_PORT] = "PostgreSQL"
    for broker in state.brokers:
        name = "the agencies' RabbitMQ" if broker.for_agencies else "RabbitMQ"
        ports |= {broker.port: name, broker.api_port: f"the management API of {name}"}
    for port, name in ports.items():
        if listening(port):
            by = holder(port)
            stop = f"by {by}; stop that" if by else "; stop what uses it"
            raise CannotStart(
                f"port {port}, which {name} needs, is in use{' ' if by else ''}{stop} "
                f"(ss -ltnp 'sport = :{port}' tells more)."
            )
    if shutil.disk_usage(state.home).free < GIBIBYTE:
        raise CannotStart(f"less than 1 GiB is free for {state.home}.")


def create_databases(state: State) -> None:
    """Makes the database and the role of each service in the private PostgreSQL, once; a role
    connects to its own database alone.
    """
    if not state.postgres:
        return
    import psycopg2

    connection = psycopg2.connect(state.postgres.url("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for service in SERVICES:
            cursor.execute("select 1 from pg_database where datname = %s", (service,))
            if not cursor.fetchone():
                cursor.execute(f"create database {service}")
            cursor.execute("select 1 from pg_roles where rolname = %s", (service,))
            if not cursor.fetchone():
                cursor.execute(f"create role {service} login")
            cursor.execute(f"revoke connect, temporary on database {service} from public")
            cursor.execute(f"grant connect, temporary on database {service} to {service}")
        cursor.execute("revoke connect, temporary on database postgres, template1 from public")
    connection.close()


def registry_is_empty(state: State) -> bool:
    """True if no export was ever imported."""
    from bus.database.hosts import connect

    connection = connect(state.environ()["DB_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("select not exists (select 1 from data_versions)")
        row = cursor.fetchone()
    connection.close()
    return bool(row and row[0])


def tell(state: State) -> None:
    """Prints the addresses and three lines to try."""
    print(f"""
  agencies  http://127.0.0.1:8001   (contracts to read, /openapi.json)
  public    http://127.0.0.1:8000   (portal: contact us, follow-up, is an answer genuine?)
  ops       http://127.0.0.1:8002   (board: sign in as nader; /health/ready, /metrics)
  desk      http://127.0.0.1:8004/desk   (sign in as {", ".join(demo.NAMES)};
            password: {demo.password(state)})
  notify    http://127.0.0.1:8003   (speaks GOV.UK Notify's API; the key of {demo.AGENCY} is in
            {demo.api_key(state)})
  AMQP      amqp://127.0.0.1:{AGENCY_RABBITMQ_PORT}/agency.CODE   (agencies that serve or hear;
            passwords in {state.home / "agency-passwords"})
  bank      http://127.0.0.1:{BANK_PORT}/bill   (played; its gateways open from a bill's page)
  phones    http://127.0.0.1:{SMS_PORT}/phone   (played; what was sent to them, and texts to us)
  letters   {state.home / "mailbox"}   (what was sent); units receive on port 8025
  logs and data: {state.home}

Try:
  .venv/bin/python -m connector ask --url http://127.0.0.1:8001 --key-id fuel-co-demo \\
      --key-file deploy/local/demo_keys/fuel-co.pem --purpose fuel_quota --key 9905251782
  curl -s http://127.0.0.1:8002/health/ready
  curl -s http://127.0.0.1:8000/v1/verify/CODE    # the verification_code of the answer above
""")


def stay(state: State) -> None:
    """Waits for Ctrl-C, then stops everything."""
    try:
        while supervise.running(state):
            time.sleep(1)
    except KeyboardInterrupt:
        print()
        down(state, False)


def down(state: State, _detach: bool) -> int:
    """Stops all that runs."""
    if not supervise.running(state):
        print("Mirab does not run.")
        return 0
    say("stopping")
    supervise.stop(state)
    say("stopped; the data stays in " + str(state.home))
    return 0


def status(state: State, _detach: bool) -> int:
    """Tells what runs, and how each part says that it is; 1 if something does not run or fails."""
    if not supervise.running(state):
        print("Mirab does not run.")
        return 1
    checks = readiness.health()
    rows, good = [], True
    for process in supervise.states(state):
        health = readiness.word_of(process["name"], checks)
        good &= process["statename"] == "RUNNING" and not health.startswith("fail")
        rows.append((process["name"], process["statename"], process["description"], health))
    print(readiness.table(rows))
    if checks is None:
        print("  The ops face does not answer: how the parts are is not known.")
    if state.timings.exists():
        print("\n  The last start:\n" + state.timings.read_text(encoding="utf-8"), end="")
    return 0 if good else 1


def restart(state: State, names: list[str]) -> int:
    """Stops these parts or stores and starts them, also what was stopped or gave up."""
    if not supervise.running(state):
        print("Mirab does not run.")
        return 1
    programs = [process["name"] for process in supervise.states(state)]
    if not names or not set(names) <= set(programs):
        print(f"Say which part (PART=...), one of: {', '.join(programs)}.", file=sys.stderr)
        return 1
    supervise.restart(state, names)
    say(f"restarted {', '.join(names)}; `make status` tells how it is")
    return 0


def rabbitmqctl(state: State, words: list[str]) -> int:
    """Runs rabbitmqctl on the private broker, whose name and cookie are its own."""
    if state.rabbitmq is None:
        print("AMQP_URL names another broker: run rabbitmqctl there.", file=sys.stderr)
        return 1
    print(state.rabbitmq.ctl(*words or ("status",)), end="")
    return 0


def say(line: str) -> None:
    """One line of progress."""
    print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
