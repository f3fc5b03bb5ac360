"""Bodies of requests: sizes, media types, content negotiation, strict JSON."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from hashlib import sha256

import orjson
from starlette.requests import ClientDisconnect, Request

from bus.messages.values import Json
from gateway.http.facts import BODY_DIGEST
from gateway.http.problems import HttpError
from gateway.http.weights import weighed

BODY_LIMIT = 256 * 1024
BODY_PAUSE = 20.0
DEEPEST = 32
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


async def chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it arrives; HttpError once it exceeds ``limit`` bytes, or stands still.

    Its SHA-256 is BODY_DIGEST after the last chunk; None if it was empty.
    """
    _check_coding(request)
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise too_large(limit)
    total, digest, more = 0, sha256(), True
    while more:
        try:
            async with asyncio.timeout(BODY_PAUSE):
                message = await request.receive()
        except TimeoutError:
            raise HttpError(
                "http.timeout",
                f"No byte of the body came for {BODY_PAUSE:g} s.",
                Connection="close",
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        total += len(chunk)
        if total > limit:
            raise too_large(limit)
        digest.update(chunk)
        yield chunk
    BODY_DIGEST.set(request, digest.digest() if total else None)


def _check_coding(request: Request) -> None:
    """Refuse compressed bodies (RFC 9110, section 15.5.16)."""
    codings = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    if any(coding.strip() not in ("", "identity") for coding in codings):
        raise HttpError(
            "http.content_encoding",
            "Send the body without Content-Encoding.",
            Accept_Encoding="identity",
        )


def too_large(limit: int) -> HttpError:
    """Return the refusal of a body over ``limit`` bytes; it closes the connection."""
    return HttpError("http.too_large", f"The body may take {limit} bytes here.", Connection="close")


async def body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Return the whole body, at most ``limit`` bytes; errors as ``chunks``."""
    return b"".join([chunk async for chunk in chunks(request, limit)])


def media_type(request: Request, *accepted: str) -> str:
    """Return the media type of the body; HttpError ``http.media_type`` unless it is accepted."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in accepted:
        raise HttpError(
            "http.media_type",
            "Send the body as " + " or ".join(accepted) + ".",
            Accept=", ".join(accepted),
            Accept_Post=", ".join(accepted),
        )
    return media


def answer_type(request: Request, *offered: str) -> str:
    """Return the media type that Accept prefers; the first one offered without a preference.

    HttpError ``http.not_acceptable`` if Accept rules out all of them (RFC 9110, section 12.5.1).
    """
    liked = weighed(request, "accept")
    if not liked:
        return offered[0]
    best = max(offered, key=lambda form: _quality(form, liked))
    if not _quality(best, liked):
        raise HttpError(
            "http.not_acceptable",
            "The answer comes as " + " or ".join(offered) + " only.",
        )
    return best


def _quality(form: str, liked: list[tuple[str, float]]) -> float:
    """Return the weight of a media type: by its own name, then its family, then ``*/*``."""
    qualities = dict(reversed(liked))
    for name in (form, form.split("/", maxsplit=1)[0] + "/*", "*/*"):
        if name in qualities:
            return qualities[name]
    return 0.0


def parse_object(raw: bytes) -> Json:
    """Parse the JSON object of a body; HttpError ``json.*`` says what is wrong.

    Strict: UTF-8 without lone surrogates, no NaN, not deep, and no member twice, since two
    readers of one signed body could then read two different questions.
    """
    if too_deep(raw):
        raise HttpError("json.too_deep", f"The body is nested more than {DEEPEST} levels deep.")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise HttpError(
            "json.invalid",
            f"The body is not JSON in UTF-8: {error.msg} (line {error.lineno}, "
            f"column {error.colno}).",
        ) from None
    if not isinstance(data, dict):
        raise HttpError("json.invalid", "The body must be one JSON object.")
    # One object, and as many colons as members, those in texts counted: none stands twice.
    is_flat = raw.count(b"{") == 1 and raw.count(b":") == len(data)
    if not is_flat and has_member_twice(raw):
        raise HttpError("json.member_twice", "A member stands twice in one object of the body.")
    return data


def has_member_twice(raw: bytes) -> bool:
    """Return True if an object of this JSON, valid and not deep, names a member twice."""
    repeated = False

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated = repeated or len({name for name, _ in pairs}) < len(pairs)

    # parse_int, parse_float: the length of a number does not matter here.
    json.loads(raw, object_pairs_hook=look, parse_int=str, parse_float=str)
    return repeated


def too_deep(raw: bytes) -> bool:
    """Return True if the JSON is nested too deeply, without parsing it."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    deepest = depth = 0
    for byte in _STRING.sub(b"", raw):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest > DEEPEST
