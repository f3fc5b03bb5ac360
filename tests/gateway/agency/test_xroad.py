"""X-Road's REST face: what its protocols say (PR-REST, PR-MREST, PR-META), one assertion a test."""

import json
import re
import uuid
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from bus.settings import MissingSettings, Settings
from contracts import agency_contracts
from gateway.agency.xroad import services
from gateway.agency.xroad.descriptions import as_3_0, description
from gateway.agency.xroad.faults import TYPES, form, spelled, type_of
from gateway.agency.xroad.names import House
from gateway.http.problems import PROBLEMS
from tests.gateway.agency.xroad_hands import ASK, CLIENT, HOME, QUESTION, System, certificate
from tests.gateway.conftest import begin, environ_of
from tests.processes import Starter
from tests.stores import execute
from tests.waiting import next_second, wait_for

CERT, PRINT = certificate("fuel")
COURT, COURT_PRINT = certificate("court")
STRANGER, _ = certificate("fuel")
OLD, OLD_PRINT = certificate("old")
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FUEL = f"""code = "fuel-system"
name = "Fuel & energy"
[limits]
requests = 100000
seconds = 60
[[certificates]]
id = "fuel-system-cert"
sha256 = "{PRINT}"
until = 2099-12-31
[[certificates]]
id = "fuel-system-old"
sha256 = "{OLD_PRINT}"
until = 2025-01-01
[[xroad]]
member_class = "GOV"
member_code = "100"
subsystem_code = "fuel"
purpose = "fuel_quota"
until = 2099-12-31
[[xroad]]
member_class = "GOV"
member_code = "100"
until = 2099-12-31
[[xroad]]
member_class = "GOV"
member_code = "100"
subsystem_code = "ended"
until = 2025-01-01
[[grants]]
contract = "inquiry.*"
purposes = ["fuel_quota"]
until = 2099-12-31
"""
JUDGE = f"""code = "court-system"
name = "Court"
[[certificates]]
id = "court-system-cert"
sha256 = "{COURT_PRINT}"
until = 2099-12-31
[[xroad]]
member_class = "GOV"
member_code = "200"
subsystem_code = "court"
until = 2099-12-31
"""
LENDER = """code = "lender-co"
name = "Lender"
[[xroad]]
member_class = "COM"
member_code = "300"
until = 2099-12-31
[[xroad]]
member_class = "COM"
member_code = "301"
until = 2020-12-31
[[grants]]
contract = "inquiry.*"
purposes = ["fuel_quota"]
until = 2099-12-31
[[delegations]]
to = "fuel-system"
contract = "inquiry.*"
purposes = ["fuel_quota"]
until = 2099-12-31
"""


@pytest.fixture(scope="module")
def face(shared_face, tmp_path_factory):
    folder = tmp_path_factory.mktemp("xroad")
    for name, text in (("fuel-system", FUEL), ("court-system", JUDGE), ("lender-co", LENDER)):
        (folder / f"{name}.toml").write_text(text)
    starter = Starter(folder)
    started = []
    url = begin(
        lambda *words, **environ: started.append(starter(*words, **environ)) or started[-1],
        "agency",
        **environ_of(shared_face.inquiry),
        AGENCIES_DIR=str(folder),
        CLIENT_CERT_HEADER="X-Client-Cert",
    )
    next_second()
    yield SimpleNamespace(url=url, process=started[0], db=shared_face.inquiry["DB_URL"])
    starter.end()


@pytest.fixture
def system(face):
    return System(face.url, CERT)


@pytest.fixture
def court(face):
    return System(face.url, COURT, "MIRAB/GOV/200/court")


def logged(face, columns, code):
    """What the log of inquiries has of an answered question."""
    return execute(face.db, f"select {columns} from inquiry_log where tracking_code = %s", (code,))


# --- a call that is answered ---


def test_a_call_is_answered_as_by_every_other_way(system):
    answer = system.send(ASK)
    assert (answer.status, answer.fault) == (200, None)
    assert answer.json()["agency"] == "fuel-system"


def test_a_call_stands_in_the_log_of_inquiries_under_its_certificate(system, face):
    code = system.send(ASK).json()["tracking_code"]
    rows = logged(face, "agency, key_id", code)
    assert rows == [("fuel-system", "fuel-system-cert")]


