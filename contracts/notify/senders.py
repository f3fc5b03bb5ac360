"""Names under which an agency writes: lines of SMS, reply addresses, blocks of sender of letters.

An editor proposes one, another approves it: whoever writes under a false name deceives citizens.
Their owner is the team of services/notify.
"""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Pattern, Prose, Text
from bus.messages.kinds import Request
from bus.messages.message import check, message
from bus.messages.values import Instant, Uuid
from contracts.notify.bulk import CanonicalUuid
from iran import identifiers

SENDER_CHANNELS = ("sms", "email", "letter")
SENDER_STATES = ("PROPOSED", "APPROVED", "WITHDRAWN")
SENDER_MOST = 500
LINE = Pattern("^[0-9]{4,20}$", "line|A line has 4 to 20 digits.")


@message
class ProposeSender:
    """``text`` is the line, the address or the lines of the block; ``provider`` carries a line."""

    owner: Annotated[str, Text(64), "The agency's code"]
    channel: Annotated[str, Choice(SENDER_CHANNELS)]
    text: Annotated[str, Prose(SENDER_MOST)]
    provider: Annotated[str | None, Text(40), "Whose line it is, for SMS alone"] = None
    is_default: Annotated[bool, "Used where a message names none"] = False

    @check
    def _of_its_channel(self) -> None:
        if (self.provider is None) == (self.channel == "sms"):
            raise ValidationError(
                "required|Name the provider of a line, of nothing else.", "provider"
            )
        if self.channel == "sms":
            try:
                LINE(self.text)
            except ValidationError as error:
                raise ValidationError(error.messages, "text") from None
        elif self.channel == "email":
            try:
                identifiers.email(self.text)
            except identifiers.Malformed as error:
                raise ValidationError(f"{error.code}|{error}", "text") from None


@message
class OneSender:
    id: Annotated[CanonicalUuid, "The sender's ID"]


@message
class WithdrawSender(OneSender):
    why: Annotated[str | None, Prose(1000), "What its proposer is told"] = None


@message
class SenderOf:
    """A name under which an agency writes, and who proposed and approved it."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    channel: Annotated[str, Choice(SENDER_CHANNELS)]
    text: Annotated[str, Prose(SENDER_MOST)]
    provider: Annotated[str | None, Text(40)]
    is_default: bool
    state: Annotated[str, Choice(SENDER_STATES)]
    proposed_by: Annotated[str, Text(64)]
    approved_by: Annotated[str | None, Text(64)]
    made_at: Instant


@message
class Senders:
    senders: tuple[SenderOf, ...]


@message
class ListSenders:
    """All that were not withdrawn; of one agency, if it is named."""

    owner: Annotated[str | None, Text(64)] = None


SENDERS = Request(
    "notify.senders.v1",
    ListSenders,
    "Lists the names under which agencies write.",
    reply=Senders,
    effect=False,
    agency=False,
)
PROPOSE_SENDER = Request(
    "notify.propose_sender.v1",
    ProposeSender,
    "Proposes a name under which an agency writes; another editor approves it.",
    reply=Senders,
    agency=False,
)
APPROVE_SENDER = Request(
    "notify.approve_sender.v1",
    OneSender,
    "Approves a name that another editor has proposed.",
    reply=Senders,
    agency=False,
)
WITHDRAW_SENDER = Request(
    "notify.withdraw_sender.v1",
    WithdrawSender,
    "Withdraws a name under which an agency writes.",
    reply=Senders,
    agency=False,
)
API_SENDERS = Request(
    "notify.api_senders.v1",
    ListSenders,
    "Lists the approved names of the caller of the Notify API.",
    reply=Senders,
    effect=False,
    agency=False,
)
