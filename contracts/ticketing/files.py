"""Files as contracts know them: claims of the blob store."""

from typing import Annotated

from marshmallow import validate

from bus.foreign.filetypes import FILES_MOST
from bus.messages.fields import Text, whole
from bus.messages.message import message

ATTACHMENTS = FILES_MOST


@message
class Attachment:
    """A file that the gateway has put into the blob store (Claim Check)."""

    sha256: Annotated[str, Text(64)]
    size: Annotated[int, whole(1, 100_000_000)]
    type: Annotated[str, Text(60)]
    name: Annotated[str, Text(100, personal=True)]


Attachments = Annotated[
    tuple[Attachment, ...],
    validate.Length(0, ATTACHMENTS, error=f"length|At most {ATTACHMENTS} files."),
]
