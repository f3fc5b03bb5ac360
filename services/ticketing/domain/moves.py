"""What may be done with a ticket in which state, and by whom."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from bus.errors import Forbidden
from bus.transitions import Transitions

# PREVIOUS is no state of a ticket: an undone merge leads back to the state before it.
State: TypeAlias = Literal["NEW", "OPEN", "PAUSED", "ANSWERED", "CLOSED", "MERGED", "PREVIOUS"]
Act: TypeAlias = Literal[
    "register",
    "assign",
    "sort",
    "write",
    "say",
    "note",
    "pause",
    "resume",
    "invite",
    "choose_slot",
    "leave_slot",
    "visit",
    "miss",
    "end_visit",
    "answer",
    "close",
    "withdraw",
    "reopen",
    "take_up",
    "merge",
    "unmerge",
    "absorb",
    "release",
    "rate",
    "unpublish",
    "take_down",
    "remind",
    "escalate",
    "due_moved",
    "bounce",
    "infected",
    "joined_write",
    "outside_letter",
    "not_taken",
    "withheld",
    "new_secret",
    "correct_mobile",
    "related",
    "calendar_reply",
    "forward",
    "forwarded",
    "forward_news",
    "forward_failed",
]
# What a role allows beside acts on one ticket.
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
    **_same("unpublish", *ALL),
    **_same("take_down", *ALL),
    **_same("remind", *WORK),
    **_same("escalate", *WORK),
    **_same("due_moved", *WORK),
    **_same("bounce", *ALL),
    **_same("infected", *ALL),
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
