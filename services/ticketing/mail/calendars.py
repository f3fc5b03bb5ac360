"""Answers of calendar programs to an invitation (RFC 5546, 3.2.3)."""

import re
from dataclasses import dataclass

from bus.mail import one_line
from services.ticketing.mail.parts import Part

MOST = 256 * 1024
_LINE = re.compile(
    r"(?im)^(METHOD|UID|ATTENDEE|COMMENT)((?:;[^:\n\"]*|;[^:\n]*\"[^\n\"]*\")*):(.*)$"
)
_PARTSTAT = re.compile(r"PARTSTAT=\"?([A-Za-z-]{1,20})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CalendarReply:
    """Whether an attendee comes: ``ACCEPTED``, ``DECLINED``, ``TENTATIVE`` …, and what he adds."""

    uid: str
    answer: str
    comment: str


def reply_of(parts: list[Part]) -> CalendarReply | None:
    """The reply among the parts of a letter."""
    for part in parts:
        if part.kind not in ("text/calendar", "application/ics"):
            continue
        text = re.sub(r"\n[ \t]", "", part.text(MOST))
        values: dict[str, tuple[str, str]] = {}
        for name, parameters, value in _LINE.findall(text):
            values.setdefault(name.upper(), (parameters, value))
        if values.get("METHOD", ("", ""))[1].strip().upper() == "REPLY":
            status = _PARTSTAT.search(values.get("ATTENDEE", ("", ""))[0])
            return CalendarReply(
                one_line(values.get("UID", ("", ""))[1])[:250],
                status[1].upper() if status else "",
                one_line(values.get("COMMENT", ("", ""))[1].replace("\\n", " "))[:1000],
            )
    return None
