"""Seeds of pseudonyms: of each agency its own, so that two cannot compare their lists.

Kept is a random salt; the seed follows from it and the secret of the service. A stolen database
therefore makes no pseudonym, and a seed is destroyed for ever when its row is deleted.
"""

import datetime as dt
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import columns, fetch_all
from bus.errors import RuleBroken
from bus.sealing import derived
from bus.signatures.keys import base64url
from contracts.inquiry.signals import RotateWatchSeed, WatchesLeft, WatchSeed, WatchSeeds
from services.inquiry.askers import asker_of
from services.inquiry.context import Context
from services.inquiry.domain.moments import instant
from services.inquiry.signal_tables import SIGNALS_DUE, WATCH_SEEDS, WATCHES
from services.inquiry.signals import rights, sending
from services.inquiry.signals.rows import count_watches, lock_watcher

SALT_BYTES = 32
LIFE = dt.timedelta(days=90)
OVERLAP = dt.timedelta(days=14)
# Seeds whose turn has come: the oldest in use first, of agencies that watch somebody by them.
_OLD = text("""
    select s.agency, w.grants from watch_seeds s join watchers w using (agency)
    where s.until is null and s.made_at < :before
    and not exists (select from watch_seeds o where o.agency = s.agency and o.until is not null)
    and exists (select from watches v where v.agency = s.agency)
    order by s.made_at limit 100""")


@dataclass(frozen=True, slots=True)
class SeedRow:
    """A row of the table; ``until`` is None for the seed in use."""

    id: str
    agency: str
    salt: bytes
    made_at: dt.datetime
    until: dt.datetime | None


def seed_of(log_key: str, agency: str, salt: bytes) -> bytes:
    """Derive a seed, 32 bytes, from the secret of the service, its agency and its salt."""
    key = derived(log_key, "mirab.inquiry.watch_seed")
    return hmac.digest(key, agency.encode() + b"\0" + bytes(salt), "sha256")


def seeds_in_force(conn: Connection, agency: str, now: dt.datetime) -> Sequence[SeedRow]:
    """The seeds of an agency that hold now, the newest first: one, or two during a rotation."""
    column = WATCH_SEEDS.c
    query = (
        select(*columns(WATCH_SEEDS, SeedRow))
        .where(column.agency == agency, or_(column.until.is_(None), column.until > now))
        .order_by(column.until.is_(None).desc(), column.made_at.desc())
    )
    return fetch_all(conn, SeedRow, query)


def read_seeds(context: Context) -> WatchSeeds:
    """Read the seeds of the agency that calls; its first one is made now."""
    agency = asker_of(context.envelope).agency
    if not any(seed.until is None for seed in seeds_in_force(context.conn, agency, context.now)):
        lock_watcher(context.conn, agency)
        _make(context, agency)
    return WatchSeeds(
        seeds=tuple(
            WatchSeed(
                id=row.id,
                seed=base64url(seed_of(context.log_key, agency, row.salt)),
                made_at=instant(row.made_at),
                until=instant(row.until) if row.until else None,
            )
            for row in seeds_in_force(context.conn, agency, context.now)
        )
    )


def rotate(context: Context, message: RotateWatchSeed) -> WatchesLeft | RuleBroken:
    """Make a new seed for the agency that calls, and announce it.

    RuleBroken ``seed.rotating`` while an older one still holds, unless all are to end at once.
    """
    agency = asker_of(context.envelope).agency
    lock_watcher(context.conn, agency)
    seeds = seeds_in_force(context.conn, agency, context.now)
    if message.at_once:
        for seed in seeds:
            _destroy(context.conn, seed)
    elif any(seed.until for seed in seeds):
        return RuleBroken(
            "Your seed is being rotated: the older one still holds. Wait until it has ended, or "
            "end all older ones with at_once.",
            code="seed.rotating",
        )
    _begin_rotation(context, agency)
    return WatchesLeft(watches=count_watches(context.conn, agency))


def rotate_old(context: Context) -> None:
    """Rotate seeds that have been in use for their time, and destroy those that have ended.

    While an agency has no grant its seed is not rotated: it would not hear of it.
    """
    for agency, grants in context.conn.execute(_OLD, {"before": context.now - LIFE}).all():
        granted = rights.grants_now(context.settings, agency, grants)
        if rights.lawful_purposes(granted, context.now):
            lock_watcher(context.conn, agency)
            _begin_rotation(context, agency)
    ended = select(*columns(WATCH_SEEDS, SeedRow)).where(WATCH_SEEDS.c.until <= context.now)
    for seed in fetch_all(context.conn, SeedRow, ended):
        _destroy(context.conn, seed)


def _begin_rotation(context: Context, agency: str) -> None:
    """Let the seed in use, if there is one, end after the overlap; make the next, announce it."""
    context.conn.execute(
        update(WATCH_SEEDS)
        .where(WATCH_SEEDS.c.agency == agency, WATCH_SEEDS.c.until.is_(None))
        .values(until=context.now + OVERLAP)
    )
    seed = _make(context, agency)
    sending.announce_seed(context, agency, seed)


def _make(context: Context, agency: str) -> str:
    """Make a seed for use, unless another call has just made one; return its id."""
    id_ = str(uuid.uuid4())
    row = {
        "id": id_,
        "agency": agency,
        "salt": secrets.token_bytes(SALT_BYTES),
        "made_at": context.now,
    }
    context.conn.execute(insert(WATCH_SEEDS).values(row).on_conflict_do_nothing())
    return id_


def _destroy(conn: Connection, seed: SeedRow) -> None:
    """Delete a seed, the watches made with it, and what was due of them."""
    of_seed = select(WATCHES.c.pseudonym).where(
        WATCHES.c.agency == seed.agency, WATCHES.c.seed == seed.id
    )
    due = delete(SIGNALS_DUE).where(
        SIGNALS_DUE.c.agency == seed.agency, SIGNALS_DUE.c.pseudonym.in_(of_seed)
    )
    conn.execute(due)
    conn.execute(delete(WATCHES).where(WATCHES.c.agency == seed.agency, WATCHES.c.seed == seed.id))
    conn.execute(delete(WATCH_SEEDS).where(WATCH_SEEDS.c.id == seed.id))
