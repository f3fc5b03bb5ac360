"""The public and the ops face, before a running service."""

import socket

import pytest
import requests

from bus.envelope import Envelope
from connector import Caller
from connector.caller import load_key
from deploy.local.ports import free_port
from tests.bus.asking import Wire
from tests.environments import secrets_in
from tests.gateway.conftest import reads
from tests.processes import ROOT, Starter, run_module
from tests.waiting import wait_for


def run_face(start, name, environ):
    port = free_port()
    start(f"gateway.{name}", **environ, PORT=str(port), HOST="127.0.0.1")

    def answers():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    wait_for(answers)
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def faces(shared_face, tmp_path_factory):
    """The addresses of a public and an ops face beside the shared agency face."""
    starter = Starter(tmp_path_factory.mktemp("faces"))
    environ = {n: v for n, v in shared_face.inquiry.items() if n != "processes"}
    environ["AGENCY_URL"] = str(shared_face)
    yield {name: run_face(starter, name, environ) for name in ("public", "ops")}
    starter.end()


@pytest.fixture
def answer(shared_face):
    key = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")
    return (
        Caller(str(shared_face), key)
        .ask(key_kind="national_id", key="9905251782", purpose="fuel_quota")
        .data
    )


def test_anybody_can_verify_an_answer_and_learns_no_person(faces, answer):
    response = requests.get(
        f"{faces['public']}/v1/verify/{answer['verification_code']}", timeout=10
    )
    assert response.json()["genuine"] is True
    assert response.json()["tracking_code"] == answer["tracking_code"]
    assert "9905251782" not in response.text
    assert "رضا" not in response.text


def test_a_browser_gets_the_same_as_a_page_from_right_to_left(faces, answer):
    page = requests.get(
        f"{faces['public']}/v1/verify/{answer['verification_code'].lower()}",
        headers={"Accept": "text/html"},
        timeout=10,
    )
    assert page.status_code == 200
    assert 'dir="rtl"' in page.text
    assert answer["tracking_code"] in page.text
    assert "<script" not in page.text


def test_l18_the_page_of_an_answer_names_the_agency_in_persian_and_shows_no_code_of_it(
    faces, answer
):
    page = requests.get(
        f"{faces['public']}/v1/verify/{answer['verification_code']}",
        headers={"Accept": "text/html"},
        timeout=10,
    ).text
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    for words in ("شرکت پخش فرآورده‌های نفتی", "بهمئی", "چاه نیمه‌عمیق", "دامداری", "•••1/5"):
        assert words in main
    for hidden in ("fuel-co", "1001/5", "9905251782", "کاظمی"):
        assert hidden not in page


def test_the_form_works_without_javascript_and_leads_to_the_answer(faces, answer):
    code = answer["verification_code"].replace("-", " ")
    page = requests.get(
        faces["public"] + "/", params={"code": code}, headers={"Accept": "text/html"}, timeout=10
    )
    assert "این پاسخ اصیل است" in page.text
    empty = requests.get(faces["public"] + "/", params={"code": ""}, timeout=10)
    assert 'role="alert"' in empty.text


@pytest.mark.parametrize("code", ["V-2222-2222-2222-2222-2222", "nonsense", "<script>", "%00x"])
def test_a_wrong_code_is_not_genuine_and_never_an_error(faces, code):
    response = requests.get(f"{faces['public']}/v1/verify/{code}", timeout=10)
    assert response.status_code in {200, 404, 422}
    assert response.status_code != 200 or response.json() == {"genuine": False}
    page = requests.get(
        f"{faces['public']}/v1/verify/{code}", headers={"Accept": "text/html"}, timeout=10
    )
    assert "<script>" not in page.text


def test_guessing_codes_in_bulk_is_stopped(faces):
    session = requests.Session()
    statuses = [
        session.get(f"{faces['public']}/v1/verify/V-{n}", timeout=10).status_code
        for n in range(130)
    ]
    assert 429 in statuses


