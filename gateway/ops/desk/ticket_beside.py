"""What stands beside a ticket: how everybody reads it, with the previews of what changes that, and
what happens to it by itself.
"""

from typing import NamedTuple

from starlette.requests import Request

from bus.errors import BusError
from contracts.ticketing import desk as contracts
from contracts.ticketing.book import LEVELS_OF_TICKET, LevelOfTicket, LevelsOfTicket
from contracts.ticketing.civic.blanking import (
    PUBLIC_WORDS,
    AskPublicWords,
    Blank,
    PublicWords,
    Unblank,
)
from contracts.ticketing.desk import DeskTicket, OneTicket
from gateway.html.formats import moment
from gateway.ops.desk.ticket_previews import facts_of
from gateway.ops.staff import ticket_words
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview

WITHOUT_PHRASE = (
    "در فهرست، صفحه گزارش، خبرخوان‌ها و برنامه‌های شهری به جای آن «[پنهان شد]» دیده می‌شود و با "
    "جست‌وجوی آن گزارشی پیدا نمی‌شود؛ شهروند و همکاران همه متن را می‌بینند."
)


class LevelRow(NamedTuple):
    """What happens by itself: of which promise, when, what, and whether it had its turn."""

    number: int
    clock: str
    when: str
    what: str
    had: str


class BesideTicket:
    """Reads what everybody reads of a ticket, and its levels of escalation; a ticket is worked on
    without them, too.
    """

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def words(self, request: Request, ticket: DeskTicket) -> PublicWords | None:
        """Return what everybody reads of a ticket; None if it is not public, or cannot be read."""
        if not ticket.public:
            return None
        try:
            return await self._pages.ask(request, PUBLIC_WORDS, AskPublicWords(code=ticket.code))
        except BusError:
            return None

    async def levels(self, request: Request, ticket: DeskTicket) -> LevelsOfTicket | None:
        """Return what happens to a ticket by itself, and when; None if it cannot be read."""
        try:
            return await self._pages.ask(request, LEVELS_OF_TICKET, OneTicket(code=ticket.code))
        except BusError:
            return None

    async def _read(self, request: Request, code: str) -> DeskTicket:
        return await self._pages.ask(request, contracts.READ, OneTicket(code=code))

    async def blank(self, request: Request, message: Blank) -> Preview:
        """A phrase of a report that nobody but the desk and its writer reads from then on."""
        question = AskPublicWords(code=message.code, phrase=message.phrase, nth=message.nth)
        public = await self._pages.ask(request, PUBLIC_WORDS, question)
        everywhere = f"{public.places} جا در متن، و هر جای دیگری که بیاید"
        return Preview(
            title="این عبارت برای همگان پنهان می‌شود",
            button="پنهان کردن",
            facts=(
                *facts_of("پرونده", await self._read(request, message.code)),
                Fact("عبارت", message.phrase),
                Fact("کجا", everywhere if message.nth is None else f"جای {message.nth} در متن"),
            ),
            leaves=(WITHOUT_PHRASE, "شهروند این دلیل را در صفحه پیگیری می‌خواند."),
            texts=(Fact("دلیل", message.text), *_public(public)),
        )

    async def unblank(self, request: Request, message: Unblank) -> Preview:
        """A hidden phrase that everybody reads again."""
        question = AskPublicWords(code=message.code, entry=message.entry)
        public = await self._pages.ask(request, PUBLIC_WORDS, question)
        return Preview(
            title="عبارت پنهان دوباره برای همگان دیده می‌شود",
            button="دیدنی کردن",
            facts=facts_of("پرونده", await self._read(request, message.code)),
            leaves=("شهروند این دلیل را در صفحه پیگیری می‌خواند.",),
            texts=(Fact("دلیل", message.text), *_public(public)),
            danger=True,
        )


def _public(words: PublicWords) -> tuple[Fact, ...]:
    """The report as everybody will read it."""
    place = (Fact("جا، چنان‌که همگان می‌خوانند", words.address),) if words.address else ()
    return (Fact("متن، چنان‌که همگان می‌خوانند", words.text), *place)


def level_row(level: LevelOfTicket) -> LevelRow:
    """A level in words; one whose clock stands still has no moment."""
    had = f"گذشت از آن، {moment(level.had_at)}" if level.passed_over and level.had_at else ""
    if level.had_at and not level.passed_over:
        had = f"انجام شد، {moment(level.had_at)}"
    act = ticket_words.LEVEL_ACTS[level.act]
    return LevelRow(
        level.number,
        ticket_words.LEVEL_CLOCKS[level.clock],
        moment(level.reached_at) if level.reached_at else "مهلت متوقف است یا پایان یافته",
        f"{act}: {level.target}" if level.target else act,
        had or "هنوز نه",
    )
