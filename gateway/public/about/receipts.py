"""The page that proves a receipt in the visitor's own browser, and the same as one file to keep."""

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError
from bus.evidence.notes import TrustedKeys
from bus.settings import Settings
from gateway.html.rendering import HERE, rendered
from gateway.public.site import words
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.texts.files import Language


class Prover:
    """What the page and the file share: the keys of log and witnesses that stand in them."""

    def __init__(self, keys: str) -> None:
        self._keys = keys
        # Our own files, which stand in a file of ours as they are.
        self._script, self._style = (
            Markup((HERE / "static" / name).read_text(encoding="utf-8"))  # noqa: S704
            for name in ("receipt.js", "mirab.css")
        )
        self.page = same_for_all(self._page)

    async def _page(self, request: Request) -> Response:
        """GET /receipts: choose a receipt; nothing of it leaves the browser."""
        return show(request, "receipt", keys=self._keys)

    def render_file(self, lang: Language) -> bytes:
        """The prover in a language, in one file."""
        return rendered(
            "public/receipt_file.html",
            lang=lang,
            t=words.speaker(lang),
            keys=self._keys,
            script=self._script,
            style=self._style,
        )

    async def file(self, request: Request) -> Response:
        """GET /receipts.html: the same as one file, which works without network."""
        body = self.render_file(words.language(request))
        headers = {
            "Content-Disposition": 'attachment; filename="mirab-receipts.html"',
            "Cache-Control": "no-store",
            "Vary": "Accept-Language, Cookie",
        }
        return Response(body, 200, headers, "text/html; charset=utf-8")


def keys_of(settings: Settings) -> str:
    """RECEIPT_KEYS, the public keys of log and witnesses, a line each; empty if it is not set.

    ValueError if they are none: a page with a wrong key would call each receipt forged.
    """
    keys = settings.get("RECEIPT_KEYS") or ""
    if keys:
        try:
            TrustedKeys.parse(keys)
        except BusError as error:
            raise ValueError(f"RECEIPT_KEYS: {error.message}") from None
    return keys


def routes(settings: Settings) -> list[Route]:
    """The routes of the prover."""
    prover = Prover(keys_of(settings))
    return [Route("/receipts", prover.page), Route("/receipts.html", prover.file)]
