"""The console of an agency: an address for one use, by its key, and the session of a browser.

Their owner is the team of services/agencies.
"""

from typing import Annotated

from bus.messages.fields import Pattern, Text
from bus.messages.kinds import Request
from bus.messages.message import PERSONAL, message
from bus.messages.values import Instant
from contracts.agencies.register import Nothing

CODE_MINUTES = 10
SESSION_MINUTES = 60

# The sha-256, in hex, of what the browser's cookie holds.
SessionDigest = Annotated[
    str, Text(64), Pattern("^[0-9a-f]{64}$", "format|Give 64 hexadecimal digits.")
]


@message
class EntryCode:
    """``entry_code`` opens the console once: <address of this face>/console?code=<entry_code>."""

    entry_code: Annotated[str, Text(64), PERSONAL]
    until: Annotated[Instant, "Ten minutes from now"]


@message
class EnterConsole:
    entry_code: Annotated[str, Text(64), PERSONAL]
    session: SessionDigest


@message
class OfSession:
    session: SessionDigest


@message
class Left:
    """``ended`` is false if there was no such session."""

    ended: bool


@message
class Session:
    """Whose session it is, by which key it was opened, and when it ends at the latest."""

    agency: Annotated[str, Text(64)]
    key: Annotated[str, Text(64)]
    until: Instant


# Without effect for the inbox, which would keep the code in its replies; a code is used once,
# whatever id the message has.
OPEN_CONSOLE = Request(
    "agencies.open_console.v1",
    Nothing,
    "Makes an address for one use at which a browser reads your console, within ten minutes.",
    reply=EntryCode,
    effect=False,
    everyone=True,
)
ENTER_CONSOLE = Request(
    "agencies.enter_console.v1",
    EnterConsole,
    "Exchanges the code of a console for the session of a browser, once.",
    reply=Session,
    effect=False,
    agency=False,
)
CONSOLE_SESSION = Request(
    "agencies.console_session.v1",
    OfSession,
    "Tells whose session of the console it is, while it and its key are in force.",
    reply=Session,
    effect=False,
    agency=False,
)
LEAVE_CONSOLE = Request(
    "agencies.leave_console.v1",
    OfSession,
    "Ends a session of the console.",
    reply=Left,
    effect=False,
    agency=False,
)
