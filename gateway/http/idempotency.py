"""The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header)."""

from starlette.requests import Request

HEADER = "idempotency-key"
MOST = 128


def idempotency_key(request: Request) -> str:
    """Return the key that the sender gave, without its quotes; empty without one."""
    return request.headers.get(HEADER, "").strip().strip('"')


def is_short_ascii(key: str) -> bool:
    """Return True for up to 128 printable characters of ASCII, where no UUID is asked for."""
    return len(key) <= MOST and key.isascii() and key.isprintable()
