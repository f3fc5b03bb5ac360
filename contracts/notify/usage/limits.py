"""Limits of senders a day and a year, and for how many days their messages are kept.

An editor proposes a rule, another approves it. Their owner is the team of services/notify.
"""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import check, message
from bus.messages.values import Day, Instant, Uuid
from contracts.notify.bulk import CanonicalUuid
from contracts.notify.messages import CHANNELS

RULES = ("a_day", "a_year", "keep_days")
RULE_STATES = ("PROPOSED", "APPROVED", "WITHDRAWN")
LEVELS = ("near", "reached")
VALUE_MOST = 10**12
# Days for which a message keeps its receiver and text: what follow-ups need, what law allows.
KEEP_LEAST, KEEP_MOST = 3, 400


@message
class ProposeSenderRule:
    """From a day on, so many messages a day or a Jalali year, or so many days of keeping; without
    a value there is no such rule from that day on.
    """

    owner: Annotated[str, Text(64), "The agency's code"]
    channel: Annotated[str, Choice(CHANNELS)]
    rule: Annotated[str, Choice(RULES)]
    value: Annotated[int | None, whole(1, VALUE_MOST)] = None
    from_day: Day
    reason: Annotated[str, Prose(1000)]

    @check
    def _keeps_long_enough(self) -> None:
        kept = self.value if self.rule == "keep_days" else None
        if kept is not None and not KEEP_LEAST <= kept <= KEEP_MOST:
            text = f"span|Messages are kept for {KEEP_LEAST} to {KEEP_MOST} days."
            raise ValidationError(text, "value")


@message
class OneSenderRule:
    id: Annotated[CanonicalUuid, "The rule's ID"]


@message
class WithdrawSenderRule(OneSenderRule):
    why: Annotated[str | None, Prose(1000), "What its proposer is told"] = None


@message
class SenderRule:
    """A rule of a sender, and who proposed and approved it."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    channel: Annotated[str, Choice(CHANNELS)]
    rule: Annotated[str, Choice(RULES)]
    value: int | None
    from_day: Day
    reason: Annotated[str, Prose(1000)]
    state: Annotated[str, Choice(RULE_STATES)]
    proposed_by: Annotated[str, Text(64)]
    approved_by: Annotated[str | None, Text(64)]
    made_at: Instant


@message
class LimitUse:
    """A limit in force and how much of it is used; it begins anew at ``ends_at``."""

    owner: Annotated[str, Text(64)]
    channel: Annotated[str, Choice(CHANNELS)]
    rule: Annotated[str, Choice(RULES[:2])]
    most: int
    used: int
    level: Annotated[str | None, Choice(LEVELS), "near from 80 of a hundred on"]
    begins: Day
    ends_at: Instant


@message
class KeptDays:
    """For how many days after its end a message of the channel keeps its receiver and text."""

    channel: Annotated[str, Choice(CHANNELS)]
    days: int


@message
class SenderRules:
    rules: tuple[SenderRule, ...]
    limits: tuple[LimitUse, ...]


@message
class ListSenderRules:
    """Those that were not withdrawn; of one agency, if it is named."""

    owner: Annotated[str | None, Text(64)] = None


@message
class ReadOwnLimits:
    """No fields."""


@message
class OwnLimits:
    limits: tuple[LimitUse, ...]
    kept: tuple[KeptDays, ...]


OWN_LIMITS = Request(
    "notify.own_limits.v1",
    ReadOwnLimits,
    "Says how far your limits of messages are used, and how long your messages are kept.",
    reply=OwnLimits,
    effect=False,
    everyone=True,
)
SENDER_RULES = Request(
    "notify.sender_rules.v1",
    ListSenderRules,
    "Lists limits of senders with their use, and for how long messages are kept.",
    reply=SenderRules,
    effect=False,
    agency=False,
)
PROPOSE_SENDER_RULE = Request(
    "notify.propose_sender_rule.v1",
    ProposeSenderRule,
    "Proposes a limit of a sender or its days of keeping; another editor approves it.",
    reply=SenderRules,
    agency=False,
)
APPROVE_SENDER_RULE = Request(
    "notify.approve_sender_rule.v1",
    OneSenderRule,
    "Approves a rule of a sender that another editor has proposed.",
    reply=SenderRules,
    agency=False,
)
WITHDRAW_SENDER_RULE = Request(
    "notify.withdraw_sender_rule.v1",
    WithdrawSenderRule,
    "Withdraws a rule of a sender that is not in force yet.",
    reply=SenderRules,
    agency=False,
)
