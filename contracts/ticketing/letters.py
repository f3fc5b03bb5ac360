"""Letters that came in, as the desk sees and rescues them; who asks is named by the caller.

Colleagues see the letters of their unit, supervisors all.
"""

from marshmallow import Schema, fields

from bus.fields import Block, Checked, Choice, Instant, Prose, Text, code_text, whole
from bus.kinds import Request
from contracts.ticketing.citizens import TEXT_MOST, Opened
from people import tracking

LETTER_STATES = (
    "RECEIVED", "TICKET", "MESSAGE", "NOTE", "FLOOD", "AUTOMATIC", "RECEIPT", "BOUNCE", "NOBODY",
    "NO_UNIT", "NO_CATEGORY", "POSTMASTER", "FAILED", "DONE",
)  # fmt: skip
MAIL_STATES = ("WAITING", "SENT", "REFUSED", "GIVEN_UP")


class AskLetters(Schema):
    state = Choice(
        (*LETTER_STATES, "WAITING", "ALL"),
        load_default="WAITING",
        metadata={"description": "WAITING: where a person has to look"},
    )
    unit = code_text(load_default=None, allow_none=True)
    page = whole(1, 10_000, load_default=1)


class LetterRow(Schema):
    letter = fields.Integer(required=True)
    received_at = Instant(required=True)
    state = Choice(LETTER_STATES, required=True)
    state_fa = Text(100, required=True)
    reason_fa = Text(300, least=0, required=True)
    to = Text(600, least=0, required=True, personal=True)
    sender = Text(600, least=0, required=True, personal=True)
    sender_name = Text(100, least=0, required=True, personal=True)
    subject = Text(300, least=0, required=True, personal=True)
    unit = Block(required=True, allow_none=True)
    ticket = Text(10, required=True, allow_none=True)
    held_until = Instant(required=True, allow_none=True)


class LetterPage(Schema):
    letters = fields.List(fields.Nested(LetterRow), required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    waiting = fields.Integer(required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    pages = fields.Integer(required=True)
    units = fields.List(Block(), required=True)


class OfLetter(Schema):
    letter = whole(1, 2**53, required=True)


class LetterView(LetterRow):
    """The letter with its text, its files, and what colleagues did with it."""

    mail_from = Text(600, least=0, required=True, personal=True)
    size = fields.Integer(required=True)
    text = Prose(TEXT_MOST, least=0, required=True, personal=True)
    files = fields.List(Block(), required=True)
    problem = Text(300, required=True, allow_none=True)
    read = fields.Boolean(
        required=True, metadata={"description": "False: its bytes could not be read"}
    )
    acts = fields.List(Block(), required=True)
    may = fields.List(fields.String(), required=True)
    categories = fields.List(Block(), required=True)


class RegisterLetter(OfLetter):
    category = code_text(required=True)
    text = Prose(
        TEXT_MOST,
        load_default="",
        least=0,
        personal=True,
        metadata={"description": "What a letter says that could not be read; required then"},
    )


class AttachLetter(OfLetter):
    code = Checked(40, tracking.parse, required=True)
    text = Prose(TEXT_MOST, load_default="", least=0, personal=True)


class FinishLetter(OfLetter):
    text = Prose(
        1000, required=True, least=2, personal=True, metadata={"description": "Why no more is done"}
    )


class LetterDone(Schema):
    letter = fields.Integer(required=True)
    state = Choice(LETTER_STATES, required=True)


class AskMailFigures(Schema):
    """Nothing is asked beside the question itself."""


class MailFigures(Schema):
    """How many letters lie in which state and since when the oldest; every state is there."""

    letters = fields.List(Block(), required=True)
    mails = fields.List(Block(), required=True)
    chores = fields.List(Block(), required=True)


def _request(operation: str, schema: Schema, reply: Schema, doc: str, effect: bool) -> Request:
    return Request(
        f"ticketing.{operation}.v1", schema, reply=reply, doc=doc, effect=effect, agency=False
    )


LETTERS = _request("letters", AskLetters(), LetterPage(), "Desk: letters that came in.", False)
READ_LETTER = _request("read_letter", OfLetter(), LetterView(), "Desk: one letter.", False)
LETTER_SOURCE = _request(
    "letter_source", OfLetter(), Opened(), "Desk: the bytes of a letter, as a file.", True
)
REGISTER_LETTER = _request(
    "register_letter", RegisterLetter(), LetterDone(), "Desk: make a ticket of a letter.", True
)
ATTACH_LETTER = _request(
    "attach_letter", AttachLetter(), LetterDone(), "Desk: put a letter into a ticket.", True
)
RETRY_LETTER = _request(
    "retry_letter", OfLetter(), LetterDone(), "Desk: work on a letter once more.", True
)
FINISH_LETTER = _request(
    "finish_letter", FinishLetter(), LetterDone(), "Desk: nothing is to be done with it.", True
)
MAIL_FIGURES = _request(
    "mail_figures", AskMailFigures(), MailFigures(), "Letters and chores in figures.", False
)
