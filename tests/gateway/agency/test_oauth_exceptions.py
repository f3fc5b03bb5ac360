"""What the register allows an OAuth client beyond the strict rules, and how tokens end."""

import base64
import json
import time

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bus.process import records
from bus.process.records import HttpEnd
from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from gateway.agency.door.verification import RequestProof
from gateway.agency.proofs.tokens import Access, Issued
from tests.gateway.agency.oauth_hands import ASK, GOOD, Client, b64, jwk, signature
from tests.gateway.agency.test_oauth import (
    BEFORE,
    CERT,
    ES,
    NEW,
    OTHER_CERT,
    PRINT,
    PS,
    certificate,
    forged,
    refused,
    run,
    toml,
)
from tests.processes import ROOT, Starter
from tests.waiting import next_second, wait_for

DAY = 86_400
UNKNOWN_CERT, _ = certificate("open-co")
OTHER = rsa.generate_private_key(65537, 2048)


def exception(allows, until="2030-12-31"):
    return f'[[exceptions]]\nallows = "{allows}"\nuntil = {until}\nbasis = "Their client"'


def register(folder, code, *exceptions, serves=(), cert=None):
    """An agency with an RSA, an EC and an Ed25519 key, and these exceptions."""
    parts = [f'code = "{code}"\nname = "{code}"\n[limits]\nrequests = 100000\nseconds = 60']
    for name, key in {"ps": PS, "es": ES, "ed": NEW}.items():
        parts.append(f'[[keys]]\nid = "{code}-{name}"\njwk = {toml(key)}\nuntil = 2030-12-31')
    if cert:
        parts.append(f'[[certificates]]\nid = "{code}-cert"\nsha256 = "{cert}"\nuntil = 2030-12-31')
    parts.append(
        '[[grants]]\ncontract = "inquiry.*"\npurposes = ["fuel_quota"]\nuntil = 2030-12-31'
    )
    if serves:
        parts.append(f"[amqp]\nserves = {json.dumps(serves)}")
    (folder / f"{code}.toml").write_text("\n".join([*parts, *exceptions]))


ALL = [exception(n) for n in ("rs256", "long_assertion", "no_key_id", "any_certificate")]


