"""Our documents, which are Markdown, as HTML: with an id for each heading, as GitHub names them."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

_NO_WORD = re.compile(r"[^\w\- ]")
DEEPEST_TOLD = 3


class Heading(NamedTuple):
    """A heading, its level from 1, and all words up to the next one."""

    level: int
    id: str
    text: str
    words: str


class Page(NamedTuple):
    """A document as HTML, and its headings in order."""

    html: Markup
    headings: tuple[Heading, ...]


def slug(text: str) -> str:
    """Return the id of a heading.

    >>> slug("What is checked, and in which order")
    'what-is-checked-and-in-which-order'
    """
    return _NO_WORD.sub("", text.lower()).replace(" ", "-")


def page(text: str, link: Callable[[str], str | None]) -> Page:
    """Return a document of ours as HTML. ``link`` gives where a link leads here; None drops it."""
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")
    tokens = [token for token in parser.parse(text) if not token.info.startswith("{")]
    headings: list[Heading] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            title = _words(tokens[place + 1])
            level = int(token.tag[1])
            token.attrSet("id", _unused(slug(title), headings))
            words = _until_next(tokens[place + 2 :])
            headings.append(Heading(level, str(token.attrGet("id")), title, words))
        elif token.type == "inline":
            token.children = _linked(token.children or [], link)
    parser.renderer.rules |= {  # type: ignore[attr-defined]
        "table_open": lambda *_: '<div class="scroll" tabindex="0"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
        "fence": _code,
        "code_block": _code,
    }
    html = parser.renderer.render(tokens, parser.options, {})
    return Page(Markup(html), tuple(headings))  # noqa: S704 - of our own documents


def _code(tokens: Sequence[Token], place: int, *_: object) -> str:
    text = escape(tokens[place].content)
    return f'<pre dir="ltr" tabindex="0" data-copy><code>{text}</code></pre>\n'


def _unused(id_: str, headings: Sequence[Heading]) -> str:
    count = sum(heading.id == id_ or heading.id.startswith(f"{id_}-") for heading in headings)
    return f"{id_}-{count}" if any(heading.id == id_ for heading in headings) else id_


def _words(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _until_next(tokens: Sequence[Token]) -> str:
    texts = []
    for token in tokens:
        if token.type == "heading_open":
            break
        if token.type in ("inline", "fence"):
            texts.append(token.content)
    return " ".join(texts)


def _linked(tokens: Sequence[Token], link: Callable[[str], str | None]) -> list[Token]:
    """The same with its links and pictures led to where they are served; links that are not become
    text, pictures that are not are left out.
    """
    kept, dropped = [], False
    for token in tokens:
        if token.type == "link_open":
            target = link(str(token.attrGet("href")))
            dropped = target is None
            if target is not None:
                token.attrSet("href", target)
        elif token.type == "image":
            picture = link(str(token.attrGet("src")))
            if picture is None:
                continue
            token.attrSet("src", picture)
            token.attrSet("loading", "lazy")
        if not (dropped and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept
