"""One POST to an agency's address: to the very IP address that was judged, and to a deadline.

The name is resolved once. Were it resolved again for connecting, its owner could answer with an
address of ours the second time (DNS rebinding).
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from bus.errors import Unavailable
from bus.foreign.http_call import call_attributes
from bus.process import spans
from bus.process.called import calling
from bus.process.spans import Kind
from services.notify.domain.address import Place, allowed

SECONDS = 10.0
# Any: the tuples of socket.getaddrinfo.
Resolve = Callable[..., Sequence[tuple[Any, ...]]]


class Answer(NamedTuple):
    """What is read of an answer; never its body."""

    status: int
    retry_after: str | None


class Client(NamedTuple):
    """How endpoints are called: ``sandbox`` lets loopback through, ``ca_file`` names other
    certificates to trust than the usual ones.
    """

    sandbox: bool = False
    ca_file: str | None = None
    seconds: float = SECONDS
    resolve: Resolve = socket.getaddrinfo

    def post(self, to: Place, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post, following no redirect and using no proxy. Unavailable ``callback.*``: there is no
        answer; whether the other side got the body is not known then.
        """
        span = spans.begin(Kind.CLIENT, "POST", attributes=call_attributes("POST", to.url))
        with spans.within(span):
            answer = self._post(to, body, headers)
            if span is not None:
                span.note(http__response__status_code=answer.status)
            return answer

    def _post(self, to: Place, body: bytes, headers: Mapping[str, str]) -> Answer:
        line = _Line(self.addresses(to), self.seconds)
        with calling("callback", "agencies"), requests.Session() as session, line:
            session.trust_env = False
            session.mount(f"{to.scheme}://", _Pinned(line))
            try:
                with session.post(
                    to.url,
                    data=body,
                    headers=dict(headers),
                    timeout=self.seconds,
                    allow_redirects=False,
                    stream=True,
                    verify=self.ca_file or True,
                ) as answer:
                    if line.is_cut:
                        # Cut within the headers, the library takes them for complete.
                        raise requests.Timeout
                    return Answer(answer.status_code, answer.headers.get("Retry-After"))
            except requests.exceptions.SSLError:
                raise _away("callback.tls", "Its certificate cannot be trusted.") from None
            except (requests.RequestException, OSError) as error:
                if line.is_cut or isinstance(error, requests.Timeout):
                    raise _away("callback.timeout", "It did not answer in time.") from None
                raise _away("callback.unreachable", "It did not answer.") from None

    def addresses(self, to: Place) -> list[str]:
        """The IP addresses of a host, if deliveries may go to all of them."""
        try:
            infos = self.resolve(to.host, to.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _away("callback.no_host", "Its host has no address now.") from None
        addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
        if not addresses or not all(
            allowed(address, sandbox=self.sandbox) for address in addresses
        ):
            raise _away("callback.address", "Its host is not one of the open internet.")
        return addresses


def _away(code: str, reason: str) -> Unavailable:
    return Unavailable(reason, code=code)


class _Line:
    """A connection to the first of some addresses that takes one; it is cut when the time is over,
    as the library's own time-out is for each read only.
    """

    def __init__(self, addresses: Sequence[str], seconds: float) -> None:
        self._addresses, self._seconds = addresses, seconds
        self._twin: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.is_cut = False

    def __enter__(self) -> "_Line":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._twin is not None:
            self._twin.close()

    def connect(self, port: int) -> socket.socket:
        problem: OSError = TimeoutError()
        for address in self._addresses:
            try:
                made = socket.create_connection((address, port), self._seconds)
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


class _Pinned(HTTPAdapter):
    """Takes a line whatever the name in the URL, which stays the name of the header Host, of SNI
    and of the certificate.
    """

    def __init__(self, line: _Line) -> None:
        self._pools = _pools(line)
        super().__init__(max_retries=0)

    # Any: the arguments of requests, which are passed on.
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _pools(line: _Line) -> dict[str, type[HTTPConnectionPool]]:
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
