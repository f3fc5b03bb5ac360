"""HTTP/1.1 of uvicorn with an end to headers: in bytes, in seconds, and a problem as the answer."""

import asyncio
import re
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bus.envelope import new_traceparent
from bus.errors import BusError
from gateway import problems
from gateway.problems import HttpError

HEADERS_BYTES = 64 * 1024
HEADERS_SECONDS = 10.0


class Guarded(HttpToolsProtocol):
    """uvicorn keeps headers that never end; this closes the connection on them.

    What comes to its end within these bounds is judged by the face itself, more strictly.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._heading, self._bytes = True, 0
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # After the parser: what completed the headers is no longer counted, the body never.
        if self._heading:
            self._bytes += len(data)
            if self._bytes > HEADERS_BYTES:
                self._refuse(
                    HttpError("http.headers", f"Headers may take {HEADERS_BYTES} bytes together.")
                )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heading, self._bytes = True, 0
        self._wait()

    def on_headers_complete(self) -> None:
        self._heading = False
        self._stop_waiting()
        # An address with a host in it says whom it is for, not Host (RFC 9112, section 3.2.2).
        _, absolute, rest = self.url.partition(b"://")
        if absolute and not self.url.startswith(b"/"):
            host = re.split(rb"[/?#]", rest, maxsplit=1)[0]
            self.headers[:] = [told for told in self.headers if told[0] != b"host"]
            self.headers.append((b"host", host))
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's word for what is not HTTP, as a problem."""
        self._refuse(HttpError("http.malformed", msg))

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

    def _refuse(self, error: BusError) -> None:
        """Answers without the app, since there is no request yet, and closes the connection."""
        if self.transport.is_closing():
            return
        trace = new_traceparent()
        told = problems.describe(error, instance="", trace_id=trace.split("-")[1])
        body = orjson.dumps(told)
        head = (
            f"HTTP/1.1 {told['status']} {told['title']}\r\n"
            f"Content-Type: {problems.MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"traceparent: {trace}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
