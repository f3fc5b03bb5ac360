"""What an officer sees before money moves or is let off, and before a day closes."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from bus.errors import NotFound
from contracts.billing import treasury as contracts
from gateway.html import formats
from gateway.ops.staff.pages import StaffPages
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.treasury import texts as words

Row = Mapping[str, Any]


def rials(amount: int) -> str:
    """An amount as people read it."""
    return f"{amount:,} ریال"


class Looks:
    """Asks billing what an act would do."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def bill(self, request: Request, number: str) -> Row:
        """A bill by its number. NotFound ``bill.not_found``."""
        reply = await self._pages.ask(request, contracts.FIND_BILLS, search=number[:64])
        for bill in reply["bills"]:
            if bill["number"] == number:
                return dict(bill)
        raise NotFound("There is no such bill; compare the number.", code="bill.not_found")

    async def issue(self, request: Request, data: Row) -> Preview:
        """The bill as it would be issued now."""
        made = await self._pages.ask(request, contracts.PREVIEW_BILL, **data)
        leaves = []
        if data.get("agency") and not await self._was_billed(request, str(data["agency"])):
            payer = await self._payer(request, data)
            leaves.append(f"دستگاه {payer} تاکنون قبضی نداشته است؛ کد آن را دوباره ببینید.")
        if data.get("replaces"):
            leaves.append(f"قبض {data['replaces']} همان‌گونه که هست می‌ماند؛ این به جای آن می‌آید.")
        return Preview(
            title="این قبض صادر می‌شود",
            button=f"صدور قبض {rials(made['total_rials'])}",
            facts=(*_issued_facts(data, made, await self._payer(request, data)),),
            leaves=(*leaves, "پس از صدور، تنها تأییدکننده می‌تواند قبض را باطل کند."),
            basis={"looked_rials": made["total_rials"], "requested_at": str(data["requested_at"])},
        )

    async def _was_billed(self, request: Request, agency: str) -> bool:
        reply = await self._pages.ask(request, contracts.BILLED_AGENCIES)
        return any(row["agency"] == agency for row in reply["agencies"])

    async def _payer(self, request: Request, bill: Row) -> str:
        """Who pays, by name."""
        code = bill.get("agency")
        return (await self._pages.agency(request))(code) if code else "متقاضی"

    async def void(self, request: Request, data: Row) -> Preview:
        """A bill that ends, with what hangs on it."""
        bill = await self.bill(request, data["number"])
        leaves = ["شناسه قبض و پرداخت آن دیگر در هیچ بانکی پذیرفته نمی‌شود."]
        if bill["source_kind"] == "inquiry":
            leaves.append("استعلام متقاضی بی‌پاسخ می‌ماند تا قبض دیگری به جای آن پرداخت شود.")
        leaves.append("باطل کردن برگشت ندارد؛ پس از آن می‌توان قبض دیگری به جای آن صادر کرد.")
        return Preview(
            title="این قبض باطل می‌شود", button="باطل کردن قبض", danger=True,
            facts=(*_bill_facts(bill, await self._payer(request, bill)), Fact("دلیل", data["why"])),
            leaves=tuple(leaves),
        )  # fmt: skip

    async def waive(self, request: Request, data: Row) -> Preview:
        """A payer who is let off."""
        bill = await self.bill(request, data["number"])
        return Preview(
            title="همه مبلغ این قبض بخشوده می‌شود",
            button=f"بخشودن {rials(bill['total_rials'])}",
            facts=(
                *_bill_facts(bill, await self._payer(request, bill)),
                Fact("دلیل", words.REASONS[data["reason"]]),
                Fact("مصوبه", data["decree"]),
            ),
            leaves=("بخشودن برگشت ندارد و پرداخت‌کننده دیگر چیزی بدهکار نیست.",),
            danger=True,
        )

    async def ask_refund(self, request: Request, data: Row) -> Preview:
        """Money that would go back."""
        bill = await self.bill(request, data["number"])
        left = data["available_rials"] - data["rials"]
        return Preview(
            title="این استرداد برای نفر دوم فرستاده می‌شود",
            button=f"درخواست استرداد {rials(data['rials'])}",
            facts=(
                *_bill_facts(bill, await self._payer(request, bill)),
                Fact("مبلغ استرداد", rials(data["rials"])),
                Fact("شبا", data["sheba"]),
                Fact("دلیل", data["why"]),
            ),
            leaves=(
                f"پس از آن {rials(max(left, 0))} از این قبض قابل استرداد می‌ماند.",
                "پول هنوز نمی‌رود؛ تأییدکننده‌ای جز شما تصمیم می‌گیرد.",
            ),
        )

    async def refund(self, request: Request, id_: int, title: str, button: str) -> Preview:
        """A decision about a refund."""
        reply = await self._pages.ask(request, contracts.REFUNDS)
        row = next((row for row in reply["refunds"] if row["id"] == id_), None)
        if row is None:
            raise NotFound("There is no such refund.", code="refund.not_found")
        of = Fact("قبض", row["bill"]) if row["bill"] else Fact("مغایرت", str(row["exception"]))
        person = await self._pages.person(request)
        return Preview(
            title=title, button=button,
            facts=(
                Fact("شماره استرداد", str(id_)), Fact("مبلغ", rials(row["rials"])), of,
                Fact("شبا", row["sheba"]), Fact("دلیل", row["why"]),
                Fact("خواسته", person(row["requested_by"])),
                Fact("وضعیت کنونی", words.REFUND_STATES[row["state"]]),
            ),
            leaves=(_REFUND_LEAVES[button],), again=button == "واریز شد",
        )  # fmt: skip

    async def resolve(self, request: Request, data: Row) -> Preview:
        """The end of an exception."""
        reply = await self._pages.ask(request, contracts.EXCEPTIONS)
        row = next((row for row in reply["exceptions"] if row["id"] == data["id"]), None)
        if row is None:
            raise NotFound("There is no such exception.", code="exception.not_found")
        facts = [
            Fact("مغایرت", f"{words.EXCEPTIONS[row['kind']][0]}، شماره {row['id']}"),
            Fact("مبلغ", rials(row["rials"])),
            Fact("یادداشت", data["note"]),
        ]
        if data.get("number"):
            bill = await self.bill(request, data["number"])
            facts.append(Fact("برای قبض", f"{bill['number']}، {rials(bill['total_rials'])}"))
        if data.get("sheba"):
            facts.append(Fact("شبای گیرنده", data["sheba"]))
        return Preview(
            title=f"این مغایرت پایان می‌یابد: {words.WAYS[data['how']]}", button="پایان دادن",
            facts=tuple(facts), leaves=(_RESOLVE_LEAVES[data["how"]],),
        )  # fmt: skip

    async def close(self, request: Request, data: Row) -> Preview:
        """A day that closes, with what is open still."""
        day = await self._pages.ask(request, contracts.LOOK_AT_DAY, day=data["day"])
        leaves = []
        if day["open_exceptions"]:
            leaves.append(f"{day['open_exceptions']} مغایرت باز است و پس از بستن هم باز می‌ماند.")
        for channel in day["channels"]:
            if not channel["file"]:
                leaves.append(f"فایل {channel['fa']} برای این روز نیامده است.")
            elif channel["unmatched"]:
                leaves.append(f"{channel['unmatched']} پرداخت {channel['fa']} تطبیق نشده است.")
        return Preview(
            title=f"روز {formats.day(data['day'])} بسته می‌شود", button="بستن این روز", again=False,
            facts=tuple(Fact(c["fa"], rials(c["ledger_rials"])) for c in day["controls"]),
            leaves=(*leaves, "روز بسته دوباره باز نمی‌شود."),
        )  # fmt: skip


