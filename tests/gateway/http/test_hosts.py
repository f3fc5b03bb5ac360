"""Each face answers to its own names, and takes nothing from the pages of other sites."""

import http.client
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest

from bus.settings import MissingSettings, Settings
from gateway.http.hosts import Hosts
from tests.gateway.conftest import FACES

EVIL = "evil.example"


@pytest.fixture(scope="module")
def faces(lone_faces):
    return lone_faces


def status(url, path="/health/live", method="GET", body=b"", **headers):
    """The status of a request whose headers are these alone."""
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        line.putheader(name.replace("_", "-"), value)
    if method == "POST":
        line.putheader("Content-Length", str(len(body)))
    line.endheaders(body)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "host", [EVIL, f"{EVIL}:8002", "127.0.0.1.evil.example", "localhost.evil.example", "11.0.0.1"]
)
def test_s20_a_face_is_not_reached_by_the_name_of_another(faces, face, host):
    assert status(faces[face], Host=host) == 421


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost:9", "[::1]:80", "prom.internal", "PROM.internal.:80", "10.1.2.3:8002"],
)
def test_s20_a_face_is_reached_by_loopback_and_by_what_its_operator_allows(faces, face, host):
    assert status(faces[face], Host=host) == 200


def test_s20_a_face_is_reached_by_its_own_address(faces):
    assert status(faces["public"], Host="water.example") == 200
    assert status(faces["ops"], Host="water.example") == 421


@pytest.mark.parametrize(
    ("face", "path"),
    [
        ("public", "/contact/leave"),
        ("public", "/v1/tickets"),
        ("agency", "/v1/inquiry/ask"),
        ("agency", "/oauth/token"),
        ("ops", "/registry/loads"),
        ("ops", "/dead-letters/ticketing/replay"),
        ("notify", "/v2/notifications/sms"),
        ("desk", "/desk/sign-in"),
        ("desk", "/desk/tickets/4052138845/note"),
    ],
)
@pytest.mark.parametrize(
    "header",
    [{"Origin": f"https://{EVIL}"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
    ids=["origin", "null", "fetch"],
)
def test_s20_no_face_takes_what_a_page_of_another_site_sends(faces, face, path, header):
    assert status(faces[face], path, "POST", b"{}", Host="localhost", **header) == 403


def test_s20_a_network_that_is_none_is_told_at_the_start():
    with pytest.raises(MissingSettings):
        Hosts.of(Settings({"ALLOWED_HOSTS": "10.0.0.0/99"}))
    assert Hosts.of(Settings({"ALLOWED_HOSTS": "::/0"})).networks == (ip_network("::/0"),)
