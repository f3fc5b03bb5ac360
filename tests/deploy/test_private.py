"""What our processes write nobody else reads, whatever umask they were started with."""

import ast
import os
import smtplib
import subprocess
import uuid
from pathlib import Path

import pytest

from deploy.local import supervise
from deploy.local.ports import free_port, listening
from deploy.local.programs import close_to_others
from deploy.local.state import State
from tests.gateway.conftest import sender_to
from tests.processes import ROOT, Starter, run_module
from tests.stacks import run_face
from tests.waiting import wait_for

FOLDERS = (
    "bus",
    "contracts",
    "iran",
    "members",
    "people",
    "services",
    "gateway",
    "connector",
    "deploy",
)


def programs_of_ours():
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if '__name__ == "__main__"' in text:
                yield path, text


def test_s25_each_program_begins_by_closing_its_files_to_others():
    """A face does so where all faces are run (gateway/run.py)."""
    others = []
    for path, text in programs_of_ours():
        main = text.split('if __name__ == "__main__":')[1]
        if "own_files_only()" not in main and "sys.exit(run(" not in main:
            others.append(str(path.relative_to(ROOT)))
    assert others == []
    run = ast.parse((ROOT / "gateway/run.py").read_text(encoding="utf-8"))
    (begin,) = (node for node in run.body if getattr(node, "name", "") == "run")
    assert "own_files_only()" in ast.unparse(begin.body[1])


def open_to_others(folder):
    """What another local user may read, write or look into below a folder of ours."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o077
    )


def seen_by_nobody(folder):
    """The same as another user finds it, for whom the way to the folder is open."""
    done = subprocess.run(
        [
            "setpriv",
            "--reuid=nobody",
            "--regid=nogroup",
            "--clear-groups",
            "find",
            str(folder),
            "-mindepth",
            "1",
            "-readable",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()


@pytest.fixture(scope="module")
def loose():
    """The most careless of all umasks, for what is started in this module."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def written(loose, tmp_path_factory, shared_face):
    """A folder in which parts have written: letters, nonces, an import report, blobs, evidence."""
    folder = tmp_path_factory.mktemp("private")
    folder.chmod(0o711)
    starter = Starter(folder)
    names = ("boxes", "replays", "agencies", "blobs", "work")
    for name in names:
        (folder / name).mkdir(mode=0o711)
    port = free_port()
    starter("deploy.local.mailbox", MAILBOX_DIR=str(folder / "boxes"), MAILBOX_PORT=str(port))
    face_folder = folder / "work"
    inquiry = {**shared_face.inquiry, "REPLAY_DIR": str(folder / "replays")}
    face = run_face(starter, face_folder, inquiry)
    assert sender_to(face).send().status_code == 200
    wait_for(lambda: listening(port))
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail(
            "a@b.example", ["z@b.example"], "Subject: a link\r\n\r\nhttps://x/l/secret\r\n"
        )
    assert evidence(folder, face).returncode == 0
    report(folder, shared_face)
    yield folder
    starter.end()


def command(*words, **environ):
    """A program run to its end as a careless shell starts it, with the umask of this process."""
    return run_module(*map(str, words), **environ)


def evidence(folder, face):
    assert command("connector", "keygen", "--out", folder / "work/key.pem").returncode == 0
    return command(
        "connector",
        "ask",
        "--url",
        face,
        "--key-id",
        "fuel-co-demo",
        "--key-file",
        ROOT / "deploy/local/demo_keys/fuel-co.pem",
        "--purpose",
        "fuel_quota",
        "--key",
        "9905251782",
        "--save",
        folder / "work/evidence.json",
    )


def report(folder, shared_face):
    export = folder / "work/export"
    export.mkdir()
    for name in ("sources", "partners", "violations", "decrees"):
        text = (ROOT / f"deploy/local/registry/{name}.csv").read_bytes()
        (export / f"{name}.csv").write_bytes(text)
        (export / f"{name}.csv").chmod(0o600)
    export.chmod(0o700)
    out = folder / "work/import-report.csv"
    load = ("services.inquiry.load", export, "--report", out)
    command(*load, DB_URL=shared_face.inquiry["DB_URL"])


WRITTEN = (
    "boxes/z@b.example/*.eml",
    "replays/*",
    "work/import-report.csv",
    "work/evidence.json",
    "work/key.pem",
)


@pytest.mark.parametrize("name", WRITTEN)
def test_s25_what_a_part_writes_is_its_owners_alone_whatever_umask_it_was_given(written, name):
    result = list(written.glob(name))
    assert result
    assert [str(path) for path in result if path.stat().st_mode & 0o077] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as another user")
def test_s25_another_user_of_the_machine_reads_none_of_it(written):
    for parent in (written, *written.parents):
        if parent == Path("/tmp"):
            break
        parent.chmod(parent.stat().st_mode | 0o011)
    entries = {Path(path) for path in seen_by_nobody(written)}
    files = {path for path in entries if path.is_file() and path.suffix != ".log"}
    # What the test itself laid there: the register and its signing key's folder.
    assert {path for path in files if "agencies" not in path.parts} == set()


@pytest.fixture
def up(tmp_path, loose):
    """A supervisor of `make up` with one part that writes a log, as a careless shell starts it."""
    state = State(tmp_path, {"AMQP_URL": "amqp://x", "DB_URL": "postgresql://x"})
    supervise.start(state)
    yield state
    supervise.stop(state)


def test_s25_the_state_of_make_up_is_closed_to_others_with_logs_and_socket(up):
    supervise.server(up).startProcess("mailbox", False)
    wait_for((up.logs / "mailbox.log").exists)
    wait_for((up.home / "supervisord.pid").exists)
    close_to_others(up.home)
    assert [path for path in open_to_others(up.home) if not path.startswith("clamd")] == []


def test_s25_logs_are_closed_from_their_first_line_on(up):
    supervise.server(up).startProcess("mailbox", False)
    wait_for((up.logs / "mailbox.log").exists)
    for name in ("mailbox.log", "supervisord.log"):
        assert (up.logs / name).stat().st_mode & 0o077 == 0


def test_s25_what_an_earlier_start_left_open_is_closed(tmp_path):
    (tmp_path / "mailbox").mkdir(mode=0o755)
    letter = tmp_path / "mailbox" / f"{uuid.uuid4()}.eml"
    letter.write_text("a link")
    letter.chmod(0o644)
    close_to_others(tmp_path)
    assert open_to_others(tmp_path) == []
    assert letter.read_text() == "a link"


def test_s25_volumes_of_containers_are_their_users_alone():
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if "install -d" in line)
    assert "-m 0700" in line
    assert {"/agencies", "/blobs", "/marks", "/replays"} <= set(line.split())
