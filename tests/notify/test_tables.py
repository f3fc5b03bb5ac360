"""The tables of notify in the code are those that the migrations make; renaming keeps every row."""

from sqlalchemy.engine import make_url

from services.notify import tables
from tests.stores import execute
from tests.tables import differences, to_revision

FILLED = """
insert into announcements (kind, state, title, body, components, impact, contracts, drafted_by,
    drafted_at, updated_at)
values ('news', 'PUBLISHED', '{}', '{}', '{}', 'none', '{}', 'karim', now(), now());
insert into announcement_updates (announcement, at, who, state, impact, text, tell)
select id, now(), 'karim', 'PUBLISHED', 'none', '{}', true from announcements;
insert into subscriptions (id, channel, receiver_hash, language, topics, news, asked_at)
values ('00000000-0000-0000-0000-000000000001', 'sms', 'x', 'fa', '{}', true, now());
insert into tellings (update) select id from announcement_updates;
insert into told (update, subscription, code)
select u.id, s.id, 'receiver.cap' from announcement_updates u, subscriptions s;
insert into looks (at, who, why, what) values (now(), 'karim', 'a complaint', '{"message": "1"}');
insert into jobs (code, owner, name, asked, state, why, submitted_at)
values (gen_random_uuid(), 'power-co', 'x', '{"template": "free"}', 'REFUSED', 'job.too_long',
    now());
insert into job_rows (job, line, asked, state) select id, 2, '{"to": {}}', 'WAITING' from jobs;
insert into callbacks (id, owner, url, types, state, why, secret, secret_by, secret_at,
    private_key, public_key, made_at)
values (gen_random_uuid(), 'power-co', 'https://agency.example/', '{}', 'DISABLED', 'gone', 's',
    'm', now(), 'p', 'p', now());
insert into messages (id, owner, template, version, language, channel, lane, consent, state,
    receiver_hash, due_at, give_up_at, created_at)
values (gen_random_uuid(), 'power-co', gen_random_uuid(), 1, 'fa', 'sms', 'otp', 'transactional',
    'SENT', 'x', now(), now(), now());
insert into handovers (message, channel, provider, state, reserved_at, told_at)
select id, 'sms', 'magfa', 'ENDED', now(), '2026-11-24T08:00:00Z' from messages;
"""
# What stands in the renamed tables and columns, before and after.
READ = {
    "0011": "select (select code from told), (select done_at is null from tellings), "
    "(select who || why || what::text from looks), (select who from announcement_updates), "
    "(select asked->>'template' || why from jobs), (select asked::text from job_rows), "
    "(select why from callbacks), (select told_at from handovers)",
    "0012": "select (select code from subscriber_notices), "
    "(select done_at is null from notice_runs), "
    "(select actor || reason || subject::text from looks), "
    "(select actor from announcement_updates), "
    "(select request->>'template' || reason from jobs), (select request::text from job_rows), "
    "(select reason from callbacks), (select answered_at from handovers)",
}


def test_the_tables_of_notify_are_those_of_the_migrated_database(notify_db):
    assert differences(notify_db, tables.metadata) == []


def test_plain_names_keep_every_row_of_a_filled_database_up_and_down(postgres, notify_db):
    owner = postgres.url(make_url(notify_db).database)
    to_revision(owner, "services.notify", "downgrade", "0011")
    execute(notify_db, FILLED)
    (before,) = execute(notify_db, READ["0011"])
    assert None not in before
    to_revision(owner, "services.notify", "upgrade", "0012")
    # By the service's own role: renaming keeps what it was granted.
    assert execute(notify_db, READ["0012"]) == [before]
    execute(notify_db, "update notice_runs set done_at = now(); delete from subscriber_notices")
    to_revision(owner, "services.notify", "downgrade", "0011")
    assert execute(notify_db, "select count(*) from told") == [(0,)]
    after = execute(notify_db, READ["0011"])[0]
    assert after[2:] == before[2:]
