"""The window or the last day of an announcement in words."""

from contracts.notify.announcements import Announcement
from gateway.html.formats import day, moment
from gateway.public.site import words


def when_of(announcement: Announcement, lang: str) -> str:
    """Return the window or the last day of an announcement in words; empty without one."""
    speak = words.speaker(lang)
    if announcement.sunset:
        return speak("when_sunset", day=day(announcement.sunset))
    if announcement.starts_at and announcement.ends_at:
        return speak(
            "when_window",
            starts=moment(announcement.starts_at, lang),
            ends=moment(announcement.ends_at, lang),
        )
    return moment(announcement.starts_at, lang) if announcement.starts_at else ""
