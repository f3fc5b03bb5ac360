"""The demo's world: made by the services themselves, so that all books balance."""

import datetime as dt
import random

import pytest
from sqlalchemy import create_engine

from bus.settings import Settings
from connector.keys import make_key
from contracts.agencies.hearing import REFUSALS
from contracts.billing import account, treasury
from contracts.inquiry import questions
from contracts.notify import inbox, messages
from contracts.ticketing import citizens
from deploy.local import antivirus
from deploy.local.parts import SERVICES
from deploy.local.ports import free_port
from deploy.local.world.making import CannotMake, Size, is_made, make
from deploy.local.world.money import Treasury
from deploy.local.world.pictures import picture
from deploy.local.world.questions import Questions, caller_of
from deploy.local.world.stage import Refused, Stage
from services.inquiry import audit
from services.ticketing.domain.ticket import fold
from services.ticketing.tickets import rows
from tests.processes import run_programs
from tests.stores import execute

SIZE = Size(tickets=5, days=6)
# After office hours of a Wednesday: what people do on the last day is done.
EVENING = dt.datetime(2026, 11, 25, 17, 30, tzinfo=dt.UTC)
TWO = ("--drafted-by", "karim", "--approved-by", "nader")
COUNTS = {
    "ticketing": "select count(*) from ticket_events",
    "billing": "select count(*) from postings",
    "notify": "select count(*) from messages",
    "inquiry": "select count(*) from inquiry_log",
}


@pytest.fixture
def settings(tmp_path):
    with antivirus.running(free_port()) as scanner:
        keys = ("TICKETING", "BILLING", "NOTIFY", "AGENCIES", "INQUIRY_LOG")
        make_key(tmp_path / "register.pem")
        yield {
            **{f"{name}_KEY": "k" for name in keys},
            "REGISTER_KEY_FILE": str(tmp_path / "register.pem"),
            "CLAMD_ADDRESS": scanner,
            "BLOBS_DIR": str(tmp_path / "blobs"),
            "PORTAL_URL": "http://portal.example",
            "DESK_URL": "http://desk.example/desk",
            "CALLBACKS_SANDBOX": "1",
            "DEMO_PASSWORD": "a long password of the test",
        }


@pytest.fixture
def databases(demo_db, ticketing_db, billing_db, notify_db, agencies_db, settings):
    run_programs(
        {"DB_URL": agencies_db, **settings},
        ("services.agencies.importing", "deploy/agencies", *TWO),
    )
    templates = ("services.notify.templates", "deploy/local/demo_templates.toml")
    run_programs({"DB_URL": notify_db}, (*templates, "--owner", "fuel-co", *TWO))
    urls = (demo_db, ticketing_db, billing_db, notify_db, agencies_db)
    return dict(zip(SERVICES, urls, strict=True))


def test_a_small_world_balances_in_each_book_and_is_made_once(databases, settings):
    assert is_made(databases) is False
    world = make(databases, Settings(settings), SIZE, EVENING, lambda _: None)
    assert is_made(databases) is True
    assert len(world.tickets.made) == SIZE.tickets
    assert world.refusals == []
    assert all(execute(databases[name], query)[0][0] for name, query in COUNTS.items())
    for service in SERVICES:
        waiting = "select count(*) from outbox where sent_at is null and exchange <> 'mirab.agency'"
        assert execute(databases[service], waiting) == [(0,)]
    _money_balances(databases["billing"])
    _logs_add_up(databases["ticketing"], EVENING)
    _chain_verifies(databases["inquiry"])
    _messages_add_up(databases, settings, EVENING)
    _the_holder_has_letters(databases, settings, world.inbox)


def test_weeks_after_the_end_people_are_asked_and_most_answer(databases, settings):
    world = make(databases, Settings(settings), Size(tickets=12, days=50), EVENING, lambda _: None)
    assert world.refusals == []
    counts = "select count(*), count(answered_at) from follow_ups where outcome = 'asked'"
    ((number, answered),) = execute(databases["ticketing"], counts)
    assert 0 < answered <= number


