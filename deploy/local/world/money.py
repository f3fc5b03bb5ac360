"""Bills, payments and what goes wrong with them; the treasury's officers work on it day by day."""

import datetime as dt
import itertools
import random
from dataclasses import dataclass, field
from typing import Any

from contracts.billing import account, bills, treasury
from contracts.ticketing.colleagues import MY_NOTICES, READ_NOTICES
from deploy.local.bank import files as bank_files
from deploy.local.bank.state import PaidBill
from deploy.local.bank.state import Payment as BankPayment
from deploy.local.world import lines
from deploy.local.world.lines import maybe
from deploy.local.world.stage import Life, Stage, attempt
from iran.persian import TEHRAN, jalali, tehran_day

SHEBA = "IR820540102680020817909002"
COMPANY = 461
# service, use, least and most of its quantity, how often of a hundred
OFFICE_BILLS = (
    ("expert_visit", "agriculture", 1, 1, 30),
    ("expert_visit", "*", 1, 1, 12),
    ("copy", "*", 4, 40, 26),
    ("levy", "industry", 2_000, 30_000, 14),
    ("arrears", "*", 4_000_000, 90_000_000, 18),
)
# What entries of the treasury's account say of each bank, as the book has it.
MARKS = {
    "sep": "واریز شاپرک پایانه 13400001",
    "behpardakht": "واریز شاپرک پایانه 4610001",
    "sadad": "واریز شاپرک پایانه 24000461",
    "bills": "واریز تجمیع قبوض",
}
STATEMENT_HEAD = (
    f"شماره شبا: {SHEBA}\nتاریخ,شماره سند,شرح,بدهکار (ریال),بستانکار (ریال),مانده (ریال)"
)
FEE, FEE_DAYS = 85_000, 4
# How bills end: paid at a gateway, at a bank's counter, twice, never; waived, voided.
ENDS = {"gateway": 52, "counter": 20, "twice": 3, "never": 16, "waived": 4, "void": 5}


