"""The account of an agency in a month, row by row."""

from typing import Annotated

from bus.messages.fields import Text
from bus.messages.message import message
from bus.messages.values import BlockOf, Code, Day


@message
class StatementRow:
    """A row of a statement: a debt is positive; ``number`` is that of the bill."""

    day: Day
    number: str | None
    kind: str
    text_fa: str
    text_en: str
    rials: int


@message
class Statement:
    """A month of an agency's account: opening + billed - paid - waived - ended = closing."""

    agency: Code
    month: Annotated[str, Text(7)]
    from_day: Day
    to_day: Day
    opening_rials: int
    billed_rials: int
    paid_rials: int
    waived_rials: int
    ended_rials: Annotated[int, "Of bills that were voided or expired"]
    closing_rials: int
    difference_rials: Annotated[int, "Ledger less open bills at the end: 0, or something is wrong"]
    rows: tuple[BlockOf[StatementRow], ...]
