"""Changes of the book of the desk: one colleague proposes, a supervisor approves, the day comes.

Tickets keep the promise that was stored when they were registered, whatever the book says later.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, text

from bus.database import books as versions_of_book
from bus.database.store import Store, Tx
from bus.envelope import instant
from bus.errors import BusError, Conflict, Forbidden, RuleBroken
from bus.messages.values import Json
from contracts.ticketing.book import (
    BookChange,
    BookFile,
    BookOfDesk,
    BookVersion,
    OneBookChange,
    ProposeBookChange,
    RefuseBookChange,
)
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from iran.persian import tehran_day
from people.book_keys import SECTIONS, key_of
from services.ticketing import books
from services.ticketing.book import rows
from services.ticketing.book.rows import ChangeRow
from services.ticketing.book.validation import with_change
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.domain.book import Book
from services.ticketing.domain.book_changes import (
    PROMISES,
    TRANSITIONS,
    Act,
    row_of,
    rows_of,
)
from services.ticketing.domain.book_toml import HEAD, to_toml
from services.ticketing.tickets.refusals import field_refusal

FARTHEST = dt.timedelta(days=3660)


def read(context: Context) -> BookOfDesk:
    """Return the book in force with its changes and versions."""
    moves.require(context.colleague.role, "book")
    document = context.book.document
    listed = rows.versions(context.conn)
    return BookOfDesk(
        version=listed[0].version,
        **{name: tuple(rows_of(document, name)) for name in SECTIONS},
        changes=tuple(_reply(context, row) for row in rows.newest(context.conn)),
        versions=tuple(
            BookVersion(version=row.version, at=instant(row.at), change=row.change)
            for row in listed
        ),
    )


def export(context: Context) -> BookFile:
    """Return the book in force as TOML."""
    moves.require(context.colleague.role, "book")
    return BookFile(toml=HEAD + to_toml(context.book.document))


def read_change(context: Context, message: OneBookChange) -> BookChange:
    """Return one change. NotFound ``book_change.not_found``."""
    moves.require(context.colleague.role, "book")
    return _reply(context, rows.get(context.conn, message.change))


def propose(context: Context, message: ProposeBookChange) -> BookChange:
    """Propose a change of one row, checked as it would stand in the book now.

    RuleBroken ``field.wrong``, ``book.in_use``, ``book.begun``, ``book_change.gone``,
    ``book_change.nothing`` if the row stands so already.
    """
    moves.require(context.colleague.role, "book")
    today, valid_from = tehran_day(context.now), dt.date.fromisoformat(message.valid_from)
    if valid_from < today:
        raise field_refusal("valid_from", "This day has passed.", "calendar.past_day")
    if valid_from > today + FARTHEST:
        raise field_refusal("valid_from", "This day is over ten years away.", "calendar.far_day")
    row = _proposed_row(context, message, today)
    before = row_of(context.book.document, message.section, message.key)
    document, key = with_change(context, message.section, message.key, row)
    after = None if row is None else row_of(document, message.section, key)
    if before == after:
        raise RuleBroken("The row stands so already.", code="book_change.nothing")
    id_ = rows.add(
        context.conn,
        section=message.section,
        key=message.key,
        before=before,
        after=after,
        valid_from=valid_from,
        source=message.source,
        proposed_by=context.colleague.username,
        proposed_at=context.now,
    )
    return _reply(context, rows.get(context.conn, id_))


def _proposed_row(context: Context, message: ProposeBookChange, today: dt.date) -> Json | None:
    """The row; a promise begins on the day of the change, and one that has begun is never changed.

    RuleBroken ``book.begun``: tickets were registered under it.
    """
    if message.section != PROMISES:
        return None if message.row is None else dict(message.row)
    old = row_of(context.book.document, PROMISES, message.key)
    if old is not None and dt.date.fromisoformat(old["from"]) <= today:
        raise RuleBroken(
            "A promise that has begun stays on record; add a row with a later first day.",
            code="book.begun",
        )
    return None if message.row is None else {**message.row, "from": message.valid_from}


# --- decisions ---


def approve(context: Context, message: OneBookChange) -> BookChange:
    """Approve another colleague's change; it is in force at once, or from its day on.

    Forbidden ``desk.role``, ``book_change.same_person``; Conflict ``book_change.stale``;
    RuleBroken ``book_change.move``, and as ``propose``.
    """
    change = _decide(context, message.change, "approve", second=True)
    if _is_stale(context.book, change):
        raise Conflict(
            "The row has changed since this was proposed; propose it anew.",
            code="book_change.stale",
        )
    if change.valid_from <= tehran_day(context.now):
        _apply(context, rows.get(context.conn, change.id))
    else:
        with_change(context, change.section, change.key, change.after)
    return _reply(context, rows.get(context.conn, change.id))


def refuse(context: Context, message: RefuseBookChange) -> BookChange:
    """Refuse another colleague's change. Raises as ``approve``, but for what the row says."""
    _decide(context, message.change, "refuse", message.why, second=True)
    return _reply(context, rows.get(context.conn, message.change))


