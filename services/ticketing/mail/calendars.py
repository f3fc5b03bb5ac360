"""Answers of calendar programs to an invitation (RFC 5546, 3.2.3)."""

import re
from dataclasses import dataclass

from bus.foreign.mail_text import one_line
from services.ticketing.mail.parts import Part

MOST = 256 * 1024
_PARTSTAT = re.compile(r"PARTSTAT=\"?([A-Za-z-]{1,20})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CalendarReply:
    """Whether an attendee comes: ``ACCEPTED``, ``DECLINED``, ``TENTATIVE`` …, and what he adds."""

    uid: str
    answer: str
    comment: str


def reply_of(parts: list[Part]) -> CalendarReply | None:
    """The reply among the parts of an e-mail."""
    for part in parts:
        if part.kind not in ("text/calendar", "application/ics"):
            continue
        values = _properties(part.text(MOST))
        if values.get("METHOD", ("", ""))[1].strip().upper() == "REPLY":
            status = _PARTSTAT.search(values.get("ATTENDEE", ("", ""))[0])
            return CalendarReply(
                one_line(values.get("UID", ("", ""))[1])[:250],
                status[1].upper() if status else "",
                one_line(values.get("COMMENT", ("", ""))[1].replace("\\n", " "))[:1000],
            )
    return None


def _properties(text: str) -> dict[str, tuple[str, str]]:
    """Parameters and value of the first property of each name (RFC 5545, 3.1)."""
    properties: dict[str, tuple[str, str]] = {}
    for line in re.sub(r"\n[ \t]", "", text).split("\n"):
        # A colon within quotation marks is part of a parameter.
        quoted = line.rfind('"')
        before, _, value = line[quoted + 1 :].partition(":")
        name, _, parameters = (line[: quoted + 1] + before).partition(";")
        properties.setdefault(name.strip().upper(), (parameters, value))
    return properties