def test_the_answer_names_client_and_service(system):
    headers = system.send(ASK).headers
    assert headers["x-road-client"] == CLIENT
    assert headers["x-road-service"] == "MIRAB/GOV/WATER/inquiry/ask.v1"


def test_an_id_is_made_in_the_form_of_x_road(system):
    assert re.fullmatch(f"MIRAB-{UUID}", system.send(ASK).headers["x-road-id"])


def test_an_id_is_echoed(system):
    mine = str(uuid.uuid4())
    assert system.send(ASK, headers=[("X-Road-Id", mine)]).headers["x-road-id"] == mine


def test_the_request_id_is_new_and_not_the_clients_to_set(system):
    forged = [("X-Road-Request-Id", "mine")]
    first, second = (system.send(ASK, headers=forged).headers["x-road-request-id"] for _ in "12")
    assert re.fullmatch(UUID, first)
    assert re.fullmatch(UUID, second)
    assert first != second


def test_the_request_hash_is_the_one_that_anybody_computes(system):
    raw = json.dumps(QUESTION).encode()
    answer = system.send(ASK, raw=raw)
    assert answer.headers["x-road-request-hash"] == answer.recomputed_hash(raw)


def test_the_request_hash_covers_query_id_and_each_header_that_is_kept(system):
    headers = [("X-Road-Id", "qid-1"), ("X-Custom", "ä".encode()), ("X-Road-Issue", "17/1405")]
    raw = json.dumps(QUESTION).encode()
    answer = system.send(f"{ASK}?b=2&a=%31", raw=raw, headers=headers)
    sent = [(n, v.decode() if isinstance(v, bytes) else v) for n, v in answer.sent]
    assert answer.status == 200, answer.body
    assert answer.headers["x-road-request-hash"] == answer._replace(sent=sent).recomputed_hash(raw)


def test_the_hash_of_a_metaservice_is_of_its_head_alone(system):
    answer = system.get(f"{HOME}/inquiry/listMethods")
    assert answer.headers["x-road-request-hash"] == answer.recomputed_hash(b"")


def test_the_same_request_twice_has_two_hashes(system):
    mine = [("X-Road-Id", "qid")]
    first, second = (system.send(ASK, headers=mine).headers["x-road-request-hash"] for _ in "12")
    assert first != second


def test_there_is_one_date_and_one_of_each_header_of_x_road(system):
    headers = system.send(ASK).headers
    assert len(headers.get_all("date")) == 1
    for name in ("client", "service", "id", "request-id", "request-hash"):
        assert len(headers.get_all(f"x-road-{name}")) == 1


def test_a_trailing_slash_is_the_empty_path(system):
    assert system.send(f"{ASK}/").status == 200


def test_a_chunked_body_is_taken(system):
    raw = json.dumps(QUESTION).encode()
    answer = system.send(ASK, raw=raw, chunked=True)
    assert answer.status == 200
    assert answer.headers["x-road-request-hash"] == answer.recomputed_hash(raw)


def test_the_purpose_of_the_subsystem_is_that_of_a_question_that_names_none(system):
    assert system.send(ASK).json()["purpose"] == "fuel_quota"


def test_a_purpose_that_the_question_names_counts(system):
    answer = system.send(ASK, data={**QUESTION, "purpose": "court_case"})
    assert (answer.status, answer.json()["code"]) == (403, "purpose.not_granted")


def test_without_a_purpose_in_the_register_each_question_names_its_own(system):
    answer = system.send(ASK, client="MIRAB/GOV/100")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "purpose")


def test_issue_and_user_are_case_and_operator_of_the_question(system, face):
    stated = [("X-Road-Issue", "1405/17"), ("X-Road-UserId", "IR-officer-7")]
    code = system.send(ASK, headers=stated).json()["tracking_code"]
    rows = logged(face, "case_number, operator", code)
    assert rows == [("1405/17", "IR-officer-7")]
    answer = system.send(ASK, headers=[("X-Road-UserId", "IR\tforged")])
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "operator")