def test_security_txt_has_a_contact_and_expires_within_a_year(faces):
    text = requests.get(faces["public"] + "/.well-known/security.txt", timeout=10).text
    assert "Contact: mailto:" in text
    assert "Expires: 20" in text


def test_ready_asks_a_signed_question_through_every_part(faces):
    response = requests.get(faces["ops"] + "/health/ready", timeout=10)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/health+json"
    assert {"self-call", "inquiry.database", "inquiry.outbox"} == set(response.json()["checks"])


def test_live_asks_nothing(faces, shared_face):
    for url in (*faces.values(), str(shared_face)):
        assert requests.get(url + "/health/live", timeout=10).json() == {"status": "pass"}


def test_metrics_tell_of_the_bus_and_no_person(faces, answer):
    del answer
    text = requests.get(faces["ops"] + "/metrics", timeout=10).text
    for line in (
        'mirab_service_up{service="inquiry"} 1.0',
        "mirab_outbox_unsent",
        "mirab_dead_letters",
        "mirab_http_requests_total",
    ):
        assert line in text
    assert "9905251782" not in text


def test_dead_letters_are_counted_shown_without_content_and_asked_for(faces, shared_face, operator):
    url = faces["ops"]
    headers = Envelope.new("inquiry.answer_batch_part.v1", "test", id="of-no-batch").headers()
    with Wire(shared_face.inquiry["AMQP_URL"]) as wire:
        wire.publish(
            "mirab.commands",
            "inquiry.answer_batch_part.v1",
            b'{"batch": "secret-batch", "part": 0}',
            content_type="application/json",
            message_id="of-no-batch",
            headers=headers,
        )

    def mine():
        letters = reads(url + "/dead-letters/inquiry").json()["letters"]
        return [letter for letter in letters if letter["id"] == "of-no-batch"]

    (letter,) = wait_for(mine)
    assert letter["type"] == "inquiry.answer_batch_part.v1"
    assert "secret-batch" not in str(letter)
    assert reads(url + "/dead-letters").json()["services"]["inquiry"] >= 1
    answer = operator.post(url + "/dead-letters/inquiry/replay", json={"ids": ["of-no-batch"]})
    assert (answer.status_code, answer.json()["state"]) == (202, "ASKED")


def test_a_replay_must_say_what_and_an_unknown_service_is_named(faces, operator):
    url = faces["ops"]
    for item in ({}, {"ids": []}, {"ids": [1]}, {"ids": "all"}, {"all": False}):
        answer = operator.post(url + "/dead-letters/inquiry/replay", json=item)
        assert (answer.status_code, answer.json()["code"]) == (422, "contract.broken")
    assert reads(url + "/dead-letters/nowhere").status_code == 404


def test_an_import_is_asked_for_and_followed(faces, shared_face, operator):
    url = faces["ops"]
    wrong = operator.post(url + "/registry/loads", json={"folder": "../.."})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "folder.not_found")
    unknown = reads(url + "/registry/loads/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "load.not_found")
    (shared_face.register.parent / "empty-export").mkdir(exist_ok=True)
    response = operator.post(url + "/registry/loads", json={"folder": "empty-export"})
    assert response.status_code == 202
    where = url + response.headers["location"]
    wait_for(lambda: reads(where).json()["state"] == "FAILED")
    assert "sources" in reads(where).json()["message"]


def test_the_board_shows_everything_at_one_look(faces):
    page = reads(faces["ops"] + "/")
    assert page.status_code == 200
    for word in ("inquiry", "self-call", "/dead-letters?service=inquiry"):
        assert word in page.text


@pytest.mark.parametrize("face", ["public", "agency", "ops", "desk"])
def test_a_face_that_cannot_start_says_why_in_one_sentence(face):
    done = run_module(f"gateway.{face}")
    assert done.returncode == 1
    assert "cannot start: Set AMQP_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named(shared_face, tmp_path):
    port = str(shared_face).rsplit(":", 1)[1]
    environ = {"AMQP_URL": "amqp://x", "PORT": port, **secrets_in(tmp_path)}
    done = run_module("gateway.public", **environ)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
