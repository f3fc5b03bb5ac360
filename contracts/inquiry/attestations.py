"""Answers as SD-JWTs (RFC 9901), whose holder shows some fields and hides the others.

The owner is services/inquiry; docs/receipts.md says how they are shown and verified.
"""

from typing import Annotated

from bus.messages.fields import Checked, Choice, Text
from bus.messages.kinds import Request
from bus.messages.message import Meta, message
from bus.messages.values import Block, Code, Instant
from contracts.notify.announcements import Nothing
from iran.persian import fold_code
from people import tracking

# The typ of ours: never to be taken for another token of ours, nor another for it.
KIND = "mirab-answer+sd-jwt"
LONGEST = 64 * 1024
# What a paper shows of a source. It stands openly in the proof on the paper.
PAPER = (
    "tracking_code",
    "verification_code",
    "day",
    "valid_until",
    "file_no",
    "status.code",
    "status.group",
)
# What a person may choose to show, in the order in which the form has it.
CHOICES = (
    "day",
    "status.group",
    "status.code",
    "status.until",
    "file_no",
    "role",
    "licence.number",
    "licence.kind",
    "technical.use",
    "technical.source_kind",
    "technical.volume_m3_year",
    "meter.kind",
    "debt.amount_rials",
    "tracking_code",
    "verification_code",
    "valid_until",
)


@message
class Attest:
    """An answer that was given to you, as an SD-JWT about one source of it."""

    tracking_code: Annotated[Code, Meta(example="Q-T29D-DBQY-Y45J")]
    file_no: Annotated[
        str | None,
        Text(40, fold=fold_code),
        "Which source; needed only where the answer has several",
    ] = None
    holder_key: Annotated[
        str | None,
        Text(80),
        "The id of an Ed25519 key of yours, by which each presentation is then signed (KB-JWT)",
    ] = None


@message
class AttestOwn:
    """The answer of an own inquiry; without ``fields`` all of them, each to be hidden or shown."""

    code: Annotated[str, Checked(40, tracking.parse)]
    secret: Annotated[str, Checked(60, tracking.parse_proof, personal=True)]
    fields: Annotated[
        tuple[Annotated[str, Choice(CHOICES)], ...] | None,
        "These and no others, openly; the shortest form, which a QR code holds",
    ] = None


@message
class Attestation:
    """The SD-JWT in its compact form, with all that can be shown."""

    sd_jwt: Annotated[str, Text(LONGEST, personal=True)]
    fields: Annotated[
        tuple[Annotated[str, Text(120)], ...], "The names of what can be shown or hidden"
    ]
    key: Annotated[Code, "The id of the key that signed it"]
    issued_at: Instant


@message
class AttestationKeys:
    """The public keys by which answers are attested, as JSON Web Keys; ``exp`` where one ended."""

    keys: tuple[Block, ...]


ATTEST = Request(
    "inquiry.attest.v1",
    Attest,
    "Gives an answer of yours as an SD-JWT, of which you show the fields that you choose.",
    reply=Attestation,
    effect=False,
    delegable=True,
)
ATTEST_OWN = Request(
    "inquiry.attest_own.v1",
    AttestOwn,
    "Gives a person the answer of an own inquiry as an SD-JWT.",
    reply=Attestation,
    effect=False,
    agency=False,
)
ATTESTATION_KEYS = Request(
    "inquiry.attestation_keys.v1",
    Nothing,
    "Lists the public keys by which answers are attested.",
    reply=AttestationKeys,
    effect=False,
    agency=False,
)
