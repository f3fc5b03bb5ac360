"""The journal as text for accountants' tools, and agencies' statements: page, CSV, PDF."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.billing import treasury as contracts
from gateway.forms.downloads import download_headers
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.treasury.section import AT
from gateway.papers import csv_files, pdf
from iran.persian import dashed_code

ENDINGS = {"beancount": "beancount", "hledger": "journal"}


class Papers:
    """The pages of journal and statements."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def journal_page(self, request: Request) -> Response:
        """GET /desk/treasury/journal: in which form?"""
        return await self._pages.page(request, "journal")

    async def journal(self, request: Request) -> Response:
        """GET /desk/treasury/journal/{format}: the whole ledger as one file."""
        form = request.path_params["format"]
        if form not in contracts.FORMATS:
            raise NotFound("There is no such form.", code="http.not_found")
        # Asked before the answer begins: a refusal is still a page.
        first = await self._pages.ask(request, contracts.JOURNAL, format=form)
        return StreamingResponse(
            self._page_texts(request, form, first),
            headers=download_headers(f"mirab.{ENDINGS[form]}"),
            media_type="text/plain; charset=utf-8",
        )

    async def _page_texts(
        self, request: Request, form: str, told: dict[str, Any]
    ) -> AsyncIterator[bytes]:
        yield told["text"].encode()
        while told["next"] is not None:
            told = await self._pages.ask(
                request, contracts.JOURNAL, format=form, after=told["next"]
            )
            yield told["text"].encode()

    # --- statements ---

    def _asked(self, request: Request) -> dict[str, str]:
        month = dashed_code(query_value(request, "month")).replace("/", "-")
        year, dash, number = month.partition("-")
        return {"agency": query_value(request, "agency"), "month": f"{year}{dash}{number.zfill(2)}"}

    async def statement_page(self, request: Request) -> Response:
        """GET /desk/treasury/statements?agency=fuel-co&month=1405-09"""
        asked = self._asked(request)
        if not asked["agency"] and asked["month"] in ("", "00"):
            return await self._statement(request, NO_SUBMISSION, None)
        typed = {**asked, "act": "account"}
        try:
            told = await self._pages.ask(request, contracts.STATEMENT_OF, **asked)
        except BusError as error:
            return await self._pages.refused(
                request, lambda r, submission: self._statement(r, submission, None), typed, error
            )
        return await self._statement(request, Submission("account", typed), told)

    async def _statement(
        self, request: Request, submission: Submission, told: dict[str, Any] | None
    ) -> Response:
        async def account() -> dict[str, Any] | None:
            return {**told, "rows": csv_files.with_balance(told)} if told else None

        return await self._pages.page(
            request,
            "statement",
            submission,
            told=account(),
            billed=self._pages.ask(request, contracts.BILLED_AGENCIES),
        )

    async def statement_csv(self, request: Request) -> Response:
        """GET /desk/treasury/statements.csv"""
        told = await self._pages.ask(request, contracts.STATEMENT_OF, **self._asked(request))
        name = f"statement-{told['agency']}-{told['month']}.csv"
        made = csv_files.statement_fa(told)
        return Response(made, headers=download_headers(name), media_type="text/csv")

    async def statement_pdf(self, request: Request) -> Response:
        """GET /desk/treasury/statements.pdf: in Persian."""
        told = await self._pages.ask(request, contracts.STATEMENT_OF, **self._asked(request))
        payer = (await self._pages.agency(request))(told["agency"])
        made = await asyncio.to_thread(pdf.statement, told, "fa", payer)
        name = f"statement-{told['agency']}-{told['month']}.pdf"
        return Response(made, headers=download_headers(name), media_type="application/pdf")

    def routes(self) -> list[Route]:
        """The routes of journal and statements."""
        return [
            Route(f"{AT}/journal", self.journal_page),
            Route(f"{AT}/journal/{{format}}", self.journal),
            Route(f"{AT}/statements", self.statement_page),
            Route(f"{AT}/statements.csv", self.statement_csv),
            Route(f"{AT}/statements.pdf", self.statement_pdf),
        ]
