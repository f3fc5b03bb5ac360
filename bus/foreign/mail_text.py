"""What all letters of ours do with text; without the network: children that read letters use it."""

import html
import re
from email.policy import EmailPolicy
from functools import lru_cache

# What ends a sentence or a quotation is no part of an address in it.
LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)»،؛؟\"']")
JOINERS = "\u200c\u200d"


class _Letters(EmailPolicy):
    """RFC 5322 as SMTP has it, in lines of 76. To read and fold a sender's Persian name takes more
    time than all else of a letter, and each letter has the same: what was read and folded last is
    kept.
    """

    @lru_cache(maxsize=64)  # noqa: B019  # one policy, as old as the process
    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return super().header_store_parse(name, value)

    @lru_cache(maxsize=64)  # noqa: B019
    def fold_binary(self, name: str, value: str) -> bytes:
        return super().fold_binary(name, value)


LETTERS = _Letters(linesep="\r\n", max_line_length=76)


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
