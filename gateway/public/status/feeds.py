"""Announcements as feeds: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, iCalendar (RFC 5545)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from icalendar import Calendar, Event

from bus.messages.message import to_wire
from contracts.notify.announcements import Announcement, Title, Words
from gateway.html.formats import moment
from gateway.public.site import words
from gateway.public.site.feed_parts import ATOM, NEVER, XML, child, head, json_document, written
from gateway.public.site.periods import when_of
from gateway.public.site.prose import directed, prose
from gateway.texts.files import DATA


@dataclass(frozen=True, slots=True)
class Feed:
    """Announcements, newest first, for a language; ``portal`` has no slash at its end."""

    portal: str
    lang: str
    announcements: Sequence[Announcement]

    @property
    def title(self) -> str:
        return words.speaker(self.lang)("feed_title")

    def address(self, form: str) -> str:
        """Where this feed itself is."""
        return f"{self.portal}/news.{form}" + ("" if self.lang == "fa" else f"?lang={self.lang}")

    def page(self, announcement: Announcement) -> str:
        return f"{self.portal}/status/{announcement.id}"

    def change(self, announcement: Announcement) -> str:
        """The address of the last update. Readers of RSS show an item once for each address, so
        that what moves or ends is shown again (RSS 2.0, guid).
        """
        later = len(announcement.updates) - 1
        return f"{self.page(announcement)}#update-{later}" if later > 0 else self.page(announcement)

    def heading(self, announcement: Announcement) -> str:
        """The title with how it stands."""
        state = words.speaker(self.lang)(f"state_{announcement.state}")
        return f"{state}: {_text(announcement.title, self.lang)}"

    def content(self, announcement: Announcement) -> str:
        """What an entry says, as its page shows it: when, what, every further word, newest last."""
        return directed("".join(map(prose, self._lines(announcement))), self.lang)

    def _lines(self, announcement: Announcement) -> list[str]:
        spoken = [_text(announcement.body, self.lang)]
        for update in announcement.updates[1:]:
            spoken.append(f"{moment(update.at, self.lang)}: {_text(update.text, self.lang)}")
        when = when_of(announcement, self.lang)
        return [*([when] if when else []), *spoken]


def rss(feed: Feed) -> bytes:
    """RSS 2.0."""
    root = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(root, "channel")
    _add(channel, title=feed.title, link=f"{feed.portal}/news", description=feed.title)
    _add(channel, language=feed.lang, lastBuildDate=format_datetime(_newest(feed), usegmt=True))
    ET.SubElement(
        channel,
        f"{{{ATOM}}}link",
        {"rel": "self", "type": "application/rss+xml", "href": feed.address("rss")},
    )
    for announcement in feed.announcements:
        item = ET.SubElement(channel, "item")
        _add(
            item,
            title=feed.heading(announcement),
            link=feed.change(announcement),
            guid=feed.change(announcement),
        )
        _add(item, pubDate=format_datetime(_moment(announcement.updated_at), usegmt=True))
        _add(item, category=announcement.kind, description=feed.content(announcement))
    return written(root)


def atom(feed: Feed) -> bytes:
    """Atom (RFC 4287)."""
    root = ET.Element(f"{{{ATOM}}}feed", {f"{{{XML}}}lang": feed.lang})
    changed = _newest(feed).isoformat().replace("+00:00", "Z")
    head(root, feed.address("atom"), feed.title, changed)
    child(root, "link", rel="self", type="application/atom+xml", href=feed.address("atom"))
    child(root, "link", rel="alternate", type="text/html", href=f"{feed.portal}/news")
    author = child(root, "author")
    child(author, "name").text = words.speaker(feed.lang)("brand")
    for announcement in feed.announcements:
        entry = child(root, "entry")
        head(entry, feed.page(announcement), feed.heading(announcement), announcement.updated_at)
        child(entry, "published").text = announcement.published_at
        child(entry, "link", rel="alternate", type="text/html", href=feed.page(announcement))
        child(entry, "category", term=announcement.kind)
        child(entry, "content", type="html").text = feed.content(announcement)
    return written(root)


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1; ``_mirab`` has what a machine wants to know beside."""
    items = [
        {
            "id": feed.page(announcement),
            "url": feed.page(announcement),
            "title": feed.heading(announcement),
            "content_html": feed.content(announcement),
            "language": feed.lang,
            "date_published": announcement.published_at,
            "date_modified": announcement.updated_at,
            "tags": [announcement.kind],
            "_mirab": {
                name: to_wire(announcement)[name]
                for name in (
                    "kind",
                    "state",
                    "impact",
                    "components",
                    "starts_at",
                    "ends_at",
                    "contracts",
                    "sunset",
                    "in_time",
                )
            },
        }
        for announcement in feed.announcements
    ]
    return json_document(feed.title, f"{feed.portal}/news", feed.address("json"), feed.lang, items)