@pytest.fixture(scope="module")
def face(shared_face, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exceptions")
    starter = Starter(folder)
    (folder / "one").mkdir()
    (folder / "one" / "agencies").mkdir()
    agencies = folder / "one" / "agencies"
    register(agencies, "open-co", *ALL)
    register(agencies, "strict-co")
    register(agencies, "past-co", *[exception(n, "2026-01-01") for n in ("rs256", "no_key_id")])
    result = run(starter, folder / "one", shared_face)
    next_second()
    yield result
    starter.end()


def client_of(face, code, alg="RS256"):
    name, key = {"RS256": ("ps", PS), "PS256": ("ps", PS), "ES256": ("es", ES)}.get(
        alg, ("ed", NEW)
    )
    return Client(face.url, code, key, f"{code}-{name}", alg)


@pytest.fixture
def open_co(face):
    return client_of(face, "open-co")


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


# --- what an exception allows, and what it does not ---


def test_rs256_comes_in_where_the_register_says_so_and_nowhere_else(face, open_co):
    token = open_co.token()
    assert open_co.ask(token).status_code == 200
    claims = claims_of(token)
    assert (claims["proven_by"], claims["exceptions"]) == ("RS256", ["rs256"])
    for code in ("strict-co", "past-co", "temp-co"):
        reply = refused(client_of(face, code).send_for_token(), 400, "assertion.algorithm")
        assert reply["error"] == "invalid_client"
        assert "PS256" in reply["error_description"]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_with_an_exception_the_strict_algorithms_come_in_as_before(face, alg):
    client = client_of(face, "open-co", alg)
    assert client.ask(client.token()).status_code == 200


def test_42_45_rs256_opens_no_way_round_the_key(face, open_co):
    public = b64(json.dumps(jwk(PS)))
    tries = {
        "HS256 with the public key": ({"alg": "HS256"}, public.encode(), "assertion.malformed"),
        "none": ({"alg": "none"}, PS, "assertion.malformed"),
        "PS256 signed, RS256 said": ({"alg": "RS256"}, None, "client.unproven"),
        "RS256 of an EC key": ({"alg": "RS256", "kid": "open-co-es"}, PS, "client.unproven"),
        "jwk in the header": ({"jwk": jwk(ES)}, OTHER, "client.unproven"),
        "jku in the header": ({"jku": "http://127.0.0.1:1/k"}, OTHER, "client.unproven"),
        "x5u in the header": ({"x5u": "http://127.0.0.1:1/k"}, OTHER, "client.unproven"),
        "kid traversal": ({"kid": "../../open-co-ps"}, PS, "client.unproven"),
        "kid of another agency": ({"kid": "strict-co-ps"}, PS, "client.unproven"),
    }
    for name, (header, key, code) in tries.items():
        assertion = open_co.assertion(header=header, key=key or PS)
        if key is None:
            signed, _, _ = assertion.rpartition(".")
            assertion = f"{signed}.{b64(signature('PS256', PS, signed.encode()))}"
        answer = open_co.send_for_token(assertion=assertion)
        assert answer.json()["code"] == code, (name, answer.text)


def test_an_assertion_of_a_month_is_taken_once_and_within_the_hour_of_its_making(open_co, face):
    now = int(time.time())
    month = open_co.assertion(iat=now, exp=now + 30 * DAY)
    token = open_co.token(assertion=month)
    assert claims_of(token)["exceptions"] == ["long_assertion", "rs256"]
    refused(open_co.send_for_token(assertion=month), 400, "assertion.replayed")
    old = open_co.assertion(iat=now - 3600 - 120, exp=now + 30 * DAY)
    refused(open_co.send_for_token(assertion=old), 400, "assertion.expired")
    year = open_co.assertion(iat=now, exp=now + 365 * DAY)
    refused(open_co.send_for_token(assertion=year), 400, "assertion.time")
    strict = client_of(face, "strict-co", "PS256")
    month = strict.assertion(iat=now, exp=now + 30 * DAY)
    refused(strict.send_for_token(assertion=month), 400, "assertion.time")


def test_a_client_that_names_no_key_is_found_by_its_own_keys_alone(face, open_co):
    nameless = {"header": {"kid": None}}
    token = open_co.token(assertion=open_co.assertion(**nameless))
    assert "no_key_id" in claims_of(token)["exceptions"]
    for code in ("strict-co", "past-co", "nobody-co"):
        client = client_of(face, code, "PS256")
        refused(
            client.send_for_token(assertion=client.assertion(**nameless)), 400, "client.unproven"
        )
    stranger = open_co.assertion(key=OTHER, **nameless)
    refused(open_co.send_for_token(assertion=stranger), 400, "client.unproven")


def test_an_exception_that_ends_ends_what_was_given_by_it(face):
    register(face.folder, "soon-co", exception("rs256"))
    client = client_of(face, "soon-co")
    wait_for(lambda: client.send_for_token().status_code == 200)
    token, strict = client.token(), client_of(face, "soon-co", "PS256").token()
    asker = client_of(face, "soon-co", "PS256")
    asker.bound, asker.nonce = client.bound, client.nonce
    assert asker.is_active(token)
    register(face.folder, "soon-co", exception("rs256", "2026-01-01"))
    wait_for(lambda: client.send_for_token().status_code == 400)
    refused(client.ask(token), 401, "token.revoked")
    assert not asker.is_active(token)
    assert asker.is_active(strict)
    (face.folder / "soon-co.toml").unlink()


# --- keys of a key set ---


def fetched(code, kid, key):
    return (
        f'[[fetched_keys]]\nid = "{code}.one"\nkid = "{kid}"\njwk = {toml(key)}\nuntil = 2030-12-31'
    )


def test_a_key_of_a_key_set_proves_the_client_by_its_own_name_until_it_is_gone(face):
    code, kid = "set-co", "urn:key/2026 1"
    register(face.folder, code, fetched(code, kid, OTHER))
    client = Client(face.url, code, OTHER, kid, "PS256")
    wait_for(lambda: client.send_for_token().status_code == 200)
    token = client.token()
    assert client.ask(token).status_code == 200
    by_id = Client(face.url, code, OTHER, f"{code}.one", "PS256")
    refused(by_id.send_for_token(), 400, "client.unproven")
    stranger = Client(face.url, "strict-co", OTHER, kid, "PS256")
    refused(stranger.send_for_token(), 400, "client.unproven")
    register(face.folder, code)
    wait_for(lambda: client.send_for_token().status_code == 400)
    refused(client.ask(token), 401, "token.revoked")
    (face.folder / f"{code}.toml").unlink()


def test_a_key_of_a_key_set_signs_no_request(face):
    register(face.folder, "signs-co", fetched("signs-co", "one", BEFORE))
    client = Client(face.url, "signs-co", BEFORE, "one")
    wait_for(lambda: client.send_for_token().status_code == 200)
    body, headers = json.dumps(GOOD).encode(), {"Content-Type": "application/json"}
    key = SigningKey(BEFORE, "signs-co.one")
    headers |= sign_request(key, "POST", face.url + ASK, headers, body)
    answer = requests.post(face.url + ASK, data=body, headers=headers, timeout=20)
    assert answer.status_code == 401
    (face.folder / "signs-co.toml").unlink()


# --- bearer tokens bound to a certificate ---


def test_a_key_and_a_registered_certificate_give_a_token_of_that_certificate(face):
    client = Client(face.url, "temp-co", NEW, "temp-co-ed")
    answer = client.send_for_token(proof="", headers=CERT)
    assert answer.json()["token_type"] == "Bearer"
    token = answer.json()["access_token"]
    assert client.ask(token, scheme="Bearer", proof="", headers=CERT).status_code == 200
    for headers in (OTHER_CERT, UNKNOWN_CERT, {}):
        answer = client.ask(token, scheme="Bearer", proof="", headers=headers)
        refused(answer, 401, "token.binding")


def test_any_certificate_of_the_edge_binds_where_the_register_says_so(face, open_co):
    answer = open_co.send_for_token(proof="", headers=UNKNOWN_CERT)
    token = answer.json()["access_token"]
    assert "any_certificate" in claims_of(token)["exceptions"]
    assert open_co.ask(token, scheme="Bearer", proof="", headers=UNKNOWN_CERT).status_code == 200
    refused(open_co.ask(token, scheme="Bearer", proof="", headers=OTHER_CERT), 401, "token.binding")
    refused(open_co.ask(token, scheme="Bearer", proof=""), 401, "token.binding")
    strict = client_of(face, "strict-co", "PS256")
    refused(strict.send_for_token(proof="", headers=UNKNOWN_CERT), 400, "dpop.missing")


def test_a_token_ends_with_the_certificate_that_was_registered_for_it(face):
    register(face.folder, "cert-co", cert=PRINT.replace("0", "1"))
    gone = forged(
        face,
        client_id="cert-co",
        client_key="cert-co-ed",
        certificate="cert-co-gone",
        cnf={"x5t#S256": b64(bytes.fromhex(PRINT.replace(":", "")))},
    )
    client = Client(face.url, "cert-co", NEW, "cert-co-ed")
    wait_for(lambda: client.send_for_token().status_code == 200)
    answer = client.ask(gone, scheme="Bearer", proof="", headers=CERT)
    refused(answer, 401, "token.revoked")
    (face.folder / "cert-co.toml").unlink()


# --- by which way a question came in ---


def proof(kind, **access):
    access = Access("open-co", "open-co-ps", frozenset(), None, {}, **access)
    token = Issued(access, "0" * 16, 0.0, 0.0, "") if kind != "signature" else None
    return RequestProof("open-co-ps", "nonce", 0.0, kind, "open-co-ps", token)


def test_the_way_in_names_the_binding_the_proof_and_the_exceptions():
    assert proof("signature").way == "signature"
    assert proof("dpop", proven_by="EdDSA").way == "oauth:dpop:EdDSA"
    assert proof(None, proven_by="certificate").way == "oauth:mtls:certificate"
    extra = frozenset({"rs256", "no_key_id", "long_assertion"})
    way = proof(None, proven_by="RS256", exceptions=extra).way
    assert way == "oauth:mtls:RS256+long_assertion+no_key_id"


def test_the_record_of_a_request_has_its_way_even_if_it_was_refused(monkeypatch):
    kept = []
    monkeypatch.setattr(records.RECORDER, "keep", kept.append)
    call = records.begin_http()
    records.note_way("oauth:dpop:RS256")
    end = HttpEnd("POST", "/v1", 401, "dpop.replayed", "a-co", "inquiry.ask.v1", "0" * 32, 0, 0)
    records.end_http(call, end)
    assert [record.way for record in kept] == ["oauth:dpop:RS256"]


# --- introspection and revocation ---


def test_introspection_says_what_the_token_opens_to_its_own_agency_alone(face, open_co):
    token = open_co.token(scope="inquiry.ask.v1 inquiry.get.v1")
    answer = open_co.show("/oauth/introspect", token)
    state = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (state["active"], state["client_id"], state["token_type"]) == (True, "open-co", "DPoP")
    assert (state["scope"], state["purpose"]) == ("inquiry.ask.v1 inquiry.get.v1", "fuel_quota")
    assert state["cnf"] == claims_of(token)["cnf"]
    assert state["exp"] - int(time.time()) <= 300
    other = client_of(face, "strict-co", "PS256")
    assert other.show("/oauth/introspect", token).json() == {"active": False}
    for wrong in ("x", "a.b.c", token[:-4] + "AAAA", forged(face, NEW)):
        assert open_co.show("/oauth/introspect", wrong).json() == {"active": False}


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_who_asks_about_a_token_proves_itself_as_for_a_token(face, open_co, path):
    token = open_co.token()
    stranger = open_co.assertion(key=OTHER)
    reply = refused(open_co.show(path, token, assertion=stranger), 400, "client.unproven")
    assert reply["error"] == "invalid_client"
    assertion = open_co.assertion(aud=face.url + path)
    assert open_co.show(path, "x", assertion=assertion).status_code == 200
    refused(open_co.show(path, "x", assertion=assertion), 400, "assertion.replayed")
    refused(open_co.send_for_token(assertion=assertion), 400, "assertion.audience")
    refused(open_co.show(path, None), 400, "oauth.request")
    basic = {"Authorization": "Basic b3Blbi1jbzpz"}
    answer = requests.post(face.url + path, data={"token": token}, headers=basic, timeout=20)
    reply = refused(answer, 401, "client.unproven")
    assert "no client secrets" in reply["error_description"]
    assert answer.headers["www-authenticate"] == 'Basic realm="mirab"'
    assert open_co.is_active(token)


def test_a_revoked_token_is_refused_also_on_a_connection_that_was_kept(open_co):
    token, other = open_co.token(), open_co.token()
    with requests.Session() as session:

        def ask(token):
            headers = {
                "Authorization": f"DPoP {token}",
                "DPoP": open_co.proof(ASK, token=token),
            }
            return session.post(open_co.url + ASK, json=GOOD, headers=headers, timeout=20)

        assert ask(token).status_code == 200
        assert open_co.show("/oauth/revoke", token).status_code == 200
        answer = ask(token)
        refused(answer, 401, "token.revoked")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert ask(other).status_code == 200
    assert not open_co.is_active(token)
    assert open_co.show("/oauth/revoke", token).status_code == 200


def test_nobody_revokes_the_token_of_another(face, open_co):
    token = open_co.token()
    other = client_of(face, "strict-co", "PS256")
    reply = refused(other.show("/oauth/revoke", token), 400, "oauth.not_yours")
    assert reply["error"] == "invalid_grant"
    assert other.show("/oauth/revoke", "no-token-of-ours").status_code == 200
    assert open_co.ask(token).status_code == 200


def test_a_token_for_an_agency_that_serves_opens_nothing_here_and_is_shown_to_it(face, open_co):
    resource = "urn:mirab:agency:land-registry"
    token = open_co.token(resource=resource, purpose=None)
    refused(open_co.ask(token), 401, "token.audience")
    serving = Client(face.url, "land-registry")
    state = serving.show("/oauth/introspect", token).json()
    assert (state["active"], state["client_id"], state["aud"]) == (True, "open-co", resource)
    assert (state["scope"], "purpose" in state) == ("", False)
    assert open_co.is_active(token)
    assert not client_of(face, "strict-co", "PS256").is_active(token)
    refused(serving.show("/oauth/revoke", token), 400, "oauth.not_yours")
    assert open_co.show("/oauth/revoke", token).status_code == 200
    assert not serving.is_active(token)
    for wrong in ("urn:mirab:agency:strict-co", "urn:mirab:agency:nobody", "https://else.example"):
        reply = refused(open_co.send_for_token(resource=wrong), 400, "oauth.resource")
        assert reply["error"] == "invalid_target"
    refused(open_co.send_for_token(resource=resource), 400, "oauth.scope")
    assert open_co.ask(open_co.token(resource=face.url)).status_code == 200


def test_the_example_of_the_page_is_a_client_library_unchanged(face, tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs/oauth.md").read_text(encoding="utf-8")
    example = page.split("## Clients that were tried", 1)[1]
    example = example.split("```python\n", 1)[1].split("```", 1)[0]
    encoded = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = PS.private_bytes(*encoded, serialization.NoEncryption())
    (tmp_path / "agency.pem").write_bytes(pem)
    monkeypatch.chdir(tmp_path)
    example = example.replace("https://agency.example:8443", face.url)
    for old, new in (("fuel-co-2026", "open-co-ps"), ("fuel-co", "open-co")):
        example = example.replace(old, new)
    exec(example.replace("OAuth2Client(", "OAuth2Client(testing=True, "), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("200 {")
    assert lines[1:] == ["True", "False"]


def test_the_metadata_tell_all_of_it(face):
    url = f"{face.url}/.well-known/oauth-authorization-server"
    server = requests.get(url, timeout=20).json()
    assert server["introspection_endpoint"] == f"{face.url}/oauth/introspect"
    assert server["revocation_endpoint"] == f"{face.url}/oauth/revoke"
    for endpoint in ("token", "introspection", "revocation"):
        assert server[f"{endpoint}_endpoint_auth_methods_supported"] == [
            "private_key_jwt",
            "self_signed_tls_client_auth",
        ]
        algorithms = server[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert {"EdDSA", "ES256", "PS256", "RS256"} <= set(algorithms)