_REFUND_LEAVES = {
    "تأیید استرداد": "پس از تأیید، مبلغ بدهی ماست و باید به همین شبا واریز شود؛ برگشت ندارد.",
    "رد استرداد": "پس از رد، این استرداد پایان می‌یابد؛ اگر لازم باشد از نو خواسته می‌شود.",
    "واریز شد": "پس از ثبت، این استرداد پایان یافته است؛ شماره پیگیری را با بانک مقایسه فرمایید.",
}
_RESOLVE_LEAVES = {
    "refund": "پول در حساب معلق می‌ماند تا تأییدکننده‌ای استرداد را تأیید کند.",
    "apply": "قبض پرداخت‌شده می‌شود و پول از حساب معلق بیرون می‌آید؛ برگشت ندارد.",
    "explained": "مغایرت با همین توضیح بسته می‌شود؛ پولی جابه‌جا نمی‌شود.",
}


def _bill_facts(bill: Row, payer: str) -> tuple[Fact, ...]:
    return (
        Fact("قبض", bill["number"]),
        Fact("خدمت", "، ".join(line["title_fa"] for line in bill["quote"]["lines"])),
        Fact("مبلغ", rials(bill["total_rials"])),
        Fact("پرداخت‌کننده", payer),
        Fact("وضعیت کنونی", words.BILL_STATES[bill["state"]]),
    )


def _issued_facts(data: Row, made: Row, payer: str) -> list[Fact]:
    quote = made["quote"]
    facts = [
        Fact("پرداخت‌کننده", payer),
        Fact("مبنا", f"{words.SOURCES[data['source_kind']]}، شماره {data['source_ref']}"),
    ]
    if data.get("file_no"):
        facts.append(Fact("شماره پرونده", data["file_no"]))
    for line in quote["lines"]:
        facts.append(Fact(line["title_fa"], f"{rials(line['net_rials'])}؛ {line['fa']}"))
    facts += [
        Fact("مالیات بر ارزش افزوده", rials(quote["vat_rials"])),
        Fact("گرد کردن", rials(quote["rounding_rials"])),
    ]
    if made["waived_rials"]:
        reason = f"{words.REASONS[data['reason']]}، {data['decree']}"
        facts.append(Fact("معاف", f"{rials(made['waived_rials'])}؛ {reason}"))
    expires = f"، پایان اعتبار {formats.day(made['expires_on'])}" if made["expires_on"] else ""
    return [
        *facts,
        Fact("قابل پرداخت", rials(made["total_rials"])),
        Fact("روز درخواست", formats.day(quote["on"])),
        Fact("مهلت", f"{formats.day(made['due_on'])}{expires}"),
    ]


def compared(row: Row, old: Row | None) -> tuple[Fact, ...]:
    """A draft of the tariff beside the row that it replaces."""
    facts = [Fact("خدمت و دسته", words.classes(row)), Fact("مصوبه", row["decree"])]
    for label, shown in _TARIFF_LINES:
        new = shown(row)
        before = shown(old) if old else "—"
        facts.append(Fact(label, new if new == before else f"{before} ← {new}"))
    return tuple(facts)


def _amount(row: Row) -> str:
    money = words.MONEY.get(row["money"], row["money"])
    return f"{row['amount']:,} {money}، هر {words.UNITS[row['unit']]}"


_TARIFF_LINES = (
    ("مبلغ", _amount),
    ("مالیات", lambda row: words.VAT[row["vat_class"]]),
    ("از روز", lambda row: formats.day(row["from_day"])),
    ("تا روز", lambda row: formats.day(row["to_day"]) if row["to_day"] else "بی‌پایان"),
)
