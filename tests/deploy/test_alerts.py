"""Every alert is tried by promtool: it fires when it must, and does not when all is right."""

import importlib
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.local.parts import PARTS, SERVICES
from tests.processes import ROOT

WATCH = ROOT / "deploy/watch"
CASES = sorted((WATCH / "tests").glob("*.yml"))


def loaded(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


RULES = [rule for group in loaded(WATCH / "alerts.yml")["groups"] for rule in group["rules"]]
ALERTS = [rule["alert"] for rule in RULES]
# Importing a part's module makes its metrics.
MODULES = (
    "bus.amqp.relay",
    "deploy.broker.watch",
    "services.ticketing.incoming_mail.server",
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
    names = set()
    for family in REGISTRY.collect():
        if family.name.startswith("mirab_"):
            names.add(family.name + ("_total" if family.type == "counter" else ""))
    return names


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
    shutil.copy(WATCH / "alerts.yml", tmp_path)
    for words in (
        ("check", "rules", WATCH / "alerts.yml"),
        ("check", "config", config),
    ):
        done = promtool(*words)
        assert done.returncode == 0, done.stdout + done.stderr


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


@pytest.mark.parametrize("rule", RULES, ids=ALERTS)
def test_o5_each_alert_asks_for_metrics_that_the_parts_export(rule, metrics):
    request = {plain(name) for name in re.findall(r"mirab_[a-z0-9_]+", rule["expr"])}
    assert request <= metrics
    assert request or "up{" in rule["expr"]


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_a_heading_in_the_runbook(alert):
    assert f"\n## {alert}\n" in RUNBOOK


def test_o4_each_metric_is_documented_in_the_runbook(metrics):
    assert [name for name in sorted(metrics) if f"`{name}`" not in RUNBOOK] == []


def test_o4_prometheus_asks_every_part():
    (job,) = loaded(WATCH / "prometheus.yml")["scrape_configs"]
    targets = [t for config in job["static_configs"] for t in config["targets"]]
    assert sorted(target.split(":")[0] for target in targets) == sorted(p.name for p in PARTS)
    assert all("METRICS_ADDRESS" in part.needs for part in PARTS)


def test_o1_the_ops_face_knows_every_other_part():
    compose = loaded(ROOT / "docker-compose.yml")["services"]
    watched = dict(w.split("=") for w in compose["ops"]["environment"]["WATCHED_PARTS"].split())

    def address(name):
        return f"{name}:{compose[name]['environment']['METRICS_ADDRESS'].split(':')[1]}"

    assert watched == {part.name: address(part.name) for part in PARTS if part.name != "ops"}
