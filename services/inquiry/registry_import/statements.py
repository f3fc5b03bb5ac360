"""The statements by which what was staged is compared with what is known, and written.

They are PostgreSQL's own from end to end (temporary tables, jsonb, sets), and run on psycopg2's
cursor, which also does the COPY. ``{load}`` and its like are names of tables of ours.

Each sheet is read a few times, however many rows it has: nothing is looked for row by row. ``in
(select …)`` below an ``or``, and ``exists`` among what is selected, do that once a list no longer
fits into the memory that a statement may take.
"""

from psycopg2.sql import SQL

# A number used twice: the first row stands, whatever else is wrong with it or the later ones. Where
# a later one says something else, newer data about its source is unread.
TWICE = SQL("""
    create temp table load_twice on commit drop as
    select s.line, s.key, first.line as first_line, s.item is distinct from first.item as differs
    from {load} s
    join (select key, min(line) as line from {load} where key is not null
          group by key having count(*) > 1) firsts using (key)
    join {load} first on first.line = firsts.line
    where s.line > firsts.line and s.item is not null
""")
FORGET_TWICE = SQL("""
    update {load} s set item = null, says = case when t.differs then
        jsonb_build_object(
            'keys', jsonb_build_array(jsonb_build_array(cast({kind} as text), s.key))) end
    from load_twice t where s.line = t.line
""")
ORPHANS = SQL("""
    create temp table load_orphans on commit drop as
    select p.line, p.key, bool_or(s.key is not null) as refused
    from {load} p left join load_sources s on s.key = p.key
    where p.item is not null
      and not exists (select from load_sources s where s.key = p.key and s.item is not null)
      and not exists (select from source_versions v where v.file_no = p.key and v.known_to is null)
    group by p.line, p.key
""")
FORGET_ORPHANS = SQL("""
    update {load} p set item = null, says = jsonb_build_object('keys', jsonb_build_array(
        jsonb_build_array('file_no', p.key),
        jsonb_build_array(p.item ->> 'id_kind', p.item ->> 'id')))
    from load_orphans o where p.line = o.line
""")
# A source whose row was refused stays as it was known, but for orders that can be read of the row
# and for its partners and violations. A list with a bad row in it stays as it was known. While a
# row of its sheet belongs to nobody known, or the sheet could not be read whole, it may be
# anybody's: then no list loses a member. Lists are sorted by content, so that another order of rows
# is not a change.
REFUSED = """
    create temp table load_refused on commit drop as
    select v.id, v.file_no, v.record, s.says
    from source_versions v join load_sources s on s.key = v.file_no
    where s.item is null and v.known_to is null
    union all
    select v.id, v.file_no, v.record, s.says
    from source_versions v join load_sources s on s.other = v.record ->> 'subscription_code'
    where s.item is null and s.key is null and v.known_to is null
"""
BASES = """
    create temp table load_bases on commit drop as
    select key as file_no, item from load_sources where item is not null
    union all
    select r.file_no, r.record || jsonb_build_object('orders', coalesce(orders.items, '[]'))
    from (select distinct on (id) id, file_no, record from load_refused order by id) r
    cross join lateral (
        select jsonb_agg(o order by o) as items from (
            select jsonb_array_elements(r.record -> 'orders') as o
            union
            select jsonb_array_elements(s.says -> 'orders') from load_refused s where s.id = r.id
        ) known_and_new) orders
    where not exists (select from load_sources s where s.key = r.file_no and s.item is not null)
"""
CHANGES = """
    create temp table load_changes (
        file_no text, old_id bigint, hash uuid, record jsonb, old jsonb, id bigint
    ) on commit drop;
    create temp table load_kept_lists (file_no text) on commit drop;

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
        select %(keep_partners)s or %(keep)s and exists (select from load_partners p
                   where not exists (select from owned o where o.key = p.key)) as partners,
               %(keep_violations)s or %(keep)s and exists (select from load_violations p
                   where not exists (select from owned o where o.key = p.key)) as violations
    ), lists as (
        select b.file_no, v.id as old_id, v.hash as old_hash, v.record as old, b.item,
               coalesce(p.items, '[]') as partners, coalesce(o.items, '[]') as violations,
               v.id is not null and (p.broken or loose.partners
                   and not (coalesce(p.items, '[]') @> (v.record -> 'partners')
                       and jsonb_array_length(coalesce(p.items, '[]'))
                           >= jsonb_array_length(v.record -> 'partners'))) as keep_partners,
               v.id is not null and (o.broken or loose.violations
                   and not (coalesce(o.items, '[]') @> (v.record -> 'violations')
                       and jsonb_array_length(coalesce(o.items, '[]'))
                           >= jsonb_array_length(v.record -> 'violations'))) as keep_violations
        from load_bases b
        left join partners p on p.key = b.file_no
        left join violations o on o.key = b.file_no
        left join source_versions v on v.file_no = b.file_no and v.known_to is null
        cross join loose
    ), wholes as (
        select file_no, old_id, old_hash, old, keep_partners or keep_violations as kept,
               item || jsonb_build_object(
            'partners', case when keep_partners then old -> 'partners' else partners end,
            'violations', case when keep_violations then old -> 'violations' else violations end
        ) as record from lists
    ), hashed as materialized (
        select file_no, old_id, hash, record, old, kept, old_hash is distinct from hash as differs
        from (select *, md5(record::text)::uuid as hash from wholes) w
        where kept or old_hash is distinct from hash
    ), kept as (
        insert into load_kept_lists select file_no from hashed where kept
    )
    insert into load_changes
    select file_no, old_id, hash, record, old,
           nextval(pg_get_serial_sequence('source_versions', 'id'))
    from hashed where differs
    order by file_no collate "C"
"""
GONE = """
    create temp table load_gone on commit drop as
    select v.id, v.file_no from source_versions v
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
# Keys of refused rows, and files that are kept only because something could not be read.
UNREAD = """
    create temp table load_unread on commit drop as
    select k ->> 0 as kind, k ->> 1 as value from (
        select jsonb_array_elements(says -> 'keys') as k from load_sources where item is null
        union select jsonb_array_elements(says -> 'keys') from load_partners where item is null
        union select jsonb_array_elements(says -> 'keys') from load_violations where item is null
        union select jsonb_array_elements(says -> 'keys') from load_decrees where item is null) k
    where k ->> 0 is not null and k ->> 1 is not null
    union
    select 'file_no', v.file_no from source_versions v join load_sources s
        on s.item is null and s.says is not null and s.other = v.record ->> 'subscription_code'
    where v.known_to is null
    union
    select 'file_no', file_no from load_kept_lists
    union
    select 'file_no', file_no from load_kept
