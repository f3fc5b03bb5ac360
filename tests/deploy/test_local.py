"""`make up` on a machine where something stands in the way says so in one sentence."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

from deploy.local import __main__ as local
from deploy.local import supervise
from deploy.local.parts import PARTS
from deploy.local.state import State
from deploy.local.stores import CannotStart, Postgres, RabbitMQ, as_unprivileged, listening
from tests.conftest import ROOT, free_port


@pytest.fixture
def state(tmp_path):
    return State(tmp_path, {"AMQP_URL": "amqp://x", "DB_URL": "postgresql://x"})


def test_a_port_in_use_is_named_with_what_needs_it(state, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(
            local, "PARTS", (next(p for p in PARTS if p.name == "agency")._replace(port=port),)
        )
        with pytest.raises(CannotStart, match=rf"port {port}, which agency needs, is in use"):
            local.check_place(state)


def test_named_stores_are_used_and_none_is_started(state):
    assert state.postgres is None
    assert state.rabbitmq is None
    assert state.environ()["AMQP_URL"] == "amqp://x"


def test_each_part_gets_only_the_variables_that_it_needs(state):
    for part in PARTS:
        assert set(state.environ_of(part)) == set(part.needs)


def test_a_second_up_says_that_it_runs_already_and_changes_nothing(state, capsys):
    supervise.start(state)
    try:
        assert local.up(state, True) == 0
        assert {process["statename"] for process in supervise.states(state)} == {"STOPPED"}
    finally:
        supervise.stop(state)
    assert "runs already" in capsys.readouterr().out
    assert not supervise.running(state)


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


def test_a_missing_rabbitmq_is_told_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("deploy.local.stores.RABBITMQ_SERVER", tmp_path / "nowhere")
    with pytest.raises(CannotStart, match="make up"):
        RabbitMQ(tmp_path, 1, 2, 3).prepare()


def test_a_postgresql_that_cannot_start_points_at_its_log(postgres):
    broken = Postgres(postgres.home.with_name(postgres.home.name + "-broken"), free_port())
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
