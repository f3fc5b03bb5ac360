"""Statements of the treasury's account: each continues the ones before it, or is refused."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from contracts.billing.account import StatementTaken, TakeStatement
from iran.identifiers import sheba
from iran.persian import Malformed
from services.billing import books
from services.billing.account import batches, matching
from services.billing.context import Context
from services.billing.domain import account_camt, account_csv, account_mt940, ledger
from services.billing.domain.account_statement import (
    AccountStatement,
    Entry,
    Fault,
    identities,
    refuse_controls,
    wrong,
)
from services.billing.domain.money import Rials
from services.billing.ledger.entries import Subject, post
from services.billing.tables import ACCOUNT_ROWS, ACCOUNT_STATEMENTS

READERS: Mapping[str, Callable[[str], AccountStatement]] = {
    "csv": account_csv.read,
    "mt940": account_mt940.read,
    "camt053": account_camt.read,
}


class Last(NamedTuple):
    """The last entry that is on record: its day, and the balance after it."""

    day: dt.date
    balance: Rials


def take(context: Context, message: TakeStatement) -> StatementTaken:
    """Take a statement whole, and match each entry that is new.

    Raises RuleBroken ``file.wrong`` for a file that cannot be read, is of another account, leaves
    out entries after those on record, or tells them otherwise.
    """
    context.tx.hold(matching.ACCOUNT)
    refuse_controls(message.text)
    statement = READERS[message.form](message.text)
    _refuse_other_account(context.conn, statement)
    digest = hashlib.sha256(f"{message.form}\n{message.text}".encode()).hexdigest()
    if _is_known(context.conn, digest):
        return _reply(statement, [], [], is_known=True)
    keys = identities(statement.entries)
    fresh = _fresh(context.conn, statement, keys)
    _refuse_future(context, statement.entries)
    id_ = _add(context, message.form, digest, statement, len(fresh))
    matches = _add_rows(context, id_, fresh)
    matching.match_again(context)
    return _reply(statement, fresh, [match.result for match in matches], is_known=False)


def _reply(
    statement: AccountStatement,
    fresh: Sequence[tuple[str, Entry]],
    results: Sequence[str | None],
    *,
    is_known: bool,
) -> StatementTaken:
    return StatementTaken(
        rows=len(statement.entries),
        added=len(fresh),
        matched=results.count(None),
        exceptions=len(results) - results.count(None),
        closing_rials=statement.closing,
        known=is_known,
    )


def _refuse_other_account(conn: Connection, statement: AccountStatement) -> None:
    if statement.account is None:
        if batches.first_day(conn) is None:
            # Later ones must follow the balance on record; the first one is held by this alone.
            reason = "The first statement must name its account: the Sheba above the columns."
            raise wrong([Fault(1, reason, "file.no_account")])
        return
    ours = books.newest(conn).issuer.sheba
    try:
        same = sheba(statement.account) == ours
    except Malformed:
        # A bank may name the account by its own number, which the Sheba ends with.
        number = statement.account.lstrip("0")
        same = number.isdigit() and len(number) >= 6 and ours.endswith(number)  # noqa: PLR2004
    if not same:
        reason = "The statement is of another account than the one in the book."
        raise wrong([Fault(1, reason, "file.other_account")])


def _refuse_future(context: Context, entries: Sequence[Entry]) -> None:
    faults = [
        Fault(entry.line, "Its day has not come.", "to_come")
        for entry in entries
        if entry.day > context.today
    ]
    if faults:
        raise wrong(faults)


def _is_known(conn: Connection, digest: str) -> bool:
    statement = select(ACCOUNT_STATEMENTS.c.id).where(ACCOUNT_STATEMENTS.c.sha256 == digest)
    return conn.execute(statement).scalar() is not None


def _fresh(
    conn: Connection, statement: AccountStatement, keys: Sequence[str]
) -> list[tuple[str, Entry]]:
    """The entries that are not on record. They must come after all that are, and begin with the
    balance by which those end: nothing may be left out or told otherwise.
    """
    entries, last = statement.entries, _last(conn)
    if not entries:
        raise wrong([Fault(1, "There is no entry in it.", "file.empty")])
    on_record = set(
        conn.execute(select(ACCOUNT_ROWS.c.key).where(ACCOUNT_ROWS.c.key.in_(keys))).scalars()
    )
    pairs = list(zip(keys, entries, strict=True))
    fresh = [pair for pair in pairs if pair[0] not in on_record]
    if not fresh or last is None:
        return fresh
    first = fresh[0][1]
    follows = first.balance - first.rials == last.balance and first.day >= last.day
    if not follows or fresh != pairs[len(pairs) - len(fresh) :]:
        reason = (
            f"It does not follow {last.balance} rials of {last.day}, the last balance on record: "
            "entries are left out, or differ from those that were taken."
        )
        raise wrong([Fault(first.line, reason, "file.gap")])
    return fresh


def _last(conn: Connection) -> Last | None:
    statement = select(ACCOUNT_ROWS.c.day, ACCOUNT_ROWS.c.balance)
    row = conn.execute(statement.order_by(ACCOUNT_ROWS.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Last(*row)


def closing(conn: Connection) -> Rials | None:
    """The balance after the last entry that is on record; None before the first statement."""
    last = _last(conn)
    return None if last is None else last.balance


def _add(context: Context, form: str, digest: str, statement: AccountStatement, added: int) -> int:
    """Add a statement; the first one brings what was on the account before it."""
    if batches.first_day(context.conn) is None:
        opened = ledger.account_opened(statement.opening, 0)
        post(context, "account_opened", matching.ACCOUNT, Subject(), opened)
    days = [entry.day for entry in statement.entries]
    values = {
        "form": form,
        "sha256": digest,
        "from_day": min(days),
        "to_day": max(days),
        "opening": statement.opening,
        "closing": statement.closing,
        "rows": len(days),
        "added": added,
        "taken_at": context.now,
        "taken_by": context.actor,
    }
    insertion = insert(ACCOUNT_STATEMENTS).values(**values).returning(ACCOUNT_STATEMENTS.c.id)
    id_: int = context.conn.execute(insertion).scalar_one()
    return id_


def _add_rows(
    context: Context, statement: int, fresh: Sequence[tuple[str, Entry]]
) -> list[matching.Match]:
    """Add entries, each with what becomes of it. What the bank writes about one is kept only while
    it is unclear.
    """
    book = books.newest(context.conn)
    rows = [
        matching.AccountEntry(
            0,
            entry.day,
            entry.rials,
            entry.ref[:60],
            entry.text,
            batches.channel_of(book, f"{entry.ref} {entry.text}"),
            "",
        )
        for _, entry in fresh
    ]
    matches = matching.match_rows(context, rows)
    values = [
        {
            "statement": statement,
            "key": key,
            "day": row.day,
            "rials": row.rials,
            "balance": entry.balance,
            "ref": row.ref,
            "text": row.text if result else "",
            "channel": row.channel,
            "result": result or matching.MATCHED,
        }
        for (key, entry), (row, _, result) in zip(fresh, matches, strict=True)
    ]
    if not values:
        return []
    insertion = insert(ACCOUNT_ROWS).returning(ACCOUNT_ROWS.c.id, sort_by_parameter_order=True)
    ids = context.conn.execute(insertion, values).scalars().all()
    kept = [
        match._replace(row=replace(match.row, id=id_))
        for match, id_ in zip(matches, ids, strict=True)
    ]
    matching.keep(context, kept)
    return kept
