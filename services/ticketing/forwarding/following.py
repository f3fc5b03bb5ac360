"""Forwarded tickets are followed: the other city's status and updates come into the timeline."""

import datetime as dt

from services.ticketing.cities import City
from services.ticketing.context import Context
from services.ticketing.domain.forwarding import news
from services.ticketing.forwarding import georeport, rows
from services.ticketing.forwarding.georeport import RemoteStatus, RemoteUpdate, Unreadable
from services.ticketing.forwarding.rows import ForwardingRow
from services.ticketing.forwarding.sending import AT_ONCE, Work, leased, note_taken, pause, tell
from services.ticketing.tickets import acts

EACH = dt.timedelta(minutes=15)
# After so many times in vain somebody should look.
IN_VAIN = 8
# The other side's word is passed on so often; one that changes its mind each minute floods nobody.
NEWS, SEEN = 30, 200
WINDOW = dt.timedelta(hours=2)


def follow(work: Work) -> None:
    """Ask each city how what it has stands."""
    away: set[str] = set()
    with_updates: set[str] = set()
    for _ in range(AT_ONCE):
        row = leased(work, ("TOKEN", "TAKEN"), away)
        if row is None:
            return
        city = work.cities[row.city]
        try:
            if row.state == "TOKEN":
                id_ = georeport.id_of_token(city, row.token or "", work.allowed)
                _note_id(work, city, row, id_)
                continue
            status = georeport.status_of(city, row.remote_id or "", work.allowed)
            _note_status(work, city, row, status)
            if city.has_updates and city.code not in with_updates:
                with_updates.add(city.code)
                _read_updates(work, city)
        except Unreadable:
            away.add(city.code)
            _note_in_vain(work, row)


def _note_id(work: Work, city: City, row: ForwardingRow, id_: str | None) -> None:
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        current = rows.locked(tx.conn, row.id)
        if current is None or current.state != "TOKEN":
            return
        if id_ is not None:
            note_taken(context, city, current, id_)
        else:
            _in_vain(context, current)


def _note_in_vain(work: Work, row: ForwardingRow) -> None:
    with work.store.transaction() as tx:
        current = rows.locked(tx.conn, row.id)
        if current is not None and current.state == row.state:
            _in_vain(work.context_of(tx), current)


def _in_vain(context: Context, row: ForwardingRow) -> None:
    failures = row.failures + 1
    rows.change(
        context.conn,
        row.id,
        failures=failures,
        problem="gone" if failures >= IN_VAIN else None,
        next_at=context.now + pause(failures),
    )


def _note_status(work: Work, city: City, row: ForwardingRow, status: RemoteStatus) -> None:
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        current = rows.locked(tx.conn, row.id)
        if current is None or current.state != "TAKEN":
            return
        before = (current.remote_status or "open", current.remote_notes or "")
        is_news = (status.status, status.notes) != before and current.news < NEWS
        rows.change(
            tx.conn,
            row.id,
            state="ENDED" if status.status == "closed" else "TAKEN",
            remote_status=status.status,
            remote_notes=status.notes,
            failures=0,
            problem=None,
            news=current.news + is_news,
            next_at=context.now + EACH,
        )
        if is_news:
            _tell(context, city, current, status.status, status.notes)


def _tell(context: Context, city: City, row: ForwardingRow, status: str, text: str) -> None:
    language = acts.load_by_id(context, row.ticket, lock=False).row.language
    tell(context, city, row, "forward_news", news(language, status, text))


def _read_updates(work: Work, city: City) -> None:
    """Read the updates of the last hours, of whatever we have there; each is passed on once."""
    with work.store.transaction() as tx:
        now = work.context_of(tx).now
    updates = georeport.updates_of(city, now - WINDOW, now, work.allowed)
    by_request: dict[str, list[RemoteUpdate]] = {}
    for update in updates:
        by_request.setdefault(update.request_id, []).append(update)
    with work.store.transaction() as tx:
        context = work.context_of(tx)
        for row in rows.followed_by_updates(tx.conn, city.code):
            new = [
                u for u in by_request.get(row.remote_id or "", ()) if u.update_id not in row.seen
            ]
            if not new or row.news >= NEWS:
                continue
            passed_on = [*row.seen, *(update.update_id for update in new)][-SEEN:]
            rows.change(tx.conn, row.id, seen=passed_on, news=row.news + len(new))
            for update in new[:NEWS]:
                if update.text:
                    _tell(context, city, row, update.status, update.text)
