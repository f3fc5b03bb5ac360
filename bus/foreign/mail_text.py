"""What all letters of ours do with text; without the network: children that read letters use it."""

import html
import re

# What ends a sentence or a quotation is no part of an address in it.
LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)»،؛؟\"']")
JOINERS = "\u200c\u200d"


def one_line(text: str) -> str:
    """One line, as a header holds it: what would begin another header is a blank.

    The joiners of Persian (U+200C, U+200D) cannot be printed by themselves, and stay.
    """
    printable = (c if c.isprintable() or c in JOINERS else " " for c in text)
    return " ".join("".join(printable).split())


def paragraphs(text: str) -> str:
    """Plain text, with empty lines between paragraphs, as HTML whose addresses are links."""
    return "".join(f"<p>{_linked(part)}</p>" for part in text.split("\n\n") if part.strip())


def _linked(text: str) -> str:
    parts, end = [], 0
    for link in LINK.finditer(text):
        parts.append(html.escape(text[end : link.start()]))
        address = html.escape(link[0], quote=True)
        parts.append(f'<a href="{address}" dir="ltr">{address}</a>')
        end = link.end()
    parts.append(html.escape(text[end:]))
    return "".join(parts).replace("\n", "<br>")
