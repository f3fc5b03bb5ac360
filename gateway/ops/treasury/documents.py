"""Pages and files of the journal for accountants' tools, and of agencies' statements."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.billing import treasury as contracts
from contracts.billing.statements import Statement
from gateway.forms.downloads import download_headers
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.treasury.section import AT
from gateway.papers import csv_files, pdf
from iran.persian import dashed_code

ENDINGS = {"beancount": "beancount", "hledger": "journal"}


@dataclass(frozen=True, slots=True)
class Account:
    """A statement, and its rows with the balance after each."""

    statement: Statement
    rows: Sequence[csv_files.BalancedRow]


class Documents:
    """The pages of journal and statements."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def journal_page(self, request: Request) -> Response:
        """GET /desk/treasury/journal: the choice of a form."""
        return await self._pages.page(request, "journal")

    async def journal(self, request: Request) -> Response:
        """GET /desk/treasury/journal/{format}: the whole ledger as one file."""
        form = request.path_params["format"]
        if form not in contracts.FORMATS:
            raise NotFound("There is no such form.", code="http.not_found")
        # Asked before the answer begins: a refusal is still a page.
        message = contracts.Journal(format=form)
        first = await self._pages.ask(request, contracts.JOURNAL, message)
        return StreamingResponse(
            self._page_texts(request, form, first),
            headers=download_headers(f"mirab.{ENDINGS[form]}"),
            media_type="text/plain; charset=utf-8",
        )

    async def _page_texts(
        self, request: Request, form: str, page: contracts.JournalText
    ) -> AsyncIterator[bytes]:
        yield page.text.encode()
        while page.next is not None:
            message = contracts.Journal(format=form, after=page.next)
            page = await self._pages.ask(request, contracts.JOURNAL, message)
            yield page.text.encode()

    # --- statements ---

    def _query(self, request: Request) -> dict[str, str]:
        month = dashed_code(query_value(request, "month")).replace("/", "-")
        year, dash, number = month.partition("-")
        return {"agency": query_value(request, "agency"), "month": f"{year}{dash}{number.zfill(2)}"}

    async def _read(self, request: Request) -> Statement:
        message = contracts.STATEMENT_OF.load(self._query(request))
        return await self._pages.ask(request, contracts.STATEMENT_OF, message)

    async def statement_page(self, request: Request) -> Response:
        """GET /desk/treasury/statements?agency=fuel-co&month=1405-09"""
        query = self._query(request)
        if not query["agency"] and query["month"] in ("", "00"):
            return await self._statement(request, NO_SUBMISSION, None)
        typed = {**query, "act": "account"}
        try:
            statement = await self._read(request)
        except BusError as error:
            return await self._pages.refused(
                request, lambda r, submission: self._statement(r, submission, None), typed, error
            )
        return await self._statement(request, Submission("account", typed), statement)

    async def _statement(
        self, request: Request, submission: Submission, statement: Statement | None
    ) -> Response:
        async def account() -> Account | None:
            if statement is None:
                return None
            return Account(statement, csv_files.with_balance(statement))

        billed = self._pages.ask(request, contracts.BILLED_AGENCIES, contracts.Nothing())
        return await self._pages.page(
            request, "statement", submission, account=account(), billed=billed
        )

    async def statement_csv(self, request: Request) -> Response:
        """GET /desk/treasury/statements.csv"""
        statement = await self._read(request)
        name = f"statement-{statement.agency}-{statement.month}.csv"
        text = csv_files.statement_fa(statement)
        return Response(text, headers=download_headers(name), media_type="text/csv")

    async def statement_pdf(self, request: Request) -> Response:
        """GET /desk/treasury/statements.pdf: in Persian."""
        statement = await self._read(request)
        payer = (await self._pages.agency(request))(statement.agency)
        document = await asyncio.to_thread(pdf.statement, statement, "fa", payer)
        name = f"statement-{statement.agency}-{statement.month}.pdf"
        return Response(document, headers=download_headers(name), media_type="application/pdf")

    def routes(self) -> list[Route]:
        """The routes of journal and statements."""
        return [
            Route(f"{AT}/journal", self.journal_page),
            Route(f"{AT}/journal/{{format}}", self.journal),
            Route(f"{AT}/statements", self.statement_page),
            Route(f"{AT}/statements.csv", self.statement_csv),
            Route(f"{AT}/statements.pdf", self.statement_pdf),
        ]