def test_an_idempotency_key_makes_two_calls_one(system):
    key = [("Idempotency-Key", f'"{uuid.uuid4()}"')]
    first, second = (system.send(ASK, headers=key).json()["tracking_code"] for _ in "12")
    assert first == second


def test_the_same_x_road_id_is_no_idempotency_key(system):
    same = [("X-Road-Id", "the-same")]
    first, second = (system.send(ASK, headers=same).json()["tracking_code"] for _ in "12")
    assert first != second


def test_a_file_of_lines_is_taken_too(system):
    lines = b'{"key_kind":"national_id","key":"9900000013"}\n' * 2
    answer = system.send(
        f"{HOME}/inquiry/submit-batch.v1",
        raw=lines,
        headers=[("Content-Type", "application/jsonl")],
    )
    assert (answer.status, answer.fault) == (202, None)
    assert answer.headers["x-road-request-hash"] == answer.recomputed_hash(lines)


def test_a_header_that_says_one_thing_is_sent_once(system):
    twice = [("Content-Type", "application/json"), ("Content-Type", "text/csv")]
    assert system.send(ASK, headers=twice).fault == "server.clientproxy.bad_request"


# --- clients ---


def test_a_client_of_three_parts_is_the_member(system):
    answer = system.send(ASK, data={**QUESTION, "purpose": "fuel_quota"}, client="MIRAB/GOV/100")
    assert (answer.status, answer.headers["x-road-client"]) == (200, "MIRAB/GOV/100")


@pytest.mark.parametrize(
    "client", ["MIRAB/GOV/100/fuel/more", "MIRAB/GOV", "MIRAB//100/fuel", "%ff/GOV/100", "a%2/b/c"]
)
def test_a_client_of_another_form_is_refused(system, client):
    answer = system.send(ASK, client=client)
    assert answer.fault == "server.clientproxy.invalid_client_identifier"


def test_a_missing_client_is_an_error_of_x_road(system):
    answer = system.send(ASK, client=None)
    assert answer.fault == "server.clientproxy.invalid_client_identifier"
    assert answer.status == 500


def test_of_two_client_headers_the_last_counts(system):
    last = [("X-Road-Client", CLIENT)]
    assert system.send(ASK, client="MIRAB/GOV/200/court", headers=last).status == 200


def test_case_32_a_last_client_header_of_another_is_refused_for_it(system):
    last = [("X-Road-Client", "MIRAB/GOV/200/court")]
    assert system.send(ASK, headers=last).fault == "server.clientproxy.ssl_authentication_failed"


@pytest.mark.parametrize(
    "client",
    [
        "MIRAB/GOV/200/court",
        "MIRAB/GOV/999",
        "MIRAB/GOV/100/ended",
        "OTHER/GOV/100/fuel",
        "MIRAB/GOV/WATER/inquiry",
        "MIRAB/GOV/100/FUEL",
        "MIRAB/GOV/100%2Ffuel",
        "MIRAB/GOV/%EF%BC%91%EF%BC%90%EF%BC%90/fuel",
    ],
)
def test_case_31_the_name_of_another_of_nobody_or_of_before_is_refused_alike(system, client):
    answer = system.send(ASK, client=client)
    assert answer.fault == "server.clientproxy.ssl_authentication_failed"


@pytest.mark.parametrize("cert", [None, STRANGER, OLD], ids=["none", "stranger", "ended"])
def test_case_33_34_a_certificate_that_is_not_of_the_register_opens_nothing(face, cert):
    asic = "/asic?queryId=1&memberClass=GOV&memberCode=100&subsystemCode=fuel"
    for target, method in ((ASK, "POST"), ("/listClients", "GET"), (asic, "GET")):
        answer = System(face.url, cert).send(target, method, QUESTION if method == "POST" else None)
        assert answer.fault == "server.clientproxy.ssl_authentication_failed", target


def test_case_33_a_forged_forwarded_certificate_is_nobodys(face):
    forged = [("X-Forwarded-Client-Cert", f'Cert="{CERT}"'), ("X-SSL-Cert", CERT)]
    answer = System(face.url, None).send(ASK, headers=forged)
    assert answer.fault == "server.clientproxy.ssl_authentication_failed"


