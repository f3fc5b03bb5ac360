"""The edge as it is shipped, run by Debian's nginx before running faces: what it lets through."""

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import urllib.parse
from collections import Counter

import pytest
from urllib3.util import connection

from bus.signatures.signing import sign_request
from connector import __main__ as connector
from connector import check
from connector.caller import load_key
from deploy.certificates import certificate
from deploy.local.ports import free_port, listening
from gateway.agency.files.lines import UPLOAD_LIMIT
from gateway.forms import multipart
from gateway.http import bodies
from gateway.notify.requests import LETTER_LIMIT
from gateway.ops.notices import jobs
from gateway.ops.treasury import banks
from people import tracking
from tests.deploy.edge import EDGE, NAMES, Edge
from tests.gateway.agency import xroad_hands
from tests.gateway.agency.oauth_hands import ASK, GOOD, content_digest
from tests.gateway.conftest import environ_of
from tests.gateway.desk.test_desk_pages import registered
from tests.processes import ROOT, Starter
from tests.waiting import next_second, wait_for

NEAR, FAR = "127.0.0.2", "127.0.0.3"
AGENCY = f"""code = "edge-co"
name = "Edge"
[limits]
requests = 10000
seconds = 60
[[keys]]
id = "edge-co-demo"
public_key = "BMjawSfOHIvjXmXAKn3DUhFMpJpo+mbrT/5bAUkRlxU="
until = 2030-12-31
[[certificates]]
id = "edge-co-cert"
sha256 = "SHA256"
until = 2030-12-31
[[xroad]]
member_class = "GOV"
member_code = "100"
subsystem_code = "fuel"
purpose = "fuel_quota"
until = 2030-12-31
[[grants]]
contract = "inquiry.*"
purposes = ["fuel_quota"]
networks = ["{NEAR}/32"]
until = 2030-12-31
"""
KEY = ROOT / "deploy/local/demo_keys/fuel-co.pem"


class House:
    """An edge, and the four faces behind it as compose sets them."""

    def __init__(self, starter, folder, shared_face, shared_desk):
        ports = {face: free_port() for face in NAMES}
        self.edge = Edge(folder, {face: f"127.0.0.1:{port}" for face, port in ports.items()})
        self.cert, sha256 = self.edge.client("edge-co")
        (folder / "agencies").mkdir()
        (folder / "agencies/edge-co.toml").write_text(AGENCY.replace("SHA256", sha256))
        self.address = f"https://{NAMES['agency']}:{self.edge.ports['AGENCY_TLS_PORT']}"
        fields = {
            "agency": {
                **environ_of(shared_face.inquiry),
                "AGENCIES_DIR": str(folder / "agencies"),
                "CLIENT_CERT_HEADER": "X-Client-Cert",
                "AGENCY_BASE_URL": self.address,
            },
            "public": {
                **shared_desk.environ,
                "PORTAL_URL": f"https://{NAMES['public']}",
                "GUESSES_A_MINUTE": "4",
            },
            "notify": {**shared_desk.environ, "NOTIFY_API_URL": f"https://{NAMES['notify']}"},
            "desk": {**shared_desk.environ, "DESK_URL": f"https://{NAMES['desk']}/desk"},
        }
        self.processes = {}
        for face, environ in fields.items():
            more = {"PORT": str(ports[face]), "HOST": "127.0.0.1", "TRUSTED_PROXIES": "127.0.0.1"}
            self.processes[face] = starter(f"gateway.{face}", **{**environ, **more})
        self._ports = ports.values()

    def begin(self):
        for port in self._ports:
            wait_for(lambda port=port: listening(port), 60)
        self.edge.start()
        next_second()

    def ask(self, *, source=NEAR, cert=None, signed_for=None, headers=()):
        """The answer to a signed question of the agency."""
        body = json.dumps(GOOD).encode()
        fields = {"Content-Type": "application/json"}
        key = load_key(KEY, "edge-co-demo")
        fields |= sign_request(key, "POST", (signed_for or self.address) + ASK, fields, body)
        return self.edge.send(
            "agency",
            ASK,
            method="POST",
            body=body,
            headers={**fields, **dict(headers)},
            source=source,
            cert=cert or self.cert,
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory, shared_face, shared_desk):
    folder = tmp_path_factory.mktemp("edge")
    starter = Starter(folder)
    with contextlib.ExitStack() as ending:
        ending.callback(starter.end)
        made = House(starter, folder, shared_face, shared_desk)
        ending.callback(made.edge.stop)
        made.begin()
        yield made


