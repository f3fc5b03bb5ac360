"""Updates of public reports, as their apps and other sites follow them."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import exists, select

from bus.database.rows import columns
from bus.envelope import instant
from contracts.ticketing.civic.updates import AskHistory, ListUpdates, ReportUpdate, ReportUpdates
from services.ticketing.context import Context
from services.ticketing.domain.reports import blanks, civic
from services.ticketing.domain.reports.blanks import Blank
from services.ticketing.domain.reports.civic import Update
from services.ticketing.domain.ticket import Entry
from services.ticketing.figures.reports import IS_PUBLIC
from services.ticketing.tables import APP_REPORTS, TICKET_EVENTS, TICKETS


def list_updates(context: Context, app: str, message: ListUpdates) -> ReportUpdates:
    """List what was done with public reports in the window, the oldest first; see ListUpdates."""
    wanted = _page(context, app, message)
    logs = _logs(context, sorted({ticket for ticket, _, _ in wanted}))
    blanked = {ticket: blanks.blanks(log) for ticket, log in logs.items()}
    by_ticket = {
        ticket: {update.entry.seq: update for update in civic.updates(log)}
        for ticket, log in logs.items()
    }
    return ReportUpdates(
        updates=tuple(
            _reply(
                code,
                by_ticket[ticket][seq],
                words=bool(app) and message.words,
                blanked=blanked[ticket],
            )
            for ticket, code, seq in wanted
            if seq in by_ticket[ticket]
        )
    )


def history(context: Context, message: AskHistory) -> ReportUpdates:
    """List all that was done with these public reports, one after another, without words."""
    ticket = TICKETS.c
    query = select(ticket.id, ticket.code).where(IS_PUBLIC, ticket.code.in_(message.codes))
    codes = {row.id: row.code for row in context.conn.execute(query)}
    logs = _logs(context, sorted(codes))
    return ReportUpdates(
        updates=tuple(
            _reply(codes[ticket], update, words=False, blanked=())
            for ticket, log in logs.items()
            for update in civic.updates(log)
        )
    )


def _page(context: Context, app: str, message: ListUpdates) -> Sequence[tuple[int, str, int]]:
    """Return ticket, code and place in the log of each entry of a page."""
    ticket, event, report = TICKETS.c, TICKET_EVENTS.c, APP_REPORTS.c
    since, until = (dt.datetime.fromisoformat(text) for text in (message.since, message.until))
    statement = (
        select(ticket.id, ticket.code, event.seq)
        .join(TICKET_EVENTS, event.ticket == ticket.id)
        .where(
            IS_PUBLIC,
            ticket.updated_at >= since,
            event.at.between(since, until),
            event.act.in_(civic.SHOWN),
        )
        .order_by(event.at, ticket.id, event.seq)
        .limit(message.page_size)
        .offset((message.page - 1) * message.page_size)
    )
    if app:
        statement = statement.where(exists().where(report.ticket == ticket.id, report.app == app))
    return [(row.id, row.code, row.seq) for row in context.conn.execute(statement)]


def _logs(context: Context, tickets: Sequence[int]) -> dict[int, list[Entry]]:
    column = TICKET_EVENTS.c
    statement = (
        select(column.ticket, *columns(TICKET_EVENTS, Entry))
        .where(column.ticket.in_(tickets))
        .order_by(column.ticket, column.seq)
    )
    logs: dict[int, list[Entry]] = {}
    for row in context.conn.execute(statement):
        members = row._asdict()
        logs.setdefault(members.pop("ticket"), []).append(Entry(**members))
    return logs


def _reply(code: str, update: Update, *, words: bool, blanked: Sequence[Blank]) -> ReportUpdate:
    title_fa, title_en = civic.title(update.entry)
    text = blanks.hide_elsewhere(update.text, blanked) if words else ""
    return ReportUpdate(
        update_id=f"{code}-{update.entry.seq}",
        code=code,
        at=instant(update.entry.at),
        act=update.entry.act,
        status=update.status,
        extended_status=update.extended_status,
        title_fa=title_fa,
        title_en=title_en,
        text=text or None,
    )
