"""`make up` on a machine where something stands in the way says so in one sentence."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from supervisor.datatypes import dict_of_key_value_pairs
from supervisor.options import UnhosedConfigParser

from bus.settings import Settings
from deploy.local import __main__ as local
from deploy.local import filling, readiness, supervise
from deploy.local.parts import PARTS, metrics_port
from deploy.local.ports import free_port
from deploy.local.readiness import PartHealth
from deploy.local.state import State
from deploy.local.stores import CannotStart, Postgres, RabbitMQ, as_unprivileged, listening
from tests.processes import ROOT


@pytest.fixture
def state(tmp_path):
    return State(tmp_path, {"AMQP_URL": "amqp://x", "DB_URL": "postgresql://x"})


def test_a_port_in_use_is_named_with_what_needs_it(state, monkeypatch):
    with socket.socket() as reply:
        reply.bind(("127.0.0.1", 0))
        reply.listen()
        port = reply.getsockname()[1]
        agency = next(p for p in PARTS if p.name == "agency")
        monkeypatch.setattr(State, "parts", (agency._replace(port=port),))
        holder = rf"is in use by .*\(process {os.getpid()}\)"
        with pytest.raises(CannotStart, match=rf"port {port}, which agency needs, {holder}"):
            local.check_place(state)


def test_named_stores_are_used_and_none_is_started(state):
    assert state.postgres is None
    assert state.rabbitmq is None
    assert state.environ()["AMQP_URL"] == "amqp://x"


def test_each_part_gets_only_the_variables_that_it_needs(state):
    for part in PARTS:
        assert set(state.environ_of(part)) == set(part.needs)


def test_settings_of_several_lines_and_with_marks_come_through(tmp_path):
    pem = "-----BEGIN CERTIFICATE-----\nMII+/=\n-----END CERTIFICATE-----\n"
    environ = {"ROOTS": f"{pem}\n{pem}", "NAME": 'a "b" 7%', "NEXT": "آب"}
    section = supervise.program(
        "one", "true", environ, tmp_path / "log", folder=tmp_path, priority=1, autostart=False
    )
    parser = UnhosedConfigParser()
    parser.read_string(section)
    read = parser.saneget("program:one", "environment", do_expand=False)
    assert dict_of_key_value_pairs(read.replace("%%", "%")) == environ


def test_of_two_of_each_part_the_second_is_another_process_of_the_same_account(tmp_path):
    api = {"BROKER_API_URL": "http://a:b@x", "AGENCY_BROKER_API_URL": "http://a:b@y"}
    stores = {"AMQP_URL": "amqp://a:b@x,y/%2F", "DB_URL": "postgresql://u@x,y/inquiry"}
    state = State(tmp_path, {**stores, **api, "SCALE": "2"})
    by_name = {part.name: part for part in state.parts}
    assert len(by_name) == len(state.parts) == 2 * len(PARTS) - 1
    ports = [part.port for part in state.parts if part.port]
    assert len(ports) == len(set(ports))
    assert len({metrics_port(part) for part in state.parts}) == len(state.parts)
    first, second = (state.environ_of(by_name[name]) for name in ("agency", "agency-2"))
    assert first["AMQP_URL"] == second["AMQP_URL"] == "amqp://mirab.agency@x,y/%2F"
    assert first["REPLAY_DIR"] != second["REPLAY_DIR"]
    assert (second["REPLAYS_SHARED"], second["AGENCY_FACES"]) == ("1", "2")
    billing = state.environ_of(by_name["billing-2"])
    assert billing["DB_URL"] == "postgresql://u@x,y/billing"
    assert "agency-2=" in state.environ_of(by_name["ops"])["WATCHED_PARTS"]


def test_a_second_up_says_that_it_runs_already_and_changes_nothing(state, capsys):
    supervise.start(state)
    try:
        assert local.up(state, True) == 0
        assert {process["statename"] for process in supervise.states(state)} == {"STOPPED"}
    finally:
        supervise.stop(state)
    assert "runs already" in capsys.readouterr().out
    assert not supervise.running(state)


def test_a_part_that_was_stopped_is_restarted_by_its_name_and_a_wrong_name_is_told(
    state, tmp_path, monkeypatch, capsys
):
    log, sleeps = tmp_path / "sleeper.log", f"{shutil.which('sleep')} 60"
    sleeper = supervise.program(
        "sleeper", sleeps, {}, log, folder=tmp_path, priority=1, autostart=False
    )
    monkeypatch.setattr(supervise, "part_programs", lambda _: [sleeper])
    monkeypatch.setattr(local.State, "of_checkout", classmethod(lambda _: state))
    assert local.main(["restart", "sleeper"]) == 1
    assert "does not run" in capsys.readouterr().out
    supervise.start(state)
    try:
        assert local.main(["restart", "no-such-part"]) == 1
        assert "one of: " in capsys.readouterr().err
        assert local.main(["restart", "sleeper"]) == 0
        begun = {p["name"] for p in supervise.states(state) if p["statename"] != "STOPPED"}
        assert begun == {"sleeper"}
    finally:
        supervise.stop(state)
    assert local.main(["rabbitmqctl", "status"]) == 1
    assert "another broker" in capsys.readouterr().err


def test_o9_a_second_up_while_one_is_starting_says_so_and_touches_nothing(
    state, monkeypatch, capsys
):
    monkeypatch.setattr(local.State, "of_checkout", classmethod(lambda _: state))
    monkeypatch.setattr(local, "begin", lambda _: pytest.fail("the second one starts something"))
    with local.only_start(state):
        before = sorted(state.home.rglob("*"))
        assert local.main(["up", "--detach"]) == 1
        assert sorted(state.home.rglob("*")) == before
    assert f"another `make up` (process {os.getpid()})" in capsys.readouterr().err
    assert not supervise.running(state)


def test_o9_an_interrupted_up_stops_what_it_began_and_never_what_ran_before(state, monkeypatch):
    def begin(state):
        if not supervise.running(state):
            supervise.start(state)
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "begin", begin)
    monkeypatch.setattr(local, "check_place", lambda _: None)
    supervise.start(state)
    state.unfinished.touch()
    try:
        with pytest.raises(KeyboardInterrupt):
            local.up(state, True)
        assert supervise.running(state)
    finally:
        supervise.stop(state)
    with pytest.raises(KeyboardInterrupt):
        local.up(state, True)
    assert not supervise.running(state)


def health(**failing):
    """What the ops face would say: these fail, and billing passes."""
    checks = {"billing": PartHealth("pass", "works")}
    return checks | {name: PartHealth("fail", sentence) for name, sentence in failing.items()}


def test_o9_a_start_waits_as_long_as_things_move_and_says_for_what(monkeypatch):
    monkeypatch.setenv("READY_SECONDS", "1")
    monkeypatch.setattr(readiness, "TELL_SECONDS", 0.1)
    monkeypatch.setattr(readiness, "LOOK_SECONDS", 0.7)
    looks = iter(
        [
            None,
            health(notify="starts", ticketing="starts"),
            health(notify="starts"),
            health(notify="starts"),
            health(),
        ]
    )
    items = []
    readiness.wait_ready(items.append, lambda: next(looks))
    assert items[0] == "waiting for ops"
    assert "waiting for notify, ticketing" in items


def test_o9_a_start_that_moves_no_more_names_what_is_missing_and_the_next_step(monkeypatch):
    monkeypatch.setenv("READY_SECONDS", "1")
    with pytest.raises(readiness.NotReady) as reply:
        readiness.wait_ready(lambda _: None, lambda: health(notify="It does not run."))
    for words in ("notify: It does not run.", "What is up stays up", "make logs", "READY_SECONDS"):
        assert words in str(reply.value)


def test_o9_what_is_up_stays_up_and_the_next_up_goes_on(state, monkeypatch, capsys):
    begun = []

    def begin(state):
        begun.append(supervise.running(state))
        if not begun[0]:
            supervise.start(state)
        begun[0] = True
        if len(begun) == 1:
            raise readiness.NotReady("notify: it does not run.")

    monkeypatch.setattr(local, "begin", begin)
    monkeypatch.setattr(local, "check_place", lambda _: None)
    monkeypatch.setattr(local.State, "of_checkout", classmethod(lambda _: state))
    monkeypatch.setattr(local, "tell", lambda _: None)
    try:
        assert local.main(["up", "--detach"]) == 1
        assert "Mirab is not ready: notify" in capsys.readouterr().err
        assert supervise.running(state)
        assert local.main(["up", "--detach"]) == 0
        assert begun == [True, True]
        assert local.main(["up", "--detach"]) == 0
        assert "runs already" in capsys.readouterr().out
    finally:
        supervise.stop(state)


def test_o9_what_a_killed_supervisor_left_behind_is_ended_by_the_next_up(state):
    left = subprocess.Popen(
        ["sleep", "60"],
        env={
            "PATH": "/usr/bin:/bin",
            "SUPERVISOR_PROCESS_NAME": "billing",
            "SUPERVISOR_SERVER_URL": f"unix://{state.supervisor_socket}",
        },
    )
    other = subprocess.Popen(
        ["sleep", "60"],
        env={"PATH": "/usr/bin:/bin", "SUPERVISOR_SERVER_URL": "unix:///elsewhere/supervisor.sock"},
    )
    try:
        supervise.end_orphans(state)
        assert left.wait(10) != 0
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait(10)


@pytest.mark.parametrize("value", ["soon", "0", "-5"])
def test_o9_seconds_that_are_none_are_refused_by_name(value):
    with pytest.raises(CannotStart, match="READY_SECONDS"):
        readiness.patience(Settings({"READY_SECONDS": value}))


def test_o10_the_status_is_aligned_whatever_the_names(state, monkeypatch, capsys):
    long = "a-name-of-more-than-fourteen-characters"
    processes = [
        {"name": name, "statename": "RUNNING", "description": "pid 1"} for name in ("ops", long)
    ] + [{"name": "billing", "statename": "BACKOFF", "description": "Exited too quickly"}]
    monkeypatch.setattr(supervise, "running", lambda _: True)
    monkeypatch.setattr(supervise, "states", lambda _: processes)
    monkeypatch.setattr(readiness, "health", lambda: health(**{long: "It hangs."}))
    assert local.status(state, False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.index(word) for line, word in zip(lines, ("RUN", "RUN", "BACK"), strict=True)] == [
        len(long) + 4
    ] * 3
    assert lines[0].endswith("pass")
    assert lines[1].endswith("fail: It hangs.")


def test_down_of_what_does_not_run_is_no_error(state, capsys):
    assert local.down(state, False) == 0
    assert "does not run" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program as another user")
def test_what_root_starts_runs_as_another_user_and_its_state_is_outside_of_the_checkout():
    assert ROOT not in State.of_checkout().home.parents
    command = as_unprivileged(["id", "-u"])
    assert int(subprocess.run(command, check=True, capture_output=True).stdout) != 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root keeps its state elsewhere")
def test_the_state_of_a_user_is_in_the_checkout():
    assert State.of_checkout().home == ROOT / ".local"


def test_a_stopped_broker_leaves_no_name_server_behind(own_broker):
    assert listening(own_broker.epmd_port)
    own_broker.kill()
    own_broker.stop()
    assert not listening(own_broker.epmd_port)


def test_a_secret_is_made_once_and_only_its_owner_reads_it(state):
    first = state.secret("one").read_text()
    assert state.secret("one").read_text() == first
    assert len(first) > 30
    assert (state.home / "one").stat().st_mode & 0o077 == 0
    # That of a service is not made anew once there may be something that it has sealed or signed.
    public = state.register_public_key()
    state.own_key("billing-key").unlink()
    state.private_key("register.pem").unlink()
    state.filled.write_text("{}")
    filling.forget_filled(state.filled)  # as after another checkout, or a restore
    assert not state.own_key("billing-key").exists()
    assert not state.private_key("register.pem").exists()
    assert state.register_public_key() == public


def test_a_missing_rabbitmq_is_told_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("deploy.local.stores.RABBITMQ_SERVER", tmp_path / "nowhere")
    with pytest.raises(CannotStart, match="make up"):
        RabbitMQ(tmp_path, 1, 2, 3).prepare()


def test_a_postgresql_that_cannot_start_points_at_its_log():
    # The server's own user must be able to reach the folder, which pytest's are closed to.
    broken = Postgres(Path(tempfile.mkdtemp(prefix="mirab-broken-")), free_port())
    broken.prepare()
    (broken.data / "PG_VERSION").write_text("1")
    with pytest.raises(CannotStart, match=r"postgres\.log"):
        broken.start()
    shutil.rmtree(broken.home)


def test_the_command_has_help_and_refuses_wrong_words():
    def command(*words):
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *words],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ},
        )

    assert command("--help").returncode == 0
    wrong = command("sideways")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


def test_every_command_that_fills_the_demo_is_there():
    source = (ROOT / "deploy/local/demo.py").read_text(encoding="utf-8")
    commands = re.findall(r'_run\(\s*state,\s*"(\w+)",\s*"([\w.]+)"', source)
    assert len(commands) >= 7
    for service, module in commands:
        spec = importlib.util.find_spec(f"services.{service}.{module}")
        assert spec, f"services.{service}.{module}"
        if spec.submodule_search_locations:
            assert importlib.util.find_spec(f"services.{service}.{module}.__main__")
