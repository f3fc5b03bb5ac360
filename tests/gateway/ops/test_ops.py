"""The ops face beside test_faces: what it says when a part is down or a name is wrong."""

import shutil
from urllib.parse import urlsplit

import pytest
import requests

from contracts.inquiry.questions import ANSWER_BATCH_PART
from deploy.local.ports import free_port
from tests.bus.asking import Wire
from tests.gateway.conftest import begin, environ_of
from tests.gateway.conftest import reads as get
from tests.processes import ROOT, run_module
from tests.waiting import wait_for


@pytest.fixture
def own_ops(start, agency_face):
    """An ops face before parts that the test may hurt."""
    environ = environ_of(agency_face.inquiry)
    return begin(start, "ops", **environ, AGENCY_URL=str(agency_face))


def test_it_is_not_ready_while_the_agency_face_is_away_but_it_lives(start, shared_face):
    nobody = f"http://127.0.0.1:{free_port()}"
    own_ops = begin(start, "ops", **environ_of(shared_face.inquiry), AGENCY_URL=nobody)
    answer = get(f"{own_ops}/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["self-call"][0]["status"] == "fail"
    assert get(f"{own_ops}/health/live").json() == {"status": "pass"}
    assert "ناسالم" in get(own_ops).text


def test_metrics_tell_of_the_whole_bus_and_of_no_person(ops_face):
    reply = get(f"{ops_face}/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    assert 'mirab_service_up{service="inquiry"} 1.0' in reply.text
    assert 'mirab_service_database_up{service="inquiry"} 1.0' in reply.text
    assert 'mirab_outbox_unsent{service="inquiry"}' in reply.text
    assert 'mirab_outbox_oldest_seconds{service="inquiry"}' in reply.text
    assert 'mirab_dead_letters{service="inquiry"}' in reply.text
    assert 'route="/health/live"' in reply.text


def test_paths_that_nobody_knows_make_no_new_labels(ops_face):
    for n in range(5):
        assert get(f"{ops_face}/nowhere/{n}").status_code == 404
    text = get(f"{ops_face}/metrics").text
    assert "nowhere" not in text
    assert 'route="unknown",status="404"' in text


def test_metrics_say_that_a_service_is_down(own_ops, agency_face):
    for process in agency_face.inquiry["processes"]:
        process.stop()
    text = get(f"{own_ops}/metrics").text
    assert 'mirab_service_up{service="inquiry"} 0.0' in text
    # Its database was not asked: nobody knows, and nobody is sent to a healthy one (o7).
    assert 'mirab_service_database_up{service="inquiry"}' not in text
    assert 'mirab_outbox_unsent{service="inquiry"}' not in text


def test_dead_letters_are_counted_and_listed_without_content_and_a_machine_asks(
    own_ops, agency_face, own_operator
):
    with Wire(agency_face.inquiry["AMQP_URL"]) as wire:
        wire.publish(
            "mirab.commands",
            ANSWER_BATCH_PART.name,
            b"not json, of 9900000013",
            message_id="poison-1",
            headers={"ce-type": ANSWER_BATCH_PART.name},
        )

    def count():
        return get(f"{own_ops}/dead-letters").json()["services"]["inquiry"]

    wait_for(lambda: count() == 1)
    reply = get(f"{own_ops}/dead-letters/inquiry")
    (letter,) = reply.json()["letters"]
    assert letter["id"] == "poison-1"
    assert letter["type"] == ANSWER_BATCH_PART.name
    assert "9900000013" not in reply.text
    url = f"{own_ops}/dead-letters/inquiry/replay"
    assert own_operator.post(url, json={"ids": ["other"]}).status_code == 404
    for wanted in ({"ids": ["poison-1"]}, {"all": True}):
        answer = own_operator.post(url, json=wanted)
        assert (answer.status_code, answer.json()["letters"]) == (202, ["poison-1"])
    assert "dead-letters?service=inquiry" in get(own_ops).text


@pytest.mark.parametrize("service", ["nothing", "x" * 300, "inquiry.requests", "%23"])
def test_a_service_that_is_not_there_has_no_dead_letters(ops_face, operator, service):
    for answer in (
        get(f"{ops_face}/dead-letters/{service}"),
        operator.post(f"{ops_face}/dead-letters/{service}/replay", json={"all": True}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "service.unknown")


def test_a_machine_sends_no_form(ops_face, operator):
    answer = operator.post(f"{ops_face}/dead-letters/inquiry/replay", data={"all": 1})
    assert (answer.status_code, answer.json()["code"]) == (415, "http.media_type")


def test_an_export_in_the_import_folder_is_loaded_and_its_progress_told(
    ops_face, shared_face, operator
):
    folder = f"{shared_face.inquiry['IMPORT_DIR']}/1405-09"
    shutil.copytree(ROOT / "deploy/local/registry", folder)
    answer = operator.post(f"{ops_face}/registry/loads", json={"folder": "1405-09"})
    assert answer.status_code == 202, answer.text
    url = ops_face + answer.headers["location"]

    def done():
        return get(url).json()["state"] in {"DONE", "FAILED"}

    wait_for(done, 60)
    assert get(url).json()["state"] == "DONE"


CANARY = "canary-4f8a"


@pytest.fixture
def canaries(shared_face, tmp_path):
    """Settings of parts that the broker refuses and no database answers, full of secrets."""
    password = tmp_path / "password"
    password.write_text(f"{CANARY}-broker\n", encoding="utf-8")
    place = urlsplit(shared_face.inquiry["AMQP_URL"]).netloc.rpartition("@")[2]
    return {
        **environ_of(shared_face.inquiry),
        "AMQP_URL": f"amqp://mirab.nobody@{place}/",
        "AMQP_PASSWORD_FILE": str(password),
        "DB_URL": f"postgresql://mirab:{CANARY}-database@127.0.0.1:1/inquiry",
        "METRICS_TOKEN": f"{CANARY}-token",
        "DESK_KEY": f"{CANARY}-key-of-thirty-two-letters-or-more",
    }


def test_no_secret_stands_in_a_log_nor_in_what_health_and_metrics_tell(start, canaries):
    faces, address = [], f"127.0.0.1:{free_port()}"

    def begun(*words, **environ):
        faces.append(start(*words, **environ))
        return faces[-1]

    relay = start("bus", "relay", "services.inquiry", **canaries, METRICS_ADDRESS=address)
    ops = begin(begun, "ops", **canaries, AGENCY_URL="http://127.0.0.1:1")
    for part in (relay, *faces):
        wait_for(
            lambda part=part: '"level": "warning"' in part.log or '"level": "error"' in part.log
        )
    headers = {"Authorization": f"Bearer {CANARY}-guess", "Cookie": f"mirab_desk={CANARY}-cookie"}
    replies = [
        *(requests.get(f"http://{address}{path}", timeout=20) for path in ("/health", "/metrics")),
        *(
            requests.get(f"{ops}{path}", headers=headers, timeout=20)
            for path in ("/health/ready", "/metrics", "/dead-letters", "/transactions")
        ),
    ]
    assert replies[0].status_code == replies[2].status_code == 503
    texts = [reply.text for reply in replies] + [part.log for part in (relay, *faces)]
    assert all(texts)
    assert [text for text in texts if CANARY in text] == []


@pytest.mark.parametrize("name", ["AMQP_URL", "DB_URL"])
def test_a_password_that_cuts_its_address_in_two_is_named_and_not_shown(canaries, name):
    cut = {name: f"amqp://mirab:{CANARY}/7@127.0.0.1:1/x"}
    done = run_module("bus", "relay", "services.inquiry", **canaries | cut)
    assert done.returncode == 1
    assert f"{name} has a password" in done.stderr
    assert CANARY not in done.stdout + done.stderr
