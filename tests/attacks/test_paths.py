"""No other spelling of an address or of an id reaches what the right one would (cases 18 to 30)."""

import json
import socket
from urllib.parse import urlsplit

import pytest
import requests

from bus.signatures.signing import sign_request
from tests.attacks.conftest import ASK, QUESTION, grant, refused


@pytest.fixture(scope="module")
def member(house):
    return house.member(grant(), grant(contract="notify.*"))


def raw(member, target, data=QUESTION, method="POST"):
    """Status, code and body of a signed request whose target goes out byte by byte as it is."""
    url, body = member.house.url, json.dumps(data).encode()
    shown = target if isinstance(target, str) else target.decode("latin-1")
    fields = {"Content-Type": "application/json", "Host": urlsplit(url).netloc}
    fields |= sign_request(member.key, method, url + shown, fields, body)
    fields |= {"Content-Length": str(len(body)), "Connection": "close"}
    head = f"{method} {shown} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
    host, port = urlsplit(url).hostname, urlsplit(url).port
    with socket.create_connection((host, port), timeout=30) as line:
        line.sendall(head.encode("latin-1") + b"\r\n" + body)
        answer = b""
        while part := line.recv(65536):
            answer += part
    top, _, content = answer.partition(b"\r\n\r\n")
    fields = json.loads(content) if content.startswith(b"{") else {}
    return int(top.split()[1]), fields.get("code"), content


def assert_reaches_nothing(member, *targets):
    before = len(member.rows())
    for target in targets:
        status, code, content = raw(member, target)
        assert status in (400, 404), (target, status, content[:200])
        assert code in ("http.not_found", "contract.unknown", "http.malformed", None), target
        assert b"Traceback" not in content
    assert len(member.rows()) == before


def test_the_right_address_reaches_the_service(member):
    before = len(member.rows())
    assert raw(member, ASK)[0] == 200
    assert len(member.rows()) == before + 1


def test_case_18_dots_and_encoded_dots_climb_nowhere(member):
    assert_reaches_nothing(
        member,
        "/v1/inquiry/../inquiry/ask",
        "/v1/inquiry/%2e%2e/ask",
        "/v1/inquiry/x/%2e%2e/ask",
        "/v1/%2e/inquiry/ask",
        "/static/%2e%2e/v1/inquiry/ask",
        "/static/..%2f..%2fpyproject.toml",
        "/schemas/%2e%2e/openapi.json",
    )


def test_case_19_what_is_encoded_twice_is_not_decoded_twice(member):
    assert_reaches_nothing(
        member, "/v1/inquiry/%2561sk", "/v1%252finquiry/ask", "/v1/inquiry/%252e%252e/ask"
    )


def test_case_20_an_encoded_slash_is_no_slash(member):
    assert_reaches_nothing(
        member, "/v1/inquiry%2fask", "/v1%2Finquiry/ask", "/v1/inquiry%5cask", "/v1\\inquiry\\ask"
    )


def test_case_21_overlong_utf_8_is_no_letter_of_the_address(member):
    assert_reaches_nothing(
        member,
        "/v1/inquiry/%c1%a1sk",
        "/v1/inquiry%c0%afask",
        "/v1/inquiry/%e0%81%a1sk",
        b"/v1/inquiry/\xc1\xa1sk",
    )


def test_case_22_twins_of_letters_are_other_letters(member):
    # Cyrillic a, fullwidth a, a with a combining mark, and the letters of a long s and a Kelvin.
    assert_reaches_nothing(
        member,
        "/v1/inquiry/%d0%b0sk",
        "/v1/inquiry/%ef%bd%81sk",
        "/v1/inquiry/a%cc%81sk",
        "/v1/inquiry/a%c5%bfk",
        "/v1/inquiry/as%e2%84%aa",
        "/v%d9%a1/inquiry/ask",
    )


def test_case_23_a_trailing_dot_or_space_in_the_path_reaches_nothing(member):
    assert_reaches_nothing(
        member,
        "/v1/inquiry/ask.",
        "/v1/inquiry/ask%20",
        "/v1/inquiry/%20ask",
        "/v1/inquiry/ask%09",
        "/v1/inquiry/ask/",
        "/v1/inquiry/ask.json",
        "/v1/inquiry./ask",
    )


def test_case_24_case_twins_reach_nothing(member):
    assert_reaches_nothing(
        member, "/v01/inquiry/ask", "/v1/inquiry/ASK", "/V1/inquiry/ask", "/v1/Inquiry/ask"
    )


