"""Finds doubts about rows that were staged, which show only beside other rows and sheets."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes it small
from psycopg2.sql import SQL, Composable, Literal

from iran.persian import squeezed_key
from services.inquiry.domain.registry.cells import Fault, fault
from services.inquiry.domain.registry.rows import WHOLE_DANGS
from services.inquiry.registry_import.staging import streamed

# A county of so few rows, where another has many, is more likely a slip of the pen.
RARE_SHARE, FAMILIAR_ROWS = 1000, 3

# A question by such a number has two answers.
_SHARED = SQL("""
    select line, value from load_sources s
    join (select {value} as value from load_sources s where item is not null
          group by 1 having count(*) > 1) twice on twice.value = {value}
    where item is not null order by line
""")
_SUBSCRIPTION = SQL("s.item ->> 'subscription_code'")
_LICENCE = SQL("s.item -> 'licence' ->> 'number'")
_COUNTIES = """
    select item -> 'place' ->> 'county', count(*), min(line) from load_sources
    where item is not null group by 1
"""
# The rows of a person together, so that one person's name is remembered at a time.
_NAMES = """
    with named as (
        select line, item -> 'holder' ->> 'id' as id, item -> 'holder' ->> 'name' as name
        from load_sources where item -> 'holder' ->> 'name' is not null
    )
    select line, id, name from named where id in (
        select id from named group by id having min(name) <> max(name))
    order by id collate "C", line
"""
_OVER_WHOLE = SQL("""
    select max(line), key from load_partners where item is not null
    group by key having sum((item ->> 'share_dang')::numeric) > {whole} order by 1
""").format(whole=Literal(WHOLE_DANGS))
_PARTNER_TWICE = """
    select line, id from (
        select line, item ->> 'id' as id, row_number() over (
            partition by key, item ->> 'id' order by line) as n
        from load_partners where item is not null) p
    where n > 1 order by line
"""
_PARTNER_IS_HOLDER = """
    select p.line, p.item ->> 'id' from load_partners p join load_sources s using (key)
    where p.item ->> 'id' = s.item -> 'holder' ->> 'id' order by p.line
"""
_VIOLATION_TWICE = """
    select line, key from (
        select line, key, item, row_number() over (partition by key, item order by line) as n
        from load_violations where item is not null) v
    where n > 1 order by line
"""
# An expiry that one decree has moved may fall into the range of the next.
_COVERS_NOTHING = """
    select line, key from load_decrees d
    where item is not null and exists (select from load_sources where item -> 'licence' <> 'null')
      and not exists (select from load_sources s
          where s.item -> 'licence' ->> 'expires_on'
                between d.item ->> 'expiry_from' and d.item ->> 'expiry_to')
      and not exists (select from load_decrees o where o.line <> d.line
          and o.item ->> 'extended_to' between d.item ->> 'expiry_from' and d.item ->> 'expiry_to')
    order by line
"""


class Doubt(NamedTuple):
    """A doubt about a row of a sheet."""

    sheet: str
    line: int
    fault: Fault


class _Rule(NamedTuple):
    sheet: str
    statement: str | Composable
    field: str
    code: str
    reason: str


RULES = (
    _Rule(
        "sources",
        _SHARED.format(value=_SUBSCRIPTION),
        "کد اشتراک",
        "subscription_code.shared",
        "Another file has the same subscription code.",
    ),
    _Rule(
        "sources",
        _SHARED.format(value=_LICENCE),
        "شماره پروانه",
        "licence_no.shared",
        "Another file has the same licence number.",
    ),
    _Rule(
        "partners",
        _OVER_WHOLE,
        "سهم (دانگ)",
        "share.over_whole",
        "The partners of this file have more than six dang together.",
    ),
    _Rule(
        "partners",
        _PARTNER_TWICE,
        "کد ملی",
        "partner.twice",
        "The same person is a partner of this file twice.",
    ),
    _Rule(
        "partners",
        _PARTNER_IS_HOLDER,
        "کد ملی",
        "partner.is_holder",
        "This person is the holder of the same file.",
    ),
    _Rule(
        "violations",
        _VIOLATION_TWICE,
        "شماره پرونده",
        "violation.twice",
        "Another row says the same.",
    ),
    _Rule(
        "decrees",
        _COVERS_NOTHING,
        "انقضا از",
        "decree.covers_nothing",
        "No licence expires within the range of this decree.",
    ),
)


def doubts(cursor: Cursor) -> Iterator[Doubt]:
    """Find all doubts about what was staged, sheet by sheet."""
    for rule in RULES:
        for line, value in streamed(cursor, rule.statement):
            yield Doubt(rule.sheet, line, fault(rule.field, rule.code, rule.reason, value))
    yield from _unfamiliar_counties(cursor)
    yield from _names_that_differ(cursor)


def _unfamiliar_counties(cursor: Cursor) -> Iterator[Doubt]:
    """Find counties that hardly any other row has, spelling aside."""
    rows: Counter[str] = Counter()
    lines: dict[str, tuple[int, str]] = {}
    for county, count, line in streamed(cursor, _COUNTIES):
        key = squeezed_key(county)
        rows[key] += count
        lines[key] = min((line, county), lines.get(key, (line, county)))
    rare = max(1, rows.total() // RARE_SHARE)
    if not rows or max(rows.values()) < FAMILIAR_ROWS:
        return
    for key, count in rows.items():
        if count <= rare:
            line, county = lines[key]
            reason = "Hardly any other row is of this county; it may be mistyped."
            yield Doubt("sources", line, fault("شهرستان", "county.unfamiliar", reason, county))


def _names_that_differ(cursor: Cursor) -> Iterator[Doubt]:
    """Find rows whose holder has another name than in an earlier row, spelling aside."""
    first: tuple[str, str] | None = None
    for line, id_, name in streamed(cursor, _NAMES):
        key = squeezed_key(name)
        if first is None or first[0] != id_:
            first = id_, key
        if first[1] != key:
            reason = "Another row gives the holder of this ID another name."
            yield Doubt("sources", line, fault("نام خانوادگی", "holder.names_differ", reason, name))
