"""Adapter to ClamAV's daemon: INSTREAM, by clamd(8). Only `stream: OK` is clean."""

import re
import socket
import struct
import time
from typing import BinaryIO
from urllib.parse import urlsplit

from bus.errors import Unavailable
from bus.process.called import calling

SECONDS, WHOLE = 30.0, 120.0
CHUNK = 64 * 1024
LONGEST_ANSWER = 4096
# A find without a name is not understood: nobody may take an empty name for "nothing found".
_FOUND = re.compile(r"stream: (\S.*) FOUND")


class Clamd:
    """The scanner at an address such as ``tcp://127.0.0.1:3310`` or ``unix:///run/clamd.ctl``.

    ``seconds`` is for each step: to connect, to take one chunk, to give the whole answer; ``whole``
    for all of them, so that one who takes a little now and then holds up nobody for ever.
    """

    def __init__(self, address: str, seconds: float = SECONDS, whole: float = WHOLE) -> None:
        self._address, self._seconds, self._whole = urlsplit(address), seconds, whole
        if not _is_address(address):
            raise ValueError(f"{address} is no tcp://host:port and no unix:///path of a clamd.")

    def scan(self, stream: BinaryIO) -> str | None:
        """The name of what was found; None if the content is clean.

        Unavailable ``scanner.unavailable`` for anything else: then nothing is known of the file.
        """
        with calling("scanner", "clamd"):
            return self._scan(stream)

    def _scan(self, stream: BinaryIO) -> str | None:
        try:
            end = time.monotonic() + self._whole
            with self._connect() as line:
                line.sendall(b"zINSTREAM\0")
                while chunk := stream.read(CHUNK):
                    line.settimeout(min(self._seconds, max(end - time.monotonic(), 0.001)))
                    line.sendall(struct.pack("!I", len(chunk)) + chunk)
                line.sendall(struct.pack("!I", 0))
                answer = self._answer(line)
        except OSError as error:
            raise _away(type(error).__name__) from error
        if answer == "stream: OK":
            return None
        match = _FOUND.fullmatch(answer)
        if match is None:
            raise _away("it answered something else")
        return match[1]

    def ping(self) -> bool:
        """True if the scanner answers."""
        try:
            with self._connect() as line:
                line.sendall(b"zPING\0")
                return self._answer(line) == "PONG"
        except OSError:
            return False

    def _connect(self) -> socket.socket:
        if self._address.scheme == "tcp":
            place = (self._address.hostname, self._address.port)
            return socket.create_connection(place, self._seconds)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(self._seconds)
        try:
            line.connect(self._address.path)
        except OSError:
            line.close()
            raise
        return line

    def _answer(self, line: socket.socket) -> str:
        """The answer up to its NUL; whatever is cut off is no answer."""
        end, answer = time.monotonic() + self._seconds, b""
        while not answer.endswith(b"\0"):
            # Who sends a byte now and then has the same time as who sends none.
            line.settimeout(max(end - time.monotonic(), 0.001))
            piece = line.recv(LONGEST_ANSWER)
            if not piece or len(answer) > LONGEST_ANSWER:
                return ""
            answer += piece
        return answer[:-1].decode("utf-8", "replace")


def _is_address(address: str) -> bool:
    parts = urlsplit(address)
    try:
        if parts.scheme == "unix":
            return bool(parts.path)
        return parts.scheme == "tcp" and bool(parts.hostname and parts.port)
    except ValueError:  # a port that is none
        return False


def _away(reason: str) -> Unavailable:
    return Unavailable(
        f"The virus scanner cannot be used now ({reason}).", code="scanner.unavailable"
    )
