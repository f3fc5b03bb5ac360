"""Previews of acts on a ticket: final answer, close, join with another, new secret."""

from starlette.requests import Request

from bus.messages.values import Json
from contracts.ticketing import desk as contracts
from contracts.ticketing.answers import PREVIEW_ANSWER, AnswerPreview, PreviewAnswer
from contracts.ticketing.desk import DeskTicket, OneTicket
from contracts.ticketing.letters import Spam
from gateway.html.formats import moment
from gateway.ops.desk import words
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.refusals import TICKET_STATES
from iran.identifiers import as_dialled
from people.tracking import grouped

SHOWN = 300
SECOND = "دارنده شماره کنونی آن را با کد تأیید کرده است: تا نفر دوم تأیید نکند، چیزی عوض نمی‌شود."
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

    async def answer(self, request: Request, message: contracts.Answer) -> Preview:
        """A final answer as its citizen will read it: on the page and in the letter."""
        question = PreviewAnswer(code=message.code, text=message.text, final=message.final)
        ticket = await self._read(request, message.code)
        reading = await self._pages.ask(request, PREVIEW_ANSWER, question)
        names = [str(file["name"]) for file in _attached(message)]
        facts = (Fact("پیوست‌ها", "، ".join(names)),) if names else ()
        letter = reading.email_text
        texts = [Fact(f"در صفحه پیگیری: {reading.page_title}", reading.page_text)]
        if letter:
            texts.append(Fact(f"در نامه: {reading.email_subject}", letter))
        return Preview(
            title="پاسخ نهایی، چنان‌که شهروند می‌خواند",
            button="فرستادن پاسخ نهایی",
            facts=(*facts_of("پرونده", ticket), *facts),
            leaves=(*_left(ticket, message), _ways(reading)),
            texts=tuple(texts),
        )

    async def close(self, request: Request, message: contracts.Close) -> Preview:
        """The end of a ticket without an answer."""
        ticket = await self._read(request, message.code)
        leaves = (*_left(ticket, message), "شهروند این متن را با نامه یا پیامک می‌گیرد.")
        return Preview(
            title="این پرونده بدون پاسخ پایان می‌یابد",
            button="پایان دادن",
            facts=(*facts_of("پرونده", ticket), Fact("دلیل", words.CLOSES[message.reason])),
            text=message.text,
            leaves=leaves,
            danger=True,
        )

    async def spam(self, request: Request, message: Spam) -> Preview:
        """A ticket that a spam letter made is set aside, and nobody is written to."""
        ticket = await self._read(request, message.code)
        return Preview(
            title="این پرونده هرزنامه شمرده می‌شود",
            button="کنار گذاشتن",
            facts=facts_of("پرونده", ticket),
            leaves=(
                "به فرستنده هیچ چیز نوشته نمی‌شود.",
                "اگر اشتباه بود «رسیدگی دوباره» آن را برمی‌گرداند.",
                words.NEXT_SET_ASIDE if message.set_aside else words.NEXT_READ,
            ),
        )

    async def merge(self, request: Request, message: contracts.Merge) -> Preview:
        """A duplicate and the ticket that it is joined with."""
        ticket = await self._read(request, message.code)
        into = await self._read(request, message.into)
        return Preview(
            title="این پرونده با پرونده دیگری یکی می‌شود",
            button="یکی کردن",
            facts=(*facts_of("این پرونده", ticket), *facts_of("پرونده اصلی", into)),
            leaves=(
                *_left(ticket, message),
                "از این پس شهروند این پرونده پاسخ پرونده اصلی را می‌گیرد.",
                "بی‌درنگ یا بعد می‌توانید آن‌ها را دوباره جدا کنید.",
            ),
        )

    async def take_down(self, request: Request, message: contracts.TakeDown) -> Preview:
        """A report leaves the public list, and its writer reads why."""
        ticket = await self._read(request, message.code)
        return Preview(
            title="این گزارش از فهرست همگانی برداشته می‌شود",
            button="برداشتن از فهرست",
            facts=facts_of("پرونده", ticket),
            text=message.text,
            leaves=(
                "دیگر در فهرست و نقشه درگاه و در Open311 دیده نمی‌شود و برگردانده نمی‌شود.",
                "رسیدگی به پرونده و مهلت آن تغییری نمی‌کند.",
                "شهروند این متن را با نامه می‌گیرد یا پیامکی که به صفحه پیگیری می‌فرستد.",
            ),
            danger=True,
        )

    async def new_secret(self, request: Request, message: contracts.Act) -> Preview:
        """The old secret opens nothing from then on, and nobody can give it back."""
        ticket = await self._read(request, message.code)
        way = "شماره همراه" if (ticket.person or {}).get("mobile") else "پست الکترونیک"
        sent_to = Fact("فرستاده می‌شود به", f"{way} ثبت‌شده در پرونده")
        return Preview(
            title="رمز این پرونده تازه می‌شود",
            button="فرستادن رمز تازه",
            facts=(*facts_of("پرونده", ticket), sent_to),
            leaves=("رمزی که شهروند اکنون دارد دیگر باز نمی‌کند و برگردانده نمی‌شود.",),
        )

    async def correct_mobile(self, request: Request, message: contracts.CorrectMobile) -> Preview:
        """What the old number opened ends; the citizen hears of it where one can be reached."""
        ticket = await self._read(request, message.code)
        person, second = ticket.person or {}, bool(ticket.mobile_proven)
        leaves = [
            "کدی که به شماره پیشین رفته است دیگر این پرونده را باز نمی‌کند.",
            *([] if not person.get("mobile") else ["به شماره پیشین خبر داده می‌شود."]),
        ]
        if any(entry.act == "new_secret" for entry in ticket.history):
            leaves.append(_secret_goes(message.mobile or person.get("email")))
        return Preview(
            title=f"شماره همراه این پرونده {'با تأیید نفر دوم ' if second else ''}عوض می‌شود",
            button="فرستادن برای نفر دوم" if second else _button(message),
            facts=(
                *facts_of("پرونده", ticket),
                Fact("شماره اکنون", _shown(person.get("mobile"))),
                Fact("شماره تازه", _shown(message.mobile)),
            ),
            text=message.text,
            leaves=((SECOND, *leaves) if second else tuple(leaves)),
            danger=not message.mobile,
        )


