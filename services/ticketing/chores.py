"""What is done by itself, again and again: files scanned, letters sent and read, dues watched.

Each step is a small transaction of its own; what fails is tried again later and hurts no other.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from bus import log
from bus.blobs import Blobs
from bus.contracts.ticketing import TICKET_ESCALATED
from bus.envelope import instant
from bus.errors import BusError, NotFound, Unavailable
from bus.mail import Post, Refused
from bus.store import Store, Tx
from services.ticketing import acting, incoming, notices
from services.ticketing.acting import Desk
from services.ticketing.clamd import Clamd

_log = log.get("chores")
DeskOf = Callable[[Tx], Desk]
LEASE = dt.timedelta(minutes=2)
# A letter is tried for about two days, then somebody has to look.
MAIL_TRIES = 40
AT_ONCE = 100
KEEP_LETTERS_DAYS, KEEP_MAILS_DAYS = 30, 90


def scan(store: Store, desk_of: DeskOf, scanner: Clamd, blobs: Blobs) -> None:
    """Scans held files; while the scanner is away they stay held."""
    with store.transaction() as tx:
        held = tx.conn.execute(
            text("select id, ticket, sha256 from files where state = 'HELD' order by id limit :n"),
            {"n": AT_ONCE},
        ).all()
    for file in held:
        try:
            with blobs.open(file.sha256) as stream:
                found = scanner.scan(stream)
            state = "INFECTED" if found else "CLEAN"
        except NotFound:
            found, state = None, "GONE"
        except Unavailable as error:
            _log.warning("files stay held", code=error.code, held=len(held))
            # One file that is never judged holds back no other; a scanner that is away all.
            if scanner.ping():
                continue
            return
        _note_scan(store, desk_of, file, state, found)


def _note_scan(store: Store, desk_of: DeskOf, file: Any, state: str, found: str | None) -> None:
    with store.transaction() as tx:
        tx.conn.execute(
            text("update files set state = :s, found = :f, scanned_at = now() where id = :id"),
            {"s": state, "f": found, "id": file.id},
        )
        if state == "INFECTED":
            desk = desk_of(tx)
            case = acting.take(desk, id=file.ticket)
            acting.add(desk, case, "infected", by="system", actor="mirab", file=file.id)
            acting.project(desk, case)


def send_mails(store: Store, post: Post) -> None:
    """Hands waiting letters to the mail server. A crash in between can send one twice, with the
    same Message-ID, by which receivers know it.
    """
    while True:
        with store.transaction() as tx:
            mails = tx.conn.execute(
                text(
                    "update mails set next_at = now() + :lease, tries = tries + 1 where id in "
                    "(select id from mails where state = 'WAITING' and next_at <= now() "
                    "order by next_at limit 20 for update skip locked) "
                    "returning id, sender, recipient, raw, tries"
                ),
                {"lease": LEASE},
            ).all()
        for mail in mails:
            if not _send(store, post, mail):
                return
        if not mails:
            return


def _send(store: Store, post: Post, mail: Any) -> bool:
    """True if the next letter may be tried: False while the mail server is away."""
    state, problem, goes_on = "SENT", None, True
    try:
        post.send(mail.sender, mail.recipient, bytes(mail.raw))
    except Refused as refused:
        state, problem = "REFUSED", f"{refused.code} {refused.text}"[:300]
    except Unavailable as error:
        goes_on, problem = False, error.code
        state = "GIVEN_UP" if mail.tries >= MAIL_TRIES else "WAITING"
        _log.warning("letters wait", code=error.code, tries=mail.tries)
    pause = dt.timedelta(seconds=min(5 * 2 ** min(mail.tries, 10), 3600))
    with store.transaction() as tx:
        tx.conn.execute(
            text(
                "update mails set state = :state, problem = :problem, next_at = now() + :pause, "
                "sent_at = case when :state = 'SENT' then now() end, "
                # The letter holds a key to its ticket: what was sent is not kept.
                "raw = case when :state = 'SENT' then ''::bytea else raw end where id = :id"
            ),
            {"state": state, "problem": problem, "pause": pause, "id": mail.id},
        )
    return goes_on


def read_letters(store: Store, desk_of: DeskOf, blobs: Blobs) -> None:
    """Works on letters that came in."""
    incoming.work(store, desk_of, blobs)


def recalculate(store: Store, desk_of: DeskOf) -> None:
    """Judges the open tickets anew whose calendar is not the newest; tells what moved."""
    while True:
        with store.transaction() as tx:
            old = tx.conn.execute(
                text(
                    "select id from tickets where state in ('NEW', 'OPEN', 'PAUSED') and "
                    "calendar_version < (select version from calendar_version) "
                    "order by id limit :n for update skip locked"
                ),
                {"n": AT_ONCE},
            ).all()
            desk = desk_of(tx)
            for row in old:
                _recalculate(desk, row.id)
        if not old:
            return


def _recalculate(desk: Desk, ticket: int) -> None:
    case = acting.take(desk, id=ticket)
    clocks = case.clocks(desk)
    now_seen = acting.seen(clocks)
    if any(clock.state == "UNKNOWN" for clock in clocks):
        _log.error("no_due_date_in_calendar", ticket=ticket, county=case.row.county)
    for name, due in now_seen.items():
        was = case.row.due_seen.get(name)
        if was is not None and was != due:
            acting.add(
                desk, case, "due_moved", by="system", actor="calendar",
                clock=name, was=was, due=due, calendar=desk.calendar_version,
            )  # fmt: skip
    acting.project(desk, case)


def watch(store: Store, desk_of: DeskOf) -> None:
    """Escalates promises near their due time or past it, once a level."""
    with store.transaction() as tx:
        desk = desk_of(tx)
        early = max((-level["minutes_from_due"] for level in desk.book.levels), default=0)
        near = tx.conn.execute(
            text(
                "select id from tickets where state in ('NEW', 'OPEN', 'PAUSED') "
                "and due_at <= cast(:now as timestamptz) + :early order by due_at limit 1000"
            ),
            {"now": desk.now, "early": dt.timedelta(minutes=max(early, 0))},
        ).all()
    for row in near:
        with store.transaction() as tx:
            _escalate(desk_of(tx), row.id)


def _escalate(desk: Desk, ticket: int) -> None:
    case = acting.take(desk, id=ticket)
    for clock in case.clocks(desk):
        if not clock.runs or clock.due is None:
            continue
        for number, level in enumerate(desk.book.levels):
            at = clock.due + dt.timedelta(minutes=level["minutes_from_due"])
            if (
                level["clock"] == clock.name
                and desk.now >= at
                and _first(desk, case.id, clock.name, number, clock.due)
            ):
                entry = acting.add(
                    desk, case, "escalate", by="system", actor="mirab",
                    clock=clock.name, level=number, role=level["role"], due=instant(clock.due),
                )  # fmt: skip
                notices.to_role(desk, case, entry, level["role"])
                desk.tx.publish(
                    TICKET_ESCALATED, ticket=case.id, clock=clock.name, level=number,
                    role=level["role"], unit=case.ticket.unit, due=instant(clock.due),
                )  # fmt: skip
    if case.fresh:
        acting.project(desk, case)


def _first(desk: Desk, ticket: int, clock: str, level: int, due: dt.datetime) -> bool:
    """True for the first time that this level of this due time is reached."""
    added = desk.conn.execute(
        text(
            "insert into escalations (ticket, clock, level, due) values (:t, :c, :l, :d) "
            "on conflict do nothing returning 1"
        ),
        {"t": ticket, "c": clock, "l": level, "d": due},
    ).scalar()
    return added is not None


def close_quietly(store: Store, desk_of: DeskOf) -> None:
    """Ends what was answered without objection, and what waited in vain; reminds before."""
    with store.transaction() as tx:
        desk = desk_of(tx)
        answered = desk.now - dt.timedelta(days=desk.book.after_answer_days)
        paused = desk.now - dt.timedelta(days=desk.book.remind_days)
        rows = tx.conn.execute(
            text(
                "select id from tickets where (state = 'ANSWERED' and ended_at <= :answered) "
                "or (state = 'PAUSED' and updated_at <= :paused) order by id limit 1000"
            ),
            {"answered": answered, "paused": paused},
        ).all()
    for row in rows:
        try:
            with store.transaction() as tx:
                _close_quietly(desk_of(tx), row.id)
        except BusError as error:
            _log.warning("not closed", ticket=row.id, code=error.code)


def _close_quietly(desk: Desk, ticket: int) -> None:
    case, book = acting.take(desk, id=ticket), desk.book
    if case.ticket.state == "ANSWERED":
        acting.add(desk, case, "close", by="system", actor="mirab", reason="accepted")
    elif case.ticket.pause == "applicant":
        since = next(e for e in reversed(case.entries) if e.act == "pause")
        waited = desk.now - since.at
        reminded = any(e.act == "remind" and e.seq > since.seq for e in case.entries)
        if waited >= dt.timedelta(days=book.silence_days) and reminded:
            acting.add(desk, case, "close", by="system", actor="mirab", reason="silence")
        elif waited >= dt.timedelta(days=book.remind_days) and not reminded:
            acting.add(desk, case, "remind", by="system", actor="mirab")
    if case.fresh:
        acting.project(desk, case)
        notices.tell(desk, case)


def forget(store: Store, blobs: Blobs) -> None:
    """Deletes what nobody needs: old failures, sent letters, files that no ticket holds."""
    with store.transaction() as tx:
        for statement, days in (
            ("delete from attempts where last_at < now() - :span", 2),
            ("delete from letters where state <> 'RECEIVED' and state <> 'FAILED' "
             "and worked_at < now() - :span", KEEP_LETTERS_DAYS),
            ("delete from mails where state <> 'WAITING' and made_at < now() - :span",
             KEEP_MAILS_DAYS),
        ):  # fmt: skip
            tx.conn.execute(text(statement), {"span": dt.timedelta(days=days)})
    for sha256 in blobs.older_than(86_400):
        with store.transaction() as tx:
            held = tx.conn.execute(
                text("select 1 from files where sha256 = :s and state <> 'INFECTED' limit 1"),
                {"s": sha256},
            ).scalar()
        if held is None:
            blobs.remove(sha256, older_than=86_400)