def test_a_signature_of_another_way_in_does_not_count_here(face):
    headers = [("Authorization", "Bearer nothing")]
    answer = System(face.url, None).send(ASK, headers=headers)
    assert answer.fault == "server.clientproxy.ssl_authentication_failed"


# --- in another's name ---


def test_a_represented_party_that_lends_its_name_is_asked_for(system):
    answer = system.send(ASK, headers=[("X-Road-Represented-Party", "COM/300")])
    assert answer.json()["on_behalf_of"] == "lender-co"


@pytest.mark.parametrize("party", ["GOV/200", "COM/999", "300", "COM/301"])
def test_a_represented_party_that_lends_nothing_is_no_party(system, party):
    answer = system.send(ASK, headers=[("X-Road-Represented-Party", party)])
    assert answer.fault == "server.serverproxy.access_denied"


@pytest.mark.parametrize("party", ["a/b/c", "/300", "COM/"])
def test_a_represented_party_of_another_form_is_refused(system, party):
    answer = system.send(ASK, headers=[("X-Road-Represented-Party", party)])
    assert answer.fault == "server.clientproxy.bad_request"


def test_case_40_our_own_header_names_no_party_here(system):
    answer = system.send(ASK, headers=[("Mirab-On-Behalf-Of", "lender-co")])
    assert "on_behalf_of" not in answer.json()


@pytest.mark.parametrize("server", ["MIRAB/GOV/WATER/other", "MIRAB/GOV/WATER", "x"])
def test_another_security_server_is_refused(system, server):
    answer = system.send(ASK, headers=[("X-Road-Security-Server", server)])
    assert answer.fault == "server.clientproxy.invalid_security_server"


def test_our_own_security_server_may_be_named(system):
    own = [("X-Road-Security-Server", "MIRAB/GOV/WATER/mirab")]
    assert system.send(ASK, headers=own).status == 200


