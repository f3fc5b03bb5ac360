"""The forms of an answer: what inquiry.ask.v1 replies, and what proves it genuine."""

from marshmallow import Schema, fields

from bus.fields import KEY_KINDS, Block, Choice, Day, Instant, Text, code_text

OUTCOMES = ("FOUND", "NOT_FOUND")


class Status(Schema):
    code = Text(40, required=True)
    label_fa = Text(120, required=True)
    group = Choice(
        ("IN_FORCE", "NOT_IN_FORCE", "NO_LICENCE", "NOT_DETERMINABLE"),
        required=True,
        metadata={
            "description": "May water be taken by this licence on that day? Only IN_FORCE says "
            "yes; NOT_DETERMINABLE says neither yes nor that the law was broken"
        },
    )
    since = Day(required=True, allow_none=True)
    until = Day(required=True, allow_none=True)
    legal_basis = fields.List(code_text(), required=True)
    evidence = fields.List(Block(), required=True)
    flags = fields.List(code_text(), required=True)
    reason = code_text(
        metadata={"description": "Why the status is NOT_DETERMINABLE; with it in words"}
    )
    reason_fa = Text(400)
    reason_en = Text(400)


class Source(Schema):
    """One water source; beside file_no, role and status only what the purpose allows."""

    file_no = Text(40, required=True)
    role = Choice(
        ("owner", "partner"),
        allow_none=True,
        required=True,
        metadata={
            "description": "What the person asked about is to this source; null for other keys"
        },
    )
    status = fields.Nested(Status, required=True)
    unread_since = Day(
        metadata={
            "description": "Since which day newer data about this source came that could not be "
            "read; the source is told as it was known before"
        }
    )
    licence = Block(allow_none=True)
    holder = Block(metadata={"personal": True})
    contact = Block(metadata={"personal": True})
    partners = fields.List(Block(), metadata={"personal": True})
    technical = Block()
    place = Block()
    meter = Block()
    debt = Block()
    violations = Block()


class Searched(Schema):
    key_kind = Choice(KEY_KINDS, required=True)
    key = Text(64, required=True, personal=True)


class Limit(Schema):
    code = code_text(required=True)
    text_fa = Text(400, required=True)
    text_en = Text(400, required=True)


class Answer(Schema):
    """An answer: a legal act about a licence at a moment. It never changes afterwards."""

    tracking_code = code_text(required=True)
    verification_code = code_text(required=True)
    outcome = Choice(OUTCOMES, required=True)
    searched = fields.Nested(Searched, required=True)
    purpose = code_text(required=True)
    case_number = Text(64, allow_none=True, required=True)
    agency = code_text(required=True)
    agency_fa = Text(200, metadata={"description": "The name of the agency, not kept before"})
    agency_en = Text(200)
    on_behalf_of = code_text(
        metadata={"description": "The agency in whose name it was asked, if that is another"}
    )
    on_behalf_of_fa = Text(200)
    on_behalf_of_en = Text(200)
    asked_at = Instant(required=True)
    answered_at = Instant(required=True)
    answered_at_jalali = Text(40, required=True)
    as_of = Instant(required=True)
    as_of_jalali = Text(40, required=True)
    data_version = fields.Integer(required=True)
    valid_until = Instant(required=True)
    valid_until_jalali = Text(40, required=True)
    sources = fields.List(fields.Nested(Source), required=True)
    legal_basis = fields.List(Block(), required=True)
    limits = fields.List(fields.Nested(Limit), required=True)


class VerifiedSource(Schema):
    """So much of a source that a paper about another one is noticed; null where it is not kept."""

    file_no_part = Text(40, required=True, metadata={"example": "•••4/9"})
    county = Text(120, required=True, allow_none=True)
    source_kind = code_text(required=True, allow_none=True)
    source_kind_fa = Text(120, required=True, allow_none=True)
    use = code_text(required=True, allow_none=True)
    use_fa = Text(120, required=True, allow_none=True)
    licence_kind = code_text(required=True, allow_none=True)
    licence_kind_fa = Text(120, required=True, allow_none=True)
    status = code_text(required=True)
    status_fa = Text(120, required=True)


class Verification(Schema):
    """What proves an answer genuine, and with what its paper is compared: no person, and only a
    part of the key and of each file number.
    """

    genuine = fields.Boolean(required=True)
    tracking_code = code_text()
    agency = code_text()
    agency_fa = Text(200, allow_none=True, metadata={"description": "null in answers of before"})
    agency_en = Text(200, allow_none=True)
    on_behalf_of_fa = Text(200, allow_none=True)
    on_behalf_of_en = Text(200, allow_none=True)
    purpose = code_text()
    purpose_fa = Text(200, allow_none=True)
    purpose_en = Text(200, allow_none=True)
    key_kind = Choice(KEY_KINDS)
    key_part = Text(64, metadata={"description": "The last signs of what was asked by"})
    as_of = Instant()
    as_of_jalali = Text(40)
    sources = fields.List(fields.Nested(VerifiedSource))
    outcome = Choice(OUTCOMES)
    status_codes = fields.List(code_text())
    status_labels_fa = fields.List(Text(120))
    answered_at = Instant()
    answered_at_jalali = Text(40)
    valid_until = Instant()
    still_valid = fields.Boolean()
    changed_since = fields.Boolean(
        metadata={
            "description": "True if the register has a newer record of a source in the answer"
        }
    )
