"""The pages of the desk's book: its lists, a row as a form, proposals that another decides."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from bus.messages.values import Json
from contracts.ticketing import book as contracts
from contracts.ticketing.desk import Nothing
from gateway.forms.downloads import download_headers
from gateway.forms.fields import Fields, parse_day
from gateway.forms.values import Values, text_of, typed_of
from gateway.html import formats
from gateway.ops.book import sentences, texts
from gateway.ops.book.rows import name_of, read_row, row_of, shown, typed_row
from gateway.ops.book.section import AT, BOOK
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.session import Desk
from iran.persian import tehran_day
from people.book_keys import SECTIONS, key_of

DECISIONS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_BOOK_CHANGE,
    "refuse": contracts.REFUSE_BOOK_CHANGE,
    "withdraw": contracts.WITHDRAW_BOOK_CHANGE,
}
HISTORY, SETTINGS = "history", "settings"
_LEAVES = {
    "units": "پرونده‌های باز در همان واحد می‌مانند، با مهلتی که هنگام رسیدن داشتند.",
    "categories": "پرونده‌های باز واحد و مهلت خود را نگه می‌دارند.",
    "promises": "پرونده‌هایی که پیش از آن روز ثبت شده‌اند مهلت خود را نگه می‌دارند.",
    "offices": "زمان‌هایی که گرفته شده‌اند می‌مانند.",
    "canned": "پاسخ‌هایی که فرستاده شده‌اند تغییر نمی‌کنند.",
    "routes": "پرونده‌های باز در همان واحد می‌مانند.",
    "counties": "پرونده‌های باز شهرستان و مهلت خود را نگه می‌دارند.",
    "escalation": "هشدارهایی که فرستاده شده‌اند دوباره فرستاده نمی‌شوند.",
    "levels": "آنچه انجام شده است می‌ماند؛ هر سطح در هر دور از مهلت یک بار کار می‌کند.",
    "area": "گزارش‌هایی که ثبت شده‌اند می‌مانند.",
    "closing": "برای پرونده‌های باز هم از همان روز به کار می‌آید.",
    "roles": "هشدارهای بعدی به نشانی تازه می‌رود.",
}


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change with what it says in sentences."""

    change: contracts.BookChange
    headline: str
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True)
class BookView:
    """The book; the changes that are open, and those that are decided."""

    book: contracts.BookOfDesk
    open: Sequence[ChangeView]
    decided: Sequence[ChangeView]


@dataclass(frozen=True, slots=True)
class FormView:
    """The form of a row: the book to choose from, the key of the row (empty: a new one)."""

    book: contracts.BookOfDesk
    key: str
    name: str


class BookPages:
    """The pages of the book."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def listed(self, request: Request) -> Response:
        """GET /desk/book?part=units: a list of the book, and the changes that wait."""
        part = query_value(request, "part", "units")
        if part not in (*texts.SECTIONS, SETTINGS, HISTORY):
            part = "units"
        return await self._pages.page(
            request,
            "book",
            view=self._view(request),
            part=resolved(part),
            name_of=resolved(name_of),
            shown=resolved(shown),
            key_of=resolved(key_of),
            today=resolved(tehran_day(dt.datetime.now(dt.UTC)).isoformat()),
        )

    async def _read(self, request: Request) -> contracts.BookOfDesk:
        return await self._pages.ask(request, contracts.READ_BOOK, Nothing())

    async def _view(self, request: Request) -> BookView:
        book = await self._read(request)
        changes = [_view_of(change, book) for change in book.changes]
        waiting = ("DRAFT", "APPROVED", "FAILED")
        return BookView(
            book,
            [view for view in changes if view.change.state in waiting],
            [view for view in changes if view.change.state not in waiting],
        )

    async def export(self, request: Request) -> Response:
        """GET /desk/book.toml: the book in force as a file."""
        file = await self._pages.ask(request, contracts.EXPORT_BOOK, Nothing())
        return Response(
            file.toml.encode(),
            headers=download_headers("book.toml"),
            media_type="application/toml; charset=utf-8",
        )

    # --- a row ---

    async def form(self, request: Request) -> Response:
        """GET /desk/book/{section}/row?key=groundwater: a row to change; ?like=: one to copy;
        neither: a new one.
        """
        section, book = _section(request), await self._read(request)
        key, like = query_value(request, "key"), query_value(request, "like")
        if not (key or like):
            return await self._form(request, NO_SUBMISSION)
        row = row_of(book, section, key or like)
        if row is None:
            raise NotFound("The book has no such row.", code="book_change.gone")
        typed = {"act": section, "key": key, **typed_row(section, row)}
        if section == "promises" and key:
            typed["valid_from"] = formats.day(row["from"])
        return await self._form(request, Submission(section, typed))

    async def _form(self, request: Request, submission: Submission) -> Response:
        section = _section(request)
        return await self._pages.page(
            request,
            "row",
            submission,
            view=self._form_view(request, section, submission.typed.get("key", "")),
            part=resolved(section),
        )

    async def _form_view(self, request: Request, section: str, key: str) -> FormView:
        book = await self._read(request)
        row = row_of(book, section, key) if key else None
        return FormView(book, key, name_of(section, row, book) if row else "")

    async def propose(self, request: Request) -> Response:
        """POST /desk/book/{section}/row: a row as it would be, then on to its proposal."""
        section = _section(request)
        values = (await forms.read_form(request)).values
        values["act"] = [section]
        try:
            book = await self._read(request)
        except BusError as error:
            return await self._pages.refused(request, self._form, typed_of(values), error)
        fields = _fields(section, values, book)

        async def preview(request: Request, message: contracts.ProposeBookChange) -> Preview:
            at_once = await self._at_once(request, message.section, message.row)
            return _preview(message, book, at_once)

        return await self._pages.send(
            request,
            contracts.PROPOSE_BOOK_CHANGE,
            self._form,
            lambda reply: f"changes/{reply.id}?done=propose",
            values,
            fields,
            preview,
        )

    async def _at_once(self, request: Request, section: str, row: Json | None) -> tuple[Fact, ...]:
        """For how many open tickets a level is, and with how many it acts once it is in force."""
        if section != "levels" or row is None:
            return ()
        reply = await self._pages.ask(request, contracts.LEVEL_NOW, contracts.AskLevel(row=row))
        counts = f"{reply.acting} پرونده از {reply.tickets} پرونده باز"
        return (Fact("اگر اکنون آغاز شود، بی‌درنگ برای", counts),)

    # --- decisions ---

    async def change(self, request: Request) -> Response:
        """GET /desk/book/changes/{id}: what it changes, in sentences."""
        return await self._change(request, NO_SUBMISSION)

    async def _change(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request, "change", submission, view=self._change_view(request)
        )

    async def _change_view(self, request: Request) -> ChangeView:
        message = contracts.OneBookChange(change=request.path_params["id"])
        change = await self._pages.ask(request, contracts.READ_BOOK_CHANGE, message)
        return _view_of(change, await self._read(request))

    async def decide(self, request: Request) -> Response:
        """POST /desk/book/changes/{id}/{act}: approve, refuse, withdraw."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in DECISIONS:
            raise NotFound("There is no such act.", code="http.not_found")

        async def preview(request: Request, message: contracts.OneBookChange) -> Preview:
            reason = message.why if isinstance(message, contracts.RefuseBookChange) else ""
            view = await self._change_view(request)
            row = view.change.after if name == "approve" else None
            at_once = await self._at_once(request, view.change.section, row)
            return _decision(name, view, reason, at_once)

        return await self._pages.act(
            request,
            DECISIONS[name],
            self._change,
            f"changes/{id_}?done={name}",
            preview=preview,
            change=id_,
        )

    def routes(self) -> list[Route]:
        """The routes of the book."""
        return [
            Route(AT, self.listed),
            Route(f"{AT}.toml", self.export),
            Route(f"{AT}/changes/{{id:int}}", self.change),
            Route(f"{AT}/changes/{{id:int}}/{{act}}", self.decide, methods=["POST"]),
            Route(f"{AT}/{{section}}/row", self.form, methods=["GET"]),
            Route(f"{AT}/{{section}}/row", self.propose, methods=["POST"]),
        ]


