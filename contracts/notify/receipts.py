"""What a provider of SMS reports of a message that it took."""

from typing import Annotated

from bus.messages.fields import Text
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import Code


@message
class Receipt:
    """What a provider's call-back said; it only makes us ask the provider sooner."""

    provider: Code
    provider_ref: Annotated[str, Text(64)]


@message(name="Noted")
class ReceiptReply:
    known: bool


RECEIPT = Request(
    "notify.receipt.v1",
    Receipt,
    "A provider says that it knows more of a message.",
    reply=ReceiptReply,
    agency=False,
)
