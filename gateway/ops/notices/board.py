"""The first page: is every message accounted for, who carries them, how many there were."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.notify import desk as contracts
from contracts.notify.messages import ACCOUNTS
from contracts.notify.messages import Nothing as AskAccounts
from gateway.ops.notices.section import AT
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission

HOURS = 12
ACTS: dict[str, kinds.Request] = {
    "pause": contracts.PAUSE_PROVIDER,
    "resume": contracts.RESUME_PROVIDER,
    "weigh": contracts.WEIGH_PROVIDER,
}


class Board:
    """The first page and what can be done on it."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def home(self, request: Request) -> Response:
        """GET /desk/notices"""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        ask = self._pages.ask
        accounts = ask(request, ACCOUNTS, AskAccounts())
        providers = ask(request, contracts.PROVIDERS, contracts.Nothing())
        figures = ask(request, contracts.FIGURES, contracts.Hours(hours=HOURS))
        drafts = ask(request, contracts.FORMS, contracts.ListForms(drafts=True))
        return await self._pages.page(
            request,
            "board",
            submission,
            accounts=accounts,
            providers=providers,
            figures=figures,
            drafts=drafts,
        )

    async def provider(self, request: Request) -> Response:
        """POST /desk/notices/providers/{code}/{act}: pause, resume, weigh."""
        name, code = request.path_params["act"], request.path_params["code"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        return await self._pages.act(request, ACTS[name], self._show, f"?done={name}", code=code)

    def routes(self) -> list[Route]:
        """The routes of the board."""
        return [
            Route(AT, self.home),
            Route(f"{AT}/", self.home),
            Route(f"{AT}/providers/{{code}}/{{act}}", self.provider, methods=["POST"]),
        ]
