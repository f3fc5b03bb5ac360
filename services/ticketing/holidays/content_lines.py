"""An iCalendar file as text: its content lines, those of each VEVENT, its name (RFC 5545, 3.1)."""

import re
from collections.abc import Iterator

from bus.errors import FieldError, RuleBroken
from bus.foreign.mail_text import one_line

# An entry of a holiday has fewer lines, and shorter ones.
MOST_LINES, MOST_LINE = 400, 20_000
TITLE, NAME = 200, 200
_FOLD = re.compile(r"\n[ \t]")
_NAME = re.compile(r"(?:X-WR-CALNAME|NAME)(?:;[^:]*)?:(.*)", re.IGNORECASE)


def unfolded(raw: bytes) -> list[str]:
    """The content lines of a file (3.1). RuleBroken ``holidays.no_calendar``."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = raw.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = _FOLD.sub("", text.replace("\0", "")).split("\n")
    if not any(line.strip().upper() == "BEGIN:VCALENDAR" for line in lines):
        raise refusal("holidays.no_calendar", "This is no iCalendar file.")
    return lines


def events(lines: list[str]) -> Iterator[list[str]]:
    """The lines of each VEVENT; what is within it, as alarms, is passed over."""
    block: list[str] | None = None
    inner = 0
    for line in lines:
        word = line.strip().upper()
        if word == "BEGIN:VEVENT":
            block, inner = [], 0
        elif word == "END:VEVENT" and block is not None:
            yield block
            block = None
        elif block is not None and word.startswith(("BEGIN:", "END:")):
            inner = max(0, inner + (1 if word.startswith("BEGIN:") else -1))
        elif block is not None and not inner and len(block) <= MOST_LINES and line.strip():
            block.append(line[:MOST_LINE])


def name_of(lines: list[str]) -> str:
    """What the file calls itself."""
    for line in lines:
        match = _NAME.fullmatch(line.strip())
        if match:
            return _plain(match[1])[:NAME]
        if line.strip().upper() == "BEGIN:VEVENT":
            break
    return ""


def title_of(block: list[str]) -> str:
    """The title of an entry that cannot be read."""
    title = next((line for line in block if line.upper().startswith("SUMMARY")), "")
    return _plain(title.partition(":")[2])[:TITLE]


def _plain(text: str) -> str:
    return one_line(re.sub(r"\\([,;\\])", r"\1", text).replace("\\n", " ").replace("\\N", " "))


def refusal(code: str, sentence: str) -> RuleBroken:
    """The refusal of a whole file."""
    return RuleBroken(sentence, code=code, fields=[FieldError("file", code, sentence)])
