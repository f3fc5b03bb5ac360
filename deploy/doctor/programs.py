"""Versions: of Python and its packages, of PostgreSQL, of RabbitMQ."""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from deploy.broker.api import Api, CannotApply
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.databases import first_row
from deploy.doctor.installation import Installation

AREA = "versions"
PYTHONS = ((3, 11), (3, 13))
OLDEST_POSTGRES, OLDEST_RABBITMQ = 150000, (3, 10)
LOCK = Path(__file__).parents[2] / "requirements.lock"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)([^\\\n]*)", re.MULTILINE)
MOST_NAMED = 5


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what does not fit what Mirab was tried with."""
    now = sys.version_info[:2]
    sentence = f"Python is {now[0]}.{now[1]}"
    if PYTHONS[0] <= now <= PYTHONS[1]:
        yield well(AREA, f"{sentence}.")
    else:
        yield wrong(AREA, f"{sentence}, which Mirab was never tried with.", "Install Python 3.11.")
    yield _packages()
    for service, url in installation.databases.items():
        yield from _postgres(service, url)
    for name, url in installation.brokers.items():
        yield from _rabbitmq(name, url)


def differing(lock: str) -> list[str]:
    """Name the packages that are installed in another version than the lock's, or not at all."""
    findings = []
    for name, pinned, condition in PINNED.findall(lock):
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if not condition.strip():
                findings.append(f"{name} is missing (locked: {pinned})")
            continue
        if installed != pinned:
            findings.append(f"{name} is {installed} (locked: {pinned})")
    return findings


def _packages() -> Advice:
    if not LOCK.exists():
        return doubt(
            AREA,
            "Whether the packages are those that Mirab was tried with cannot be known: "
            "requirements.lock is not here.",
            "Run it in a checkout, or compare `pip freeze` with the release's requirements.lock.",
        )
    if not (findings := differing(LOCK.read_text(encoding="utf-8"))):
        return well(AREA, "All packages are those of requirements.lock.")
    named = "; ".join(findings[:MOST_NAMED]) + ("; …" if len(findings) > MOST_NAMED else "")
    return doubt(
        AREA,
        f"{len(findings)} packages are not those of requirements.lock: {named}.",
        "Run `make setup`, or build the image anew.",
    )


def _postgres(service: str, url: str) -> Iterator[Advice]:
    try:
        (version,) = first_row(url, "select current_setting('server_version_num')::int") or (0,)
    except psycopg2.OperationalError:
        return  # databases.py says that it is away
    if version < OLDEST_POSTGRES:
        yield wrong(
            AREA,
            f"The database of {service} is on PostgreSQL {version // 10000}.",
            "Mirab needs 15 or newer: upgrade the server (pg_upgrade).",
        )


def _rabbitmq(name: str, url: str) -> Iterator[Advice]:
    try:
        overview = Api(url, "/").get("overview") or {}
    except CannotApply:
        return  # brokers.py says that it is away
    version = str(overview.get("rabbitmq_version", "0"))
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST_RABBITMQ:
        yield wrong(
            AREA,
            f"The broker {name} is RabbitMQ {version}.",
            "Mirab needs 3.10 or newer, which has quorum queues with dead-lettering at least once.",
        )
    else:
        yield well(AREA, f"The broker {name} is RabbitMQ {version}.")
