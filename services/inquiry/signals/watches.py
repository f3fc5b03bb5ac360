"""Watches of an agency: deposited, listed and ended in batches, without a look at the registry.

A pseudonym of somebody who is not registered is taken and answered exactly like another, and no
statement of a deposit depends on who is registered: neither text nor time can tell.
"""

import datetime as dt
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, delete, select, text, tuple_

from bus.database.paging import page
from bus.errors import BusError, FieldError, Forbidden, RuleBroken
from bus.signatures.keys import base64url, from_base64url
from contracts.inquiry.signals import (
    MOST_WATCHES,
    OwnWatch,
    OwnWatches,
    ReadWatches,
    Unwatch,
    Watch,
    WatchesLeft,
    Watching,
)
from iran.persian import TEHRAN, tehran_day
from services.inquiry.askers import asker_of, grants_in
from services.inquiry.context import Context
from services.inquiry.domain import purposes
from services.inquiry.domain.moments import instant
from services.inquiry.domain.purposes import Grant
from services.inquiry.questions.inquiry_log import Matter, Outcome, add_log, log_row
from services.inquiry.signal_tables import WATCHES
from services.inquiry.signals import rights, seeds
from services.inquiry.signals.rows import count_watches, lock_watcher

# A quota of so many questions a day bears the watches that can be asked about while a signal of
# them is kept.
DAYS_TO_ASK = 30
WATCHED = Outcome("WATCHED")
# One statement however many they are; the same again renews.
_ADD = text("""
    insert into watches (agency, pseudonym, purpose, key_kind, seed, deposited_at, until)
    select :agency, pseudonym, :purpose, :key_kind, :seed, :now, :until
    from unnest(cast(:pseudonyms as bytea[])) p(pseudonym)
    order by pseudonym
    on conflict (agency, pseudonym, purpose) do update set
        key_kind = excluded.key_kind, seed = excluded.seed, until = excluded.until""")
_COUNTS = text("""
    select count(*) as total, count(*) filter (where purpose = :purpose) as of_purpose,
        count(*) filter (where purpose = :purpose and pseudonym = any(cast(:pseudonyms as bytea[])))
            as there
    from watches where agency = :agency""")
# What an agency has watched and is granted, for the comparison and where there is no register.
_NOTE_KIND = text("""
    update watchers set grants = cast(:grants as jsonb),
        kinds = array(select distinct unnest(kinds || cast(:key_kind as text)))
    where agency = :agency""")


class WatchRow(NamedTuple):
    """A watch as it is kept; ``until`` is the moment at which it ends."""

    pseudonym: bytes
    purpose: str
    key_kind: str
    seed: str
    deposited_at: dt.datetime
    until: dt.datetime


def deposit(context: Context, message: Watch) -> Watching | BusError:
    """Add or renew watches of the agency that calls; logged without the pseudonyms.

    The refusals of ``purposes.check``; Forbidden ``watch.not_granted`` if the register does not let
    it ask about them; RuleBroken ``seed.ended`` and ``watch.too_many``.
    """
    agency = asker_of(context.envelope).agency
    lock_watcher(context.conn, agency)
    pseudonyms = sorted({from_base64url(text) for text in message.pseudonyms})
    result = _refusal(context, agency, message, pseudonyms) or _add(
        context, agency, message, pseudonyms
    )
    outcome = result if isinstance(result, BusError) else WATCHED
    row = log_row(context.envelope, Matter(message.purpose), outcome, context.log_key)
    add_log(context.tx, [row], context.now)
    return result


def _add(context: Context, agency: str, message: Watch, pseudonyms: list[bytes]) -> Watching:
    last_day = tehran_day(context.now) + dt.timedelta(days=message.days - 1)
    until = dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), TEHRAN)
    values = {
        "agency": agency,
        "purpose": message.purpose,
        "key_kind": message.key_kind,
        "seed": message.seed,
        "now": context.now,
        "until": until,
        "pseudonyms": pseudonyms,
    }
    context.conn.execute(_ADD, values)
    grants = orjson.dumps(list(grants_in(context.envelope.caller or {}))).decode()
    note = {"agency": agency, "key_kind": message.key_kind, "grants": grants}
    context.conn.execute(_NOTE_KIND, note)
    return Watching(watches=count_watches(context.conn, agency), until=last_day.isoformat())


