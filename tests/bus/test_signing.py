"""RFC 9421 and RFC 9530: the published vector, an independent library, and every failed check."""

import base64
import datetime as dt
import hashlib
import time

import http_message_signatures as judge
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import SignatureError, Unauthenticated
from bus.signatures.digest import DigestCheck, check_digest, content_digest
from bus.signatures.keys import PublicKey, SigningKey
from bus.signatures.signature_base import signature_base, signature_params
from bus.signatures.signing import (
    HttpMessage,
    Signed,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)

NOW = 1_795_000_000
URL = "https://mirab.example/v1/inquiry/ask?x=1"
BODY = b'{"key_kind":"national_id","key":"9900000013","purpose":"fuel_quota"}'
AGENCY = SigningKey.new("fuel-co-2026")
MIRAB = SigningKey.new("mirab-2026")
KEYS = {key.keyid: key.public for key in (AGENCY, MIRAB)}

# RFC 9421, appendix B.1.4 (the key) and B.2.6 (the signature)
RFC_KEY = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
RFC_PUBLIC = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
RFC_SIGNATURE = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def signed(body=BODY, *, method="POST", url=URL, now=NOW, extra=(), key=AGENCY, **options):
    headers = {"Content-Type": "application/json", **dict(extra)}
    headers |= sign_request(key, method, url, headers, body, now=now, **options)
    return HttpMessage(lower(headers), method, url)


def answered(request, body=b'{"outcome":"FOUND"}', status=200, key=MIRAB):
    headers = {"content-type": "application/json", "content-digest": content_digest(body)}
    headers |= lower(sign_response(key, status, headers, request, now=NOW))
    return HttpMessage(headers, status=status, request=request)


def hand_signed(components, parameters, key=AGENCY, **headers):
    """A request signed over what the test says, be it wise or not."""
    fields = {
        "content-type": "application/json",
        "content-digest": content_digest(BODY),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    whole = f"({' '.join(components)}){parameters}"
    message = HttpMessage(fields, "POST", URL)
    values = {
        '"@method"': "POST",
        '"@target-uri"': URL,
        **{f'"{name}"': value for name, value in fields.items()},
    }
    base = "\n".join(
        [*(f"{c}: {values.get(c, '')}" for c in components), f'"@signature-params": {whole}']
    )
    fields["signature-input"] = f"s={whole}"
    fields["signature"] = f"s=:{base64.b64encode(key.sign(base.encode())).decode()}:"
    return message


COVERS = ('"@method"', '"@target-uri"', '"content-digest"', '"content-type"')
PARAMETERS = {
    "created": NOW,
    "expires": NOW + 60,
    "nonce": '"0123456789abcdef"',
    "keyid": '"fuel-co-2026"',
    "alg": '"ed25519"',
    "tag": '"mirab"',
}


def parameters(**changes):
    fields = {**PARAMETERS, **changes}
    return "".join(f";{name}={value}" for name, value in fields.items() if value is not None)


def code_of(message, *, now=NOW, keys=KEYS):
    with pytest.raises(SignatureError) as refused:
        verify_request(message, keys.get, now=now)
    assert isinstance(refused.value, Unauthenticated)
    assert refused.value.message.endswith((".", ":."))
    return refused.value.code


# the published vector


def test_the_vector_of_rfc_9421_for_ed25519_comes_out_byte_by_byte():
    message = HttpMessage(
        {
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "content-type": "application/json",
            "content-length": "18",
        },
        "POST",
        "https://example.com/foo?param=Value&Pet=dog",
    )
    covers = ["date", "@method", "@path", "@authority", "content-type", "content-length"]
    components = [(name, {}) for name in covers]
    params = signature_params(components, {"created": 1618884473, "keyid": "test-key-ed25519"})
    base = signature_base(message, components, params)
    key = SigningKey(load_der_private_key(base64.b64decode(RFC_KEY), None), "test-key-ed25519")
    assert key.public.base64() == RFC_PUBLIC
    assert base64.b64encode(key.sign(base)).decode() == RFC_SIGNATURE
    assert PublicKey.from_base64(RFC_PUBLIC).verify(base64.b64decode(RFC_SIGNATURE), base)


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("https://Example.COM:443/foo?a=b", ("https", "example.com", "/foo", "?a=b")),
        ("http://example.com:8001", ("http", "example.com:8001", "/", "?")),
        ("http://example.com?a?b", ("http", "example.com", "/", "?a?b")),
    ],
)
def test_parts_of_the_target_uri_are_derived_as_the_rfc_says(uri, parts):
    names = ("@scheme", "@authority", "@path", "@query")
    base = signature_base(HttpMessage({}, "GET", uri), [(name, {}) for name in names], "").decode()
    assert base.splitlines()[:4] == [f'"{n}": {v}' for n, v in zip(names, parts, strict=True)]


