"""docker-compose.yml runs the same parts as `make up`; here it is compared, not started."""

import re

import pytest
import yaml

from deploy.local.parts import PARTS
from tests.conftest import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
STORES = {
    "rabbitmq", "agency-rabbitmq", "postgres", "clamav", "migrate", "migrate-ticketing", "book",
    "migrate-billing", "treasury-book", "migrate-notify", "notify-book", "migrate-agencies",
}  # fmt: skip
KEYS = {
    "image",
    "build",
    "restart",
    "stop_grace_period",
    "command",
    "environment",
    "depends_on",
    "ports",
    "volumes",
    "secrets",
    "healthcheck",
}


@pytest.fixture(params=[part.name for part in PARTS])
def part(request):
    return next(part for part in PARTS if part.name == request.param)


def test_it_has_the_parts_of_make_up_and_the_stores_and_no_other():
    assert set(COMPOSE["services"]) == {part.name for part in PARTS} | STORES


def test_a_part_runs_the_same_command(part):
    assert COMPOSE["services"][part.name]["command"] == ["python", "-m", *part.module]


def test_a_part_gets_the_same_variables(part):
    assert set(COMPOSE["services"][part.name]["environment"]) == set(part.needs)


def test_a_part_listens_on_the_same_port(part):
    told = COMPOSE["services"][part.name].get("ports", [])
    assert [port.split(":")[-1] for port in told] == ([str(part.port)] if part.port else [])


def test_ops_is_bound_to_the_machine_itself():
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["ops"]["ports"])


def test_the_stores_are_of_the_promised_versions():
    assert COMPOSE["services"]["rabbitmq"]["image"] == "rabbitmq:4"
    assert COMPOSE["services"]["postgres"]["image"] == "postgres:18"


def test_only_known_words_stand_in_a_service_and_all_that_it_names_exists():
    for name, service in COMPOSE["services"].items():
        assert set(service) <= KEYS, name
        assert ("image" in service) != ("build" in service), name
        for other, how in service.get("depends_on", {}).items():
            assert other in COMPOSE["services"]
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
            if how["condition"] == "service_healthy":
                assert "healthcheck" in COMPOSE["services"][other]
        for secret in service.get("secrets", []):
            source = secret["source"] if isinstance(secret, dict) else secret
            assert source in COMPOSE["secrets"]


def test_no_password_stands_in_the_file():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert all(":?" in found for found in re.findall(r"\$\{\w*_PASSWORD[^}]*\}", text))
    assert "change-me" not in text


def test_no_demo_key_and_no_demo_agency_is_mounted():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    mounted = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in mounted if "demo" in line or "deploy/agencies" in line] == []
