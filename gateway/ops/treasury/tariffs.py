"""Pages of the tariff: rows are drafted by one officer or from a file, approved by another."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.billing import treasury as contracts
from contracts.billing.tariffs import OneRow
from gateway.forms.values import value_of
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Preview
from gateway.ops.treasury.previews import compared
from gateway.ops.treasury.section import AT

FILE_LIMIT = 1_000_000
ROW_ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_TARIFF,
    "withdraw": contracts.WITHDRAW_TARIFF,
}


class Tariffs:
    """The pages of tariffs."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def list_rows(self, request: Request) -> Response:
        """GET /desk/treasury/tariffs: all rows, and forms for new ones."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
        return await self._pages.page(request, "tariffs", submission, reply=reply)

    async def draft(self, request: Request) -> Response:
        """POST /desk/treasury/tariffs/draft: one row."""
        back = "tariffs?done=draft"
        return await self._pages.act(request, contracts.DRAFT_TARIFF, self._show, back)

    async def take(self, request: Request) -> Response:
        """POST /desk/treasury/tariffs/import: a CSV file, or its text; the text stays in the form
        if a row is wrong.
        """
        typed: dict[str, str] = {"act": "import"}
        try:
            form = await forms.read_form(request, files=1, fields_limit=FILE_LIMIT, as_text=True)
            typed["text"] = value_of(form.values, "file") or value_of(form.values, "text")
            id_ = value_of(form.values, "form") or None
            message = contracts.IMPORT_TARIFFS.load({"text": typed["text"].lstrip("\ufeff")})
            await self._pages.ask(request, contracts.IMPORT_TARIFFS, message, form=id_)
        except BusError as error:
            return await self._pages.refused(request, self._show, typed, error)
        return RedirectResponse(f"{AT}/tariffs?done=import", 303)

    async def move(self, request: Request) -> Response:
        """POST /desk/treasury/tariffs/{id}/{act}: approve, or withdraw."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ROW_ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"tariffs?done={name}"

        async def preview(request: Request, _: OneRow) -> Preview:
            return await self._preview(request, name, id_)

        return await self._pages.act(
            request, ROW_ACTS[name], self._show, back, preview=preview, id=id_
        )

    async def _preview(self, request: Request, name: str, id_: int) -> Preview:
        """The row beside the one that it replaces, before it is approved or withdrawn."""
        reply = await self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
        rows = {row.id: row for row in reply.tariffs}
        if id_ not in rows:
            raise NotFound("There is no such tariff row.", code="tariff.not_found")
        row = rows[id_]
        old = rows.get(row.replaces or 0)
        services = {service["code"]: service["fa"] for service in reply.services}
        facts = compared(row, old, services.get(row.service, ""))
        if name == "withdraw":
            leaves = "ردیف پس‌گرفته دیگر به کار نمی‌آید؛ ردیف پیشین همچنان در اجرا می‌ماند."
            return Preview(
                "این ردیف تعرفه پس گرفته می‌شود",
                f"پس گرفتن ردیف {id_}",
                facts,
                (leaves,),
                danger=True,
                again=False,
            )
        leaves = (
            f"جای ردیف {old.id} را از روز آغاز می‌گیرد؛ قبض‌های صادرشده تغییر نمی‌کنند."
            if old
            else "پیش از این ردیفی برای این دسته نبوده است."
        )
        return Preview(
            "این ردیف تعرفه در اجرا گذاشته می‌شود",
            f"تأیید ردیف {id_}",
            facts,
            (leaves,),
            {"replaces": row.replaces or 0},
            again=False,
        )

    def routes(self) -> list[Route]:
        """The routes of tariffs."""
        return [
            Route(f"{AT}/tariffs", self.list_rows),
            Route(f"{AT}/tariffs/draft", self.draft, methods=["POST"]),
            Route(f"{AT}/tariffs/import", self.take, methods=["POST"]),
            Route(f"{AT}/tariffs/{{id:int}}/{{act}}", self.move, methods=["POST"]),
        ]
