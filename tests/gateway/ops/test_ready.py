"""What readiness, metrics and board say while a part, a store or the broker is away or frozen."""

import calendar
import contextlib
import os
import re
import signal
import subprocess
import time

import psycopg2
import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from gateway.ops.board.words import SENTENCES
from gateway.ops.health.parts import is_one_of
from tests.databases import make_database
from tests.environments import secrets_in
from tests.gateway.conftest import begin, reads
from tests.gateway.ops.firing import firing
from tests.processes import ROOT, Starter
from tests.stacks import run_face
from tests.stores import BLOCKING, PLENTY, as_new, as_owner, memory_limit
from tests.waiting import wait_for

BOUND = 60.0  # what hangs hangs longer
ALERTS = (
    *("CheckFails", "ServiceDown", "DatabaseDown", "BrokerDown", "BrokerBlocked", "OutboxStuck"),
    *("QueueUnread", "DatabaseLocked", "MessagesHeld", "OutsideSilent"),
)


class House:
    """An inquiry service, its relay, an agency, a public and an ops face that watches them all."""

    def __init__(self, start, folder, broker, db):
        self.broker, self.db, self._start = broker, db, start
        self.addresses = {
            name: f"127.0.0.1:{free_port()}"
            for name in ("inquiry", "inquiry-relay", "agency", "public")
        }
        self.environ = {"AMQP_URL": broker.url, "DB_URL": db, **secrets_in(folder)}
        (folder / "blobs").mkdir()
        self.parts = {
            "inquiry": self.part("inquiry", "bus", "serve", "services.inquiry"),
            "inquiry-relay": self.part("inquiry-relay", "bus", "relay", "services.inquiry"),
        }
        self.face = run_face(self.with_address("agency"), folder, self.environ)
        self.parts["agency"] = self.face.process
        self.public = begin(self.with_address("public"), "public", **self.environ)
        watched = " ".join(f"{name}={address}" for name, address in self.addresses.items())
        self.ops = begin(
            start, "ops", **self.environ, AGENCY_URL=str(self.face), WATCHED_PARTS=watched
        )
        wait_for(lambda: self.ready().status_code == 200, 60, 0.5)

    def part(self, name, *words):
        return self.with_address(name)(*words, **self.environ)

    def with_address(self, name):
        def start(*words, **environ):
            process = self._start(*words, **environ, METRICS_ADDRESS=self.addresses[name])
            self.__dict__.setdefault("parts", {})[name] = process
            return process

        return start

    def ready(self):
        return requests.get(f"{self.ops}/health/ready", timeout=BOUND)

    def metrics(self):
        return requests.get(f"{self.ops}/metrics", timeout=BOUND).text

    def own_metrics(self, name):
        return requests.get(f"http://{self.addresses[name]}/metrics", timeout=BOUND).text

    def check(self, name):
        """The status and code of a check; None if there is no such check."""
        response = self.ready().json()["checks"].get(name)
        return response and (response[0]["status"], response[0]["code"])

    @contextlib.contextmanager
    def frozen(self, name):
        self.parts[name].popen.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.parts[name].popen.send_signal(signal.SIGCONT)
            wait_for(lambda: self.ready().status_code == 200, 60, 0.5)


@pytest.fixture(scope="module")
def house(tmp_path_factory, kept_broker, postgres, demo_template):
    folder = tmp_path_factory.mktemp("ready")
    broker, starter = as_new(kept_broker), Starter(folder)
    try:
        yield House(starter, folder, broker, make_database(postgres, "ready", demo_template))
    finally:
        starter.end()  # also of a house that never was ready: others need the broker