def calendar(feed: Feed) -> bytes:
    """iCalendar: every window and last day; what was cancelled stays, as cancelled.

    It has no METHOD: nobody is invited, and PUBLISH would need an ORGANIZER (RFC 5546, 3.2.1).
    """
    made, both = Calendar(), _languages(feed)
    made.add("prodid", f"-//Mirab//Announcements//{feed.lang.upper()}")
    made.add("version", "2.0")
    for name in ("name", "x-wr-calname"):
        made.add(name, " / ".join(words.speaker(lang)("feed_title") for lang in both))
    made.add("url", f"{feed.portal}/news")
    made.add("refresh-interval", dt.timedelta(hours=1), parameters={"value": "DURATION"})
    made.add("x-wr-timezone", "Asia/Tehran")
    for announcement in feed.announcements:
        if announcement.kind in ("maintenance", "end_of_service"):
            made.add_component(_event(feed, announcement))
    return bytes(made.to_ical())


def _event(feed: Feed, announcement: Announcement) -> Event:
    event = Event()
    event.add("uid", f"announcement-{announcement.id}@{urlsplit(feed.portal).hostname}")
    event.add("dtstamp", _moment(announcement.updated_at))
    event.add("last-modified", _moment(announcement.updated_at))
    if announcement.published_at:
        event.add("created", _moment(announcement.published_at))
    event.add("sequence", max(0, len(announcement.updates) - 1))
    event.add("status", "CANCELLED" if announcement.state == "CANCELLED" else "CONFIRMED")
    event.add(
        "summary", f"{_text(announcement.title, feed.lang)}", parameters={"language": feed.lang}
    )
    both = [line for lang in _languages(feed) for line in _lines_of(announcement, lang)]
    event.add("description", "\n\n".join(both))
    event.add("url", feed.page(announcement))
    event.add("categories", [announcement.kind, *announcement.components])
    if announcement.sunset:
        last = dt.date.fromisoformat(announcement.sunset)
        event.add("dtstart", last)
        event.add("dtend", last + dt.timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    elif announcement.starts_at and announcement.ends_at:
        event.add("dtstart", _moment(announcement.starts_at))
        event.add("dtend", _moment(announcement.ends_at))
    return event


def _languages(feed: Feed) -> tuple[str, ...]:
    """The reader's language first; a calendar is often shared with who reads the other."""
    return (feed.lang, *(lang for lang in DATA if lang != feed.lang))


def _lines_of(announcement: Announcement, lang: str) -> list[str]:
    """What, when, and the last word on it."""
    first = [
        f"{_text(announcement.title, lang)} ({when_of(announcement, lang)})",
        _text(announcement.body, lang),
    ]
    return [*first, *(_text(update.text, lang) for update in announcement.updates[1:][-1:])]


def _text(text: Title | Words, lang: str) -> str:
    return text.en if lang == "en" else text.fa


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(microsecond=0)


def _newest(feed: Feed) -> dt.datetime:
    return _moment(
        max((announcement.updated_at for announcement in feed.announcements), default=NEVER)
    )


def _add(parent: ET.Element, **children: str) -> None:
    for name, value in children.items():
        ET.SubElement(parent, name).text = value