# the independent library as judge, both ways


class JudgesKeys(judge.HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id):
        return Ed25519PublicKey.from_public_bytes(KEYS[key_id].raw)

    def resolve_private_key(self, key_id):
        return {AGENCY.keyid: AGENCY, MIRAB.keyid: MIRAB}[key_id]._key


def judges_verifier():
    return judge.HTTPMessageVerifier(
        signature_algorithm=judge.algorithms.ED25519, key_resolver=JudgesKeys()
    )


def test_the_independent_library_accepts_our_requests():
    headers = {"Content-Type": "application/json", "Idempotency-Key": '"0123456789abcdef"'}
    headers |= sign_request(AGENCY, "POST", URL, headers, BODY)
    sent = requests.Request("POST", URL, headers=headers, data=BODY).prepare()
    results = judges_verifier().verify(sent, max_age=dt.timedelta(seconds=60), expect_tag="mirab")
    assert [result.parameters["keyid"] for result in results] == ["fuel-co-2026"]
    assert '"idempotency-key"' in results[0].covered_components


def test_we_accept_the_requests_of_the_independent_library():
    headers = {"Content-Type": "application/json"}
    sent = requests.Request("POST", URL, data=BODY, headers=headers).prepare()
    signer = judge.HTTPMessageSigner(
        signature_algorithm=judge.algorithms.ED25519, key_resolver=JudgesKeys()
    )
    now = dt.datetime.now(dt.UTC)
    signer.sign(
        sent,
        key_id="fuel-co-2026",
        created=now,
        expires=now + dt.timedelta(seconds=60),
        nonce="0123456789abcdef",
        label="theirs",
        tag="mirab",
        covered_component_ids=("@method", "@target-uri", "@authority", "content-type"),
        body=BODY,
    )
    check_digest(lower(sent.headers), BODY)
    reply = verify_request(HttpMessage(lower(sent.headers), "POST", sent.url), KEYS.get)
    assert (reply.keyid, reply.nonce, reply.label) == ("fuel-co-2026", "0123456789abcdef", "theirs")


def test_the_independent_library_accepts_our_answers_and_their_bond_to_the_request():
    headers = {"Content-Type": "application/json"}
    headers |= sign_request(AGENCY, "POST", URL, headers, BODY)
    sent = requests.Request("POST", URL, headers=headers, data=BODY).prepare()
    request = HttpMessage(lower(headers), "POST", URL)
    fields = {"content-type": "application/json", "content-digest": content_digest(b"{}")}
    fields |= sign_response(MIRAB, 200, fields, request)
    answer = requests.Response()
    answer.status_code, answer.request, answer.url = 200, sent, URL
    answer.headers.update(fields)
    results = judges_verifier().verify(answer, expect_tag="mirab-answer")
    assert '"signature";req' in results[0].covered_components


def test_we_accept_the_answers_of_the_independent_library():
    headers = {"Content-Type": "application/json"}
    headers |= sign_request(AGENCY, "POST", URL, headers, BODY)
    sent = requests.Request("POST", URL, headers=headers, data=BODY).prepare()
    answer = requests.Response()
    answer.status_code, answer.request, answer.url = 200, sent, URL
    answer.headers.update({"content-type": "application/json"})
    answer.headers["content-digest"] = content_digest(b"{}")
    signer = judge.HTTPMessageSigner(
        signature_algorithm=judge.algorithms.ED25519, key_resolver=JudgesKeys()
    )
    bond = ("@method", "@target-uri", "content-digest", "signature")
    signer.sign(
        answer,
        key_id="mirab-2026",
        created=dt.datetime.fromtimestamp(NOW, dt.UTC),
        label="theirs",
        tag="mirab-answer",
        use_existing_digest=True,
        covered_component_ids=(
            *("@status", "content-type", "content-digest"),
            *(f'"{name}";req' for name in bond),
        ),
    )
    request = HttpMessage(lower(headers), "POST", URL)
    message = HttpMessage(lower(answer.headers), status=200, request=request)
    assert verify_response(message, KEYS.get, b"{}") == Signed("mirab-2026", NOW)


