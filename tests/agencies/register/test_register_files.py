"""The register from files and into files, by its commands."""

import shutil

import pytest

from bus.signatures.keys import SigningKey
from contracts.agencies.register import DOCUMENT
from members.register import Register
from services.agencies.register.document_checks import from_toml
from tests.processes import ROOT, run_module, run_programs
from tests.stores import execute

DEMO = ROOT / "deploy/agencies"


@pytest.fixture
def run(register, key_file):
    """Runs a module of the service on the register's database."""
    environ = {"DB_URL": register.db, "REGISTER_KEY_FILE": str(key_file)}

    def run(module, *words, **more):
        words = [f"services.agencies.{module}", *map(str, words)]
        return run_module(*words, **{**environ, **more})

    return run


@pytest.fixture
def take(run):
    def take(folder, drafter="karim", approver="nader"):
        return run("importing", folder, "--drafted-by", drafter, "--approved-by", approver)

    return take


def documents(folder):
    return {
        path.name: DOCUMENT.load_data(from_toml(path.read_text(encoding="utf-8")))
        for path in folder.glob("*.toml")
    }


def test_what_was_imported_is_exported_as_it_was(register, run, take, tmp_path):
    done = take(DEMO)
    assert (done.returncode, done.stderr) == (0, "")
    assert "7 of 7 agencies were changed" in done.stdout
    assert run("exporting", tmp_path / "out").returncode == 0
    assert documents(tmp_path / "out") == documents(DEMO)
    assert take(tmp_path / "out").stdout.startswith("0 of 7 agencies")
    actor = execute(register.db, "select distinct who from agency_audit order by who")
    assert actor == [("karim",), ("nader",)]


def test_agencies_that_were_changed_at_the_desk_stay_so_if_that_is_wanted(
    register, run, take, tmp_path
):
    shutil.copytree(DEMO, tmp_path / "new")
    for code in ("fuel-co", "justice"):
        path = tmp_path / f"new/{code}.toml"
        path.write_text(path.read_text(encoding="utf-8").replace('name = "', 'name = "New '))
    take(DEMO)
    register.revoke("key", "fuel-co-demo", code="fuel-co")
    officers = ("--drafted-by", "karim", "--approved-by", "nader")
    done = run("importing", tmp_path / "new", "--keep-changed", *officers)
    assert done.stdout == "1 of 6 agencies were changed: justice\n"
    assert register.row("fuel-co")[2]["keys"] == []
    assert "changed: fuel-co" in take(tmp_path / "new").stdout


def test_signed_copies_are_written_and_those_of_revoked_agencies_hold_no_right(
    register, run, take, key_file, tmp_path
):
    take(DEMO)
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "gone-co.jws").write_text("x")
    (copies / "of-others.txt").write_text("x")
    assert run("exporting", copies, "--copies").stdout.startswith("7 agencies")
    register.revoke("agency", code="fuel-co")
    assert run("exporting", copies, "--copies").stdout.startswith("7 agencies")
    names = {path.stem for path in copies.glob("*.jws")}
    assert names == {path.stem for path in DEMO.glob("*.toml")}
    expected = Register(copies, SigningKey.load(key_file, "register").public)
    assert expected.agency("power-co").grants
    assert expected.agency("fuel-co").grants == ()
    assert expected.key("fuel-co-demo") is None
    assert (copies / "of-others.txt").exists()


def test_with_a_new_key_all_copies_are_signed_again_and_stay_what_they_were(
    register, run, take, tmp_path
):
    take(DEMO)
    other = tmp_path / "other.pem"
    run_programs({}, ("connector", "keygen", "--out", str(other)))
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    run("exporting", tmp_path / "old", "--copies")
    again = ("--copies", "--sign-again")
    assert run("exporting", tmp_path / "new", *again, REGISTER_KEY_FILE=str(other)).returncode == 0
    key = SigningKey.load(other, "register").public
    old = [agency.code for agency in Register(tmp_path / "old", key).agencies()]
    new = [agency.code for agency in Register(tmp_path / "new", key).agencies()]
    assert (old, new) == ([], sorted(path.stem for path in DEMO.glob("*.toml")))


def test_the_rules_hold_for_files_too_and_nothing_is_half_done(register, take, tmp_path):
    for officers, reason in (
        (("mina", "mina"), "proposed this yourself"),
        (("nader", "karim"), "needs an approver"),
        (("karim", "sara"), "no officer of the register"),
    ):
        refused = take(DEMO, *officers)
        assert (refused.returncode, reason in refused.stderr) == (1, True), refused.stderr
    folder = tmp_path / "some"
    shutil.copytree(DEMO, folder)
    text = (folder / "justice.toml").read_text(encoding="utf-8")
    (folder / "justice.toml").write_text(text.replace("inquiry.*", "inquiry.nothing"))
    refused = take(folder)
    assert refused.returncode == 1
    assert "justice.toml: Nothing was taken. document.grants.0.contract" in refused.stderr
    assert execute(register.db, "select count(*) from agencies") == [(0,)]


def test_a_file_that_is_none_and_a_folder_without_any_are_told(take, tmp_path):
    assert "holds no .toml file" in take(tmp_path).stderr
    (tmp_path / "a.toml").write_bytes(b"\xff")
    assert "a.toml" in take(tmp_path).stderr


def test_text_is_not_written_beside_what_is_not_in_force(register, run, take, tmp_path):
    take(DEMO)
    register.revoke("agency", code="fuel-co")
    shutil.copytree(DEMO, tmp_path / "out")
    refused = run("exporting", tmp_path / "out")
    assert (refused.returncode, "not in force: fuel-co.toml" in refused.stderr) == (1, True)


@pytest.mark.parametrize("module", ["importing", "exporting", "officers"])
def test_each_command_tells_how_it_is_used(run, module):
    assert run(module, "--help").stdout.startswith(f"usage: python -m services.agencies.{module}")
    assert run(module, "--nonsense").returncode == 2


def test_a_database_that_is_not_there_is_one_sentence(run, tmp_path):
    failed = run("exporting", tmp_path, DB_URL="postgresql://nobody@127.0.0.1:1/none")
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
