"""Composition Root: `python -m bus serve|relay|migrate services.<name>`."""

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Any

from bus.process import ending
from bus.process.private import own_files_only

if TYPE_CHECKING:
    from nameko.runners import ServiceRunner

    from bus.settings import Settings

# How long a migration waits for its database.
DATABASE_SECONDS = 60.0


def main(argv: list[str] | None = None) -> int:
    """Run one process of one service and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bus", description=__doc__)
    parser.add_argument(
        "command",
        choices=("serve", "relay", "migrate"),
        help=("serve: the service; relay: carry its outbox to the broker; migrate: its database"),
    )
    parser.add_argument("part", help="the service's package, such as services.inquiry")
    arguments = parser.parse_args(argv)
    # What waits for a migration must not take one that was stopped for done.
    ending.at_once(128 + signal.SIGTERM)
    if arguments.command == "serve":
        # Before anything else is imported: what is imported unpatched stays blocking.
        import eventlet

        eventlet.monkey_patch()
    from bus.settings import MissingSettings

    try:
        return {"serve": serve, "relay": relay, "migrate": run_migrations}[arguments.command](
            arguments.part
        )
    except MissingSettings as error:
        print(f"python -m bus {arguments.command} {arguments.part}: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if error.name is None or not arguments.part.startswith(error.name):
            raise
        print(f"There is no service {arguments.part}; there are {_services()}.", file=sys.stderr)
    return 1


def serve(part: str) -> int:
    """Run the service until SIGTERM; then take nothing new, finish what runs, and exit."""
    import eventlet
    import nameko
    from nameko.runners import ServiceRunner

    from bus.process import collector, monitor, names
    from bus.process.surroundings import watch_surroundings
    from bus.settings import broker_url

    names.ask_anew()
    settings = _prepare(part, "AMQP_URL", "DB_URL")
    nameko.config.setup(
        {
            "AMQP_URI": broker_url(settings),
            "HEARTBEAT": 20,
            "max_workers": settings.whole("MAX_WORKERS", 16),
        }
    )
    check_database_cooperates(settings.text("DB_URL"))
    _watch(_short(part), settings)
    monitor.serve(_short(part), settings)
    watch_surroundings(settings)
    runner = ServiceRunner()
    runner.add_service(service_of(part))

    def stop(*_: object) -> None:
        ending.in_time()
        eventlet.spawn_n(_stop, runner)

    for number in ending.STOPS:
        signal.signal(number, stop)
    runner.start()
    collector.settle()
    runner.wait()
    return 0


def _stop(runner: "ServiceRunner") -> None:
    """Stop in order; where one part fails at that, the process ends all the same: nameko would wait
    for the others for ever.
    """
    from bus.process import log

    try:
        runner.stop()
    except Exception:
        log.get("serve").exception("stop_failed")
        runner.kill()


def relay(part: str) -> int:
    """Run the relay of the service's outbox until SIGTERM."""
    import asyncio

    from bus.amqp.relay import Relay
    from bus.process import monitor
    from bus.process.surroundings import watch_surroundings
    from bus.settings import broker_url

    settings = _prepare(part, "AMQP_URL", "DB_URL")
    _watch(f"{_short(part)}-relay", settings)
    monitor.serve(f"{_short(part)}-relay", settings)
    watch_surroundings(settings)

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        monitor.watch("loop", monitor.loop_turns(loop))
        # Its driver waits for the database in the thread of the loop.
        ending.on_stop(lambda: loop.call_soon_threadsafe(stop.set))
        await Relay(settings.text("DB_URL"), broker_url(settings), _short(part)).run(stop)

    asyncio.run(run())
    return 0


def run_migrations(part: str) -> int:
    """Migrate the service's database and print the revision reached."""
    from bus.database.migrate import migrate

    settings = _prepare(part, "DB_URL")
    _wait_for_database(part, settings.text("DB_URL"))
    print(f"{part}: database at revision {migrate(part, settings.text('DB_URL'))}")
    return 0


def _wait_for_database(part: str, db_url: str) -> None:
    """Wait a minute for a database that just starts, or whose name is not known yet: the parts
    behind would not start if this ended at once. What it lacks after that the migration says.
    """
    import time

    import psycopg2

    from bus.database.hosts import connect

    end, printed = time.monotonic() + DATABASE_SECONDS, False
    while time.monotonic() < end:
        try:
            connect(db_url).close()
        except psycopg2.OperationalError as error:
            if not printed:
                reason = str(error).strip().partition("\n")[0]
                print(f"{part}: waits for the database: {reason}", file=sys.stderr, flush=True)
            printed = True
            time.sleep(1)
        else:
            return


def service_of(part: str) -> Any:
    """The one Service class of a package's ``service`` module."""
    import importlib

    from bus.service import Service

    module = importlib.import_module(f"{part}.service")
    (service_class,) = (
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Service) and thing is not Service
    )
    return service_class


def check_database_cooperates(db_url: str) -> None:
    """Refuses to go on if a waiting query would freeze the whole process.

    A driver that does not yield to green threads serves one request at a time and misses
    heartbeats; better to know at the start. One turn of another green thread proves it: how many
    there are says more about the machine's load than about the driver.
    """
    import eventlet
    import psycopg2

    from bus.database.hosts import connect

    ticks = []

    def tick() -> None:
        while True:
            ticks.append(1)
            eventlet.sleep(0.01)

    ticker = eventlet.spawn(tick)
    try:
        connection = connect(db_url)
        connection.cursor().execute("select pg_sleep(0.1)")
        connection.close()
    except psycopg2.OperationalError:
        return  # the database is away; the service starts and holds until it is there
    finally:
        ticker.kill()
    if not ticks:
        raise SystemExit("The database driver blocks green threads; is eventlet patched first?")


def _prepare(part: str, *names: str) -> "Settings":
    from bus.process import log
    from bus.settings import Settings, require_whole
    from contracts import hidden_names

    settings = Settings().require(*names)
    for name in names:
        require_whole(name, settings.text(name))
    log.configure(_short(part), level=settings.text("LOG_LEVEL", "INFO"), hidden=hidden_names())
    return settings


def _watch(part: str, settings: "Settings") -> None:
    from bus import telemetry
    from bus.process.records import RECORDER

    telemetry.start(part, settings)
    RECORDER.configure(part, settings)


def _services() -> str:
    """The names of all services of this installation."""
    import importlib.util
    import pkgutil

    package = importlib.util.find_spec("services")
    folders = package.submodule_search_locations if package else None
    return ", ".join(sorted(f"services.{m.name}" for m in pkgutil.iter_modules(folders or [])))


def _short(part: str) -> str:
    return part.rsplit(".", 1)[-1]


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
