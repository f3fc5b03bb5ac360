"""Every alert is tried by promtool: it fires when it must, and does not when all is right."""

import functools
import importlib
import json
import re
import shutil
import subprocess

import jsonschema
import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.compose_file import compose
from deploy.local.parts import PARTS, SERVICES
from deploy.watch import grafana, local
from tests.processes import ROOT

WATCH = ROOT / "deploy/watch"
CASES = sorted((WATCH / "tests").glob("*.yml"))


@functools.cache
def loaded(path):
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


RULE_FILES = ("alerts.yml", "promises.yml")
ALL_RULES = [
    rule
    for name in RULE_FILES
    for group in loaded(WATCH / name)["groups"]
    for rule in group["rules"]
]
RULES = [rule for rule in ALL_RULES if "alert" in rule]
ALERTS = [rule["alert"] for rule in RULES]
RECORDED = {rule["record"] for rule in ALL_RULES if "record" in rule}
# What is exported by Prometheus itself, by each Python process, and by node exporters.
NOT_OURS = re.compile(r"\b(?:up\{|process_start_time_seconds|node_filesystem_)")
# All labels of our metrics. Their values come from closed lists: names of parts, contracts, codes.
LABELS = frozenset(
    [
        "book",
        "channel",
        "check",
        "chore",
        "code",
        "component",
        "contract",
        "face",
        "fate",
        "folder",
        "kind",
        "method",
        "name",
        "outcome",
        "problem",
        "provider",
        "queue",
        "reason",
        "result",
        "route",
        "service",
        "slot",
        "state",
        "status",
        "what",
        "witness",
    ]
)
SUFFIX = {"counter": "_total", "info": "_info"}
# Importing a part's module makes its metrics.
MODULES = (
    "bus.amqp.relay",
    "deploy.broker.keeper",
    "services.ticketing.incoming_mail.mailroom",
    *(f"gateway.{face}.api" for face in ("agency", "desk", "notify", "ops", "public")),
    *(f"services.{service}.service" for service in SERVICES),
)
RUNBOOK = (ROOT / "docs/operate.md").read_text(encoding="utf-8")


def promtool(*words, typed=None):
    assert shutil.which("promtool"), "promtool is in Debian's package prometheus (make test)"
    return subprocess.run(
        ["promtool", *map(str, words)], input=typed, capture_output=True, text=True, check=False
    )


def metrics_of_the_code():
    """The families that any part exports, by name as they stand in PromQL."""
    for module in MODULES:
        importlib.import_module(module)
    return {
        family.name + SUFFIX.get(family.type, "")
        for family in REGISTRY.collect()
        if family.name.startswith("mirab_")
    }


def plain(metric):
    """A metric's family: what a histogram exports is documented by its family's name."""
    return re.sub(r"_(bucket|count|sum|created)$", "", metric)


@pytest.fixture(scope="module")
def metrics():
    return metrics_of_the_code()


