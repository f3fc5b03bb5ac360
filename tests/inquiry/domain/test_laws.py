"""The laws by which we answer stand on one page, each with what it is used for."""

import tomllib

import pytest

from contracts.inquiry.laws import LAWS
from gateway.texts.files import FILES
from services.inquiry.domain import law, law_uses
from services.inquiry.domain.purposes import OWN, PURPOSES
from services.inquiry.domain.status import LABELS
from tests.inquiry.in_process import InProcessInquiry
from tests.processes import ROOT

# Clause 3 of the agreement names these four.
OF_THE_AGREEMENT = (
    "قانون توزیع عادلانه آب",
    "قانون تعیین تکلیف چاه‌های فاقد پروانه",
    "دستورالعمل اجرایی قانون تعیین تکلیف چاه‌های فاقد پروانه",
    "آیین‌نامه اجرایی فصل دوم قانون توزیع عادلانه آب",
)


def test_l15_every_law_of_the_agreement_is_named_with_its_use(inquiry_db, tmp_path):
    inquiry = InProcessInquiry(inquiry_db, tmp_path)
    reply = inquiry.call(LAWS, caller={"face": "public"})
    assert LAWS.reply_schema.validate(reply) == {}
    acts = {act["title_fa"]: act for act in reply["acts"]}
    inquiry.service.store.engine.dispose()
    for title in OF_THE_AGREEMENT:
        assert acts[title]["articles"]
    directive = acts[OF_THE_AGREEMENT[2]]["articles"][0]
    assert (directive["code"], directive["article"]) == ("ULW-DIR", "")
    assert "وزارت نیرو ابلاغ کرده" in directive["gist_fa"]
    for act in acts.values():
        assert all(article["used_for_fa"] and article["used_for_en"] for article in act["articles"])


def test_l15_whatever_is_cited_stands_on_the_page():
    assert set(law_uses.USES) == set(law.LAW)
    cited = {code for purpose in (OWN, *PURPOSES.values()) for code in purpose.legal_basis}
    book = tomllib.loads((ROOT / "deploy/billing/book.toml").read_text(encoding="utf-8"))
    cited |= {service["law"] for service in book["services"]}
    assert cited <= set(law.LAW)


@pytest.mark.parametrize("code", LABELS)
def test_l14_every_status_is_explained_to_people(code):
    assert all(str(file.texts[f"means_{code}"]).endswith(".") for file in FILES.values())


@pytest.mark.parametrize(
    "flag", ["IN_DISPUTE", "UNDER_REVIEW", "OPEN_VIOLATION", "NEWER_DATA_UNREAD"]
)
def test_l14_every_flag_is_explained_to_people(flag):
    assert all(file.texts[f"flag_{flag}"] for file in FILES.values())