# what holds


def test_a_signed_request_is_verified_and_tells_whose_it_is():
    reply = verify_request(signed(nonce="0123456789abcdef"), KEYS.get, now=NOW)
    assert (reply.keyid, reply.nonce, reply.created, reply.expires, reply.label) == (
        "fuel-co-2026",
        "0123456789abcdef",
        NOW,
        NOW + 120,
        "mirab",
    )


def test_a_hand_signed_request_with_more_than_needed_is_verified():
    assert (
        verify_request(
            hand_signed([*COVERS, '"x-case"'], parameters(alg=None), x_case="7"), KEYS.get, now=NOW
        ).label
        == "s"
    )


def test_a_signature_of_somebody_else_beside_ours_disturbs_nobody():
    message = signed()
    message.headers["signature-input"] += ', proxy=("@method");keyid="p";tag="edge"'
    message.headers["signature"] += ", proxy=:AAAA:"
    assert verify_request(message, KEYS.get, now=NOW).label == "mirab"


def test_two_requests_never_share_a_nonce():
    nonces = {verify_request(signed(), KEYS.get, now=NOW).nonce for _ in range(50)}
    assert len(nonces) == 50


# every failed check


@pytest.mark.parametrize("name", ["signature", "signature-input"])
def test_an_unsigned_request_is_refused(name):
    message = signed()
    del message.headers[name]
    assert code_of(message) == "signature.missing"


def test_a_signature_without_our_tag_is_no_signature_for_us():
    assert code_of(hand_signed(COVERS, parameters(tag='"other"'))) == "signature.missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signature-input", "mirab=("),
        ("signature-input", "é=()"),
        ("signature-input", "x" * 4097),
        ("signature-input", 'mirab=1;tag="mirab"'),
        ("signature-input", 'mirab=(a b);tag="mirab"'),
        ("signature-input", 'mirab=("@method");tag="mirab";created=@99999999999999999'),
        ("signature", "mirab=:***:"),
        ("signature", "mirab=999999999999999"),
        ("signature", "other=:AA==:"),
        ("signature", 'mirab="text"'),
        ("signature", "mirab=(:AA==:)"),
        ("signature", "mirab"),
        ("signature", "mirab=:AA==:, " + "a" * 5000),
    ],
)
def test_signature_headers_that_cannot_be_read_are_refused(name, value):
    message = signed()
    message.headers[name] = value
    assert code_of(message) == "signature.malformed"


@pytest.mark.parametrize(
    "changes",
    [
        {"created": None},
        {"created": "?1"},
        {"created": '"now"'},
        {"created": "1.5"},
        {"expires": None},
        {"keyid": None},
        {"keyid": "token"},
        {"keyid": "7"},
    ],
)
def test_parameters_of_another_type_are_refused(changes):
    assert code_of(hand_signed(COVERS, parameters(**changes))) == "signature.malformed"


@pytest.mark.parametrize("left_out", COVERS)
def test_each_required_component_must_be_covered(left_out):
    message = hand_signed([c for c in COVERS if c != left_out], parameters())
    assert code_of(message) == "signature.component_missing"


def test_an_idempotency_key_that_is_sent_must_be_covered():
    message = hand_signed(COVERS, parameters(), idempotency_key='"0123456789abcdef"')
    assert code_of(message) == "signature.component_missing"


def test_a_covered_header_must_be_there():
    assert (
        code_of(hand_signed([*COVERS, '"x-case"'], parameters())) == "signature.component_missing"
    )


@pytest.mark.parametrize(
    "component",
    ['"x-case";sf', '"x-case";bs', '"x-case";req', '"@method";req', '"@method"', '"x-case";req=?0'],
)
def test_a_component_covered_twice_or_in_a_way_we_do_not_know_is_refused(component):
    message = hand_signed([*COVERS, component], parameters(), x_case="7")
    assert code_of(message) == "signature.malformed"


def test_a_line_break_cannot_be_smuggled_into_the_signature_base():
    message = signed(extra={"Idempotency-Key": '"0123456789abcdef"'})
    message.headers["idempotency-key"] += '\n"x-case": 7'
    assert code_of(message) == "signature.malformed"