def test_the_rules_can_be_read_by_prometheus(tmp_path):
    # promtool looks whether the file of the token is there.
    token, config = tmp_path / "metrics-token", tmp_path / "prometheus.yml"
    token.write_text("token", encoding="utf-8")
    written = (WATCH / "prometheus.yml").read_text(encoding="utf-8")
    assert "/run/secrets/metrics-token" in written
    config.write_text(written.replace("/run/secrets/metrics-token", str(token)), encoding="utf-8")
    for name in RULE_FILES:
        shutil.copy(WATCH / name, tmp_path)
    (tmp_path / "machines").mkdir()
    for words in (
        ("check", "rules", *(WATCH / name for name in RULE_FILES)),
        ("check", "config", config),
    ):
        done = promtool(*words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_who_is_told_can_be_read_by_alertmanager(tmp_path):
    assert shutil.which("amtool"), "amtool is in Debian's package prometheus-alertmanager"
    local.write(tmp_path)
    for path in (WATCH / "alertmanager.yml", tmp_path / "alertmanager.yml"):
        done = subprocess.run(
            ["amtool", "check-config", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        named = re.findall(r"[A-Z][A-Za-z]+", " ".join(matchers(loaded(path))))
        assert named
        assert set(named) <= set(ALERTS)
    done = promtool("check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def matchers(document):
    """What the rules of silence say of the names of alerts."""
    for rule in document["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            yield matcher.partition("=")[2]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_o5_each_alert_fires_when_it_must_and_only_then(case):
    done = promtool("test", "rules", case)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_o5_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert):
    items = [
        bool(expected["exp_alerts"])
        for case in CASES
        for test in loaded(case)["tests"]
        for expected in test["alert_rule_test"]
        if expected["alertname"] == alert
    ]
    assert set(items) == {True, False}, f"deploy/watch/tests has no such cases of {alert}"


def test_o5_no_case_is_of_an_alert_that_is_not_there():
    named = {
        expected["alertname"]
        for case in CASES
        for test in loaded(case)["tests"]
        for expected in test["alert_rule_test"]
    }
    assert named - set(ALERTS) == set()


def test_o5_each_rule_asks_for_metrics_that_the_parts_export(metrics):
    for rule in ALL_RULES:
        expression = rule["expr"]
        request = {plain(name) for name in re.findall(r"mirab_[a-z0-9_]+", expression)}
        recorded = set(re.findall(r"mirab:[a-z_]+(?::[a-z0-9]+)?", expression))
        assert request <= metrics, rule
        assert recorded <= RECORDED, rule
        assert request or recorded or NOT_OURS.search(expression), rule


def test_no_label_can_hold_what_a_person_wrote(metrics):
    """A new label needs a place in LABELS, and a closed list of values."""
    counted = {
        collector._name: set(collector._labelnames)
        for collector in REGISTRY._collector_to_names
        if getattr(collector, "_name", "").startswith("mirab_")
    }
    assert len(counted) > 20
    assert len(metrics) > len(counted)
    assert {name: labels - LABELS for name, labels in counted.items() if labels - LABELS} == {}


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_a_heading_in_the_runbook(alert):
    assert f"\n## {alert}\n" in RUNBOOK


def test_o4_each_metric_is_documented_in_the_runbook(metrics):
    assert [name for name in sorted(metrics) if f"`{name}`" not in RUNBOOK] == []


def test_o4_prometheus_asks_every_part():
    ours, _machines = loaded(WATCH / "prometheus.yml")["scrape_configs"]
    targets = [t for config in ours["static_configs"] for t in config["targets"]]
    assert sorted(target.split(":")[0] for target in targets) == sorted(p.name for p in PARTS)
    assert all("METRICS_ADDRESS" in part.needs for part in PARTS)


def test_o1_the_ops_face_knows_every_other_part():
    made = compose()
    watched = dict(w.split("=") for w in made["ops"]["environment"]["WATCHED_PARTS"].split())

    def address(name):
        return f"{name}:{made[name]['environment']['METRICS_ADDRESS'].split(':')[1]}"

    assert watched == {part.name: address(part.name) for part in PARTS if part.name != "ops"}


BOARDS = grafana.dashboards()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_dashboard_is_written_as_grafana_reads_it(board):
    written = json.loads((grafana.FOLDER / f"{board.uid}.json").read_text(encoding="utf-8"))
    assert written == json.loads(grafana.text_of(board)), "python -m deploy.watch.grafana"
    schema = json.loads((ROOT / "tests/data/grafana.schema.json").read_text(encoding="utf-8"))
    faults = jsonschema.Draft202012Validator(schema).iter_errors(written)
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []
    cells_in_use = set()
    for place in (panel["gridPos"] for panel in written["panels"]):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & cells_in_use, "two panels stand in one place"
        assert max(x for x, _ in cells) < grafana.WIDTH
        cells_in_use |= cells


def test_no_dashboard_is_left_over():
    assert {path.stem for path in grafana.FOLDER.iterdir()} == {board.uid for board in BOARDS}


def test_each_query_of_a_dashboard_can_be_read_and_asks_for_what_is_exported(metrics, tmp_path):
    queries = sorted(
        query.replace("$__rate_interval", "1m")
        for board in BOARDS
        for row in board.rows.values()
        for panel in row
        for query, _ in panel.queries
    )
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    for query in queries:
        assert {plain(name) for name in re.findall(r"mirab_[a-z0-9_]+", query)} <= metrics, query
        assert set(re.findall(r"mirab:[a-z_]+(?::[a-z0-9]+)?", query)) <= RECORDED, query