def _refusal(
    context: Context, agency: str, message: Watch, pseudonyms: list[bytes]
) -> BusError | None:
    """Why these may not be watched; nothing of it depends on who is registered."""
    day = tehran_day(context.now)
    caller = grants_in(context.envelope.caller or {})
    judged = purposes.check(message.purpose, caller, message.key_kind, day)
    if isinstance(judged, BusError):
        return judged
    granted = rights.grants_now(context.settings, agency, caller)
    if isinstance(purposes.check(message.purpose, granted, message.key_kind, day), BusError):
        return not_granted(
            "Your agency may not ask for this purpose; whoever may not ask may not watch."
        )
    seed_ids = {seed.id for seed in seeds.seeds_in_force(context.conn, agency, context.now)}
    if message.seed not in seed_ids:
        reason = "No seed of that id holds for your agency; read inquiry.watch_seeds.v1 again."
        fault = FieldError("seed", "seed.ended", reason)
        return RuleBroken(reason, code="seed.ended", fields=[fault])
    grant = purposes.grant_of(message.purpose, granted, day) or {}
    return _too_many(context.conn, agency, message.purpose, grant, pseudonyms)


def not_granted(reason: str) -> Forbidden:
    """Make the refusal of whoever may not ask."""
    return Forbidden(reason, code="watch.not_granted")


def _too_many(
    conn: Connection, agency: str, purpose: str, grant: Grant, pseudonyms: list[bytes]
) -> RuleBroken | None:
    values = {"agency": agency, "purpose": purpose, "pseudonyms": pseudonyms}
    counts = conn.execute(_COUNTS, values).one()
    new = len(pseudonyms) - counts.there
    of_grant = grant["per_day"] * DAYS_TO_ASK if "per_day" in grant else MOST_WATCHES
    if counts.total + new <= MOST_WATCHES and counts.of_purpose + new <= of_grant:
        return None
    most = min(of_grant, MOST_WATCHES)
    reason = f"Your grant bears {most} watches for this purpose; end those that you need no more."
    fault = FieldError("pseudonyms", "watch.too_many", reason)
    return RuleBroken(reason, code="watch.too_many", fields=[fault])


def end(context: Context, message: Unwatch) -> WatchesLeft:
    """End watches of the agency that calls; also one whose grant has ended may end its own."""
    agency = asker_of(context.envelope).agency
    pseudonyms = {from_base64url(text) for text in message.pseudonyms}
    query = delete(WATCHES).where(
        WATCHES.c.agency == agency, WATCHES.c.pseudonym.in_(sorted(pseudonyms))
    )
    if message.for_purpose is not None:
        query = query.where(WATCHES.c.purpose == message.for_purpose)
    context.conn.execute(query)
    return WatchesLeft(watches=count_watches(context.conn, agency))


def list_own(context: Context, message: ReadWatches) -> OwnWatches:
    """List the watches of the agency that calls, in the order of pseudonyms."""
    agency = asker_of(context.envelope).agency
    place = tuple_(WATCHES.c.pseudonym, WATCHES.c.purpose)
    query = (
        select(*(WATCHES.c[name] for name in WatchRow._fields))
        .where(WATCHES.c.agency == agency)
        .order_by(WATCHES.c.pseudonym, WATCHES.c.purpose)
        .limit(message.limit + 1)
    )
    if message.after is not None:
        pseudonym, _, purpose = message.after.partition(".")
        query = query.where(place > tuple_(from_base64url(pseudonym), purpose))
    rows = [WatchRow(*row) for row in context.conn.execute(query)]
    cut = page(rows, message.limit)
    return OwnWatches(
        watches=tuple(_own(row) for row in cut.rows),
        next=cut.next(lambda row: f"{base64url(row.pseudonym)}.{row.purpose}"),
    )


def _own(row: WatchRow) -> OwnWatch:
    return OwnWatch(
        pseudonym=base64url(row.pseudonym),
        purpose=row.purpose,
        key_kind=row.key_kind,
        seed=row.seed,
        deposited_at=instant(row.deposited_at),
        until=tehran_day(row.until - dt.timedelta(seconds=1)).isoformat(),
    )


def forget(context: Context) -> None:
    """Delete watches whose last day is over."""
    context.conn.execute(delete(WATCHES).where(WATCHES.c.until <= context.now))
