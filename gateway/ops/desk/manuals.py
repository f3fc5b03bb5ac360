"""GET /desk/help: the manuals of colleagues, by what they do."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import NotFound
from gateway.html.guides import MANUALS, guide_of, title_of
from gateway.ops.staff.pages import StaffPages, resolved

AT = "/desk/help"


class ManualPages:
    """The manuals, from the same files as the site of the documents."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def first(self, request: Request) -> Response:
        """GET /desk/help"""
        return RedirectResponse(f"{AT}/{next(iter(MANUALS))}", 303)

    async def manual(self, request: Request) -> Response:
        """GET /desk/help/{name}: one manual, with the names of all."""
        name = request.path_params["name"]
        if name not in MANUALS:
            raise NotFound("There is no such manual.", code="http.not_found")
        names = [(f"{AT}/{code}", title_of(file), None, code) for code, file in MANUALS.items()]
        manual = guide_of(MANUALS[name])
        return await self._pages.page(
            request, "help", manual=resolved(manual), manuals=resolved(names), now=resolved(name)
        )

    def routes(self) -> list[Route]:
        """The routes of the manuals."""
        return [Route(AT, self.first), Route(AT + "/{name}", self.manual)]
