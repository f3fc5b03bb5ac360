"""A client library that we did not write comes in by what the metadata says, and asks."""

import pytest
import requests
from jwskate import Jwk, Jwt
from requests_oauth2client import DPoPToken, OAuth2Client, PrivateKeyJwt

from tests.gateway.agency.oauth_hands import ASK, GOOD, b64, content_digest, demo_key, jwk
from tests.processes import ROOT


@pytest.fixture
def metadata(shared_face):
    reply = requests.get(f"{shared_face}/.well-known/oauth-authorization-server", timeout=20)
    return reply.json()


def client(metadata):
    key = demo_key()
    reply = {**jwk(key), "d": b64(key.private_bytes_raw()), "kid": "fuel-co-demo"}
    return OAuth2Client(
        metadata["token_endpoint"],
        auth=PrivateKeyJwt("fuel-co", Jwk(reply), alg="EdDSA", aud=metadata["issuer"]),
        dpop_bound_access_tokens=True,
        testing=True,  # lets an address be http
    )


def ask(url, token, data=b"", **headers):
    reply = {"Content-Type": "application/json", "Content-Digest": content_digest(data), **headers}
    return requests.post(url + ASK, data=data, headers=reply, auth=token, timeout=20)


def test_it_gets_a_token_and_an_answer_and_fetches_nonces_by_itself(metadata, shared_face):
    token = client(metadata).client_credentials(purpose="fuel_quota")
    assert isinstance(token, DPoPToken)
    body = requests.Request("POST", "http://a", json=GOOD).prepare().body
    for _ in range(2):
        answer = ask(str(shared_face), token, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["purpose"] == "fuel_quota"


def test_the_token_that_it_got_is_a_jwt_that_our_keys_verify(metadata):
    token = client(metadata).client_credentials(scope="inquiry.ask.v1", purpose="fuel_quota")
    jwks = requests.get(metadata["jwks_uri"], timeout=20).json()["keys"]
    reply = Jwt(token.access_token)
    assert reply.verify_signature(Jwk(jwks[0]), alg="EdDSA")
    assert reply.claims["scope"] == "inquiry.ask.v1"
    assert reply.claims["purpose"] == "fuel_quota"
    assert reply.claims["aud"] == metadata["issuer"]


def test_the_example_of_the_page_asks_and_is_answered(shared_face, monkeypatch, capsys):
    page = (ROOT / "docs/join.md").read_text(encoding="utf-8")
    example = page.split("## With OAuth 2", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
    monkeypatch.chdir(ROOT)
    reply = {}
    exec(example.replace("http://127.0.0.1:8001", str(shared_face)), reply)
    assert reply["answer"].status_code == 200
    assert "tracking_code" in capsys.readouterr().out