@pytest.fixture(scope="module")
def edge(house):
    return house.edge


def test_s2_the_shipped_configuration_is_one_that_nginx_takes(edge):
    done = edge.run("-t")
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.mark.parametrize("face", NAMES)
def test_s2_each_face_is_reached_by_tls_and_says_so_for_a_year(house, face):
    cert = house.cert if face == "agency" else None
    answer = house.edge.send(face, "/health/live", cert=cert)
    assert answer.status == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["server"] == "nginx"  # no version


def test_s2_without_tls_a_browser_is_sent_on_and_a_program_is_refused(edge):
    for face in ("public", "desk"):
        answer = edge.send(face, "/contact?a=b", tls=False)
        location = f"https://{NAMES[face]}/contact?a=b"
        assert (answer.status, answer.headers["location"]) == (308, location)
    for face in ("agency", "notify"):
        answer = edge.send(face, "/v2/templates", tls=False, headers={"Authorization": "Bearer x"})
        assert (answer.status, answer.json()["code"]) == (403, "edge.tls")


def test_s2_a_name_that_is_none_of_ours_gets_no_certificate_and_no_redirect(edge):
    assert edge.send("public", tls=False, host="evil.example").status == 421
    with pytest.raises(ssl.SSLError):
        edge.send("public", host="evil.example")
    answer = edge.send("public", headers={"Host": "evil.example"})
    assert answer.status == 421


def tls_1_2(edge):
    """The cipher that an agency's TLS 1.2 gets."""
    context = ssl.create_default_context(cafile=str(edge.folder / "server-ca.crt"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", edge.port("agency"))) as line:
        with context.wrap_socket(line, server_hostname=NAMES["agency"]) as secured:
            return secured.cipher()[0]


def test_s2_agencies_speak_the_newest_tls_alone_unless_the_one_before_is_opened(edge, tmp_path):
    with pytest.raises(ssl.SSLError):
        tls_1_2(edge)
    opened = Edge(tmp_path, dict.fromkeys(NAMES, "127.0.0.1:9"), "TLSv1.2 TLSv1.3")
    try:
        assert "GCM" in tls_1_2(opened.start())
    finally:
        opened.stop()


@pytest.mark.parametrize("issuer", [None, "another"])
def test_s2_an_agency_without_a_certificate_of_its_ca_reaches_nothing(house, issuer):
    stranger = certificate("another ca", ca=True)
    cert = house.edge.client("edge-co", issuer=stranger)[0] if issuer else None
    answer = house.edge.send("agency", "/health/live", cert=cert)
    assert (answer.status, answer.json()["code"]) == (400, "edge.refused")


def test_s3_a_grant_for_networks_holds_by_the_address_that_the_edge_saw(house):
    assert house.ask(source=NEAR).status == 200
    answer = house.ask(source=FAR)
    assert (answer.status, answer.json()["code"]) == (403, "grant.network")


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "x-forwarded-for", "Forwarded", "X-Real-IP", "X_Forwarded_For"]
)
def test_s3_an_address_that_the_caller_wrote_is_not_believed(house, header):
    value = f"for={NEAR}" if header == "Forwarded" else NEAR
    answer = house.ask(source=FAR, headers={header: value})
    assert (answer.status, answer.json()["code"]) == (403, "grant.network")
    assert house.ask(source=NEAR, headers={header: value.replace(NEAR, FAR)}).status == 200