def test_an_unknown_key_is_refused():
    assert code_of(signed(), keys={}) == "signature.unknown_key"


@pytest.mark.parametrize("alg", ['"rsa-pss-sha512"', '"hmac-sha256"', '"none"', "?0"])
def test_another_algorithm_is_refused(alg):
    assert code_of(hand_signed(COVERS, parameters(alg=alg))) == "signature.algorithm"


def test_an_expired_signature_is_refused():
    verify_request(signed(life=60), KEYS.get, now=NOW + 60)
    assert code_of(signed(life=60), now=NOW + 61) == "signature.expired"


def test_a_signature_of_the_future_is_refused_beyond_a_minute_of_skew():
    verify_request(signed(), KEYS.get, now=NOW - 60)
    assert code_of(signed(), now=NOW - 61) == "signature.not_yet_valid"


@pytest.mark.parametrize("life", [301, 0, -1])
def test_a_signature_lives_one_to_three_hundred_seconds(life):
    verify_request(signed(life=300), KEYS.get, now=NOW)
    assert code_of(signed(life=life)) == "signature.too_long"


@pytest.mark.parametrize("nonce", [None, '"short"', '""', '"' + "n" * 129 + '"', "7"])
def test_a_request_without_a_usable_nonce_is_refused(nonce):
    assert code_of(hand_signed(COVERS, parameters(nonce=nonce))) == "signature.nonce_missing"


def test_two_signatures_with_our_tag_are_ambiguous():
    message = signed()
    message.headers["signature-input"] += ', b=("@method");tag="mirab"'
    assert code_of(message) == "signature.ambiguous"


@pytest.mark.parametrize("name", ["signature", "signature-input"])
def test_one_label_told_twice_is_ambiguous(name):
    message = signed()
    message.headers[name] += ", " + message.headers[name]
    assert code_of(message) == "signature.ambiguous"


def test_a_signature_by_another_key_does_not_fit():
    stranger = SigningKey.new("fuel-co-2026")
    assert code_of(signed(key=stranger)) == "signature.bad"


@pytest.mark.parametrize("value", ["mirab=:AA==:", "mirab=::", "mirab=:" + "A" * 2000 + ":"])
def test_a_signature_of_another_length_does_not_fit(value):
    message = signed()
    message.headers["signature"] = value
    assert code_of(message) == "signature.bad"


def cost_of(text):
    """The processor time of reading a header, without what else the machine did meanwhile."""
    message, costs = signed(), []
    message.headers["signature-input"] = text
    for _ in range(5):
        started = time.thread_time()
        assert code_of(message) in {"signature.malformed", "signature.ambiguous"}
        costs.append(time.thread_time() - started)
    return min(costs)


def test_reading_hostile_headers_takes_no_longer_than_reading_good_ones():
    for begin, part in (("", "("), ('"', "\\"), ("a=(", '"b" '), ("", "a;"), ("", ":")):
        short, long = (begin + part * (size // len(part)) for size in (512, 4096))
        # It grows as the header does, and not as its square.
        assert cost_of(long) < 32 * cost_of(short)


# the digest


def test_a_digest_is_compared_whole_or_as_it_streams():
    check_digest({"content-digest": content_digest(BODY)}, BODY)
    check = DigestCheck({"content-digest": content_digest(BODY)})
    for byte in BODY:
        check.update(bytes([byte]))
    assert len(check.finish()) == 64


def test_sha_512_is_accepted_too_and_both_must_fit():
    long = "sha-512=:" + base64.b64encode(hashlib.sha512(BODY).digest()).decode() + ":"
    check_digest({"content-digest": long}, BODY)
    check_digest({"content-digest": f"md5=:AAAA:, {long}, {content_digest(BODY)}"}, BODY)
    with pytest.raises(SignatureError) as refused:
        check_digest({"content-digest": f"{long}, {content_digest(b'other')}"}, BODY)
    assert refused.value.code == "digest.mismatch"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "digest.missing"),
        ("", "digest.missing"),
        ("md5=:AAAA:", "digest.unsupported"),
        ("sha-256=abc", "digest.malformed"),
        ("sha-256=:", "digest.malformed"),
        ("sha-256=999999999999999", "digest.malformed"),
        ("é", "digest.malformed"),
        ("sha-256=:AAAA:", "digest.mismatch"),
        ("x" * 5000, "digest.missing"),
    ],
)
def test_each_digest_that_does_not_hold_is_refused_by_its_code(header, code):
    with pytest.raises(SignatureError) as refused:
        check_digest({} if header is None else {"content-digest": header}, BODY)
    assert refused.value.code == code


