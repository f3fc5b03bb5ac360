"""HTTP/1.1 of uvicorn with bounds on headers, in bytes and seconds; violations get a problem.

Each request is framed in one way: by its length or its chunks, whatever else its headers name.
"""

import asyncio
import re
from typing import Any

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bus.envelope import new_traceparent
from gateway.http import heads, problems
from gateway.http.problems import HttpError

HEADERS_BYTES = 64 * 1024
HEADERS_SECONDS = 10.0
LINGER_SECONDS = 2.0
# Headers by which a connection changes its protocol: there is no other one here (RFC 9110, 7.8).
OF_AN_UPGRADE = (b"upgrade", b"http2-settings")
REQUEST_LINE = re.compile(rb"(?:\A|\r\n)([!#-'*+.0-9A-Z^-z|~-]{1,40}) [!-~]+ HTTP/1\.[01]\r\n")


class _Lingering:
    """A transport that lets the client read the last answer (RFC 9112, section 9.6).

    If a connection is closed before all bytes of the client were read, the system drops the answer
    that is on its way too: the refusal of a large body would look like a broken connection.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._end: asyncio.TimerHandle | None = None
        self.whole = True  # the request was read to its end

    def __getattr__(self, name: str) -> Any:  # Any: whatever uvicorn reads of its transport
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._end is not None or self._transport.is_closing()

    def close(self) -> None:
        if self.whole or self._transport.is_closing() or not self._transport.can_write_eof():
            self._transport.close()
        elif self._end is None:
            self._transport.write_eof()
            self._transport.resume_reading()
            self._end = self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def lost(self) -> None:
        """The client has ended, or is gone."""
        if self._end is not None:
            self._end.cancel()
            self._transport.close()


class Guarded(HttpToolsProtocol):
    """Closes connections whose headers exceed their bounds; uvicorn alone would keep them.

    Requests within these bounds are judged by the face itself, more strictly.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._line = _Lingering(transport, self.loop)
        self.transport = self._line  # type: ignore[assignment]
        self._heading, self._bytes = True, 0
        self._fault: HttpError | None = None  # what is wrong with the head that is being read
        self._last: HttpError | None = None  # the last answer, once those before it are given
        self._again: bytes | None = None  # a head to be read again, without its upgrade
        self._bodiless = False  # what is asked by HEAD is answered without a body
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._line.lost()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        self._line.lost()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._last is not None or self.transport.is_closing():
            return
        self._progress = False
        self._parse(data)
        # After the parser: what completed the headers is no longer counted, the body never.
        if not self._progress:
            self._bytes += len(data)
        elif self._heading:  # a head that began behind the end of another request
            self._bytes += 1
        if self._bytes > HEADERS_BYTES:
            self._refuse(
                HttpError("http.headers", f"Headers may take {HEADERS_BYTES} bytes together.")
            )

    def _parse(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            rest = rest[self._feed(rest) :]
            while self._again is not None:
                # httptools takes what follows for another protocol. A new parser reads the head
                # anew, without its upgrade, and then its body.
                head, self._again = self._again, None
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)
                rest = rest[self._feed(rest) :]
        except httptools.HttpParserError as error:
            self._refuse(self._fault or _fault_of(error, data))

    def _feed(self, data: memoryview) -> int:
        """How much the parser took: all, or up to the end of a head that names an upgrade."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return int(upgrade.args[0])
        return len(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._line.whole = False
        self._heading, self._bytes, self._bodiless = True, 0, False
        self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._heading:  # what comes after a body is no header of its request (RFC 9110, 6.5.1)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        method, version = self.parser.get_method().decode("ascii"), self.parser.get_http_version()
        self._bodiless = method == "HEAD"
        try:
            heads.check_head(method, version, self.headers)
            target = heads.target_of(method, self.url)
        except HttpError as error:
            self._fault = error
            raise
        if self.parser.should_upgrade():
            self._again = self._without_upgrade(method, version)
            return
        # An address with a host in it says whom it is for, not Host (RFC 9112, section 3.2.2).
        if target.authority is not None:
            self.headers[:] = [header for header in self.headers if header[0] != b"host"]
            self.headers.append((b"host", target.authority))
        self.url = target.origin
        self._heading, self._bytes, self._progress = False, 0, True
        self._stop_waiting()
        super().on_headers_complete()
        if self.expect_100_continue:  # who is refused need not send the body: then all is over
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._bytes, self._progress = 0, True
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._again is None:
            self._line.whole = True
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._last is not None and not self.pipeline and self.cycle.response_complete:
            self._answer(self._last)

    def send_400_response(self, msg: str) -> None:
        """uvicorn's word for what is not HTTP, as a problem."""
        self._refuse(HttpError("http.malformed", msg))

    def _without_upgrade(self, method: str, version: str) -> bytes:
        lines = [b"%s %s HTTP/%s" % (method.encode(), self.url, version.encode())]
        lines += [b"%s: %s" % h for h in self.headers if h[0] not in OF_AN_UPGRADE]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEADERS_SECONDS, self._late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if not self._bytes:  # a browser's connection in advance: nobody waits for an answer
            self.transport.close()
            return
        self._refuse(HttpError("http.timeout", f"Send headers within {HEADERS_SECONDS:g} s."))

    def _refuse(self, error: HttpError) -> None:
        """Answers what is no request, after the requests before it (RFC 9112, section 9.3.2)."""
        if self.transport.is_closing():
            return
        self._stop_waiting()
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self._answer(error)
        elif self._heading:
            self._last = error
            self.flow.pause_reading()
        elif cycle.response_started:  # the body broke off while its answer was on the way
            self.transport.close()
        else:
            self._answer(error)

    def _answer(self, error: HttpError) -> None:
        """Answers without the app, since there is no request, and closes the connection."""
        trace = new_traceparent()
        problem = problems.describe(error, instance="", trace_id=trace.split("-")[1])
        body = orjson.dumps(problem)
        head = (
            f"HTTP/1.1 {problem['status']} {problem['title']}\r\n"
            f"Content-Type: {problems.MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"traceparent: {trace}\r\nConnection: close\r\n\r\n"
        )
        self._line.whole = False
        self.transport.write(head.encode("ascii") + (b"" if self._bodiless else body))
        self.transport.close()


def _fault_of(error: httptools.HttpParserError, data: bytes) -> HttpError:
    """Return what the parser refused: an unknown method, or something that is not HTTP."""
    methods = {name.decode("ascii") for name in REQUEST_LINE.findall(data)}
    if isinstance(error, httptools.HttpParserInvalidMethodError) and methods - heads.METHODS:
        return HttpError("http.method_unknown", "No address here knows this method.")
    return HttpError("http.malformed", "This is no request of HTTP/1.1.")
