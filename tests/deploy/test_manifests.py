"""deploy/kubernetes and deploy/systemd run what docker-compose.yml runs, with the same settings.

`make deploy-check` has the tools judge them; here is what needs none.
"""

import re

import pytest

from deploy import judge
from deploy.compose_file import compose
from deploy.kubernetes import __main__ as kubernetes
from deploy.local.parts import PARTS
from deploy.systemd import __main__ as systemd
from deploy.systemd.units import units
from tests.processes import ROOT

COMPOSE = compose()
OURS = {name: made for name, made in COMPOSE.items() if "build" in made}
MANIFESTS = [made for _, made in judge.manifests()]
UNITS = units()
POD_KINDS = ("Deployment", "Job")
PODS = {
    made["metadata"]["name"]: made["spec"]["template"]["spec"]
    for made in MANIFESTS
    if made["kind"] in POD_KINDS
}


def of_kind(kind):
    return {made["metadata"]["name"]: made for made in MANIFESTS if made["kind"] == kind}


def test_both_are_as_their_programs_make_them():
    assert kubernetes.main(["--check"]) == 0
    assert systemd.main(["--check"]) == 0


def test_operators_know_every_word_that_we_use():
    assert list(judge.operators()) == []


def test_a_cluster_runs_all_that_compose_runs():
    stores = {"rabbitmq", "agency-rabbitmq", "postgres"}
    assert set(PODS) == set(COMPOSE) - stores
    assert set(of_kind("RabbitmqCluster")) == {"mirab-broker", "mirab-agency-broker"}
    assert set(of_kind("Cluster")) == {"mirab-db"}


@pytest.mark.parametrize("name", OURS)
def test_a_part_gets_the_same_command_and_settings_in_a_cluster(name):
    (container,) = PODS[name]["containers"]
    assert container["command"] == OURS[name]["command"]
    own = {entry["name"]: entry["value"] for entry in container["env"]}
    shared = of_kind("ConfigMap")["mirab"]["data"]
    for variable in OURS[name]["environment"]:
        assert {variable, f"{variable}_FILE"} & {*own, *shared}, variable
    read = {path for variable, path in own.items() if path.startswith("/run/secrets/")}
    projected = next(entry for entry in PODS[name]["volumes"] if entry["name"] == "credentials")
    items = [
        item["path"]
        for source in projected["projected"]["sources"]
        for item in source["secret"]["items"]
    ]
    assert {path.removeprefix("/run/secrets/") for path in read} <= set(items)
    assert not any(name.endswith("_PASSWORD") for name in own)


@pytest.mark.parametrize("name", PODS)
def test_no_pod_has_rights_or_a_disk_that_it_may_write_to(name):
    pod = PODS[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        made = container["securityContext"]
        assert made["allowPrivilegeEscalation"] is False
        assert made["readOnlyRootFilesystem"] is True
        assert made["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}


def test_every_secret_comes_from_outside_and_no_file_holds_one():
    assert of_kind("Secret") == {}
    references = set(of_kind("ExternalSecret"))
    references_of_pods = {
        source["secret"]["name"]
        for name in OURS
        for volume in PODS[name]["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
    }
    assert references_of_pods - references == {"broker-ca", "database-ca"}


def test_pods_reach_what_compose_puts_into_one_network_with_them_and_nothing_else():
    policies = of_kind("NetworkPolicy")
    assert policies.pop("nothing")["spec"]["podSelector"] == {}
    assert set(policies) == set(PODS)
    database = {name for name, made in policies.items() if "mirab-db" in str(made["spec"])}
    assert database == {name for name in OURS if "databases" in OURS[name]["networks"]}
    outside = {name for name, made in policies.items() if "0.0.0.0/0" in str(made["spec"])}
    assert outside == {name for name in OURS if "outgoing" in OURS[name]["networks"]}


def test_each_part_and_each_step_has_a_unit_with_credentials_of_its_own():
    assert set(UNITS) == {f"mirab-{name}.service" for name in OURS} | {"mirab.target"}
    for name in OURS:
        text = UNITS[f"mirab-{name}.service"]
        assert text.count("Environment=DB_URL_FILE=") == ("DB_URL" in OURS[name]["environment"])
        labels = set(re.findall(r"^LoadCredential=([^:]+):", text, re.MULTILINE))
        assert set(re.findall(r"=%d/(\S+)", text)) == labels
        assert "postgresql://" not in text


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_a_unit_gets_the_same_command_and_settings(part):
    text = UNITS[f"mirab-{part.name}.service"]
    assert f"ExecStart=/opt/mirab/.venv/bin/python -m {' '.join(part.module)}\n" in text
    by_hand = set(re.findall(r"^([A-Z0-9_]+)=", MIRAB_ENV, re.MULTILINE))
    own = set(re.findall(r'^Environment="?([A-Z0-9_]+)=', text, re.MULTILINE))
    for variable in part.needs:
        assert {variable, f"{variable}_FILE"} & {*own, *by_hand}, variable


MIRAB_ENV = (ROOT / "deploy/systemd/mirab.env").read_text(encoding="utf-8")
