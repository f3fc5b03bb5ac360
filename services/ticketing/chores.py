"""What is done by itself, again and again: files scanned, letters sent and read, dues watched.

Each step is a small transaction of its own; what fails is tried again later and hurts no other.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row, text

from bus.blobs import Blobs
from bus.database.store import Store, Tx
from bus.envelope import instant
from bus.errors import Unavailable
from bus.foreign.mail import Post, Refused
from bus.process import log
from contracts.ticketing.citizens import TICKET_ESCALATED
from iran.persian import tehran_day
from services.ticketing import failures
from services.ticketing.failures import Chore
from services.ticketing.incoming_mail import queue as incoming
from services.ticketing.incoming_mail import rows as letter_rows
from services.ticketing.notifications import tickets as notices
from services.ticketing.scanning import scan
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import periods, visits
from services.ticketing.tickets.acts import Desk

__all__ = [
    "close_quietly",
    "forget",
    "forget_files",
    "read_letters",
    "recalculate",
    "release_letters",
    "scan",
    "send_mails",
    "watch",
]

_log = log.get("chores")
DeskOf = Callable[[Tx], Desk]
LEASE = dt.timedelta(minutes=2)
# A letter is tried for about two days, then somebody has to look.
MAIL_TRIES = 40
AT_ONCE = 100
AWAY = 3
OLD_CALENDAR = "state <> 'ANSWERED' and calendar_version < (select version from calendar_version)"
KEEP_MAILS_DAYS = 90
# How long a file waits for the ticket that claims it; when the disk is short of room, how long.
CLAIM_SECONDS, CLAIM_SECONDS_WHEN_SHORT = 86_400, 3600


def send_mails(store: Store, post: Post) -> None:
    """Hands waiting letters to the mail server. A crash in between can send one twice, with the
    same Message-ID, by which receivers know it.

    A letter that the server does not take now waits and holds back no other; three in a row say
    that the server is away.
    """
    in_vain = 0
    while mails := _take_mails(store):
        for number, mail in enumerate(mails):
            in_vain = 0 if _send(store, post, mail) else in_vain + 1
            if in_vain >= AWAY:
                _put_back(store, [later.id for later in mails[number + 1 :]])
                return


def _take_mails(store: Store) -> Sequence[Row[Any]]:
    with store.transaction() as tx:
        return tx.conn.execute(
            text(
                "update mails set next_at = now() + :lease, tries = tries + 1 where id in "
                "(select id from mails where state = 'WAITING' and next_at <= now() "
                "order by next_at limit 20 for update skip locked) "
                "returning id, sender, recipient, raw, tries"
            ),
            {"lease": LEASE},
        ).all()


def _put_back(store: Store, ids: list[int]) -> None:
    """What was taken and not tried keeps its tries."""
    with store.transaction() as tx:
        tx.conn.execute(
            text("update mails set next_at = now(), tries = tries - 1 where id = any(:ids)"),
            {"ids": ids},
        )


def _send(store: Store, post: Post, mail: Row[Any]) -> bool:
    """True if the letter was taken or refused for good."""
    state, problem = "SENT", None
    try:
        post.send(mail.sender, mail.recipient, bytes(mail.raw))
    except Refused as refused:
        state, problem = "REFUSED", f"{refused.code} {refused.text}"[:300]
    except Exception as error:
        problem = error.code if isinstance(error, Unavailable) else type(error).__name__
        state = "GIVEN_UP" if mail.tries >= MAIL_TRIES else "WAITING"
        if isinstance(error, Unavailable):
            _log.warning("letters wait", code=error.code, tries=mail.tries)
        else:
            _log.exception("letter_not_sent", mail=mail.id, tries=mail.tries)
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
    return state in ("SENT", "REFUSED")


def read_letters(store: Store, desk_of: DeskOf, blobs: Blobs) -> None:
    """Works on letters that came in."""
    incoming.work(store, desk_of, blobs)


def release_letters(store: Store, now: dt.datetime) -> None:
    """Lets letters that were held back be worked on when their hour has come."""
    with store.transaction() as tx:
        letter_rows.release_held(tx.conn, now)


def recalculate(store: Store, desk_of: DeskOf) -> None:
    """Judges the open tickets anew whose calendar is not the newest; tells what moved."""
    after = 0
    while old := _page(store, after, OLD_CALENDAR, {}):
        after = old[-1]
        try:
            with store.transaction() as tx:
                desk = desk_of(tx)
                for id_ in old:
                    _recalculate(desk, id_)
                failures.forget(tx.conn, "recalculate", old)
        except Exception:
            # One of them cannot be done: each alone, so that the others are.
            Chore(store, "recalculate").work_on(
                old, lambda id_: _in_transaction(store, desk_of, _recalculate, id_)
            )


def _page(store: Store, after: int, where: str, values: dict[str, Any]) -> list[int]:
    """The next open tickets by id: a full page of rows that stay hides none behind them."""
    with store.transaction() as tx:
        rows = tx.conn.execute(
            text(
                "select id from tickets where id > :after and "  # noqa: S608 - our own words
                f"state in ('NEW', 'OPEN', 'PAUSED', 'ANSWERED') and {where} order by id limit :n"
            ),
            {"after": after, "n": AT_ONCE, **values},
        )
        return [row.id for row in rows]


def _in_transaction(
    store: Store, desk_of: DeskOf, work: Callable[[Desk, int], None], id_: int
) -> None:
    with store.transaction() as tx:
        work(desk_of(tx), id_)


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
    until = desk.now + dt.timedelta(minutes=max(early, 0))
    where = "state <> 'ANSWERED' and due_at <= cast(:until as timestamptz)"
    _each_ticket(store, desk_of, "watch", _escalate, where, {"until": until})


def _each_ticket(  # noqa: PLR0913 - a chore has as many parts
    store: Store,
    desk_of: DeskOf,
    name: str,
    work: Callable[[Desk, int], None],
    where: str,
    values: dict[str, Any],
) -> None:
    after = 0
    while page := _page(store, after, where, values):
        after = page[-1]
        Chore(store, name).work_on(page, lambda id_: _in_transaction(store, desk_of, work, id_))


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
    moments = {
        "answered": desk.now - dt.timedelta(days=desk.book.after_answer_days),
        "paused": desk.now - dt.timedelta(days=desk.book.remind_days),
    }
    where = (
        "((state = 'ANSWERED' and not unread and ended_at <= :answered) "
        "or (state = 'PAUSED' and updated_at <= :paused))"
    )
    _each_ticket(store, desk_of, "close_quietly", _close_quietly, where, moments)


def _close_quietly(desk: Desk, ticket: int) -> None:
    case, book = acting.take(desk, id=ticket), desk.book
    today = tehran_day(desk.now)
    if case.ticket.state == "ANSWERED":
        answer = next(e for e in reversed(case.entries) if e.act == "answer")
        if today > periods.objection_ends(desk, case, answer.at):
            visits.call_off_unchosen(desk, case)
            acting.add(desk, case, "close", by="system", actor="mirab", reason="accepted")
    elif case.ticket.pause == "applicant":
        since = next(e for e in reversed(case.entries) if e.act == "pause")
        waited = desk.now - since.at
        reminded = [e for e in case.entries if e.act == "remind" and e.seq > since.seq]
        if reminded and today > periods.silence_ends(desk, case, reminded[-1].at):
            visits.call_off_unchosen(desk, case)
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
            ("delete from stranger_notices where at < now() - :span", 2),
            ("delete from secret_codes where asked_at < now() - :span", 2),
            ("delete from mails where state <> 'WAITING' and made_at < now() - :span",
             KEEP_MAILS_DAYS),
        ):  # fmt: skip
            tx.conn.execute(text(statement), {"span": dt.timedelta(days=days)})
        letter_rows.forget(tx.conn)
        failures.forget_old(tx.conn)
    forget_files(store, blobs, 0)


def forget_files(store: Store, blobs: Blobs, free: int) -> None:
    """Deletes files that no ticket holds: after a day, or sooner when the disk is short of room.

    ``free`` is how many bytes of the disk must stay free before files of strangers are refused.
    """
    span = CLAIM_SECONDS if blobs.free() >= 2 * free else CLAIM_SECONDS_WHEN_SHORT
    for sha256 in blobs.older_than(span):
        with store.transaction() as tx:
            held = tx.conn.execute(
                text("select 1 from files where sha256 = :s and state <> 'INFECTED' limit 1"),
                {"s": sha256},
            ).scalar()
        if held is None:
            blobs.remove(sha256, older_than=span)
