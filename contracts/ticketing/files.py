"""Files as contracts know them: claims of the blob store."""

from typing import Any

from marshmallow import Schema, fields, validate

from bus.fields import Text, whole
from bus.foreign.filetypes import FILES_MOST

ATTACHMENTS = FILES_MOST


class Attachment(Schema):
    """A file that the gateway has put into the blob store (Claim Check)."""

    sha256 = Text(64, required=True)
    size = whole(1, 100_000_000, required=True)
    type = Text(60, required=True)
    name = Text(100, required=True, personal=True)


def attachments() -> fields.List[Any]:
    """Up to ten files."""
    return fields.List(
        fields.Nested(Attachment),
        load_default=list,
        validate=validate.Length(0, ATTACHMENTS, error=f"length|At most {ATTACHMENTS} files."),
    )
