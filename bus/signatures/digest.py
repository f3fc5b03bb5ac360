"""Content-Digest (RFC 9530): checks that the received body is the signed one."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import http_sf

from bus.errors import SignatureError

HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
LONGEST_HEADER = 4096


def content_digest(body: bytes) -> str:
    """The value of Content-Digest for a body."""
    return digest_header(hashlib.sha256(body).digest())


def digest_header(sha256: bytes) -> str:
    """The value of Content-Digest for a body whose sha-256 is known."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


class DigestCheck:
    """Compares a body, as it streams in, with its Content-Digest.

    Who signs covers the digest, and must send it; if it is not ``required``, it may be absent.
    """

    def __init__(self, headers: Mapping[str, str], *, required: bool = True) -> None:
        header = headers.get("content-digest")
        if (required and not header) or len(header or "") > LONGEST_HEADER:
            raise SignatureError(
                "digest.missing",
                "What is signed needs a Content-Digest of its body, of at most 4096 bytes.",
            )
        self._wanted = _wanted_digests(header) if header else {}
        # sha-256 runs in any case: it is how an upload is known again.
        self._running = {name: HASHES[name]() for name in {"sha-256", *self._wanted}}

    def update(self, chunk: bytes) -> None:
        """Add a chunk of the body."""
        for running in self._running.values():
            running.update(chunk)

    def finish(self) -> str:
        """The body's sha-256 in hex; SignatureError if it is not the body that was signed."""
        for name, wanted in self._wanted.items():
            if not secrets.compare_digest(self._running[name].digest(), wanted):
                raise SignatureError(
                    "digest.mismatch",
                    "The body is not the one that Content-Digest tells; was it changed on the way, "
                    "or the digest made of another form of it?",
                )
        return self._running["sha-256"].hexdigest()


def check_digest(headers: Mapping[str, str], body: bytes, *, required: bool = True) -> None:
    """SignatureError if the body is not the one that Content-Digest tells."""
    if headers.get("content-digest") == content_digest(body):  # as all known clients write it
        return
    check = DigestCheck(headers, required=required)
    check.update(body)
    check.finish()


def _wanted_digests(header: str) -> dict[str, bytes]:
    """The digests of a Content-Digest that we can compare, by their algorithms."""
    try:
        # Any: http_sf has no types
        read: Any = http_sf.parse(
            header.encode(), tltype="dictionary", on_duplicate_key=_refuse_duplicate
        )
    except (ValueError, ArithmeticError):
        read = {name: (None, {}) for name in HASHES}
    wanted = {name: read[name][0] for name in HASHES if name in read}
    if not all(isinstance(value, bytes) for value in wanted.values()):
        raise SignatureError(
            "digest.malformed", "Content-Digest must look like sha-256=:…base64…:."
        )
    if not wanted:
        raise SignatureError(
            "digest.unsupported", "Content-Digest names no algorithm that is taken here."
        )
    return wanted


def _refuse_duplicate(key: str, _where: str) -> None:
    raise SignatureError("digest.malformed", f"Content-Digest names {key} twice; name it once.")