@pytest.mark.parametrize("part", ["inquiry-relay", "public", "inquiry"])
def test_o1_a_part_that_is_frozen_fails_readiness_by_its_name(house, part, tmp_path):
    frozen_at = int(time.time())
    with house.frozen(part):
        # Twice in a row: each look takes three seconds, whatever hangs.
        wait_for(lambda: house.check(part) == ("fail", "part.silent"))
        answer = house.ready()
        assert answer.status_code == 503
        reply = answer.json()["checks"][part][0]["time"]
        # Since when: not before it was frozen.
        since = calendar.timegm(time.strptime(reply, "%Y-%m-%dT%H:%M:%SZ"))
        assert frozen_at <= since <= time.time()
        assert f'mirab_check_status{{check="{part}"}} 2.0' in house.metrics()
        assert "CheckFails" in firing({"ops": house.metrics()}, ALERTS, tmp_path)
        page = reads(house.ops, timeout=BOUND).text
        assert SENTENCES["part.silent"] in page
        assert page.index(f">{part}<") < page.index(">broker<")  # the gravest first


@pytest.mark.parametrize("name", ["inquiry-2", "inquiry-12", "inquiry"])
def test_a_second_process_of_a_part_has_its_name_and_a_number(name):
    assert is_one_of("inquiry", name)
    assert not is_one_of("inquiry-relay", name)
    assert not is_one_of("inquiry", "inquiry-relay")


def test_o1_who_asks_often_is_answered_from_one_look(house):
    series = 'mirab_work_total{contract="inquiry.health.v1",fate="answered"}'
    before = value(house.own_metrics("inquiry"), series)
    for _ in range(50):
        house.ready()
    assert value(house.own_metrics("inquiry"), series) - before < 50


def test_o1_a_part_that_does_not_run_is_told_apart_from_one_that_hangs(house):
    house.parts["inquiry-relay"].kill()
    try:
        wait_for(lambda: house.check("inquiry-relay") == ("fail", "part.down"), 10)
        queue = 'mirab_queue_consumers{kind="receipts",service="inquiry"}'
        wait_for(lambda: value(house.metrics(), queue) == 0, 60)
    finally:
        house.part("inquiry-relay", "bus", "relay", "services.inquiry")
        wait_for(lambda: house.ready().status_code == 200, 60, 0.5)


def read_only(db, value):
    with contextlib.closing(psycopg2.connect(as_owner(db))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("set default_transaction_read_only = off")
            name = db.rsplit("/", 1)[1]
            cursor.execute(f"alter database {name} set default_transaction_read_only = {value}")


def test_o2_a_service_whose_database_is_read_only_is_not_up(house):
    read_only(house.db, "on")
    try:
        wait_for(lambda: house.check("inquiry.database") == ("fail", "database.read_only"), 20)
        assert house.ready().status_code == 503
        metrics = house.metrics()
        assert 'mirab_service_database_up{service="inquiry"} 0.0' in metrics
        assert re.search(r'_database_problem\{problem="read_only",service="inquiry"\} 1.0', metrics)
        assert re.search(r'_database_problem\{problem="locked",service="inquiry"\} 0.0', metrics)
    finally:
        read_only(house.db, "off")
    wait_for(lambda: house.ready().status_code == 200, 60, 0.5)


def test_o3_a_locked_table_shows_in_readiness_and_metrics_though_nobody_asks(house, tmp_path):
    with contextlib.closing(psycopg2.connect(as_owner(house.db))) as connection:
        connection.cursor().execute("lock table inquiry_log in access exclusive mode")
        wait_for(lambda: house.check("inquiry.database") == ("fail", "database.locked"), 20)
        output = house.ready().json()["checks"]["inquiry.database"][0]["output"]
        assert "inquiry_log" in output
        assert 'mirab_service_database_up{service="inquiry"} 0.0' in house.metrics()
        assert "DatabaseDown" in firing({"ops": house.metrics()}, ALERTS, tmp_path)
    wait_for(lambda: house.ready().status_code == 200, 60, 0.5)


def test_o3_a_locked_row_shows_within_a_minute_by_what_callers_are_told(house):
    from connector import Caller
    from connector.caller import load_key

    key = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")
    caller = Caller(str(house.face), key)
    with contextlib.closing(psycopg2.connect(as_owner(house.db))) as connection:
        connection.cursor().execute("select * from inquiry_log_head for update")
        with pytest.raises(Exception, match=r"(?i)busy|locked|again|answer"):
            caller.ask(key_kind="national_id", key="9905251782", purpose="fuel_quota")
        failures = 'mirab_bus_requests_total{contract="inquiry.ask.v1",outcome="unavailable"}'
        assert value(house.own_metrics("agency"), failures) > 0
        wait_for(lambda: house.check("inquiry.database")[1] == "database.busy", 20)


@pytest.mark.parametrize("name", ["inquiry", "inquiry-relay", "agency", "public"])
def test_o4_each_part_is_scraped_by_itself(house, name):
    answer = requests.get(f"http://{house.addresses[name]}/metrics", timeout=BOUND)
    assert answer.status_code == 200
    assert f'mirab_part_info{{name="{name}",' in answer.text
    newest = {"Accept": "application/openmetrics-text; version=1.0.0"}
    newer = requests.get(answer.url, headers=newest, timeout=BOUND)
    assert newer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in text_string_to_metric_families(newer.text)}
    assert "process_cpu_seconds" in names
    assert not any(name.endswith("_created") for name in names)
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=answer.text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "error" not in checked.stderr.lower(), checked.stderr


