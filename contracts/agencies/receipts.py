"""The log of receipts: what brings leaves to it, and what is read of it.

Their owner is the team of services/agencies.
"""

from typing import Annotated

from bus.messages.fields import Choice, Pattern, Text, whole
from bus.messages.kinds import Command, Request
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Block, Instant
from contracts.agencies.register import Nothing

PAGE = 1000
LARGEST = 2**53
_HASH = Pattern("^[A-Za-z0-9_-]{43}$", "format|Give the base64url of a SHA-256, without padding.")
Hash = Annotated[str, Text(43), _HASH]
Size = Annotated[int, whole(0, LARGEST)]


@message
class AddLeaves:
    """Leaves for the log, as bus/call_leaves.py makes them: ``leaf`` is its canonical text, of
    which ``secret`` and ``terms`` open the commitments; both are empty for an anchor.
    """

    leaves: tuple[Block, ...]


@message
class ReadReceipt:
    id: Annotated[
        str,
        Text(128),
        Pattern("^[A-Za-z0-9_.:-]{1,128}$", "format|Give a leaf's hash or the id of a call."),
        "The hash of the leaf, as Mirab-Receipt has it; or the id of a call that was answered "
        "later, whose newest leaf is meant",
    ]


@message
class ReceiptReply:
    """``receipt`` is receipt.json as a text, as soon as a signed head covers the leaf."""

    leaf: Annotated[str, Text(43), "The hash of the leaf"]
    state: Annotated[str, Choice(("WAITING", "PROVEN"))]
    receipt: Annotated[str | None, Text(200_000), OPTIONAL] = None


@message
class SignedHead:
    """The newest signed head of the log; ``key`` is its public key, as C2SP writes it (vkey)."""

    note: Annotated[str, Text(65_536)]
    key: Annotated[str, Text(400)]
    signed_at: Instant


@message
class ProveInclusion:
    leaf: Hash
    size: Annotated[int | None, whole(1, LARGEST), "The size of a signed head"] = None


@message
class Inclusion:
    index: Size
    size: Size
    proof: Annotated[tuple[str, ...], "base64, from below (RFC 9162, section 2.1.3)"]


@message
class ProveConsistency:
    old: Annotated[int, whole(0, LARGEST)]
    new: Annotated[int, whole(0, LARGEST)]


@message
class Consistency:
    old: Size
    new: Size
    proof: Annotated[tuple[str, ...], "base64 (RFC 9162, section 2.1.4)"]


@message
class ReadEntries:
    start: Annotated[int, whole(0, LARGEST)]
    limit: Annotated[int, whole(1, PAGE)] = 500


@message
class Entries:
    """Leaves as they were hashed, from ``start`` on; ``size`` is that of the newest signed head."""

    start: Size
    size: Size
    leaves: tuple[str, ...]


ADD_LEAVES = Command(
    "agencies.add_leaves.v1", AddLeaves, "Adds leaves of calls to the log of receipts."
)
READ_RECEIPT = Request(
    "agencies.receipt.v1",
    ReadReceipt,
    "Gives the receipt of a call of yours: that it stands in the log, for anybody to verify.",
    reply=ReceiptReply,
    effect=False,
    everyone=True,
)
LOG_HEAD = Request(
    "agencies.log_head.v1",
    Nothing,
    "Gives the newest signed head of the log of receipts.",
    reply=SignedHead,
    effect=False,
    agency=False,
)
LOG_INCLUSION = Request(
    "agencies.log_inclusion.v1",
    ProveInclusion,
    "Proves that a leaf stands in the log of receipts.",
    reply=Inclusion,
    effect=False,
    agency=False,
)
LOG_CONSISTENCY = Request(
    "agencies.log_consistency.v1",
    ProveConsistency,
    "Proves that the log of receipts only grew between two sizes.",
    reply=Consistency,
    effect=False,
    agency=False,
)
LOG_ENTRIES = Request(
    "agencies.log_entries.v1",
    ReadEntries,
    "Reads the leaves of the log of receipts, in their order.",
    reply=Entries,
    effect=False,
    agency=False,
)
