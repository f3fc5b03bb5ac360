"""Which parts of an e-mail are taken, and the sentence about the others."""

from typing import NamedTuple

from bus.blobs import Blobs
from bus.foreign.filetypes import FILE_MOST, FILES_MOST, clean_name, type_of
from contracts.ticketing.citizens import TEXT_MOST
from contracts.ticketing.files import Attachment
from services.ticketing.domain import labels
from services.ticketing.mail.reading import Attached, Email

WHOLE_TEXT = "letter.txt"


class WholeEmail(Attached):
    """An e-mail that no program of ours could read, as it came."""


class LeftOut(NamedTuple):
    """A part that was not taken; ``reason`` is a code of labels.NOT_TAKEN."""

    name: str
    reason: str


class Parts(NamedTuple):
    """The parts of an e-mail that go into a ticket; the files were kept as blobs."""

    text: str
    files: tuple[Attachment, ...]
    left_out: list[LeftOut]

    def sentence(self, language: str) -> str:
        """List what was not taken and how to hand it in; empty if all was taken."""
        return left_out_sentence(self.left_out, language)


def take_parts(email: Email, text: str, blobs: Blobs) -> Parts:
    """Keep the files of the kinds that we take; a text too long for a ticket becomes a file too."""
    files: list[Attachment] = []
    left_out: list[LeftOut] = []
    if len(text) > TEXT_MOST:
        left_out.append(LeftOut(WHOLE_TEXT, "length"))
        files.append(_keep(Attached(WHOLE_TEXT, text.encode()), "text/plain", blobs))
    for attached in email.attachments:
        reason, kind = _judge(attached, len(files))
        if reason or kind is None:
            left_out.append(LeftOut(clean_name(attached.name, kind or ""), reason))
        else:
            files.append(_keep(attached, kind, blobs))
    if email.left_out:
        left_out.append(LeftOut(f"+{email.left_out}", "many"))
    return Parts(text[:TEXT_MOST], tuple(files), left_out)


def _judge(attached: Attached, accepted: int) -> tuple[str, str | None]:
    """Return why a file is not taken (empty if it is), and its type."""
    if not attached.content:
        return "empty", None
    whole = isinstance(attached, WholeEmail)
    kind = "message/rfc822" if whole else type_of(attached.content)
    if kind is None:
        return "type", None
    if len(attached.content) > FILE_MOST and not whole:
        return "large", kind
    return ("many" if accepted >= FILES_MOST else ""), kind


def _keep(attached: Attached, kind: str, blobs: Blobs) -> Attachment:
    blob = blobs.add(attached.content)
    name = clean_name(attached.name, kind)
    return Attachment(sha256=blob.sha256, size=blob.size, type=kind, name=name)


def left_out_sentence(left_out: list[LeftOut], language: str) -> str:
    """List the parts by name, each with its reason, and how to hand them in."""
    if not left_out:
        return ""
    column = 0 if language == "fa" else 1
    lines = "\n".join(
        f"- {part.name}: {labels.NOT_TAKEN[part.reason][column]}" for part in left_out
    )
    return f"{_INTRODUCTION[column]}\n{lines}\n{_WAY[column]}"


_INTRODUCTION = ("این بخش‌ها دریافت نشد:", "These parts were not taken:")
_WAY = (
    "آن‌ها را در صفحه پیگیری بفرستید: تا ده فایل در هر پیام، هر یک تا ۱۰ مگابایت؛ عکس، فیلم، "
    "PDF، سند Word، Excel، PowerPoint یا OpenDocument و متن ساده، بدون فشرده‌سازی (zip).",
    "Send them on the page of your ticket: up to ten files a message, 10 MB each; pictures, films, "
    "PDF, Word, Excel, PowerPoint or OpenDocument files and plain text, not packed (zip).",
)
