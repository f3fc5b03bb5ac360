"""Keys that prove nothing are refused wherever one is named, and who names a key has it."""

import base64
import hashlib
import math

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from bus.signatures import key_strength as curve
from bus.signatures.jwk import Unreadable, public_key
from bus.signatures.key_strength import ORDER, P, WeakKey, require_strong_ed25519
from bus.signatures.keys import PublicKey, SigningKey, base64url
from contracts.agencies import register as contracts
from tests.agencies.register.registrars import MOMENT, Hand, document, grant, new_jwk

IDENTITY = (1).to_bytes(32, "little")
NEUTRAL_WITH_SIGN = (1 | 1 << 255).to_bytes(32, "little")
ORDER_TWO = (P - 1).to_bytes(32, "little")
ORDER_FOUR = bytes(32)
ORDER_EIGHT = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
NOT_CANONICAL = (P + 3).to_bytes(32, "little")
NO_POINT = (2).to_bytes(32, "little")
WEAK_ED25519 = {
    "the neutral point": IDENTITY,
    "the neutral point with a sign": NEUTRAL_WITH_SIGN,
    "of order two": ORDER_TWO,
    "of order four": ORDER_FOUR,
    "of order eight": ORDER_EIGHT,
    "not canonical": NOT_CANONICAL,
    "the neutral point, not canonical": (P + 1).to_bytes(32, "little"),
    "no point of the curve": NO_POINT,
}
MODULUS = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(modulus=MODULUS, exponent=65537):
    return {"kty": "RSA", "n": number(modulus), "e": number(exponent)}


def okp_jwk(raw):
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}


