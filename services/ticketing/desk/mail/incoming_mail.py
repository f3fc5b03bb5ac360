"""E-mails that came in, as colleagues see and rescue them; every act is written down."""

import datetime as dt

from sqlalchemy import ColumnElement, and_, func, true

from bus.blobs import Blobs
from bus.envelope import instant
from bus.errors import Conflict, Forbidden, NotFound
from bus.messages.values import Json
from contracts.ticketing.citizens import TEXT_MOST, Opened
from contracts.ticketing.letters import (
    AskLetters,
    AttachLetter,
    FinishLetter,
    LetterDone,
    LetterPage,
    LetterRow,
    LettersTakenOut,
    LetterView,
    OfLetter,
    RegisterLetter,
    TakeOutLetters,
)
from iran.collation import collation_key
from services.ticketing.context import Context
from services.ticketing.desk import paging
from services.ticketing.desk.tickets import require_unit
from services.ticketing.domain import labels, moves
from services.ticketing.domain.book import Category
from services.ticketing.domain.labels import WAITING_LETTERS
from services.ticketing.incoming_mail import filing, rows
from services.ticketing.incoming_mail.rows import EmailRow, EmailSummary, Orders, Outcome
from services.ticketing.senders import rows as senders
from services.ticketing.tables import LETTERS
from services.ticketing.tickets import acts, views
from services.ticketing.tickets.refusals import field_refusal

PAGE = 25
# What a colleague may still decide about.
RESCUABLE = (*WAITING_LETTERS, "SET_ASIDE", "NOTE", "DONE")
# Trying again changes nothing about the others.
RETRIED = ("FAILED", "FLOOD", "NOBODY", "NO_UNIT", "NO_CATEGORY", "SET_ASIDE")


def listing(context: Context, message: AskLetters) -> LetterPage:
    """List the e-mails in a state, the newest first; and count those in each state."""
    moves.require(context.colleague.role, "letters")
    where = _visible(context, message.unit)
    counts = rows.counts(context.conn, where)
    states = _states(message.state)
    total = sum(counts.get(state, 0) for state in states)
    shown = paging.numbered(message.page, total, PAGE)
    emails = rows.page(context.conn, where, states, PAGE, shown.skip)
    return LetterPage(
        letters=tuple(LetterRow(**_row(context, email)) for email in emails),
        counts=counts,
        waiting=sum(counts.get(state, 0) for state in WAITING_LETTERS),
        total=total,
        page=shown.page,
        pages=shown.pages,
        units=paging.own_units(context),
    )


def waiting(context: Context) -> int:
    """Count the e-mails at which somebody has to look."""
    counts = rows.counts(context.conn, _visible(context, None))
    return sum(counts.get(state, 0) for state in WAITING_LETTERS)


def count_set_aside(context: Context, since: dt.datetime | None) -> int:
    """Count the e-mails that lie set aside, all of them or those since a moment."""
    where = and_(LETTERS.c.state == "SET_ASIDE", _visible(context, None))
    if since is not None:
        where = and_(where, LETTERS.c.worked_at > since)
    return rows.counts(context.conn, where).get("SET_ASIDE", 0)


def _states(name: str) -> list[str]:
    if name == "ALL":
        return list(labels.LETTERS)
    return list(WAITING_LETTERS) if name == "WAITING" else [name]


def _visible(context: Context, unit: str | None) -> ColumnElement[bool]:
    """The e-mails that this colleague sees: those to the unit's address, a supervisor all."""
    colleague = context.colleague
    code = unit if colleague.all_units else colleague.unit
    if code is None:
        return true()
    book_unit = context.book.units.get(code)
    address = book_unit.email.lower() if book_unit else ""
    return func.lower(func.regexp_replace(LETTERS.c.rcpt_to, r"\+.*@", "@")) == address


def _row(context: Context, row: EmailSummary) -> Json:
    """The fields that a LetterRow and a LetterView share."""
    return {
        "letter": row.id,
        "received_at": instant(row.received_at),
        "state": row.state,
        "state_fa": labels.LETTERS.get(row.state, row.state),
        "reason_fa": labels.REASONS.get(row.reason or "", ""),
        "to": row.rcpt_to,
        "sender": row.sender or row.mail_from,
        "sender_name": row.sender_name,
        "subject": row.subject,
        "unit": views.named(context.book.units, filing.unit_of(context, row.rcpt_to)),
        "ticket": row.ticket_code,
        "held_until": views.optional_instant(row.held_until),
    }


def read(context: Context, message: OfLetter) -> LetterView:
    """Return one e-mail, and what this colleague may do with it."""
    row = _load(context, message, lock=False)
    return LetterView(
        **_row(context, row),
        mail_from=row.mail_from,
        size=row.size,
        text=row.content[:TEXT_MOST],
        files=tuple(row.files),
        problem=row.problem,
        read=row.was_read,
        acts=tuple(
            {"at": instant(a.at), "actor": a.actor, "act": a.act, "text": a.text}
            for a in rows.acts(context.conn, row.id)
        ),
        may=tuple(_may(row)),
        categories=_categories(context, filing.unit_of(context, row.rcpt_to)),
        set_aside=_set_aside(context, row),
    )


