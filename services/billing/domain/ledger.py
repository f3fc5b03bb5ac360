"""Double entry in whole rials: which accounts an event changes, and by how much.

An entry is a few postings whose sum is zero; debits are positive. The ledger only ever grows: a
wrong entry is reversed by one of the opposite signs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.billing.domain.money import Rials, half_up

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
ACCOUNT = "account"
OPENING = "opening"
EntryKind = Literal[
    "issued",
    "waived",
    "ended",
    "paid",
    "suspended",
    "given_back",
    "settled",
    "settled_unknown",
    "reversed",
    "refund_owed",
    "refund_paid",
    "account_opened",
    "account_matched",
    "account_credit",
    "account_debit",
    "account_booked",
]
# account → (path in beancount and hledger, Persian name)
ACCOUNTS = {
    RECEIVABLE: ("Assets:Receivable", "حساب‌های دریافتنی"),
    TRANSIT: ("Assets:CashInTransit", "وجوه در راه"),
    BANK: ("Assets:Bank", "بانک"),
    ACCOUNT: ("Assets:TreasuryAccount", "حساب خزانه"),
    CLAIMS: ("Assets:ClaimsOnBanks", "مطالبات از بانک‌ها"),
    VAT: ("Liabilities:VAT", "مالیات بر ارزش افزوده"),
    SUSPENSE: ("Liabilities:Suspense", "حساب معلق"),
    REFUNDS: ("Liabilities:Refunds", "استرداد پرداختنی"),
    REVENUE: ("Income:Revenue", "درآمد خدمات"),
    ROUNDING: ("Income:Rounding", "تفاوت گرد کردن"),
    REFUNDED: ("Expenses:Refunded", "استرداد درآمد"),
    WAIVERS: ("Expenses:Waivers", "معافیت و بخشودگی"),
    BANK_FEES: ("Expenses:BankFees", "کارمزد بانکی"),
    OPENING: ("Equity:Opening", "مانده آغازین"),
}


@dataclass(frozen=True, slots=True)
class Posting:
    """So many rials on an account; a debit is positive."""

    account: str
    rials: Rials


def entry(*postings: tuple[str, Rials]) -> tuple[Posting, ...]:
    """Make postings that balance, without the empty ones. Raises ValueError if they do not."""
    if sum(rials for _, rials in postings):
        raise ValueError(f"an entry must balance: {postings}")
    return tuple(Posting(account, rials) for account, rials in postings if rials)


def issued(net: Rials, vat: Rials, rounding: Rials) -> tuple[Posting, ...]:
    """A bill was issued: it is owed, and earned."""
    return entry(
        (RECEIVABLE, net + vat + rounding), (REVENUE, -net), (VAT, -vat), (ROUNDING, -rounding)
    )


def taken_back(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The opposite of entries, as one entry: a bill was voided or expired."""
    return entry(*((account, -rials) for account, rials in balances(postings).items()))


def waived(rials: Rials, vat: Rials = 0) -> tuple[Posting, ...]:
    """The debt is waived, and its ``vat`` is not owed to the state."""
    return entry((WAIVERS, rials - vat), (VAT, vat), (RECEIVABLE, -rials))


def vat_in(vat: Rials, part: Rials, whole: Rials) -> Rials:
    """Reckon the share of a whole's VAT in a part of it, in whole rials."""
    return half_up(Fraction(vat * part, whole)) if whole else 0


def paid(rials: Rials) -> tuple[Posting, ...]:
    """A bank took the money for a bill, and owes it to us."""
    return entry((TRANSIT, rials), (RECEIVABLE, -rials))


def suspended(rials: Rials) -> tuple[Posting, ...]:
    """A bank took money that belongs to no open bill, or in another amount."""
    return entry((TRANSIT, rials), (SUSPENSE, -rials))


def given_back(rials: Rials, *, settled: bool) -> tuple[Posting, ...]:
    """The bank gave suspended money back to the payer (a reversal): out of money on its way to
    us, or of money that it had ``settled`` already and takes from our account.
    """
    return entry((SUSPENSE, rials), (BANK if settled else TRANSIT, -rials))


def settled_before(rials: Rials) -> tuple[Posting, ...]:
    """Money that came to our account as unknown turned out to be a payment's."""
    return entry((SUSPENSE, rials), (TRANSIT, -rials))


def applied(rials: Rials) -> tuple[Posting, ...]:
    """Suspended money turned out to be for a bill."""
    return entry((SUSPENSE, rials), (RECEIVABLE, -rials))


def paid_into_account(rials: Rials) -> tuple[Posting, ...]:
    """A bill was paid at a bank's counter: the money is on our account."""
    return entry((BANK, rials), (RECEIVABLE, -rials))


def unknown_into_account(rials: Rials, fee: Rials = 0) -> tuple[Posting, ...]:
    """Money of unknown purpose came to our account."""
    return entry((BANK, rials - fee), (BANK_FEES, fee), (SUSPENSE, -rials))


def settled(rials: Rials, fee: Rials, expected: Rials | None = None) -> tuple[Posting, ...]:
    """The bank's money arrived at our account, less its fee. If another sum was ``expected``, the
    missing part is claimed from the bank, and the surplus is owed to it.
    """
    due = rials if expected is None else expected
    return entry((BANK, rials - fee), (BANK_FEES, fee), (CLAIMS, due - rials), (TRANSIT, -due))


def taken_by_bank(rials: Rials) -> tuple[Posting, ...]:
    """The bank took back money that it had settled; an officer has to clarify it."""
    return entry((CLAIMS, rials), (BANK, -rials))


def refund_owed(rials: Rials, *, suspended: bool, vat: Rials = 0) -> tuple[Posting, ...]:
    """A refund was approved: out of suspended money, or of earnings with their ``vat``."""
    return entry((SUSPENSE if suspended else REFUNDED, rials - vat), (VAT, vat), (REFUNDS, -rials))


def refund_paid(rials: Rials) -> tuple[Posting, ...]:
    """The treasury transferred a refund."""
    return entry((REFUNDS, rials), (BANK, -rials))


def account_opened(balance: Rials, settled: Rials) -> tuple[Posting, ...]:
    """The first statement begins; its opening ``balance`` holds what was ``settled`` before."""
    return entry((ACCOUNT, balance), (BANK, -settled), (OPENING, settled - balance))


def account_matched(rials: Rials, surplus: Rials = 0) -> tuple[Posting, ...]:
    """The account shows money that banks' files or a refund announced, and a ``surplus`` beside it.
    What is taken from the account is below zero.
    """
    return entry((ACCOUNT, rials + surplus), (BANK, -rials), (SUSPENSE, -surplus))


def account_debit(rials: Rials) -> tuple[Posting, ...]:
    """The bank took money from the account that is no refund of ours; it has to explain it."""
    return entry((CLAIMS, rials), (ACCOUNT, -rials))


def account_booked(source: str, target: str, rials: Rials) -> tuple[Posting, ...]:
    """Two officers moved what was unclear from one account of the ledger to another."""
    return entry((target, rials), (source, -rials))


def balances(postings: Iterable[Posting]) -> dict[str, Rials]:
    """The sum of each account."""
    sums = dict.fromkeys(ACCOUNTS, 0)
    for posting in postings:
        sums[posting.account] += posting.rials
    return sums
