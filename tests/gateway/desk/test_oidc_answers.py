"""What the organisation's login answers is foreign too: bounded, and no fault of ours."""

import asyncio

import orjson
import pytest

from bus.errors import Unauthenticated, Unavailable
from bus.foreign import http_call as outside
from bus.settings import Settings
from gateway.ops.accounts.oidc import ENDPOINTS, LONGEST, Attempt, Provider

ISSUER = "http://login.example"
GOOD = {"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in ENDPOINTS}}


@pytest.fixture
def provider():
    environ = {"OIDC_ISSUER": ISSUER, "OIDC_CLIENT_ID": "desk", "OIDC_CLIENT_SECRET": "s"}
    return Provider(Settings(environ))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"[" * 100_000),
        (200, b"<html>"),
        (200, b'"' + b"x" * LONGEST + b'"'),
        (200, b"[]"),
        (200, orjson.dumps({"issuer": ISSUER})),
        (200, orjson.dumps(GOOD | {"token_endpoint": 7})),
        (302, b""),
        (500, b"{}"),
    ],
    ids=["deep", "html", "long", "list", "without addresses", "no text", "redirect", "500"],
)
def test_m2_an_answer_of_the_login_that_cannot_be_used_is_its_absence(
    provider, monkeypatch, status, body
):
    monkeypatch.setattr(outside, "exchange", lambda *_, **__: (status, body))
    with pytest.raises(Unavailable):
        asyncio.run(provider.address(Attempt.new(), "http://desk.example/back"))


@pytest.mark.parametrize("keys", [{}, {"keys": 5}, {"keys": [5]}, {"keys": [{"kty": "RSA"}]}])
def test_m2_keys_of_the_login_that_are_none_let_nobody_in(provider, monkeypatch, keys):
    replies = {
        "/openid-configuration": GOOD,
        "/token_endpoint": {"id_token": "a.b.c"},
        "/jwks_uri": keys,
    }

    def exchange(_method, url, **_):
        return 200, orjson.dumps(next(v for end, v in replies.items() if url.endswith(end)))

    monkeypatch.setattr(outside, "exchange", exchange)
    with pytest.raises(Unauthenticated):
        asyncio.run(provider.identity(Attempt.new(), "code", "http://desk.example/back"))
