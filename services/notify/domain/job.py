"""How a bulk job stands, and what may be done with it."""

from collections.abc import Mapping

from bus.errors import RuleBroken

# What each act needs, and what comes of it; a start for later makes SCHEDULED of it.
MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "complete": (("RECEIVING",), "CHECKING"),
    "check": (("CHECKING",), "CHECKED"),
    "refuse": (("CHECKING",), "REFUSED"),
    "start": (("CHECKED",), "RUNNING"),
    "schedule": (("CHECKED",), "SCHEDULED"),
    "begin": (("SCHEDULED",), "RUNNING"),
    "finish": (("RUNNING",), "DONE"),
    "cancel": (("RECEIVING", "CHECKING", "CHECKED", "SCHEDULED", "RUNNING"), "CANCELLED"),
}


def moved(state: str, act: str) -> str:
    """The state after an act. RuleBroken ``job.move`` if the job cannot take it.

    >>> moved("CHECKED", "start")
    'RUNNING'
    """
    needed, becomes = MOVES[act]
    if state not in needed:
        raise RuleBroken(
            f"The job is {state}: it can be told to {act} only while it is {' or '.join(needed)}.",
            code="job.move",
            state=state,
        )
    return becomes
