"""HTTP is exact on all four faces: hosts, methods, media types, codings, links, pages."""

import contextlib
import importlib
import json
import re
import socket
from urllib.parse import urlsplit

import pytest
import requests

from bus.settings import Settings
from gateway.http.problems import PROBLEMS
from tests.gateway.conftest import FACES, lone_environ

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HIDDEN = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# A path of each face that takes a POST.
POSTS = {
    "public": "/v1/quotes",
    "agency": "/v1/inquiry/ask",
    "ops": "/registry/loads",
    "notify": "/v2/notifications/sms",
    "desk": "/desk/sign-out",
}


@pytest.fixture(scope="module")
def faces(lone_faces):
    return lone_faces


def talk(url, *pieces):
    parts, event = urlsplit(url), b""
    with socket.create_connection((parts.hostname, parts.port), timeout=3) as line:
        with contextlib.suppress(OSError):
            for piece in pieces:
                line.sendall(piece)
        with contextlib.suppress(OSError):
            while part := line.recv(65536):
                event += part
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", event)]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "foo"])
def test_d1_a_body_behind_an_upgrade_is_no_second_request(faces, face, upgrade):
    head = (
        f"POST {POSTS[face]} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Upgrade\r\n"
        f"Upgrade: {upgrade}\r\nContent-Type: text/plain\r\nContent-Length: {len(HIDDEN)}\r\n\r\n"
    ).encode()
    # Who refuses without reading the body may close before the client has heard it.
    assert len(talk(faces[face], head, HIDDEN)) <= 1
    assert len(talk(faces[face], head + HIDDEN)) == 1


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("hosts", ["", "Host: 127.0.0.1\r\nHost: evil.example\r\n", "Host:\r\n"])
def test_d3_each_face_wants_one_host(faces, face, hosts):
    assert talk(faces[face], f"GET /health/live HTTP/1.1\r\n{hosts}\r\n".encode()) == [400]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "name",
    ["Authorization", "Content-Type", "DPoP", "Idempotency-Key", "Origin", "X-Forwarded-Proto"],
)
def test_d4_a_header_that_says_one_thing_is_sent_once(faces, face, name):
    head = f"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{name}: a\r\n"
    assert talk(faces[face], f"{head}\r\n".encode()) == [200]
    assert talk(faces[face], f"{head}{name}: b\r\n\r\n".encode()) == [400]


@pytest.mark.parametrize("face", FACES)
def test_d14_each_path_tells_its_methods(faces, face):
    url = faces[face]
    # /v2/notifications/sms is read as an id, too, as Notify itself reads it.
    allow_post = "GET, HEAD, POST" if face in ("notify", "ops") else "POST"
    for path, allow in (("/health/live", "GET, HEAD"), (POSTS[face], allow_post)):
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"):
            refused = requests.request(method, url + path, timeout=10)
            assert (refused.status_code, refused.headers["Allow"]) == (405, allow)
        assert requests.request("PROPFIND", url + path, timeout=10).status_code == 501
        assert requests.request("BREW", url + path, timeout=10).status_code == 501
    head = requests.head(f"{url}/health/live", timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == "17"
    assert requests.options(f"{url}/nowhere", timeout=10).status_code == 404


CALLS = "/v1/calls/00000000-0000-4000-8000-000000000000"


def test_d14_a_call_that_waits_has_methods_of_its_own(faces):
    for method in ("POST", "PUT", "PATCH", "OPTIONS"):
        refused = requests.request(method, faces["agency"] + CALLS, timeout=10)
        allow = refused.headers.get("Allow")
        assert (refused.status_code, allow) == (405, "DELETE, GET, HEAD")
    for method in ("GET", "DELETE", "POST", "OPTIONS", "PUT"):
        for path in ("/v1/calls/0", "/v1/calls/00000000", "/v1/calls/1%20", "/v1/calls/", "/v1"):
            answer = requests.request(method, faces["agency"] + path, timeout=10)
            assert answer.status_code == 404, (method, path)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/inquiry/guess", "/v9/inquiry/ask", "/v01/inquiry/ask"])
def test_d14_what_is_no_contract_is_not_there_by_any_method(faces, method, path):
    answer = requests.request(method, faces["agency"] + path, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, "contract.unknown")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "x", "identity, gzip"])
