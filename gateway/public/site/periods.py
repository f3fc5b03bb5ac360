"""The window or the last day of an announcement in words."""

from contracts.notify.announcements import Announcement
from gateway.html.spoken import spoken, spoken_day
from gateway.public.site import words


def when_of(announcement: Announcement, lang: str) -> str:
    """Return the window or the last day of an announcement in words; empty without one."""
    speak = words.speaker(lang)
    if announcement.sunset:
        return speak("when_sunset", day=spoken_day(announcement.sunset, lang))
    if announcement.starts_at and announcement.ends_at:
        return speak(
            "when_window",
            starts=spoken(announcement.starts_at, lang),
            ends=spoken(announcement.ends_at, lang),
        )
    return spoken(announcement.starts_at, lang) if announcement.starts_at else ""
