"""The sum of each settlement, kept beside the ledger: no act adds up all that banks ever paid."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
create table settlements (
    channel text not null,
    day date not null,
    rials bigint not null,
    primary key (channel, day)
);
insert into settlements (channel, day, rials)
select files.channel, files.day, sum(postings.rials)
from postings
join entries on entries.id = postings.entry
left join payments on payments.order_id = entries.order_id
join file_rows on file_rows.id = coalesce(entries.file_row, payments.file_row)
join bank_files files on files.id = file_rows.file
where postings.account = 'bank'
group by files.channel, files.day;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table settlements")
