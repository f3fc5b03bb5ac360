"""Messages: found without anything personal; shown whole only for a reason that is written down."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.notify import desk as contracts
from gateway.forms.values import value_of
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_form
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, before, resolved
from gateway.ops.staff.previews import Fact, Preview

PAGE = 50


async def opt_out_look(_: Request, data: Mapping[str, Any]) -> Preview:
    """Whom nobody but himself can bring back."""
    receiver = data.get("mobile") or data.get("email") or ""
    every = data["consent"] == "transactional"
    return Preview(
        "این گیرنده انصراف می‌دهد", "ثبت انصراف",
        (
            Fact("گیرنده", str(receiver)),
            Fact("از", "همه پیام‌ها، خدماتی هم" if every else "تنها خبر"),
            Fact("چگونه گفت", data["why"]),
        ),
        ("تنها خود گیرنده می‌تواند آن را برگرداند.",), danger=True,
    )  # fmt: skip


class Messages:
    """The pages of messages and of who looked at them."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def search_page(self, request: Request) -> Response:
        """GET /desk/notices/messages: the form of the search."""
        return await self._found(request, NO_SUBMISSION)

    async def search(self, request: Request) -> Response:
        """POST /desk/notices/messages: an address of somebody stands in no address of a page."""
        values = (await forms.read_form(request)).values
        typed = {**{name: value_of(values, name) for name in values}, "act": "find"}
        try:
            results = await self._pages.ask(
                request,
                contracts.FIND_MESSAGES,
                **{**parse_form(contracts.FIND_MESSAGES, values), "limit": PAGE},
            )
        except BusError as error:
            return await self._pages.refused(request, self._found, typed, error)
        return await self._found(request, Submission("find", typed), results)

    async def _found(
        self, request: Request, submission: Submission, search: dict[str, Any] | None = None
    ) -> Response:
        return await self._pages.page(request, "messages", submission, told=resolved(search))

    async def message(self, request: Request) -> Response:
        """GET /desk/notices/messages/{id}: what is not personal, and a form to see the rest."""
        return await self._message(request, NO_SUBMISSION)

    async def reveal(self, request: Request) -> Response:
        """POST /desk/notices/messages/{id}: the whole message, once, for a reason."""
        values = (await forms.read_form(request)).values
        typed = {**{name: value_of(values, name) for name in values}, "act": "reveal"}
        try:
            message = await self._pages.ask(
                request,
                contracts.REVEAL,
                form=typed.get("form") or None,
                id=request.path_params["id"],
                why=typed.get("why", ""),
            )
        except BusError as error:
            return await self._pages.refused(request, self._message, typed, error)
        return await self._pages.page(
            request, "message", message=resolved(message), whole=resolved(True)
        )

    async def _message(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request, "message", submission, message=self._one(request), whole=resolved(False)
        )

    async def _one(self, request: Request) -> dict[str, Any]:
        id_ = request.path_params["id"][:36]
        message = await self._pages.ask(request, contracts.FIND_MESSAGES, id=id_)
        if not message["messages"]:
            raise NotFound("There is no such message; compare its ID.", code="message.not_found")
        messages: dict[str, Any] = message["messages"][0]
        return messages

    async def opt_out_page(self, request: Request) -> Response:
        """GET /desk/notices/opt-out"""
        return await self._opt_out(request, NO_SUBMISSION)

    async def opt_out(self, request: Request) -> Response:
        """POST /desk/notices/opt-out: somebody has told us that he wants no more."""
        return await self._pages.act(
            request, contracts.OPT_OUT, self._opt_out, "opt-out?done=opt_out", preview=opt_out_look
        )

    async def _opt_out(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "opt_out", submission)

    async def looks(self, request: Request) -> Response:
        """GET /desk/notices/looks?before=120: who looked at what, and why."""
        return await self._pages.page(
            request, "looks", told=self._pages.ask(request, contracts.LOOKS, **before(request))
        )

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
