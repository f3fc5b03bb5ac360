"""The tables that the code names are those that the migrations make."""

import json

from sqlalchemy.engine import make_url

from bus.database.migrate import migrate
from contracts.inquiry import questions as contracts
from services.inquiry.batches.rows import Line, open_lines
from services.inquiry.tables import metadata
from tests.inquiry.in_process import InProcessInquiry
from tests.stores import execute
from tests.tables import KERNEL, OF_ALEMBIC, differences, to_revision

# Kept by people/one_time_codes.py in the database of each service that uses it.
OF_PEOPLE = "secret_codes"


def test_the_tables_of_inquiry_are_those_of_the_migrated_database(inquiry_db):
    made = execute(inquiry_db, "select tablename from pg_tables where schemaname = 'public'")
    own = {name for (name,) in made} - KERNEL - {OF_ALEMBIC, OF_PEOPLE}
    assert differences(inquiry_db, metadata, only=own | set(metadata.tables), indexes=True) == []


def test_a_source_cannot_be_known_in_two_ways_at_once(inquiry_db):
    definition = execute(
        inquiry_db, "select indexdef from pg_indexes where indexname = 'source_versions_open'"
    )[0][0]
    assert "UNIQUE" in definition
    assert "(file_no) WHERE (known_to IS NULL)" in definition


# As 0019 had them: of one batch two parts, the second begun by another program that left it
# half done; and an upload that is not complete.
FILLED = """
insert into inquiries
select 'Q-' || n, 'V-' || n, 'fuel-co', 'FOUND', now(), now(), '{}', '{}',
       '{"tracking_code": "Q-' || n || '"}' from generate_series(1, 502) n;
insert into batches (batch, agency, caller, purpose, state, lines, answered, submitted_at)
values ('00000000-0000-4000-8000-000000000001', 'fuel-co', '{"agency": "fuel-co"}', 'fuel_quota',
        'ANSWERING', 504, 503, now()),
       ('00000000-0000-4000-8000-000000000002', 'fuel-co', '{"agency": "fuel-co"}', 'fuel_quota',
        'RECEIVING', 0, 0, now());
insert into batch_lines (batch, line, key_kind, key, tracking_code)
select '00000000-0000-4000-8000-000000000001', n, 'national_id', 'k' || n, 'Q-' || n
from generate_series(1, 502) n where n <> 7;
insert into batch_lines (batch, line, key_kind, key, problem) values
    ('00000000-0000-4000-8000-000000000001', 7, null, null, '{"code": "json.malformed"}'),
    ('00000000-0000-4000-8000-000000000001', 503, 'national_id', 'k', '{"code": "x"}'),
    ('00000000-0000-4000-8000-000000000001', 504, 'national_id', 'open', null),
    ('00000000-0000-4000-8000-000000000002', 1, 'national_id', 'first', null);
"""
LINES = "select batch, line, key_kind, key, problem, tracking_code from batch_lines order by 1, 2"
BATCH = "00000000-0000-4000-8000-000000000001"


def test_batches_of_before_are_read_and_answered_on_when_their_lines_stand_by_parts(
    postgres, inquiry_db, tmp_path
):
    owner = postgres.url(make_url(inquiry_db).database)
    to_revision(owner, "services.inquiry", "downgrade", "0019")
    execute(owner, FILLED)
    before = execute(owner, LINES)
    migrate("services.inquiry", owner)
    assert execute(inquiry_db, LINES) == before
    inquiry = InProcessInquiry(inquiry_db, tmp_path)
    page = inquiry.call(contracts.READ_BATCH, batch=BATCH, after=499, limit=500)
    assert [line["line"] for line in page["results"]] == [500, 501, 502, 503, 504]
    codes = [(line["answer"] or {}).get("tracking_code") for line in page["results"]]
    assert codes == ["Q-500", "Q-501", "Q-502", None, None]
    assert page["results"][3]["problem"] == {"code": "x"}
    (first,) = inquiry.call(contracts.READ_BATCH, batch=BATCH, after=6, limit=1)["results"]
    assert json.dumps(first) == json.dumps(
        {
            "line": 7,
            "key_kind": None,
            "key": None,
            "answer": None,
            "problem": {"code": "json.malformed"},
        }
    )
    with inquiry.service.store.transaction() as tx:
        assert open_lines(tx.conn, BATCH, 0) == []
        assert open_lines(tx.conn, BATCH, 1) == [Line(504, "national_id", "open")]
    inquiry.service.store.engine.dispose()
    to_revision(owner, "services.inquiry", "downgrade", "0019")
    assert execute(owner, LINES) == before
