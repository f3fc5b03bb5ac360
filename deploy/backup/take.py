"""Takes a backup while all runs: nobody waits for it, and nothing is left out."""

import datetime as dt
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from bus.process.version import release
from deploy.backup.place import FORM, CannotBackUp, Manifest, Place, write
from deploy.local.postgres import ARCHIVE, LAST_BACKUP, SLOT, Postgres
from deploy.local.programs import last_line, plain_environment

# What of an installation's folder is no data: stores, which have their own way, what a broker and
# an outside keep for themselves, logs, and what a start makes anew. A book of proofs that was
# restored would let old requests in again.
LEFT_OUT = frozenset(
    {
        *("postgres", "rabbitmq", "agency-rabbitmq", "clamd", "mailbox", "logs", "replays"),
        *("backups", ARCHIVE, "supervisord.conf", "supervisord.pid", "supervisor.sock"),
        *("up.lock", "unfinished", "filled.json", "land-registry-heard", LAST_BACKUP),
    }
)
Say = Callable[[str], None]


def take(postgres: Postgres, home: Path, place: Place, say: Say) -> str:
    """Take a backup of ``home`` and its databases into ``place``; its name.

    The archive of the WAL is begun by the first: ``archive_to`` has it continued. CannotBackUp if a
    program of PostgreSQL fails; what was begun is deleted then.
    """
    began = dt.datetime.now(dt.UTC)
    name = began.strftime(FORM)
    place.folder.mkdir(parents=True, exist_ok=True)
    place.folder.chmod(0o700)
    unfinished = place.folder / f".{name}"
    unfinished.mkdir(mode=0o700)
    try:
        wal = archive_to(postgres, home, place, name)
        say("counting rows")
        rows = count(postgres)
        say("copying the databases")
        run_on(postgres, "pg_basebackup", f"--pgdata={unfinished / 'base'}", *BASE)
        say("copying files")
        pack(home, unfinished / "files.tar")
        ended = dt.datetime.now(dt.UTC)
        manifest = Manifest(release(), began.isoformat(), ended.isoformat(), wal.name, rows)
        write(unfinished / "manifest.json", manifest)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(place.folder / name)
    # The board of operators says how long ago that was.
    ending = json.dumps({"ended_at": ended.isoformat(), "folder": str(place.folder)})
    (home / LAST_BACKUP).write_text(ending + "\n", encoding="utf-8")
    return name


BASE = ("--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256")


def archive_to(postgres: Postgres, home: Path, place: Place, name: str) -> Path:
    """The folder into which the WAL goes on being written from now on; the one of earlier backups
    in this place, if it is still written to.
    """
    link = home / ARCHIVE
    is_here = link.is_symlink() and link.resolve().parent == place.folder.resolve()
    if is_here and link.is_dir() and not _has_gap(postgres):
        return link.resolve()
    folder = place.folder / f"wal-{name}"
    folder.mkdir(mode=0o700)
    run_on(postgres, "pg_receivewal", f"--slot={SLOT}", "--create-slot", "--if-not-exists")
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    return folder


def _has_gap(postgres: Postgres) -> bool:
    """True if the archive was away for so long that the server no longer has what it lacks; the
    slot is dropped then, for a new archive.
    """
    lost = sql.SQL(LOST).format(sql.Literal(SLOT))
    return bool(_ask(postgres.url("postgres"), lost))


LOST = """select pg_drop_replication_slot(slot_name) from pg_replication_slots
where slot_name = {} and wal_status = 'lost' and not active"""


def run_on(postgres: Postgres, program: str, *words: str) -> str:
    """Run a program of PostgreSQL on its running server; CannotBackUp says why it failed."""
    return run(postgres, program, *words, f"--dbname={postgres.url('postgres')}")


def run(postgres: Postgres, program: str, *words: str) -> str:
    """Run a program of PostgreSQL; CannotBackUp says why it failed."""
    done = subprocess.run(
        [str(postgres.binaries / program), *words],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotBackUp(f"{program}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def count(postgres: Postgres) -> dict[str, dict[str, int]]:
    """How many rows each table of each database has."""
    return {name: _count(postgres.url(name)) for name in databases(postgres)}


def databases(postgres: Postgres) -> list[str]:
    """The names of our databases on that server."""
    return [name for (name,) in _ask(postgres.url("postgres"), sql.SQL(DATABASES))]


DATABASES = """select datname from pg_database
where not datistemplate and datname <> 'postgres' order by 1"""
TABLES = """select table_name from information_schema.tables
where table_schema = 'public' and table_type = 'BASE TABLE' order by 1"""


def _count(url: str) -> dict[str, int]:
    tables = [str(name) for (name,) in _ask(url, sql.SQL(TABLES))]
    counted = sql.SQL("select count(*) from {}")
    return {name: _ask(url, counted.format(sql.Identifier(name)))[0][0] for name in tables}


def _ask(url: str, statement: sql.Composable) -> list[tuple[Any, ...]]:  # as psycopg2 has rows
    connection = psycopg2.connect(url, connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    except psycopg2.Error as error:
        raise CannotBackUp(f"The databases cannot be read: {last_line(str(error))}") from None
    finally:
        connection.close()


def pack(home: Path, archive: Path) -> None:
    """Put the files of an installation into a tar that only its owner reads."""
    descriptor = os.open(archive, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        for path in sorted(home.iterdir()):
            if path.name not in LEFT_OUT and ".before-" not in path.name:
                tar.add(path, path.name)


def as_lines(rows: dict[str, dict[str, int]]) -> str:
    """Rows by database, for a person."""
    return ", ".join(f"{name} {sum(tables.values()):,}" for name, tables in rows.items())
