"""The page to which the unsubscribe link in an e-mail of a sender leads."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.messages.kinds import Request as Contract
from contracts.notify.usage import unsubscriptions as contracts
from contracts.notify.usage.unsubscriptions import NewsLink, NewsOfSender
from gateway.http.origin import from_other_sites
from gateway.public.site.pages import leads_to, show
from gateway.public.site.services import Services


class UnsubscribePages:
    """The handlers. Reading changes nothing, since programs that scan e-mails read each link; who
    holds the key may end and resume.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def page(self, request: Request) -> Response:
        """GET /unsubscribe/{token}: what the link ends, with one button."""
        return await self._show(request, contracts.NEWS_OF_SENDER)

    async def end(self, request: Request) -> Response:
        """POST /unsubscribe/{token}: ends it, for our own button and for the mail programs' one
        click (RFC 8058), which comes from elsewhere.
        """
        return await self._show(request, contracts.END_NEWS_OF_SENDER)

    async def resume(self, request: Request) -> Response:
        """POST /unsubscribe/{token}/undo: takes it back; only from our own page."""
        await self._ask(request, contracts.RESUME_NEWS_OF_SENDER)
        return RedirectResponse(f"/unsubscribe/{request.path_params['token']}?did=undone", 303)

    async def _show(self, request: Request, contract: Contract[NewsLink, NewsOfSender]) -> Response:
        news = await self._ask(request, contract)
        undone = request.query_params.get("did") == "undone" and not news.ended
        token = request.path_params["token"]
        return show(request, "unsubscribe", news=news, undone=undone, token=token)

    async def _ask(
        self, request: Request, contract: Contract[NewsLink, NewsOfSender]
    ) -> NewsOfSender:
        question = NewsLink(token=request.path_params["token"])
        return await self._services.ask(request, contract, question)


def routes(services: Services) -> list[Route]:
    """The routes of the link."""
    pages = UnsubscribePages(services)
    return [
        Route("/unsubscribe/{token}", pages.page, methods=["GET"]),
        Route("/unsubscribe/{token}", from_other_sites(pages.end), methods=["POST"]),
        Route("/unsubscribe/{token}/undo", pages.resume, methods=["POST"]),
        Route("/unsubscribe/{token}/undo", leads_to("/unsubscribe/{token}"), methods=["GET"]),
    ]