def withdraw(context: Context, message: OneBookChange) -> BookChange:
    """Take back a change that is not in force. RuleBroken ``book_change.move``."""
    moves.require(context.colleague.role, "book")
    _decide(context, message.change, "withdraw")
    return _reply(context, rows.get(context.conn, message.change))


def _decide(
    context: Context, id_: int, act: Act, decision: str = "", *, second: bool = False
) -> ChangeRow:
    """The change, with its new state and who decided it; its proposer is told."""
    username = context.colleague.username
    if second:
        moves.require(context.colleague.role, "approve_book")
    change = rows.get(context.conn, id_, lock=True)
    state = TRANSITIONS.transition(change.state, act)
    if second and change.proposed_by == username:
        raise Forbidden(
            "You proposed this yourself. Another colleague has to decide.",
            code="book_change.same_person",
        )
    rows.put(
        context.conn,
        id_,
        state=state,
        decided_by=username,
        decided_at=context.now,
        decision=decision,
    )
    outcome = TellProposer(
        proposer=change.proposed_by,
        decider=username,
        matter="book_change",
        number=str(id_),
        accepted=act == "approve",
        why=decision or None,
    )
    context.tx.send(TELL_PROPOSER, outcome)
    return change


# --- in force ---


def apply_due(store: Store, context_of: Callable[[Tx], Context]) -> None:
    """Put each approved change in force whose day has come; one that the book does not take any
    more is marked as failed, with the reason.
    """
    with store.transaction() as tx:
        due = rows.due(tx.conn, tehran_day(context_of(tx).now))
    for id_ in due:
        try:
            with store.transaction() as tx:
                context = context_of(tx)
                _apply(context, rows.get(tx.conn, id_, lock=True))
        except BusError as error:
            with store.transaction() as tx:
                change = rows.get(tx.conn, id_, lock=True)
                state = TRANSITIONS.transition(change.state, "fail")
                rows.put(tx.conn, id_, state=state, decision=error.message)


def _apply(context: Context, change: ChangeRow) -> None:
    """Keep the book with the change as its newest version."""
    state = TRANSITIONS.transition(change.state, "apply")
    _lock_book(context.conn)
    # What is in force may be younger than the book that this act began with.
    context = replace(context, book=books.newest(context.conn))
    if _is_stale(context.book, change):
        raise Conflict("The row has changed since this was approved.", code="book_change.stale")
    document, _ = with_change(context, change.section, change.key, change.after)
    version = versions_of_book.keep(context.conn, document)
    rows.put(context.conn, change.id, state=state, version=version)


def _lock_book(conn: Connection) -> None:
    # SQLAlchemy has no statement that locks a table.
    conn.execute(text("lock table books in share row exclusive mode"))


def _is_stale(book: Book, change: ChangeRow) -> bool:
    """True if the row that was proposed to be changed is another one by now, or taken."""
    if change.key:
        return row_of(book.document, change.section, change.key) != change.before
    assert change.after is not None, "a new row was proposed"
    key = key_of(change.section, change.after)
    return row_of(book.document, change.section, key) is not None


def _reply(context: Context, change: ChangeRow) -> BookChange:
    return BookChange(
        id=change.id,
        section=change.section,
        key=change.key,
        before=change.before,
        after=change.after,
        valid_from=change.valid_from.isoformat(),
        source=change.source,
        state=change.state,
        stale=change.state == "DRAFT" and _is_stale(context.book, change),
        proposed_by=change.proposed_by,
        proposed_at=instant(change.proposed_at),
        decided_by=change.decided_by,
        decided_at=instant(change.decided_at),
        decision=change.decision,
        version=change.version,
    )