@dataclass
class Treasury:
    """The bills of a world, and what the banks report of each day."""

    stage: Stage
    paid_at_counter: list[PaidBill] = field(default_factory=list)
    settled: list[BankPayment] = field(default_factory=list)
    issued: list[bills.Bill] = field(default_factory=list)
    balance: int = 120_000_000
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def lives(self, number: int, first: dt.date, last: dt.date) -> list[Life]:
        """As many bills of the office as asked for, and each day's work of the treasury."""
        chance = self.stage.random
        days = (last - first).days
        lives = [
            self._life(n, first + dt.timedelta(days=chance.randrange(max(days, 1))))
            for n in range(number)
        ]
        return [*lives, self._days(first, last), self._refund_officers(first, last)]

    # --- a bill ---

    def _life(self, number: int, day: dt.date) -> Life:
        chance = random.Random(f"bill {number} {day}")  # noqa: S311 - a story
        yield self.stage.working(chance.uniform(0.5, 6), self.stage.at(day, 8))
        bill = self._issue(chance, number)
        self.issued.append(bill)
        yield from self.goes(bill, chance)

    def _issue(self, chance: random.Random, number: int) -> bills.Bill:
        weights = [row[4] for row in OFFICE_BILLS]
        service, use, least, most, _ = chance.choices(OFFICE_BILLS, weights)[0]
        file_no = f"{chance.randint(1001, 4800)}/{chance.randint(1, 9)}"
        if number % 20 == 0:
            file_no = lines.HOLDERS_FILE
        return self.stage.ask(
            treasury.ISSUE_BILL,
            {
                "source_kind": "office",
                "source_ref": f"1405/{4000 + number}",
                "service": service,
                "use": use,
                "quantity": chance.randint(least, most),
                "file_no": None if service == "copy" else file_no,
                "requested_at": self.stage.now.isoformat(),
            },
            caller=self.stage.staff("karim"),
        )

    def goes(self, bill: bills.Bill, chance: random.Random) -> Life:
        """What becomes of a bill."""
        end = chance.choices(list(ENDS), list(ENDS.values()))[0]
        yield self.stage.now + dt.timedelta(hours=chance.expovariate(1 / 40) + 0.2)
        staff = self.stage.staff("mina")
        if end == "waived":
            decree = "مصوبه ۱۴۰۵/۳۱ کارگروه خسارت خشکسالی"
            waiver = {"number": bill.number, "reason": "disaster", "decree": decree}
            self.stage.tries(treasury.WAIVE_BILL, waiver, caller=staff)
        elif end == "void":
            reason = chance.choice(("شماره پرونده نادرست بود.", "دو بار صادر شده بود."))
            self.stage.tries(
                treasury.VOID_BILL, {"number": bill.number, "why": reason}, caller=staff
            )
        elif end != "never":
            if maybe(chance, 0.15):
                attempt(lambda: self._turn_back(bill, chance))
                yield self.stage.now + dt.timedelta(minutes=chance.uniform(4, 300))
            if end in ("gateway", "twice"):
                attempt(lambda: self.pay(bill, chance))
            if end in ("counter", "twice"):
                self._pay_at_counter(bill, chance)

    def pay(self, bill: bills.Bill, chance: random.Random) -> None:
        """Pay at a gateway, and come back from there."""
        started, gateway = self._start(bill, chance)
        form = gateway.pay(started.order)
        self.stage.ask(
            bills.TAKE_RETURN, {"order": started.order, "key": started.key, "form": form}
        )
        now = self.stage.now
        self.settled.append(
            BankPayment(
                psp=gateway.code,
                order=str(started.order),
                amount=started.total_rials,
                callback="",
                terminal="13400001",
                token="",
                state="SETTLED" if gateway.code == "behpardakht" else "VERIFIED",
                ref=form["ref"],
                paid_at=now.timestamp(),
                settled_on=tehran_day(now).isoformat(),
            )
        )

    def _turn_back(self, bill: bills.Bill, chance: random.Random) -> None:
        """The payer gives up at the bank's page."""
        started, _ = self._start(bill, chance)
        form = {"order": str(started.order), "ok": "0"}
        self.stage.ask(
            bills.TAKE_RETURN, {"order": started.order, "key": started.key, "form": form}
        )

    def _start(self, bill: bills.Bill, chance: random.Random) -> tuple[bills.Redirect, Any]:
        code = chance.choice(list(self.stage.banks))
        pair = {"bill_id": bill.bill_id, "payment_id": bill.payment_id}
        started = self.stage.ask(bills.START_PAYMENT, {"psp": code, **pair})
        return started, self.stage.banks[code]

    def _pay_at_counter(self, bill: bills.Bill, chance: random.Random) -> None:
        """Pay by the two IDs at a bank; we hear of it by the file of that day. One in thirty types
        a sum of his own.
        """
        if not (bill.bill_id and bill.payment_id):
            return
        wrong = maybe(chance, 0.04)
        rials = bill.total_rials - (10_000 if wrong else 0)
        at = self.stage.now.astimezone(TEHRAN)
        paid = PaidBill(
            bill.bill_id, bill.payment_id, rials, COMPANY, at, 900_000 + next(self._numbers)
        )
        self.paid_at_counter.append(paid)

    # --- the treasury's days ---

    def _days(self, first: dt.date, last: dt.date) -> Life:
        """Each working morning: the files of yesterday, then the day is closed by another."""
        day = first
        while day < last:
            following = day + dt.timedelta(days=1)
            yield self.stage.working(1.0, self.stage.at(following, 6))
            self._take_files(day)
            self._take_statement(following, is_charged=(last - following).days == FEE_DAYS)
            if (last - day).days > 3:  # noqa: PLR2004 - the last days wait for their officers
                yield self.stage.working(1.5)
                nader = self.stage.staff("nader")
                self.stage.tries(treasury.CLOSE_DAY, {"day": day.isoformat()}, caller=nader)
            day = following

    def _take_files(self, day: dt.date) -> None:
        karim, name = self.stage.staff("karim"), day.isoformat()
        for psp in self.stage.banks:
            text = bank_files.settlement(self.settled, psp, day)
            about = {"kind": "settlement", "psp": psp, "day": name, "text": text}
            self.stage.ask(treasury.TAKE_FILE, about, caller=karim)
        text = bank_files.bills(self.paid_at_counter, COMPANY, day)
        self.stage.ask(
            treasury.TAKE_FILE, {"kind": "bills", "day": name, "text": text}, caller=karim
        )

    def _take_statement(self, day: dt.date, *, is_charged: bool) -> None:
        """The statement of the treasury's account: what banks owe of the days before is paid, and
        once the bank takes a fee that nobody has announced.
        """
        karim = self.stage.staff("karim")
        report = self.stage.ask(account.THREE_SIDES, {"days": 30}, caller=karim)
        refunds = {row.id: row for row in self.stage.ask(treasury.REFUNDS, caller=karim).refunds}
        entries = [
            (side.expected_rials - side.shown_rials, MARKS[side.channel], self._next_ref())
            for side in reversed(report.sides)
            if side.expected_rials > side.shown_rials
        ]
        entries += [
            (-row.rials, "انتقال استرداد", refunds[row.refund].bank_ref or "")
            for row in report.refunds
            if row.refund in refunds
        ]
        entries += [(-FEE, "کارمزد خدمات پیامکی حساب", self._next_ref())] if is_charged else []
        rows, stamp = [STATEMENT_HEAD], jalali(day).replace("-", "/")
        for rials, text, ref in entries:
            self.balance += rials
            rows.append(f"{stamp},{ref},{text},{max(-rials, 0)},{max(rials, 0)},{self.balance}")
        if entries:
            statement = {"form": "csv", "text": "\n".join(rows)}
            self.stage.ask(account.TAKE_STATEMENT, statement, caller=karim)

    def _next_ref(self) -> str:
        return str(400_000 + next(self._numbers))

    def _refund_officers(self, first: dt.date, last: dt.date) -> Life:
        """Once a week: what did not match is decided, refunds are asked for, approved and paid;
        those of the last week wait.
        """
        day = first + dt.timedelta(days=6)
        while day < last - dt.timedelta(days=6):
            yield self.stage.working(2.0, self.stage.at(day, 8))
            self._read_outcomes()
            self._resolve()
            yield self.stage.working(5.0)
            self._decide_refunds()
            day += dt.timedelta(days=7)
        yield self.stage.working(2.0, self.stage.at(last - dt.timedelta(days=2), 8))
        self._resolve(least_left=2)

    def _resolve(self, least_left: int = 0) -> None:
        karim = self.stage.staff("karim")
        rows = [
            row
            for row in self.stage.ask(treasury.EXCEPTIONS, caller=karim).exceptions
            if row.state == "OPEN"
        ]
        for row in rows[: max(len(rows) - least_left, 0)]:
            note = "با صورت‌حساب بانک تطبیق داده شد؛ پرداخت اضافه است."
            decision: dict[str, object] = {"id": row.id, "how": "refund", "note": note}
            refund = {"sheba": SHEBA, **decision}
            if not self.stage.tries(treasury.RESOLVE, refund, caller=karim):
                decision |= {"how": "explained", "note": "مبلغ با بانک تطبیق داده شد."}
                self.stage.tries(treasury.RESOLVE, decision, caller=karim)

    def _read_outcomes(self) -> None:
        """Karim reads what became of his requests of the week before."""
        karim = self.stage.staff("karim")
        for outcome in self.stage.ask(MY_NOTICES, caller=karim).outcomes or ():
            if outcome.unread:
                self.stage.ask(READ_NOTICES, {"outcome": outcome.id}, caller=karim)

    def _decide_refunds(self) -> None:
        chance = self.stage.random
        mina, karim = self.stage.staff("mina"), self.stage.staff("karim")
        for row in self.stage.ask(treasury.REFUNDS, caller=mina).refunds:
            about = {"id": row.id}
            if row.state == "REQUESTED":
                if maybe(chance, 0.15):
                    refused = {**about, "why": "این شبا از پرداخت‌کننده نیست؛ شماره‌اش را بخواهید."}
                    self.stage.tries(treasury.REFUSE_REFUND, refused, caller=mina)
                else:
                    self.stage.tries(treasury.APPROVE_REFUND, about, caller=mina)
            elif row.state == "APPROVED":
                paid = {**about, "bank_ref": f"140509{chance.randrange(10**8):08}"}
                self.stage.tries(treasury.NOTE_REFUND_PAID, paid, caller=karim)
