"""A face that cannot start says so in one sentence and ends with 1; one that can ends in peace."""

import signal

import pytest

from deploy.local.ports import free_port
from tests.environments import secrets_in
from tests.gateway.conftest import begin
from tests.processes import ROOT, Starter, run_module

NOWHERE = "amqp://guest:guest@127.0.0.1:1/"


BAD = {
    "a folder that is not there": {"AGENCIES_DIR": "/nowhere"},
    "a key file that is not there": {"SIGNING_KEY_FILE": "/nowhere.pem"},
    "a key file that is none": {"SIGNING_KEY_FILE": str(ROOT / "pyproject.toml")},
    "a port that is no number": {"PORT": "eighty"},
}


@pytest.mark.parametrize("wrong", BAD.values(), ids=BAD)
def test_a_setting_that_cannot_be_used_is_told(wrong, tmp_path):
    good = {
        "AMQP_URL": NOWHERE,
        "AGENCIES_DIR": str(ROOT / "deploy/agencies"),
        "PORT": str(free_port()),
        "AGENCY_BASE_URL": "https://agency.example",
        **secrets_in(tmp_path),
    }
    done = run_module("gateway.agency", **{**good, **wrong})
    assert done.returncode == 1
    assert done.stderr.startswith("The agency face cannot start: ")
    assert "Traceback" not in done.stderr


def test_a_face_ends_in_peace_without_a_broker(tmp_path):
    starter = Starter(tmp_path)
    begin(starter, "public", AMQP_URL=NOWHERE, **secrets_in(tmp_path))
    (face,) = starter._started
    assert face.stop() in {0, -signal.SIGTERM}
    assert "Traceback" not in face.log
    starter.end()
