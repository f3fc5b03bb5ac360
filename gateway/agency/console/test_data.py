"""What one can ask about in the sandbox: made-up people and wells."""

from typing import NamedTuple


class TestCase(NamedTuple):
    """A question that can be asked in the sandbox, and what its answer shows: the outcome, or the
    ``code`` of the refusal.
    """

    key_kind: str
    key: str
    purpose: str
    shows_fa: str
    shows_en: str
    code: str = ""


CASES = (
    TestCase(
        "national_id",
        "9905251782",
        "fuel_quota",
        "شخصی که پروانه چاه او منقضی شده است",
        "a person whose licence has expired",
    ),
    TestCase(
        "legal_id",
        "14661462585",
        "fuel_quota",
        "شرکتی با منبع بدون پروانه",
        "a company with a source without a licence",
    ),
    TestCase(
        "national_id",
        "9900000013",
        "fuel_quota",
        "کد ملی درستی که در دفتر نیست",
        "a valid national ID that the register does not have",
        "NOT_FOUND",
    ),
    TestCase(
        "national_id",
        "9905251783",
        "fuel_quota",
        "رقم کنترل نادرست",
        "a wrong check digit",
        "contract.broken",
    ),
    TestCase(
        "national_id",
        "9905251782",
        "court_case",
        "هدفی که مجوز آن را ندارید",
        "a purpose that you are not granted",
        "purpose.not_granted",
    ),
    TestCase(
        "parcel_no",
        "990/17",
        "land_transfer",
        "پلاک ثبتی، برای پرسش از سازمان ثبت",
        "a parcel, about which the land registry is asked",
        "inquiry.ask_parcel.v1",
    ),
)
