"""What the canonical pattern reads and writes is what http_sf reads and writes, or nothing."""

import base64
import math

import http_sf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bus.errors import SignatureError
from bus.signatures import canonical, signature_base
from bus.signatures.keys import SigningKey
from bus.signatures.signing import HttpMessage, sign_request, sign_response

SIGNATURE = base64.b64encode(bytes(range(64))).decode()
PARAMS = (
    '("@method" "@target-uri" "content-digest" "content-type");created=1795000000;expires='
    '1795000300;nonce="q9_-AbCdEfGhIjKlMnOpQrSt";keyid="fuel-co-2026";alg="ed25519";tag="mirab"'
)
ANSWER = (
    '("@status" "content-type" "@method";req "signature";req);created=1;keyid="m";'
    'alg="ed25519";tag="mirab"'
)
HEADERS = (f"mirab={PARAMS}", f"s={ANSWER}", 's=();tag="mirab"', f'a=("x"), b={PARAMS}')
# What means something in a structured field, what nearly does, and what may stand nowhere.
PIECES = [
    *'";=,()*:?@\\ \t0-9aZ_.~/{}[]<>%#\x00\x7fé٣۴',
    "  ",
    '\\"',
    "\\\\",
    ";req",
    "=?1",
    ";a",
    "00",
    "-0",
    "-1",
    "1.5",
    ";created=1",
    ';tag="mirab"',
    ' "x"',
    ' "@method"',
    "9" * 15,
    "9" * 16,
    ";A=1",
    "\n",
    "\r\n",
]


@st.composite
def mutated(draw, headers):
    text = draw(st.sampled_from(headers))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from((0, 0, 1, 1, 2, 5)))
        text = text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + gone :]
    return text


def read_by_library(message):
    parsed = signature_base._by_library(message, "mirab")
    params = http_sf.ser({"s": (parsed.components, parsed.parameters)}).removeprefix("s=")
    return parsed.label, parsed.components, parsed.parameters, parsed.signature, params


@settings(max_examples=1000)
@given(mutated(HEADERS), mutated([f"mirab=:{SIGNATURE}:", f"s=:{SIGNATURE}:"]))
@example(f"mirab={PARAMS}", f"mirab=:{SIGNATURE[:-3]}+==:")  # loose bits at the end of base64
def test_what_the_pattern_reads_the_library_reads_alike(header, signature):
    message = HttpMessage({"signature-input": header, "signature": signature}, "POST", "https://x/")
    parsed = signature_base._canonical(message, "mirab")
    if parsed is not None:
        read = (parsed.label, parsed.components, parsed.parameters, parsed.signature, parsed.params)
        by_library = read_by_library(message)
        assert read == by_library
        assert [*map(type, parsed.parameters.values())] == [*map(type, by_library[2].values())]


@pytest.mark.parametrize(
    "other",
    [
        PARAMS.replace("created=1795000000", "created=01795000000"),
        PARAMS.replace("created=1795000000", "created=-0"),
        PARAMS.replace("created=1795000000", "created=1795000000.0"),
        PARAMS.replace("created=1795000000", f"created={'9' * 16}"),
        PARAMS.replace('" "', '"  "', 1),
        PARAMS.replace(";created", "; created"),
        PARAMS.replace("fuel-co", "fuel\\\\co"),
        PARAMS.replace('"content-type")', '"content-type";sf)'),
        PARAMS.replace('"content-type")', '"content-type";req=?1)'),
        PARAMS.replace('"content-type")', '"content-type";req;req)'),
        PARAMS + ";created=1",
        PARAMS + ";flag",
        PARAMS + ";token=a",
        PARAMS + " ",
        PARAMS + "\n",
        PARAMS.replace("mirab", "mir\u0661b"),
    ],
)
def test_what_is_not_canonical_is_left_to_the_library(other):
    assert canonical.read_input(f"mirab={PARAMS}") is not None
    assert canonical.read_input(f"mirab={other}") is None


@pytest.mark.parametrize("label", ["other", "mirab2"])
def test_a_signature_of_another_label_is_none_of_this_input(label):
    headers = {"signature-input": f"mirab={PARAMS}", "signature": f"{label}=:{SIGNATURE}:"}
    with pytest.raises(SignatureError) as refused:
        signature_base.find_signature(HttpMessage(headers, "POST", "https://x/"), "mirab")
    assert refused.value.code == "signature.malformed"


def test_our_own_signatures_are_canonical():
    key = SigningKey.new("fuel-co-2026")
    sent = {"Content-Type": "application/json", "Idempotency-Key": '"0123456789abcdef"'}
    sent |= sign_request(key, "POST", "https://x/v1", sent, b"{}")
    request = HttpMessage(
        {name.lower(): value for name, value in sent.items()}, "POST", "https://x/v1"
    )
    answer = {"content-type": "application/json", "content-digest": sent["Content-Digest"]}
    for headers in (sent, sign_response(key, 200, answer, request)):
        assert canonical.read_input(headers["Signature-Input"]) is not None
        assert canonical.read_signature(headers["Signature"]) is not None


NAMES = st.text('abz-@ "\\;é\x00', max_size=4)
KEYS = st.text("abz0-_.*A", max_size=4)
VALUES = st.one_of(
    st.integers(-(10**16), 10**16),
    st.text('ab "\\é\x7f', max_size=5),
    st.booleans(),
    st.binary(max_size=3),
    st.just(1.5),
    st.just(math.nan),
)
OPTIONS = st.sampled_from([{}, {"req": True}, {"sf": True}, {"req": True, "sf": True}, {"req": 1}])


@settings(max_examples=1000)
@given(st.lists(st.tuples(NAMES, OPTIONS), max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_what_the_canonical_form_writes_the_library_writes_alike(components, parameters):
    written = canonical.write_params(components, parameters)
    if written is not None:
        assert f"s={written}" == http_sf.ser({"s": (components, parameters)})
