"""Compares what was staged with what is known, and writes the difference; set-based SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.inquiry.domain.registry import Fault, fault
from services.inquiry.sheets import LoadFailed

REMOVABLE = 0.05

# A number used twice: the first row stands, whatever else is wrong with it or the later ones.
TWICE = """
    create temp table load_twice on commit drop as
    select s.line, s.key, firsts.line as first_line
    from load_{name} s
    join (select key, min(line) as line from load_{name} where key is not null
          group by key having count(*) > 1) firsts using (key)
    where s.line > firsts.line and s.item is not null
"""
FORGET_TWICE = """
    update load_{name} s set item = null from load_twice t where s.line = t.line
"""
ORPHANS = """
    select line, key from load_{name} p
    where item is not null
      and not exists (select from load_sources s where s.key = p.key and s.item is not null)
      and not exists (select from source_versions v where v.file_no = p.key and v.known_to is null)
    order by line
"""
# A list with a bad row in it stays as it was known; the rest of the source is taken over. While a
# row of the sheet belongs to nobody known, it may be anybody's: then no list loses a member.
# Lists are sorted by content, so that another order of rows is not a change.
CHANGES = """
    create temp table load_changes on commit drop as
    with partners as (
        select key, coalesce(jsonb_agg(item order by item) filter (where item is not null), '[]')
               as items, bool_or(item is null) as broken
        from load_partners where key is not null group by key
    ), violations as (
        select key, coalesce(jsonb_agg(item order by item) filter (where item is not null), '[]')
               as items, bool_or(item is null) as broken
        from load_violations where key is not null group by key
    ), owned as (
        select key from load_sources where key is not null
        union select file_no from source_versions where known_to is null
    ), loose as (
        select %(keep)s and exists (select from load_partners p where p.key is null
                   or p.key not in (select key from owned)) as partners,
               %(keep)s and exists (select from load_violations p where p.key is null
                   or p.key not in (select key from owned)) as violations
    ), wholes as (
        select s.key as file_no, v.id as old_id, v.hash as old_hash,
               s.item || jsonb_build_object(
                   'partners', case when v.id is not null and (p.broken or loose.partners
                       and not coalesce(p.items, '[]') @> (v.record -> 'partners'))
                       then v.record -> 'partners' else coalesce(p.items, '[]') end,
                   'violations', case when v.id is not null and (o.broken or loose.violations
                       and not coalesce(o.items, '[]') @> (v.record -> 'violations'))
                       then v.record -> 'violations' else coalesce(o.items, '[]') end) as record
        from load_sources s
        left join partners p using (key)
        left join violations o using (key)
        left join source_versions v on v.file_no = s.key and v.known_to is null
        cross join loose
        where s.item is not null
    ), hashed as (
        select *, md5(record::text)::uuid as hash from wholes
    )
    select file_no, old_id, hash, record,
           nextval(pg_get_serial_sequence('source_versions', 'id')) as id
    from hashed where old_hash is distinct from hash
"""
GONE = """
    create temp table load_gone on commit drop as
    select v.id from source_versions v
    where v.known_to is null
      and not exists (select from load_sources s where s.key = v.file_no)
      and not exists (select from load_sources s where s.item is null
                      and s.other = v.record ->> 'subscription_code')
"""
DECREE_CHANGES = """
    create temp table load_decree_changes on commit drop as
    select s.key as number, s.item as record, d.id as old_id
    from load_decrees s left join decrees d on d.number = s.key and d.known_to is null
    where s.item is not null and d.record is distinct from s.item
"""
DECREES_GONE = """
    create temp table load_decrees_gone on commit drop as
    select d.id from decrees d
    where d.known_to is null and not exists (select from load_decrees s where s.key = d.number)
"""
COUNTS = """
    select (select count(*) from load_changes where old_id is null),
           (select count(*) from load_changes where old_id is not null),
           (select count(*) from load_gone),
           (select count(*) from load_decree_changes),
           (select count(*) from load_decrees_gone)
"""
NEW_VERSION = """
    insert into data_versions (version, known_from, sources_added, sources_changed,
                               sources_removed, decrees_changed, bad_rows)
    select coalesce(max(version), 0) + 1,
           greatest(clock_timestamp(), max(known_from) + interval '1 microsecond'),
           %s, %s, %s, %s, %s
    from data_versions
    returning version, known_from
