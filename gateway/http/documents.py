"""Documents that are the same for everybody: tagged, answered with 304 to who has them, compressed.

Nothing else is compressed. A page that holds a secret (the seal of a form, a code, a name) beside
what a stranger made the browser send would tell it letter by letter in its length (BREACH, 2013).
"""

import gzip
import hashlib
from collections.abc import Iterable
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from gateway.http.facts import SIGNS
from gateway.http.weights import weighed

# May be kept, and is asked for again each time: 304 is quick.
ASK_AGAIN = "public, no-cache"
LEAST = 1024
LEVEL = 6
TEXTS, ENDINGS = ("text/", "application/json"), ("+json", "+xml")


class Document:
    """A body with its media type, Cache-Control, and the headers by which it ``varies``."""

    def __init__(
        self, body: bytes, kind: str, cache: str = ASK_AGAIN, varies: Iterable[str] = ()
    ) -> None:
        self.body, self._kind = body, kind
        self.tag = hashlib.sha256(body).hexdigest()[:32]
        vary = ", ".join([*varies, *(["Accept-Encoding"] if self._is_text else [])])
        self._headers = {"Cache-Control": cache, **({"Vary": vary} if vary else {})}

    @property
    def _is_text(self) -> bool:
        kind = self._kind.partition(";")[0]
        return len(self.body) >= LEAST and (kind.startswith(TEXTS) or kind.endswith(ENDINGS))

    @cached_property
    def _compressed(self) -> bytes:
        """The body by gzip, made once; the same body gives the same bytes."""
        return gzip.compress(self.body, LEVEL, mtime=0)

    def response(self, request: Request) -> Response:
        """Return the document, in gzip for who takes that; 304 for who has it.

        Each coding has a tag of its own, since a strong tag names bytes (RFC 9110, section 8.8.3).
        """
        plain, packed = f'"{self.tag}"', f'"{self.tag}-gzip"'
        shown = packed if self._is_text and takes_gzip(request) else plain
        tags_held = _tags(request)
        held = next((tag for tag in (shown, plain, packed) if tag in tags_held), None)
        if held or "*" in tags_held:
            return Response(status_code=304, headers={**self._headers, "ETag": held or shown})
        headers = {**self._headers, "ETag": shown}
        if shown == plain:
            return Response(self.body, headers=headers, media_type=self._kind)
        headers["Content-Encoding"] = "gzip"
        return Response(self._compressed, headers=headers, media_type=self._kind)


def _tags(request: Request) -> set[str]:
    named = ",".join(request.headers.getlist("if-none-match"))
    return {tag.strip().removeprefix("W/") for tag in named.split(",")} if named else set()


def takes_gzip(request: Request) -> bool:
    """Return True if Accept-Encoding takes gzip (RFC 9110, section 12.5.3).

    What a face signs goes as it is: the signature covers the bytes sent, and many libraries unpack
    them before anybody can check it.
    """
    if SIGNS.of(request):
        return False
    weights = {"*": 0.0, **dict(weighed(request, "accept-encoding"))}
    return weights.get("gzip", weights["*"]) > 0
