"""A backup brings databases and files back, as they were at any moment since; nothing is lost."""

import datetime as dt
import json
import subprocess
import tarfile
import time

import pytest

from deploy.backup.place import CannotBackUp, Place
from deploy.backup.restore import restore
from deploy.backup.take import count, take
from deploy.local.postgres import ARCHIVE
from deploy.local.programs import plain_environment
from tests.processes import run_module
from tests.stores import execute
from tests.waiting import next_second, wait_for


def quiet(_):
    """Says nothing."""


class House:
    """An installation's folder with a server of its own, and a place of backups."""

    def __init__(self, postgres, folder):
        self.postgres, self.home, self.place = postgres, folder / "home", Place(folder / "backups")
        self.archiver = None
        for name in ("blobs", "marks", "replays"):
            (self.home / name).mkdir(parents=True)
        (self.home / "desk-key").write_text("the key")
        (self.home / "blobs/a").write_text("a photo")
        (self.home / "marks/billing.json").write_text('{"billing.bill.1405": 7}')
        (self.home / "replays/book").write_text("proofs")
        execute(postgres.url("postgres"), "create database billing")
        execute(self.url, "create table bills (number int primary key)")

    @property
    def url(self):
        return self.postgres.url("billing")

    def issue(self, *numbers):
        for number in numbers:
            execute(self.url, "insert into bills values (%s)", (number,))

    def bills(self):
        return [number for (number,) in execute(self.url, "select number from bills order by 1")]

    def back_up(self):
        name = take(self.postgres, self.home, self.place, quiet)
        if self.archiver is None:
            command = self.postgres.archiving(self.home / ARCHIVE)
            self.archiver = subprocess.Popen(command, env=plain_environment())
        return name

    def archived(self):
        """When all that was written so far is in the archive."""
        at = "select count(*) from pg_stat_replication where application_name = 'pg_receivewal' "
        at += "and flush_lsn >= %s"
        ((written,),) = execute(
            self.postgres.url("postgres"), "select pg_current_wal_flush_lsn()::text"
        )
        wait_for(lambda: execute(self.postgres.url("postgres"), at, (written,))[0][0] == 1, 30)

    def moment(self):
        """Now, by the server's clock; what comes next comes later."""
        ((now,),) = execute(self.postgres.url("postgres"), "select clock_timestamp()")
        time.sleep(0.05)
        return now

    def down(self):
        self.postgres.stop()
        self.end()

    def end(self):
        if self.archiver:
            self.archiver.terminate()
            self.archiver.wait(20)
            self.archiver = None

    def restore(self, name=None, at=None):
        done = restore(self.postgres, self.home, self.place.chosen(name, at), at, quiet)
        self.postgres.start()
        return done


@pytest.fixture
def house(own_postgres, tmp_path):
    made = House(own_postgres, tmp_path)
    yield made
    made.end()


def test_without_a_moment_all_comes_back_mistakes_too_and_what_was_there_is_kept_aside(house):
    house.issue(1, 2)
    house.back_up()
    house.issue(3, 4, 5)
    house.archived()
    execute(house.url, "drop table bills")  # somebody's mistake is in the archive too
    at_the_end = house.place.backups()[-1]
    assert at_the_end.manifest.rows == {"billing": {"bills": 2}}
    house.archived()
    house.down()
    done = house.restore()
    assert done.rows == count(house.postgres) == {"billing": {}}
    assert any("data.before-" in path.name for path in done.aside)


def test_a_moment_before_a_mistake_brings_back_the_counted_rows(house):
    house.issue(1, 2)
    house.back_up()
    house.issue(3, 4)
    before = house.moment()
    house.issue(5)
    execute(house.url, "delete from bills")
    house.archived()
    house.down()
    done = house.restore(at=before)
    assert house.bills() == [1, 2, 3, 4]
    assert done.rows == {"billing": {"bills": 4}}
    assert done.until <= before
    house.issue(6)  # and it goes on


def test_a_server_that_is_lost_loses_nothing_that_was_archived(house):
    house.back_up()
    house.issue(*range(1, 30))
    house.archived()
    house.postgres.kill()
    house.end()
    house.restore()
    assert house.bills() == list(range(1, 30))


def test_the_second_backup_goes_on_with_the_archive_of_the_first(house):
    first = house.back_up()
    house.issue(1)
    next_second()  # the name of a backup
    second = house.back_up()
    house.issue(2)
    house.archived()
    assert len({backup.wal for backup in house.place.backups()}) == 1
    house.down()
    for name in (first, second):
        house.restore(name)
        assert house.bills() == [1, 2]
        house.postgres.stop()


def test_keys_come_back_files_are_added_and_numbers_that_were_given_out_stay(house):
    house.back_up()
    (house.home / "desk-key").write_text("another key")
    (house.home / "blobs/a").unlink()
    (house.home / "blobs/b").write_text("a later photo")
    (house.home / "marks/billing.json").write_text('{"billing.bill.1405": 9}')
    house.down()
    done = house.restore()
    assert (house.home / "desk-key").read_text() == "the key"
    assert any(path.read_text() == "another key" for path in done.aside if path.is_file())
    assert (house.home / "blobs/a").read_text() == "a photo"
    assert (house.home / "blobs/b").read_text() == "a later photo"
    assert json.loads((house.home / "marks/billing.json").read_text())["billing.bill.1405"] == 9
    assert not (house.home / ARCHIVE).exists()


def test_a_backup_is_its_owners_alone_and_has_no_proofs_of_requests(house):
    name = house.back_up()
    folder = house.place.folder / name
    assert house.place.folder.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "files.tar").stat().st_mode & 0o077 == 0
    names = subprocess.check_output(["tar", "-tf", folder / "files.tar"], text=True)
    assert "desk-key" in names
    assert "replays" not in names


def test_a_damaged_backup_is_refused_and_nothing_is_changed(house):
    house.issue(1)
    name = house.back_up()
    chosen = house.place.chosen(name, None)
    house.down()
    whole = chosen.files.read_bytes()
    with tarfile.open(chosen.files, "a") as tar:
        tar.addfile(tarfile.TarInfo("../outside"))
    for damage, says in ((chosen.files.read_bytes(), r"\.\./outside"), (b"torn" * 200, "damaged")):
        chosen.files.write_bytes(damage)
        with pytest.raises(CannotBackUp, match=says):
            restore(house.postgres, house.home, chosen, None, quiet)
    chosen.files.write_bytes(whole)
    next((house.place.folder / name / "base" / "base").rglob("*_fsm")).write_bytes(b"damaged")
    with pytest.raises(CannotBackUp, match="pg_verifybackup"):
        restore(house.postgres, house.home, chosen, None, quiet)
    assert not (house.home.parent / "outside").exists()
    house.postgres.start()
    assert house.bills() == [1]


def test_a_moment_before_every_backup_is_refused_with_what_there_is(house):
    name = house.back_up()
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(CannotBackUp, match=f"there are: {name}"):
        house.place.chosen(None, long_ago)


@pytest.mark.parametrize(
    "words", [("restore", "--at", "yesterday"), ("restore", "--at", "2026-11-29")]
)
def test_a_moment_without_its_zone_is_refused(words):
    done = run_module("deploy.backup", *words)
    assert done.returncode == 2
    assert "is no moment with its zone" in done.stderr
