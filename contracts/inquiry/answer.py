"""The forms of an answer: what inquiry.ask.v1 replies, and what proves it genuine."""

from typing import Annotated

from bus.messages.fields import Choice, Text
from bus.messages.message import ABSENT, OPTIONAL, PERSONAL, Meta, message
from bus.messages.values import Block, Code, Day, Instant
from contracts.inquiry.keys import KEY_KINDS

OUTCOMES = ("FOUND", "NOT_FOUND")


@message
class Status:
    code: Annotated[str, Text(40)]
    label_fa: Annotated[str, Text(120)]
    group: Annotated[
        str,
        Choice(("IN_FORCE", "NOT_IN_FORCE", "NO_LICENCE", "NOT_DETERMINABLE")),
        "May water be taken by this licence on that day? Only IN_FORCE says "
        "yes; NOT_DETERMINABLE says neither yes nor that the law was broken",
    ]
    since: Day | None
    until: Day | None
    legal_basis: tuple[Code, ...]
    evidence: tuple[Block, ...]
    flags: tuple[Code, ...]
    reason: Annotated[
        Code | None, "Why the status is NOT_DETERMINABLE; with it in words", OPTIONAL
    ] = None
    reason_fa: Annotated[str | None, Text(400), OPTIONAL] = None
    reason_en: Annotated[str | None, Text(400), OPTIONAL] = None


@message
class Source:
    """One water source; beside file_no, role and status only what the purpose allows."""

    file_no: Annotated[str, Text(40)]
    role: Annotated[
        str | None,
        Choice(("owner", "partner")),
        "What the person asked about is to this source; null for other keys",
    ]
    status: Status
    unread_since: Annotated[
        Day | None,
        "Since which day newer data about this source came that could not be "
        "read; the source is told as it was known before",
        OPTIONAL,
    ] = None
    licence: Annotated[Block | None, OPTIONAL] = ABSENT
    holder: Annotated[Block | None, PERSONAL, OPTIONAL] = None
    contact: Annotated[Block | None, PERSONAL, OPTIONAL] = None
    partners: Annotated[tuple[Block, ...] | None, PERSONAL, OPTIONAL] = None
    technical: Annotated[Block | None, OPTIONAL] = None
    place: Annotated[Block | None, OPTIONAL] = None
    meter: Annotated[Block | None, OPTIONAL] = None
    debt: Annotated[Block | None, OPTIONAL] = None
    violations: Annotated[Block | None, OPTIONAL] = None


@message(name="Searched")
class Search:
    key_kind: Annotated[str, Choice(KEY_KINDS)]
    key: Annotated[str, Text(64, personal=True)]


@message
class Limit:
    code: Code
    text_fa: Annotated[str, Text(400)]
    text_en: Annotated[str, Text(400)]


@message
class Answer:
    """An answer: a legal act about a licence at a moment. It never changes afterwards."""

    tracking_code: Code
    verification_code: Code
    outcome: Annotated[str, Choice(OUTCOMES)]
    searched: Search
    purpose: Code
    case_number: Annotated[str | None, Text(64)]
    agency: Code
    agency_fa: Annotated[
        str | None, Text(200), "The name of the agency, not kept before", OPTIONAL
    ] = None
    agency_en: Annotated[str | None, Text(200), OPTIONAL] = None
    on_behalf_of: Annotated[
        Code | None, "The agency in whose name it was asked, if that is another", OPTIONAL
    ] = None
    on_behalf_of_fa: Annotated[str | None, Text(200), OPTIONAL] = None
    on_behalf_of_en: Annotated[str | None, Text(200), OPTIONAL] = None
    asked_at: Instant
    answered_at: Instant
    answered_at_jalali: Annotated[str, Text(40)]
    as_of: Instant
    as_of_jalali: Annotated[str, Text(40)]
    data_version: int
    valid_until: Instant
    valid_until_jalali: Annotated[str, Text(40)]
    sources: tuple[Source, ...]
    legal_basis: tuple[Block, ...]
    limits: tuple[Limit, ...]


@message
class VerifiedSource:
    """So much of a source that a paper about another one is noticed; null where it is not kept."""

    file_no_part: Annotated[str, Text(40), Meta(example="•••4/9")]
    county: Annotated[str | None, Text(120)]
    source_kind: Code | None
    source_kind_fa: Annotated[str | None, Text(120)]
    use: Code | None
    use_fa: Annotated[str | None, Text(120)]
    licence_kind: Code | None
    licence_kind_fa: Annotated[str | None, Text(120)]
    status: Code
    status_fa: Annotated[str, Text(120)]


@message
class Verification:
    """What proves an answer genuine, and with what its paper is compared: no person, and only a
    part of the key and of each file number.
    """

    genuine: bool
    tracking_code: Annotated[Code | None, OPTIONAL] = None
    agency: Annotated[Code | None, OPTIONAL] = None
    agency_fa: Annotated[str | None, Text(200), "null in answers of before", OPTIONAL] = ABSENT
    agency_en: Annotated[str | None, Text(200), OPTIONAL] = ABSENT
    on_behalf_of_fa: Annotated[str | None, Text(200), OPTIONAL] = ABSENT
    on_behalf_of_en: Annotated[str | None, Text(200), OPTIONAL] = ABSENT
    purpose: Annotated[Code | None, OPTIONAL] = None
    purpose_fa: Annotated[str | None, Text(200), OPTIONAL] = ABSENT
    purpose_en: Annotated[str | None, Text(200), OPTIONAL] = ABSENT
    key_kind: Annotated[str | None, Choice(KEY_KINDS), OPTIONAL] = None
    key_part: Annotated[str | None, Text(64), "The last signs of what was asked by", OPTIONAL] = (
        None
    )
    as_of: Annotated[Instant | None, OPTIONAL] = None
    as_of_jalali: Annotated[str | None, Text(40), OPTIONAL] = None
    sources: Annotated[tuple[VerifiedSource, ...] | None, OPTIONAL] = None
    outcome: Annotated[str | None, Choice(OUTCOMES), OPTIONAL] = None
    status_codes: Annotated[tuple[Code, ...] | None, OPTIONAL] = None
    status_labels_fa: Annotated[tuple[Annotated[str, Text(120)], ...] | None, OPTIONAL] = None
    answered_at: Annotated[Instant | None, OPTIONAL] = None
    answered_at_jalali: Annotated[str | None, Text(40), OPTIONAL] = None
    valid_until: Annotated[Instant | None, OPTIONAL] = None
    still_valid: Annotated[bool | None, OPTIONAL] = None
    changed_since: Annotated[
        bool | None, "True if the register has a newer record of a source in the answer", OPTIONAL
    ] = None
