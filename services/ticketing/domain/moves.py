"""What may be done with a ticket in which state, and by whom."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from bus.errors import Forbidden
from bus.transitions import Transitions

# PREVIOUS is no state of a ticket: an undone merge leads back to the state before it.
State: TypeAlias = Literal["NEW", "OPEN", "PAUSED", "ANSWERED", "CLOSED", "MERGED", "PREVIOUS"]
Act: TypeAlias = Literal[
    "register",  # a ticket begins, by a citizen, a colleague or a letter
    "assign",  # given to a unit or a colleague, or taken
    "sort",  # its subject is put right
    "write",  # the citizen writes
    "say",  # a colleague writes to the citizen, and work goes on
    "note",  # an internal note
    "pause",  # it waits for somebody outside
    "resume",  # it waits no longer
    "invite",  # the citizen is asked to come, at a time of theirs
    "choose_slot",  # the citizen takes a time
    "leave_slot",  # the citizen gives it back
    "visit",  # the visit took place
    "miss",  # the visit did not take place
    "end_visit",  # the visit is called off
    "answer",  # the result, to which the citizen may object
    "close",  # it ends, with a reason; after an answer, since nobody objected
    "withdraw",  # the citizen takes it back
    "reopen",  # the citizen objects to the result
    "take_up",  # a colleague works on it again
    "merge",  # joined with another, which goes on
    "unmerge",  # parted again
    "absorb",  # another was joined with this one
    "release",  # that one was parted again
    "rate",  # the citizen says how content they are
    "follow_up",  # weeks after the end the citizen is asked whether it is mended
    "follow_up_answer",  # the citizen answers that
    "unpublish",  # the citizen takes it out of the public list
    "take_down",  # a colleague takes it out of the public list
    "blank",  # a phrase of a public report is hidden from the public
    "unblank",  # it is shown again
    "prioritise",  # a colleague says how urgent it is
    "remind",  # the citizen, for whom it waits, is reminded
    "escalate",  # a promise ends soon or is broken; who leads hears of it
    "due_moved",  # a promise's last moment moved with the calendar
    "bounce",  # an e-mail of ours came back
    "infected",  # a file of the citizen has a virus
    "unreadable",  # a picture of the citizen could not be freed of its metadata
    "joined_write",  # somebody whose ticket is joined wrote
    "outside_letter",  # an e-mail by somebody else came
    "not_taken",  # a part of an e-mail could not be taken
    "withheld",  # the acknowledgement was not sent: too many went there
    "new_secret",  # the citizen got a new secret
    "correct_mobile",  # a wrong mobile was put right
    "related",  # it and another ticket name each other
    "calendar_reply",  # an answer to an invitation in a calendar
    "forward",  # sent on to another organisation
    "forwarded",  # it is there
    "forward_news",  # news from there
    "forward_failed",  # it could not be sent there
]
# What a role allows beside acts on one ticket; of one ticket: "register", to write one down for
# somebody, and "spam", to close a letter of nobody. "set_aside": to have a sender's letters set
# aside.
Right: TypeAlias = Literal[
    "read",
    "register",
    "letters",
    "slots",
    "report",
    "calendar",
    "all_units",
    "book",
    "approve_book",
    "hand_over",
    "privacy",
    "approve_privacy",
    "approve_mobile",
    "spam",
    "set_aside",
]
Party: TypeAlias = Literal["citizen", "unit", "system"]

ALL: tuple[State, ...] = ("NEW", "OPEN", "PAUSED", "ANSWERED", "CLOSED", "MERGED")
WORK: tuple[State, ...] = ("NEW", "OPEN", "PAUSED")
ENDED: tuple[State, ...] = ("ANSWERED", "CLOSED")
# Where a visit that was kept is still looked after.
WITH_VISIT: tuple[State, ...] = ("OPEN", "PAUSED", *ENDED, "MERGED")


def _same(act: Act, *states: State) -> dict[tuple[State, Act], State]:
    return {(state, act): state for state in states}


def _to(act: Act, target: State, *states: State) -> dict[tuple[State, Act], State]:
    return {(state, act): target for state in states}


_TABLE: dict[tuple[State, Act], State] = {
    **_to("assign", "OPEN", "NEW"),
    **_same("assign", "OPEN", "PAUSED"),
    **_same("sort", *WORK),
    **_same("write", *WORK, "ANSWERED", "MERGED"),
    **_to("say", "OPEN", "NEW"),
    **_same("say", "OPEN", "PAUSED", "ANSWERED", "MERGED"),
    **_same("note", *ALL),
    **_to("pause", "PAUSED", "NEW", "OPEN"),
    **_to("resume", "OPEN", "PAUSED"),
    **_to("invite", "OPEN", "NEW"),
    **_same("invite", "OPEN"),
    **_same("choose_slot", *WITH_VISIT),
    **_same("leave_slot", *WITH_VISIT),
    **_same("visit", *WITH_VISIT),
    **_same("miss", *WITH_VISIT),
    **_same("end_visit", *WITH_VISIT),
    # A joined ticket is answered and closed with the one that it was joined with.
    **_to("answer", "ANSWERED", *WORK, "MERGED"),
    **_to("close", "CLOSED", *WORK, "ANSWERED", "MERGED"),
    **_to("withdraw", "CLOSED", *WORK),
    **_to("reopen", "OPEN", *ENDED),
    **_to("take_up", "OPEN", *ENDED),
    **_to("merge", "MERGED", *WORK),
    **_to("unmerge", "PREVIOUS", "MERGED"),
    **_same("absorb", *WORK),
    **_same("release", *WORK, *ENDED),
    **_same("rate", *ENDED),
    **_same("follow_up", *ENDED),
    **_same("follow_up_answer", *ENDED),
    **_same("unpublish", *ALL),
    **_same("take_down", *ALL),
    **_same("blank", *ALL),
    **_same("unblank", *ALL),
    **_same("prioritise", *WORK),
    **_same("remind", *WORK),
    **_same("escalate", *WORK),
    **_same("due_moved", *WORK),
    **_same("bounce", *ALL),
    **_same("infected", *ALL),
    **_same("unreadable", *ALL),
    **_same("joined_write", *ALL),
    **_same("outside_letter", *ALL),
    **_same("not_taken", *ALL),
    **_same("withheld", *ALL),
    **_same("new_secret", *ALL),
    **_same("correct_mobile", *ALL),
    **_same("related", *ALL),
    **_same("calendar_reply", *ALL),
    **_to("forward", "OPEN", "NEW"),
    **_same("forward", "OPEN", "PAUSED"),
    **_same("forwarded", *ALL),
    **_same("forward_news", *ALL),
    **_same("forward_failed", *ALL),
}

TRANSITIONS: Transitions[State, Act] = Transitions(
    code="ticket.move",
    refusal="This cannot be done ({act}) while the ticket is {state}; read it again.",
    table=_TABLE,
)

CITIZEN: tuple[Act, ...] = (
    "write",
    "reopen",
    "withdraw",
    "choose_slot",
    "leave_slot",
    "rate",
    "unpublish",
)
_CLERK: tuple[Act | Right, ...] = (
    "read",
    "note",
    "say",
    "answer",
    "pause",
    "resume",
    "invite",
    "visit",
    "assign",
    "sort",
    "register",
    "letters",
    "new_secret",
    "correct_mobile",
    "take_down",
    "blank",
    "unblank",
    "prioritise",
    "forward",
    "merge",
    "unmerge",
    "take_up",
    "spam",
)
_HEAD: tuple[Act | Right, ...] = (
    *_CLERK,
    "close",
    "slots",
    "report",
    "book",
    "hand_over",
    "privacy",
    "approve_mobile",
    "set_aside",
)
ROLES: dict[str, frozenset[Act | Right]] = {
    "clerk": frozenset(_CLERK),
    "unit_head": frozenset(_HEAD),
    "supervisor": frozenset((*_HEAD, "calendar", "all_units", "approve_book", "approve_privacy")),
}


def possible(state: State, acts: Iterable[Act | Right]) -> list[Act]:
    """Those of ``acts`` that the state allows, in a stable order."""
    wished = set(acts)
    return sorted(act for act in TRANSITIONS.acts(state) if act in wished)


def require(role: str, act: Act | Right) -> None:
    """Forbidden ``desk.role`` if the role does not allow the act."""
    if act not in ROLES.get(role, frozenset()):
        raise Forbidden(
            f"Your role ({role}) may not do this ({act}); ask the head of your unit.",
            code="desk.role",
        )
