"""Keys for search by today's spelling rules, and an index of them without blanks and dashes."""

from alembic import op
from sqlalchemy import text

from iran.persian import search_key

revision = "0007"
down_revision = "0006"

AT_ONCE = 1000


def upgrade() -> None:
    conn, after = op.get_bind(), 0
    while rows := conn.execute(
        text("select id, search from tickets where id > :after order by id limit :most"),
        {"after": after, "most": AT_ONCE},
    ).all():
        after = rows[-1].id
        keys = [{"id": row.id, "search": search_key(row.search)} for row in rows]
        conn.execute(text("update tickets set search = :search where id = :id"), keys)
    op.execute(
        "create index tickets_squeezed on tickets "
        "using gin ((translate(search, ' -', '')) gin_trgm_ops)"
    )


def downgrade() -> None:
    op.execute("drop index tickets_squeezed")
