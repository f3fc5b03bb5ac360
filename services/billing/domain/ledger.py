"""Double entry in whole rials: what each happening does to which account.

An entry is a few postings whose sum is zero; debits are positive. The ledger only ever grows: what
was wrong is taken back by an entry of the opposite signs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from services.billing.domain.book import half_up

RECEIVABLE = "receivable"
REVENUE = "revenue"
VAT = "vat"
ROUNDING = "rounding"
WAIVERS = "waivers"
TRANSIT = "cash_in_transit"
BANK = "bank"
BANK_FEES = "bank_fees"
CLAIMS = "claims"
SUSPENSE = "suspense"
REFUNDS = "refunds"
REFUNDED = "refunded"
# account → (path in beancount and hledger, Persian name)
ACCOUNTS = {
    RECEIVABLE: ("Assets:Receivable", "حساب‌های دریافتنی"),
    TRANSIT: ("Assets:CashInTransit", "وجوه در راه"),
    BANK: ("Assets:Bank", "بانک"),
    CLAIMS: ("Assets:ClaimsOnBanks", "مطالبات از بانک‌ها"),
    VAT: ("Liabilities:VAT", "مالیات بر ارزش افزوده"),
    SUSPENSE: ("Liabilities:Suspense", "حساب معلق"),
    REFUNDS: ("Liabilities:Refunds", "استرداد پرداختنی"),
    REVENUE: ("Income:Revenue", "درآمد خدمات"),
    ROUNDING: ("Income:Rounding", "تفاوت گرد کردن"),
    REFUNDED: ("Expenses:Refunded", "استرداد درآمد"),
    WAIVERS: ("Expenses:Waivers", "معافیت و بخشودگی"),
    BANK_FEES: ("Expenses:BankFees", "کارمزد بانکی"),
}


@dataclass(frozen=True, slots=True)
class Posting:
    """So many rials on an account; a debit is positive."""

    account: str
    rials: int


def entry(*postings: tuple[str, int]) -> tuple[Posting, ...]:
    """Postings that balance, without the empty ones; ValueError if they do not."""
    if sum(rials for _, rials in postings):
        raise ValueError(f"an entry must balance: {postings}")
    return tuple(Posting(account, rials) for account, rials in postings if rials)


def issued(net: int, vat: int, rounding: int) -> tuple[Posting, ...]:
    """A bill was issued: it is owed, and earned."""
    return entry(
        (RECEIVABLE, net + vat + rounding), (REVENUE, -net), (VAT, -vat), (ROUNDING, -rounding)
    )


def taken_back(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The opposite of entries, as one: a bill was voided or expired."""
    return entry(*((account, -rials) for account, rials in balances(postings).items()))


def waived(rials: int, vat: int = 0) -> tuple[Posting, ...]:
    """What was owed is let off, and the ``vat`` in it is not owed to the state."""
    return entry((WAIVERS, rials - vat), (VAT, vat), (RECEIVABLE, -rials))


def vat_in(vat: int, part: int, whole: int) -> int:
    """The share of a whole's VAT in a part of it, in whole rials; all of it in the whole."""
    return half_up(Fraction(vat * part, whole)) if whole else 0


def paid(rials: int) -> tuple[Posting, ...]:
    """A bank took the money for a bill, and owes it to us."""
    return entry((TRANSIT, rials), (RECEIVABLE, -rials))


def suspended(rials: int) -> tuple[Posting, ...]:
    """A bank took money that belongs to no open bill, or in another amount."""
    return entry((TRANSIT, rials), (SUSPENSE, -rials))


def given_back(rials: int, *, settled: bool) -> tuple[Posting, ...]:
    """The bank gave suspended money back to the payer (a reversal): out of what was on its way to
    us, or of what it had ``settled`` already and takes from our account.
    """
    return entry((SUSPENSE, rials), (BANK if settled else TRANSIT, -rials))


def settled_before(rials: int) -> tuple[Posting, ...]:
    """Money that came to our account as unknown turned out to be a payment's."""
    return entry((SUSPENSE, rials), (TRANSIT, -rials))


def applied(rials: int) -> tuple[Posting, ...]:
    """Suspended money turned out to be for a bill."""
    return entry((SUSPENSE, rials), (RECEIVABLE, -rials))


def paid_into_account(rials: int) -> tuple[Posting, ...]:
    """A bill was paid at a bank's counter: the money is on our account."""
    return entry((BANK, rials), (RECEIVABLE, -rials))


def unknown_into_account(rials: int, fee: int = 0) -> tuple[Posting, ...]:
    """Money came to our account, and we do not know what for."""
    return entry((BANK, rials - fee), (BANK_FEES, fee), (SUSPENSE, -rials))


def settled(rials: int, fee: int, expected: int | None = None) -> tuple[Posting, ...]:
    """The bank's money arrived at our account, less its fee; what is missing of what was on its way
    (``expected``, if it differs) is claimed from the bank, and what is too much is owed to it.
    """
    due = rials if expected is None else expected
    return entry((BANK, rials - fee), (BANK_FEES, fee), (CLAIMS, due - rials), (TRANSIT, -due))


def taken_by_bank(rials: int) -> tuple[Posting, ...]:
    """The bank took money that it had given us; somebody has to find out whether it may."""
    return entry((CLAIMS, rials), (BANK, -rials))


def refund_owed(rials: int, *, suspended: bool, vat: int = 0) -> tuple[Posting, ...]:
    """A refund was approved: out of suspended money, or of what was earned, with its ``vat``."""
    return entry((SUSPENSE if suspended else REFUNDED, rials - vat), (VAT, vat), (REFUNDS, -rials))


def refund_paid(rials: int) -> tuple[Posting, ...]:
    """The treasury transferred a refund."""
    return entry((REFUNDS, rials), (BANK, -rials))


def balances(postings: Iterable[Posting]) -> dict[str, int]:
    """The sum of each account."""
    sums = dict.fromkeys(ACCOUNTS, 0)
    for each in postings:
        sums[each.account] += each.rials
    return sums


Told = Mapping[str, Any]


def beancount(entries: Sequence[Told], *, opening: bool) -> str:
    """Entries as beancount text; with ``opening`` the accounts are opened first.

    Checked by beancount's own bean-check. Amounts are rials (IRR).
    """
    lines = []
    if opening:
        lines += ['option "title" "Mirab"', 'option "operating_currency" "IRR"', ""]
        lines += [f"1970-01-01 open {path} IRR" for path, _ in ACCOUNTS.values()]
    for told in entries:
        lines += [
            "",
            f'{told["day"]} * "{told["kind"]}" "{_quotable(told["text"])}"',
            f"  entry: {told['id']}",
        ]
        lines += [f"  {ACCOUNTS[p.account][0]}  {p.rials} IRR" for p in told["postings"]]
    return "\n".join(lines) + "\n"


def _quotable(told: str) -> str:
    """Text between beancount's quotation marks: banks' numbers may hold some."""
    return told.replace("\\", "\\\\").replace('"', '\\"')


def hledger(entries: Sequence[Told], *, opening: bool) -> str:
    """Entries as an hledger journal; with ``opening`` accounts and commodity are declared first.

    Checked by `hledger check --strict`.
    """
    lines = []
    if opening:
        lines += ["commodity 1000. IRR", ""]
        lines += [f"account {path}" for path, _ in ACCOUNTS.values()]
    for told in entries:
        lines += ["", f"{told['day']} * {told['kind']} | {told['text']}  ; entry:{told['id']}"]
        lines += [f"    {ACCOUNTS[p.account][0]}    {p.rials} IRR" for p in told["postings"]]
    return "\n".join(lines) + "\n"
