"""What may become of an announcement, and which of its minutes were announced in time; pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from bus.transitions import Transitions
from iran.persian import TEHRAN

Kind = Literal["maintenance", "incident", "end_of_service", "news"]
Impact = Literal["none", "degraded", "partial", "down"]
AnnouncementState = Literal[
    "DRAFT",
    "SCHEDULED",
    "IN_PROGRESS",
    "VERIFYING",
    "COMPLETED",
    "CANCELLED",
    "INVESTIGATING",
    "IDENTIFIED",
    "MONITORING",
    "RESOLVED",
    "POSTMORTEM",
    "ANNOUNCED",
    "ENDED",
    "PUBLISHED",
]

# kind → state → the states that an editor's update may lead to
FOLLOWING: Mapping[Kind, Mapping[AnnouncementState, tuple[AnnouncementState, ...]]] = {
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
TRANSITIONS: Mapping[Kind, Transitions[AnnouncementState, AnnouncementState]] = {
    kind: Transitions(
        code="announcement.move",
        refusal="It is {state}; from there it can become: {acts}.",
        table={
            (state, following): following for state, states in rows.items() for following in states
        },
        details=("state",),
    )
    for kind, rows in FOLLOWING.items()
}
OPEN = frozenset(
    {
        "SCHEDULED",
        "IN_PROGRESS",
        "VERIFYING",
        "INVESTIGATING",
        "IDENTIFIED",
        "MONITORING",
        "ANNOUNCED",
    }
)


class Window(NamedTuple):
    """From ``start`` until before ``end``, in UTC."""

    start: dt.datetime
    end: dt.datetime


class WindowStatement(NamedTuple):
    """What an update stated about the window, by our clock; None: from then on there is none."""

    at: dt.datetime
    window: Window | None


def published_state(kind: Kind) -> AnnouncementState:
    """Return the state in which a kind is published."""
    return FOLLOWING[kind]["DRAFT"][0]


def state_at(
    kind: Kind,
    state: AnnouncementState,
    window: Window | None,
    sunset: dt.date | None,
    now: dt.datetime,
) -> AnnouncementState:
    """Return the state by the clock: a window starts and ends without an editor's update, so that
    a forgotten one does not keep a page closed.
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
    """Return the end of the last day ``sunset`` in Iran: the next midnight, in UTC."""
    midnight = dt.datetime.combine(sunset + dt.timedelta(days=1), dt.time(), TEHRAN)
    return midnight.astimezone(dt.UTC)


def in_force(statements: Sequence[WindowStatement]) -> list[Window]:
    """Return the minutes for which a window was in force; statements are oldest first."""
    windows = []
    for i, (at, window) in enumerate(statements):
        until = statements[i + 1].at if i + 1 < len(statements) else None
        if window is None:
            continue
        end = min(window.end, until) if until else window.end
        if (start := max(window.start, at)) < end:
            windows.append(Window(start, end))
    return joined(windows)


def excluded(statements: Sequence[WindowStatement], notice: dt.timedelta) -> list[Window]:
    """Return the minutes that do not count against the service level: those of a window that was
    announced at least ``notice`` before its start and that no later update took away (SLA, clause
    4).

    A window that was moved counts from the update that moved it: announced for 10:00 to 12:00 a
    day before, prolonged to 13:00 at 11:30, 10:00 to 12:00 is excluded and the rest is not.
    """
    windows: list[Window] = []
    for i, (at, window) in enumerate(statements):
        if window is None or at > window.start - notice:
            continue
        left = [window]
        for later in statements[i + 1 :]:
            left = [part for w in left for part in _kept(w, later)]
        windows += left
    return joined(windows)


def _kept(window: Window, later: WindowStatement) -> Iterable[Window]:
    """Return what a later update leaves of a window: all before it, and what its own window has."""
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
    """Return the same minutes, in order, with no two windows touching."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def in_time(statements: Sequence[WindowStatement], notice: dt.timedelta) -> bool:
    """Tell whether all of the last window was announced in time; its end or cancellation, which
    take minutes away later, change nothing of that.
    """
    windows = [i for i, s in enumerate(statements) if s.window]
    if not windows:
        return False
    last = statements[windows[-1]].window
    assert last is not None
    announced = excluded(statements[: windows[-1] + 1], notice)
    return any(w.start <= last.start and last.end <= w.end for w in announced)
