"""Rows of the tariff, as the treasury's officers draft, approve and withdraw them."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.message import ABSENT, OPTIONAL, check, message
from bus.messages.values import Block, Code, Day
from contracts.billing.bills import MOST_RIALS

TARIFF_STATES = ("DRAFT", "APPROVED", "WITHDRAWN")


@message
class OneRow:
    id: Annotated[int, whole(1, 2**53)]


@message
class Tariff:
    """A row of the tariff, as a decree gives it."""

    service: Code
    agency_class: Code = "applicant"
    use: Code = "*"
    area_class: Code = "*"
    season: Code = "*"
    unit: Annotated[str, Choice(("each", "m3", "page", "rial"))] = "each"
    amount: Annotated[int, whole(0, MOST_RIALS)]
    money: Code = "IRR"
    vat_class: Annotated[str, Choice(("taxable", "exempt", "zero"))] = "exempt"
    from_day: Day
    to_day: Day | None = None
    decree: Annotated[str, Text(100)]

    @check
    def _days_in_order(self) -> None:
        if self.to_day and self.to_day < self.from_day:
            raise ValidationError("order|The last day is before the first.", "to_day")


@message
class ApproveTariff(OneRow):
    """``replaces`` is the row in force with which the draft was compared, 0 for none; refused if
    it is another one by now.
    """

    replaces: Annotated[int | None, whole(0, 2**53)] = None


@message
class WithdrawTariff(OneRow):
    why: Annotated[str | None, Prose(1000), "What its drafter is told"] = None


@message
class TariffRow(Tariff):
    id: int
    state: Annotated[str, Choice(TARIFF_STATES)]
    in_force: bool
    drafted_by: Annotated[str, Text(64)]
    approved_by: Annotated[str | None, Text(64)]
    withdrawn_by: Annotated[str | None, Text(64)]
    replaces: Annotated[
        int | None, "The approved row of the same classes before it, by its day", OPTIONAL
    ] = ABSENT
    replaced_by: Annotated[
        int | None, "The approved row of the same classes that comes after it", OPTIONAL
    ] = ABSENT


@message
class TariffRows:
    tariffs: tuple[TariffRow, ...]
    services: tuple[Block, ...]


@message
class Csv:
    """Rows as CSV text with a header that names the columns of a tariff row."""

    text: Annotated[str, Prose(500_000)]


@message(name="Drafted")
class DraftIds:
    ids: tuple[int, ...]