# --- addresses ---


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("/r2/MIRAB/GOV/WATER/inquiry/ask.v1", "server.clientproxy.invalid_protocol_version"),
        ("/r1/invalid", "server.clientproxy.bad_request"),
        ("/r1/MIRAB/GOV/WATER/inquiry", "server.clientproxy.bad_request"),
        ("/r1/MIRAB/GOV//inquiry/ask.v1", "server.clientproxy.bad_request"),
        ("/r1/MIRAB/GOV/NOBODY/inquiry/ask.v1", "server.clientproxy.unknown_member"),
        ("/r1/OTHER/GOV/WATER/inquiry/ask.v1", "server.clientproxy.unknown_member"),
        ("/r1/MIRAB/GOV/WATER/nothing/ask.v1", "server.clientproxy.unknown_member"),
        ("/r1/MIRAB/GOV/200/court/anything", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/nothing.v1", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ask.v2", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ASK.v1", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/*", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/**", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ask.v1;x=1", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ask.v1.", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ask.v1%20", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/%C3%B6%C3%A4", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ask%252ev1", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/%EF%BD%81sk.v1", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry/ask.v1/more", "server.serverproxy.access_denied"),
        (f"{HOME}/inquiry/ask.v1/../get.v1", "server.serverproxy.access_denied"),
        (f"{HOME}/inquiry/ask.v1/%2e%2e/get.v1", "server.serverproxy.access_denied"),
        (f"{HOME}/inquiry/../inquiry/ask.v1", "server.serverproxy.unknown_service"),
        (f"{HOME}/inquiry%2Fask.v1/x", "server.clientproxy.bad_request"),
        (f"{HOME}/inquiry/ask.v1%00", "server.clientproxy.bad_request"),
        (f"{HOME}/inquiry/ask.v1%0d%0aX: y", "server.clientproxy.bad_request"),
        (f"{HOME}/inquiry/ask%c0%aev1", "server.clientproxy.bad_request"),
        (f"{HOME}/inquiry/ask%ff", "server.clientproxy.bad_request"),
        (f"{HOME}/inquiry/ask%2", "server.clientproxy.bad_request"),
        (f"{HOME}/inquiry/ask%E2%80%8B.v1", "server.clientproxy.bad_request"),
        (f"/r01{HOME[3:]}/inquiry/ask.v1", "server.clientproxy.invalid_protocol_version"),
    ],
)
def test_case_18_to_30_an_address_that_is_no_service_is_an_error_that_says_so(
    system, target, fault
):
    if " " in target:
        target = target.replace(" ", "%20")
    answer = system.send(target)
    assert answer.fault == fault, answer.body


def test_percent_encoding_of_a_letter_is_that_letter(system):
    assert system.send(f"{HOME}/inquiry/%61sk.v1").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_service_is_called_by_its_method_alone(system, method):
    answer = system.send(ASK, method, QUESTION if method not in ("GET",) else None)
    assert answer.fault == "server.serverproxy.access_denied"


def test_head_of_a_service_is_refused_without_a_body(system):
    answer = system.send(ASK, "HEAD", None)
    assert (answer.status, answer.body) == (500, b"")
    assert answer.headers["x-road-error"] == "server.serverproxy.access_denied"


# --- rights ---


def test_a_service_without_a_grant_is_denied_before_its_body_is_read(court):
    answer = court.send(f"{HOME}/inquiry/get.v1", raw=b"no json")
    assert answer.fault == "server.serverproxy.access_denied"


def test_what_the_service_refuses_is_its_own_answer_without_an_error_of_x_road(system):
    answer = system.send(f"{HOME}/inquiry/get.v1", data={"tracking_code": "Q-T29D-DBQY-Y45J"})
    assert (answer.status, answer.fault) == (404, None)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-road-service"] == "MIRAB/GOV/WATER/inquiry/get.v1"


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 415, "http.media_type"),
        (b"x", 400, "json.invalid"),
        (b"x" * 10 * 1024 * 1024, 413, "http.too_large"),
        (b'{"key_kind":"national_id","key":"1","key":"2"}', 400, "json.member_twice"),
        (bytes(range(256)), 400, "json.invalid"),
    ],
    ids=["0 B", "1 B", "10 MiB", "twice", "binary"],
)
def test_a_body_that_is_no_question_is_refused_by_what_is_wrong_with_it(system, raw, status, code):
    answer = system.send(ASK, raw=raw)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.fault is None


# --- errors ---


def test_an_error_is_found_in_the_log_by_its_detail(system, face):
    detail = system.send(ASK, client=None).json()["detail"]
    assert re.fullmatch(UUID, detail)
    wait_for(lambda: detail in face.process.log)


def test_an_error_tells_type_message_and_detail(system):
    members = system.send(ASK, client=None).json()
    assert members.keys() == {"type", "message", "detail"}
    assert members["message"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json;charset=utf-8", "application/json"),
        ("foobarbaz", "application/json"),
        ("", "application/json"),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("application/xml, text/xml", "application/xml"),
        ("text/xml, application/xml", "text/xml"),
        ("text/xml-patch+xml", "application/json"),
        ("application/xml; q=0.2", "application/xml"),
        ("text/*", "text/xml"),
        ("*/*", "application/json"),
    ],
)
def test_an_error_is_written_as_accept_says(accept, media):
    assert form([accept]) == media


def test_an_error_as_xml_has_the_same_members(system):
    answer = system.send(ASK, client=None, headers=[("Accept", "text/xml")])
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    root = ET.fromstring(answer.body)
    assert (root.tag, [inner.tag for inner in root]) == ("error", ["type", "message", "detail"])
    assert root.find("type").text == answer.headers["x-road-error"]


def test_the_spelling_of_the_documents_is_a_setting():
    written = {spelled(kind, "documents") for kind in TYPES.values()}
    assert {"Client.BadRequest", "Server.ServerProxy.AccessDenied"} <= written
    assert all(
        re.fullmatch(r"(Client|Server\.(Client|Server)Proxy)\.[A-Za-z]+", w) for w in written
    )


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("service.maintenance", 503, "server.serverproxy.service_disabled"),
        ("contract.ended", 410, "server.serverproxy.service_disabled"),
        ("service.absent", 503, "server.serverproxy.network_error"),
        ("deadline.passed", 504, "server.serverproxy.network_error"),
        ("receipts.unavailable", 503, "server.serverproxy.network_error"),
        ("internal", 500, "server.serverproxy.internal_error"),
        ("purpose.not_granted", 403, None),
        ("limit.reached", 429, None),
    ],
)
def test_a_service_that_is_closed_or_away_is_an_error_and_its_own_refusal_is_none(
    code, status, kind
):
    assert type_of({"code": code, "status": status}) == kind


