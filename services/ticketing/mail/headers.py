"""The header of a letter: its lines as bytes, bounded before they are worked on."""

import hashlib
import re

MOST = 256 * 1024
_MESSAGE_ID = re.compile(
    rb"^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(<[\x21-\x7e]{1,250}>)", re.I | re.M
)


def message_id(raw: bytes) -> str:
    """The Message-ID of a letter, or one made of its bytes; never with control characters."""
    head = re.split(rb"\r?\n\r?\n", raw[:MOST], maxsplit=1)[0]
    match = _MESSAGE_ID.search(head)
    if match:
        return match[1].decode("ascii")
    return f"<sha256-{hashlib.sha256(raw).hexdigest()[:32]}@mirab.invalid>"