# answers


def test_an_answer_is_verified_offline_with_its_request():
    reply = verify_response(answered(signed()), KEYS.get, b'{"outcome":"FOUND"}')
    assert reply == Signed("mirab-2026", NOW)


def test_an_answer_can_be_signed_to_any_request_even_one_with_empty_headers():
    request = HttpMessage({"signature": "", "content-digest": ""}, "POST", URL)
    assert verify_response(answered(request), KEYS.get, None).keyid == "mirab-2026"


def refusal_of_answer(message, body=b'{"outcome":"FOUND"}', keys=KEYS):
    with pytest.raises(SignatureError) as refused:
        verify_response(message, keys.get, body)
    return refused.value.code


def test_an_altered_answer_is_noticed():
    assert refusal_of_answer(answered(signed()), b'{"outcome":"NOT_FOUND"}') == "digest.mismatch"
    forged = answered(signed())
    forged.headers["content-digest"] = content_digest(b"{}")
    assert refusal_of_answer(forged, b"{}") == "signature.bad"


def test_an_answer_with_another_status_or_of_another_request_is_noticed():
    message, request = answered(signed()), signed()
    assert refusal_of_answer(HttpMessage(message.headers, status=404, request=message.request)) == (
        "signature.bad"
    )
    assert refusal_of_answer(HttpMessage(message.headers, status=200, request=request)) == (
        "signature.bad"
    )
    assert refusal_of_answer(HttpMessage(message.headers, status=200)) == "signature.malformed"


def test_an_answer_whose_request_lost_its_signature_is_noticed():
    message = answered(signed())
    del message.request.headers["signature"]
    assert refusal_of_answer(message) == "signature.component_missing"


def test_a_requests_signature_is_no_answers_signature():
    request = signed()
    assert refusal_of_answer(HttpMessage(request.headers, status=200, request=request)) == (
        "signature.missing"
    )


def test_an_answer_by_an_unknown_key_is_refused():
    assert refusal_of_answer(answered(signed()), keys={}) == "signature.unknown_key"


def test_an_answer_that_covers_too_little_is_refused():
    unsigned = HttpMessage({}, "POST", URL)
    message = answered(unsigned)
    assert refusal_of_answer(HttpMessage(message.headers, status=200, request=signed())) == (
        "signature.component_missing"
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("signature", None, "signature.missing"),
        ("signature-input", None, "signature.missing"),
        ("signature-input", "mirab=(", "signature.malformed"),
        ("content-type", None, "signature.component_missing"),
        ("content-digest", None, "signature.component_missing"),
    ],
)
def test_an_answer_whose_headers_are_gone_or_unreadable_is_refused(name, value, code):
    message = answered(signed())
    headers = {**message.headers, name: value}
    reply = {key: text for key, text in headers.items() if text is not None}
    assert refusal_of_answer(HttpMessage(reply, status=200, request=message.request)) == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('alg="ed25519"', 'alg="hmac-sha256"', "signature.algorithm"),
        (f"created={NOW}", 'created="now"', "signature.malformed"),
        ('keyid="mirab-2026"', "keyid=7", "signature.malformed"),
        (' "@target-uri";req', "", "signature.component_missing"),
        (' "signature";req', "", "signature.component_missing"),
    ],
)
def test_an_answer_with_other_parameters_is_refused_by_the_check_that_failed(old, new, code):
    message = answered(signed())
    reply = message.headers["signature-input"]
    assert old in reply
    message.headers["signature-input"] = reply.replace(old, new)
    assert refusal_of_answer(message) == code


# any change of any covered byte

PLACES = {
    "method": lambda m, f: HttpMessage(m.headers, f(m.method), m.target_uri),
    "target": lambda m, f: HttpMessage(m.headers, m.method, f(m.target_uri)),
    **{
        name: lambda m, f, name=name: HttpMessage(
            {**m.headers, name: f(m.headers[name])}, m.method, m.target_uri
        )
        for name in (
            "content-type",
            "content-digest",
            "idempotency-key",
            "signature-input",
            "signature",
        )
    },
}


