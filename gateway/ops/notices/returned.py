"""Letters that the post has brought back: found by whom they went to, noted with the reason."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError
from contracts.notify.editors import email_reports as contracts
from gateway.forms.fields import Fields
from gateway.forms.values import text_of, typed_of
from gateway.ops.notices import report_words
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview

ID_MOST = 36


async def returned_preview(_: Request, message: contracts.ReturnLetters) -> Preview:
    """The page before letters are noted as returned, which nobody takes back."""
    return Preview(
        title="برگشت این نامه‌ها ثبت می‌شود",
        button="ثبت برگشت",
        facts=(
            Fact("شمار نامه‌ها", str(len(message.ids))),
            Fact("دلیل", report_words.RETURN_REASONS[message.reason]),
        ),
        leaves=("فرستنده هر نامه آگاه می‌شود که به گیرنده نرسیده است.",),
        danger=True,
    )


class Returned:
    """The page of posted letters; whoever opens it has looked, and that is written down."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/notices/returned-letters?id=...: the newest that were posted, or this one."""
        return await self._show(request, NO_SUBMISSION)

    async def find(self, request: Request) -> Response:
        """POST /desk/notices/returned-letters/find: whom a letter went to stands in no address of a
        page.
        """
        values = (await forms.read_form(request)).values
        typed = {**typed_of(values), "act": "find"}
        try:
            query = contracts.ListPostedLetters(text=text_of(values, "text") or None)
            reply = await self._pages.ask(request, contracts.POSTED_LETTERS, query)
        except BusError as error:
            return await self._pages.refused(request, self._show, typed, error)
        return await self._render(request, Submission("find", typed), reply)

    async def note(self, request: Request) -> Response:
        """POST /desk/notices/returned-letters: those that were chosen have come back."""
        values = (await forms.read_form(request)).values
        values["act"] = ["returned"]
        fields: Fields = {"ids": values.get("ids", []), "reason": text_of(values, "reason")}
        return await self._pages.send(
            request,
            contracts.RETURN_LETTERS,
            self._show,
            "returned-letters?done=returned",
            values,
            fields,
            returned_preview,
        )

    async def _show(self, request: Request, submission: Submission) -> Response:
        id_ = request.query_params.get("id", "")[:ID_MOST] or None
        query = contracts.ListPostedLetters(id=id_)
        reply = await self._pages.ask(request, contracts.POSTED_LETTERS, query)
        return await self._render(request, submission, reply)

    async def _render(
        self, request: Request, submission: Submission, reply: contracts.PostedLetters
    ) -> Response:
        return await self._pages.page(
            request,
            "returned",
            submission,
            reply=resolved(reply),
            rw=resolved(report_words),
        )

    def routes(self) -> list[Route]:
        """The routes of letters that came back."""
        return [
            Route(f"{AT}/returned-letters", self.page, methods=["GET"]),
            Route(f"{AT}/returned-letters", self.note, methods=["POST"]),
            Route(f"{AT}/returned-letters/find", self.find, methods=["POST"]),
        ]