def value(text, series):
    """The value of one series, in the form of Prometheus; None if it is not there."""
    line = re.search(re.escape(series) + r" (\S+)", text)
    return line and float(line[1])


def test_each_contract_of_a_service_is_counted_from_0_on_by_what_became_of_its_messages(house):
    text = house.own_metrics("inquiry")
    for fate in ("answered", "repeated", "refused", "unavailable", "failed", "expired", "dead"):
        assert value(text, f'mirab_work_total{{contract="inquiry.get.v1",fate="{fate}"}}') == 0
    health = 'mirab_work_total{contract="inquiry.health.v1",fate="answered"}'
    assert value(text, health) > 0
    assert value(text, 'mirab_work_seconds_count{contract="inquiry.health.v1"}') > 0
    assert value(text, 'mirab_work_held{contract="inquiry.answer_batch_part.v1"}') == 0
    text = house.own_metrics("agency")
    requests_ = 'mirab_bus_requests_total{contract="inquiry.%s.v1",outcome="%s"}'
    assert value(text, requests_ % ("health", "answered")) > 0
    assert value(text, requests_ % ("get", "failed")) == 0


def test_the_relay_tells_of_its_database_and_the_ops_face_of_the_queues(house):
    relay = "inquiry-relay"
    standby = 'mirab_database_standby{service="inquiry"}'
    wait_for(lambda: value(house.own_metrics(relay), standby) == 0, 30)
    text = house.own_metrics(relay)
    for series in (
        'mirab_relay_unsent{service="inquiry"}',
        'mirab_inbox_oldest_seconds{service="inquiry"}',
        'mirab_database_connections{service="inquiry"}',
        'mirab_database_sessions{service="inquiry",state="idle"}',
    ):
        assert value(text, series) is not None, series
    for kind in ("requests", "commands", "receipts"):
        queue = f'{{kind="{kind}",service="inquiry"}}'
        wait_for(lambda q=queue: value(house.metrics(), f"mirab_queue_consumers{q}"), 60)


def test_no_other_alert_fires_by_what_well_processes_export(house, tmp_path):
    def fires():
        texts = {name: house.own_metrics(name) for name in ("inquiry", "inquiry-relay")}
        return firing({"ops": house.metrics(), **texts}, ALERTS, tmp_path)

    # What callers were told of a lock a moment ago counts for a minute.
    wait_for(lambda: house.ready().status_code == 200, 90, 0.5)
    # Of all services this house has only inquiry.
    wait_for(lambda: fires() == {"ServiceDown"}, 60, 1)


def test_no_metric_holds_what_a_caller_wrote(house):
    secret = "9905251782"
    requests.get(f"{house.public}/{secret}", headers={"Accept": secret}, timeout=10)
    requests.get(f"{house.public}/v1/verify/{secret}", timeout=10)
    requests.post(f"{house.face}/v1/inquiry/{secret}?key={secret}", json={secret: 1}, timeout=10)
    texts = [house.metrics(), *map(house.own_metrics, house.addresses)]
    assert [text for text in texts if secret in text] == []