def test_each_code_that_becomes_an_error_is_one_of_ours():
    assert TYPES.keys() <= PROBLEMS.keys()


def test_a_refusal_is_no_failure_in_our_figures(system, face):
    answer = system.send(ASK, client="MIRAB/GOV/200/court")
    assert answer.status == 500
    trace = answer.headers["traceparent"].split("-")[1]

    def counted():
        """What its own line says; the call before may be written down just now, too."""
        lines = face.process.log.splitlines(keepends=True)
        mine = (n for n in lines if trace in n and '"event": "answered"' in n and n[-1] == "\n")
        return [json.loads(line)["status"] for line in mine]

    assert wait_for(counted) == [403]


def test_an_error_says_nothing_of_other_ways_in(system):
    headers = system.send(ASK, client="MIRAB/GOV/200/court").headers
    assert headers["www-authenticate"] is None
    assert headers["x-road-service"] is None


def test_every_answer_is_signed_as_ours(system):
    for answer in (system.send(ASK), system.send(ASK, client=None)):
        assert "mirab" in answer.headers["signature-input"]


# --- metaservices ---


def test_list_methods_lists_each_contract_once_and_no_metaservice(system):
    rows = system.get(f"{HOME}/inquiry/listMethods").json()["service"]
    codes = [row["service_code"] for row in rows]
    expected = [services.code_of(c) for c in agency_contracts() if c.context == "inquiry"]
    assert sorted(codes) == sorted(expected)
    assert not set(codes) & services.RESERVED


def test_a_method_is_listed_as_the_examples_of_the_protocol_have_it(system):
    rows = system.get(f"{HOME}/inquiry/listMethods").json()["service"]
    (row,) = (row for row in rows if row["service_code"] == "ask.v1")
    assert row == {
        "member_class": "GOV",
        "member_code": "WATER",
        "object_type": "SERVICE",
        "service_code": "ask.v1",
        "service_type": "OPENAPI",
        "subsystem_code": "inquiry",
        "xroad_instance": "MIRAB",
        "endpoint_list": [{"method": "POST", "path": "/"}],
    }


def test_allowed_methods_are_those_of_the_client(system, court):
    may, may_not = (
        {
            row["service_code"]
            for row in system_of.get(f"{HOME}/inquiry/allowedMethods").json()["service"]
        }
        for system_of in (system, court)
    )
    assert "ask.v1" in may
    assert "ask.v1" not in may_not
    assert may_not  # what every agency may call


def test_another_member_offers_nothing_here(system):
    assert system.get("/r1/MIRAB/GOV/200/court/listMethods").json() == {"service": []}


def test_get_open_api_describes_one_service_without_saying_where_it_is(system):
    answer = system.get(f"{HOME}/inquiry/getOpenAPI?serviceCode=ask.v1")
    document = answer.json()
    OpenAPIV30SpecValidator(document).validate()
    assert document["servers"] == [{"url": "http://example.org/xroad"}]
    assert list(document["paths"]) == ["/"]


def test_what_is_described_in_no_open_api_says_so_in_x_roads_words(system):
    answer = system.get(f"{HOME}/inquiry/getOpenAPI?serviceCode=submit-batch.v1")
    assert answer.json()["message"] == "Invalid service type: REST"
    assert answer.fault == "server.serverproxy.internal_error"


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("", "server.serverproxy.invalid_request"),
        ("?serviceCode=", "server.serverproxy.invalid_request"),
        ("?serviceCode=nothing", "server.serverproxy.unknown_service"),
        ("?serviceCode=listMethods", "server.serverproxy.unknown_service"),
    ],
)
def test_get_open_api_of_nothing_is_an_error(system, query, fault):
    assert system.get(f"{HOME}/inquiry/getOpenAPI{query}").fault == fault


