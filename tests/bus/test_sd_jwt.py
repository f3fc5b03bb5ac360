"""SD-JWTs: what is shown is proven, and whatever is not ours is refused, with a reason."""

import base64
import json

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from bus.errors import SignatureError
from bus.signatures.keys import PublicKey, SigningKey, base64url
from bus.signatures.sd_jwt import BINDING_LIFE, Audience, IssuerKey, SdJwt, issue

KIND, NOW = "mirab-answer+sd-jwt", 1_796_000_000.0
OURS, OTHER, HOLDER = (SigningKey.new(name) for name in ("mirab-1405", "other", "holder"))
KEYS = {OURS.keyid: IssuerKey(OURS.public)}
CLAIMS = {"iss": "https://mirab.example.ir", "iat": int(NOW)}
FIELDS = {"day": "2026-11-29", "status.group": "IN_FORCE", "holder.name": "سارا", "debt": None}
AUDIENCE = Audience("agri-bank", "n-1")
WHOLE = issue(OURS, KIND, CLAIMS, FIELDS)
BOUND = issue(OURS, KIND, CLAIMS, FIELDS, HOLDER.public)


def verify(text, *, now=NOW, keys=KEYS, **more):
    return SdJwt.parse(text).verify(KIND, keys, now=now, **more)


def fault(text, **more):
    with pytest.raises(SignatureError) as refused:
        verify(text, **more)
    assert refused.value.message.endswith(".")
    return refused.value.code.removeprefix("sd_jwt.")


def signed(claims, *disclosures, header=None, key=OURS):
    """A text of these very claims, as somebody could sign who has the key."""
    header = {"typ": KIND, "alg": "EdDSA", "kid": OURS.keyid} | (header or {})
    body = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return "~".join([f"{body}.{base64url(key.sign(body.encode()))}", *disclosures, ""])


def disclosure(*parts):
    return base64url(json.dumps(parts).encode())


def test_a_holder_shows_some_fields_and_hides_the_others():
    shown = verify(SdJwt.parse(WHOLE).present(["day", "status.group"]))
    assert shown.fields == {"day": "2026-11-29", "status.group": "IN_FORCE"}
    assert (shown.issuer, shown.hidden, shown.binding) == (CLAIMS["iss"], True, None)
    assert verify(WHOLE).fields == FIELDS


def test_the_number_of_digests_does_not_tell_which_fields_there_are():
    few, many = (issue(OURS, KIND, CLAIMS, {f"f{n}": n for n in range(count)}) for count in (1, 16))
    counts = [len(json.loads(_payload(text))["_sd"]) for text in (few, many)]
    assert counts == [16, 16]
    assert "IN_FORCE" not in _payload(WHOLE)


def _payload(text):
    part = text.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def test_what_is_signed_openly_needs_no_digests():
    text = issue(OURS, KIND, {**CLAIMS, "day": "2026-11-29"}, {})
    assert (verify(text).fields, verify(text).hidden) == ({"day": "2026-11-29"}, False)


def test_a_field_that_is_not_there_cannot_be_shown():
    with pytest.raises(ValueError, match="There is no field colour"):
        SdJwt.parse(WHOLE).present(["day", "colour"])


@pytest.mark.parametrize("name", ["iss", "cnf", "_sd", "..."])
def test_a_reserved_name_is_no_field(name):
    with pytest.raises(ValueError, match="cannot be hidden"):
        issue(OURS, KIND, CLAIMS, {name: 1})


DAY = SdJwt.parse(WHOLE).present(["day"]).split("~")[1]
JWT = WHOLE.split("~", maxsplit=1)[0]
OTHERS_DAY = issue(OURS, KIND, CLAIMS, {"day": "2020-01-01"}).split("~")[1]
SALT = "c2FsdA"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unreadable"),
        ("a~", "unreadable"),
        (JWT, "unreadable"),
        (f"{JWT}.x~", "unreadable"),
        (f"{JWT}=~", "unreadable"),
        (f"{JWT}~{DAY}=~", "unreadable"),
        (f"{JWT}~{DAY} ~", "unreadable"),
        (f"{JWT}~~", "unreadable"),
        (f"{JWT}~{'a~' * 300}", "unreadable"),
        ("e" * 70_000 + "~", "unreadable"),
        (f"{JWT}~{disclosure(SALT, 'day')}~", "unreadable"),
        (f"{JWT}~{disclosure(SALT, '_sd', [])}~", "unreadable"),
        (f"{JWT}~{disclosure(SALT, 'a', {'_sd': ['x']})}~", "unreadable"),
        (f"{JWT}~{disclosure(SALT, 'a', [{'...': 'x'}])}~", "unreadable"),
        (f"{JWT}~{OTHERS_DAY}~", "field_added"),
        (f"{JWT}~{disclosure(SALT, 'status.group', 'IN_FORCE')}~", "field_added"),
        (f"{JWT}~{DAY}~{DAY}~", "field_added"),
        (issue(OTHER, KIND, CLAIMS, FIELDS), "key_unknown"),
        (signed(CLAIMS, key=OTHER), "forged"),
        (signed(CLAIMS, header={"alg": "none"}), "kind"),
        (signed(CLAIMS, header={"alg": "HS256"}), "kind"),
        (signed(CLAIMS, header={"typ": "at+jwt"}), "kind"),
        (signed(CLAIMS, header={"crit": ["b64"], "b64": False}), "kind"),
        (signed({**CLAIMS, "_sd_alg": "sha-1"}), "kind"),
        (signed({**CLAIMS, "_sd": ["x"]}), "unreadable"),
        (signed({**CLAIMS, "_sd": {}}), "unreadable"),
        (signed({**CLAIMS, "_sd": ["a" * 43] * 2}), "unreadable"),
        (signed({**CLAIMS, "place": {"_sd": ["a" * 43]}}), "unreadable"),
        (signed({"iss": "x"}), "unreadable"),
        (signed({"iat": 1}), "unreadable"),
        (signed({**CLAIMS, "iat": True}), "unreadable"),
        (signed({**CLAIMS, "iat": NOW + 3600}), "not_yet"),
        (signed({**CLAIMS, "nbf": NOW + 3600}), "not_yet"),
        (signed({**CLAIMS, "exp": NOW - 1}), "expired"),
        (signed([]), "unreadable"),
    ],
)
def test_what_is_not_ours_is_refused_with_a_reason(text, code):
    assert fault(text) == code


