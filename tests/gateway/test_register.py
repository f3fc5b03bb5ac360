"""The register of agencies and what it limits: a broken file changes nothing."""

import time

import pytest

from bus.errors import Forbidden, TooMany, Unauthenticated
from bus.keys import SigningKey
from gateway.agency import register
from gateway.agency.limits import RateLimits
from gateway.agency.register import Register, grants_for, require_grant

PUBLIC = SigningKey.new("").public.base64()
WHOLE = f"""
code = "a-co"
name = "A"
[limits]
requests = 3
seconds = 60
[[keys]]
id = "a-1"
public_key = "{PUBLIC}"
until = 2099-01-01
[[keys]]
id = "a-0"
public_key = "{PUBLIC}"
until = 2001-01-01
[[grants]]
contract = "inquiry.ask.v1"
purposes = ["fuel_quota", "water_levy"]
until = 2099-01-01
[[grants]]
contract = "inquiry.get.*"
until = 2001-01-01
"""


@pytest.fixture
def known(tmp_path, monkeypatch):
    monkeypatch.setattr(register, "LOOK_SECONDS", 0)
    (tmp_path / "a-co.toml").write_text(WHOLE)
    return Register(tmp_path)


def test_a_key_has_its_owner_until_its_last_day(known):
    assert known.key("a-1").base64() == PUBLIC
    assert known.key("b-1") is None
    assert known.owner("a-1").code == "a-co"
    with pytest.raises(Unauthenticated) as refused:
        known.owner("a-0")
    assert refused.value.code == "identity.key_expired"


def test_the_grants_of_a_contract_are_told_whole_and_no_others(known):
    agency = known.owner("a-1")
    assert grants_for(agency, "inquiry.ask.v1") == [
        {"purpose": "fuel_quota", "until": "2099-01-01"},
        {"purpose": "water_levy", "until": "2099-01-01"},
    ]
    assert grants_for(agency, "inquiry.submit_batch.v1") == []
    require_grant(agency, "inquiry.ask.v1")
    for contract, code in (
        ("inquiry.health.v1", "contract.not_granted"),
        ("inquiry.get.v1", "contract.grant_expired"),
    ):
        with pytest.raises(Forbidden) as refused:
            require_grant(agency, contract)
        assert refused.value.code == code


BROKEN = {
    "not TOML": "code = [",
    "not UTF-8": b"code = '\xff'",
    "no code": 'name = "B"',
    "limits that are a number": 'code = "b"\nname = "B"\nlimits = 5',
    "no request at all": 'code = "b"\nname = "B"\n[limits]\nrequests = 0',
    "no second": 'code = "b"\nname = "B"\n[limits]\nseconds = 0',
    "half a request": 'code = "b"\nname = "B"\n[limits]\nrequests = 0.5',
    "one key as a table": f'code = "b"\nname = "B"\n[keys]\nid = "b"\npublic_key = "{PUBLIC}"',
    "a key that is none": 'code="b"\nname="B"\n[[keys]]\nid="b"\npublic_key="%%"\nuntil=2099-01-01',
    "a short key": 'code="b"\nname="B"\n[[keys]]\nid="b"\npublic_key="AAAA"\nuntil=2099-01-01',
    "a key without end": f'code="b"\nname="B"\n[[keys]]\nid="b"\npublic_key="{PUBLIC}"',
    "an hour for a day": f'code="b"\nname="B"\n[[keys]]\nid="b"\npublic_key="{PUBLIC}"\n'
    "until=2099-01-01T00:00:00Z",
    "a text for a day": 'code="b"\nname="B"\n[[grants]]\ncontract="inquiry.*"\nuntil="2099-01-01"',
    "a private key": 'code="b"\nname="B"\n[[keys]]\nid="b"\nuntil=2099-01-01\n'
    'jwk={kty="EC",crv="P-256",x="AA",y="AA",d="AA"}',
    "a point that is on no curve": 'code="b"\nname="B"\n[[keys]]\nid="b"\nuntil=2099-01-01\n'
    'jwk={kty="EC",crv="P-256",x="AA",y="AA"}',
    "a curve that we do not take": 'code="b"\nname="B"\n[[keys]]\nid="b"\nuntil=2099-01-01\n'
    'jwk={kty="OKP",crv="X25519",x="AA"}',
    "a short digest of a certificate": 'code="b"\nname="B"\n[[certificates]]\nid="b"\n'
    'sha256="AA:BB"\nuntil=2099-01-01',
    "the key of another": f'code="b"\nname="B"\n[[keys]]\nid="a-1"\npublic_key="{PUBLIC}"\n'
    "until=2099-01-01",
    "the code of another": 'code="a-co"\nname="B"',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_leaves_the_register_as_it_was(known, tmp_path, text):
    path = tmp_path / "b.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert known.key("a-1") is not None
    assert known.owner("a-1").requests == 3
    path.unlink()
    (tmp_path / "a-co.toml").write_text(WHOLE.replace("requests = 3", "requests = 4"))
    known.key("a-1")
    assert known.owner("a-1").requests == 4


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_no_face_begins_with_a_broken_file(tmp_path, text):
    (tmp_path / "a-co.toml").write_text(WHOLE)
    (tmp_path / "b.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match="AGENCIES_DIR"):
        Register(tmp_path)


def test_a_file_that_goes_while_it_is_looked_at_does_no_harm(known, tmp_path):
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    assert known.key("a-1") is not None


def test_a_bucket_is_emptied_and_fills_again(known, monkeypatch):
    limits, agency, now = RateLimits(), known.owner("a-1"), [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert [limits.take(agency)["RateLimit"] for _ in range(3)] == [
        '"agency";r=2;t=20',
        '"agency";r=1;t=40',
        '"agency";r=0;t=60',
    ]
    with pytest.raises(TooMany) as refused:
        limits.take(agency)
    assert refused.value.details["retry_after"] == "20"
    now[0] += 20.0
    assert limits.take(agency)["RateLimit-Policy"] == '"agency";q=3;w=60'
