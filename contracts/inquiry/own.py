"""What people ask of the inquiry context about their own source; its owner is services/inquiry."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bus.fields import Block, Boolean, Checked, Choice, Instant, Text, canonical_key
from bus.kinds import Request
from contracts.inquiry.answer import Answer
from contracts.notify.messages import LANGUAGES
from iran import identifiers
from iran.identifiers import Malformed
from iran.persian import fold_code
from people import tracking

PERSON_KEYS = ("national_id", "legal_id", "foreigner_id")
OWN_STATES = ("CHARGING", "UNPAID", "ANSWERED", "ENDED")


class AskOwn(Schema):
    """A person asks about an own source: by the own ID and the number of the file."""

    key_kind = Choice(PERSON_KEYS, load_default="national_id")
    key = Text(20, fold=fold_code, required=True, personal=True, metadata={"example": "9900000013"})
    file_no = Text(40, fold=fold_code, required=True)
    declared = Boolean(
        required=True,
        metadata={"description": "That it is the own ID (clause 4 of the agreement)"},
    )
    secret = Text(
        60, required=True, personal=True, metadata={"description": "Set by the gateway; 20 digits"}
    )
    mobile = Checked(
        40, identifiers.mobile, load_default=None, allow_none=True, personal=True,
        metadata={"description": "Told when the bill is due and when it is answered; not kept on"},
    )  # fmt: skip
    language = Choice(
        LANGUAGES, load_default="fa", metadata={"description": "Of what is told the mobile"}
    )

    @validates_schema(skip_on_field_errors=True)
    def _canonical(self, data: dict[str, Any], **_: Any) -> None:
        if not data["declared"]:
            raise ValidationError("declaration|Declare that this is your own ID.", "declared")
        for name, kind in (("key", data["key_kind"]), ("file_no", "file_no")):
            try:
                data[name] = canonical_key(kind, data[name])
            except Malformed as error:
                raise ValidationError(f"{error.code}|{error}", name) from None


class Asked(Schema):
    code = Text(10, required=True)


class Proof(Schema):
    """The code and the secret that were shown when it was asked."""

    code = Checked(40, tracking.parse, required=True)
    secret = Checked(60, tracking.parse_proof, required=True, personal=True)


class OwnInquiry(Schema):
    """How an own inquiry stands; the answer when its fee is paid."""

    code = Text(10, required=True)
    state = Choice(OWN_STATES, required=True)
    file_no = Text(40, required=True)
    asked_at = Instant(required=True)
    bill = Block(required=True, allow_none=True)
    answer = fields.Nested(Answer, required=True, allow_none=True)


ASK_OWN = Request(
    "inquiry.ask_own.v1",
    AskOwn(),
    "A person asks about an own source; it is answered when its fee is paid.",
    reply=Asked(),
    agency=False,
)
READ_OWN = Request(
    "inquiry.read_own.v1",
    Proof(),
    "How an own inquiry stands, and its answer.",
    reply=OwnInquiry(),
    effect=False,
    agency=False,
)