@pytest.fixture
def shell(house, monkeypatch):
    """The environment of the connector's commands at the agency, beside the name's address."""
    plain = connection.create_connection

    def dial(address, timeout=None, source_address=None, **more):
        assert address[0] == NAMES["agency"]
        return plain(("127.0.0.1", address[1]), timeout, (NEAR, 0), **more)

    monkeypatch.setattr(connection, "create_connection", dial)
    for name, field in {
        "MIRAB_URL": house.address,
        "MIRAB_KEY_FILE": str(KEY),
        "MIRAB_KEY_ID": "edge-co-demo",
        "MIRAB_CERT_FILE": house.cert[0],
        "MIRAB_CERT_KEY_FILE": house.cert[1],
        "MIRAB_CA_FILE": f"{house.edge.folder}/server-ca.crt",
        "REQUESTS_CA_BUNDLE": f"{house.edge.folder}/tls/agencies-ca.crt",  # of other programs
    }.items():
        monkeypatch.setenv(name, field)


QUESTION = ["ask", "--purpose", "fuel_quota", "--key", "9900000013"]


@pytest.mark.usefixtures("shell")
def test_an_agency_passes_the_edge_by_the_connectors_command(capsys):
    assert connector.main([*QUESTION, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "NOT_FOUND"
    assert check.main(["--purpose", "fuel_quota"]) == 0
    assert "All checks hold" in capsys.readouterr().out


@pytest.mark.usefixtures("shell")
def test_a_certificate_that_the_edge_does_not_take_is_said_in_a_sentence(
    house, monkeypatch, capsys
):
    stranger = certificate("another ca", ca=True)
    cert, key = house.edge.client("edge-co", issuer=stranger)[0]
    assert connector.main([*QUESTION, "--cert-file", cert, "--cert-key-file", key]) == 1
    assert f"The certificate {cert} was not taken" in capsys.readouterr().err
    monkeypatch.delenv("MIRAB_CERT_FILE")
    monkeypatch.delenv("MIRAB_CERT_KEY_FILE")
    assert connector.main(QUESTION) == 1
    assert "give --cert-file and --cert-key-file" in capsys.readouterr().err
    assert check.main(["--purpose", "fuel_quota"]) == 1
    assert "FAILED  the address answers: The edge told 400" in capsys.readouterr().out


@pytest.mark.usefixtures("shell")
def test_an_edge_of_another_authority_is_not_believed_and_not_asked_again(house, capsys):
    other = f"{house.edge.folder}/tls/agencies-ca.crt"
    assert connector.main([*QUESTION, "--ca-file", other]) == 2
    assert "is not believed (unable to get local issuer certificate)" in capsys.readouterr().err
    assert check.main(["--purpose", "fuel_quota", "--ca-file", other]) == 1
    assert "is not believed" in capsys.readouterr().out


def token(house, cert, headers=()):
    form = {"grant_type": "client_credentials", "client_id": "edge-co", "purpose": "fuel_quota"}
    fields = {"Content-Type": "application/x-www-form-urlencoded", **dict(headers)}
    body = urllib.parse.urlencode(form)
    return house.edge.send(
        "agency", "/oauth/token", method="POST", body=body, headers=fields, cert=cert
    )


def ask_by_token(house, word, *, source, cert, headers=()):
    body = json.dumps(GOOD).encode()
    fields = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {word}",
        "Content-Digest": content_digest(body),
        **dict(headers),
    }
    return house.edge.send(
        "agency", ASK, method="POST", body=body, headers=fields, source=source, cert=cert
    )


def test_s3_address_and_certificate_are_known_together(house):
    word = token(house, house.cert).json()["access_token"]
    assert ask_by_token(house, word, source=NEAR, cert=house.cert).status == 200
    answer = ask_by_token(house, word, source=FAR, cert=house.cert)
    assert (answer.status, answer.json()["code"]) == (403, "grant.network")


def test_s3_a_certificate_that_the_caller_wrote_is_not_believed(house):
    other, _ = house.edge.client("other-co")
    with open(house.cert[0], encoding="ascii") as reply:
        pretended = {"X-Client-Cert": urllib.parse.quote(reply.read())}
    answer = token(house, other, pretended)
    assert answer.json()["code"] == "client.unproven"
    word = token(house, house.cert).json()["access_token"]
    answer = ask_by_token(house, word, source=NEAR, cert=other, headers=pretended)
    assert answer.json()["code"] == "token.binding"


def test_d5_what_is_signed_for_another_name_is_not_taken_behind_the_edge(house):
    answer = house.ask(signed_for="https://test.other.example")
    assert answer.status == 401
    answer = house.ask(
        signed_for="https://test.other.example", headers={"Host": "test.other.example"}
    )
    assert answer.status == 421


def track(edge, reply, secret, source=NEAR, **headers):
    body = urllib.parse.urlencode({"code": reply["code"], "secret": secret})
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": edge.origin("public"),
        **headers,
    }
    return edge.send(
        "public", "/contact/track", method="POST", body=body, headers=sent, source=source
    )