def _button(message: contracts.CorrectMobile) -> str:
    return "اصلاح شماره" if message.mobile else "برداشتن شماره"


def _shown(mobile: str | None) -> str:
    return as_dialled(mobile or "ندارد")


def _secret_goes(contact: str | None) -> str:
    """What becomes of a secret that once went to the number on file."""
    if contact:
        return "رمزی که به شماره پیشین رفته است دیگر باز نمی‌کند؛ رمز تازه‌ای فرستاده می‌شود."
    return "رمزی که به شماره پیشین رفته است دیگر باز نمی‌کند و راهی برای رمز تازه نمی‌ماند."


def _attached(message: contracts.Answer) -> list[Json]:
    return [{"name": file.name} for file in message.attachments]


def _ways(reading: AnswerPreview) -> str:
    """How the citizen hears that there is an answer."""
    if reading.email_text and reading.sms:
        return "نامه با متن پاسخ و پیامکی بدون متن آن فرستاده می‌شود."
    if reading.email_text:
        return "نامه با متن پاسخ فرستاده می‌شود؛ شماره همراهی ثبت نیست."
    if reading.sms:
        return "پیامکی بدون متن پاسخ فرستاده می‌شود؛ نشانی پست الکترونیک ثبت نیست."
    return "شهروند نشانی یا شماره‌ای نگذاشته است؛ پاسخ را تنها در صفحه پیگیری می‌خواند."


def facts_of(label: str, ticket: DeskTicket) -> tuple[Fact, ...]:
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
        sentences.append(
            f"{len(ticket.children)} پرونده به این پیوسته است؛ به شهروند هر یک همین متن می‌رسد، "
            "با نام خود او. چیزی ننویسید که تنها از یکی است."
        )
    return sentences
