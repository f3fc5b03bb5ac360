"""An agency uploads the file of a bulk job, signed, and follows it to the end."""

import json
import shutil

import pytest
import requests

from bus.signatures.signing import sign_request
from connector.caller import load_key
from tests.databases import make_database
from tests.environments import secrets_in
from tests.notify.conftest import Hand
from tests.notify.webhooks.listener import Listener
from tests.processes import ROOT, Starter
from tests.stacks import run_face
from tests.stores import own_vhost
from tests.waiting import wait_for

GRANT = '\n[[grants]]\ncontract = "notify.*"\npurposes = []\nuntil = 2030-12-31\n'
KEY = '"5a1c9e7d-the-same-job"'


class Agency:
    """power-co at an agency face before a notify service that runs."""

    def __init__(self, start, folder, amqp, db):
        self.db = db
        environ = {
            "AMQP_URL": amqp,
            "DB_URL": db,
            "CALLBACKS_SANDBOX": "1",
            **secrets_in(folder),
        }
        start("bus", "serve", "services.notify", **environ)
        start("bus", "relay", "services.notify", **environ)
        face = run_face(start, folder, environ)
        with (face.register / "power-co.toml").open("a") as file:
            file.write(GRANT)
        self.url = str(face)
        wait_for(lambda: self.send("jobs", {}).status_code == 200, seconds=60)

    def send(self, operation, data, form="application/json", query="", **headers):
        path = f"/v1/notify/{operation}{query}"
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        key = load_key(ROOT / "deploy/local/demo_keys/power-co.pem", "power-co-demo")
        fields = {"Content-Type": form, **headers}
        fields |= sign_request(key, "POST", self.url + path, fields, raw)
        return requests.post(self.url + path, data=raw, headers=fields, timeout=60)

    def job(self, reply):
        answer = self.send("job", {"job": reply["job"]})
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="module")
def agency(tmp_path_factory, broker, postgres, notify_template):
    folder = tmp_path_factory.mktemp("job")
    db = make_database(postgres, "job_journey", notify_template)
    hand = Hand(db)
    hand.template("((name)) گرامی", code="debt", lane="bulk")
    hand.template("((name))", code="paper", lane="bulk", channel="letter", subject="نامه")
    hand.store.engine.dispose()
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        yield Agency(starter, folder, amqp, db)
        starter.end()
    shutil.rmtree(folder / "agencies", ignore_errors=True)


QUERY = "?name=job&template=debt&channels=sms"


def test_a_large_file_is_uploaded_checked_started_and_taken(agency):
    rows = "\n".join(f"0990000{n:04},{'نام ' * 25}{n}" for n in range(5000))
    raw = f"\ufeffphone number,name\r\n{rows}\r\n".encode()
    assert len(raw) > 700_000
    headers = {"form": "text/csv", "query": QUERY, "Idempotency-Key": KEY}
    first = agency.send("submit_job", raw, **headers)
    assert first.status_code == 200, first.text
    body = first.json()
    # The connection may have broken before the answer: the same again is the same job.
    assert agency.send("submit_job", raw, **headers).json()["job"] == body["job"]
    assert agency.send("submit_job", b"x", **headers).json()["code"] == "idempotency_key.reused"
    wait_for(lambda: agency.job(body)["state"] == "CHECKED", seconds=120)
    assert agency.job(body)["good"] == 5000
    preview = agency.send("job_preview", {"job": body["job"], "rows": 1}).json()
    assert preview["rows"][0]["messages"][0]["body"].endswith("نام 0 گرامی")
    assert agency.send("start_job", {"job": body["job"]}).json()["state"] == "RUNNING"
    wait_for(lambda: agency.job(body)["rows"] == {"TAKEN": 5000}, seconds=120)
    assert sum(agency.job(body)["messages"].values()) == 5000


def test_a_file_that_is_not_utf8_or_whose_digest_differs_is_refused(agency):
    raw = "phone number,name\n09900000001,سارا\n".encode("cp1256")
    refused = agency.send("submit_job", raw, form="text/csv", query=QUERY)
    assert refused.json()["code"] == "job.not_utf8"


def test_a_small_job_is_one_json_object(agency):
    body = agency.send(
        "submit_job",
        {
            "job": "5a1c9e7d-0000-4000-8000-000000000007",
            "name": "small",
            "template": "debt",
            "form": "jsonl",
            "piece": '{"mobile": "09900000001", "name": "سارا"}',
        },
    ).json()
    wait_for(lambda: agency.job(body)["state"] == "CHECKED", seconds=60)
    assert agency.job(body)["good"] == 1


def test_what_is_wrong_with_the_query_is_named(agency):
    refused = agency.send("submit_job", b"x", form="text/csv", query="?name=a&channels=fax").json()
    assert {item["field"] for item in refused["errors"]} == {"template", "channels.0"}


def test_the_agency_is_called_back_when_messages_and_the_job_have_ended(agency):
    listener = Listener()
    reply = agency.send(
        "put_callback", {"url": listener.url, "types": ["message.settled", "job.done"]}
    )
    secret = reply.json()["secret"]
    request = {
        "job": "5a1c9e7d-0000-4000-8000-000000000008",
        "name": "told",
        "template": "paper",
        "piece": "نشانی 1,نشانی 2,نشانی 3,name,reference\n"
        "سارا,خیابان یک,یاسوج 7591812345,سارا,r-1\nعلی,خیابان دو,یاسوج 7591812345,علی,r-2\n",
    }
    job = agency.send("submit_job", request).json()
    wait_for(lambda: agency.job(job)["state"] == "CHECKED", seconds=60)
    # Letters wait until ops prints them.
    agency.send("start_job", {"job": job["job"]})
    wait_for(lambda: agency.job(job)["rows"] == {"TAKEN": 2}, seconds=60)
    agency.send("cancel_job", {"job": job["job"]})
    wait_for(lambda: len(listener.deliveries) == 3, seconds=60)
    items = [item.verified(secret) for item in listener.deliveries]
    settled = [item["data"] for item in items if item["type"] == "message.settled"]
    assert {item["reference"] for item in settled} == {"r-1", "r-2"}
    (done,) = [item["data"] for item in items if item["type"] == "job.done"]
    assert (done["job"], done["state"]) == (job["job"], "CANCELLED")
    assert "owner" not in done
    listener.close()
    stands = agency.send("callbacks", {}).json()["callbacks"][0]
    assert (stands["state"], stands["dead"]) == ("ENABLED", 0)
