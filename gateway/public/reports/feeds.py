"""Public reports as feeds: Atom (RFC 4287) and JSON Feed 1.1, by the filters of the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from markupsafe import escape

from bus.messages.values import Json
from gateway.public.site import words
from gateway.public.site.feed_parts import ATOM, NEVER, XML, child, head, json_document, written
from gateway.texts.files import FIRST, Language, translated


def address(form: str, query: Mapping[str, str], lang: Language) -> str:
    """Where the feed of some filters is on the portal."""
    more = {**query, **({} if lang.tag == FIRST else {"lang": lang.tag})}
    return f"/reports.{form}" + (f"?{urlencode(more)}" if more else "")


@dataclass(frozen=True, slots=True)
class Feed:
    """Public reports, newest first; ``query`` are the filters, ``chosen`` their names.

    ``portal`` has no slash at its end.
    """

    portal: str
    lang: Language
    query: Mapping[str, str]
    chosen: Sequence[str]
    rows: Sequence[Json]

    @property
    def title(self) -> str:
        return ": ".join((words.speaker(self.lang)("reports_title"), *self._joined(self.chosen)))

    def address(self, form: str) -> str:
        """Where this feed itself is."""
        return self.portal + address(form, self.query, self.lang)

    @property
    def list(self) -> str:
        """The page with the same reports."""
        return f"{self.portal}/reports" + (f"?{urlencode(self.query)}" if self.query else "")

    def page(self, row: Json) -> str:
        return f"{self.portal}/reports/{row['code']}"

    def heading(self, row: Json) -> str:
        """How a report stands, its subject and its county."""
        state = words.speaker(self.lang)("reports_open" if row["open"] else "reports_closed")
        names = (row[f"category_{self.lang}"], row[f"county_{self.lang}"])
        return ": ".join(
            (state, *self._joined([translated(name, self.lang) for name in names if name]))
        )

    def _joined(self, names: Sequence[str]) -> tuple[str, ...]:
        return (words.speaker(self.lang)("comma").join(names),) if names else ()


def changed(row: Json) -> str:
    """When a report last became what a reader has not seen: registered, or ended. What colleagues
    do meanwhile shows nothing new to anybody.
    """
    return str(row["registered_at"] if row["open"] else row["updated_at"])


def content(row: Json) -> str:
    """What was written, as text: an address in it is no link, as on the page."""
    lines = "<br>".join(str(escape(line)) for line in row["description"].split("\n"))
    return f'<p dir="auto">{lines}</p>'


def atom(feed: Feed) -> bytes:
    """Atom (RFC 4287)."""
    root = ET.Element(f"{{{ATOM}}}feed", {f"{{{XML}}}lang": feed.lang.tag})
    head(root, feed.address("atom"), feed.title, max(map(changed, feed.rows), default=NEVER))
    child(root, "link", rel="self", type="application/atom+xml", href=feed.address("atom"))
    child(root, "link", rel="alternate", type="text/html", href=feed.list)
    child(child(root, "author"), "name").text = words.speaker(feed.lang)("brand")
    for row in feed.rows:
        entry = child(root, "entry")
        head(entry, feed.page(row), feed.heading(row), changed(row))
        child(entry, "published").text = row["registered_at"]
        child(entry, "link", rel="alternate", type="text/html", href=feed.page(row))
        child(entry, "category", term=row["category"])
        child(entry, "content", type="html").text = content(row)
    return written(root)


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1."""
    items = [
        {
            "id": feed.page(row),
            "url": feed.page(row),
            "title": feed.heading(row),
            "content_html": content(row),
            "date_published": row["registered_at"],
            "date_modified": changed(row),
            "tags": [row["category"]],
        }
        for row in feed.rows
    ]
    return json_document(feed.title, feed.list, feed.address("json"), feed.lang.tag, items)