@pytest.fixture(scope="module")
def ticket(shared_desk):
    return registered(shared_desk)


def test_s1_cookies_of_the_portal_are_secure(house, ticket):
    answer = track(house.edge, ticket, ticket["secret"], source="127.0.0.9")
    assert answer.status == 303, answer.body
    cookies = answer.headers.get_all("set-cookie")
    assert cookies
    assert all("secure" in cookie.lower() for cookie in cookies)


def test_s1_cookies_of_the_desk_are_secure(house, shared_desk):
    body = urllib.parse.urlencode({"username": "karim", "password": shared_desk.password})
    answer = house.edge.send(
        "desk",
        "/desk/sign-in",
        method="POST",
        body=body,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": house.edge.origin("desk"),
        },
    )
    assert answer.status == 303, answer.body
    cookies = answer.headers.get_all("set-cookie")
    assert cookies
    assert all("secure" in cookie.lower() for cookie in cookies)


def test_s1_guesses_are_counted_by_the_caller_and_not_by_the_edge(house, ticket):
    answers = [track(house.edge, ticket, "1" * 20, source=FAR).status for _ in range(12)]
    assert 429 in answers
    pretending = {"X-Forwarded-For": "192.0.2.99"}
    assert track(house.edge, ticket, "1" * 20, source=FAR, **pretending).status == 429
    other = {"code": tracking.new()}  # guesses at one code are counted too, by whomever
    assert track(house.edge, other, "1" * 20, source="127.0.0.4").status not in {303, 429}


def limits(face):
    """client_max_body_size of each place of a face at the edge, by its location; in bytes."""
    text = (EDGE / "templates/edge.conf.template").read_text(encoding="utf-8")
    server = text.split(f"server_name ${{{face.upper()}_HOST}};")[1].split("\n}\n")[0]
    matches = re.findall(r"location ([^{]+?) \{\n\s+client_max_body_size (\d+)m", server)
    return {place: int(size) << 20 for place, size in matches}


def test_s2_bodies_pass_where_and_as_far_as_a_face_takes_them():
    plain = 1 << 20
    assert max(bodies.BODY_LIMIT, multipart.TEXT_FORM) <= plain
    (size,) = limits("public").values()
    assert 20 << 20 < multipart.FORM_MOST + multipart.TEXT_FORM + 64 * 1024 <= size
    (size,) = limits("agency").values()
    assert size >= UPLOAD_LIMIT
    (size,) = limits("notify").values()
    assert size >= LETTER_LIMIT
    (size,) = limits("desk").values()
    for fields in (jobs.FILE_LIMIT, banks.FILE_LIMIT):
        assert multipart.FILE_MOST + fields + 64 * 1024 <= size


