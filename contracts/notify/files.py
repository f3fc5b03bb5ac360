"""Files that agencies send by e-mail: a link in the text, a page of the portal behind it.

Their owner is the team of services/notify.
"""

from typing import Annotated

from bus.messages.fields import Choice, Pattern, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import PERSONAL, message
from bus.messages.values import Instant
from contracts.notify.bulk import CanonicalUuid

FILES = "files"
"""The folder of the blob store in which files lie that are sent by e-mail."""
# As Notify: 2 MiB and a little.
FILE_MOST = 2 * 1024 * 1024 + 1024
NAME_MOST, WEEKS_MOST, WEEKS = 100, 78, 26
FILES_MOST = 10
FILE_STATES = ("HELD", "CLEAN", "INFECTED")


@message
class FileByEmail:
    """A file as the face has stored it; ``confirm`` asks for the receiver's address first."""

    sha256: Annotated[str, Pattern("^[0-9a-f]{64}$", "format|Give a SHA-256 in hex.")]
    size: Annotated[int, whole(1, FILE_MOST)]
    name: Annotated[str, Text(NAME_MOST, personal=True)]
    type: Annotated[str, Text(100)]
    confirm: bool = True
    weeks: Annotated[int, whole(1, WEEKS_MOST)] = WEEKS


@message
class FileLink:
    """What stands in a link; the key opens, the ID alone does not."""

    id: Annotated[CanonicalUuid, "The file's ID"]
    key: Annotated[str, Text(64, personal=True)]


@message
class SentFile:
    """What the page says of a file; its owner's names are empty where the register has none."""

    owner: Annotated[str, Text(64)]
    name: Annotated[str, Text(NAME_MOST, personal=True)]
    size: int
    type: Annotated[str, Text(100)]
    state: Annotated[str, Choice(FILE_STATES)]
    confirm: bool
    until: Instant
    owner_fa: Annotated[str, Text(200, least=0)] = ""
    owner_en: Annotated[str, Text(200, least=0)] = ""


@message
class OpenFile(FileLink):
    email: Annotated[str | None, Text(200), PERSONAL] = None


@message
class OpenedFile:
    """The reply is kept for a month: what it is called is asked for apart."""

    sha256: Annotated[str, Pattern("^[0-9a-f]{64}$", "format|Give a SHA-256 in hex.")]


SENT_FILE = Request(
    "notify.sent_file.v1",
    FileLink,
    "Reads what a link to a file leads to.",
    reply=SentFile,
    effect=False,
    agency=False,
)
OPEN_FILE = Request(
    "notify.open_file.v1",
    OpenFile,
    "Opens a file that was sent by e-mail, for whoever names the address it was sent to.",
    reply=OpenedFile,
    agency=False,
)