def test_d15_a_body_that_is_encoded_is_refused_and_says_what_is_taken(faces, coding):
    fields = {"Content-Encoding": coding, "Content-Type": "application/json"}
    answer = requests.post(faces["public"] + "/v1/quotes", b"x", headers=fields, timeout=10)
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "identity"
    assert answer.json()["code"] == "http.content_encoding"


def test_d15_identity_is_no_coding_and_a_wrong_type_names_the_right_ones(faces):
    fields = {"Content-Encoding": "identity", "Content-Type": "text/plain"}
    answer = requests.post(faces["public"] + "/v1/quotes", b"x", headers=fields, timeout=10)
    assert answer.json()["code"] == "http.media_type"
    assert answer.headers["Accept"] == answer.headers["Accept-Post"] == "application/json"


DOCUMENTS = {
    "agency": [
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/openapi.json",
        "/.well-known/oauth-protected-resource",
        "/.well-known/api-catalog",
        "/asyncapi.json",
        "/schemas/inquiry.ask.v1.json",
        "/.well-known/security.txt",
        "/docs/join.md",
    ],
    "public": ["/.well-known/security.txt", "/docs/citizens-api.md"],
    "ops": ["/docs/operate.md"],
    "notify": ["/docs/notify-api.md"],
}


@pytest.mark.parametrize(
    ("face", "path"), [(f, p) for f, paths in DOCUMENTS.items() for p in paths]
)
def test_d18_d22_a_public_document_is_there_for_pages_of_every_site(faces, face, path):
    other = {"Origin": "https://tools.example"}
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = requests.request(method, faces[face] + path, headers=other, timeout=20)
        assert answer.status_code in (200, 204), method
        assert answer.headers["Access-Control-Allow-Origin"] == "*", method


def test_d22_a_document_is_its_file_and_nothing_else_is_served(faces):
    answer = requests.get(faces["agency"] + "/docs/join.md", timeout=10)
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "RFC 9421" in answer.text
    page = requests.get(faces["agency"] + "/docs/join.md", headers=BROWSER, timeout=10)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<h2 id="how-a-request-is-signed">' in page.text
    for plain in ({"headers": {"Accept": "text/plain"}}, {"headers": BROWSER, "params": "plain"}):
        text = requests.get(faces["agency"] + "/docs/join.md", timeout=10, **plain)
        assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert text.text == answer.text
    for name in ("first_call.sh", "Ask.java", "ask.php", "ask.mjs", "ask.go", "Ask.cs"):
        script = requests.get(f"{faces['agency']}/docs/examples/{name}", timeout=10)
        assert script.status_code == 200, name
    for path in ("/docs/../README.md", "/docs/%2e%2e/pyproject.toml", "/docs//etc/passwd"):
        assert talk(
            faces["agency"],
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode(),
        ) == [404]


PATHS = re.compile(r"(?<![\w./])/(?:[a-z.][\w./-]*\w)?")


@pytest.mark.parametrize("face", FACES)
def test_d21_a_hint_leads_somewhere_on_each_face(faces, face):
    answer = requests.get(faces[face] + "/nowhere", timeout=10).json()
    hint = answer.get("what_to_do", "/")
    assert [
        requests.get(faces[face] + path, headers=BROWSER, timeout=20).status_code
        for path in PATHS.findall(hint)
    ] in ([200], [503])


# Where a code is met, if not on the agency face; `on the portal` says the public one.
ELSEWHERE = {"desk": "desk", "letter": "desk", "service": "ops", "attachment": "public"}


def test_d21_every_path_in_a_hint_is_there(faces):
    for code, problem in PROBLEMS.items():
        for path in PATHS.findall(problem.what_to_do.replace("<id>", CALLS.rpartition("/")[2])):
            family = code.partition(".")[0]
            portal = "on the portal" in problem.what_to_do
            own = "public" if portal else ELSEWHERE.get(family, "agency")
            # Who signs in is told both addresses: that of the desk and that of the operators.
            urls = [faces[name] for name in ((own, "ops") if own == "desk" else (own,))]
            answers = [requests.get(url + path, timeout=20, allow_redirects=False) for url in urls]
            assert any(answer.status_code != 404 for answer in answers), (code, path)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    ("accept", "lang"), [("en-GB,en;q=0.9", "en"), ("fa-IR,fa", "fa"), ("", "fa")]
)
def test_p22_a_browser_gets_a_page_in_its_language(faces, face, accept, lang):
    if face in ("public", "ops"):
        lang = "fa"  # the portal until somebody chooses, the pages of operators in any case
    fields = {**BROWSER, "Accept-Language": accept}
    page = requests.get(faces[face] + "/nowhere", headers=fields, timeout=10)
    assert page.status_code == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'<html lang="{lang}"' in page.text
    if lang == "fa":
        main = re.sub(
            r"<bdi.*?</bdi>|<[^>]*>", "", page.text.split("<main", 1)[1].split("<footer")[0]
        )
        assert re.findall(r"[A-Za-z]{3,}", main.partition(">")[2]) in ([], ["English"]), main


