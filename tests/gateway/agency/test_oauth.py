"""Coming in with a token: each attack of tokens, identity and replay is a test named after it."""

import base64
import hashlib
import json
import shutil
import time
from types import SimpleNamespace

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus.signatures.keys import PublicKey, SigningKey
from bus.signatures.signing import HttpMessage, sign_request, verify_response
from gateway.agency.proofs.dpop import digest
from gateway.agency.proofs.jose import public_key
from tests.gateway.agency import xroad_hands
from tests.gateway.agency.oauth_hands import (
    ASK,
    GOOD,
    Client,
    b64,
    content_digest,
    demo_key,
    jwk,
    jwt,
)
from tests.gateway.conftest import begin, environ_of
from tests.processes import ROOT, Starter
from tests.stores import execute
from tests.waiting import next_second, wait_for

ES, PS, NEW = (
    ec.generate_private_key(ec.SECP256R1()),
    rsa.generate_private_key(65537, 2048),
    Ed25519PrivateKey.generate(),
)
STRANGER, BEFORE = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def certificate(name):
    """The header by which the edge passes a certificate on, and its SHA-256 in hex with colons."""
    header, fingerprint = xroad_hands.certificate(name)
    return {"X-Client-Cert": header}, bytes.fromhex(fingerprint).hex(":")


CERT, PRINT = certificate("temp-co")
OTHER_CERT, OTHER_PRINT = certificate("temp-co")


def toml(key):
    return "{ " + ", ".join(f'{name} = "{value}"' for name, value in jwk(key).items()) + " }"


def register(folder, *, code="temp-co", without=()):
    """An agency with a key of each kind and two certificates."""
    keys = {f"{code}-es": ES, f"{code}-ps": PS, f"{code}-ed": NEW}
    reply = [f'code = "{code}"\nname = "Temp"\n[limits]\nrequests = 100000\nseconds = 60']
    for name, key in keys.items():
        if name not in without:
            reply.append(f'[[keys]]\nid = "{name}"\njwk = {toml(key)}\nuntil = 2030-12-31')
    for name, sha256 in ((f"{code}-cert", PRINT), (f"{code}-cert-2", OTHER_PRINT)):
        if name not in without:
            reply.append(
                f'[[certificates]]\nid = "{name}"\nsha256 = "{sha256}"\nuntil = 2030-12-31'
            )
    reply.append(
        '[[grants]]\ncontract = "inquiry.*"\npurposes = ["fuel_quota"]\nuntil = 2030-12-31'
    )
    (folder / f"{code}.toml").write_text("\n".join(reply))


def run(starter, folder, face, **environ):
    """A face with a book of replays, certificates from this machine, and a key before its own."""
    folder.mkdir(exist_ok=True)
    for name in ("agencies", "replays"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copytree(ROOT / "deploy/agencies", folder / "agencies", dirs_exist_ok=True)
    register(folder / "agencies")
    keys = {"keys": [{**jwk(BEFORE), "kid": "mirab-before"}]}
    url = begin(
        starter,
        "agency",
        **environ_of(face.inquiry),
        **{
            "AGENCIES_DIR": str(folder / "agencies"),
            "REPLAY_DIR": str(folder / "replays"),
            "CLIENT_CERT_HEADER": "X-Client-Cert",
            "SIGNING_KEYS_BEFORE": json.dumps(keys),
            "SIGNING_KEY_ID": "mirab-now",
            **environ,
        },
    )
    pem = (face.inquiry["SIGNING_KEY_FILE"],)
    with open(pem[0], "rb") as reply:
        key = serialization.load_pem_private_key(reply.read(), None)
    return SimpleNamespace(
        url=url, folder=folder / "agencies", key=key, db=face.inquiry["DB_URL"], starter=starter
    )


@pytest.fixture(scope="module")
def face(shared_face, tmp_path_factory):
    folder = tmp_path_factory.mktemp("oauth")
    starter = Starter(folder)
    result = run(starter, folder / "one", shared_face)
    next_second()  # what is of the second in which the book began may be from before it
    yield result
    starter.end()


@pytest.fixture
def client(face):
    return Client(face.url)


@pytest.fixture
def temp(face):
    return Client(face.url, "temp-co", NEW, "temp-co-ed")


def refused(answer, status, code):
    reply = answer.json()
    assert (answer.status_code, reply["code"]) == (status, code), answer.text
    return reply


def forged(face, key=None, header=(), **claims):
    """A token as the face makes them, but for what is changed."""
    now = int(time.time())
    reply = {
        "iss": face.url,
        "aud": face.url,
        "sub": "fuel-co",
        "client_id": "fuel-co",
        "client_key": "fuel-co-demo",
        "iat": now,
        "exp": now + 60,
        "jti": "0123456789",
        "scope": "inquiry.ask.v1",
        "purpose": "fuel_quota",
        **claims,
    }
    head = {"typ": "at+jwt", "alg": "EdDSA", "kid": "mirab-now", **dict(header)}
    return jwt(head, reply, key or face.key)


def bound(client):
    """The claim cnf for the client's key (RFC 7638)."""
    reply = jwk(client.bound)
    text = json.dumps(dict(sorted(reply.items())), separators=(",", ":"))
    return {"jkt": b64(hashlib.sha256(text.encode()).digest())}


# The right way.


def test_a_token_opens_what_a_signature_opens_and_the_answer_is_signed(face, client):
    answer = client.ask(client.token())
    assert answer.status_code == 200
    assert answer.json()["agency"] == "fuel-co"
    jwks = requests.get(f"{face.url}/.well-known/jwks.json", timeout=20).json()["keys"]
    keys = {reply["kid"]: PublicKey.from_jwk(reply) for reply in jwks}
    data = {n.lower(): v for n, v in answer.request.headers.items()}
    reply = {n.lower(): v for n, v in answer.headers.items()}
    request = HttpMessage(data, "POST", face.url + ASK)
    message = HttpMessage(reply, status=200, request=request)
    assert verify_response(message, keys.get, answer.content).keyid == "mirab-now"


def test_a_token_says_what_it_is_for(client):
    answer = client.send_for_token(scope="inquiry.ask.v1 inquiry.get.v1")
    reply = answer.json()
    assert (reply["token_type"], reply["expires_in"]) == ("DPoP", 300)
    assert reply["scope"] == "inquiry.ask.v1 inquiry.get.v1"
    assert answer.headers["cache-control"] == "no-store"
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=="))
        for part in reply["access_token"].split(".")[:2]
    )
    assert header["typ"] == "at+jwt"
    assert (claims["iss"], claims["aud"]) == (client.url, client.url)
    assert (claims["client_id"], claims["purpose"]) == ("fuel-co", "fuel_quota")
    assert claims["cnf"] == bound(client)
    assert 300 <= claims["exp"] - claims["iat"] <= 600


