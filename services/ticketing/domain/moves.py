"""What may be done with a ticket in which state, and by whom."""

from bus.errors import Forbidden, RuleBroken

ALL = ("NEW", "OPEN", "PAUSED", "ANSWERED", "CLOSED", "MERGED")
WORK = ("NEW", "OPEN", "PAUSED")
ENDED = ("ANSWERED", "CLOSED")
# Where a visit that was kept is still looked after.
WITH_VISIT = ("OPEN", "PAUSED", *ENDED, "MERGED")
PREVIOUS = "the state before"


def _same(act: str, *states: str) -> dict[tuple[str, str], str]:
    return {(state, act): state for state in states}


def _to(act: str, target: str, *states: str) -> dict[tuple[str, str], str]:
    return {(state, act): target for state in states}


# (state, act) → state. What is not here is refused.
MOVES: dict[tuple[str, str], str] = {
    **_to("assign", "OPEN", "NEW"),
    **_same("assign", "OPEN", "PAUSED"),
    **_same("write", *WORK, "ANSWERED", "MERGED"),
    **_to("say", "OPEN", "NEW"),
    **_same("say", "OPEN", "PAUSED", "ANSWERED"),
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
    **_to("answer", "ANSWERED", *WORK),
    **_to("close", "CLOSED", *WORK, "ANSWERED"),
    **_to("withdraw", "CLOSED", *WORK),
    **_to("reopen", "OPEN", *ENDED),
    **_to("take_up", "OPEN", *ENDED),
    **_to("merge", "MERGED", *WORK),
    **_to("unmerge", PREVIOUS, "MERGED"),
    **_same("absorb", *WORK),
    **_same("release", *WORK, *ENDED),
    **_same("rate", *ENDED),
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
    **_same("related", *ALL),
    **_same("calendar_reply", *ALL),
}

CITIZEN = ("write", "reopen", "withdraw", "choose_slot", "leave_slot", "rate")
_CLERK = (
    "read", "note", "say", "answer", "pause", "resume", "invite", "visit", "assign", "register",
    "letters", "new_secret",
)  # fmt: skip
_HEAD = (*_CLERK, "close", "take_up", "merge", "unmerge", "slots", "report")
ROLES: dict[str, frozenset[str]] = {
    "clerk": frozenset(_CLERK),
    "unit_head": frozenset(_HEAD),
    "supervisor": frozenset((*_HEAD, "calendar", "all_units")),
}


def after(state: str, act: str) -> str:
    """The state that ``act`` leads to. Raises RuleBroken ``ticket.move``."""
    target = MOVES.get((state, act))
    if target is None:
        raise RuleBroken(
            f"This cannot be done ({act}) while the ticket is {state}; read it again.",
            code="ticket.move",
            state=state,
            act=act,
        )
    return target


def possible(state: str, acts: tuple[str, ...] | frozenset[str]) -> list[str]:
    """Those of ``acts`` that the state allows, in a stable order."""
    return sorted(act for act in acts if (state, act) in MOVES)


def require(role: str, act: str) -> None:
    """Forbidden ``desk.role`` if the role may not do that."""
    if act not in ROLES.get(role, frozenset()):
        raise Forbidden(
            f"Your role ({role}) may not do this ({act}); ask the head of your unit.",
            code="desk.role",
        )
