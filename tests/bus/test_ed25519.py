"""Ed25519 at its edges: libsodium, by which we sign and verify, beside cryptography (OpenSSL).

The two differ over one thing only, a commitment of small order, which we refuse in any case
(docs/decisions/0057).
"""

import hashlib
from itertools import product
from typing import NamedTuple

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from bus.signatures import key_strength as curve
from bus.signatures.key_strength import ORDER, P, WeakKey
from bus.signatures.keys import PublicKey, SigningKey

# RFC 8032, 7.1: secret, public, message, signature.
RFC_8032 = {
    "1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
        "11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
        "dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
        "ebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
        "e0303dca179c138ac17ad9bef1177331a704",
    ),
}
BASE = curve._point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
EIGHTH = curve._point(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
)
SECRET, NONCE = 2**200 + 12345, 2**150 + 6789


class Case(NamedTuple):
    """A vector of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko; 2020), section 5."""

    message: str
    key: str
    signature: str
    by_cryptography: bool
    by_libsodium: bool


_SMALL = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
_MIXED = "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d"
CASES = (
    Case(
        "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
        _SMALL,
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
        "0000000000000000000000000000000000000000000000000000000000000000",
        True,
        False,
    ),
    Case(
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        _SMALL,
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        True,
        False,
    ),
    Case(
        "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
        "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
        True,
        False,
    ),
    Case(
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        _MIXED,
        "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
        "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
        True,
        True,
    ),
    Case(
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        _MIXED,
        "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
        "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
        False,
        False,
    ),
    Case(
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        _MIXED,
        "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
        "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
        False,
        False,
    ),
    Case(
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
        "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
        False,
        False,
    ),
    Case(
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
        "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
        False,
        False,
    ),
    Case(
        "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
        False,
        False,
    ),
    Case(
        "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
        False,
        False,
    ),
    Case(
        "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        False,
        False,
    ),
    Case(
        "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        True,
        False,
    ),
)


def by_cryptography(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def by_libsodium(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True


def by_us(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        return PublicKey(key).verify(signature, message)
    except WeakKey:
        return False


def raw(point: curve.Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def forged(key: bytes, commitment: bytes, nonce: int, message: bytes) -> bytes:
    """The signature that the owner of SECRET can make with any commitment."""
    challenge = int.from_bytes(hashlib.sha512(commitment + key + message).digest(), "little")
    return commitment + ((nonce + challenge * SECRET) % ORDER).to_bytes(32, "little")


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"), RFC_8032.values(), ids=RFC_8032
)
def test_the_vectors_of_rfc_8032_come_out(secret, public, message, signature):
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)), "")
    text, made = bytes.fromhex(message), bytes.fromhex(signature)
    assert key.public.raw.hex() == public
    assert key.sign(text) == made
    assert key.public.verify(made, text)
    assert not key.public.verify(made, text + b"x")
    assert not key.public.verify(made[:63] + bytes([made[63] ^ 0x20]), text)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_of_the_published_edge_cases_we_take_none(case):
    key, signature, message = (bytes.fromhex(t) for t in (case.key, case.signature, case.message))
    assert by_cryptography(key, signature, message) is case.by_cryptography
    assert by_libsodium(key, signature, message) is case.by_libsodium
    assert not by_us(key, signature, message)


@pytest.mark.parametrize(("of_key", "of_commitment"), [*product(range(8), range(8))])
def test_both_judge_alike_whatever_of_small_order_is_added(of_key, of_commitment):
    key = raw(curve._plus(curve._times(SECRET, BASE), curve._times(of_key, EIGHTH)))
    commitment = raw(curve._plus(curve._times(NONCE, BASE), curve._times(of_commitment, EIGHTH)))
    signature = forged(key, commitment, NONCE, b"told")
    assert by_libsodium(key, signature, b"told") == by_cryptography(key, signature, b"told")
    assert by_us(key, signature, b"told") == (of_key == of_commitment == 0)


@pytest.mark.parametrize("of_commitment", range(8))
def test_a_commitment_of_small_order_is_where_they_differ_and_we_refuse_it(of_commitment):
    key = raw(curve._times(SECRET, BASE))
    signature = forged(key, raw(curve._times(of_commitment, EIGHTH)), 0, b"told")
    assert by_cryptography(key, signature, b"told") == (of_commitment == 0)
    assert not by_libsodium(key, signature, b"told")
    assert not by_us(key, signature, b"told")


@pytest.mark.parametrize("times", range(1, 9))
def test_a_signature_has_one_form(times):
    key = raw(curve._times(SECRET, BASE))
    signature = forged(key, raw(curve._times(NONCE, BASE)), NONCE, b"told")
    assert by_us(key, signature, b"told")
    larger = (int.from_bytes(signature[32:], "little") + times * ORDER).to_bytes(32, "little")
    for verified in (by_cryptography, by_libsodium, by_us):
        assert not verified(key, signature[:32] + larger, b"told")


@pytest.mark.parametrize("length", [0, 31, 32, 63, 65, 128])
def test_a_signature_of_another_length_borrows_nothing_from_what_is_signed(length):
    key = SigningKey.new("")
    whole = key.sign(b"told") + b"told"
    assert not key.public.verify(whole[:length], whole[length:])
    assert key.public.verify(whole[:64], whole[64:])


@given(st.binary(max_size=300), st.binary(max_size=2), st.integers(0, 63), st.integers(0, 255))
def test_what_one_signs_the_other_verifies_and_a_change_none(message, more, at, by):
    key = SigningKey.new("")
    signature = key.sign(message)
    changed = bytearray(signature)
    changed[at] ^= by
    for verified in (by_cryptography, by_libsodium, by_us):
        assert verified(key.public.raw, signature, message)
        assert verified(key.public.raw, bytes(changed), message + more) == (not by and not more)
