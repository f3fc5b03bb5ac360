"""Take e-mails for the units over SMTP; server.py starts it.

An e-mail is in the database before its sender gets 250; the service files it later. Only addresses
of units, postmaster and abuse are taken, and the return paths of notices; nothing is passed on,
and nothing is read here but the first header lines.
"""

import argparse
import asyncio
import logging
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError

from bus.database.store import Store
from bus.errors import BusError
from bus.foreign import return_path
from bus.foreign.mail_text import one_line
from bus.process import ending, log, monitor
from bus.process.surroundings import watch_surroundings
from bus.settings import MissingSettings, Settings
from services.ticketing.incoming_mail import metrics
from services.ticketing.incoming_mail.byte_budget import Budget, Limits
from services.ticketing.incoming_mail.smtp import Connections, LimitedSMTP, content
from services.ticketing.mail import addresses, headers
from services.ticketing.tables import BOOKS, LETTERS

LIMIT = 20 * 1024 * 1024
RECEIVERS = 100
ADDRESSES_SECONDS = 30.0
# A path of RFC 5321 (4.5.3.1.3), with room for characters of several bytes.
LONGEST_PATH = 512
_log = log.get("mailroom")


def unit_addresses(conn: Connection) -> set[str]:
    """Return the addresses of the units in the book in force."""
    newest = select(BOOKS.c.document).order_by(BOOKS.c.version.desc()).limit(1)
    document = conn.execute(newest).scalar()
    return {unit["email"].lower() for unit in (document or {}).get("units", [])}


class MailHandler:
    """aiosmtpd's handler: judges recipients, keeps e-mails. ``returns`` is the address to whose
    sub-addresses reports about notices come, empty where there is none.
    """

    def __init__(self, store: Store, budget: Budget, returns: str = "") -> None:
        self._store, self._budget, self._returns = store, budget, returns
        self._addresses: set[str] = set()
        self._fresh_until = 0.0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= RECEIVERS:
            return "452 4.5.3 Too many receivers; send the letter to the others separately"
        try:
            units = await self._units()
        except BusError:
            return "451 4.3.0 Try again later"
        if not (address.isprintable() and len(address) <= LONGEST_PATH):
            return "553 5.1.3 This is no address"
        if not self._is_ours(address, units):
            return "550 5.1.1 There is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def _is_ours(self, address: str, units: set[str]) -> bool:
        if self._returns and return_path.is_return_path(address, self._returns):
            return True
        hosts = units | {self._returns} if self._returns else units
        return addresses.plain(address) in units or addresses.is_of_office(address, hosts)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        with metrics.KEPT_SECONDS.time():
            reply = await self._take(session, envelope)
        metrics.TAKEN.labels(metrics.OUTCOMES[reply[0]]).inc()
        return reply

    async def _take(self, session: Session, envelope: Envelope) -> str:
        peer = str((session.peer or ("",))[0])
        # An e-mail is kept once for each recipient.
        size = sum(map(len, envelope.pieces)) * len(_distinct(envelope.rcpt_tos))
        if not self._budget.spend(peer, envelope.mail_from or "", size):
            _log.warning("letters_over_budget", bytes=size)
            return "450 4.7.1 Too much mail from you within an hour; try again later"
        try:
            size = await asyncio.to_thread(
                self._keep, envelope.mail_from, envelope.rcpt_tos, envelope.pieces
            )
        except BusError as error:
            _log.warning("letter_not_taken", code=error.code)
            return "451 4.3.0 Try again later"
        except (DataError, ValueError):
            # What the database refuses for what it contains, it refuses for ever.
            _log.exception("letter_refused")
            return "554 5.6.0 This letter cannot be stored"
        except Exception:
            _log.exception("letter_not_taken")
            return "451 4.3.0 Try again later"
        _log.info("letter_taken", bytes=size)
        return "250 OK"

    async def _units(self) -> set[str]:
        now = asyncio.get_running_loop().time()
        if now > self._fresh_until:
            self._addresses = await asyncio.to_thread(self._read_addresses)
            self._fresh_until = now + ADDRESSES_SECONDS
        return self._addresses

    def _read_addresses(self) -> set[str]:
        with self._store.transaction() as tx:
            return unit_addresses(tx.conn)

    def _keep(self, mail_from: str, receivers: list[str], pieces: list[bytes]) -> int:
        """Keep one row for each recipient; the same bytes once more are the same e-mail."""
        raw = content(pieces)
        row = {
            # aiosmtpd writes the null reverse-path so.
            "mail_from": "" if mail_from == "<>" else one_line(mail_from)[:LONGEST_PATH],
            "message_id": headers.message_id(raw),
            "raw": raw,
        }
        with self._store.transaction() as tx:
            for receiver in _distinct(receivers):
                tx.conn.execute(
                    insert(LETTERS).values(rcpt_to=receiver, **row).on_conflict_do_nothing()
                )
        return len(raw)