def test_case_25_semicolons_are_part_of_the_name(member):
    assert_reaches_nothing(
        member,
        "/v1/inquiry/ask;v=2",
        "/v1;x/inquiry/ask",
        "/v1/inquiry;/ask",
        "/v1/inquiry/ask%3bx",
    )


def test_case_26_a_parameter_that_stands_twice_is_refused_and_changes_no_json(member):
    twice = "?purpose=fuel_quota&purpose=court_case"
    answer = member.send(
        b'{"key_kind":"national_id","key":"9900000013"}\n',
        path="/v1/inquiry/submit_batch" + twice,
        headers={"Content-Type": "application/jsonl"},
    )
    refused(answer, "query.repeated")
    status, _, content = raw(member, ASK + twice)
    assert (status, json.loads(content)["purpose"]) == (200, "fuel_quota")


def test_case_27_empty_segments_are_not_skipped(member):
    assert_reaches_nothing(
        member, "//v1/inquiry/ask", "/v1//inquiry/ask", "/v1/inquiry//ask", "/v1/inquiry/ask//"
    )


@pytest.mark.parametrize(
    "key",
    [
        "\N{FULLWIDTH DIGIT NINE}" * 2 + "00000013",
        "\N{DEVANAGARI DIGIT NINE}" * 2 + "00000013",
        "\N{MATHEMATICAL BOLD DIGIT NINE}900000013",
        "9900000013\u200f",
        "99\u00ad00000013",
    ],
)
def test_case_28_other_digits_in_a_citizens_id_are_the_same_person_or_refused(member, key):
    answer = member.send({**QUESTION, "key": key})
    body = answer.json()
    if answer.status_code == 200:
        assert body["searched"]["key"] == "9900000013"
    else:
        assert answer.status_code == 422
        assert [error["field"] for error in body["errors"]] == ["key"]


def test_case_28_digits_of_persian_and_arabic_are_one_person_in_the_log(member):
    for digits in ("۹۹۰۰۰۰۰۰۱۳", "٩٩٠٠٠٠٠٠١٣", "9900000013"):
        assert member.send({**QUESTION, "key": digits}).status_code == 200
    assert len(set(member.rows("key_hash")[-3:])) == 1


def test_case_29_glob_characters_are_no_pattern_when_they_are_asked_for(member):
    assert_reaches_nothing(
        member,
        "/v1/inquiry/*",
        "/v1/*/ask",
        "/v1/inquiry/as?",
        "/v1/inquiry/[a-z]sk",
        "/v1/inquiry/a%2ak",
    )
    token = member.send({"tracking_code": "Q-*"}, path="/v1/inquiry/get")
    refused(token, "answer.not_found")


def test_case_29_a_pattern_in_a_scope_is_no_scope(member):
    from tests.gateway.agency.oauth_hands import Client

    client = Client(member.house.url, member.code, key=member.key._key, keyid=member.key.keyid)
    for scope in ("inquiry.*", "*", "inquiry.as?.v1"):
        answer = client.send_for_token(scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_case_30_nul_reaches_nothing_in_a_path_and_is_refused_in_a_field(member):
    assert_reaches_nothing(
        member, "/v1/inquiry/ask%00", "/v1/inquiry/%00ask", b"/v1/inquiry/ask\x00"
    )
    for data in ({**QUESTION, "key": "9900000013\0"}, {**QUESTION, "case_number": "a\0b"}):
        answer = member.send(data)
        assert answer.status_code == 422, answer.text
    answer = member.send({"tracking_code": "Q-\0"}, path="/v1/inquiry/get")
    assert answer.status_code in (404, 422)


def test_api5_another_method_and_a_header_that_names_one_do_not_change_what_is_done(member):
    before = len(member.rows())
    for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        assert raw(member, ASK, method=method)[0] in (405, 501), method
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        response = requests.get(member.house.url + ASK, headers={name: "POST"}, timeout=20)
        assert response.status_code == 405
    assert len(member.rows()) == before


@pytest.mark.parametrize(
    "contract", ["load_registry", "load_status", "ask_own", "read_own", "answer_batch_part"]
)
def test_api5_what_is_for_ops_and_for_citizens_is_no_contract_of_agencies(member, contract):
    answer = member.send({}, path=f"/v1/inquiry/{contract}")
    assert (answer.status_code, answer.json()["code"]) == (404, "contract.unknown")
