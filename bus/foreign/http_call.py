"""One HTTP call to somebody outside: an answer in time and size, or an honest word why not."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from bus.foreign.odd_texts import NUL
from bus.process import spans
from bus.process.spans import Attributes, Kind
from bus.wire import Wire


class NoAnswer(Exception):
    """No answer came, and nobody knows what was done. Only if ``unsent``, surely nothing: there was
    no connection. ``why`` never holds an address, which may hold a secret.
    """

    def __init__(self, reason: str, *, unsent: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.unsent = reason, unsent


def exchange(
    method: str,
    url: str,
    *,
    timeout: float,
    limit: int,
    allowed: Callable[[str], bool] | None = None,
    **request: Any,  # Any: options of requests
) -> tuple[int, bytes]:
    """The status and the body, of which no more is read than shows that it is longer than
    ``limit`` bytes; ``timeout`` in seconds is for the whole call. Raises NoAnswer.

    ``allowed`` judges the IP address that a connection has reached, before anything is sent to it:
    whatever the name's owner lets it resolve to, and whenever.

    No connection is kept: one that the other side closes just now would leave open whether it
    heard us.
    """
    span = spans.begin(Kind.CLIENT, method, attributes=call_attributes(method, url))
    with spans.within(span):
        try:
            with requests.Session() as session, Deadline(timeout) as deadline:
                adapter = CutAdapter(deadline, allowed)
                if allowed is not None:
                    session.trust_env = False  # a proxy would be reached instead
                session.mount("https://", adapter)
                session.mount("http://", adapter)
                status, body = _exchanged(session, deadline, method, url, timeout, limit, request)
        except (requests.RequestException, OSError) as error:
            raise NoAnswer(type(error).__name__, unsent=_unsent(error)) from None
        except Exception as error:
            # urllib3's own errors while a body is read.
            raise NoAnswer(type(error).__name__) from None
        if span is not None:
            span.note(http__response__status_code=status)
        return status, body


def call_attributes(method: str, url: str) -> Attributes:
    """Whom a span of a call names: the host alone, for path and query may hold keys and numbers."""
    if not spans.enabled():
        return spans.NOTHING
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    return {"http.request.method": method, "server.address": host, "server.port": port}


def _exchanged(  # noqa: PLR0913 - what ``exchange`` was given
    session: requests.Session,
    deadline: "Deadline",
    method: str,
    url: str,
    timeout: float,
    limit: int,
    request: Wire,
) -> tuple[int, bytes]:
    end = time.monotonic() + timeout
    with session.request(
        method, url, timeout=timeout, allow_redirects=False, stream=True, **request
    ) as answer:
        body = read_body(answer, end, limit)
        if deadline.is_over:
            # What is cut within headers or body looks complete to the library.
            raise TimeoutError
        return answer.status_code, body


class Deadline:
    """Cuts the connections of a call when its time is over.

    The library's own time-out is for each read: who sends a byte of a header a second would hold
    us for hours.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._twins: list[socket.socket] = []
        self.is_over = False

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for twin in self._twins:
            twin.close()

    def watch(self, line: socket.socket) -> socket.socket:
        """The same socket, which is cut in time; TLS takes it over, its twin still names it."""
        self._twins.append(line.dup())
        return line

    def _cut(self) -> None:
        self.is_over = True
        for twin in self._twins:
            with contextlib.suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


class CutAdapter(HTTPAdapter):
    """Makes connections that a deadline watches."""

    def __init__(self, deadline: Deadline, allowed: Callable[[str], bool] | None = None) -> None:
        self._pools = _watched_pools(deadline, allowed)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # Any: options of requests
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _watched_pools(
    deadline: Deadline, allowed: Callable[[str], bool] | None
) -> dict[str, type[HTTPConnectionPool]]:
    def judged(connection: HTTPConnection, line: socket.socket) -> socket.socket:
        if allowed is not None and not allowed(str(line.getpeername()[0])):
            line.close()
            raise NewConnectionError(connection, "This address is not one of the open internet.")
        return deadline.watch(line)

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return judged(self, super()._new_conn())

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return judged(self, super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def readable(body: bytes, limit: int) -> object:
    """The JSON of an answer; None if it is none, too long, or holds what no database keeps. What is
    people's words for the most part odd_texts reads.
    """
    if len(body) > limit or NUL in body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def whole(value: object) -> int | None:
    """A whole number that came as a number or as digits; None if it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,18}", value):
        return int(value)
    return None


def read_body(answer: requests.Response, end: float, limit: int) -> bytes:
    """The body by ``end`` (monotonic clock), of which no more is kept than shows that it is longer
    than ``limit`` bytes. The library's own time-out is for each read only, so
    that who sends a byte a second would hold us for a day.
    """
    body = b""
    while len(body) <= limit:
        if time.monotonic() > end:
            raise TimeoutError
        piece = answer.raw.read1(limit + 1, decode_content=True)
        if not piece:
            break
        body += piece
    return body


def _unsent(error: Exception) -> bool:
    """True if there was no connection: refused, no such host, too slow to connect, a wrong
    certificate.
    """
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    inner = reason.args[0] if isinstance(reason, Exception) and reason.args else None
    return isinstance(inner, ssl.SSLCertVerificationError)