@pytest.mark.parametrize(
    ("face", "path", "megabytes", "passes"),
    [
        ("public", "/contact/track", 2, False),
        ("public", "/contact/new", 20, True),
        ("public", "/v1/attachments", 20, True),
        ("public", "/contact/ticket/write", 20, True),
        ("public", "/open311/v2/requests.json", 20, True),
        ("public", "/contact/new", 60, True),
        ("public", "/contact/new", 230, False),
        ("agency", ASK, 2, False),
        ("agency", "/v1/inquiry/submit_batch", 20, True),
        ("notify", "/v2/notifications/sms", 2, False),
        ("notify", "/v2/notifications/letter", 3, True),
        ("desk", "/desk/telephone", 2, False),
        ("desk", "/desk/notices/jobs/new", 20, True),
    ],
)
def test_s2_a_large_body_reaches_a_face_only_where_it_takes_files(
    house, face, path, megabytes, passes
):
    """Only its length is told: who may not send it need not send it to hear so."""
    port = house.edge.port(face)
    context = ssl.create_default_context(cafile=str(house.edge.folder / "server-ca.crt"))
    context.load_cert_chain(*house.cert)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {NAMES[face]}\r\nContent-Length: {megabytes << 20}\r\n"
        "Content-Type: text/x-none\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        with context.wrap_socket(line, server_hostname=NAMES[face]) as secure:
            secure.sendall(head.encode())
            if path.endswith("letter"):  # the edge waits for the whole of a small one
                secure.sendall(b"x" * (megabytes << 20))
            status = int(secure.recv(4096).split(b" ")[1])
    assert (status != 413) is passes


