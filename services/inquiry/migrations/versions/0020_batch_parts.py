"""Keep the lines of a batch by parts: one row for some hundred lines and their results.

The view ``batch_lines`` shows them line by line, as the table of that name had them.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

# Three places a line (kind, key, problem); two a result (tracking code, problem), by line.
PARTS = """
create table batch_parts (
    batch text not null references batches on delete cascade,
    part integer not null,
    count integer not null,
    problems integer not null,
    lines jsonb not null,
    results jsonb not null default '{}',
    primary key (batch, part)
);
insert into batch_parts (batch, part, count, problems, lines, results)
select batch, (line - 1) / 500, count(*), count(problem),
       jsonb_agg(jsonb_build_array(key_kind, key, problem) order by line),
       coalesce(jsonb_object_agg(line, jsonb_build_array(tracking_code, null))
                filter (where tracking_code is not null), '{}')
from batch_lines group by 1, 2;
drop table batch_lines;
create view batch_lines as
select batch, line, content ->> 0 as key_kind, content ->> 1 as key,
       coalesce(nullif(content -> 2, 'null'), nullif(result -> 1, 'null')) as problem,
       result ->> 0 as tracking_code
from (
    select p.batch, p.part * 500 + l.n::integer as line, l.content,
           p.results -> (p.part * 500 + l.n)::text as result
    from batch_parts p cross join lateral jsonb_array_elements(p.lines) with ordinality
        as l(content, n)
) as line;
"""
LINES = """
create table of_lines (
    batch text not null references batches on delete cascade,
    line integer not null,
    key_kind text,
    key text,
    problem jsonb,
    tracking_code text references inquiries,
    primary key (batch, line)
);
insert into of_lines select batch, line, key_kind, key, problem, tracking_code from batch_lines;
drop view batch_lines;
drop table batch_parts;
alter table of_lines rename to batch_lines;
"""


def upgrade() -> None:
    op.execute(PARTS)


def downgrade() -> None:
    op.execute(LINES)
