"""Pages that are the same for everybody who reads one language: kept, tagged, compressed."""

from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from gateway.http.documents import ASK_AGAIN, Document
from gateway.http.kept import Kept
from gateway.http.origin import Handler
from gateway.public.site import words
from gateway.public.site.facts import BANNER


def same_for_all(handler: Handler, cache: str = ASK_AGAIN, *, remembers: bool = True) -> Handler:
    """Keep what a handler answers, which must be a page of status 200 or an error raised.

    It may read the path, the query and the language, and no other cookie, header or address. Who
    chooses a language gets a cookie, and so a page of his own; not of what ``remembers`` no choice,
    as feeds, whose language stands in their address.
    """
    kept = Kept[Document]()

    async def document(request: Request) -> Document:
        response = await handler(request)
        kind = response.headers["content-type"]
        return Document(bytes(response.body), kind, cache, ("Cookie",))

    @wraps(handler)
    async def run(request: Request) -> Response:
        if remembers and words.chosen(request):
            return await handler(request)
        banner = BANNER.get(request)
        key = (
            request.scope["path"],
            request.scope["query_string"],
            words.language(request).tag,
            banner and (banner[0].id, banner[0].updated_at, banner[1]),
        )
        return (await kept.get(key, lambda: document(request))).response(request)

    return run