def test_p22_the_first_page_of_the_notify_face_is_a_page(faces):
    page = requests.get(faces["notify"] + "/", headers=BROWSER, timeout=10)
    assert (page.status_code, "/docs/notify-api.md" in page.text) == (200, True)
    assert "/reference/post.v2.notifications.sms" in page.text


@pytest.mark.parametrize("face", FACES)
def test_p22_a_program_that_asks_for_html_without_knowing_it_gets_its_json(faces, face):
    java = {"Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "Authorization": "x"}
    if face in ("public", "ops", "desk"):
        pytest.skip("who asks for a page there is a person: nobody comes in by Authorization")
    answer = requests.get(faces[face] + "/nowhere", headers=java, timeout=10)
    assert "json" in answer.headers["Content-Type"]
    json.loads(answer.text)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/x",
        "///evil.example/x",
        "/\\evil.example/x",
        "//evil.example",
        "/%5c%5cevil.example",
    ],
)
def test_s21_no_link_of_ours_leads_to_another_host(faces, face, target):
    parts = urlsplit(faces[face])
    for accept in ("text/html", "application/json"):
        with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
            line.sendall(
                f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                f"Accept: {accept}\r\n\r\n".encode()
            )
            event = b""
            while part := line.recv(65536):
                event += part
        assert event.startswith(b"HTTP/1.1 404")
        text = event.decode()
        assert not re.search(r'(?:href|action|src)="(?://|/?\\|https?:)', text)
        assert not re.search(r'"instance":"(?://|/?\\)', text)
        assert not re.search(r"(?i)^location:", text, re.MULTILINE)


def test_d16_the_faults_of_a_body_are_listed_up_to_a_number(faces):
    for names in ([f"x{n}" for n in range(20_000)], ["x" * 200_000]):
        body = json.dumps(dict.fromkeys(names, 1))
        fields = {"Content-Type": "application/json"}
        answer = requests.post(faces["public"] + "/v1/quotes", body, headers=fields, timeout=20)
        assert answer.status_code == 422
        assert len(answer.content) < 20_000
        assert len(answer.json()["errors"]) <= 51


NUMBERS = (
    "-1",
    "0",
    "1" * 400,
    "9" * 3000,
    "1e400",
    "NaN",
    "١٢",
    "0x10",
    "1_000",
    "+1",
    "2**63",
    "9223372036854775808",
    "1.0",
    "%20",
    "%00",
    "",
)


@pytest.mark.parametrize("number", NUMBERS)
def test_d14_no_number_in_an_address_is_a_fault_of_ours(faces, number):
    public, agency, notify = (faces[name] for name in ("public", "agency", "notify"))
    for url in (
        f"{public}/open311/v2/requests.json?page={number}&page_size={number}",
        f"{public}/v1/statistics?months={number}",
        f"{public}/v1/payments/{number}",
        f"{public}/pay/{number}/x",
        f"{public}/status/{number}",
        f"{public}/pay/return/{number}/x",
        f"{public}/v1/tickets/{number}",
        f"{public}/v1/tickets/{number}/attachments/{number}",
        f"{public}/bills/{number}/{number}",
        f"{public}/v1/bills/{number}/{number}",
        f"{public}/contact/ticket/files/{number}",
        f"{agency}/v{number}/inquiry/ask",
        f"{agency}/v1/calls/{number}",
        f"{notify}/v2/template/x/version/{number}",
        f"{faces['ops']}/registry/loads/{number}",
        f"{faces['desk']}/desk/letters/{number}",
        f"{faces['desk']}/desk/treasury/exceptions/{number}/explain",
    ):
        answer = requests.get(url, timeout=20, allow_redirects=False)
        assert answer.status_code != 500, url