def test_a_changed_letter_anywhere_is_noticed():
    for at in range(0, len(WHOLE) - 1, 7):
        letter = "A" if WHOLE[at] != "A" else "B"
        changed = WHOLE[:at] + letter + WHOLE[at + 1 :]
        with pytest.raises(SignatureError):
            verify(changed)


def test_a_key_counts_until_its_end():
    ended = {OURS.keyid: IssuerKey(OURS.public, NOW - 10)}
    assert fault(WHOLE, keys=ended) == "key_ended"
    assert verify(WHOLE, keys={OURS.keyid: IssuerKey(OURS.public, NOW + 10)}).fields


# --- key binding ---


def present(names=("day",), *, at=NOW, key=HOLDER, audience=AUDIENCE, of=BOUND):
    return SdJwt.parse(of).present(names, key=key, audience=audience, at=at)


def test_a_presentation_is_bound_to_audience_and_nonce():
    shown = verify(present(), audience=AUDIENCE)
    assert (shown.binding.audience, shown.binding.nonce) == AUDIENCE
    assert shown.holder.raw == HOLDER.public.raw


@pytest.mark.parametrize(
    ("text", "more", "code"),
    [
        (SdJwt.parse(BOUND).present(["day"]), {"audience": AUDIENCE}, "not_bound"),
        (present(), {"audience": Audience("agri-bank", "n-2")}, "other_audience"),
        (present(), {"audience": Audience("other-bank", "n-1")}, "other_audience"),
        (present(), {"audience": AUDIENCE, "now": NOW + BINDING_LIFE + 1}, "binding_old"),
        (present(at=NOW + 3600), {}, "binding"),
        (present(key=OTHER), {}, "binding"),
        (present(of=WHOLE), {}, "binding"),
        (BOUND + present().rsplit("~", 1)[1], {}, "binding"),  # of fewer fields
        (f"{BOUND}{HOLDER.jws('at+jwt', {})}", {}, "kind"),
        (f"{BOUND}x", {}, "unreadable"),
    ],
)
def test_a_binding_of_another_is_refused(text, more, code):
    assert fault(text, **more) == code


# --- the library that wrote the draft, as the judge ---


def jwk_of(key):
    return JWK.from_json(json.dumps(key.public.jwk(key.keyid)))


def test_the_reference_library_reads_what_we_issue():
    verifier = SDJWTVerifier(WHOLE, lambda issuer, header: jwk_of(OURS))
    assert verifier.get_verified_payload() == {**CLAIMS, **FIELDS}
    holder = SDJWTHolder(WHOLE)
    holder.create_presentation({"status.group": True})
    assert verify(holder.sd_jwt_presentation).fields == {"status.group": "IN_FORCE"}


def test_we_read_what_the_reference_library_issues():
    key = JWK.generate(kty="OKP", crv="Ed25519")
    public = json.loads(key.export_public())
    claims = {**CLAIMS, SDObj("day"): "2026-11-29", SDObj("status.code"): "VALID"}
    extra = {"typ": KIND, "kid": "theirs"}
    issued = SDJWTIssuer(
        claims, key, sign_alg="EdDSA", add_decoy_claims=True, extra_header_parameters=extra
    ).sd_jwt_issuance
    shown = verify(issued, keys={"theirs": IssuerKey(PublicKey.from_jwk(public))})
    assert shown.fields == {"day": "2026-11-29", "status.code": "VALID"}


def test_the_reference_library_takes_what_we_refuse():
    """Why it does not read for us: docs/decisions/0088."""
    added = f"{JWT}~{disclosure(SALT, 'status.group', 'IN_FORCE')}~"
    assert SDJWTVerifier(added, lambda issuer, header: jwk_of(OURS)).get_verified_payload()
    assert fault(added) == "field_added"
    expired = signed({**CLAIMS, "exp": 1}, header={"typ": "at+jwt"})
    assert SDJWTVerifier(expired, lambda issuer, header: jwk_of(OURS)).get_verified_payload()
    assert fault(expired) == "kind"
