"""Previews of the acts of officers: money that moves, waivers, the close of a day."""

from collections.abc import Iterator

from starlette.requests import Request

from bus.errors import NotFound
from contracts.billing import treasury as contracts
from contracts.billing.bills import Bill
from contracts.billing.treasury_figures import TREASURY_FIGURES, LastDays
from contracts.billing.treasury_views import ExceptionView, RefundView
from gateway.html import formats
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.treasury import texts


def rials(amount: int) -> str:
    """An amount as people read it."""
    return f"{amount:,} ریال"


class Previews:
    """Asks billing what an act would do."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def bill(self, request: Request, number: str) -> Bill:
        """A bill by its number. Raises NotFound ``bill.not_found``."""
        query = contracts.Find(search=number[:64])
        reply = await self._pages.ask(request, contracts.FIND_BILLS, query)
        for bill in reply.bills:
            if bill.number == number:
                return bill
        raise NotFound("There is no such bill; compare the number.", code="bill.not_found")

    async def issue(self, request: Request, message: contracts.Issue) -> Preview:
        """The bill as it would be issued now."""
        bill = await self._pages.ask(request, contracts.PREVIEW_BILL, message)
        payer, leaves = await self._payer(request, message.agency), []
        if message.agency and not await self._was_billed(request, message.agency):
            leaves.append(f"دستگاه {payer} تاکنون قبضی نداشته است؛ کد آن را دوباره ببینید.")
        if message.replaces:
            leaves.append(f"قبض {message.replaces} همان‌گونه که هست می‌ماند؛ این به جای آن می‌آید.")
        return Preview(
            title="این قبض صادر می‌شود",
            button=f"صدور قبض {rials(bill.total_rials)}",
            facts=tuple(_issued_facts(message, bill, payer)),
            leaves=(*leaves, "پس از صدور، تنها تأییدکننده می‌تواند قبض را باطل کند."),
            basis={"looked_rials": bill.total_rials, "requested_at": message.requested_at},
        )

    async def _was_billed(self, request: Request, agency: str) -> bool:
        reply = await self._pages.ask(request, contracts.BILLED_AGENCIES, contracts.Nothing())
        return any(row.agency == agency for row in reply.agencies)

    async def _payer(self, request: Request, agency: str | None) -> str:
        """The name of the payer."""
        return (await self._pages.agency(request))(agency) if agency else "متقاضی"

    async def _facts(self, request: Request, bill: Bill) -> tuple[Fact, ...]:
        return (
            Fact("قبض", bill.number),
            Fact("خدمت", "، ".join(line.title_fa for line in bill.quote.lines)),
            Fact("مبلغ", rials(bill.total_rials)),
            Fact("پرداخت‌کننده", await self._payer(request, bill.agency)),
            Fact("وضعیت کنونی", texts.BILL_STATES[bill.state]),
        )

    async def void(self, request: Request, message: contracts.Void) -> Preview:
        """The end of a wrong bill, and its consequences."""
        bill = await self.bill(request, message.number)
        leaves = ["شناسه قبض و پرداخت آن دیگر در هیچ بانکی پذیرفته نمی‌شود."]
        if bill.source_kind == "inquiry":
            leaves.append("استعلام متقاضی بی‌پاسخ می‌ماند تا قبض دیگری به جای آن پرداخت شود.")
        leaves.append("باطل کردن برگشت ندارد؛ پس از آن می‌توان قبض دیگری به جای آن صادر کرد.")
        return Preview(
            title="این قبض باطل می‌شود",
            button="باطل کردن قبض",
            danger=True,
            facts=(*await self._facts(request, bill), Fact("دلیل", message.why)),
            leaves=tuple(leaves),
        )

    async def waive(self, request: Request, message: contracts.Waive) -> Preview:
        """The waiver of a whole bill."""
        bill = await self.bill(request, message.number)
        return Preview(
            title="همه مبلغ این قبض بخشوده می‌شود",
            button=f"بخشودن {rials(bill.total_rials)}",
            facts=(
                *await self._facts(request, bill),
                Fact("دلیل", texts.REASONS[message.reason]),
                Fact("مصوبه", message.decree),
            ),
            leaves=("بخشودن برگشت ندارد و پرداخت‌کننده دیگر چیزی بدهکار نیست.",),
            danger=True,
        )

    async def ask_refund(self, request: Request, message: contracts.AskRefund) -> Preview:
        """The request of a refund."""
        bill = await self.bill(request, message.number)
        left = message.available_rials - message.rials
        return Preview(
            title="این استرداد برای نفر دوم فرستاده می‌شود",
            button=f"درخواست استرداد {rials(message.rials)}",
            facts=(
                *await self._facts(request, bill),
                Fact("مبلغ استرداد", rials(message.rials)),
                Fact("شبا", message.sheba),
                Fact("دلیل", message.why),
            ),
            leaves=(
                f"پس از آن {rials(max(left, 0))} از این قبض قابل استرداد می‌ماند.",
                "پول هنوز نمی‌رود؛ تأییدکننده‌ای جز شما تصمیم می‌گیرد.",
            ),
        )

    async def refund_row(self, request: Request, id_: int) -> RefundView:
        """A refund by its number. Raises NotFound ``refund.not_found``."""
        reply = await self._pages.ask(request, contracts.REFUNDS, contracts.Nothing())
        for row in reply.refunds:
            if row.id == id_:
                return row
        raise NotFound("There is no such refund.", code="refund.not_found")

    async def exception(self, request: Request, id_: int) -> ExceptionView:
        """An exception by its number. Raises NotFound ``exception.not_found``."""
        reply = await self._pages.ask(request, contracts.EXCEPTIONS, contracts.Nothing())
        for row in reply.exceptions:
            if row.id == id_:
                return row
        raise NotFound("There is no such exception.", code="exception.not_found")

    async def refund(self, request: Request, id_: int, act: str) -> Preview:
        """A decision about a refund, which its officer takes back or a second one refuses."""
        row = await self.refund_row(request, id_)
        title, button, leaves = _REFUNDS[act]
        of = Fact("قبض", row.bill) if row.bill else Fact("مغایرت", str(row.exception))
        person = await self._pages.person(request)
        return Preview(
            title=title,
            button=button,
            facts=(
                Fact("شماره استرداد", str(id_)),
                Fact("مبلغ", rials(row.rials)),
                of,
                Fact("شبا", row.sheba),
                Fact("دلیل", row.why),
                Fact("خواسته", person(row.requested_by)),
                Fact("وضعیت کنونی", texts.REFUND_STATES[row.state]),
            ),
            leaves=(leaves,),
            again=act == "paid",
            asks_why=act == "refuse",
        )

    async def resolve(self, request: Request, message: contracts.Resolve) -> Preview:
        """The end of an exception."""
        row = await self.exception(request, message.id)
        facts = [
            Fact("مغایرت", f"{texts.EXCEPTIONS[row.kind][0]}، شماره {row.id}"),
            Fact("مبلغ", rials(row.rials)),
            Fact("یادداشت", message.note),
        ]
        if message.number:
            bill = await self.bill(request, message.number)
            facts.append(Fact("برای قبض", f"{bill.number}، {rials(bill.total_rials)}"))
        if message.sheba:
            facts.append(Fact("شبای گیرنده", message.sheba))
        return Preview(
            title=f"این مغایرت پایان می‌یابد: {texts.WAYS[message.how]}",
            button="پایان دادن",
            facts=tuple(facts),
            leaves=(_RESOLVE_LEAVES[message.how],),
        )

    async def close(self, request: Request, message: contracts.OfDay) -> Preview:
        """The close of a day, and the work that stays open."""
        day = await self._pages.ask(request, contracts.LOOK_AT_DAY, message)
        figures = await self._pages.ask(request, TREASURY_FIGURES, LastDays(days=92))
        leaves = []
        if day.open_exceptions:
            leaves.append(f"{day.open_exceptions} مغایرت باز است و پس از بستن هم باز می‌ماند.")
        if figures.refunds_requested:
            leaves.append(f"{figures.refunds_requested} استرداد منتظر نفر دوم می‌ماند.")
        if figures.refunds_approved:
            leaves.append(f"{figures.refunds_approved} استرداد منتظر واریز می‌ماند.")
        if earlier := [formats.day(open_) for open_ in figures.open_days if open_ < message.day]:
            leaves.append(f"روزهای پیش‌تر که بسته نشده‌اند: {'، '.join(earlier)}.")
        for channel in day.channels:
            if not channel.file:
                leaves.append(f"فایل {channel.fa} برای این روز نیامده است.")
            elif channel.file_rials != channel.ledger_rials:
                apart = rials(abs(channel.file_rials - channel.ledger_rials))
                leaves.append(f"جمع فایل {channel.fa} با دفتر {apart} تفاوت دارد.")
            if channel.unmatched:
                leaves.append(f"{channel.unmatched} پرداخت {channel.fa} تطبیق نشده است.")
        return Preview(
            title=f"روز {formats.day(message.day)} بسته می‌شود",
            button="بستن این روز",
            again=False,
            facts=tuple(Fact(row.fa, rials(row.ledger_rials)) for row in day.controls),
            leaves=(*leaves, "روز بسته دوباره باز نمی‌شود."),
        )


# A decision about a refund → title, button, and what it leaves.
_REFUNDS = {
    "approve": (
        "این استرداد تأیید می‌شود",
        "تأیید استرداد",
        "پس از تأیید، مبلغ بدهی ماست و باید به همین شبا واریز شود؛ برگشت ندارد.",
    ),
    "refuse": (
        "این استرداد رد می‌شود",
        "رد استرداد",
        "پس از رد، این استرداد پایان می‌یابد؛ اگر لازم باشد از نو خواسته می‌شود.",
    ),
    "back": (
        "درخواست این استرداد پس گرفته می‌شود",
        "پس گرفتن درخواست",
        "این استرداد پایان می‌یابد؛ اگر لازم باشد از نو خواسته می‌شود.",
    ),
    "paid": (
        "واریز این استرداد ثبت می‌شود",
        "واریز شد",
        "پس از ثبت، این استرداد پایان یافته است؛ شماره پیگیری را با بانک مقایسه فرمایید.",
    ),
}
_RESOLVE_LEAVES = {
    "refund": "پول در حساب معلق می‌ماند تا تأییدکننده‌ای استرداد را تأیید کند.",
    "apply": "قبض پرداخت‌شده می‌شود و پول از حساب معلق بیرون می‌آید؛ برگشت ندارد.",
    "explained": "مغایرت با همین توضیح بسته می‌شود؛ پولی جابه‌جا نمی‌شود.",
}


def _issued_facts(
    message: contracts.Issue, bill: contracts.BillPreview, payer: str
) -> Iterator[Fact]:
    quote = bill.quote
    yield Fact("پرداخت‌کننده", payer)
    yield Fact("مبنا", f"{texts.SOURCES[message.source_kind]}، شماره {message.source_ref}")
    if message.file_no:
        yield Fact("شماره پرونده", message.file_no)
    for line in quote.lines:
        yield Fact(line.title_fa, f"{rials(line.net_rials)}؛ {line.fa}")
    yield Fact("مالیات بر ارزش افزوده", rials(quote.vat_rials))
    yield Fact("گرد کردن", rials(quote.rounding_rials))
    if bill.waived_rials:
        reason = f"{texts.REASONS[message.reason or 'other']}، {message.decree}"
        yield Fact("معاف", f"{rials(bill.waived_rials)}؛ {reason}")
    yield Fact("قابل پرداخت", rials(bill.total_rials))
    yield Fact("روز درخواست", formats.day(quote.on))
    expires = f"، پایان اعتبار {formats.day(bill.expires_on)}" if bill.expires_on else ""
    yield Fact("مهلت", f"{formats.day(bill.due_on)}{expires}")
