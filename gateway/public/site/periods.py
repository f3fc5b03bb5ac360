"""When something is announced for, as people read it."""

from collections.abc import Mapping
from typing import Any

from gateway.html.formats import day, moment
from gateway.public.site import words


def when_of(told: Mapping[str, Any], lang: str) -> str:
    """The window or the last day of an announcement for people; empty if it has none."""
    speak = words.speaker(lang)
    if told["sunset"]:
        return speak("when_sunset", day=day(told["sunset"]))
    if told["starts_at"] and told["ends_at"]:
        return speak(
            "when_window",
            starts=moment(told["starts_at"], lang),
            ends=moment(told["ends_at"], lang),
        )
    return moment(told["starts_at"], lang) if told["starts_at"] else ""
