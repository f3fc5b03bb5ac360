"""Reminders of late bills: by the days of the book, each step once, and not where they wait."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.activator import Call, Fate
from bus.envelope import Envelope
from contracts.billing import bills as contracts
from contracts.billing import treasury
from contracts.ticketing.citizens import TICKET_MOVED
from services.billing.bills import due_dates
from services.billing.domain.reminders import Sent, next_day, step_on
from services.billing.service import Billing
from tests.stores import execute

DUE = dt.date(2026, 12, 1)


def with_steps(billing, steps, least=0):
    """A book by which a levy is reminded of on these days after its last day."""
    execute(
        billing.db,
        "insert into books (version, document) select version + 1, jsonb_set(jsonb_set(document, "
        "'{least_reminded_rials}', to_jsonb(%s)), '{services}', (select jsonb_agg(case when "
        "s->>'code' = 'levy' then jsonb_set(s, '{reminders}', %s::jsonb) else s end) from "
        "jsonb_array_elements(document->'services') s)) from books order by version desc limit 1",
        (least, str(list(steps))),
    )


def levy(billing, **more):
    bill = billing.charge("levy", quantity=1000, use="industry", **more)
    assert bill.state == "ISSUED"
    return bill


def reminded(billing):
    """The steps that were published, in order; None is the reminder before the last day."""
    rows = execute(
        billing.db,
        "select convert_from(body, 'UTF8')::json->>'step' from outbox "
        "where name like '%%reminded%%' order by seq",
    )
    return [int(step) if step else None for (step,) in rows]


def days(billing, bill, *after):
    """Lets the chore run on these days after the last day of a bill, several times a day."""
    start = dt.datetime.combine(bill.due_on, dt.time(6), dt.UTC)
    for day in after:
        billing.moment = start + dt.timedelta(days=day)
        for _ in range(3):
            due_dates.remind(billing.store, billing.moment)
            billing.later(minutes=10)


def test_a_late_bill_is_reminded_of_on_each_day_of_the_book_once(billing):
    with_steps(billing, (1, 7, 21))
    bill = levy(billing)
    days(billing, bill, -3, *range(60))
    assert reminded(billing) == [None, 1, 2, 3]
    row = billing.bill(bill)
    assert (row.reminders, row.reminded_on) == (3, bill.due_on + dt.timedelta(days=21))


def test_after_a_stop_only_the_newest_step_is_sent_and_the_next_keeps_its_distance(billing):
    with_steps(billing, (1, 7, 21))
    bill = levy(billing)
    days(billing, bill, 9, 10, 21, 22, 23, 24)
    assert reminded(billing) == [2, 3]
    assert billing.bill(bill).reminded_on == bill.due_on + dt.timedelta(days=23)


def test_a_bill_that_is_paid_voided_or_below_the_threshold_is_reminded_of_no_more(billing):
    with_steps(billing, (1, 7))
    paid, void, small = levy(billing), levy(billing), levy(billing)
    days(billing, paid, 1)
    assert len(reminded(billing)) == 3
    billing.pay(paid)
    billing.call(treasury.VOID_BILL, as_="nader", number=void.number, why="w")
    with_steps(billing, (1, 7), least=small.total + 1)
    days(billing, paid, 7, 8)
    assert len(reminded(billing)) == 3
    with_steps(billing, (1, 7), least=small.total)
    days(billing, paid, 9)
    assert reminded(billing)[3:] == [2]


def object_to(billing, number, state="OPEN", ticket=7, version=2):
    """Ticketing says that something was done with a ticket that objects to a bill."""
    envelope = Envelope.new(TICKET_MOVED.name, "ticketing")
    event = {
        "ticket": ticket,
        "version": version,
        "act": "register",
        "state": state,
        "unit": "money",
        "at": billing.moment.isoformat(),
        **({"objects_to": number} if number else {}),
    }
    call = Call.of(TICKET_MOVED, envelope, event)
    (outcome,) = Billing.ticket_moved(billing.service, [call])
    assert outcome.fate is Fate.DONE, outcome


def test_a_bill_that_a_ticket_objects_to_waits_until_all_such_tickets_were_answered(billing):
    with_steps(billing, (1, 7))
    bill = levy(billing)
    object_to(billing, bill.number, ticket=7)
    object_to(billing, f" {bill.number} ".replace("-", "–"), ticket=8)
    days(billing, bill, 1, 2)
    assert reminded(billing) == []
    shown = shown_to_payer(billing, bill)
    assert shown["reminders_wait"] == "objection"
    assert "next_reminder_on" not in shown
    object_to(billing, bill.number, "ANSWERED", ticket=7, version=3)
    object_to(billing, bill.number, "OPEN", ticket=7, version=2)  # an older event comes late
    days(billing, bill, 3)
    assert reminded(billing) == []
    object_to(billing, bill.number, "CLOSED", ticket=8, version=3)
    days(billing, bill, 4)
    assert reminded(billing) == [1]
    object_to(billing, None, ticket=9)
    object_to(billing, "1405-999999", ticket=9)
    assert execute(billing.db, "select count(*) from bill_objections") == [(2,)]


def shown_to_payer(billing, bill):
    ids = {"bill_id": bill.bill_id, "payment_id": bill.payment_id}
    return billing.call(contracts.LOOK_UP, **ids)


def test_an_officer_stops_the_reminders_of_a_bill_and_lets_them_go_on(billing):
    with_steps(billing, (1, 7))
    bill = levy(billing)
    hold = {"number": bill.number, "why": "the court decides"}
    refused = billing.call(treasury.HOLD_REMINDERS, as_="sara", stop=True, **hold)
    assert refused["code"] == "treasury.not_an_officer"
    reply = billing.call(treasury.HOLD_REMINDERS, as_="karim", stop=True, **hold)
    assert (reply["reminders_wait"], reply["held"]) == ("held", "the court decides")
    assert "held" not in shown_to_payer(billing, bill), "why is the officers' own"
    days(billing, bill, 1, 2)
    assert reminded(billing) == []
    billing.call(treasury.HOLD_REMINDERS, as_="karim", stop=False, **hold)
    days(billing, bill, 3)
    assert reminded(billing) == [1]
    shown = shown_to_payer(billing, bill)
    next_on = (bill.due_on + dt.timedelta(days=9)).isoformat()
    assert (shown["reminders"], shown["next_reminder_on"]) == (1, next_on)
    acts = execute(billing.db, "select act, actor from bill_events where bill = %s", (bill.id,))
    assert ("hold", "karim") in acts
    assert ("resume", "karim") in acts


STEPS = st.lists(st.integers(1, 60), min_size=0, max_size=5, unique=True).map(sorted)


@given(steps=STEPS, up=st.sets(st.integers(0, 120)))
def test_no_step_is_sent_twice_none_too_early_and_none_too_near_to_the_last(steps, up):
    """``up`` are the days after the last day to pay on which the chore runs."""
    sent, history = Sent(0, None), []
    for after in sorted(up):
        today = DUE + dt.timedelta(days=after)
        step = step_on(DUE, steps, sent, today)
        if step is None:
            expected = next_day(DUE, steps, sent)
            assert expected is None or expected > today
            continue
        history.append((step, after))
        sent = Sent(step, today)
        assert step_on(DUE, steps, sent, today) is None, "one a day at most"
    numbers = [step for step, _ in history]
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= len(steps)
    for step, after in history:
        assert after >= steps[step - 1]
    for (first, on), (second, later) in itertools.pairwise(history):
        assert later - on >= steps[first] - steps[first - 1] > 0, second


@pytest.mark.parametrize("steps", [[7, 1], [1, 1], [0], [1, 2, 3, 4, 5, 6]])
def test_a_book_whose_days_do_not_grow_is_refused(steps, tmp_path):
    from bus.database.books import BadBook
    from services.billing import books
    from tests.billing.test_dated_rows import FOLDER

    text = (FOLDER / "book.toml").read_text(encoding="utf-8")
    (tmp_path / "book.toml").write_text(
        text.replace("reminders = [1, 15, 30]", f"reminders = {steps}"), encoding="utf-8"
    )
    with pytest.raises(BadBook, match="reminders"):
        books.read(tmp_path)
