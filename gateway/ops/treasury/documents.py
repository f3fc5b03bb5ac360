"""Pages and files of the journal for accountants' tools, and of agencies' statements."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.billing import treasury as contracts
from contracts.billing.statements import Statement
from contracts.billing.treasury_figures import (
    ACCOUNTS,
    ENTRY_KINDS,
    JOURNAL_ENTRIES,
    AskEntries,
)
from gateway.forms.downloads import download_headers
from gateway.forms.fields import NUMBER_MOST, parse_day, parse_whole
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.tables import address_of, csv_response, filters_of
from gateway.ops.treasury import cells
from gateway.ops.treasury.bills import bank_names, billed_agencies
from gateway.ops.treasury.ledger_words import Describe, describer
from gateway.ops.treasury.section import AT
from gateway.papers import csv_files, pdf
from iran.persian import dashed_code, jalali, tehran_day

ENTRY_FILTERS = ("from_day", "to_day", "kind", "account", "bill")
ENTRIES_SHOWN, CSV_PAGE, CSV_PAGES = 50, 500, 40
MONTHS_OFFERED = 24
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
        """GET /desk/treasury/journal: the newest entries, by days, kind, account or bill."""
        typed = filters_of(request, ENTRY_FILTERS)
        return await self._journal(request, Submission("", typed))

    async def _journal(self, request: Request, submission: Submission) -> Response:
        typed = submission.typed
        reply = None
        if submission.error is None:
            try:
                message = self._entries_query(request, typed, ENTRIES_SHOWN)
                reply = await self._pages.ask(request, JOURNAL_ENTRIES, message)
            except BusError as error:
                refused = {**typed, "act": "journal"}
                return await self._pages.refused(request, self._journal, refused, error)
        return await self._pages.page(
            request,
            "journal",
            submission,
            reply=resolved(reply),
            address=resolved(address_of(typed)),
            describe=self._describe(request),
        )

    async def _describe(self, request: Request) -> Describe:
        return describer(await bank_names(self._pages, request))

    def _entries_query(
        self, request: Request, typed: Mapping[str, str], limit: int, before: int | None = None
    ) -> AskEntries:
        """The query of a list of entries. ContractError for days that are none."""
        last = before if before is not None else parse_whole(query_value(request, "before", "0"))
        return JOURNAL_ENTRIES.load(
            {
                "from_day": parse_day(typed["from_day"]) or None,
                "to_day": parse_day(typed["to_day"]) or None,
                "kind": typed["kind"] if typed["kind"] in ENTRY_KINDS else None,
                "account": typed["account"] if typed["account"] in ACCOUNTS else None,
                "bill": typed["bill"][:20],
                "before": last if isinstance(last, int) and last < NUMBER_MOST else 0,
                "limit": limit,
            }
        )

    async def journal_csv(self, request: Request) -> Response:
        """GET /desk/treasury/journal.csv: the same entries as a file, a row for each posting."""
        typed = filters_of(request, ENTRY_FILTERS)
        agency, rows, before = await self._pages.agency(request), list[cells.Cells](), 0
        describe = describer(await bank_names(self._pages, request), for_file=True)
        for _ in range(CSV_PAGES):
            message = self._entries_query(request, typed, CSV_PAGE, before)
            reply = await self._pages.ask(request, JOURNAL_ENTRIES, message)
            for entry in reply.entries:
                rows += cells.entry_cells(entry, agency, describe)
            if reply.next is None:
                break
            before = reply.next
        return csv_response("journal.csv", cells.ENTRY_HEADS, rows)

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

        return await self._pages.page(
            request,
            "statement",
            submission,
            account=account(),
            billed=billed_agencies(self._pages, request),
            months=resolved(last_months()),
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
            Route(f"{AT}/journal.csv", self.journal_csv),
            Route(f"{AT}/journal/{{format}}", self.journal),
            Route(f"{AT}/statements", self.statement_page),
            Route(f"{AT}/statements.csv", self.statement_csv),
            Route(f"{AT}/statements.pdf", self.statement_pdf),
        ]


def last_months() -> list[str]:
    """The Jalali months that a statement can be of, such as 1405-09, this one first."""
    year, month, _ = (int(part) for part in jalali(tehran_day(dt.datetime.now(dt.UTC))).split("-"))
    numbers = range(12 * year + month - 1, 12 * year + month - 1 - MONTHS_OFFERED, -1)
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]