def _set_aside(context: Context, row: EmailRow) -> Json | None:
    """By which row of the list of senders the e-mail was set aside, if it was."""
    row_of_sender = senders.by_id(context, row.set_aside_by) if row.set_aside_by else None
    if row_of_sender is None:
        return None
    return {
        "sender": row_of_sender.sender,
        "reason_fa": labels.SET_ASIDE.get(row_of_sender.reason, row_of_sender.reason),
        "put_by": row_of_sender.put_by,
        "until": instant(row_of_sender.until),
    }


def _categories(context: Context, unit: str | None) -> tuple[Json, ...]:
    """The categories, those of the unit first."""

    def order(category: Category) -> tuple[bool, tuple[str, str]]:
        return category.unit != unit, collation_key(category.fa)

    return tuple(
        {"code": category.code, "fa": category.fa, "own": category.unit == unit}
        for category in sorted(context.book.categories.values(), key=order)
    )


def _may(row: EmailRow) -> list[str]:
    if row.state not in RESCUABLE:
        return []
    possible = ["attach", "register"]
    if row.state in RETRIED:
        possible.append("retry")
    if row.state not in ("DONE", "NOTE"):
        possible.append("finish")
    return possible


def _load(context: Context, message: OfLetter, *, lock: bool = True) -> EmailRow:
    """Load the e-mail for a colleague who may see it. NotFound, Forbidden ``desk.unit``."""
    colleague = context.colleague
    moves.require(colleague.role, "letters")
    row = rows.find(context.conn, message.letter, lock=lock)
    if row is None:
        raise NotFound("There is no such letter (any more).", code="letter.not_found")
    units = {filing.unit_of(context, row.rcpt_to)}
    if row.ticket_code:
        units.add(acts.load(context, row.ticket_code, lock=False).ticket.unit)
    if not colleague.all_units and colleague.unit not in units:
        raise Forbidden("This letter is another unit's.", code="desk.unit")
    return row


def _load_for(context: Context, message: OfLetter, act: str) -> EmailRow:
    row = _load(context, message)
    if row.state == "RECEIVED":
        raise Conflict(
            "The letter is being worked on; look again in a minute.", code="letter.in_work"
        )
    if act not in _may(row):
        raise Conflict(
            "Somebody has decided about this letter already; read it again.", code="letter.settled"
        )
    return row


# --- what a colleague decides ---


def register(context: Context, blobs: Blobs, message: RegisterLetter) -> LetterDone:
    """Make a ticket of the e-mail."""
    row = _load_for(context, message, "register")
    if message.category not in context.book.categories:
        raise field_refusal("category", "There is no such category; see the list.")
    orders = Orders("register", category=message.category)
    return _decide(context, blobs, row, orders, message.text)


def attach(context: Context, blobs: Blobs, message: AttachLetter) -> LetterDone:
    """Put the e-mail into a ticket that this colleague may work on."""
    row = _load_for(context, message, "attach")
    case = acts.find(context, message.code)
    if case is None:
        raise field_refusal("code", "There is no ticket of this code.")
    require_unit(context, case)
    return _decide(context, blobs, row, Orders("attach", code=message.code), message.text)


def retry(context: Context, message: OfLetter) -> LetterDone:
    """Work on the e-mail once more, whatever limit it was over."""
    row = _load_for(context, message, "retry")
    rows.note_act(context, row.id, "retry")
    return _queue(context, row, Orders("retry"))


def take_out(context: Context, message: TakeOutLetters) -> LettersTakenOut:
    """Make tickets of e-mails that lie set aside; those that somebody decided about are left."""
    count = 0
    for letter in sorted(set(message.letters)):
        try:
            row = _load(context, OfLetter(letter=letter))
        except NotFound:
            continue  # its time is over
        if row.state == "SET_ASIDE":
            rows.note_act(context, row.id, "retry")
            _queue(context, row, Orders("retry"))
            count += 1
    return LettersTakenOut(taken=count, settled=len(set(message.letters)) - count)


def finish(context: Context, message: FinishLetter) -> LetterDone:
    """Note that nothing is to be done with the e-mail, with the reason."""
    row = _load_for(context, message, "finish")
    rows.note_act(context, row.id, "finish", text=message.text)
    rows.end(context, row.id, Outcome("DONE", row.ticket, row.reason or ""))
    return LetterDone(letter=row.id, state="DONE")


def _decide(context: Context, blobs: Blobs, row: EmailRow, orders: Orders, text: str) -> LetterDone:
    rows.note_act(context, row.id, orders.act, text=orders.code)
    if row.was_read:
        return _queue(context, row, orders)
    if not text:
        raise field_refusal("text", "The letter could not be read: write what it says.", "required")
    raw = rows.source(context.conn, row.id)
    outcome = filing.take_unread(context, row, raw, text, orders, blobs)
    rows.end(context, row.id, outcome)
    return LetterDone(letter=row.id, state=outcome.state)


def _queue(context: Context, row: EmailRow, orders: Orders) -> LetterDone:
    rows.order(context.conn, row.id, orders)
    return LetterDone(letter=row.id, state="RECEIVED")


def source(context: Context, blobs: Blobs, message: OfLetter) -> Opened:
    """Return the e-mail as it came, as a file; the log says who took it."""
    row = _load(context, message, lock=False)
    blob = blobs.add(rows.source(context.conn, row.id))
    rows.note_act(context, row.id, "source")
    return Opened(
        sha256=blob.sha256,
        size=blob.size,
        type="message/rfc822",
        name=f"letter-{row.id}.eml",
    )