@pytest.mark.parametrize(
    ("key", "keyid", "alg"),
    [(ES, "es", "ES256"), (PS, "ps", "PS256"), (NEW, "ed", "EdDSA"), (NEW, "ed", "Ed25519")],
)
def test_a_client_proves_itself_by_each_kind_of_key_that_is_registered(face, key, keyid, alg):
    client = Client(face.url, "temp-co", key, f"temp-co-{keyid}", alg)
    assert client.ask(client.token()).status_code == 200


def test_a_proof_may_be_by_ed25519_too_and_the_aud_may_be_the_endpoint(client):
    client.bound = Ed25519PrivateKey.generate()
    assertion = client.assertion(aud=[f"{client.url}/oauth/token"])
    assert client.ask(client.token(assertion=assertion)).status_code == 200


def test_a_token_of_a_certificate_is_taken_with_that_certificate(face, temp):
    form = {"client_assertion": None, "client_assertion_type": None, "client_id": "temp-co"}
    answer = temp.send_for_token(proof="", headers=CERT, **form)
    assert answer.json()["token_type"] == "Bearer"
    token = answer.json()["access_token"]
    assert temp.ask(token, scheme="Bearer", proof="", headers=CERT).status_code == 200


def test_key_rotation_a_token_of_the_key_before_holds_until_its_end(face, client):
    token = forged(face, BEFORE, {"kid": "mirab-before"}, cnf=bound(client))
    assert client.ask(token).status_code == 200
    jwks = requests.get(f"{face.url}/.well-known/jwks.json", timeout=20).json()["keys"]
    assert [reply["kid"] for reply in jwks] == ["mirab-now", "mirab-before"]


