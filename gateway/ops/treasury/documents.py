"""The journal as text for accountants' tools, and agencies' statements: page, CSV, PDF."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.billing import treasury as contracts
from gateway.ops.staff.forms import query
from gateway.ops.staff.pages import NOTHING, Counter, Tried, attachment
from gateway.ops.treasury.section import AT
from gateway.papers import csv_files, pdf
from iran.persian import dashed_code

ENDINGS = {"beancount": "beancount", "hledger": "journal"}


class Papers:
    """The pages of journal and statements."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def journal_page(self, request: Request) -> Response:
        """GET /desk/treasury/journal: in which form?"""
        return await self._counter.page(request, "journal")

    async def journal(self, request: Request) -> Response:
        """GET /desk/treasury/journal/{format}: the whole ledger as one file."""
        form = request.path_params["format"]
        if form not in contracts.FORMATS:
            raise NotFound("There is no such form.", code="http.not_found")
        # Asked before the answer begins: a refusal is still a page.
        first = await self._counter.ask(request, contracts.JOURNAL, format=form)
        return StreamingResponse(
            self._pages(request, form, first),
            headers=attachment(f"mirab.{ENDINGS[form]}"),
            media_type="text/plain; charset=utf-8",
        )

    async def _pages(
        self, request: Request, form: str, told: dict[str, Any]
    ) -> AsyncIterator[bytes]:
        yield told["text"].encode()
        while told["next"] is not None:
            told = await self._counter.ask(
                request, contracts.JOURNAL, format=form, after=told["next"]
            )
            yield told["text"].encode()

    # --- statements ---

    def _asked(self, request: Request) -> dict[str, str]:
        month = dashed_code(query(request, "month")).replace("/", "-")
        year, dash, number = month.partition("-")
        return {"agency": query(request, "agency"), "month": f"{year}{dash}{number.zfill(2)}"}

    async def statement_page(self, request: Request) -> Response:
        """GET /desk/treasury/statements?agency=fuel-co&month=1405-09"""
        asked = self._asked(request)
        if not asked["agency"] and asked["month"] in ("", "00"):
            return await self._statement(request, NOTHING, None)
        typed = {**asked, "act": "account"}
        try:
            told = await self._counter.ask(request, contracts.STATEMENT_OF, **asked)
        except BusError as error:
            return await self._counter.refused(
                request, lambda r, tried: self._statement(r, tried, None), typed, error
            )
        return await self._statement(request, Tried("account", typed), told)

    async def _statement(
        self, request: Request, tried: Tried, told: dict[str, Any] | None
    ) -> Response:
        async def account() -> dict[str, Any] | None:
            return {**told, "rows": csv_files.with_balance(told)} if told else None

        return await self._counter.page(
            request,
            "statement",
            tried,
            told=account(),
            billed=self._counter.ask(request, contracts.BILLED_AGENCIES),
        )

    async def statement_csv(self, request: Request) -> Response:
        """GET /desk/treasury/statements.csv"""
        told = await self._counter.ask(request, contracts.STATEMENT_OF, **self._asked(request))
        name = f"statement-{told['agency']}-{told['month']}.csv"
        made = csv_files.statement_fa(told)
        return Response(made, headers=attachment(name), media_type="text/csv")

    async def statement_pdf(self, request: Request) -> Response:
        """GET /desk/treasury/statements.pdf: in Persian."""
        told = await self._counter.ask(request, contracts.STATEMENT_OF, **self._asked(request))
        payer = (await self._counter.agency(request))(told["agency"])
        made = await asyncio.to_thread(pdf.statement, told, "fa", payer)
        name = f"statement-{told['agency']}-{told['month']}.pdf"
        return Response(made, headers=attachment(name), media_type="application/pdf")

    def routes(self) -> list[Route]:
        """The routes of journal and statements."""
        return [
            Route(f"{AT}/journal", self.journal_page),
            Route(f"{AT}/journal/{{format}}", self.journal),
            Route(f"{AT}/statements", self.statement_page),
            Route(f"{AT}/statements.csv", self.statement_csv),
            Route(f"{AT}/statements.pdf", self.statement_pdf),
        ]
