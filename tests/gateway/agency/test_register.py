"""The register of agencies and what it limits: a broken file changes nothing."""

import base64
import json
import re
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Forbidden, TooMany, Unauthenticated
from bus.signatures.keys import SigningKey
from contracts import catalogue
from contracts.inquiry.questions import ASK, BATCH_STATUS, GET, SUBMIT_BATCH
from gateway.agency.door.grants import caller_fields, granted, require_grant
from gateway.agency.door.rate_limits import RateLimits
from members import register
from members.documents import parse_agency
from members.register import Register

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
def own_register(tmp_path, monkeypatch):
    monkeypatch.setattr(register, "LOOK_SECONDS", 0)
    (tmp_path / "a-co.toml").write_text(WHOLE)
    return Register(tmp_path)


def test_a_key_has_its_owner_until_its_last_day(own_register):
    assert own_register.key("a-1").base64() == PUBLIC
    assert own_register.key("b-1") is None
    assert own_register.owner("a-1").code == "a-co"
    with pytest.raises(Unauthenticated) as refused:
        own_register.owner("a-0")
    assert refused.value.code == "identity.key_expired"


def granted_of(own_register, contract, behalf=None, address="10.1.2.3"):
    own_register.look_now()
    return granted(own_register, own_register.owner("a-1"), contract, behalf, address)


def told_of(own_register, contract, behalf=None, address="10.1.2.3"):
    grants = granted_of(own_register, contract, behalf, address)
    return caller_fields(own_register.owner("a-1"), "a-1", grants, behalf)


def test_the_grants_of_a_contract_are_told_whole_and_no_others(own_register):
    assert told_of(own_register, ASK) == {
        "agency": "a-co",
        "key": "a-1",
        "grants": [
            {"purpose": "fuel_quota", "until": "2099-01-01"},
            {"purpose": "water_levy", "until": "2099-01-01"},
        ],
        "names": {"fa": "A", "en": "A"},
    }
    assert told_of(own_register, SUBMIT_BATCH)["grants"] == []
    require_grant(granted_of(own_register, ASK), ASK)
    for contract, code in (
        (BATCH_STATUS, "contract.not_granted"),
        (GET, "contract.grant_expired"),
    ):
        with pytest.raises(Forbidden) as refused:
            require_grant(granted_of(own_register, contract), contract)
        assert refused.value.code == code


def test_what_everyone_may_call_needs_no_grant(own_register):
    everyone = next(c for c in catalogue().values() if getattr(c, "everyone", False))
    require_grant(granted_of(own_register, everyone), everyone)
    with pytest.raises(Forbidden) as refused:
        granted_of(own_register, everyone, behalf="b-co")
    assert refused.value.code == "delegation.not_given"


NARROW = """
[[grants]]
contract = "inquiry.ask.v1"
purposes = ["court_case"]
until = 2099-01-01
basis = "Decree 12"
blocks = ["licence"]
per_day = 5
networks = ["10.1.0.0/16", "2001:db8::/32"]
"""


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::7", True),
        ("2001:db8::7%eth0", True),
        ("10.2.0.1", False),
        ("2001:db9::7", False),
        ("testclient", False),
        ("", False),
        (None, False),
    ],
)
def test_a_grant_with_networks_counts_only_from_there(own_register, tmp_path, address, near):
    (tmp_path / "a-co.toml").write_text(WHOLE + NARROW)
    grants = told_of(own_register, ASK, address=address)["grants"]
    narrow = [grant for grant in grants if grant["purpose"] == "court_case"]
    assert (
        narrow
        == [
            {
                "purpose": "court_case",
                "until": "2099-01-01",
                "basis": "Decree 12",
                "blocks": ["licence"],
                "per_day": 5,
                "networks": ["10.1.0.0/16", "2001:db8::/32"],
            }
        ]
        * near
    )
    assert len(grants) == 2 + near


def test_who_comes_from_elsewhere_and_has_no_other_grant_is_told_so(own_register, tmp_path):
    (tmp_path / "a-co.toml").write_text(WHOLE.split("[[grants]]", maxsplit=1)[0] + NARROW)
    assert granted_of(own_register, ASK)
    with pytest.raises(Forbidden) as refused:
        granted_of(own_register, ASK, address="10.2.0.1")
    assert refused.value.code == "grant.network"


# --- in another agency's name ---

DELEGATOR = f"""
code = "b-co"
name = "B"
[[keys]]
id = "b-1"
public_key = "{SigningKey.new("").public.base64()}"
until = 2099-01-01
[[grants]]
contract = "inquiry.*"
purposes = ["court_case", "bank_collateral"]
until = 2098-01-01
blocks = ["licence"]
networks = ["10.0.0.0/8"]
[[delegations]]
to = "a-co"
contract = "inquiry.ask.v1"
purposes = ["court_case", "land_transfer"]
until = 2097-01-01
basis = "Contract 7"
"""


