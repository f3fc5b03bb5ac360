"""HTML as mail programs write it, as text: every tag in one pass, no tree."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST, DEPTH_MOST = 4 * 1024 * 1024, 50
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,50})")
_IN_TAG = re.compile(r"""[>"']""")
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
# Their content is no text of the e-mail (WHATWG HTML, 13.2.5).
_HIDDEN = ("script", "style", "title", "template", "noembed", "iframe", "xml")
_BLOCKS = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    )
)
_CELLS = ("td", "th")
RULE = "_" * 32
_CITE = re.compile(r"""type\s*=\s*["']?cite|class\s*=\s*["']?[^"'>]*(quote|cite)""", re.IGNORECASE)


class Tag(NamedTuple):
    """A tag with what stands in it."""

    name: str
    ends: bool
    attributes: str


def to_text(page: str) -> str:
    """The text of a page; of a page that shows none, all that is no tag."""
    page = page[:MOST]
    text = _layout(page)
    if text.strip():
        return text
    return _squeeze(_unescape(re.sub(r"<[^<>]{0,2000}>", " ", page)))


def _layout(page: str) -> str:
    layout = _Layout()
    for piece in _pieces(page):
        if isinstance(piece, str):
            layout.add(piece)
        else:
            layout.pass_tag(piece)
    return _squeeze("".join(layout.pieces))


class _Layout:
    """Lines of text; those in a quotation begin with "> " as in plain e-mails."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._cited: list[bool] = []
        self._in_pre = self._has_words = False

    def add(self, text: str) -> None:
        if self._in_pre:
            text = text.replace("\n", "\n" + self._prefix())
        else:
            text = re.sub(r"[ \t\r\n\f]+", " ", text)
        self._has_words = self._has_words or bool(text.strip())
        self.pieces.append(text)

    def pass_tag(self, tag: Tag) -> None:
        if tag.name == "br":
            self._break()
        elif tag.name in _CELLS:
            self.pieces.append(" ")
        elif tag.name in _BLOCKS:
            if self._has_words:
                self._break()
            self._open_or_close(tag)
            if tag.name == "p" and tag.ends:
                self._break()

    def _open_or_close(self, tag: Tag) -> None:
        if tag.name == "pre":
            self._in_pre = not tag.ends
        elif tag.name == "hr":
            self.pieces.append(RULE)
            self._break()
        elif tag.name == "blockquote":
            if tag.ends:
                self._cited = self._cited[:-1]
            elif len(self._cited) < DEPTH_MOST:
                self._cited.append(bool(_CITE.search(tag.attributes)))
            self.pieces.append("\n" + self._prefix())

    def _break(self) -> None:
        self.pieces.append("\n" + self._prefix())
        self._has_words = False

    def _prefix(self) -> str:
        return "> " * sum(self._cited)


def _squeeze(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _pieces(page: str) -> Iterator[str | Tag]:
    """Text and tags in their order; each character is looked at a fixed number of times."""
    at, ends = 0, _Ends(page)
    while at < len(page):
        start = page.find("<", at)
        if start < 0:
            break
        if start > at:
            yield _unescape(page[at:start])
        tag = _TAG.match(page, start)
        if page.startswith("<!--", start):
            at = ends.after("-->", start + 2)
        elif page[start + 1 : start + 2] in ("!", "?") or (
            page.startswith("</", start) and not tag
        ):
            at = ends.after(">", start + 1)
        elif tag is None:
            yield "<"
            at = start + 1
        else:
            at = ends.of_tag(tag.end())
            name = tag[2].lower()
            yield Tag(name, bool(tag[1]), page[tag.end() : min(at, tag.end() + 500)])
            if name in _HIDDEN and not tag[1] and not page.startswith("/>", at - 2):
                at = _after_hidden(page, name, at)
    if at < len(page):
        yield _unescape(page[at:])


class _Ends:
    """Where something ends; what was once not found is not sought again."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._absent: set[str] = set()

    def after(self, sign: str, at: int) -> int:
        end = -1 if sign in self._absent else self._page.find(sign, at)
        if end < 0:
            self._absent.add(sign)
            return len(self._page)
        return end + len(sign)

    def of_tag(self, at: int) -> int:
        """The end of a tag, in whose quoted values a ">" ends nothing."""
        while match := _IN_TAG.search(self._page, at):
            sign = match[0]
            if sign == ">":
                return match.end()
            at = match.end()
            opens = self._page[max(match.start() - 10, 0) : match.start()].rstrip().endswith("=")
            if opens and (end := self.after(sign, at)) < len(self._page):
                at = end
        return len(self._page)


def _after_hidden(page: str, name: str, at: int) -> int:
    close = re.compile(f"</{re.escape(name)}(?=[\\s/>])", re.IGNORECASE).search(page, at)
    return close.start() if close else len(page)


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text))