def test_o4_each_face_counts_its_own_answers_from_0_on(house):
    def count(status):
        text = requests.get(f"http://{house.addresses['public']}/metrics", timeout=BOUND).text
        labels = f'face="public",method="GET",route="/v1/verify/{{code}}",status="{status}"'
        line = re.search(re.escape(f"mirab_http_requests_total{{{labels}}} ") + r"([\d.]+)", text)
        return line and float(line[1])

    assert count(500) == 0
    assert count(503) is not None
    before = count(404) or 0
    requests.get(f"{house.public}/v1/verify/V-2222-2222-2222-2222-2222", timeout=10)
    assert (count(404) or 0) + (count(200) or 0) > before
    requests.request("BREW", f"{house.public}/v1/verify/x", timeout=10)
    metrics = requests.get(f"http://{house.addresses['public']}/metrics", timeout=BOUND).text
    assert "BREW" not in metrics


def test_o7_a_broker_that_takes_no_messages_is_named_and_nothing_else_is_called_down(
    house, tmp_path
):
    memory_limit(house.broker, BLOCKING)
    try:
        wait_for(lambda: house.check("broker") == ("fail", "broker.blocked"), 20)
        answer = house.ready()
        failing = {n for n, [c] in answer.json()["checks"].items() if c["status"] == "fail"}
        assert failing == {"broker", "self-call"}
        assert not re.search(r"\w+Error", answer.text)
        metrics = house.metrics()
        assert "mirab_broker_blocked 1.0" in metrics
        assert "mirab_broker_up 1.0" in metrics
        fires = firing({"ops": metrics}, ALERTS, tmp_path)
        assert fires & {"BrokerBlocked", "BrokerDown", "ServiceDown", "DatabaseDown"} == {
            "BrokerBlocked"
        }
        for series in ("mirab_service_up{", "mirab_service_database_up{", "mirab_outbox_unsent{"):
            assert series not in metrics
        assert 'mirab_probe_failed{reason="broker.blocked",service="inquiry"} 1.0' in metrics
        assert SENTENCES["broker.blocked"] in reads(house.ops, timeout=BOUND).text
    finally:
        memory_limit(house.broker, PLENTY)
    wait_for(lambda: house.ready().status_code == 200, 60, 0.5)
    assert 'mirab_service_up{service="inquiry"} 1.0' in house.metrics()


def test_o7_a_broker_that_hangs_is_named_and_holds_up_no_page_of_the_operator(house, tmp_path):
    os.killpg(house.broker._process.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: house.check("broker") == ("fail", "broker.unreachable"), 20)
        assert "mirab_broker_up 0.0" in house.metrics()
        assert "BrokerDown" in firing({"ops": house.metrics()}, ALERTS, tmp_path)
        assert 'mirab_service_up{service="inquiry"}' not in house.metrics()
        assert SENTENCES["broker.unreachable"] in reads(house.ops, timeout=BOUND).text
        for path in ("/dead-letters", "/dead-letters/inquiry"):
            answer = reads(house.ops + path)
            assert (answer.status_code, answer.json()["code"]) == (503, "broker.unreachable")
            assert answer.headers["retry-after"]
    finally:
        os.killpg(house.broker._process.pid, signal.SIGCONT)
    wait_for(lambda: house.ready().status_code == 200, 90, 0.5)


def test_the_board_has_persian_words_for_all_that_a_check_can_find():
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("bus", "gateway/ops", "deploy/broker")
        for path in (ROOT / folder).rglob("*.py")
    )
    codes = set(
        re.findall(r'(?:fail|warn|Finding)\(\s*(?:Status\.\w+,\s*)?"([a-z_]+[.a-z_]*)"', code)
    )
    codes |= set(re.findall(r'"(database\.[a-z_]+)"', code)) - {"database.failed"}
    assert len(codes) > 25
    assert codes - set(SENTENCES) == set()
