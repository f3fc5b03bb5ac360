"""Prose of announcements and of letters in an inbox as HTML, the same on pages and in feeds:
paragraphs, lists, links.
"""

import re
from html import escape

from markupsafe import Markup

from bus.foreign.mail_text import LINK

_ITEM = re.compile(r"\s*(?:[*•-]|(?P<number>[0-9۰-۹]{1,3})[.)])\s+(?P<text>\S.*)")
DIRECTIONS = {"fa": "rtl", "en": "ltr"}


def prose(text: str) -> Markup:
    """Return the text as HTML. Only its lists and addresses become markup."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        kind, words = _kind(line)
        if blocks and blocks[-1][0] == kind:
            blocks[-1][1].append(words)
        else:
            blocks.append((kind, [words]))
    return Markup("".join(_block(kind, lines) for kind, lines in blocks if kind))  # noqa: S704 - each part is escaped


def directed(html: str, lang: str) -> str:
    """Return HTML in the direction and the font of its language, for feed readers."""
    return f'<div dir="{DIRECTIONS[lang]}" lang="{lang}">{html}</div>'


def _kind(line: str) -> tuple[str, str]:
    if not line.strip():
        return "", ""
    if item := _ITEM.fullmatch(line):
        return ("ol" if item["number"] else "ul"), item["text"]
    return "p", line.strip()


def _block(kind: str, lines: list[str]) -> str:
    if kind == "p":
        return f"<p>{'<br>'.join(map(_line, lines))}</p>"
    return f"<{kind}>{''.join(f'<li>{_line(line)}</li>' for line in lines)}</{kind}>"


def _line(text: str) -> str:
    done, at = [], 0
    for match in LINK.finditer(text):
        address = escape(match[0])
        done += [escape(text[at : match.start()]), f'<a href="{address}" dir="ltr">{address}</a>']
        at = match.end()
    return "".join((*done, escape(text[at:])))
