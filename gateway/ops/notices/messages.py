"""Messages: found without anything personal; shown whole only for a reason that is written down."""

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.notify import desk as contracts
from contracts.notify.editors.email_reports import MESSAGE_REPORTS
from contracts.notify.messages import OneMessage
from gateway.forms.fields import before, parse_form
from gateway.forms.values import typed_of
from gateway.ops.notices import report_words
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview

PAGE = 50


async def opt_out_preview(_: Request, message: contracts.OptOut) -> Preview:
    """The page before a receiver is opted out, whom nobody but the receiver can bring back."""
    every = message.consent == "transactional"
    return Preview(
        title="این گیرنده انصراف می‌دهد",
        button="ثبت انصراف",
        facts=(
            Fact("گیرنده", message.mobile or message.email or ""),
            Fact("از", "همه پیام‌ها، خدماتی هم" if every else "تنها خبر"),
            Fact("چگونه گفت", message.why),
        ),
        leaves=("تنها خود گیرنده می‌تواند آن را برگرداند.",),
        danger=True,
    )


class Messages:
    """The pages of messages and of who looked at them."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def search_page(self, request: Request) -> Response:
        """GET /desk/notices/messages: the form of the search."""
        return await self._results(request, NO_SUBMISSION)

    async def search(self, request: Request) -> Response:
        """POST /desk/notices/messages: an address of somebody stands in no address of a page."""
        values = (await forms.read_form(request)).values
        typed = {**typed_of(values), "act": "find"}
        try:
            fields = parse_form(contracts.FIND_MESSAGES, values)
            query = contracts.FIND_MESSAGES.load({**fields, "limit": PAGE})
            results = await self._pages.ask(request, contracts.FIND_MESSAGES, query)
        except BusError as error:
            return await self._pages.refused(request, self._results, typed, error)
        return await self._results(request, Submission("find", typed), results)

    async def _results(
        self,
        request: Request,
        submission: Submission,
        results: contracts.FoundMessages | None = None,
    ) -> Response:
        return await self._pages.page(request, "messages", submission, results=resolved(results))

    async def message(self, request: Request) -> Response:
        """GET /desk/notices/messages/{id}: what is not personal, and a form to see the rest."""
        return await self._message(request, NO_SUBMISSION)

    async def reveal(self, request: Request) -> Response:
        """POST /desk/notices/messages/{id}: the whole message, once, for a reason."""
        values = (await forms.read_form(request)).values
        typed = {**typed_of(values), "act": "reveal"}
        reveal = contracts.Reveal(id=request.path_params["id"], why=typed.get("why", ""))
        try:
            message = await self._pages.ask(
                request, contracts.REVEAL, reveal, form=typed.get("form") or None
            )
        except BusError as error:
            return await self._pages.refused(request, self._message, typed, error)
        return await self._page(request, NO_SUBMISSION, resolved(message), revealed=True)

    async def _message(self, request: Request, submission: Submission) -> Response:
        return await self._page(request, submission, self._read(request), revealed=False)

    async def _page(
        self,
        request: Request,
        submission: Submission,
        message: Awaitable[contracts.FoundMessage | contracts.WholeMessage],
        *,
        revealed: bool,
    ) -> Response:
        id_ = request.path_params["id"][:36]
        reports = self._pages.ask(request, MESSAGE_REPORTS, OneMessage(id=id_))
        return await self._pages.page(
            request,
            "message",
            submission,
            message=message,
            reports=reports,
            revealed=resolved(revealed),
            rw=resolved(report_words),
        )

    async def _read(self, request: Request) -> contracts.FoundMessage:
        query = contracts.FindMessages(id=request.path_params["id"][:36])
        reply = await self._pages.ask(request, contracts.FIND_MESSAGES, query)
        if not reply.messages:
            raise NotFound("There is no such message; compare its ID.", code="message.not_found")
        return reply.messages[0]

    async def opt_out_page(self, request: Request) -> Response:
        """GET /desk/notices/opt-out"""
        return await self._opt_out(request, NO_SUBMISSION)

    async def opt_out(self, request: Request) -> Response:
        """POST /desk/notices/opt-out: somebody has told us that he wants no more."""
        return await self._pages.act(
            request,
            contracts.OPT_OUT,
            self._opt_out,
            "opt-out?done=opt_out",
            preview=opt_out_preview,
        )

    async def _opt_out(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "opt_out", submission)

    async def looks(self, request: Request) -> Response:
        """GET /desk/notices/looks?before=120: who looked at what, and why."""
        query = contracts.ListLooks(before=before(request))
        reply = self._pages.ask(request, contracts.LOOKS, query)
        return await self._pages.page(request, "looks", reply=reply)

    def routes(self) -> list[Route]:
        """The routes of messages."""
        return [
            Route(f"{AT}/messages", self.search_page, methods=["GET"]),
            Route(f"{AT}/messages", self.search, methods=["POST"]),
            Route(f"{AT}/messages/{{id}}", self.message, methods=["GET"]),
            Route(f"{AT}/messages/{{id}}", self.reveal, methods=["POST"]),
            Route(f"{AT}/opt-out", self.opt_out_page, methods=["GET"]),
            Route(f"{AT}/opt-out", self.opt_out, methods=["POST"]),
            Route(f"{AT}/looks", self.looks),
        ]