def _distinct(receivers: list[str]) -> list[str]:
    """List each address once, in lower case but for a token, whose case matters."""
    plain = (receiver if "+" in receiver else receiver.lower() for receiver in receivers)
    return list(dict.fromkeys(plain))


async def listen(  # noqa: PLR0913 - what a server is set up by
    store: Store,
    host: str,
    port: int,
    limit: int = LIMIT,
    limits: Limits | None = None,
    returns: str = "",
) -> asyncio.Server:
    """Start a server that takes e-mails."""
    handler, connections = MailHandler(store, Budget(limits or Limits()), returns), Connections()
    return await asyncio.get_running_loop().create_server(
        lambda: LimitedSMTP(connections, handler, limit), host, port
    )


async def serve(  # noqa: PLR0913 - what a server is set up by
    store: Store, host: str, port: int, limit: int, limits: Limits, returns: str
) -> None:
    """Take e-mails until SIGTERM; one that is being kept then is kept to the end."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    ending.on_stop(lambda: loop.call_soon_threadsafe(stop.set))
    server = await listen(store, host, port, limit, limits, returns)
    monitor.watch("database", store.finding)
    monitor.watch("loop", monitor.loop_turns(loop))
    _log.info("mail_server_started", port=port)
    await stop.wait()
    server.close()
    # asyncio.to_thread's workers are joined when the loop ends.
    await loop.shutdown_default_executor()


def main(argv: list[str] | None = None) -> int:
    """0: stopped; 1: it could not start, and stderr says why."""
    argparse.ArgumentParser(
        prog="python -m services.ticketing.incoming_mail.server",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(argv)
    settings = Settings()
    try:
        log.configure("mailroom", level=settings.text("LOG_LEVEL", "INFO"), hidden=frozenset())
        returns = return_path.checked(settings.text("NOTIFY_RETURN_ADDRESS", ""))
        # Its warnings quote what senders typed.
        logging.getLogger("mail.log").setLevel("ERROR")
        store = Store(settings.text("DB_URL"), source="mailroom", connections=10)
        host = settings.text("HOST", "127.0.0.1")
        port, limit = settings.whole("MAIL_PORT", 8025), settings.whole("MAIL_LIMIT", LIMIT)
        monitor.serve("ticketing-mail", settings)
        watch_surroundings(settings)
        limits = Limits(
            settings.whole("MAIL_MEGABYTES_AN_HOUR", Limits().sender_an_hour),
            settings.whole("MAIL_PEER_MEGABYTES_AN_HOUR", Limits().peer_an_hour),
            settings.whole("MAIL_MEGABYTES_A_DAY", Limits().all_a_day),
        )
        asyncio.run(serve(store, host, port, limit, limits, returns))
    except (MissingSettings, OSError, ValueError) as error:
        print(f"The mailroom cannot start: {error}", file=sys.stderr)
        return 1
    return 0