RETURNS = {
    "nothing": {},
    "nothing, POST": {"method": "POST", "headers": {"Content-Length": "0"}},
    "text": {"method": "POST", "data": "State=OK", "headers": {"Content-Type": "text/plain"}},
    "no type": {"method": "POST", "data": b"State=OK&RefNum=1"},
    "JSON": {"method": "POST", "json": {"ResCode": 0, "token": None}},
    "no JSON": {"method": "POST", "data": "{", "headers": {"Content-Type": "application/json"}},
    "encoded": {"method": "POST", "data": b"\x1f\x8b", "headers": {"Content-Encoding": "gzip"}},
    "a file": {"method": "POST", "files": {"a": b"b"}},
    "no boundary": {
        "method": "POST",
        "data": b"x",
        "headers": {"Content-Type": "multipart/form-data"},
    },
    "too much": {"method": "POST", "data": b"a=" + b"x" * 300_000},
    "no UTF-8": {"method": "POST", "data": b"a=\xff&b=%ff&c=%00"},
    "many": {"method": "POST", "data": "&".join(f"a{n}=b" for n in range(5000))},
    "PUT": {"method": "PUT", "data": b"a=b"},
    "in the address": {"params": {"State": "OK", "a\0": "b"}},
    "from the bank": {
        "method": "POST",
        "data": {"a": "b"},
        "headers": {"Origin": "https://bank.example", "Sec-Fetch-Site": "cross-site"},
    },
}


@pytest.mark.parametrize("sent", RETURNS.values(), ids=RETURNS)
def test_p18_who_comes_back_from_the_bank_is_led_to_his_payment_whatever_was_sent(faces, sent):
    fields = {"method": "GET", "headers": {}, **sent}
    fields["headers"] = {**BROWSER, **fields["headers"]}
    answer = requests.request(
        url=faces["public"] + "/pay/return/12/key-of-it",
        timeout=30,
        allow_redirects=False,
        **fields,
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/pay/12/key-of-it")


def test_c7_open311_is_asked_sixty_times_a_minute_from_one_address(faces):
    statuses, session = [], requests.Session()
    for _ in range(125):  # a minute may end in between
        answer = session.get(faces["public"] + "/open311/v2/requests.json?page=x", timeout=20)
        statuses.append(answer.status_code)
    assert statuses[:20] == [400] * 20
    assert statuses.count(429) >= 5
    assert 1 <= int(answer.headers.get("Retry-After", 1)) <= 60


# Who sends these is not the browser of a visitor of ours, or proves by the address that he may.
FROM_ELSEWHERE = {
    "/pay/return/{order:int}/{key}",  # a bank's page sends the payer back
    "/u/{token}",  # one click of a mail program (RFC 8058)
    "/unsubscribe/{token}",  # the same
    "/alert/{key}",  # the same
    "/open311/v2/requests.xml",
    "/open311/v2/requests.json",  # civic apps, by their key
    "/open311/v2/servicerequestupdates.xml",
    "/open311/v2/servicerequestupdates.json",
}
FILLED = {"int": "1", "uuid": CALLS.rpartition("/")[2]}


def unsafe_routes(face, folder):
    """Each route of a face that changes something, as (method, path)."""
    own = dict.fromkeys(("NOTIFY_API_URL", "AGENCY_BASE_URL"), "http://127.0.0.1:1")
    settings = Settings({**lone_environ(folder), **own})
    made = importlib.import_module(f"gateway.{face}.api").make(settings)
    for route in made.routes:
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            yield method, route.path


@pytest.mark.parametrize("face", FACES)
def test_s22_no_route_that_changes_something_takes_what_another_site_sends(faces, face, tmp_path):
    routes = list(unsafe_routes(face, tmp_path))
    assert len(routes) > 2
    evil = {"Origin": "https://evil.example"}
    for method, path in routes:
        if path in FROM_ELSEWHERE:
            continue
        filled = re.sub(r"\{\w+:?(\w*)\}", lambda match: FILLED.get(match[1], "x"), path)
        if path.startswith("/v{version"):
            filled = POSTS["agency"]
        for header in (evil, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            response = requests.request(method, faces[face] + filled, headers=header, timeout=20)
            assert response.status_code == 403, (method, filled, response.text)


def test_d4_the_key_of_a_notify_service_comes_alone(faces):
    for second in ({"DPoP": "x"}, {"Signature-Input": 'a=("@method");tag="mirab"'}):
        answer = requests.post(
            faces["notify"] + POSTS["notify"],
            json={},
            timeout=20,
            headers={"Authorization": "Bearer x", **second},
        )
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["error"] == "AuthError"
