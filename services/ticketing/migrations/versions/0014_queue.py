"""Who wrote is found apart from what was written; colleagues name the lists of their queue."""

from alembic import op
from sqlalchemy import Connection, text

from iran.persian import search_key, squeezed_key

revision = "0014"
down_revision = "0013"

AT_ONCE = 1000
PEOPLE = """
select t.id, t.text, t.search, p.name, p.mobile, p.email, p.national_id
from people p join tickets t on t.id = p.ticket where t.id > :after order by t.id limit :most
"""


def upgrade() -> None:
    op.execute(
        """
        alter table people add column search text not null default '';
        create table saved_filters (
            id bigint generated always as identity primary key,
            username text not null references staff (username),
            name text not null,
            query text not null,
            is_default boolean not null,
            unique (username, name)
        );
        """
    )
    conn = op.get_bind()
    part_names(conn)
    op.execute("create index people_search on people using gin (search gin_trgm_ops)")
    op.execute("create index people_mobile on people (mobile) where mobile is not null")
    op.execute("create index bookings_slot on bookings (slot)")


def part_names(conn: Connection) -> None:
    """Move each name from the ticket's key to the key of its author."""
    after = 0
    while rows := conn.execute(text(PEOPLE), {"after": after, "most": AT_ONCE}).all():
        after = rows[-1].id
        for row in rows:
            name = search_key(row.name)
            parts = (row.name, row.mobile, row.email, row.national_id)
            key = " ".join(search_key(part) for part in parts if part)
            mobile = (row.mobile or "").replace("+98", "0")
            conn.execute(
                text("update people set search = :key where ticket = :id"),
                {"id": row.id, "key": f"{key} {squeezed_key(row.name)} {mobile}".strip()},
            )
            prefix = search_key(row.text)
            if name and row.search.startswith(f"{prefix} {name}"):
                rest = row.search[len(prefix) + 1 + len(name) :]
                conn.execute(
                    text("update tickets set search = :key where id = :id"),
                    {"id": row.id, "key": f"{prefix}{rest}"},
                )


def downgrade() -> None:
    conn, after = op.get_bind(), 0
    while rows := conn.execute(text(PEOPLE), {"after": after, "most": AT_ONCE}).all():
        after = rows[-1].id
        keys = [
            {"id": row.id, "key": f"{row.search} {search_key(row.name)}".strip()} for row in rows
        ]
        conn.execute(text("update tickets set search = :key where id = :id"), keys)
    op.execute(
        """
        drop index bookings_slot;
        drop index people_mobile;
        drop index people_search;
        alter table people drop column search;
        drop table saved_filters;
        """
    )
