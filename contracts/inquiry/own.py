"""What people ask of the inquiry context about their own source; its owner is services/inquiry."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Text
from bus.messages.kinds import Request
from bus.messages.message import Meta, Wire, canonical, message
from bus.messages.values import Block, Instant
from contracts.inquiry.answer import Answer
from contracts.inquiry.keys import canonical_key
from contracts.notify.messages import LANGUAGES
from iran import identifiers
from iran.identifiers import Malformed
from iran.persian import fold_code
from people import tracking

PERSON_KEYS = ("national_id", "legal_id", "foreigner_id")
OWN_STATES = ("CHARGING", "UNPAID", "ANSWERED", "ENDED")


@message
class AskOwn:
    """A person asks about an own source: by the own ID and the number of the file."""

    key_kind: Annotated[str, Choice(PERSON_KEYS)] = "national_id"
    key: Annotated[str, Text(20, fold=fold_code, personal=True), Meta(example="9900000013")]
    file_no: Annotated[str, Text(40, fold=fold_code)]
    declared: Annotated[bool, "That it is the own ID (clause 4 of the agreement)"]
    secret: Annotated[str, Text(60, personal=True), "Set by the gateway; 20 digits"]
    mobile: Annotated[
        str | None,
        Checked(40, identifiers.mobile, personal=True),
        "Told when the bill is due and when it is answered; not kept on",
    ] = None
    language: Annotated[str, Choice(LANGUAGES), "Of what is told the mobile"] = "fa"

    @staticmethod
    @canonical
    def _canonical_keys(data: Wire) -> None:
        if not data["declared"]:
            raise ValidationError("declaration|Declare that this is your own ID.", "declared")
        for name, kind in (("key", data["key_kind"]), ("file_no", "file_no")):
            try:
                data[name] = canonical_key(kind, data[name])
            except Malformed as error:
                raise ValidationError(f"{error.code}|{error}", name) from None


@message(name="OwnAsked")
class OwnReceipt:
    code: Annotated[str, Text(10)]


@message(name="Proof")
class OwnProof:
    """The code and the secret that were shown when it was asked."""

    code: Annotated[str, Checked(40, tracking.parse)]
    secret: Annotated[str, Checked(60, tracking.parse_proof, personal=True)]


@message
class OwnInquiry:
    """How an own inquiry stands; the answer when its fee is paid."""

    code: Annotated[str, Text(10)]
    state: Annotated[str, Choice(OWN_STATES)]
    file_no: Annotated[str, Text(40)]
    asked_at: Instant
    bill: Block | None
    answer: Answer | None


ASK_OWN = Request(
    "inquiry.ask_own.v1",
    AskOwn,
    "A person asks about an own source; it is answered when its fee is paid.",
    reply=OwnReceipt,
    agency=False,
)
READ_OWN = Request(
    "inquiry.read_own.v1",
    OwnProof,
    "How an own inquiry stands, and its answer.",
    reply=OwnInquiry,
    effect=False,
    agency=False,
)