@settings(max_examples=400, deadline=None)
@given(place=st.sampled_from(sorted(PLACES)), at=st.integers(0, 10_000), by=st.integers(1, 93))
def test_any_change_of_any_covered_byte_is_refused(place, at, by):
    message = signed(extra={"Idempotency-Key": '"0123456789abcdef"'})

    def change(text):
        i = at % len(text)
        other = chr(33 + (ord(text[i]) - 33 + by) % 94) if text[i] > " " else "x"
        return text[:i] + other + text[i + 1 :]

    changed = PLACES[place](message, change)
    if place == "signature" and same_bytes(
        changed.headers["signature"], message.headers["signature"]
    ):
        return  # the unused bits of base64's last digit: the signature's bytes are the same
    with pytest.raises(SignatureError):
        verify_request(changed, KEYS.get, now=NOW)


def same_bytes(item, other):
    try:
        return base64.b64decode(item[7:-1] + "==") == base64.b64decode(other[7:-1] + "==") and (
            item[:7] == other[:7] and item[-1] == other[-1]
        )
    except ValueError:
        return False


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(BODY) - 1), by=st.integers(1, 255))
def test_any_change_of_any_byte_of_the_body_is_refused(at, by):
    body = BODY[:at] + bytes([(BODY[at] + by) % 256]) + BODY[at + 1 :]
    with pytest.raises(SignatureError):
        check_digest(signed().headers, body)


ANSWER_HEADERS = ("content-type", "content-digest", "signature-input", "signature")
QUESTION_PARTS = ("content-digest", "signature", "method", "target")


def altered(text, at, by):
    i = at % len(text)
    return text[:i] + chr(33 + (ord(text[i]) - 33 + by) % 94) + text[i + 1 :]


def altered_question(request, part, change):
    if part in {"method", "target"}:
        return PLACES[part](request, change)
    headers = {**request.headers, part: change(request.headers[part])}
    return HttpMessage(headers, request.method, request.target_uri)


@settings(max_examples=400, deadline=None)
@given(
    place=st.sampled_from(
        [*(("answer", name) for name in ANSWER_HEADERS), *(("req", n) for n in QUESTION_PARTS)]
    ),
    at=st.integers(0, 10_000),
    by=st.integers(1, 93),
)
def test_any_change_of_an_answer_or_of_its_question_is_refused(place, at, by):
    message = answered(signed())
    headers, question = dict(message.headers), message.request
    side, name = place
    if side == "answer":
        headers[name] = altered(headers[name], at, by)
    else:
        question = altered_question(question, name, lambda text: altered(text, at, by))
    if place == ("answer", "signature") and same_bytes(
        headers["signature"], message.headers["signature"]
    ):
        return  # the unused bits of base64's last digit, as above
    with pytest.raises(SignatureError):
        verify_response(HttpMessage(headers, status=200, request=question), KEYS.get, None)


@given(status=st.integers(100, 999).filter(lambda status: status != 200))
def test_any_other_status_of_an_answer_is_refused(status):
    message = answered(signed())
    changed = HttpMessage(message.headers, status=status, request=message.request)
    assert refusal_of_answer(changed) == "signature.bad"


@given(body=st.binary(max_size=200).filter(lambda body: body != b'{"outcome":"FOUND"}'))
def test_any_other_body_of_an_answer_is_refused(body):
    assert refusal_of_answer(answered(signed()), body) == "digest.mismatch"


@settings(max_examples=300, deadline=None)
@given(signature_input=st.text(max_size=200), signature=st.text(max_size=200))
def test_no_header_makes_the_reader_fail_in_another_way(signature_input, signature):
    with pytest.raises(SignatureError):
        verify_request(
            HttpMessage({"signature-input": signature_input, "signature": signature}, "POST", URL),
            KEYS.get,
            now=NOW,
        )


# keys


def test_a_public_key_comes_back_from_each_of_its_forms():
    raw = AGENCY.public.raw
    assert PublicKey.from_base64(AGENCY.public.base64()).raw == raw
    assert PublicKey.from_jwk(AGENCY.public.jwk("id")).raw == raw


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "A" * 44])
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(ValueError):
        PublicKey.from_base64(text)


def test_a_jwk_of_another_curve_is_refused():
    with pytest.raises(ValueError):
        PublicKey.from_jwk({"kty": "EC", "crv": "P-256", "x": AGENCY.public.base64()})
