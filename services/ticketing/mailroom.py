"""Takes letters for the units over SMTP: `python -m services.ticketing.mailroom`.

A letter is in the database before its sender is told 250; what becomes of it the service decides.
Only addresses of units are taken; nothing is passed on.
"""

import argparse
import asyncio
import signal
import sys
from typing import Any

from aiosmtpd.smtp import SMTP
from sqlalchemy import Connection, text

from bus import log
from bus.errors import BusError
from bus.settings import MissingSettings, Settings
from bus.store import Store
from services.ticketing.mail_reading import read

LIMIT = 20 * 1024 * 1024
CONNECTIONS = 100
STALLED_SECONDS = 60.0
ADDRESSES_SECONDS = 30.0
_log = log.get("mailroom")


def unit_addresses(conn: Connection) -> set[str]:
    """The addresses of the units in the book in force."""
    document = conn.execute(
        text("select document from books order by version desc limit 1")
    ).scalar()
    return {unit["email"].lower() for unit in (document or {}).get("units", [])}


def plain_address(address: str) -> str:
    """The address without its sub-address (RFC 5233)."""
    local, _, host = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host}"


class Mailroom:
    """aiosmtpd's handler: judges receivers, keeps letters."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._addresses: set[str] = set()
        self._known_until = 0.0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        try:
            known = await self._units()
        except BusError:
            return "451 4.3.0 Try again later"
        if plain_address(address) not in known:
            return "550 5.1.1 There is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        try:
            await asyncio.to_thread(
                self._keep, envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content
            )
        except BusError as error:
            _log.warning("letter not taken", code=error.code)
            return "451 4.3.0 Try again later"
        except Exception:
            _log.exception("letter not taken")
            return "451 4.3.0 Try again later"
        _log.info("letter taken", bytes=len(envelope.original_content))
        return "250 OK"

    async def _units(self) -> set[str]:
        now = asyncio.get_running_loop().time()
        if now > self._known_until:
            self._addresses = await asyncio.to_thread(self._look)
            self._known_until = now + ADDRESSES_SECONDS
        return self._addresses

    def _look(self) -> set[str]:
        with self._store.transaction() as tx:
            return unit_addresses(tx.conn)

    def _keep(self, mail_from: str, rcpt_tos: list[str], raw: bytes) -> None:
        message_id = read(raw).message_id
        with self._store.transaction() as tx:
            for receiver in dict.fromkeys(rcpt_tos):
                tx.conn.execute(
                    text(
                        "insert into letters (mail_from, rcpt_to, message_id, raw) "
                        "values (:mail_from, :rcpt_to, :message_id, :raw) on conflict do nothing"
                    ),
                    {
                        "mail_from": mail_from,
                        "rcpt_to": receiver,
                        "message_id": message_id,
                        "raw": raw,
                    },
                )


async def serve(store: Store, host: str, port: int, limit: int) -> None:
    """Takes letters until SIGTERM; a letter that is being kept then is kept to the end."""
    handler, open_lines = Mailroom(store), 0

    class Line(SMTP):
        def connection_made(self, transport: Any) -> None:
            nonlocal open_lines
            open_lines += 1
            super().connection_made(transport)
            if open_lines > CONNECTIONS:
                transport.abort()

        def connection_lost(self, error: Exception | None) -> None:
            nonlocal open_lines
            open_lines -= 1
            super().connection_lost(error)

    def line() -> SMTP:
        return Line(
            handler,
            hostname="mirab",
            data_size_limit=limit,
            enable_SMTPUTF8=True,
            decode_data=False,
            timeout=STALLED_SECONDS,
            ident="Mirab",
        )

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(line, host, port)
    _log.info("taking letters", port=port)
    await stop.wait()
    server.close()
    # asyncio.to_thread's workers are joined when the loop ends.
    await loop.shutdown_default_executor()


def main(argv: list[str] | None = None) -> int:
    """0: stopped; 1: it could not start, and stderr says why."""
    argparse.ArgumentParser(
        prog="python -m services.ticketing.mailroom",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(argv)
    settings = Settings()
    try:
        log.configure("mailroom", level=settings.text("LOG_LEVEL", "INFO"), hidden=frozenset())
        store = Store(settings.text("DB_URL"), source="mailroom", connections=10)
        host = settings.text("HOST", "127.0.0.1")
        port, limit = settings.whole("MAIL_PORT", 8025), settings.whole("MAIL_LIMIT", LIMIT)
        asyncio.run(serve(store, host, port, limit))
    except (MissingSettings, OSError) as error:
        print(f"The mailroom cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
