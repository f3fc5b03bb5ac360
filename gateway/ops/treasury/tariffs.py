"""Pages of the tariff: rows are drafted by one officer or from a file, approved by another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.billing import treasury as contracts
from contracts.billing.tariffs import OneRow, Tariff, TariffRow, TariffRows
from gateway.forms.fields import parse_whole
from gateway.forms.values import value_of
from gateway.ops.staff import forms, tables
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.tables import (
    ORDER,
    address_of,
    csv_response,
    filters_of,
    order_of,
    ordered,
)
from gateway.ops.treasury import texts
from gateway.ops.treasury.section import AT
from gateway.ops.treasury.tariff_sentences import (
    begins_in_the_past,
    compared,
    replaced_by,
    sentence,
)
from iran.collation import collation_key

FILE_LIMIT = 1_000_000
ROW_ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_TARIFF,
    "withdraw": contracts.WITHDRAW_TARIFF,
}
# The fields of a row that a form takes over from another one, and the columns of a file of rows.
ROW_FIELDS = (
    "service",
    "agency_class",
    "use",
    "area_class",
    "season",
    "unit",
    "amount",
    "money",
    "vat_class",
)
CSV_FIELDS = (*ROW_FIELDS, "from_day", "to_day", "decree", "state")


SORTED_BY: tables.Keys[TariffRow] = {
    "from": lambda row: row.from_day,
    "amount": lambda row: row.amount,
}


@dataclass(frozen=True, slots=True)
class TariffView:
    """The rows that are shown, the drafts with what each would change, and all that forms offer."""

    rows: Sequence[TariffRow]
    drafts: Sequence[tuple[TariffRow, str]]
    counts: Mapping[str, int]
    everything: Sequence[TariffRow]
    services: Mapping[str, str]


class Tariffs:
    """The pages of tariffs."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def list_rows(self, request: Request) -> Response:
        """GET /desk/treasury/tariffs?state=NOW&service=copy: rows, and forms for new ones;
        ?like=12 writes that row into the form.
        """
        like = parse_whole(query_value(request, "like"))
        if not isinstance(like, int):
            return await self._show(request, NO_SUBMISSION)
        row, _ = await self._row(request, like)
        typed = {name: str(getattr(row, name)) for name in ROW_FIELDS}
        return await self._show(request, Submission("draft", typed))

    async def _show(self, request: Request, submission: Submission) -> Response:
        filters = filters_of(request, ("state", "service"))
        if filters["state"] not in texts.TARIFF_LISTS:
            filters["state"] = "NOW"
        filters[ORDER] = order_of(request, SORTED_BY)
        return await self._pages.page(
            request,
            "tariffs",
            submission,
            view=self._view(request, filters),
            filters=resolved(filters),
            address=resolved(address_of(filters)),
        )

    async def _view(self, request: Request, filters: Mapping[str, str]) -> TariffView:
        reply = await self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
        services = {row["code"]: row["fa"] for row in reply.services}
        by_id = {row.id: row for row in reply.tariffs}
        of_service = [row for row in reply.tariffs if filters["service"] in ("", row.service)]
        counts = dict.fromkeys(texts.TARIFF_LISTS, 0)
        for row in of_service:
            counts[texts.tariff_list(row)] += 1
        counts["ALL"] = len(of_service)
        counts["NOW"] = counts["ALL"] - counts["ENDED"]
        shown = [row for row in of_service if _is_in(row, filters["state"])]
        by_service = sorted(shown, key=lambda row: collation_key(services.get(row.service, "")))
        return TariffView(
            ordered(by_service, filters[ORDER], SORTED_BY),
            [
                (row, sentence(row, by_id.get(row.replaces or 0), services.get(row.service, "")))
                for row in reply.tariffs
                if row.state == "DRAFT"
            ],
            counts,
            reply.tariffs,
            services,
        )

    async def csv(self, request: Request) -> Response:
        """GET /desk/treasury/tariffs.csv: all rows, as the form of files has them."""
        reply = await self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
        rows = ([getattr(row, name) for name in CSV_FIELDS] for row in reply.tariffs)
        return csv_response("tariffs.csv", CSV_FIELDS, rows)

    async def draft(self, request: Request) -> Response:
        """POST /desk/treasury/tariffs/draft: one row, seen beside the one that it would replace."""

        async def preview(request: Request, message: Tariff) -> Preview:
            reply = await self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
            services = {row["code"]: row["fa"] for row in reply.services}
            old = replaced_by(message, reply.tariffs)
            service_fa = services.get(message.service, "")
            return Preview(
                sentence(message, old, service_fa),
                "ثبت پیش‌نویس",
                compared(message, old, service_fa),
                (
                    "تا همکار دوم تأیید نکند چیزی در اجرا تغییر نمی‌کند.",
                    *begins_in_the_past(message, texts.today()),
                ),
            )

        back = "tariffs?done=draft"
        return await self._pages.act(
            request, contracts.DRAFT_TARIFF, self._show, back, preview=preview
        )

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
        row, reply = await self._row(request, id_)
        old = next((other for other in reply.tariffs if other.id == row.replaces), None)
        services = {service["code"]: service["fa"] for service in reply.services}
        service_fa = services.get(row.service, "")
        facts = (
            Fact("نوشته", (await self._pages.person(request))(row.drafted_by)),
            *compared(row, old, service_fa),
        )
        if name == "withdraw":
            own = self._pages.is_own(request, row.drafted_by) or row.state == "APPROVED"
            return Preview(
                f"این ردیف تعرفه {'پس گرفته می‌شود' if own else 'پذیرفته نمی‌شود'}: "
                f"{sentence(row, old, service_fa)}",
                f"{'پس گرفتن' if own else 'نپذیرفتن'} ردیف {id_}",
                facts,
                ("ردیف پس‌گرفته دیگر به کار نمی‌آید؛ ردیف پیشین همچنان در اجرا می‌ماند.",),
                danger=True,
                again=False,
                asks_why=not self._pages.is_own(request, row.drafted_by),
            )
        leaves = (
            f"جای ردیف {old.id} را از روز آغاز می‌گیرد؛ قبض‌های صادرشده تغییر نمی‌کنند."
            if old
            else "پیش از این ردیفی برای این دسته نبوده است."
        )
        return Preview(
            sentence(row, old, service_fa),
            f"تأیید ردیف {id_}",
            facts,
            (leaves, *begins_in_the_past(row, texts.today())),
            {"replaces": row.replaces or 0},
            again=False,
        )

    async def _row(self, request: Request, id_: int) -> tuple[TariffRow, TariffRows]:
        """A row of the tariff, and all of them. Raises NotFound ``tariff.not_found``."""
        reply = await self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
        for row in reply.tariffs:
            if row.id == id_:
                return row, reply
        raise NotFound("There is no such tariff row.", code="tariff.not_found")

    def routes(self) -> list[Route]:
        """The routes of tariffs."""
        return [
            Route(f"{AT}/tariffs", self.list_rows),
            Route(f"{AT}/tariffs.csv", self.csv),
            Route(f"{AT}/tariffs/draft", self.draft, methods=["POST"]),
            Route(f"{AT}/tariffs/import", self.take, methods=["POST"]),
            Route(f"{AT}/tariffs/{{id:int}}/{{act}}", self.move, methods=["POST"]),
        ]


def _is_in(row: TariffRow, name: str) -> bool:
    """Tell whether a row belongs to one of TARIFF_LISTS."""
    of_row = texts.tariff_list(row)
    return name in ("ALL", of_row) or (name == "NOW" and of_row != "ENDED")