"""
WRITES = (
    """update source_versions v set known_to = %(known_from)s
       from load_changes c where v.id = c.old_id""",
    """update source_versions v set known_to = %(known_from)s
       from load_gone g where v.id = g.id""",
    """insert into source_versions (id, file_no, known_from, data_version, hash, record)
       select id, file_no, %(known_from)s, %(version)s, hash, record from load_changes""",
    """insert into source_keys (kind, value, version_id)
       select distinct k.kind, k.value, c.id
       from load_changes c cross join lateral (values
           (c.record -> 'holder' ->> 'id_kind', c.record -> 'holder' ->> 'id'),
           ('licence_no', c.record -> 'licence' ->> 'number'),
           ('file_no', c.file_no),
           ('subscription_code', c.record ->> 'subscription_code'),
           ('electricity_subscription', c.record ->> 'electricity_subscription')
       ) k (kind, value)
       where k.value is not null
       union
       select p ->> 'id_kind', p ->> 'id', c.id
       from load_changes c cross join lateral jsonb_array_elements(c.record -> 'partners') p
       order by 1, 2, 3""",
    """update decrees d set known_to = %(known_from)s
       from load_decree_changes c where d.id = c.old_id""",
    """update decrees d set known_to = %(known_from)s
       from load_decrees_gone g where d.id = g.id""",
    """insert into decrees (number, known_from, data_version, record)
       select number, %(known_from)s, %(version)s, record from load_decree_changes
       order by number""",
    "analyze source_versions",
    "analyze source_keys",
)


@dataclass(frozen=True)
class Changes:
    """How many sources and decrees differ from what was known."""

    added: int
    changed: int
    removed: int
    decrees_changed: int

    def __bool__(self) -> bool:
        return any((self.added, self.changed, self.removed, self.decrees_changed))


def repeated(cursor: Any, name: str) -> Iterator[tuple[int, Fault]]:
    """Lines whose number (of a file or a decree) an earlier line has; they are taken out."""
    cursor.execute("drop table if exists load_twice")
    cursor.execute(TWICE.format(name=name))
    cursor.execute(FORGET_TWICE.format(name=name))
    cursor.execute("select line, key, first_line from load_twice order by line")
    field = "شماره" if name == "decrees" else "شماره پرونده"
    code = "decree.twice" if name == "decrees" else "file_no.twice"
    for line, key, first in cursor:
        yield (
            line,
            Fault(
                field,
                code,
                f"این شماره در سطر {first} هم آمده است؛ تنها سطر نخست گرفته می‌شود.",
                f"Line {first} has the same number; only the first row is taken.",
                key,
            ),
        )


def orphans(cursor: Any, name: str) -> Iterator[tuple[int, Fault]]:
    """Lines of partners or violations whose source nobody knows."""
    cursor.execute(ORPHANS.format(name=name))
    for line, key in cursor:
        yield (
            line,
            fault(
                "شماره پرونده",
                "file_no.unknown",
                "No source of this file number was imported or is known.",
                key,
            ),
        )


def compare(cursor: Any, *, allow_removals: bool) -> Changes:
    """What differs from the known; LoadFailed ``load.removals`` if too much would vanish.

    While a row is so bad that nobody can say whose it is, nothing of its sheet counts as missing.
    """
    for statement in (CHANGES, "analyze load_changes", GONE, DECREE_CHANGES, DECREES_GONE):
        cursor.execute(statement, {"keep": not allow_removals})
    if not allow_removals and _unattributed(cursor, "load_sources"):
        cursor.execute("truncate load_gone")
    if not allow_removals and _unattributed(cursor, "load_decrees"):
        cursor.execute("truncate load_decrees_gone")
    cursor.execute(COUNTS)
    added, changed, removed, decrees, decrees_gone = cursor.fetchone()
    if not allow_removals:
        _guard(cursor, "sources", "source_versions", removed)
        _guard(cursor, "decrees", "decrees", decrees_gone)
    return Changes(added, changed, removed, decrees + decrees_gone)


def write(cursor: Any, changes: Changes, bad_rows: int) -> int:
    """Writes the difference as a new data version; its number."""
    cursor.execute(
        NEW_VERSION,
        (changes.added, changes.changed, changes.removed, changes.decrees_changed, bad_rows),
    )
    version, known_from = cursor.fetchone()
    for statement in WRITES:
        cursor.execute(statement, {"version": version, "known_from": known_from})
    return int(version)


def _unattributed(cursor: Any, table: str) -> bool:
    cursor.execute(
        f"select exists (select from {table} "  # noqa: S608 - ours
        "where item is null and key is null and other is null)"
    )
    return bool(cursor.fetchone()[0])


def _guard(cursor: Any, what: str, table: str, missing: int) -> None:
    cursor.execute(f"select count(*) from {table} where known_to is null")  # noqa: S608 - ours
    known = cursor.fetchone()[0]
    if missing > REMOVABLE * known:
        raise LoadFailed(
            "load.removals",
            (
                f"{missing} of {known} known {what} are not in this export, which is more than "
                f"{REMOVABLE:.0%}; if that is right, load it with --allow-removals."
            ),
        )
