"""What a start puts into databases and brokers, and how it knows that all of that is there."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from bus.database.hosts import connect
from bus.wire import Wire
from deploy.local import demo
from deploy.local.parts import SERVICES
from deploy.local.state import CHECKOUT, State
from deploy.local.steps import Step

# Whatever of the checkout may change what the steps do.
FOLDERS = ("bus", "contracts", "deploy", "iran", "members", "people", "services")
# What of the state was made with what the databases hold: a part made anew means all anew.
MADE_TOGETHER = ("demo-password", "notify-api-key", "register.pem", "receipts.pem", "agencies")
BROKERS_DATA = "mnesia"


def chains(state: State) -> list[list[Step]]:
    """The steps that may run beside each other, by service; each fills a database of its own."""
    books = {"ticketing": "deploy/desk", "billing": "deploy/billing", "notify": "deploy/notify"}
    steps: dict[str, list[Step]] = {}
    for service in SERVICES:
        steps[service] = [_step(state, service, "bus", "migrate", f"services.{service}")]
        if service in books:
            words = (f"services.{service}.books", books[service])
            steps[service].append(_step(state, service, *words))
    steps["ticketing"] += demo.colleagues(state)
    steps["billing"] += demo.treasury(state)
    steps["notify"] += demo.notices(state)
    steps["agencies"] += demo.register(state)
    if state.keeps_brokers:
        steps["agencies"].append(_step(state, "inquiry", "deploy.broker.apply"))
    return list(steps.values())


def export(state: State) -> Step:
    """The import of the demo registry."""
    report = str(state.home / "import-report.csv")
    words = ("services.inquiry.load", "deploy/local/registry", "--report", report)
    return _step(state, "inquiry", *words)


def _step(state: State, service: str, *words: str) -> Step:
    url = state.owner_url(service) if words[0] == "bus" else state.service_url(service)
    return Step(words, {**os.environ, **state.environ(), "DB_URL": url})


def is_filled(state: State) -> bool:
    """True if an earlier start has filled these very databases and brokers from this very checkout:
    its steps would change nothing.
    """
    try:
        noted = json.loads(state.filled.read_text(encoding="utf-8"))
        return bool(noted == standing(state))
    except (OSError, ValueError, psycopg2.Error):
        return False


def forget_filled(mark: Path) -> None:
    """Have the next start look at databases, brokers and files anew; the keys of what is there are
    not made anew, if one is lost.
    """
    if mark.exists():
        mark.write_text("", encoding="utf-8")


def note_filled(state: State) -> None:
    """Notes that all steps came to their end; a database that tells too little is filled again."""
    with contextlib.suppress(psycopg2.Error):
        state.filled.write_text(json.dumps(standing(state)), encoding="utf-8")


def standing(state: State) -> Wire:
    """What tells these databases, brokers and files from others, and from themselves changed."""
    files = hashlib.sha256()
    for name, size, changed in sorted(_files()):
        files.update(f"{name} {size} {changed}\n".encode())
    return {
        "files": files.hexdigest(),
        "databases": {service: _database(state, service) for service in SERVICES},
        "made": {name: _made(state.home / name) for name in MADE_TOGETHER},
        "brokers": {broker.home.name: _made(broker.home / BROKERS_DATA) for broker in state.brokers}
        or state.broker_api_url,
    }


def _files() -> Iterator[tuple[str, int, int]]:
    for folder in FOLDERS:
        for place, folders, names in os.walk(CHECKOUT / folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names:
                status = (Path(place) / name).stat()
                yield f"{place}/{name}", status.st_size, status.st_mtime_ns


def _made(path: Path) -> int | None:
    """The inode of a file or folder of the state; None if it is not there."""
    return path.stat().st_ino if path.exists() else None


def _database(state: State, service: str) -> list[str]:
    """The cluster and the number of a database, and the revision that it is at."""
    connection = connect(state.owner_url(service))
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select (select system_identifier::text from pg_control_system()), oid::text, "
                "(select version_num from alembic_version) from pg_database "
                "where datname = current_database()"
            )
            return [str(value) for value in cursor.fetchone() or ()]
    finally:
        connection.close()
