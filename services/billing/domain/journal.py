"""The ledger as text for accountants' tools: beancount and hledger."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from services.billing.domain.ledger import ACCOUNTS, Posting


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An entry of the ledger with its postings."""

    id: int
    day: dt.date
    kind: str
    text: str
    postings: tuple[Posting, ...]


def beancount(entries: Iterable[JournalEntry], *, opening: bool) -> str:
    """Write entries as beancount text; with ``opening`` the accounts are opened first.

    Checked by beancount's own bean-check. Amounts are rials (IRR).
    """
    lines = []
    if opening:
        lines += ['option "title" "Mirab"', 'option "operating_currency" "IRR"', ""]
        lines += [f"1970-01-01 open {path} IRR" for path, _ in ACCOUNTS.values()]
    for entry in entries:
        lines += ["", f'{entry.day} * "{entry.kind}" "{_quotable(entry.text)}"']
        lines += [f"  entry: {entry.id}"]
        lines += [f"  {ACCOUNTS[p.account][0]}  {p.rials} IRR" for p in entry.postings]
    return "\n".join(lines) + "\n"


def _quotable(text: str) -> str:
    """Escape text for beancount's quotation marks: banks' numbers may hold some."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def hledger(entries: Iterable[JournalEntry], *, opening: bool) -> str:
    """Write entries as an hledger journal; with ``opening`` accounts and commodity are declared.

    Checked by `hledger check --strict`.
    """
    lines = []
    if opening:
        lines += ["commodity 1000. IRR", ""]
        lines += [f"account {path}" for path, _ in ACCOUNTS.values()]
    for entry in entries:
        lines += ["", f"{entry.day} * {entry.kind} | {entry.text}  ; entry:{entry.id}"]
        lines += [f"    {ACCOUNTS[p.account][0]}    {p.rials} IRR" for p in entry.postings]
    return "\n".join(lines) + "\n"