def _section(request: Request) -> str:
    """The list of the book that an address names. NotFound ``http.not_found``."""
    section = str(request.path_params["section"])
    if section not in SECTIONS:
        raise NotFound("There is nothing at this path.", code="http.not_found")
    return section


def _fields(section: str, values: Values, book: contracts.BookOfDesk) -> Fields:
    """The fields of a proposal, as the form says them."""
    key = text_of(values, "key")
    old = row_of(book, section, key or text_of(values, "like"))
    row: Json | None = None
    if text_of(values, "remove") != "1":
        row = read_row(section, values, old)
    valid_from = parse_day(text_of(values, "valid_from"))
    if row is not None and section == "promises":
        row["from"] = valid_from
    return {
        "section": section,
        "key": key,
        "row": row,
        "valid_from": valid_from,
        "source": text_of(values, "source"),
    }


def _preview(
    message: contracts.ProposeBookChange, book: contracts.BookOfDesk, at_once: tuple[Fact, ...]
) -> Preview:
    section, before = message.section, row_of(book, message.section, message.key)
    return Preview(
        title=sentences.headline(section, before, message.row, message.valid_from, book),
        button="فرستادن برای نفر دوم",
        facts=(
            *(
                Fact(f"{number}", line)
                for number, line in enumerate(
                    sentences.sentences(section, before, message.row, book), 1
                )
            ),
            *at_once,
            Fact("مصوبه", message.source),
        ),
        leaves=("تا همکار دوم تأیید نکند چیزی تغییر نمی‌کند.", _LEAVES[section]),
        danger=message.row is None,
    )


def _decision(name: str, view: ChangeView, reason: str, at_once: tuple[Fact, ...] = ()) -> Preview:
    """The page before a change is approved, refused or taken back."""
    change = view.change
    buttons = {
        "approve": "تأیید پیشنهاد",
        "refuse": "رد پیشنهاد",
        "withdraw": "پس گرفتن پیشنهاد",
    }
    leaves = (_LEAVES[change.section],) if name == "approve" else ("دفتر همان که هست می‌ماند.",)
    facts: Mapping[str, str] = {
        **{str(number): line for number, line in enumerate(view.sentences, 1)},
        "مصوبه": change.source,
        **({"دلیل رد": reason} if reason else {}),
    }
    return Preview(
        title=view.headline if name == "approve" else f"{buttons[name]}: {view.headline}",
        button=buttons[name],
        facts=(*(Fact(label, text) for label, text in facts.items()), *at_once),
        leaves=leaves,
        danger=name == "refuse",
        again=name == "refuse",
    )


def _view_of(change: contracts.BookChange, book: contracts.BookOfDesk) -> ChangeView:
    return ChangeView(change, *sentences.of_change(change, book))


def routes(desk: Desk) -> list[Route]:
    """The routes below /desk/book."""
    return BookPages(StaffPages(desk, BOOK)).routes()
