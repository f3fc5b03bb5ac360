"""Answers as SD-JWTs: of agencies, bound to their keys if they wish, and of persons."""

import datetime as dt
import subprocess

import pytest

from bus.settings import Settings
from bus.signatures import sd_jwt
from bus.signatures.keys import SigningKey
from bus.signatures.sd_jwt import Audience, SdJwt
from contracts.billing import bills as billing
from contracts.inquiry import attestations as contracts
from iran import persian
from tests.inquiry.in_process import CALLER
from tests.inquiry.own_inquiries.test_own_inquiries import SECRET, Own
from tests.processes import ROOT

PORTAL = "https://mirab.example.ir"
HOLDER = SigningKey.new("fuel-co-demo")
REGISTER = """
code = "{code}"
name = "{code}"

[limits]
requests = 60
seconds = 60

[[keys]]
id = "{keyid}"
public_key = "{public}"
until = {until}

[[grants]]
contract = "inquiry.*"
purposes = ["fuel_quota"]
until = 2099-12-31
"""


class Attested(Own):
    """The service with a signing key and a register."""

    def __init__(self, db, folder):
        super().__init__(db, folder)
        pem = folder / "signing.pem"
        subprocess.run(
            ["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True, cwd=ROOT
        )
        self.signing = SigningKey.load(pem, "mirab-1405")
        agencies = folder / "agencies"
        agencies.mkdir()
        for code, keyid, key, until in (
            ("fuel-co", "fuel-co-demo", HOLDER, "2099-12-31"),
            ("justice", "justice-demo", SigningKey.new("j"), "2099-12-31"),
        ):
            text = REGISTER.format(code=code, keyid=keyid, public=key.public.base64(), until=until)
            (agencies / f"{code}.toml").write_text(text)
        self.service.settings = Settings(
            {
                "INQUIRY_LOG_KEY": "k",
                "IMPORT_DIR": str(folder),
                "SIGNING_KEY_FILE": str(pem),
                "SIGNING_KEY_ID": "mirab-1405",
                "PORTAL_URL": PORTAL + "/",
                "AGENCIES_DIR": str(agencies),
            }
        )

    def attest(self, tracking_code, **more):
        return self.call(contracts.ATTEST, tracking_code=tracking_code, **more)

    def attest_own(self, code, secret=SECRET, **more):
        caller = {"face": "public"}
        return self.call(contracts.ATTEST_OWN, caller=caller, code=code, secret=secret, **more)

    def answered(self):
        """The code of an own inquiry that is answered."""
        code = self.ask_own()["code"]
        self.hear(billing.BILL_PAID, source_ref=code, state="PAID", version=2)
        return code

    def keys(self):
        reply = self.call(contracts.ATTESTATION_KEYS, caller={"face": "public"})
        return sd_jwt.keys_of_jwks(reply)

    def shown(self, text, **more):
        now = self.moment.timestamp()
        return SdJwt.parse(text).verify(contracts.KIND, self.keys(), now=now, **more)


@pytest.fixture
def inquiry(demo_db, tmp_path):
    made = Attested(demo_db, tmp_path)
    yield made
    made.service.store.engine.dispose()


def test_an_agency_shows_that_a_licence_held_on_a_day_and_nothing_else(inquiry):
    answer = inquiry.ask(key=inquiry.key)
    (source,) = [row for row in answer["sources"] if row["file_no"] == inquiry.file_no]
    reply = inquiry.attest(answer["tracking_code"], file_no=inquiry.file_no)
    assert {"day", "status.code", "status.group", "searched.key", "file_no"} <= {*reply["fields"]}
    shown = inquiry.shown(SdJwt.parse(reply["sd_jwt"]).present(["day", "status.group"]))
    assert shown.fields.keys() == {"day", "status.group"}
    assert shown.fields["status.group"] == source["status"]["group"]
    assert (shown.issuer, shown.keyid, shown.hidden) == (PORTAL, "mirab-1405", True)
    issued = dt.datetime.fromtimestamp(shown.issued, persian.TEHRAN)
    assert issued.time() == dt.time(), "presentations of a day are not told apart by their time"
    assert dt.timedelta(0) <= inquiry.moment - issued < dt.timedelta(hours=25)


def test_all_fields_of_the_answer_about_the_source_can_be_shown(inquiry):
    answer = inquiry.ask(key=inquiry.key)
    (source,) = [row for row in answer["sources"] if row["file_no"] == inquiry.file_no]
    reply = inquiry.attest(answer["tracking_code"], file_no=inquiry.file_no)
    fields = inquiry.shown(reply["sd_jwt"]).fields
    assert fields.keys() == {*reply["fields"]}
    assert fields["status.code"] == source["status"]["code"]
    assert fields["searched.key"] == inquiry.key
    others = [row["file_no"] for row in answer["sources"] if row["file_no"] != inquiry.file_no]
    assert not any(file_no in str(fields) for file_no in others)


def test_an_attestation_of_another_agency_s_answer_is_not_to_be_had(inquiry):
    answer = inquiry.ask(key=inquiry.key)
    other = {**CALLER, "agency": "justice"}
    assert inquiry.attest(answer["tracking_code"], caller=other)["code"] == "answer.not_found"
    assert inquiry.attest("Q-2222-2222-2222")["code"] == "answer.not_found"


def test_a_presentation_is_bound_to_the_agency_s_own_key_if_it_wishes(inquiry):
    answer = inquiry.ask(key=inquiry.key)
    request = {"file_no": inquiry.file_no, "holder_key": "fuel-co-demo"}
    reply = inquiry.attest(answer["tracking_code"], **request)
    audience, now = Audience("agri-bank", "n-1"), inquiry.moment.timestamp()
    bound = SdJwt.parse(reply["sd_jwt"]).present(["day"], key=HOLDER, audience=audience, at=now)
    shown = inquiry.shown(bound, audience=audience)
    assert shown.binding is not None
    assert shown.binding.audience == "agri-bank"


@pytest.mark.parametrize("keyid", ["justice-demo", "nobody"])
def test_the_key_of_another_agency_is_not_bound(inquiry, keyid):
    answer = inquiry.ask(key=inquiry.key)
    request = {"file_no": inquiry.file_no, "holder_key": keyid}
    reply = inquiry.attest(answer["tracking_code"], **request)
    assert reply["code"] == "attestation.holder_key"
    assert [fault["field"] for fault in reply["fields"]] == ["holder_key"]


def test_a_source_that_the_answer_lacks_is_named(inquiry):
    answer = inquiry.ask(key=inquiry.key)
    reply = inquiry.attest(answer["tracking_code"], file_no="1/1")
    assert reply["code"] == "attestation.source"


def test_an_answer_without_a_source_is_attested_too(inquiry):
    answer = inquiry.ask()
    fields = inquiry.shown(inquiry.attest(answer["tracking_code"])["sd_jwt"]).fields
    assert (answer["outcome"], fields["outcome"]) == ("NOT_FOUND", "NOT_FOUND")


def test_a_person_gets_the_answer_that_was_paid_for(inquiry):
    code = inquiry.answered()
    reply = inquiry.attest_own(code)
    shown = inquiry.shown(SdJwt.parse(reply["sd_jwt"]).present(["day", "status.code"]))
    assert shown.fields.keys() == {"day", "status.code"}


def test_a_person_gets_a_short_proof_of_chosen_fields_alone(inquiry):
    code = inquiry.answered()
    reply = inquiry.attest_own(code, fields=["day", "status.group"])
    shown = inquiry.shown(reply["sd_jwt"])
    assert (shown.fields.keys(), shown.hidden) == ({"day", "status.group"}, False)
    again = inquiry.attest_own(code, fields=["day", "status.group"])
    assert again["sd_jwt"] == reply["sd_jwt"]


def test_only_the_secret_opens_an_attestation(inquiry):
    code = inquiry.answered()
    assert inquiry.attest_own(code, secret="9" * 20)["code"] == "own.not_opened"
    unpaid = inquiry.ask_own()["code"]
    assert inquiry.attest_own(unpaid)["code"] == "answer.not_found"


def test_without_a_signing_key_nothing_is_attested(inquiry):
    settings = {"INQUIRY_LOG_KEY": "k", "IMPORT_DIR": "/"}
    code = inquiry.answered()
    inquiry.service.settings = Settings(settings)
    assert inquiry.attest_own(code)["code"] == "attestation.no_key"
    inquiry.service.settings = Settings({**settings, "SIGNING_KEY_FILE": "/lost.pem"})
    assert inquiry.attest_own(code)["code"] == "secret.unavailable"