"""
UNREAD_CHANGES = """
    create temp table load_unread_new on commit drop as
    select kind, value from load_unread
    except select kind, value from unread_keys where known_to is null;
    create temp table load_unread_gone on commit drop as
    select kind, value from unread_keys where known_to is null
    except select kind, value from load_unread
"""
COUNTS = """
    select (select count(*) from load_changes where old_id is null),
           (select count(*) from load_changes where old_id is not null),
           (select count(*) from load_gone),
           (select count(*) from load_decree_changes),
           (select count(*) from load_decrees_gone),
           (select count(*) from load_unread_new) + (select count(*) from load_unread_gone)
"""
# How many members of lists would vanish, and how many are known.
MEMBERS = SQL("""
    select (select count(*) from load_changes c
            cross join lateral jsonb_array_elements(c.old -> {members}) m
            where not exists (select from jsonb_array_elements(c.record -> {members}) n
                              where {same})),
           (select coalesce(sum(jsonb_array_length(record -> {members})), 0)
            from source_versions where known_to is null)
""")
SAME = {
    "partners": SQL("n ->> 'id' = m ->> 'id'"),
    "violations": SQL("n ->> 'kind' = m ->> 'kind' and n ->> 'found_on' = m ->> 'found_on'"),
}
NEW_VERSION = """
    insert into data_versions (version, known_from, sources_added, sources_changed,
                               sources_removed, decrees_changed, bad_rows)
    select greatest(coalesce(max(version), 0), %s) + 1,
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
       select distinct kind, value collate "C", id from (
           select k.kind, k.value, c.id
           from load_changes c cross join lateral (values
               (c.record -> 'holder' ->> 'id_kind', c.record -> 'holder' ->> 'id'),
               ('licence_no', c.record -> 'licence' ->> 'number'),
               ('file_no', c.file_no),
               ('subscription_code', c.record ->> 'subscription_code'),
               ('electricity_subscription', c.record ->> 'electricity_subscription')
           ) k (kind, value)
           where k.value is not null
           union all
           select p ->> 'id_kind', p ->> 'id', c.id
           from load_changes c cross join lateral jsonb_array_elements(c.record -> 'partners') p
       ) keys
       order by 1, 2, 3""",
    """update decrees d set known_to = %(known_from)s
       from load_decree_changes c where d.id = c.old_id""",
    """update decrees d set known_to = %(known_from)s
       from load_decrees_gone g where d.id = g.id""",
    """insert into decrees (number, known_from, data_version, record)
       select number, %(known_from)s, %(version)s, record from load_decree_changes
       order by number""",
    """update unread_keys u set known_to = %(known_from)s
       from load_unread_gone g
       where u.kind = g.kind and u.value = g.value and u.known_to is null""",
    """insert into unread_keys (kind, value, known_from, data_version)
       select kind, value, %(known_from)s, %(version)s from load_unread_new""",
    # What the signal hub compares with watches afterwards, in its own time.
    """insert into signal_changes (kind, file_no, old_id, new_id, version, noted_at)
       select 'record', file_no, old_id, id, %(version)s, %(known_from)s from load_changes
       union all
       select 'record', file_no, id, null, %(version)s, %(known_from)s from load_gone""",
    """insert into signal_changes (kind, file_no, old_id, new_id, version, noted_at)
       select distinct 'unread', v.file_no, v.id, v.id, cast(%(version)s as integer),
              cast(%(known_from)s as timestamptz)
       from (select kind, value from load_unread_new
             union select kind, value from load_unread_gone) u
       join source_keys k on k.kind = u.kind and k.value = u.value
       join source_versions v on v.id = k.version_id and v.known_to is null""",
    """insert into signal_changes (kind, file_no, old_id, new_id, version, noted_at)
       select distinct 'decree', v.file_no, v.id, v.id, cast(%(version)s as integer),
              cast(%(known_from)s as timestamptz)
       from (select record from load_decree_changes
             union all
             select d.record from decrees d
             where d.id in (select old_id from load_decree_changes
                            union all select id from load_decrees_gone)) r
       join source_versions v
           on v.record -> 'licence' ->> 'expires_on'
              between r.record ->> 'expiry_from' and r.record ->> 'expiry_to'
       where v.known_to is null""",
    "analyze source_versions",
    "analyze source_keys",
)
