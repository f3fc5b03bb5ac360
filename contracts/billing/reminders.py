"""Reminders of bills: before the last day to pay, and by the steps of the book after it."""

from typing import Annotated

from bus.messages.fields import Choice, Text
from bus.messages.kinds import Event
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Day
from contracts.billing.bills import SOURCES


@message
class Reminder:
    number: Annotated[str, Text(20)]
    source_kind: Annotated[str, Choice(SOURCES)]
    source_ref: Annotated[str, Text(64)]
    agency: Annotated[str | None, Text(64)]
    total_rials: int
    due_on: Day
    overdue: bool
    step: Annotated[int | None, "Which reminder since it is late", OPTIONAL] = None


BILL_REMINDED = Event(
    "billing.bill_reminded.v1",
    Reminder,
    "A bill's last day is near, or has passed.",
    hearable=True,
    owner="agency",
    withheld=("source_ref",),
    heard_in=("inquiry", "notify"),
)
