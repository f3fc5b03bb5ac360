"""Brings databases and files back as they were at a backup, or at any moment since it."""

import datetime as dt
import filecmp
import os
import pwd
import shutil
import tarfile
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psycopg2

from bus.process.private import OTHERS
from deploy.backup.place import Backup, CannotBackUp
from deploy.backup.take import Say, count, run
from deploy.local.postgres import ARCHIVE, Postgres
from deploy.local.programs import UNPRIVILEGED

BROKERS = ("rabbitmq", "agency-rabbitmq")
# Numbers that were given out count on above what is restored; a file that came later stays.
NEVER_BACK, ADDED_TO = frozenset({"marks"}), frozenset({"blobs", "imports", "agencies"})
PARTIAL = ".partial"
REPLAY_SECONDS = 3600


class Restored(NamedTuple):
    """``until`` is the moment of the last change that was brought back, None if it is the backup's;
    ``rows`` of each table of each database now; ``aside`` is what was there before.
    """

    until: dt.datetime | None
    rows: dict[str, dict[str, int]]
    aside: list[Path]


def restore(
    postgres: Postgres, home: Path, backup: Backup, at: dt.datetime | None, say: Say
) -> Restored:
    """Put a backup in the place of what is in ``home``, and replay what came after it, until ``at``
    or to the end. Nothing of Mirab may run. What was there is kept beside it.

    CannotBackUp if the backup is damaged, or the moment is not covered by it; nothing is changed
    then but that the databases stay aside.
    """
    say(f"checking backup {backup.name}")
    run(postgres, "pg_verifybackup", str(backup.base))
    with tempfile.TemporaryDirectory(dir=home) as unpacked:
        unpack(backup.files, Path(unpacked))
        return _bring_back(postgres, home, backup, at, say, Path(unpacked))


def _bring_back(  # noqa: PLR0913 - what is brought back, from where to where, and who is told
    postgres: Postgres, home: Path, backup: Backup, at: dt.datetime | None, say: Say, files: Path
) -> Restored:
    """The databases, and the unpacked ``files`` of the backup."""
    # To the microsecond: two restores of one second keep what each of them replaces.
    mark = f".before-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    aside = [_aside(home / name, mark) for name in (*BROKERS, ARCHIVE)]
    aside.append(_aside(postgres.data, mark))
    say("copying the databases")
    shutil.copytree(backup.base, postgres.data, symlinks=True)
    wal = postgres.home / "wal-to-replay"
    _copy_wal(backup, wal)
    _set(postgres, wal, at)
    _own(postgres.data)
    _own(wal)
    say("replaying what came after it" + (f" until {at:%Y-%m-%d %H:%M:%S} UTC" if at else ""))
    try:
        until, rows = _replay(postgres)
    finally:
        shutil.rmtree(wal, ignore_errors=True)
    say("bringing files back")
    aside += put_back(files, home, mark)
    # The next start looks at databases, brokers and files anew.
    (home / "filled.json").write_text("", encoding="utf-8")
    return Restored(until, rows, [path for path in aside if path.exists()])


def _aside(path: Path, mark: str) -> Path:
    kept = path.with_name(path.name + mark)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        path.rename(kept)
    return kept


def _copy_wal(backup: Backup, folder: Path) -> None:
    """The WAL since the first backup; the last, unfinished piece too."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for path in sorted(backup.wal.glob("*")) if backup.wal.is_dir() else ():
        shutil.copy(path, folder / path.name.removesuffix(PARTIAL))


def _set(postgres: Postgres, wal: Path, at: dt.datetime | None) -> None:
    settings = {
        "restore_command": f"cp {wal}/%f %p",
        "recovery_target_timeline": "latest",
        "recovery_target_action": "promote",
    }
    if at is not None:
        settings["recovery_target_time"] = at.astimezone(dt.UTC).isoformat(sep=" ")
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    (postgres.data / "postgresql.auto.conf").write_text("".join(lines), encoding="utf-8")
    (postgres.data / "recovery.signal").touch(mode=0o600)


def _own(folder: Path) -> None:
    """Give a folder, with all in it, to the user that PostgreSQL runs as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    folder.chmod(0o700)


def _replay(postgres: Postgres) -> tuple[dt.datetime | None, dict[str, dict[str, int]]]:
    """Start the server, wait until it has replayed and can be written to, count, and stop it."""
    postgres.start()
    try:
        end = time.monotonic() + REPLAY_SECONDS
        while (state := _state(postgres)) is None or state[0]:
            if time.monotonic() > end:
                raise CannotBackUp(f"It still replays; see {postgres.home / 'postgres.log'}.")
            time.sleep(0.1)
        return state[1], count(postgres)
    finally:
        postgres.stop()
        (postgres.data / "postgresql.auto.conf").write_text("", encoding="utf-8")


def _state(postgres: Postgres) -> tuple[bool, dt.datetime | None] | None:
    try:
        connection = psycopg2.connect(postgres.url("postgres"), connect_timeout=5)
    except psycopg2.OperationalError as error:
        if "recovery" in str(error) or "starting up" in str(error):
            return None
        raise CannotBackUp(
            f"PostgreSQL could not replay; see {postgres.home / 'postgres.log'}."
        ) from None
    with connection, connection.cursor() as cursor:
        cursor.execute("select pg_is_in_recovery(), pg_last_xact_replay_timestamp()")
        replaying, until = cursor.fetchone() or (True, None)
    connection.close()
    return bool(replaying), until


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the files of a backup: folders and plain files alone, and nothing outside of the
    folder. Debian's Python 3.11.2 has no filter of tarfile's for that.
    """
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
                if not inside or not (member.isdir() or member.isfile()):
                    raise CannotBackUp(f"{archive} holds {member.name}, as no backup of ours does.")
                member.uid, member.gid = os.geteuid(), os.getegid()
                member.uname = member.gname = ""
                member.mode &= ~OTHERS
                tar.extract(member, folder)
    except tarfile.TarError as error:
        raise CannotBackUp(f"{archive} is damaged ({error}).") from None


def put_back(files: Path, home: Path, mark: str) -> list[Path]:
    """Bring the files of a backup back; what they replace is kept beside them, with ``mark``.

    Folders of files with names of their own (``ADDED_TO``) get those that they lack. Numbers that
    were given out (``NEVER_BACK``) come back only where there are none.
    """
    aside = []
    for path in sorted(files.iterdir()):
        there = home / path.name
        if path.name in ADDED_TO and there.is_dir():
            _add(path, there)
        elif path.name in NEVER_BACK and there.exists():
            continue
        elif not there.exists():
            path.rename(there)
        elif not there.is_dir() and not filecmp.cmp(path, there, shallow=False):
            aside.append(_aside(there, mark))
            path.rename(there)
        elif there.is_dir():
            _add(path, there)
    return aside


def _add(folder: Path, there: Path) -> None:
    for path in folder.rglob("*"):
        target = there / path.relative_to(folder)
        if path.is_dir():
            target.mkdir(mode=0o700, exist_ok=True)
        elif not target.exists():
            path.rename(target)