@pytest.mark.parametrize("name", sorted(services.RESERVED))
def test_a_metaservice_is_called_by_get_alone(system, name):
    assert system.send(f"{HOME}/inquiry/{name}").fault == "server.serverproxy.unknown_service"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?recordsFrom=1",
        "?recordsFrom=x&recordsTo=2",
        "?recordsFrom=2&recordsTo=1",
        "?recordsFrom=1&recordsTo=2&outputField=nothing",
        "?recordsFrom=1&recordsTo=9999999999999",
    ],
)
def test_a_question_for_records_that_cannot_be_read_is_an_error(system, query):
    answer = system.get(f"{HOME}/agencies/getSecurityServerOperationalData{query}")
    assert answer.fault == "server.serverproxy.invalid_request"


def test_a_metaservice_needs_its_client_too(system):
    answer = system.get(f"{HOME}/inquiry/listMethods", client=None)
    assert answer.fault == "server.clientproxy.invalid_client_identifier"


def test_names_of_x_road_are_no_services_of_ours():
    for name in ("listMethods", "LISTMETHODS", "getwsdl.v1"):
        with pytest.raises(ValueError, match=name):
            services.require_free([name])


def test_every_description_is_valid_open_api_3_0():
    for contract in services.services().values():
        OpenAPIV30SpecValidator(json.loads(description(contract))).validate()


def test_what_open_api_3_0_has_no_word_for_is_left_out():
    schema = {"type": ["integer", "string", "null"], "const": 1, "exclusiveMinimum": 0, "if": {}}
    assert as_3_0(schema) == {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "nullable": True,
        "enum": [1],
        "minimum": 0,
        "exclusiveMinimum": True,
    }


def test_list_clients_lists_members_and_subsystems_as_json(system):
    rows = system.get("/listClients", headers=[("Accept", "application/json")]).json()["member"]
    assert {
        "id": {
            "member_class": "GOV",
            "member_code": "100",
            "object_type": "SUBSYSTEM",
            "subsystem_code": "fuel",
            "xroad_instance": "MIRAB",
        },
        "name": "Fuel & energy",
        "subsystem_name": "fuel",
    } in rows
    assert not any(row["id"].get("subsystem_code") == "ended" for row in rows)
    own = {row["id"].get("subsystem_code") for row in rows if row["id"]["member_code"] == "WATER"}
    assert own == {None, *services.subsystems()}


def test_list_clients_is_xml_for_who_does_not_ask_for_json(system):
    answer = system.get("/listClients?xRoadInstance=MIRAB", client=None)
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    root = ET.fromstring(answer.body)
    x, ids = "{http://x-road.eu/xsd/xroad.xsd}", "{http://x-road.eu/xsd/identifiers}"
    assert root.tag == f"{x}clientList"
    first = root.find(f"{x}member/{x}id")
    assert first.get(f"{ids}objectType") == "MEMBER"
    assert [inner.tag for inner in first] == [
        f"{ids}{name}" for name in ("xRoadInstance", "memberClass", "memberCode")
    ]


def test_list_clients_of_another_instance_is_an_error(system):
    answer = system.get("/listClients?xRoadInstance=OTHER")
    assert answer.fault == "server.clientproxy.unknown_member"


# --- receipts ---


@pytest.mark.parametrize("query", ["", "?queryId=1", "?queryId=&memberClass=GOV&memberCode=100"])
def test_receipts_are_asked_for_by_id_and_client(system, query):
    assert system.get(f"/asic{query}").fault == "server.serverproxy.invalid_request"


@pytest.mark.parametrize(
    "query",
    [
        "memberClass=GOV&memberCode=200&subsystemCode=court",
        "memberClass=GOV&memberCode=100&xRoadInstance=OTHER",
    ],
)
def test_receipts_of_another_are_not_asked_for(system, query):
    answer = system.get(f"/asic?queryId=1&{query}")
    assert answer.fault == "server.clientproxy.ssl_authentication_failed"


# --- settings ---


@pytest.mark.parametrize(
    "settings",
    [
        {"XROAD_INSTANCE": "a/b"},
        {"XROAD_MEMBER": "GOV"},
        {"XROAD_SERVER": "é"},
        {"XROAD_MEMBER": "GOV/1/2"},
    ],
)
def test_a_name_of_ours_that_is_none_does_not_start(settings):
    with pytest.raises(MissingSettings):
        House.of(Settings(settings))
