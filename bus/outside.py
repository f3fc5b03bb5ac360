"""One HTTP call to somebody outside: an answer in time and size, or an honest word why not."""

import re
import ssl
import time
from typing import Any

import orjson
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

NUL = rb"\u0000"


class NoAnswer(Exception):
    """No answer came, and nobody knows what was done. Only if ``unsent``, surely nothing: there was
    no connection. ``why`` never holds an address, which may hold a secret.
    """

    def __init__(self, why: str, *, unsent: bool = False) -> None:
        super().__init__(why)
        self.why, self.unsent = why, unsent


def exchange(
    method: str, url: str, *, timeout: float, limit: int, **asked: Any
) -> tuple[int, bytes]:
    """The status and the body, of which no more is read than shows that it is longer than
    ``limit`` bytes; ``timeout`` in seconds is for the whole answer. Raises NoAnswer.

    There is no session: a connection that was kept and that the other side closes just now would
    leave open whether it heard us.
    """
    try:
        with requests.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **asked
        ) as answer:
            return answer.status_code, _read(answer, time.monotonic() + timeout, limit)
    except (requests.RequestException, OSError) as error:
        raise NoAnswer(type(error).__name__, unsent=_unsent(error)) from None
    except Exception as error:
        # urllib3's own errors while a body is read.
        raise NoAnswer(type(error).__name__) from None


def readable(body: bytes, limit: int) -> Any:
    """The JSON of an answer; None if it is none, too long, or holds what no database keeps."""
    if len(body) > limit or NUL in body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def whole(told: object) -> int | None:
    """A whole number that came as a number or as digits; None if it is none."""
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    if isinstance(told, str) and re.fullmatch("-?[0-9]{1,18}", told):
        return int(told)
    return None


def _read(answer: requests.Response, end: float, limit: int) -> bytes:
    """The body by ``end`` (monotonic clock): the library's own time-out is for each read only, so
    that who sends a byte a second would hold us for a day.
    """
    told = b""
    while len(told) <= limit:
        if time.monotonic() > end:
            raise TimeoutError
        piece = answer.raw.read1(limit + 1, decode_content=True)
        if not piece:
            break
        told += piece
    return told


def _unsent(error: Exception) -> bool:
    """True if there was no connection: refused, no such host, too slow to connect, a wrong
    certificate.
    """
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    inner = reason.args[0] if isinstance(reason, Exception) and reason.args else None
    return isinstance(inner, ssl.SSLCertVerificationError)