def _money_balances(url):
    assert execute(url, "select sum(rials) from postings") == [(0,)]
    unbalanced = "select entry from postings group by entry having sum(rials) <> 0"
    assert execute(url, unbalanced) == []


def _logs_add_up(url, end):
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.connect() as conn:
        for ticket in (row[0] for row in execute(url, "select id from tickets")):
            entries, row = rows.events(conn, ticket), rows.by_id(conn, ticket, lock=False)
            folded = fold(entries)
            assert (folded.state, folded.version) == (row.state, row.version)
            moments = [entry.at for entry in entries]
            assert moments == sorted(moments)
            assert moments[-1] <= end
    engine.dispose()


def _chain_verifies(url):
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.connect() as conn:
        assert audit.verify(conn, []) is None
    engine.dispose()


def _messages_add_up(databases, settings, now):
    stage = Stage(databases, Settings(settings), now, seed=1)
    try:
        reply = stage.ask(messages.ACCOUNTS, caller=stage.staff("mina"))
        assert (reply.difference, reply.accepted > 0) == (0, True)
        day = {"day": (now.date() - dt.timedelta(days=4)).isoformat()}
        assert stage.ask(treasury.LOOK_AT_DAY, day, caller=stage.staff("mina")).balances
        sides = stage.ask(account.THREE_SIDES, {"days": 30}, caller=stage.staff("mina"))
        assert "SETTLED" in {side.state for side in sides.sides}
        assert (sides.account_difference_rials, sides.clearing_difference_rials) == (0, 0)
    finally:
        stage.close()


def _the_holder_has_letters(databases, settings, holders):
    stage = Stage(databases, Settings(settings), EVENING, seed=3)
    try:
        (mine,) = stage.ask(inbox.MY_INBOXES, holders.person).inboxes
        proof = {"code": holders.code, "secret": holders.secret}
        letters = stage.ask(inbox.READ_INBOX, proof).letters
        assert (mine.code, mine.letters) == (holders.code, len(letters))
        assert {"fuel-co", "mirab"} == {letter.owner for letter in letters}
    finally:
        stage.close()


def test_a_question_without_a_grant_is_noted_for_the_agency_s_console(databases, settings):
    stage = Stage(databases, Settings(settings), EVENING, seed=4)
    ended = {"purpose": "agriculture_aid", "key_kind": "file_no", "key": "1001/5"}
    try:
        with pytest.raises(Refused) as refusal:
            stage.ask(questions.ASK, ended, caller=caller_of("fuel-co"))
        Questions(stage, Treasury(stage)).note("fuel-co", refusal.value, "0" * 32)
        (noted,) = stage.ask(REFUSALS, caller=caller_of("fuel-co")).refusals
    finally:
        stage.close()
    assert (noted.code, noted.status, noted.proven) == (refusal.value.code, 403, True)


def test_no_world_is_made_beside_what_people_have_done(databases, settings):
    stage = Stage(databases, Settings(settings), dt.datetime.now(dt.UTC), seed=2)
    complaint = {"kind": "complaint", "category": "conduct", "text": "هیچ‌کس پاسخ نمی‌دهد."}
    own = {"privacy": "anonymous", "declared": True, "secret": "1" * 20}
    stage.ask(citizens.REGISTER, {**complaint, **own})
    stage.close()
    with pytest.raises(CannotMake, match="ticketing holds data"):
        is_made(databases)
    half = (
        "insert into commands_run (run_by, command, details) values ('x', %s, '{\"done\": false}')"
    )
    execute(databases["ticketing"], half, ("deploy.local.world",))
    with pytest.raises(CannotMake, match="not finished"):
        is_made(databases)


def test_pictures_are_small_and_differ():
    chance = random.Random(3)
    made = {kind: picture(kind, chance) for kind in ("well", "meter", "leak", "river", "receipt")}
    assert all(
        content.startswith(b"\xff\xd8") and len(content) < 40_000 for content in made.values()
    )
    assert len(set(made.values())) == len(made)
