"""What a report of a mail server makes of an e-mail, and when many are too many; pure.

Only "failed" says that an e-mail did not arrive (RFC 3464, 2.3.3). Whether nobody has the address,
or the server will not have this e-mail, its enhanced status says (RFC 3463), as in the dialogue.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.notify.domain.message import MessageState

# Nobody has the address, or the mailbox is closed for good: x.1 but for the sender's own address
# (5.1.7, 5.1.8), and 5.2.1; and what Exchange Online says of an address that it does not know.
NO_RECEIVER = re.compile(r"5\.(1\.(?!7$|8$)[0-9]{1,3}|2\.1)")
_EDGE_BLOCK = "5.4.1"
_ENHANCED = re.compile(r"(?<![0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.]*[0-9])")
_FULL = re.compile(r"[45]\.2\.2")
_UNCLEAR = re.compile(r"5\.0\.0|5\.5\.0|5\.3\.0")
_NO_USER = re.compile(
    r"no such (user|recipient|mailbox|address)|(user|recipient|mailbox|address) "
    r"(is )?(unknown|not found)|unknown (user|recipient)|(user|account|mailbox) does(n't| not) "
    r"exist|no mailbox here|recipient address rejected: access denied",
    re.IGNORECASE,
)
# From so many e-mails on that came back because nobody has the address, its subscription ends.
FAILURES_TO_END, FAILURES_WITHIN_DAYS = 3, 180
# A sender of fewer e-mails within the days has no level: one failure of ten proves nothing.
RATE_DAYS, RATE_LEAST = 7, 100
FAILED_WARN, FAILED_CRITICAL = 0.05, 0.10
# What large providers of mailboxes bear: one complaint of a thousand, three at the very most.
COMPLAINTS_LEAST = 1000
COMPLAINTS_WARN, COMPLAINTS_CRITICAL = 0.001, 0.003


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What a server says of one recipient."""

    recipient: str
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Failure:
    """How an e-mail ends by a report; ``address_unknown``: nobody has that address."""

    state: MessageState
    status: str
    address_unknown: bool


def failure_of(reports: Sequence[RecipientReport], address: str) -> Failure | None:
    """Return the failure that a report says of an e-mail to ``address``; None if it says none.

    An e-mail of ours has one recipient. Where the report names only others, that one forwards its
    e-mails, and all of them must have failed.

    >>> failure_of([RecipientReport("a@b.example", "failed", "5.1.1", "")], "a@b.example").state
    <MessageState.REJECTED: 'REJECTED'>
    >>> failure_of([RecipientReport("a@b.example", "delayed", "4.4.1", "")], "a@b.example")
    """
    own = [report for report in reports if report.recipient.lower() == address.lower()]
    failed = [report for report in own or reports if report.action == "failed"]
    if not failed or (not own and len(failed) < len(reports)):
        return None
    return _failure(failed[0])


def _failure(report: RecipientReport) -> Failure:
    status = _status(report)
    unknown = bool(NO_RECEIVER.fullmatch(status)) or (
        (status == _EDGE_BLOCK or _UNCLEAR.fullmatch(status) is not None)
        and _NO_USER.search(report.diagnostic) is not None
    )
    # A mailbox that is full, and tries that went on for days, may be otherwise tomorrow.
    passes = status.startswith("4.") or _FULL.fullmatch(status)
    state = MessageState.UNDELIVERED if passes else MessageState.REJECTED
    return Failure(state, status, unknown)


def _status(report: RecipientReport) -> str:
    """The most exact status: that of the diagnostic where the field says as good as nothing."""
    status = _ENHANCED.search(report.status)
    enhanced = status[1] if status else "5.0.0"
    if _UNCLEAR.fullmatch(enhanced):
        exact = _ENHANCED.search(report.diagnostic)
        if exact and exact[1].startswith(("4.", "5.")):
            return exact[1]
    return enhanced


def is_delayed(reports: Sequence[RecipientReport]) -> bool:
    """Tell whether a report says that the server still tries."""
    return bool(reports) and all(report.action == "delayed" for report in reports)


def failed_level(handed: int, failed: int) -> str:
    """The level of failed e-mails of a sender.

    >>> failed_level(1000, 49), failed_level(1000, 50), failed_level(1000, 100), failed_level(9, 9)
    ('', 'warn', 'critical', '')
    """
    return _level(handed, failed, RATE_LEAST, FAILED_WARN, FAILED_CRITICAL)


def complaint_level(handed: int, complaints: int) -> str:
    """The level of complaints about a sender.

    >>> complaint_level(1000, 1), complaint_level(1000, 3), complaint_level(999, 900)
    ('warn', 'critical', '')
    """
    return _level(handed, complaints, COMPLAINTS_LEAST, COMPLAINTS_WARN, COMPLAINTS_CRITICAL)


def _level(of: int, count: int, least: int, warn: float, critical: float) -> str:
    if of < least:
        return ""
    share = count / of
    return "critical" if share >= critical else "warn" if share >= warn else ""
