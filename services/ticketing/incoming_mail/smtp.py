"""The SMTP door (aiosmtpd) with bounds: no sender takes memory, time or turns from the others.

RFC 5321, sections 4.5.3 and 7.8. CHUNKING (BDAT) is not offered; commands may be pipelined.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, syntax

CONNECTIONS, CONNECTIONS_OF_ADDRESS = 100, 40
MEMORY = 256 * 1024 * 1024
COMMANDS_OF_KIND = 5000
# A command, and each pause within an e-mail; a whole e-mail; a connection with all its e-mails.
STALLED_SECONDS, LETTER_SECONDS, SESSION_SECONDS = 60.0, 900.0, 3600.0
END = b"\r\n.\r\n"
TOO_LARGE = "552 5.3.4 The letter is larger than we take"


@dataclass
class Connections:
    """Who is connected now, and how many bytes of e-mails are held in memory."""

    open_by_address: Counter[str] = field(default_factory=Counter)
    held: int = 0

    def full_for(self, address: str) -> bool:
        """True if this connection is one too many."""
        return (
            self.open_by_address.total() > CONNECTIONS
            or self.open_by_address[address] > CONNECTIONS_OF_ADDRESS
        )


class TooLarge(Exception):
    """The e-mail is larger than we take."""


class LimitedSMTP(SMTP):  # type: ignore[misc]  # aiosmtpd has no types
    """One connection."""

    def __init__(self, connections: Connections, handler: object, limit: int) -> None:
        super().__init__(
            handler,
            hostname="mirab",
            data_size_limit=limit,
            enable_SMTPUTF8=True,
            decode_data=False,
            timeout=STALLED_SECONDS,
            ident="Mirab",
            command_call_limit=COMMANDS_OF_KIND,
        )
        self._connections, self._limit, self._address = connections, limit, ""
        self._held, self._in_letter = 0, False
        self._session_end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        self._connections.open_by_address[self._address] += 1
        self._session_end = self.loop.call_later(SESSION_SECONDS, transport.close)
        super().connection_made(transport)

    async def _handle_client(self) -> None:
        if not self._connections.full_for(self._address):
            await super()._handle_client()
            return
        await self.push("421 4.7.0 Too many connections; try again later")
        if self.transport is not None:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.open_by_address -= Counter([self._address])
        self._let_go()
        if self._session_end is not None:
            self._session_end.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._in_letter:
            self._reset_timeout()
        super().data_received(data)

    async def push(self, status: str | bytes) -> None:
        await super().push(status)
        # What one sender has put into its pipeline waits for the turns of the others.
        await asyncio.sleep(0)

    async def handle_exception(self, _error: Exception) -> str:
        """What aiosmtpd's parser of commands cannot read, it cannot read the next time either."""
        return "501 5.5.2 This command cannot be read"

    @syntax("DATA")  # type: ignore[untyped-decorator]  # aiosmtpd has no types
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """As aiosmtpd's, which keeps each line as an object of its own."""
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos or arg:
            await self.push("501 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            async with asyncio.timeout(LETTER_SECONDS):
                pieces = await self._read_letter()
            self.envelope.pieces = pieces
            status = await self._call_handler_hook("DATA")
        except TooLarge:
            status = TOO_LARGE
        except TimeoutError:
            await self._hang_up("421 4.4.2 The letter took too long; try again later")
            return
        finally:
            self._let_go()
            self._set_post_data_state()
        await self.push(status)

    async def _read_letter(self) -> list[bytes]:
        """What came up to the dot, in pieces, with a line break before it."""
        # The end is known by the break before its dot, also when the e-mail is empty.
        self._reader._buffer[:0] = b"\r\n"
        pieces: list[bytes] = []
        size, self._in_letter = 0, True
        try:
            while True:
                try:
                    piece, ended = await self._reader.readuntil(END), True
                except asyncio.LimitOverrunError as error:
                    piece, ended = await self._reader.read(error.consumed), False
                size += len(piece)
                too_large = size > self._limit + len(END)
                if not too_large:
                    pieces.append(piece)
                    await self._hold(len(piece))
                else:
                    pieces.clear()
                    self._let_go()
                if ended and not too_large:
                    return pieces
                if ended:
                    raise TooLarge
                if size > 2 * self._limit:
                    await self._hang_up(TOO_LARGE)
        finally:
            self._in_letter = False

    async def _hold(self, count: int) -> None:
        self._held += count
        self._connections.held += count
        if self._connections.held > MEMORY:
            await self._hang_up("421 4.3.1 Too many letters at once; try again later")

    def _let_go(self) -> None:
        self._connections.held -= self._held
        self._held = 0

    async def _hang_up(self, status: str) -> None:
        """Says so and ends the connection; who goes on sending is not read any more."""
        await self.push(status)
        if self.transport is not None:
            self.transport.close()
        raise asyncio.CancelledError


def content(pieces: list[bytes]) -> bytes:
    """The e-mail that came in these pieces, without the dots of transport (RFC 5321, 4.5.2)."""
    raw = b"".join(pieces)
    return raw[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")[2:]
