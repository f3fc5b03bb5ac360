"""What the ledger and the queue of differences write in English, as officers read it in Persian.

The ledger keeps short texts for accounting tools, such as ``refund 3 P-77``; the pages show them in
words. What matches no pattern is the bank's own number, and is shown as it is.
"""

import re
from collections.abc import Callable, Mapping

from gateway.html import formats
from gateway.ops.treasury import account_texts

# Texts of entries and of notes, as patterns → Persian words, whose braces are the pattern's groups.
PATTERNS = tuple(
    (re.compile(pattern), words) for pattern, words in account_texts.LEDGER_TEXTS.items()
)
OF_BANK = re.compile(r"([a-z_]+)[: ](.+)", re.DOTALL)
# Left-to-right isolates: a bank's number with hyphens is not turned round in a Persian line.
ISOLATED = "\u2066{}\u2069"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Describe = Callable[[str], str]


def describer(banks: Mapping[str, str], *, for_file: bool = False) -> Describe:
    """A function that says a text of the ledger in Persian; ``banks`` names gateways by code.

    What is not ``for_file`` has invisible marks that keep numbers in their order on a page.
    """
    number = "{}" if for_file else ISOLATED

    def describe(text: str) -> str:
        return " / ".join(map(_part, text.split(" / ")))

    def _part(text: str) -> str:
        for pattern, words in PATTERNS:
            if match := pattern.fullmatch(text):
                return words.format(*map(number.format, match.groups()))
        match = OF_BANK.fullmatch(text)
        if match is None or match[1] not in banks:
            return text
        if DAY.fullmatch(match[2]):
            # A day of a bank stands beside the bank's name.
            return formats.day(match[2])
        return f"{banks[match[1]]}، {number.format(match[2])}"

    return describe
