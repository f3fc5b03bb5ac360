"""A face knows its own address and its edge by settings, or says what to set and does not start."""

import pytest
import requests

from bus.settings import MissingSettings, Settings
from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector.caller import load_key
from deploy.local.ports import free_port
from gateway.http.address import parse
from gateway.http.edge import Proxies
from tests.environments import secrets_in
from tests.gateway.conftest import begin, environ_of
from tests.processes import ROOT, Starter, run_module
from tests.waiting import next_second, wait_for

NOWHERE = "amqp://guest:guest@127.0.0.1:1/"
OWN = {"agency": "AGENCY_BASE_URL", "notify": "NOTIFY_API_URL", "public": "PORTAL_URL"}
HTTPS = "https://mirab.example.ir"


def environ(folder, face, **more):
    environ = {
        "AMQP_URL": NOWHERE,
        "AGENCIES_DIR": str(ROOT / "deploy/agencies"),
        "PORT": str(free_port()),
        **secrets_in(folder),
        OWN[face]: HTTPS,
        **more,
    }
    return {name: value for name, value in environ.items() if value is not None}


def refusal(face, environ):
    """The one sentence with which a face does not start."""
    done = run_module(f"gateway.{face}", **environ)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"The {face} face cannot start: ")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("face", OWN)
def test_d5_a_face_without_its_own_address_does_not_start_and_says_what_to_set(face, tmp_path):
    assert f"Set {OWN[face]}" in refusal(face, environ(tmp_path, face, **{OWN[face]: None}))


@pytest.mark.parametrize(
    "value",
    [
        "agency.example.ir",
        "ftp://a.ir",
        "https://",
        "https://u@a.ir",
        "https://a.ir/v1",
        "https://a.ir?x",
        "https://a.ir:port",
    ],
)
def test_d5_an_address_that_is_none_is_refused_by_name(value, tmp_path):
    if value in ("https://a.ir/v1", "https://"):  # the others are held by the parser alone
        assert "AGENCY_BASE_URL" in refusal(
            "agency", environ(tmp_path, "agency", AGENCY_BASE_URL=value)
        )
    else:
        with pytest.raises(MissingSettings, match="AGENCY_BASE_URL"):
            parse("AGENCY_BASE_URL", value)


def test_d5_outside_of_loopback_the_sandbox_needs_its_address_too(tmp_path):
    reply = environ(tmp_path, "agency", AGENCY_BASE_URL=None, SANDBOX="1", HOST="0.0.0.0")
    assert "Set AGENCY_BASE_URL" in refusal("agency", reply)


@pytest.fixture(scope="module")
def faces(shared_face, tmp_path_factory):
    """The same face twice, before one service: as the sandbox, and behind a name of its own."""
    starter = Starter(tmp_path_factory.mktemp("addresses"))
    environ = {**environ_of(shared_face.inquiry), "AGENCIES_DIR": str(ROOT / "deploy/agencies")}
    fields = {
        "sandbox": begin(starter, "agency", **environ, SANDBOX="1", AGENCY_BASE_URL=""),
        "own": begin(starter, "agency", **environ, AGENCY_BASE_URL="http://own.example"),
    }
    next_second()
    yield fields
    starter.end()


QUESTION = b'{"key_kind": "national_id", "key": "9900000013", "purpose": "fuel_quota"}'


def ask(url, signed_for, **headers):
    key: SigningKey = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")
    fields = {"Content-Type": "application/json"}
    fields |= sign_request(key, "POST", f"{signed_for}/v1/inquiry/ask", fields, QUESTION)
    return requests.post(
        f"{url}/v1/inquiry/ask", data=QUESTION, headers={**fields, **headers}, timeout=20
    )


def test_d5_what_was_signed_for_another_installation_is_not_taken_whatever_host_says(faces):
    answer = ask(faces["own"], "http://test.other.example", Host="test.other.example")
    assert answer.status_code in {401, 421}
    answer = ask(faces["sandbox"], "http://test.other.example", Host="test.other.example")
    assert answer.status_code in {401, 421}


def test_d5_what_was_signed_for_the_configured_address_is_taken(faces):
    assert ask(faces["own"], "http://own.example", Host="own.example").status_code == 200
    assert ask(faces["sandbox"], faces["sandbox"]).status_code == 200


@pytest.mark.parametrize("path", ["oauth-authorization-server", "oauth-protected-resource"])
def test_d5_the_issuer_is_the_configured_address_and_never_host(faces, path):
    for host in ("own.example", "127.0.0.1"):
        response = requests.get(
            f"{faces['own']}/.well-known/{path}", headers={"Host": host}, timeout=10
        )
        assert (
            response.json().get("issuer", response.json().get("resource")) == "http://own.example"
        )


@pytest.mark.parametrize("face", OWN)
def test_s1_a_face_behind_an_edge_that_it_would_not_believe_does_not_start(face, tmp_path):
    assert "Set TRUSTED_PROXIES" in refusal(face, environ(tmp_path, face, HOST="0.0.0.0"))


@pytest.mark.parametrize("value", ["*", "0.0.0.0/0", "0.0.0.0/1", "::/1", "edge", "10.0.0.0/99"])
def test_s1_proxies_that_could_be_anybody_are_refused(value, tmp_path):
    with pytest.raises(MissingSettings, match="TRUSTED_PROXIES"):
        Proxies.of(Settings({"TRUSTED_PROXIES": value}))
    if value == "*":
        assert "TRUSTED_PROXIES" in refusal(
            "public", environ(tmp_path, "public", TRUSTED_PROXIES=value)
        )


def test_s1_a_peer_that_is_not_believed_and_tells_of_callers_is_logged(start, tmp_path):
    """Cookies are Secure by the configured address, whoever brings the request."""
    reply = environ(tmp_path, "public", TRUSTED_PROXIES="10.9.8.7", HOST="127.0.0.1")
    process = start("gateway.public", **reply)
    url = f"http://127.0.0.1:{reply['PORT']}"

    def answers():
        try:
            return requests.get(f"{url}/health/live", timeout=5).ok
        except requests.ConnectionError:
            return False

    wait_for(answers)
    requests.get(url, headers={"X-Forwarded-For": "192.0.2.7"}, timeout=10)
    wait_for(lambda: "edge_not_believed" in process.log)
    assert "TRUSTED_PROXIES" in process.log
