"""Compares what has changed in the registry with watches, in the hub's own time.

An import only notes which records changed. For each agency that watches, the pseudonyms of the keys
of changed records are computed and looked up together; whoever is not registered costs nothing,
and no list of pseudonyms of registered persons is ever kept.
"""

import datetime as dt
import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Store, Tx
from contracts.billing.bills import BillFact
from iran.persian import tehran_day
from services.inquiry.context import Context
from services.inquiry.domain.debts import is_debt_of_source
from services.inquiry.domain.purposes import Grant, Purpose
from services.inquiry.domain.records import SourceRecord
from services.inquiry.domain.visibility import Key, Moment, keys_of, view
from services.inquiry.questions.inquiry_log import key_hash
from services.inquiry.registry import lookup
from services.inquiry.signals import rights, seeds, sending

PAGE = 500
_NOTE_DEBT = text("""
    insert into signal_changes (kind, file_no, noted_at) values ('debt', :file_no, :now)""")
_WATCHERS = text("""
    select agency, kinds, grants from watchers w
    where exists (select from watches where agency = w.agency) order by agency""")
_CHANGES = text("""
    select c.seq, c.kind, o.record::text as old, coalesce(n.record, d.record)::text as new,
        (select max(version) from data_versions where version < c.version) as version_before,
        c.version, c.since
    from signal_changes c
    left join source_versions o on o.id = c.old_id
    left join source_versions n on n.id = c.new_id
    left join source_versions d
        on c.kind = 'debt' and d.file_no = c.file_no and d.known_to is null
    order by c.seq limit :limit""")
_FORGET = text("delete from signal_changes where seq = any(:compared)")
# One statement: a watch that is deposited meanwhile keeps what changes after it.
_FORGET_UNWATCHED = text("delete from signal_changes where not exists (select from watches)")
_WATCHED = text("""
    select pseudonym, purpose, key_kind from watches
    where agency = :agency and seed = :seed and until > :now
    and pseudonym = any(cast(:pseudonyms as bytea[]))""")
# So long an answer lets its agency hear of changes: a watch of a year, and a month of its signals.
ANSWER_COUNTS = dt.timedelta(days=400)
# About whom the agency was itself answered under that purpose.
_ASKED = text("""
    select q.n from unnest(cast(:hashes as text[]), cast(:purposes as text[]))
        with ordinality as q(hash, purpose, n)
    where exists (
        select from inquiry_log l
        where l.key_hash = q.hash and l.agency = :agency and l.purpose = q.purpose
        and l.on_behalf_of is null and l.outcome in ('FOUND', 'NOT_FOUND') and l.at > :since)""")
_ADD_DUE = text("""
    insert into signals_due (agency, pseudonym, purpose, due_at)
    select :agency, decode(pseudonym, 'hex'), purpose, :due_at
    from jsonb_to_recordset(cast(:rows as jsonb)) as row(pseudonym text, purpose text)
    order by pseudonym, purpose
    on conflict do nothing""")


class ChangeRow(NamedTuple):
    """A change that is to be compared: the record before and after, as JSON."""

    seq: int
    kind: str
    old: str | None
    new: str | None
    version_before: int | None
    version: int | None
    since: dt.date | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change: how the record was and is, each with the decrees known then.

    ``kind``: ``debt`` if billing said something of it, ``day`` if the record is as it was and only
    the date is another, ``unread`` if newer rows about it could not be read, or can be again.
    """

    kind: str
    old: SourceRecord | None
    new: SourceRecord | None
    before: Moment
    after: Moment

    @property
    def keys(self) -> set[Key]:
        """All keys that lead, or led, to the record."""
        return keys_of(self.old) | keys_of(self.new)

    def concerns(self, key: Key, shown: Sequence[str]) -> bool:
        """True if an answer of those blocks, asked by the key, differs."""
        if self.kind == "unread":
            return True
        if self.kind == "debt":
            return "debt" in shown
        before = view(self.old, key, shown, self.before)
        return before != view(self.new, key, shown, self.after)


class Watched(NamedTuple):
    """Somebody of whom something changed, under which purpose an agency watches, by which name."""

    key: Key
    purpose: str
    pseudonym: bytes


def note_bill(conn: Connection, bill: BillFact, now: dt.datetime) -> None:
    """Note that billing announced something of a source's debt."""
    if is_debt_of_source(bill):
        conn.execute(_NOTE_DEBT, {"file_no": bill.file_no, "now": now})


def compare(store: Store, context_of: Callable[[Tx], Context], most: int) -> None:
    """Compare so many pages of changes at the most, each in a transaction of its own."""
    for _ in range(most):
        with store.transaction() as tx:
            if not compare_page(context_of(tx)):
                return