@pytest.fixture
def delegated(own_register, tmp_path):
    (tmp_path / "b-co.toml").write_text(DELEGATOR)
    return own_register


def test_a_delegate_has_what_was_delegated_within_the_delegators_own_grants(delegated):
    assert told_of(delegated, ASK, "b-co") == {
        "agency": "a-co",
        "key": "a-1",
        "grants": [
            {
                "purpose": "court_case",
                "until": "2097-01-01",
                "basis": "Contract 7",
                "blocks": ["licence"],
                "networks": ["10.0.0.0/8"],
            }
        ],
        "on_behalf_of": "b-co",
        "names": {"fa": "A", "en": "A"},
    }


def test_the_networks_of_the_delegator_bind_its_delegate(delegated):
    with pytest.raises(Forbidden) as refused:
        granted_of(delegated, ASK, "b-co", "192.0.2.1")
    assert refused.value.code == "grant.network"


@pytest.mark.parametrize("behalf", ["c-co", "a-co", "B-CO", "", "b-co, b-co"])
def test_nobody_asks_in_a_name_that_was_not_given_to_him(delegated, behalf):
    with pytest.raises(Forbidden) as refused:
        granted_of(delegated, ASK, behalf)
    assert refused.value.code == "delegation.not_given"


def test_a_delegation_holds_for_its_contracts_and_until_its_day(delegated, tmp_path):
    for text in (
        DELEGATOR.replace("2097-01-01", "2001-01-01"),
        DELEGATOR.replace('"inquiry.ask.v1"', '"inquiry.get.v1"'),
        DELEGATOR.replace('to = "a-co"', 'to = "d-co"'),
    ):
        (tmp_path / "b-co.toml").write_text(text)
        with pytest.raises(Forbidden) as refused:
            granted_of(delegated, ASK, "b-co")
        assert refused.value.code == "delegation.not_given"


# --- what of a caller of earlier holds now ---


def test_what_holds_as_before_stays_as_it_was(delegated):
    for behalf in (None, "b-co"):
        then = told_of(delegated, ASK, behalf)
        assert register.current(delegated, then, ASK.name) == then


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('id = "a-1"', 'id = "a-2"', "identity.key_revoked"),
        ("2099-01-01\n[[keys]]", "2001-01-01\n[[keys]]", "identity.key_revoked"),
        ('"inquiry.ask.v1"', '"inquiry.get.v1"', "contract.grant_revoked"),
        ('["fuel_quota", "water_levy"]', '["court_case"]', "contract.grant_revoked"),
        (
            '["fuel_quota", "water_levy"]\nuntil = 2099-01-01',
            '["fuel_quota", "water_levy"]\nuntil = 2001-01-01',
            "contract.grant_revoked",
        ),
    ],
)
def test_what_was_taken_back_since_is_told(own_register, tmp_path, old, new, code):
    then = told_of(own_register, ASK)
    assert old in WHOLE
    (tmp_path / "a-co.toml").write_text(WHOLE.replace(old, new))
    with pytest.raises((Forbidden, Unauthenticated)) as refused:
        register.current(own_register, then, ASK.name)
    assert refused.value.code == code


def test_a_delegation_that_was_taken_back_is_told(delegated, tmp_path):
    then = told_of(delegated, ASK, "b-co")
    (tmp_path / "b-co.toml").write_text(DELEGATOR.replace("[[delegations]]", "[[others]]"))
    with pytest.raises(Forbidden) as refused:
        register.current(delegated, then, ASK.name)
    assert refused.value.code == "contract.grant_revoked"


def test_what_was_narrowed_since_is_narrow_and_what_was_widened_stays_as_it_was(
    own_register, tmp_path
):
    then = told_of(own_register, ASK)
    less = WHOLE.replace('["fuel_quota", "water_levy"]', '["fuel_quota", "court_case"]').replace(
        "2099-01-01\n[[grants]]", '2090-01-01\nblocks = ["licence"]\nper_day = 2\n[[grants]]'
    )
    (tmp_path / "a-co.toml").write_text(less)
    narrow = [{"purpose": "fuel_quota", "until": "2090-01-01", "blocks": ["licence"], "per_day": 2}]
    now = register.current(own_register, then, ASK.name)
    assert now["grants"] == narrow
    (tmp_path / "a-co.toml").write_text(WHOLE)
    assert register.current(own_register, now, ASK.name)["grants"] == narrow


