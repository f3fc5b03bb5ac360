"""The register of agencies and what it limits: a broken file changes nothing."""

import base64
import json
import time
import tomllib

import pytest

from bus import register
from bus.agencies import agency_of
from bus.errors import Forbidden, TooMany, Unauthenticated
from bus.keys import SigningKey
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
    "a word for a day": 'code="b"\nname="B"\n[[grants]]\ncontract="inquiry.*"\nuntil="2099-13-01"',
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


# --- signed copies ---

REGISTER = SigningKey.new("register-1")
OF_A = tomllib.loads(WHOLE)


def sealed(document, version, key=REGISTER, **header):
    """A copy as the register signs it."""
    head = {"typ": "mirab-register+jws", "alg": "EdDSA", "kid": key.keyid, **header}
    parts = (head, {**document, "version": version})
    told = ".".join(
        base64.urlsafe_b64encode(json.dumps(part, default=str).encode()).rstrip(b"=").decode()
        for part in parts
    )
    return f"{told}.{base64.urlsafe_b64encode(key.sign(told.encode())).rstrip(b'=').decode()}"


@pytest.fixture
def copies(tmp_path):
    (tmp_path / "a-co.jws").write_text(sealed(OF_A, 5))
    return Register(tmp_path, REGISTER.public)


def limit(copies, code="a-co"):
    copies.look_now()
    found = copies.agency(code)
    return found.requests if found else None


def test_a_register_of_copies_may_begin_empty_and_reads_no_file_of_hand(tmp_path):
    (tmp_path / "a-co.toml").write_text(WHOLE)
    known = Register(tmp_path, REGISTER.public)
    assert known.agencies() == []
    (tmp_path / "a-co.jws").write_text(sealed(OF_A, 1))
    assert limit(known) == 3
    (tmp_path / "a-co.jws").unlink()
    assert limit(known) is None


def test_a_newer_copy_is_in_force_at_once_and_takes_back_what_it_does_not_name(copies, tmp_path):
    assert copies.key("a-1") is not None
    left = {**OF_A, "keys": OF_A["keys"][1:], "limits": {"requests": 9}}
    (tmp_path / "a-co.jws").write_text(sealed(left, 6))
    assert limit(copies) == 9
    assert copies.key("a-1") is None


CHANGED = {**OF_A, "limits": {"requests": 9}}
REFUSED = {
    "an older version": sealed(CHANGED, 4),
    "no version": sealed(CHANGED, None),
    "the key of another": sealed(CHANGED, 6, SigningKey.new("register-1")),
    "another kind of JWS": sealed(CHANGED, 6, typ="at+jwt"),
    "no algorithm": sealed(CHANGED, 6, alg="none"),
    "a changed payload": ".".join(
        a if at != 1 else b
        for at, (a, b) in enumerate(
            zip(sealed(OF_A, 6).split("."), sealed(CHANGED, 6).split("."), strict=True)
        )
    ),
    "the document of another agency": sealed({**CHANGED, "code": "b-co"}, 6),
    "a document that is none": sealed({**CHANGED, "grants": 5}, 6),
    "nothing": "",
    "no text at all": "\N{SNOWMAN}",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_a_copy_that_the_register_did_not_sign_or_that_is_old_leaves_the_other(
    copies, tmp_path, text
):
    (tmp_path / "a-co.jws").write_text(text, encoding="utf-8")
    assert limit(copies) == 3
    (tmp_path / "b-co.jws").write_text(sealed({"code": "b-co", "name": "B"}, 7))
    assert limit(copies, "b-co") == 600


def test_an_agency_that_went_does_not_come_back_as_it_was_before(copies, tmp_path):
    (tmp_path / "a-co.jws").write_text(sealed(OF_A, 8))
    assert limit(copies) == 3
    (tmp_path / "a-co.jws").unlink()
    assert limit(copies) is None
    (tmp_path / "a-co.jws").write_text(sealed(OF_A, 5))
    assert limit(copies) is None


def test_a_copy_cannot_take_the_key_of_another_agency(copies, tmp_path):
    taking = {"code": "b-co", "name": "B", "keys": OF_A["keys"][:1]}
    (tmp_path / "b-co.jws").write_text(sealed(taking, 6))
    copies.look_now()
    assert copies.owner("a-1").code == "a-co"
    assert copies.agency("b-co") is None


WRONG = {
    "grants.0.until": {"grants": [{"contract": "inquiry.*", "until": "soon"}]},
    "grants.1.per_day": {
        "grants": [
            {"contract": "a.*", "until": "2099-01-01"},
            {"contract": "a.*", "until": "2099-01-01", "purposes": ["p"], "per_day": 0},
        ]
    },
    "grants.0.networks.1": {
        "grants": [
            {"contract": "a.*", "until": "2099-01-01", "networks": ["10.0.0.0/8", "10.0.0.1/8"]}
        ]
    },
    "grants.0.blocks": {"grants": [{"contract": "a.*", "until": "2099-01-01", "blocks": "debt"}]},
    "delegations.0.to": {"delegations": [{"contract": "a.*", "until": "2099-01-01"}]},
    "keys.0.public_key": {"keys": [{"id": "k", "public_key": "AAAA", "until": "2099-01-01"}]},
    "keys.0.id": {"keys": [{"public_key": PUBLIC, "until": "2099-01-01"}]},
    "keys.0.jwk": {"keys": [{"id": "k", "until": "2099-01-01"}]},
    "certificates.0.sha256": {"certificates": [{"id": "c", "sha256": "xx"}]},
    "limits.requests": {"limits": {"requests": 0}},
    "amqp.serves": {"amqp": {"serves": "a.b.v1"}},
    "events.queue": {"events": {"queue": "yes"}},
    "name": {"name": ""},
}


@pytest.mark.parametrize(("path", "wrong"), WRONG.items(), ids=WRONG)
def test_a_wrong_field_is_named_by_its_path(path, wrong):
    with pytest.raises(ValueError) as refused:
        agency_of({"code": "a-co", "name": "A", **wrong})
    assert str(refused.value).startswith(f"{path}: "), refused.value