def compare_page(context: Context) -> bool:
    """Compare the oldest changes with the watches of all agencies; true if there may be more."""
    watchers = context.conn.execute(_WATCHERS).all()
    if not watchers:
        context.tx.makes_nothing_due()
        context.conn.execute(_FORGET_UNWATCHED)
        return False
    rows = [ChangeRow(*row) for row in context.conn.execute(_CHANGES, {"limit": PAGE})]
    if not rows:
        context.tx.makes_nothing_due()
        return False
    changes = by_key(_changes(context, rows))
    for agency, kinds, grants in watchers:
        _compare(context, agency, {k: c for k, c in changes.items() if k.kind in kinds}, grants)
    context.conn.execute(_FORGET, {"compared": [row.seq for row in rows]})
    return len(rows) == PAGE


def by_key(changes: Iterable[Change]) -> dict[Key, list[Change]]:
    """The changes by the keys that lead, or led, to their records."""
    of_key: dict[Key, list[Change]] = {}
    for change in changes:
        for key in change.keys:
            of_key.setdefault(key, []).append(change)
    return of_key


def _changes(context: Context, rows: Sequence[ChangeRow]) -> list[Change]:
    numbers = {n for row in rows for n in (row.version_before, row.version) if n}
    versions = lookup.data_versions(context.conn, numbers)
    day = tehran_day(context.now)
    moments = {n: Moment(day, version.decrees) for n, version in versions.items()}
    none = Moment(day, ())
    made = []
    for row in rows:
        before, after = (moments.get(n or 0, none) for n in (row.version_before, row.version))
        if row.since is not None:
            before = Moment(row.since, after.decrees)
        old, new = (orjson.loads(record) if record else None for record in (row.old, row.new))
        made.append(Change(row.kind, old, new, before, after))
    return made


def _compare(
    context: Context, agency: str, changes: Mapping[Key, list[Change]], grants: Sequence[Grant]
) -> None:
    """Note of whom an agency is to hear; nobody if it may not ask for any purpose."""
    granted = rights.grants_now(context.settings, agency, grants)
    lawful = rights.lawful_purposes(granted, context.now)
    if not lawful or not changes:
        return
    concerned = [
        watched
        for watched in _watched(context, agency, list(changes))
        if _concerns(changes[watched.key], watched, lawful.get(watched.purpose))
    ]
    due = _asked_about(context, agency, concerned)
    if due:
        rows = [{"pseudonym": d.pseudonym.hex(), "purpose": d.purpose} for d in due]
        values = {"agency": agency, "due_at": sending.span_end(context)}
        context.conn.execute(_ADD_DUE, {**values, "rows": orjson.dumps(rows).decode()})


def _concerns(changes: Sequence[Change], watched: Watched, purpose: Purpose | None) -> bool:
    return (
        purpose is not None
        and watched.key.kind in purpose.key_kinds
        and any(change.concerns(watched.key, purpose.blocks) for change in changes)
    )


def _watched(context: Context, agency: str, keys: Sequence[Key]) -> Sequence[Watched]:
    """Who of these an agency watches; of a watch by two seeds the one by the newer seed."""
    octets = [f"{key.kind}:{key.value}".encode() for key in keys]
    watched: dict[tuple[Key, str], Watched] = {}
    for row in seeds.seeds_in_force(context.conn, agency, context.now):
        seed = seeds.seed_of(context.log_key, agency, row.salt)
        of_pseudonym = {
            hmac.digest(seed, octet, "sha256"): key for octet, key in zip(octets, keys, strict=True)
        }
        # Others of this process have their turn between two agencies.
        time.sleep(0)
        values = {"agency": agency, "seed": row.id, "now": context.now}
        values["pseudonyms"] = list(of_pseudonym)
        for pseudonym, purpose, kind in context.conn.execute(_WATCHED, values):
            key = of_pseudonym[bytes(pseudonym)]
            if key.kind == kind:
                watched.setdefault((key, purpose), Watched(key, purpose, bytes(pseudonym)))
    return list(watched.values())


def _asked_about(context: Context, agency: str, watched: Sequence[Watched]) -> list[Watched]:
    """Those about whom the agency has itself been answered under the same purpose, lately.

    Otherwise a list of guesses would find out by its signals who is registered, without a question
    that is logged, counted and shown to whom it concerns; and one of years ago would go on
    to hear for ever, of people who have long left it.
    """
    if not watched:
        return []
    values = {
        "agency": agency,
        "hashes": [key_hash(context.log_key, w.key.kind, w.key.value) for w in watched],
        "purposes": [w.purpose for w in watched],
        "since": context.now - ANSWER_COUNTS,
    }
    return [watched[n - 1] for (n,) in context.conn.execute(_ASKED, values)]
