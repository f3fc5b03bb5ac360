"""Key sets that agencies publish: read again and again, and what of them comes into force.

What is read is noted first, with the audit's line, and counts only when the rules that two officers
wrote say so; each change of what counts is a version of the register, audited and published like
any other. A key that is gone from the set ends with the next reading.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Executable, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import columns, fetch_all
from services.agencies.context import Context
from services.agencies.domain.document import Document
from services.agencies.key_tables import KEY_SETS, FetchedKeyRow, KeySetRow
from services.agencies.register import fetched_keys, revocations, versions
from services.agencies.register.published_keys import (
    BadKeySet,
    PublishedKey,
    counts,
    key_id,
    read_key_set,
)
from services.agencies.register.versions import Act
from services.agencies.tables import AGENCIES, AgencyRow

READ_EVERY = dt.timedelta(minutes=2)
LONGEST_PAUSE = dt.timedelta(minutes=30)
# The audit keeps each key that appears; who makes one for each reading fills no disk by it.
MOST_NEW_A_DAY = 20
TOO_MANY_NEW = "too_many_new"
SEEN, GONE, CHANGED_ACT, FAULT = "key seen", "key gone", "key set", "key set fault"
_WITH_SETS = select(*columns(AGENCIES, AgencyRow)).where(
    AGENCIES.c.state == versions.IN_FORCE,
    text("jsonb_array_length(coalesce(agencies.document->'key_sets', '[]'::jsonb)) > 0"),
)


@dataclass(frozen=True, slots=True)
class DueSet:
    """A key set that is to be read now."""

    code: str
    url: str


def due(context: Context) -> list[DueSet]:
    """The key sets that are to be read now; each is due again later, whatever comes of it."""
    named = {
        (agency.code, url)
        for agency in fetch_all(context.conn, AgencyRow, _WITH_SETS)
        for url, rules in fetched_keys.rules_of(agency.document).items()
        if rules.until >= context.now.date()
    }
    rows = {(row.code, row.url): row for row in _rows(context.conn)}
    for code, url in rows.keys() - named:
        context.conn.execute(_delete_set(code, url))
        # Nobody watches it now: if it is named again, its keys wait again.
        fetched_keys.end_set(context.conn, code, url, context.now)
    for code, url in sorted(named - rows.keys()):
        context.conn.execute(insert(KEY_SETS).values(code=code, url=url, next_at=context.now))
    chosen = [
        DueSet(*key) for key in sorted(named) if key not in rows or rows[key].next_at <= context.now
    ]
    for one_set in chosen:
        context.conn.execute(_update_set(one_set, next_at=context.now + READ_EVERY))
    return chosen


def note(context: Context, due_set: DueSet, body: bytes) -> None:
    """Note what a key set holds now. A set that is odd as a whole changes nothing but its fault;
    a key beside which a private half stands ends at once, and if that is its own, for ever.
    """
    try:
        keys = read_key_set(body)
    except BadKeySet as error:
        _end_exposed(context, due_set.code, error.exposed)
        note_fault(context, due_set, error.code)
        return
    fault = _note_keys(context, due_set, keys)
    _note_state(context, due_set, fault)
    context.conn.execute(_update_set(due_set, good_at=context.now, failures=0))


def note_fault(context: Context, due_set: DueSet, fault: str) -> None:
    """Note why a key set was not taken. Its last keys stay, and it is read less and less often."""
    failures = _note_state(context, due_set, fault) + 1
    pause = min(READ_EVERY * 2 ** min(failures - 1, 8), LONGEST_PAUSE)
    context.conn.execute(_update_set(due_set, failures=failures, next_at=context.now + pause))


def settle(context: Context) -> int:
    """Bring into force and end what the rules say now; how many agencies have a new version."""
    agencies = fetch_all(context.conn, AgencyRow, _WITH_SETS)
    # First without the lock: mostly nothing changes, and this is asked all the time.
    codes = [agency.code for agency in agencies if _changes(context, agency.document)]
    if codes:
        versions.lock(context.conn)
    return sum(_settle(context, code) for code in codes)


def failing(conn: Connection) -> int:
    """How many key sets could not be read the last time."""
    count: int = conn.execute(
        select(func.count()).select_from(KEY_SETS).where(KEY_SETS.c.fault != "")
    ).scalar_one()
    return count


def states(conn: Connection, code: str) -> dict[str, KeySetRow]:
    """How the key sets of an agency stand, by their URLs."""
    return {row.url: row for row in _rows(conn) if row.code == code}


def _settle(context: Context, code: str) -> bool:
    agency = versions.get_agency_in_force(context.conn, code)
    changes = _changes(context, agency.document)
    for row, is_in_force in changes:
        values = {"in_force": is_in_force}
        fetched_keys.set_values(context.conn, code, [row.thumbprint], values)
    detail = ", ".join(
        f"{'+' if is_in_force else '-'}{row.kid} {key_id(code, row.thumbprint)}"
        for row, is_in_force in changes
    )
    if changes:
        act = Act(CHANGED_ACT, detail)
        versions.add_version(context, agency.document, act, ends_at=agency.ends_at)
    return bool(changes)


def _changes(context: Context, document: Document) -> list[tuple[FetchedKeyRow, bool]]:
    """The keys of which it changes whether they are in force, and to what."""
    code, rules = document["code"], fetched_keys.rules_of(document)
    good = {url: row.good_at for url, row in states(context.conn, code).items()}
    rows = fetched_keys.rows_of(context.conn, code)
    thumbprints = [row.thumbprint for row in rows]
    revoked = revocations.revoked_thumbprints(context.conn, code, thumbprints)
    judged = [
        (
            row,
            row.url in rules
            and row.gone_at is None
            and row.thumbprint not in revoked
            and counts(rules[row.url], fetched_keys.times_of(row), good.get(row.url), context.now),
        )
        for row in rows
    ]
    return [(row, is_in_force) for row, is_in_force in judged if is_in_force != row.in_force]


def _note_keys(context: Context, due_set: DueSet, keys: Sequence[PublishedKey]) -> str:
    """Note keys that appeared and that are gone; a fault if more appear than a day may bring."""
    code, now = due_set.code, context.now
    rows = {row.thumbprint: row for row in fetched_keys.rows_of(context.conn, code)}
    room = MOST_NEW_A_DAY - sum(row.since > now - dt.timedelta(days=1) for row in rows.values())
    standing = {thumbprint: row for thumbprint, row in rows.items() if row.gone_at is None}
    new = [
        key
        for key in keys
        if key.thumbprint not in standing
        or (standing[key.thumbprint].url == due_set.url and standing[key.thumbprint].kid != key.kid)
    ]
    for key in new[:room] if room > 0 else []:
        fetched_keys.add(context.conn, code, due_set.url, key, now)
        _audit(context, code, SEEN, f"{key.kid} {key_id(code, key.thumbprint)}")
    thumbprints = {key.thumbprint for key in keys}
    for row in standing.values():
        if row.url == due_set.url and row.thumbprint not in thumbprints:
            fetched_keys.set_values(context.conn, code, [row.thumbprint], {"gone_at": now})
            _audit(context, code, GONE, f"{row.kid} {key_id(code, row.thumbprint)}")
    return TOO_MANY_NEW if len(new) > max(room, 0) else ""


def _end_exposed(context: Context, code: str, exposed: Mapping[str, bool]) -> None:
    """End keys beside which a private half stands. Only one that is known to all ends for ever and
    for all: a set may name the key of another agency, with a private half that is made up.
    """
    rows = [row for row in fetched_keys.rows_of(context.conn, code) if row.thumbprint in exposed]
    for row in rows:
        id_ = key_id(code, row.thumbprint)
        if exposed[row.thumbprint]:
            revocations.remember_thumbprint(context, code, row.thumbprint)
            revocations.end_key_ids(context, code, [id_])
        elif row.gone_at is None:
            values = {"gone_at": context.now}
            fetched_keys.set_values(context.conn, code, [row.thumbprint], values)
            _audit(context, code, GONE, f"{row.kid} {id_}")


def _note_state(context: Context, due_set: DueSet, fault: str) -> int:
    """Note the fault of a reading, or its end; how many failed before in a row."""
    before = states(context.conn, due_set.code).get(due_set.url)
    context.conn.execute(_update_set(due_set, fault=fault))
    if before is not None and before.fault != fault:
        _audit(context, due_set.code, FAULT, f"{due_set.url}: {fault or 'read again'}")
    return before.failures if before is not None else 0


def _audit(context: Context, code: str, act: str, detail: str) -> None:
    versions.add_audit(context, code, Act(act, detail))


def _rows(conn: Connection) -> list[KeySetRow]:
    return fetch_all(conn, KeySetRow, select(*columns(KEY_SETS, KeySetRow)))


def _update_set(due_set: DueSet, **values: object) -> Executable:
    return (
        update(KEY_SETS)
        .where(KEY_SETS.c.code == due_set.code, KEY_SETS.c.url == due_set.url)
        .values(**values)
    )


def _delete_set(code: str, url: str) -> Executable:
    return delete(KEY_SETS).where(KEY_SETS.c.code == code, KEY_SETS.c.url == url)
