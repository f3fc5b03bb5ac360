"""An agency's own questions and how much it asks; its owner is the team of services/inquiry."""

from typing import Annotated

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import PERSONAL, Meta, message
from bus.messages.values import Code, Day, Instant
from contracts.inquiry.questions import PURPOSES

ENDS = ("answered", "refused")
MOST_DAYS = 31


@message
class ReadOwnQuestions:
    """Which of your questions: those of the last days, for one purpose, or with one end."""

    days: Annotated[int, whole(1, MOST_DAYS), "How many days of Tehran, today with them"] = 7
    for_purpose: Annotated[Code | None, "Of this purpose alone", Meta(enum=PURPOSES)] = None
    ended: Annotated[str | None, Choice(ENDS), "With this end alone"] = None
    before: Annotated[int | None, whole(1, 2**53), "next of the page before"] = None
    limit: Annotated[int, whole(1, 200)] = 50


@message
class OwnQuestion:
    """A question as the log of inquiries has it; nobody whom it was about.

    ``outcome`` is that of an answer (FOUND, NOT_FOUND, READ), or the code of a refusal.
    """

    seq: int
    at: Instant
    contract: Annotated[str, Text(100)]
    purpose: Code | None
    outcome: Annotated[str, Text(60)]
    tracking_code: Code | None
    key: Annotated[str | None, Text(64), "The id of your key"]
    operator: Annotated[str | None, Text(64), PERSONAL]
    case_number: Annotated[str | None, Text(64)]
    on_behalf_of: Code | None
    trace_id: Annotated[str | None, Text(32)]


@message
class OwnQuestions:
    questions: tuple[OwnQuestion, ...]
    next: int | None


@message
class ReadOwnUse:
    days: Annotated[int, whole(1, MOST_DAYS), "How many days of Tehran before today"] = 7


@message
class DayOfUse:
    """A day that is over: ``answers`` are single questions that were answered, as charged."""

    day: Day
    answers: int


@message
class PurposeToday:
    """Today in Tehran: questions of a purpose that were answered and refused, lines of batches with
    them; ``counted`` is what was taken of the grant's questions a day, if it limits them.
    """

    purpose: Code
    answered: int
    refused: int
    counted: int


@message
class OwnUse:
    today: tuple[PurposeToday, ...]
    days: tuple[DayOfUse, ...]


OWN_QUESTIONS = Request(
    "inquiry.own_questions.v1",
    ReadOwnQuestions,
    "Lists your own questions of the last days and what became of each, newest first.",
    reply=OwnQuestions,
    effect=False,
    everyone=True,
)
OWN_USE = Request(
    "inquiry.own_use.v1",
    ReadOwnUse,
    "Counts your own questions: today by purpose, and those of the days before.",
    reply=OwnUse,
    effect=False,
    everyone=True,
)
