"""What may become of an announcement, and which of its minutes were announced in time; pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bus.errors import RuleBroken
from iran.persian import TEHRAN

# kind → state → the states that an editor's update may lead to
MOVES: dict[str, dict[str, tuple[str, ...]]] = {
    "maintenance": {
        "DRAFT": ("SCHEDULED", "CANCELLED"),
        "SCHEDULED": ("SCHEDULED", "IN_PROGRESS", "CANCELLED"),
        "IN_PROGRESS": ("IN_PROGRESS", "VERIFYING", "COMPLETED", "CANCELLED"),
        "VERIFYING": ("VERIFYING", "IN_PROGRESS", "COMPLETED"),
    },
    "incident": {
        "DRAFT": ("INVESTIGATING", "CANCELLED"),
        "INVESTIGATING": ("INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"),
        "IDENTIFIED": ("IDENTIFIED", "INVESTIGATING", "MONITORING", "RESOLVED"),
        "MONITORING": ("MONITORING", "INVESTIGATING", "IDENTIFIED", "RESOLVED"),
        "RESOLVED": ("INVESTIGATING", "POSTMORTEM"),
        "POSTMORTEM": ("POSTMORTEM",),
    },
    "end_of_service": {
        "DRAFT": ("ANNOUNCED", "CANCELLED"),
        "ANNOUNCED": ("ANNOUNCED", "CANCELLED"),
        "ENDED": ("ENDED",),
    },
    "news": {
        "DRAFT": ("PUBLISHED", "CANCELLED"),
        "PUBLISHED": ("PUBLISHED", "CANCELLED"),
    },
}
OPEN = frozenset(
    {"SCHEDULED", "IN_PROGRESS", "VERIFYING", "INVESTIGATING", "IDENTIFIED", "MONITORING",
     "ANNOUNCED"}
)  # fmt: skip


class Window(NamedTuple):
    """From ``start`` until before ``end``, in UTC."""

    start: dt.datetime
    end: dt.datetime


class Said(NamedTuple):
    """What an update said of the window, by our clock; None: from now on there is none."""

    at: dt.datetime
    window: Window | None


def published(kind: str) -> str:
    """The state in which a kind is published."""
    return MOVES[kind]["DRAFT"][0]


def moved(kind: str, state: str, to: str) -> str:
    """``to``, if an announcement in that state may get there; RuleBroken ``announcement.move``."""
    allowed = MOVES[kind].get(state, ())
    if to not in allowed:
        raise RuleBroken(
            f"It is {state}; from there it can become: {', '.join(allowed) or 'nothing'}.",
            code="announcement.move",
            state=state,
        )
    return to


def state_at(
    kind: str, state: str, window: Window | None, sunset: dt.date | None, now: dt.datetime
) -> str:
    """How it stands by the clock: a window starts and ends though nobody says so, and what was
    forgotten does not keep a page closed.
    """
    if kind == "maintenance" and window is not None:
        if state in ("SCHEDULED", "IN_PROGRESS", "VERIFYING") and now >= window.end:
            return "COMPLETED"
        if state == "SCHEDULED" and now >= window.start:
            return "IN_PROGRESS"
    if kind == "end_of_service" and state == "ANNOUNCED" and sunset and now >= gone_at(sunset):
        return "ENDED"
    return state


def gone_at(sunset: dt.date) -> dt.datetime:
    """When that whose last day (in Iran) is ``sunset`` is gone: the next midnight, in UTC."""
    midnight = dt.datetime.combine(sunset + dt.timedelta(days=1), dt.time(), TEHRAN)
    return midnight.astimezone(dt.UTC)


def in_force(said: Sequence[Said]) -> list[Window]:
    """The minutes for which a window was in force when they came; updates oldest first."""
    found = []
    for i, (at, window) in enumerate(said):
        until = said[i + 1].at if i + 1 < len(said) else None
        if window is None:
            continue
        end = min(window.end, until) if until else window.end
        if (start := max(window.start, at)) < end:
            found.append(Window(start, end))
    return joined(found)


def excluded(said: Sequence[Said], notice: dt.timedelta) -> list[Window]:
    """What does not count against the service level: minutes of a window that was announced at
    least ``notice`` before its start, as long as no later update took them away (SLA, clause 4).

    A window that was moved counts from the update that moved it: announced for 10:00 to 12:00 a
    day before, prolonged to 13:00 at 11:30, 10:00 to 12:00 is excluded and the rest is not.
    """
    found: list[Window] = []
    for i, (at, window) in enumerate(said):
        if window is None or at > window.start - notice:
            continue
        left = [window]
        for later in said[i + 1 :]:
            left = [part for w in left for part in _kept(w, later)]
        found += left
    return joined(found)


def _kept(window: Window, later: Said) -> Iterable[Window]:
    """What a later update leaves of a window: all before it, and what its own window has too."""
    before = Window(window.start, min(window.end, later.at))
    parts = [before]
    if later.window is not None:
        parts.append(
            Window(
                max(window.start, later.window.start, later.at), min(window.end, later.window.end)
            )
        )
    return [part for part in parts if part.start < part.end]


def joined(windows: Iterable[Window]) -> list[Window]:
    """The same minutes, in order, no two windows touching."""
    found: list[Window] = []
    for window in sorted(windows):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found


def in_time(said: Sequence[Said], notice: dt.timedelta) -> bool:
    """Whether all of the last window was announced in time; its end or cancellation, which take
    minutes away later, change nothing of that.
    """
    windows = [i for i, s in enumerate(said) if s.window]
    if not windows:
        return False
    last = said[windows[-1]].window
    assert last is not None
    found = excluded(said[: windows[-1] + 1], notice)
    return any(w.start <= last.start and last.end <= w.end for w in found)