def test_what_was_asked_from_elsewhere_does_not_hold_by_a_grant_for_networks(
    own_register, tmp_path
):
    then = told_of(own_register, ASK)
    day = "until = 2099-01-01\n[[grants]]"
    assert day in WHOLE
    bound = WHOLE.replace(day, 'networks = ["10.1.0.0/16"]\n' + day)
    (tmp_path / "a-co.toml").write_text(bound)
    with pytest.raises(Forbidden) as refused:
        register.current(own_register, then, ASK.name)
    assert refused.value.code == "contract.grant_revoked"
    inside = told_of(own_register, ASK)
    assert register.current(own_register, inside, ASK.name) == inside


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
def test_a_broken_file_leaves_the_register_as_it_was(own_register, tmp_path, text):
    path = tmp_path / "b.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert own_register.key("a-1") is not None
    assert own_register.owner("a-1").requests == 3
    path.unlink()
    (tmp_path / "a-co.toml").write_text(WHOLE.replace("requests = 3", "requests = 4"))
    own_register.key("a-1")
    assert own_register.owner("a-1").requests == 4


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_no_face_begins_with_a_broken_file(tmp_path, text):
    (tmp_path / "a-co.toml").write_text(WHOLE)
    (tmp_path / "b.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match="AGENCIES_DIR"):
        Register(tmp_path)


def test_a_file_that_goes_while_it_is_looked_at_does_no_harm(own_register, tmp_path):
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    assert own_register.key("a-1") is not None


def test_a_bucket_is_emptied_and_fills_again(own_register, monkeypatch):
    limits, agency, now = RateLimits(), own_register.owner("a-1"), [1000.0]
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


def test_each_of_two_faces_gives_half_of_the_rate_and_one_at_least(own_register, monkeypatch):
    agency, now = own_register.owner("a-1"), [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def count_of(limits):
        for count in range(10):
            try:
                limits.take(agency)
            except TooMany:
                return count
        raise AssertionError("no rate holds")

    shares = [RateLimits(2), RateLimits(2)]
    assert sum(map(count_of, shares)) <= 3
    now[0] += 60.0
    assert sum(map(count_of, shares)) <= 3
    assert count_of(RateLimits(100)) == 1


# --- signed copies ---

REGISTER = SigningKey.new("register-1")
OF_A = tomllib.loads(WHOLE)


def sealed(document, version, key=REGISTER, **header):
    """A copy as the register signs it."""
    head = {"typ": "mirab-register+jws", "alg": "EdDSA", "kid": key.keyid, **header}
    parts = (head, {**document, "version": version})
    reply = ".".join(
        base64.urlsafe_b64encode(json.dumps(part, default=str).encode()).rstrip(b"=").decode()
        for part in parts
    )
    return f"{reply}.{base64.urlsafe_b64encode(key.sign(reply.encode())).rstrip(b'=').decode()}"


@pytest.fixture
def copies(tmp_path):
    (tmp_path / "a-co.jws").write_text(sealed(OF_A, 5))
    return Register(tmp_path, REGISTER.public)


def limit(copies, code="a-co"):
    copies.look_now()
    result = copies.agency(code)
    return result.requests if result else None


def test_a_register_of_copies_may_begin_empty_and_reads_no_file_of_hand(tmp_path):
    (tmp_path / "a-co.toml").write_text(WHOLE)
    expected = Register(tmp_path, REGISTER.public)
    assert expected.agencies() == []
    (tmp_path / "a-co.jws").write_text(sealed(OF_A, 1))
    assert limit(expected) == 3
    (tmp_path / "a-co.jws").unlink()
    assert limit(expected) is None


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
        parse_agency({"code": "a-co", "name": "A", **wrong})
    assert str(refused.value).startswith(f"{path}: "), refused.value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
TABLES = st.lists(
    st.dictionaries(
        st.sampled_from(
            [
                "contract",
                "purposes",
                "until",
                "basis",
                "blocks",
                "per_day",
                "networks",
                "to",
                "id",
                "public_key",
                "jwk",
                "sha256",
            ]
        ),
        JSON | st.sampled_from(["2099-01-01", "10.0.0.0/8", "inquiry.*", PUBLIC, ["10.0.0.0/8"]]),
    ),
    max_size=3,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "code",
                "name",
                "limits",
                "keys",
                "certificates",
                "grants",
                "delegations",
                "amqp",
                "events",
            ]
        ),
        JSON | TABLES,
    )
)
def test_any_document_is_an_agency_or_is_refused_by_the_path_of_a_field(document):
    reply = {"code": "a-co", "name": "A", **document}
    wrong = None
    try:
        agency, credentials = parse_agency(reply)
    except ValueError as error:
        wrong = str(error)
    if wrong is not None:
        assert re.split("[.:]", wrong)[0] in reply
    else:
        assert agency.code == reply["code"]
        assert {entry.agency for entry in credentials} <= {agency.code}
