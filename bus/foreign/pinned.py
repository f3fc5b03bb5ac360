"""One HTTP call to an address that an agency named: in time, to the IP address that was judged.

The name is resolved once. Were it resolved again for connecting, its owner could answer with an
address of ours the second time (DNS rebinding).
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from bus.foreign.address import Place, allowed
from bus.foreign.http_call import call_attributes, read_body
from bus.process import spans
from bus.process.spans import Kind

SECONDS = 10.0
# Any: the tuples of socket.getaddrinfo.
Resolve = Callable[..., Sequence[tuple[Any, ...]]]


class NotReached(Exception):
    """There is no answer; ``code`` is no_host, address, tls, timeout or unreachable. Whether the
    other side got the body is not known then.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Answer(NamedTuple):
    """An answer; the body only as far as it was asked for, and one byte more if it is longer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PinnedClient(NamedTuple):
    """How addresses that agencies name are called: ``sandbox`` lets loopback through, ``ca_file``
    names other certificates to trust than the usual ones, ``seconds`` is for the whole call.
    """

    sandbox: bool = False
    ca_file: str | None = None
    seconds: float = SECONDS
    resolve: Resolve = socket.getaddrinfo

    def send(
        self,
        method: str,
        to: Place,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str],
        limit: int | None = None,
    ) -> Answer:
        """Call, following no redirect and using no proxy. Of the answer's body ``limit`` bytes are
        read, by default nothing. Raises NotReached.
        """
        span = spans.begin(Kind.CLIENT, method, attributes=call_attributes(method, to.url))
        with spans.within(span):
            answer = self._send(method, to, body, headers, limit)
            if span is not None:
                span.note(http__response__status_code=answer.status)
            return answer

    def _send(
        self,
        method: str,
        to: Place,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: int | None,
    ) -> Answer:
        end = time.monotonic() + self.seconds
        line = Line(self.addresses(to), self.seconds)
        with requests.Session() as session, line:
            session.trust_env = False
            session.mount(f"{to.scheme}://", PinnedAdapter(line))
            try:
                with session.request(
                    method,
                    to.url,
                    data=body,
                    headers=dict(headers),
                    timeout=self.seconds,
                    allow_redirects=False,
                    stream=True,
                    verify=self.ca_file or True,
                ) as answer:
                    content = b"" if limit is None else read_body(answer, end, limit)
                    if line.is_cut:
                        # Cut within headers or body, the library takes them for complete.
                        raise requests.Timeout
                    return Answer(answer.status_code, dict(answer.headers), content)
            except requests.exceptions.SSLError:
                raise NotReached("tls", "Its certificate cannot be trusted.") from None
            except (requests.RequestException, HTTPError, OSError) as error:
                if line.is_cut or isinstance(error, requests.Timeout | TimeoutError):
                    raise NotReached("timeout", "It did not answer in time.") from None
                raise NotReached("unreachable", "It did not answer.") from None

    def addresses(self, to: Place) -> list[str]:
        """The IP addresses of a host, if calls may go to all of them. Raises NotReached."""
        try:
            infos = self.resolve(to.host, to.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotReached("no_host", "Its host has no address now.") from None
        addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
        if not addresses or not all(
            allowed(address, sandbox=self.sandbox) for address in addresses
        ):
            raise NotReached("address", "Its host is not one of the open internet.")
        return addresses


class Line:
    """A connection to the first of some addresses that takes one; it is cut when the time is over,
    as the library's own time-out is for each read only.
    """

    def __init__(self, addresses: Sequence[str], seconds: float) -> None:
        self._addresses, self._end = addresses, time.monotonic() + seconds
        self._twin: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.is_cut = False

    def __enter__(self) -> "Line":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._twin is not None:
            self._twin.close()

    def connect(self, port: int) -> socket.socket:
        """Connect to the first address that takes it, all of them together in the line's time: a
        name may have thousands, none of which answers.
        """
        problem: OSError = TimeoutError()
        for address in self._addresses:
            left = self._end - time.monotonic()
            if left <= 0:
                self.is_cut = True
                break
            try:
                made = socket.create_connection((address, port), left)
            except OSError as error:
                problem = error
                continue
            # TLS takes the socket over; its twin still names the same connection.
            self._twin = made.dup()
            return made
        raise problem

    def _cut(self) -> None:
        self.is_cut = True
        if self._twin is not None:
            with contextlib.suppress(OSError):
                self._twin.shutdown(socket.SHUT_RDWR)


class PinnedAdapter(HTTPAdapter):
    """Takes a line whatever the name in the URL, which stays the name of the header Host, of SNI
    and of the certificate.
    """

    def __init__(self, line: Line) -> None:
        self._pools = _pools(line)
        super().__init__(max_retries=0)

    # Any: the arguments of requests, which are passed on.
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _pools(line: Line) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect(self.port or 80)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect(self.port or 443)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