def ec_jwk(x, y, size=32):
    x, y = (base64url(value.to_bytes(size, "big")) for value in (x, y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


SQUARE = math.isqrt(1 << 2047) | 1
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
WEAK_JWKS = {
    **{f"Ed25519: {name}": okp_jwk(raw) for name, raw in WEAK_ED25519.items()},
    "P-256: not on the curve": ec_jwk(GENERATOR[0], GENERATOR[1] + 1),
    "P-256: no point at all": ec_jwk(0, 0),
    "P-256: a coordinate too long": ec_jwk(*GENERATOR, size=33),
    "RSA: a short modulus": rsa_jwk((1 << 1023) + 1),
    "RSA: an even modulus": rsa_jwk(MODULUS + 1),
    "RSA: a small factor": rsa_jwk(65521 * ((1 << 2040) + 5) | 1 << 2047),
    "RSA: a square": rsa_jwk(SQUARE * SQUARE * 9),
    "RSA: one prime": rsa_jwk((1 << 2203) - 1),
    "RSA: the exponent 1": rsa_jwk(exponent=1),
    "RSA: the exponent 3": rsa_jwk(exponent=3),
    "RSA: an even exponent": rsa_jwk(exponent=65538),
}
GOOD_JWKS = {
    "P-256": ec_jwk(*GENERATOR),
    "RSA": rsa_jwk(),
    "Ed25519": SigningKey.new("").public.jwk(""),
}


@pytest.fixture
def sandbox(agencies_db, key_file):
    made = Hand(agencies_db, key_file, SANDBOX="1")
    yield made
    made.store.engine.dispose()


@pytest.mark.parametrize("jwk", GOOD_JWKS.values(), ids=GOOD_JWKS)
def test_s18_a_good_key_of_each_kind_is_taken_at_the_desk(register, jwk):
    keys = [{"id": "a-co-1", "jwk": jwk, "until": "2030-01-01"}]
    assert "id" in register.propose(document(keys=keys))


@pytest.mark.parametrize("jwk", WEAK_JWKS.values(), ids=WEAK_JWKS)
def test_s18_a_key_that_proves_nothing_is_refused_at_the_desk_at_rotation_and_in_the_sandbox(
    register, sandbox, jwk
):
    keys = [{"id": "a-co-1", "jwk": jwk, "until": "2030-01-01"}]
    refused = register.propose(document(keys=keys))
    assert [item["field"] for item in refused["fields"]] == ["document.keys.0.jwk"]
    version = register.put(document())
    new = {**jwk, "kid": "a-co-2", "until": "2027-01-01", "proof": "e30.e30.AAAA"}
    refused = register.call(contracts.ROTATE_KEYS, asker="a-co", keys=[new])
    assert refused["code"] == "field.wrong"
    assert refused["fields"][0]["field"].startswith("keys.0")
    assert register.version() == version
    refused = sandbox.call(contracts.REGISTER_SANDBOX, name="New", jwk=jwk)
    assert refused["code"] == "field.wrong"


@pytest.mark.parametrize("raw", WEAK_ED25519.values(), ids=WEAK_ED25519)
def test_s18_a_weak_ed25519_key_is_refused_in_each_form(register, raw):
    reply = base64.b64encode(raw).decode()
    keys = [{"id": "a-co-1", "public_key": reply, "until": "2030-01-01"}]
    assert register.propose(document(keys=keys))["code"] == "field.wrong"
    with pytest.raises(WeakKey):
        PublicKey(raw)


def test_s18_a_point_that_is_only_partly_of_small_order_is_refused():
    raw = SigningKey.new("").public.raw
    mixed = curve._plus(curve._point(raw), curve._point(ORDER_EIGHT))
    inverse = pow(mixed[2], -1, P)
    x, y = mixed[0] * inverse % P, mixed[1] * inverse % P
    require_strong_ed25519(raw)
    with pytest.raises(WeakKey):
        require_strong_ed25519((y | (x & 1) << 255).to_bytes(32, "little"))


def test_s18_a_signature_with_a_commitment_of_small_order_is_none():
    # By its owner: R is the neutral point, s = h * a; libraries take it.
    seed = bytes(range(32))
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    secret = int.from_bytes(digest, "little")
    challenge = hashlib.sha512(IDENTITY + public + b"told").digest()
    s = int.from_bytes(challenge, "little") * secret % ORDER
    signature = IDENTITY + s.to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"told")
    assert not PublicKey(public).verify(signature, b"told")


def test_s18_one_key_is_of_one_agency_however_it_is_written(register, sandbox):
    key = SigningKey.new("shared")
    register.put(
        document(keys=[{"id": "a-1", "public_key": key.public.base64(), "until": "2030-01-01"}])
    )
    jwk = {name: key.public.jwk("")[name] for name in ("kty", "crv", "x")}
    other = document("b-co", keys=[{"id": "b-1", "jwk": jwk, "until": "2030-01-01"}])
    refused = register.propose(other)
    assert [(f["field"], f["code"]) for f in refused["fields"]] == [
        ("document.keys.0.jwk", "taken")
    ]
    proof = key.proof("sandbox", MOMENT.timestamp())
    refused = sandbox.call(contracts.REGISTER_SANDBOX, name="New", jwk=jwk, proof=proof)
    assert refused["code"] == "field.wrong"
    register.put(document("b-co"))
    refused = register.call(
        contracts.ROTATE_KEYS, asker="b-co", keys=[new_jwk("b-co-2", key=key, of="b-co")]
    )
    assert refused["code"] == "field.wrong"
    twice = [{"id": id_, "jwk": jwk, "until": "2030-01-01"} for id_ in ("c-1", "c-2")]
    assert register.propose(document("c-co", keys=twice))["code"] == "field.wrong"


UNPROVEN = {
    "no proof": lambda key: None,
    "by another key": lambda key: SigningKey.new("k").proof("a-co", MOMENT.timestamp()),
    "for another agency": lambda key: key.proof("b-co", MOMENT.timestamp()),
    "of two hours ago": lambda key: key.proof("a-co", MOMENT.timestamp() - 7200),
    "of tomorrow": lambda key: key.proof("a-co", MOMENT.timestamp() + 86_400),
    "of another kind": lambda key: key.jws(
        "at+jwt", {"sub": "a-co", "jkt": key.public.thumbprint(), "iat": MOMENT.timestamp()}
    ),
    "of another thumbprint": lambda key: key.jws(
        "mirab-key-proof+jwt", {"sub": "a-co", "jkt": "x", "iat": int(MOMENT.timestamp())}
    ),
    "nonsense": lambda key: "a.b.c",
}


@pytest.mark.parametrize("prove", UNPROVEN.values(), ids=UNPROVEN)
def test_s18_a_new_key_that_nobody_proves_to_have_is_not_taken(register, sandbox, prove):
    version = register.put(document())
    key = SigningKey.new("a-co-2")
    reply = {**key.public.jwk("a-co-2"), "until": "2027-01-01"}
    proof = prove(key)
    reply |= {} if proof is None else {"proof": proof}
    refused = register.call(contracts.ROTATE_KEYS, asker="a-co", keys=[reply])
    assert [item["field"] for item in refused["fields"]] == ["keys.0.proof"]
    assert register.version() == version
    reply = {"name": "New", "public_key": key.public.base64()}
    reply |= {} if proof is None else {"proof": proof}
    refused = sandbox.call(contracts.REGISTER_SANDBOX, **reply)
    assert [item["field"] for item in refused["fields"]] == ["proof"]


def test_s18_a_key_that_stays_needs_no_proof_again(register):
    kept = SigningKey.new("a-co-1")
    entry = {"id": "a-co-1", "public_key": kept.public.base64(), "until": "2026-12-31"}
    register.put(document(keys=[entry], grants=[grant()]))
    keys = [{**kept.public.jwk("a-co-1"), "until": "2027-06-01"}]
    assert "keys" in register.call(contracts.ROTATE_KEYS, asker="a-co", keys=keys)


def test_s18_other_kinds_of_keys_prove_themselves_as_well(register):
    register.put(document())
    keys = []
    for made, alg in ((ECKey.generate_key("P-256"), "ES256"), (RSAKey.generate_key(2048), "PS256")):
        claims = {"sub": "a-co", "jkt": made.thumbprint(), "iat": int(MOMENT.timestamp())}
        header = {"typ": "mirab-key-proof+jwt", "alg": alg}
        proof = jws.serialize_compact(header, orjson.dumps(claims), made, algorithms=[alg])
        keys.append(
            {**made.as_dict(private=False), "kid": alg, "until": "2027-01-01", "proof": proof}
        )
    now = register.call(contracts.ROTATE_KEYS, asker="a-co", keys=keys)
    assert [key["id"] for key in now["keys"]] == ["ES256", "PS256"]


def test_s18_the_key_of_a_dpop_proof_is_judged_as_well():
    for jwk in WEAK_JWKS.values():
        with pytest.raises(Unreadable):
            public_key(jwk)
