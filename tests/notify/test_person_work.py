"""A person's messages, subscriptions and inboxes are handed out or emptied on the desk's word."""

import uuid

from contracts.notify.person_holds import NoteHold
from contracts.notify.person_work import WorkOnPerson
from contracts.ticketing.person_acts import NOTE_PERSON_PART
from services.notify import holds, person_work
from services.notify.received import texts
from services.notify.sending import accounting
from tests.notify.conftest import MOBILE
from tests.stores import execute

PERSON = {"mobile": f"+98{MOBILE[1:]}", "national_id": "9900000013"}


def work(hand, kind, **more):
    """What went to the desk."""
    with hand.context() as context:
        person_work.work(context, WorkOnPerson(act=7, kind=kind, **PERSON, **more))
    name, body = execute(hand.db, "select name, body from outbox order by seq desc limit 1")[0]
    assert name == NOTE_PERSON_PART.name
    return bytes(body).decode()


def receivers(hand):
    return [row[0] for row in execute(hand.db, "select receiver from messages order by created_at")]


def test_messages_are_handed_out_and_emptied_once_they_ended_and_nobody_elses(hand):
    hand.template()
    for to in (MOBILE, MOBILE, "09900000029"):
        hand.send(to={"mobile": to}, message=str(uuid.uuid4()))
        hand.later(seconds=1)
    execute(
        hand.db,
        "update messages set settled_at = created_at, state = 'DELIVERED' where id = "
        "(select id from messages order by created_at limit 1)",
    )
    handed = work(hand, "export")
    assert handed.count("created_at") == 2
    assert '"context":"notify"' in handed.replace(" ", "")
    assert "emptied" in work(hand, "erase")
    assert [receiver is None for receiver in receivers(hand)] == [True, False, False]


def test_an_address_that_somebody_typed_gives_only_what_went_there_about_their_own_ticket(hand):
    hand.template()
    for _ in range(2):
        hand.send(to={"mobile": "09900000029"}, message=str(uuid.uuid4()))
        hand.later(seconds=1)
    with hand.context() as context:
        typed = context.keys.receiver("email", "somebody@example.com")
    execute(hand.db, "update messages set receiver_hash = %s", (typed,))
    first = "(select id from messages order by created_at limit 1)"
    execute(hand.db, f"update messages set reference = '5720000007' where id = {first}")
    emails = ("somebody@example.com",)
    assert work(hand, "export", emails=emails).count("created_at") == 0
    assert work(hand, "export", emails=emails, tickets=("5720000007",)).count("created_at") == 1


def hold(hand, until, moment="2026-11-01T00:00:00Z", **fields):
    with hand.context() as context:
        holds.note(context, NoteHold(number=5, as_of=moment, until=until, **fields))


def purged(hand):
    """Which messages have a receiver after the chores ran, years later."""
    hand.later(days=1000)
    accounting.purge(hand.store, hand.service.context)
    with hand.context() as context:
        texts.forget(context)
    hand.later(days=-1000)
    return [receiver is not None for receiver in receivers(hand)]


def test_what_a_hold_of_the_desk_protects_outlives_its_time_by_person_and_by_matter(hand):
    hand.template()
    for to in (MOBILE, "09900000029", "09900000037"):
        hand.send(to={"mobile": to}, message=str(uuid.uuid4()))
        hand.later(seconds=1)
    execute(hand.db, "update messages set settled_at = created_at, state = 'DELIVERED'")
    second = "(select id from messages order by created_at offset 1 limit 1)"
    execute(hand.db, f"update messages set reference = '5720000007' where id = {second}")
    hold(hand, "2039-01-01", mobiles=(PERSON["mobile"],), references=("5720000007",))
    hold(hand, None, "2026-10-01T00:00:00Z")  # older news
    assert purged(hand) == [True, True, False]
    hold(hand, None, "2026-11-02T00:00:00Z")
    assert purged(hand) == [False, False, False]
