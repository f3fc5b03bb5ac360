"""Complaints about e-mails of ours, as mail providers pass them on (ARF, RFC 5965), and the token
of ours in what a report returns of an e-mail (bus/foreign/return_path.py).
"""

from dataclasses import dataclass

from bus.foreign import return_path
from services.ticketing.mail import headers
from services.ticketing.mail.parts import Part

MOST = 256 * 1024
KIND = "message/feedback-report"
# By the register of feedback types (RFC 5965, 7.3; RFC 6430): the receiver wants no such e-mail.
# Not among them: not-spam, virus, and auth-failure, which is about signatures (RFC 6591).
COMPLAINTS = ("abuse", "fraud", "opt-out", "opt-out-list", "other")
TYPE_MOST = 40
_RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
_PARTS_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a receiver said of an e-mail of ours by a button of the mail program."""

    type: str

    @property
    def is_complaint(self) -> bool:
        """Whether the receiver wants no such e-mail."""
        return self.type in COMPLAINTS


def of(kind: str, leaves: list[Part]) -> Feedback | None:
    """The feedback of a report; None if the e-mail (of media type ``kind``) is none."""
    report = next((part for part in leaves if part.kind == KIND), None)
    if report is None or kind != "multipart/report":
        return None
    head = headers.split(report.content(MOST) + b"\r\n\r\n")
    return Feedback(head.token("feedback-type")[:TYPE_MOST])


def returned_token(leaves: list[Part]) -> str:
    """Our token in the e-mail that a report returns, as text; empty if none is there."""
    for part in leaves[:_PARTS_LOOKED_AT]:
        if part.kind in _RETURNED:
            fields: tuple[str, ...] = (return_path.HEADER.lower(), "return-path")
        elif part.kind == KIND:
            fields = ("original-mail-from",)
        elif part.kind == "text/plain":
            token = _in_text(part)
            if token:
                return token
            continue
        else:
            continue
        head = headers.split(part.content(MOST) + b"\r\n\r\n")
        for value in (value for field in fields for value in head.all(field)):
            if token := _token(value.decode("ascii", "replace")):
                return token
    return ""


def _in_text(part: Part) -> str:
    """The token in a copy that stands below the words of a report, as qmail writes it."""
    name = return_path.HEADER.lower() + ":"
    for line in part.text(MOST).splitlines():
        plain = line.lstrip("> \t").lower()
        if plain.startswith(name) and (token := _token(plain.removeprefix(name))):
            return token
    return ""


def _token(value: str) -> str:
    token = return_path.token_of(value)
    return str(token) if token else ""