@pytest.mark.parametrize("face", NAMES)
def test_s2_a_request_to_change_the_protocol_goes_no_further(house, face):
    cert = house.cert if face == "agency" else None
    for protocol in ("h2c", "websocket"):
        answer = house.edge.send(
            face,
            "/health/live",
            cert=cert,
            headers={
                "Connection": "Upgrade, HTTP2-Settings",
                "Upgrade": protocol,
                "HTTP2-Settings": "AAMAAABkAAQAAP__",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        assert answer.status == 200


def test_s2_headers_have_an_end(edge):
    assert edge.send("public", "/" + "a" * 9000).status == 414
    answer = edge.send("public", headers={"X-A": "a" * 9000})
    assert answer.status in {400, 431}
    assert "درخواست" in answer.body.decode()


def test_s2_a_flood_from_one_address_is_slowed_down_and_nobody_else(edge):
    """By far more than people need: a page, its style and its fonts are four requests."""
    with edge.line("public", source="127.0.0.7") as line:
        answers = Counter()
        for _ in range(500):
            line.request("GET", "/health/live")
            answer = line.getresponse()
            body = answer.read()
            answers[answer.status] += 1
    assert answers[200] > 200
    assert set(answers) == {200, 429}
    assert answer.status == 200 or "درخواست" in body.decode()
    assert edge.send("public", "/health/live", source="127.0.0.6").status == 200


def test_s2_the_log_of_the_edge_tells_neither_addresses_nor_pages_nor_callers(edge):
    edge.send("public", "/l/a-secret-link", source="127.0.0.8")
    wait_for((edge.folder / "access.log").read_text)
    text = (edge.folder / "access.log").read_text() + (edge.folder / "error.log").read_text()
    assert "a-secret-link" not in text
    assert "127.0.0.8" not in text


def test_s2_while_a_face_is_away_the_edge_says_when_to_come_again(house):
    house.processes["notify"].kill()
    answer = house.edge.send("notify", "/v2/templates")
    assert (answer.status, answer.json()["code"]) == (502, "edge.refused")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "application/problem+json"


# --- X-Road, by the certificate alone ---

XROAD = (ROOT / "docs/xroad.md").read_text(encoding="utf-8")
XROAD_ASK = "/r1/MIRAB/GOV/WATER/inquiry/ask.v1"
IS = {"X-Road-Client": "MIRAB/GOV/100/fuel", "Content-Type": "application/json"}
PAPER = b'{"key_kind": "national_id", "key": "9900000013"}'


def call_by_xroad(house, cert, *, headers=(), body=PAPER):
    return house.edge.send(
        "agency",
        XROAD_ASK,
        method="POST",
        body=body,
        headers={**IS, **dict(headers)},
        source=NEAR,
        cert=cert,
    )


@pytest.fixture
def papers(house, tmp_path):
    """A folder with the three files that the page names; programs reach the edge from NEAR."""
    for name, path in zip(("tls.crt", "tls.key"), house.cert, strict=True):
        shutil.copy(path, tmp_path / name)
    shutil.copy(house.edge.folder / "server-ca.crt", tmp_path / "mirab-ca.crt")
    name, port = NAMES["agency"], house.edge.ports["AGENCY_TLS_PORT"]
    (tmp_path / ".curlrc").write_text(
        f'connect-to = "{name}:{port}:127.0.0.1:{port}"\ninterface = "{NEAR}"\nfail-with-body\n'
    )
    return tmp_path


@pytest.mark.parametrize("number", range(4))
def test_the_commands_of_the_page_of_x_road_are_answered(house, papers, number):
    blocks = re.findall(r"```bash\n(.*?)```", XROAD, re.DOTALL)
    commands = re.split(r"\n(?=curl )", "\n".join(block.strip() for block in blocks))
    assert len(commands) == 4
    command = commands[number].replace("https://agency.example:8443", house.address)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=papers,
        env={**os.environ, "CURL_HOME": str(papers)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    json.loads(done.stdout)


@pytest.mark.usefixtures("shell")
def test_the_python_of_the_page_of_x_road_is_answered(house, papers, capsys, monkeypatch):
    code = re.search(r"```python\n(.*?)```", XROAD, re.DOTALL)[1]
    monkeypatch.chdir(papers)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    exec(code.replace("https://agency.example:8443", house.address), {})
    status, outcome, id_ = capsys.readouterr().out.split()
    assert (status, outcome, id_[:6]) == ("200", "NOT_FOUND", "MIRAB-")


def test_case_33_a_certificate_that_a_caller_of_x_road_wrote_is_not_believed(house):
    with open(house.cert[0], encoding="utf-8") as file:
        pem = file.read()
    other, _ = house.edge.client("another")
    answer = call_by_xroad(house, other, headers={"X-Client-Cert": urllib.parse.quote(pem)})
    assert answer.headers["x-road-error"] == "server.clientproxy.ssl_authentication_failed"


def test_case_34_the_same_subject_by_the_same_authority_is_another_certificate(house):
    twin, _ = house.edge.client("edge-co")
    answer = call_by_xroad(house, twin)
    assert answer.headers["x-road-error"] == "server.clientproxy.ssl_authentication_failed"


def test_a_body_that_is_too_large_is_refused_by_the_face_and_not_by_the_edge(house):
    answer = call_by_xroad(house, house.cert, body=b"x" * 10 * 1024 * 1024)
    assert (answer.status, answer.json()["code"]) == (413, "http.too_large")


def test_the_hash_of_a_request_is_the_same_behind_the_edge(house):
    answer = call_by_xroad(house, house.cert, headers={"X-Road-Id": "one"})
    # http.client sends its own header first.
    sent = [("Accept-Encoding", "identity"), *IS.items(), ("X-Road-Id", "one")]
    recorded = xroad_hands.Answer(*answer, "POST", XROAD_ASK, sent)
    assert recorded.headers["x-road-request-hash"] == recorded.recomputed_hash(PAPER)