def test_the_same_idempotency_key_with_two_tokens_gets_the_first_answer(client):
    headers = {"Idempotency-Key": '"one-question-two-tokens"'}
    answers = [client.ask(client.token(), headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content


def test_a_file_goes_up_with_a_token_like_any_other(client):
    body = b'{"key_kind":"national_id","key":"9900000013"}\n'
    token, path = client.token(), "/v1/inquiry/submit_batch"
    answer = requests.post(
        f"{client.url}{path}?purpose=fuel_quota",
        data=body,
        headers={
            "Authorization": f"DPoP {token}",
            "DPoP": client.proof(path, token=token),
            "Content-Type": "application/jsonl",
            "Content-Digest": content_digest(body),
        },
        timeout=20,
    )
    assert answer.status_code == 202


def test_a_certificate_is_a_way_in_that_the_metadata_tells(face):
    server, resource = (
        requests.get(f"{face.url}/.well-known/oauth-{name}", timeout=20).json()
        for name in ("authorization-server", "protected-resource")
    )
    ways = server["token_endpoint_auth_methods_supported"]
    assert ways == ["private_key_jwt", "self_signed_tls_client_auth"]
    assert server["tls_client_certificate_bound_access_tokens"] is True
    assert resource["dpop_bound_access_tokens_required"] is False


def test_the_worked_examples_of_rfc_9449_come_out_as_printed_there():
    key, algorithms = public_key(
        {
            "kty": "EC",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "crv": "P-256",
        }
    )
    assert key.thumbprint() == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"  # section 6.1
    assert algorithms == ("ES256",)
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert digest(token) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"  # section 7.1


# API2 and 42-49: the client's assertion.

PUBLIC = demo_key().public_key()
AS_TEXT = PUBLIC.public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
NOW = int(time.time())
ASSERTIONS = {
    "alg none": ({"header": {"alg": "none"}}, "assertion.malformed"),
    "HS256 with the public key": (
        {"header": {"alg": "HS256"}, "key": PUBLIC.public_bytes_raw()},
        "assertion.malformed",
    ),
    "HS256 with the public key as PEM": (
        {"header": {"alg": "HS256"}, "key": AS_TEXT},
        "assertion.malformed",
    ),
    "RS256 of another agency": (
        {"header": {"alg": "RS256", "kid": "temp-co-ps"}, "key": PS},
        "client.unproven",
    ),
    "RS256 where the register does not allow it": (
        {
            "header": {"alg": "RS256", "kid": "temp-co-ps"},
            "key": PS,
            "iss": "temp-co",
            "sub": "temp-co",
        },
        "assertion.algorithm",
    ),
    "RS256 that is PS256": (
        {
            "header": {"alg": "RS256", "kid": "temp-co-es"},
            "key": PS,
            "iss": "temp-co",
            "sub": "temp-co",
        },
        "client.unproven",
    ),
    "ES256 told of an Ed25519 key": ({"header": {"alg": "ES256"}}, "client.unproven"),
    "PS256 told of a key for ES256": (
        {
            "header": {"alg": "PS256", "kid": "temp-co-es"},
            "key": PS,
            "iss": "temp-co",
            "sub": "temp-co",
        },
        "client.unproven",
    ),
    "jwk injection": ({"header": {"jwk": jwk(STRANGER)}, "key": STRANGER}, "client.unproven"),
    "jku injection": (
        {"header": {"jku": "http://127.0.0.1:1/keys"}, "key": STRANGER},
        "client.unproven",
    ),
    "x5u injection": (
        {"header": {"x5u": "http://127.0.0.1:1/keys"}, "key": STRANGER},
        "client.unproven",
    ),
    "kid traversal": (
        {"header": {"kid": "../../deploy/local/demo_keys/fuel-co.pem"}},
        "client.unproven",
    ),
    "kid SQL": ({"header": {"kid": "x' union select 'key' --"}}, "client.unproven"),
    "no kid": ({"header": {"kid": None}}, "client.unproven"),
    "kid that is no text": ({"header": {"kid": ["fuel-co-demo"]}}, "client.unproven"),
    "crit": ({"header": {"crit": ["exp"]}}, "assertion.malformed"),
    "b64 false": ({"header": {"b64": False, "crit": ["b64"]}}, "assertion.malformed"),
    "wrong key": ({"key": STRANGER}, "client.unproven"),
    "assertion for other client": ({"iss": "power-co", "sub": "power-co"}, "client.unproven"),
    "sub of another": ({"sub": "power-co"}, "client.unproven"),
    "key confusion between agencies": (
        {"header": {"kid": "power-co-demo"}, "key": demo_key("power-co")},
        "client.unproven",
    ),
    "wrong aud": ({"aud": "https://elsewhere.example"}, "assertion.audience"),
    "aud of two": ({"aud": [0, "https://elsewhere.example"]}, "assertion.audience"),
    "no aud": ({"aud": None}, "assertion.audience"),
    "expired": ({"iat": NOW - 300, "exp": NOW - 100}, "assertion.expired"),
    "exp a day later": ({"exp": NOW + 86400}, "assertion.time"),
    "iat future": ({"iat": NOW + 3600, "exp": NOW + 3660}, "assertion.time"),
    "nbf future": ({"nbf": NOW + 3600}, "assertion.time"),
    "no exp": ({"exp": None}, "assertion.malformed"),
    "no iat": ({"iat": None}, "assertion.malformed"),
    "exp that is true": ({"exp": True}, "assertion.malformed"),
    "no jti": ({"jti": None}, "assertion.malformed"),
    "a short jti": ({"jti": "1"}, "assertion.malformed"),
}


@pytest.mark.parametrize(("changes", "code"), ASSERTIONS.values(), ids=ASSERTIONS)
def test_api2_an_assertion_with(client, changes, code):
    # 400, not 401: who tried no header Authorization is owed no challenge (RFC 6749, 5.2), and
    # clients that meet one read no further.
    reply = refused(client.send_for_token(assertion=client.assertion(**changes)), 400, code)
    assert reply["error"] == "invalid_client"
    assert reply["error_uri"] == f"{client.url}/problems/{code}"


def test_api2_brute_force_of_client_ids_learns_nothing(client):
    tries = (
        client.assertion(key=STRANGER),
        client.assertion(key=STRANGER, iss="nobody", sub="nobody", header={"kid": "nobody-1"}),
        client.assertion(key=STRANGER, header={"kid": "power-co-demo"}),
    )
    reply = [refused(client.send_for_token(assertion=a), 400, "client.unproven") for a in tries]
    for answer in reply:
        del answer["trace_id"]
    assert reply[0] == reply[1] == reply[2]


def test_api2_replayed_jti_of_an_assertion(client):
    assertion = client.assertion()
    client.token(assertion=assertion)
    reply = refused(client.send_for_token(assertion=assertion), 400, "assertion.replayed")
    assert reply["error"] == "invalid_client"


def test_d6_an_assertion_of_an_hour_as_common_libraries_make_it_is_taken_once(client):
    now = int(time.time())
    assertion = client.assertion(aud=f"{client.url}/oauth/token", iat=now, exp=now + 3600)
    client.token(assertion=assertion)
    refused(client.send_for_token(assertion=assertion), 400, "assertion.replayed")
    longer = client.assertion(iat=now, exp=now + 3601)
    refused(client.send_for_token(assertion=longer), 400, "assertion.time")


def test_an_assertion_that_failed_for_want_of_a_nonce_may_come_again(client):
    assertion, proof = client.assertion(), client.proof("/oauth/token", nonce=None)
    reply = refused(client.send_for_token(assertion=assertion, proof=proof), 400, "dpop.nonce")
    assert reply["error"] == "use_dpop_nonce"
    client.token(assertion=assertion)


REQUESTS = {
    "no grant type": ({"grant_type": None}, "oauth.grant_type", "unsupported_grant_type"),
    "password": ({"grant_type": "password"}, "oauth.grant_type", "unsupported_grant_type"),
    "another kind of assertion": (
        {"client_assertion_type": "saml"},
        "oauth.request",
        "invalid_request",
    ),
    "a contract that is not granted": (
        {"scope": "ticketing.open.v1"},
        "oauth.scope",
        "invalid_scope",
    ),
    "an empty scope": ({"scope": " "}, "oauth.scope", "invalid_scope"),
    "a purpose that is not granted": (
        {"purpose": "court_case"},
        "oauth.scope",
        "invalid_scope",
    ),
    "a purpose whose grant has ended": (
        {"purpose": "agriculture_aid"},
        "oauth.scope",
        "invalid_scope",
    ),
    "a parameter that stands twice": (
        {"scope": ["inquiry.ask.v1", "inquiry.get.v1"]},
        "oauth.request",
        "invalid_request",
    ),
}


@pytest.mark.parametrize(("form", "code", "error"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_for_a_token_is_refused_with(client, form, code, error):
    answer = client.send_for_token(**form)
    reply = refused(answer, 400, code)
    assert reply["error"] == error
    assert answer.headers["content-type"] == "application/json"
    assert set(reply["error_description"]) & set('"\\') == set()


def test_a_body_that_is_no_form_is_refused(client):
    url = f"{client.url}/oauth/token"
    assert requests.post(url, json={}, timeout=20).json()["code"] == "http.media_type"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff=1", b"a", b"a=%ff", b"&".join(b"a%d=1" % n for n in range(40))):
        answer = requests.post(url, data=body, headers=form, timeout=20)
        assert refused(answer, 400, "oauth.request")["error"] == "invalid_request"


# 50-52 and 58: proofs.

OTHER = ec.generate_private_key(ec.SECP256R1())
PRIVATE = {**jwk(OTHER), "d": b64(b"\x01" * 32)}
PROOFS = {
    "typ of another kind": ({"header": {"typ": "JWT"}}, "dpop.malformed"),
    "alg none": ({"header": {"alg": "none"}}, "dpop.malformed"),
    "HS256": ({"header": {"alg": "HS256"}}, "dpop.malformed"),
    "no jwk": ({"header": {"jwk": None}}, "dpop.malformed"),
    "a private jwk": ({"header": {"jwk": PRIVATE}}, "dpop.malformed"),
    "a symmetric jwk": ({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "dpop.malformed"),
    "a jwk on no curve": (
        {"header": {"jwk": {**jwk(OTHER), "x": b64(b"\x02" * 32)}}},
        "dpop.malformed",
    ),
    "the jwk of another key": ({"header": {"jwk": jwk(OTHER)}}, "dpop.bad"),
    "htm GET": ({"htm": "GET"}, "dpop.target"),
    "htu with other host": ({"htu": "http://elsewhere.example" + ASK}, "dpop.target"),
    "htu with other port": ({"htu": "http://127.0.0.1:1" + ASK}, "dpop.target"),
    "htu with other scheme": ({"htu": "https://127.0.0.1" + ASK}, "dpop.target"),
    "htu with other path": ({"htu": "{url}/v1/inquiry/get"}, "dpop.target"),
    "htu with other case of the path": ({"htu": "{url}/V1/inquiry/ask"}, "dpop.target"),
    "htu with a user before the host": ({"htu": "http://a@{host}" + ASK}, "dpop.target"),
    "htu with no port that could be": ({"htu": "http://127.0.0.1:99999999" + ASK}, "dpop.target"),
    "iat past": ({"iat": NOW - 3600}, "dpop.time"),
    "iat future": ({"iat": NOW + 3600}, "dpop.time"),
    "no iat": ({"iat": None}, "dpop.malformed"),
    "no jti": ({"jti": None}, "dpop.malformed"),
    "no nonce": ({"nonce": None}, "dpop.nonce"),
    "a nonce of its own": ({"nonce": "AAAAAAAAAAAAAAAAAAAA"}, "dpop.nonce"),
    "a nonce with letters of others": ({"nonce": "نون"}, "dpop.nonce"),
    "ath of other token": ({"ath": b64(b"\x00" * 32)}, "dpop.token"),
    "no ath": ({"ath": None}, "dpop.token"),
}
ERRORS = {"dpop.nonce": "use_dpop_nonce", "dpop.token": "invalid_dpop_proof"}


@pytest.mark.parametrize(("changes", "code"), PROOFS.values(), ids=PROOFS)
def test_50_52_a_proof_with(client, changes, code):
    host = client.url.partition("//")[2]
    reply = {
        n: v.format(url=client.url, host=host) if n == "htu" else v for n, v in changes.items()
    }
    token = client.token()
    answer = client.ask(token, proof=client.proof(ASK, token=token, **reply))
    refused(answer, 401, code)
    error = ERRORS.get(code, "invalid_dpop_proof")
    assert f'error="{error}"' in answer.headers["www-authenticate"]
    assert answer.headers["dpop-nonce"]


def test_the_same_address_written_otherwise_is_the_same_address(client):
    token = client.token()
    htu = client.url.replace("http://", "HTTP://") + ASK + "?a=b#c"
    assert client.ask(token, proof=client.proof(ASK, token=token, htu=htu)).status_code == 200


def test_58_replayed_jti_of_a_proof(client):
    token = client.token()
    proof = client.proof(ASK, token=token)
    assert client.ask(token, proof=proof).status_code == 200
    refused(client.ask(token, proof=proof), 401, "dpop.replayed")
    other = client.proof("/oauth/token")
    client.token(proof=other)
    reply = refused(client.send_for_token(proof=other), 400, "dpop.replayed")
    assert reply["error"] == "invalid_dpop_proof"


def test_two_proofs_are_refused(client):
    token = client.token()
    two = f"{client.proof(ASK, token=token)}, {client.proof(ASK, token=token)}"
    refused(client.ask(token, proof=two), 401, "dpop.malformed")


def test_a_proof_for_a_token_is_no_proof_for_a_question_and_the_other_way_round(client):
    token = client.token()
    proof = client.proof("/oauth/token", token=token)
    refused(client.ask(token, proof=proof), 401, "dpop.target")
    refused(client.send_for_token(proof=client.proof(ASK)), 400, "dpop.target")


# API2, 42-49 and 54: tokens.


def test_api2_no_token_is_told_both_ways_in(face):
    answer = requests.post(f"{face.url}{ASK}", json=GOOD, timeout=20)
    refused(answer, 401, "signature.missing")
    reply = answer.headers["www-authenticate"]
    assert 'Signature realm="mirab"' in reply
    assert f'resource_metadata="{face.url}/.well-known/oauth-protected-resource"' in reply
    assert "error=" not in reply


def test_api2_bearer_use_of_dpop_token(client):
    token = client.token()
    refused(client.ask(token, scheme="Bearer", proof=""), 401, "token.binding")
    refused(client.ask(token, scheme="Bearer"), 401, "token.binding")
    refused(client.ask(token, scheme="Bearer", proof="", headers=CERT), 401, "token.binding")
    refused(client.ask(token, proof=""), 401, "dpop.missing")


def test_api2_stolen_token_without_its_key(face, client):
    token = client.token()
    thief = Client(face.url)
    answer = thief.ask(token)
    refused(answer, 401, "token.binding")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


TOKENS = {
    "expired": ({"exp": NOW - 1}, "token.expired"),
    "wrong aud": ({"aud": "https://elsewhere.example"}, "token.audience"),
    "wrong iss": ({"iss": "https://elsewhere.example"}, "token.audience"),
    "54 token of another face": (
        {"iss": "https://b.example", "aud": "https://b.example"},
        "token.audience",
    ),
    "alg none": ({"header": {"alg": "none"}}, "token.invalid"),
    "Ed25519 told where EdDSA is ours": ({"header": {"alg": "Ed25519"}}, "token.invalid"),
    "a key of a stranger": ({"key": STRANGER}, "token.invalid"),
    "jwk injection": ({"key": STRANGER, "header": {"jwk": jwk(STRANGER)}}, "token.invalid"),
    "kid of nobody": ({"header": {"kid": "nobody"}}, "token.invalid"),
    "typ JWT": ({"header": {"typ": "JWT"}}, "token.invalid"),
    "no typ": ({"header": {"typ": None}}, "token.invalid"),
    "no exp": ({"exp": None}, "token.invalid"),
    "no client": ({"client_id": None}, "token.invalid"),
    "a key that was never registered": ({"client_key": "nobody-1"}, "token.revoked"),
    "the key of another agency": ({"client_key": "power-co-demo"}, "token.revoked"),
    "no binding": ({"cnf": None}, "token.binding"),
    "a binding that is none": ({"cnf": "jkt"}, "token.binding"),
}


@pytest.mark.parametrize(("changes", "code"), TOKENS.values(), ids=TOKENS)
def test_api2_a_token_with(face, client, changes, code):
    answer = client.ask(forged(face, **{"cnf": bound(client), **changes}))
    refused(answer, 401, code)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_api2_hs256_with_our_public_key(face, client):
    public = face.key.public_key().public_bytes_raw()
    token = forged(face, public, {"alg": "HS256"}, cnf=bound(client))
    refused(client.ask(token), 401, "token.invalid")


def test_a_client_assertion_and_a_proof_are_no_tokens(client):
    for wrong in (client.assertion(), client.proof(ASK)):
        refused(client.ask(wrong), 401, "token.invalid")


def test_an_altered_token_is_refused(client):
    head, claims, signed = client.token().split(".")
    reply = json.loads(base64.urlsafe_b64decode(claims + "=="))
    reply["client_id"] = "power-co"
    refused(client.ask(f"{head}.{b64(json.dumps(reply))}.{signed}"), 401, "token.invalid")


def test_two_tokens_are_refused(client):
    token = client.token()
    refused(client.ask(f"{token}, DPoP {token}"), 401, "token.invalid")


def test_a_token_that_is_not_for_the_contract_opens_it_not(client):
    token = client.token(scope="inquiry.ask.v1")
    answer = client.ask(token, {"tracking_code": "Q-AAAA-AAAA-A"}, path="/v1/inquiry/get")
    refused(answer, 403, "token.scope")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_the_purpose_in_the_token_bounds_what_may_be_asked_and_the_service_logs_it(face, client):
    before = execute(face.db, "select seq from inquiry_log_head")[0][0]
    for token in (client.token(purpose=None), client.token(scope="inquiry.get.v1")):
        answer = client.ask(token)
        refused(answer, 403, "purpose.not_granted")
        assert "get a token with this purpose" in answer.json()["detail"]
    rows = execute(face.db, "select outcome from inquiry_log where seq > %s", (before,))
    assert rows == [("purpose.not_granted",)] * 2


def test_a_purpose_may_stand_in_the_assertion_as_pdnd_s_clients_have_it(client):
    def sent(named, **form):
        return client.send_for_token(assertion=client.assertion(purposeId=named), **form)

    token = sent("fuel_quota", purpose=None).json()["access_token"]
    assert client.ask(token).status_code == 200
    assert sent("fuel_quota").status_code == 200  # twice the same is one
    for named, form, code in (
        ("court_case", {}, "oauth.scope"),
        ("court_case", {"purpose": None}, "oauth.scope"),
        (["fuel_quota"], {"purpose": None}, "assertion.malformed"),
    ):
        refused(sent(named, **form), 400, code)


def test_a_body_that_is_not_the_one_of_its_digest_is_refused(client):
    reply = {"Content-Digest": "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"}
    refused(client.ask(client.token(), headers=reply), 400, "digest.mismatch")


# What a proxy tells of certificates, cases 31 to 34.


def by_certificate(client, headers=CERT, agency="temp-co"):
    form = {"client_assertion": None, "client_assertion_type": None, "client_id": agency}
    return client.send_for_token(proof="", headers=headers, **form)


def test_33_a_certificate_in_a_header_is_not_believed_from_outside(shared_face, start, tmp_path):
    far = run(start, tmp_path / "far", shared_face, TRUSTED_PROXIES="10.9.8.7")
    client = Client(far.url, "temp-co", NEW, "temp-co-ed")
    refused(by_certificate(client), 400, "client.unproven")
    pretending = {**CERT, "X-Forwarded-For": "10.9.8.7"}
    refused(by_certificate(client, pretending), 400, "client.unproven")
    token = forged(far, cnf={"x5t#S256": b64(bytes.fromhex(PRINT.replace(":", "")))})
    refused(client.ask(token, scheme="Bearer", proof="", headers=CERT), 401, "token.binding")


def test_31_34_a_certificate_proves_its_own_agency_alone(temp):
    unknown, _ = certificate("temp-co")  # the same subject, another key
    for headers, agency in ((unknown, "temp-co"), (CERT, "fuel-co"), (CERT, None), ({}, "temp-co")):
        refused(by_certificate(temp, headers, agency), 400, "client.unproven")
    for wrong in ("nonsense", "-----BEGIN CERTIFICATE-----%0A====%0A-----END CERTIFICATE-----%0A"):
        refused(by_certificate(temp, {"X-Client-Cert": wrong}), 400, "client.unproven")


def test_a_stolen_token_with_another_certificate_is_refused(temp):
    token = by_certificate(temp).json()["access_token"]
    for headers in (OTHER_CERT, {}):
        answer = temp.ask(token, scheme="Bearer", proof="", headers=headers)
        refused(answer, 401, "token.binding")
    refused(temp.ask(token, headers=CERT), 401, "token.binding")


# What was taken back, cases 35 to 37.


def test_35_37_a_revoked_key_ends_its_tokens_within_a_second(face):
    register(face.folder, code="gone-co")
    text = (face.folder / "gone-co.toml").read_text().replace(PRINT, "00:" * 31 + "01")
    text = text.replace(OTHER_PRINT, "00:" * 31 + "02")
    (face.folder / "gone-co.toml").write_text(text)
    client = Client(face.url, "gone-co", NEW, "gone-co-ed")
    wait_for(lambda: client.send_for_token().status_code == 200)
    token = client.token()
    assert client.ask(token).status_code == 200
    (face.folder / "gone-co.toml").write_text(text.replace("gone-co-ed", "gone-co-new"))
    time.sleep(1)
    refused(client.ask(token), 401, "token.revoked")
    refused(client.send_for_token(), 400, "client.unproven")
    (face.folder / "gone-co.toml").unlink()


# No header whatever gives a 500.

WORDS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=200
).map(str.strip)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
NAMES = ("alg", "typ", "jwk", "kid", "crit", "b64", "jti", "htm", "htu", "iat", "nonce", "aud")
VALUES = JSONS | st.sampled_from(["ES256", "EdDSA", "dpop+jwt", "at+jwt", jwk(OTHER)])
PARTS = st.dictionaries(st.sampled_from(NAMES), VALUES)
SHAPED = st.tuples(PARTS, PARTS | JSONS, st.binary(max_size=70)).map(
    lambda parts: ".".join([b64(json.dumps(parts[0])), b64(json.dumps(parts[1])), b64(parts[2])])
)
DEEP = b64("[" * 4000), b64('{"alg":' + "[" * 300 + "]" * 300 + "}")
ANY = WORDS | SHAPED | st.sampled_from([f"{DEEP[1]}.{DEEP[0]}.AA", f"{DEEP[0]}.e30.AA"])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    authorization=st.sampled_from(["DPoP ", "Bearer ", "", "dpop", "DPoP  "]), token=ANY, proof=ANY
)
def test_no_header_gives_a_500(face, authorization, token, proof):
    headers = {
        "Authorization": (authorization + token).encode("latin-1"),
        "DPoP": proof.encode("latin-1"),
        "Content-Type": "application/json",
    }
    answer = requests.post(f"{face.url}{ASK}", data=b"{}", headers=headers, timeout=20)
    assert answer.status_code == 401


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(assertion=ANY, proof=ANY, more=st.dictionaries(st.text(max_size=9), st.text(max_size=20)))
def test_no_form_gives_a_500_or_a_token(face, assertion, proof, more):
    client = Client(face.url)
    answer = client.send_for_token(
        assertion=assertion,
        proof="",
        headers={"DPoP": proof.encode("latin-1")},
        **{name: value for name, value in more.items() if name.isidentifier()},
    )
    assert 400 <= answer.status_code < 500


# --- what honest clients send, and how they read what they are told ---


def test_d6_a_clock_that_is_a_little_behind_or_ahead_is_one_at_each_end(face, client):
    now = int(time.time())
    for claims in (
        {"iat": now - 70, "exp": now - 10},
        {"iat": now - 50, "exp": now - 50 + 1},
        {"iat": now + 50, "exp": now + 110},
        {"iat": now + 50, "nbf": now + 50, "exp": now + 110},
    ):
        # What is from before the book of replays began is refused for that alone.
        answer = client.send_for_token(assertion=client.assertion(**claims))
        assert answer.status_code == 200 or answer.json()["code"] == "assertion.before_start"
        assert answer.json().get("code") not in ("assertion.expired", "assertion.time")
    for claims, code in (
        ({"iat": now - 130, "exp": now - 70}, "assertion.expired"),
        ({"iat": now + 70, "exp": now + 130}, "assertion.time"),
        ({"nbf": now + 70}, "assertion.time"),
    ):
        refused(client.send_for_token(assertion=client.assertion(**claims)), 400, code)


def test_d7_who_is_not_proven_reads_why_and_meets_no_challenge_of_another_way(client):
    answer = client.send_for_token(assertion=client.assertion(key=STRANGER))
    reply = refused(answer, 400, "client.unproven")
    assert reply["error"] == "invalid_client"
    assert reply["error_uri"].startswith("http")
    assert "www-authenticate" not in answer.headers
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "DPoP"])
def test_d7_who_tries_a_header_is_challenged_by_its_scheme(face, scheme):
    form = {"grant_type": "client_credentials"}
    reply = {"Authorization": f"{scheme} ZnVlbC1jbzpzZWNyZXQ="}
    answer = requests.post(f"{face.url}/oauth/token", data=form, headers=reply, timeout=20)
    assert refused(answer, 401, "client.unproven")["error"] == "invalid_client"
    assert answer.headers["www-authenticate"].lower() == f'{scheme.lower()} realm="mirab"'


def test_d7_a_client_proves_itself_in_one_way(client):
    basic = {"Authorization": "Basic ZnVlbC1jbzpzZWNyZXQ="}
    for answer in (
        client.send_for_token(headers=basic),
        client.send_for_token(client_secret="secret"),
        client.send_for_token(headers={"Signature-Input": 'a=("@method");tag="mirab"'}),
    ):
        assert refused(answer, 400, "oauth.request")["error"] == "invalid_request"


def test_d8_who_comes_with_a_token_needs_no_digest_and_keeps_the_one_he_sends(client):
    token = client.token()
    for value, status in ((None, 200), ("", 200), (content_digest(b"x"), 400), ("md5=:x:", 400)):
        headers = {"Content-Digest": value}
        answer = client.ask(token, headers=headers)
        assert answer.status_code == status, answer.text
    twice = f"{content_digest(b'x')}, {content_digest(json.dumps(GOOD).encode())}"
    refused(client.ask(token, headers={"Content-Digest": twice}), 400, "digest.malformed")


def test_d8_a_batch_of_lines_needs_no_digest_either(client):
    token = client.token(scope="inquiry.submit_batch.v1")
    path = "/v1/inquiry/submit_batch"
    proof = client.proof(path, token=token)
    answer = requests.post(
        client.at + path + "?purpose=fuel_quota",
        data=b"key_kind,key\nnational_id,9900000013\n",
        headers={"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "text/csv"},
        timeout=20,
    )
    assert answer.status_code == 202, answer.text


def test_d8_who_signs_sends_the_digest(sender):
    assert sender.send(drop=("Content-Digest",)).json()["code"] == "signature.component_missing"


def test_d4_a_signature_and_a_token_are_two_askers(face, client, temp):
    body = json.dumps(GOOD).encode()
    theirs = SigningKey(NEW, "temp-co-ed")
    reply = {"Content-Type": "application/json"}
    signed = sign_request(theirs, "POST", face.url + ASK, reply, body)
    token = client.token()
    refused(client.ask(token, headers=signed), 401, "identity.two")
    for header in ("Basic YTpi", "Bearer x", "x"):
        both = {**reply, **signed, "Authorization": header}
        answer = requests.post(face.url + ASK, data=body, headers=both, timeout=20)
        refused(answer, 401, "identity.two")
    own = sign_request(SigningKey(demo_key(), "fuel-co-demo"), "POST", face.url + ASK, reply, body)
    answer = requests.post(face.url + ASK, data=body, headers={**reply, **own, **CERT}, timeout=20)
    refused(answer, 401, "identity.two")
    refused(client.ask(token, headers=CERT), 401, "identity.two")
    assert temp.ask(temp.token(), headers=CERT).status_code == 200
    refused(client.send_for_token(headers=CERT), 400, "client.unproven")
