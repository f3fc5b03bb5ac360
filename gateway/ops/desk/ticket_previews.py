"""Previews of acts on a ticket: close, join with another, new secret."""

from starlette.requests import Request

from contracts.ticketing import desk as contracts
from contracts.ticketing.desk import DeskTicket, OneTicket
from gateway.html.formats import moment
from gateway.ops.desk import words
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.refusals import TICKET_STATES
from people.tracking import grouped

SHOWN = 300
VISITS = {
    "keep": "زمان مراجعه شهروند می‌ماند؛ او آن را در صفحه خود می‌بیند و می‌تواند عوض کند.",
    "end": "زمان مراجعه شهروند لغو و آزاد می‌شود؛ نامه و پیامک لغو برایش می‌رود.",
}


class TicketPreviews:
    """Reads the tickets that an act is about."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def _read(self, request: Request, code: str) -> DeskTicket:
        return await self._pages.ask(request, contracts.READ, OneTicket(code=code))

    async def close(self, request: Request, message: contracts.Close) -> Preview:
        """The end of a ticket without an answer."""
        ticket = await self._read(request, message.code)
        leaves = (*_left(ticket, message), "شهروند این متن را با نامه یا پیامک می‌گیرد.")
        return Preview(
            title="این پرونده بدون پاسخ پایان می‌یابد",
            button="پایان دادن",
            facts=(*_facts("پرونده", ticket), Fact("دلیل", words.CLOSES[message.reason])),
            text=message.text,
            leaves=leaves,
            danger=True,
        )

    async def merge(self, request: Request, message: contracts.Merge) -> Preview:
        """A duplicate and the ticket that it is joined with."""
        ticket = await self._read(request, message.code)
        into = await self._read(request, message.into)
        return Preview(
            title="این پرونده با پرونده دیگری یکی می‌شود",
            button="یکی کردن",
            facts=(*_facts("این پرونده", ticket), *_facts("پرونده اصلی", into)),
            leaves=(
                *_left(ticket, message),
                "از این پس شهروند این پرونده پاسخ پرونده اصلی را می‌گیرد.",
                "رئیس واحد می‌تواند آن‌ها را دوباره جدا کند.",
            ),
        )

    async def new_secret(self, request: Request, message: contracts.Act) -> Preview:
        """The old secret opens nothing from then on, and nobody can give it back."""
        ticket = await self._read(request, message.code)
        way = "شماره همراه" if (ticket.person or {}).get("mobile") else "پست الکترونیک"
        sent_to = Fact("فرستاده می‌شود به", f"{way} ثبت‌شده در پرونده")
        return Preview(
            title="رمز این پرونده تازه می‌شود",
            button="فرستادن رمز تازه",
            facts=(*_facts("پرونده", ticket), sent_to),
            leaves=("رمزی که شهروند اکنون دارد دیگر باز نمی‌کند و برگردانده نمی‌شود.",),
        )


def _facts(label: str, ticket: DeskTicket) -> tuple[Fact, ...]:
    text = " ".join(ticket.text.split())
    title = f"{grouped(ticket.code)}، {ticket.category['fa']}، {ticket.unit['fa']}"
    return (
        Fact(label, title),
        Fact("وضعیت", TICKET_STATES[ticket.state]),
        Fact("متن", text if len(text) <= SHOWN else f"{text[:SHOWN]}…"),
    )


def _left(ticket: DeskTicket, message: contracts.ActBesideVisit) -> list[str]:
    """What hangs on the ticket, and what becomes of it."""
    sentences = []
    if ticket.visit_open and message.visit:
        starts = ticket.appointment["starts_at"] if ticket.appointment else None
        when = f" ({moment(starts)})" if starts else ""
        sentences.append(f"{VISITS[message.visit]}{when}")
    if ticket.state == "PAUSED":
        sentences.append("پرونده در انتظار است؛ آن انتظار پایان می‌یابد.")
    if ticket.children:
        sentences.append(f"{len(ticket.children)} پرونده به این پیوسته است.")
    return sentences
