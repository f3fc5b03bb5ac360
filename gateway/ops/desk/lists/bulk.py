"""Acts on several tickets of the queue: each one an act of its own, with a fate of its own.

A form's id and a ticket's code name the act, so that a form sent twice does nothing twice; rights,
versions and rules are those of the single act. Words to citizens, and merges, are shown before,
and what would be refused is told there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError, NotFound, Unauthenticated
from bus.messages import kinds
from contracts.billing.treasury import OPEN_BILLS_OF_TICKET, OfTicket
from contracts.ticketing import desk as contracts
from contracts.ticketing.letters import SPAM, Spam
from contracts.ticketing.queue import QUEUE, SELECTED_MOST, Queue, QueuePage, QueueRow
from gateway.forms.fields import whole_or_none
from gateway.forms.values import Values, text_of, typed_of
from gateway.ops.desk import words
from gateway.ops.desk.lists import addresses
from gateway.ops.desk.lists.addresses import QUEUE_AT
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.refusals import is_late
from gateway.ops.staff.session import Desk, form_id

# Those that are shown before they are done.
SHOWN = frozenset({"merge", "say", "answer", "pause", "spam"})
# Those that carry a text, which is typed on the page before them.
WRITTEN = frozenset({"say", "answer", "pause"})
ACTS = frozenset({"take", "assign", "unmerge"}) | SHOWN
COLLEAGUE, UNIT = "c:", "u:"
ENDED = frozenset({"ANSWERED", "CLOSED", "MERGED"})
AT_ONCE = 10
# Stands for the words that are still to be written, where an act is tried out before it is shown.
NOTHING_YET = "{code}"


class Selected(NamedTuple):
    """A ticket as the list showed it."""

    code: str
    version: int


class Fate(NamedTuple):
    """What became of one ticket: the version that it has now, or why nothing was done; ``late`` if
    nobody knows that, ``went_to`` the unit where the colleague does not read it any more.
    """

    row: QueueRow
    version: int | None
    reason: str
    late: bool = False
    went_to: str | None = None


@dataclass(frozen=True, slots=True)
class BulkForm:
    """A form of the bar: its act, its tickets, what it carries."""

    act: str
    form: str
    selected: tuple[Selected, ...]
    values: Values
    back: str

    def value(self, name: str) -> str:
        """Return a field as it was typed."""
        return text_of(self.values, name)


@dataclass(frozen=True, slots=True)
class BulkView:
    """The page before or after an act: its tickets, and what became of each (before it: those on
    which it would be refused); ``gone`` are the codes of those that the colleague does not see any
    more.
    """

    form: BulkForm
    page: QueuePage
    fates: Sequence[Fate] = ()
    texts: Mapping[str, str] | None = None
    into: str = ""
    gone: tuple[str, ...] = ()


class Shown(NamedTuple):
    """A ticket that an act is about, and its version as the list showed it."""

    row: QueueRow
    version: int


class Act(NamedTuple):
    """What is asked for one ticket."""

    contract: kinds.Request
    message: object


ActOn = Callable[[Request, BulkForm, QueueRow, int], Awaitable[Act]]
# Asks for one ticket; how it stands then.
Asking = Callable[[Request, BulkForm, QueueRow, int], Awaitable[contracts.Acted]]


class BulkPages:
    """The bar of the queue."""

    def __init__(self, pages: StaffPages, desk: Desk) -> None:
        self._pages, self._desk = pages, desk
        self._acts: Mapping[str, ActOn] = {
            "take": self._assign,
            "assign": self._assign,
            "merge": self._merge,
            "unmerge": self._unmerge,
            "say": self._write,
            "answer": self._write,
            "pause": self._pause,
            "spam": self._spam,
        }

    async def bulk(self, request: Request) -> Response:
        """POST /desk/queue/bulk: show an act, or do it on each ticket and report."""
        form = bulk_form(request, (await forms.read_form(request)).values)
        if form.act not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        if not form.selected or (form.act == "assign" and not form.value("to")):
            reason = "none" if not form.selected else "nobody"
            target = f"{form.back}&done={reason}".lstrip("&")
            return RedirectResponse(f"{QUEUE_AT}?{target}", 303)
        page = await self._read(request, form)
        if form.act in SHOWN and form.value("looked") != "1":
            return await self._preview(request, form, page, NO_SUBMISSION)
        if form.act in WRITTEN and not form.value("text"):
            fault = FieldError("text", "required", "Write a text.")
            error = ContractError("Write a text.", fields=[fault])
            submission = Submission(form.act, typed_of(form.values), error)
            return await self._preview(request, form, page, submission)
        fates = await self._do(request, form, page)
        shown = {row.code for row in page.tickets}
        gone = tuple(ticket.code for ticket in form.selected if ticket.code not in shown)
        if form.act in ("take", "assign") and not gone and not any(f.reason for f in fates):
            to = form.value("to") if form.act == "assign" else ""
            done = urlencode({"done": f"{form.act}_many", "count": len(fates), "to": to})
            return RedirectResponse(f"{QUEUE_AT}?{form.back}&{done}", 303)
        view = BulkView(form, page, fates, gone=gone)
        return await self._pages.page(request, "bulk_done", view=resolved(view))

    async def _read(self, request: Request, form: BulkForm) -> QueuePage:
        query = Queue(codes=tuple(ticket.code for ticket in form.selected), state="ALL")
        return await self._pages.ask(request, QUEUE, query)

    async def _preview(
        self, request: Request, form: BulkForm, page: QueuePage, submission: Submission
    ) -> Response:
        # Only words that an answer fills have places.
        chosen = form.value("canned") if form.act != "pause" else ""
        canned = next((c for c in page.canned or () if c["code"] == chosen), None)
        filled = {"text": canned["text_fa"], "text_en": canned["text_en"]} if canned else {}
        typed = {name: form.value(name) for name in ("text", "text_en")}
        # The oldest that is worked on: nothing is joined with one that has ended.
        first = sorted(page.tickets, key=lambda row: (row.state in ENDED, row.registered_at))
        oldest = first[0] if first else None
        into = form.value("into") or (oldest.code if oldest else "")
        view = BulkView(
            form,
            page,
            await self._obstacles(request, form, page, into),
            texts={n: typed[n] or filled.get(n, "") for n in typed},
            into=into,
        )
        return await self._pages.page(request, "bulk", submission, view=resolved(view))

    async def _obstacles(
        self, request: Request, form: BulkForm, page: QueuePage, into: str
    ) -> list[Fate]:
        """The tickets on which the act would be refused, and why; each is tried out by itself."""
        form = replace(form, values={**form.values, "into": [into]})
        fates = await self._each(request, form, _rows(form, page), self._try, AT_ONCE)
        return [fate for fate in fates if fate.reason]

    async def _try(
        self, request: Request, form: BulkForm, row: QueueRow, version: int
    ) -> contracts.Acted:
        contract, message = await self._acts[form.act](request, form, row, version)
        await self._pages.rehearse(request, contract, message)
        return contracts.Acted(code=row.code, version=version, state=row.state)

    async def _do(self, request: Request, form: BulkForm, page: QueuePage) -> list[Fate]:
        """Do the act on each ticket. Merges go one after the other: all change the same ticket."""
        at_once = 1 if form.act == "merge" else AT_ONCE
        return await self._each(request, form, _rows(form, page), self._ask, at_once)

    async def _each(
        self, request: Request, form: BulkForm, rows: Sequence[Shown], ask: Asking, at_once: int
    ) -> list[Fate]:
        """Ask for each ticket, few at once: of a hundred none waits so long in the service that its
        answer is late.
        """
        room = asyncio.Semaphore(at_once)

        async def fate_of(shown: Shown) -> Fate:
            async with room:
                return await self._one(request, form, *shown, ask)

        return list(await asyncio.gather(*map(fate_of, rows)))

    async def _one(
        self, request: Request, form: BulkForm, row: QueueRow, version: int, ask: Asking
    ) -> Fate:
        try:
            now = await ask(request, form, row, version)
        except Unauthenticated:
            raise
        except BusError as error:
            if is_late(error):
                return Fate(row, None, words.LATE_AMONG_MANY, late=True)
            return Fate(row, None, "؛ ".join(words.faults_of(error).values()))
        return Fate(row, now.version, "", went_to=now.went_to)

    # --- the single acts ---

    async def _ask(
        self, request: Request, form: BulkForm, row: QueueRow, version: int
    ) -> contracts.Acted:
        contract, message = await self._acts[form.act](request, form, row, version)
        id_ = f"{form.form}-{row.code}"
        reply: contracts.Acted = await self._pages.ask(request, contract, message, form=id_)
        return reply

    async def _assign(self, request: Request, form: BulkForm, row: QueueRow, version: int) -> Act:
        to = form.value("to") if form.act == "assign" else ""
        message = contracts.Assign(
            code=row.code,
            version=version,
            unit=to.removeprefix(UNIT) if to.startswith(UNIT) else None,
            assignee=_assignee(to, self._desk.colleague(request).username),
        )
        return Act(contracts.ASSIGN, message)

    async def _merge(self, request: Request, form: BulkForm, row: QueueRow, version: int) -> Act:
        await self._require_no_open_bill(request, row)
        message = contracts.Merge(code=row.code, version=version, into=form.value("into"))
        return Act(contracts.MERGE, message)

    async def _unmerge(self, _: Request, form: BulkForm, row: QueueRow, version: int) -> Act:
        return Act(contracts.UNMERGE, contracts.Unmerge(code=row.code, version=version))

    async def _spam(self, _: Request, __: BulkForm, row: QueueRow, version: int) -> Act:
        return Act(SPAM, Spam(code=row.code, version=version))

    async def _pause(self, _: Request, form: BulkForm, row: QueueRow, version: int) -> Act:
        message = contracts.Pause(
            code=row.code,
            version=version,
            reason=form.value("reason") or next(iter(words.PAUSES)),
            text=form.value("text") or NOTHING_YET,
        )
        return Act(contracts.PAUSE, message)

    async def _write(self, request: Request, form: BulkForm, row: QueueRow, version: int) -> Act:
        final = form.act == "answer"
        if final:
            await self._require_no_open_bill(request, row)
        english = form.value("text_en") if row.language == "en" else ""
        message = contracts.Answer(
            code=row.code,
            version=version,
            text=english or form.value("text") or NOTHING_YET,
            fill=True,
            final=final,
        )
        return Act(contracts.ANSWER, message)

    async def _require_no_open_bill(self, request: Request, row: QueueRow) -> None:
        """ContractError if a bill waits, after which nobody would look; nothing is known of it
        while billing is away, as for the single act.
        """
        about = row.about or {}
        bill = str(about["ref"])[:20] if about.get("kind") == "bill" else None
        try:
            message = OfTicket(ticket=row.code, bill=bill)
            bills = (await self._pages.ask(request, OPEN_BILLS_OF_TICKET, message)).bills
        except BusError:
            return
        if bills:
            sentence = "A bill of this ticket is unpaid; end this ticket by itself."
            raise ContractError(sentence, fields=[FieldError("bills_stay", "required", sentence)])

    def routes(self) -> list[Route]:
        """The route of the bar."""
        return [Route(f"{QUEUE_AT}/bulk", self.bulk, methods=["POST"])]


def _rows(form: BulkForm, page: QueuePage) -> list[Shown]:
    """The tickets that the act is about, by the codes that the form named; of a merge all but the
    one that they are joined with.
    """
    versions = dict(form.selected)
    into = form.value("into") if form.act == "merge" else ""
    rows = (row for row in page.tickets if row.code in versions and row.code != into)
    return [Shown(row, versions[row.code]) for row in rows]


def _assignee(to: str, own: str) -> str | None:
    if to.startswith(UNIT):
        return None
    return to.removeprefix(COLLEAGUE) or own


def bulk_form(request: Request, values: Values) -> BulkForm:
    """Read the form of the bar; what names no ticket is left out."""
    typed = typed_of(values)
    return BulkForm(
        act=typed.get("act", ""),
        form=typed.get("form") or form_id(),
        selected=tuple(_selected(values))[:SELECTED_MOST],
        values=values,
        back=addresses.address(
            {"state": "WORK", **addresses.parse(back_query(request, typed))}
        ).partition("?")[2],
    )


def _selected(values: Values) -> list[Selected]:
    tickets: list[Selected] = []
    for value in values.get("selected", []):
        code, _, typed = value.partition(".")
        version = whole_or_none(typed)
        if version is not None and code not in dict(tickets):
            tickets.append(Selected(code, version))
    return tickets
