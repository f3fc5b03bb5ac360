"""Hand-overs and what becomes of messages, in hand: every row of the table of states.

The providers here say what a test tells them to; tests/notify/providers/test_providers.py has the
real protocols, tests/notify/sending/test_accounting_under_kill.py processes that are killed.
"""

import datetime as dt
import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default

import pytest

from bus.errors import Unavailable
from bus.foreign.mail import Refused as MailRefused
from contracts.notify import inbox, receipts
from contracts.notify import messages as contracts
from services.notify.providers import channels, states
from services.notify.providers.email import EmailProvider
from services.notify.providers.sms import (
    DeliveryState,
    HandoverResult,
    MessageRefused,
    ProviderRefused,
    Sms,
)
from services.notify.sending import accounting, consents, dispatch, handovers, outcomes, recovery
from services.notify.sending.handovers import AcceptedHandover
from services.notify.sending.provider_calls import Dispatcher
from tests.notify.conftest import EMAIL, MOBILE
from tests.stores import execute

LOST = Unavailable("It did not answer.", code="provider.unreachable")
DOWN = ProviderRefused("The provider cannot be reached.", provider_code="down")


class Line:
    """A provider that remembers what it took by our numbers; ``next`` is what it does next with a
    call: an exception to raise (``lost_after``: it took them and the answer was lost), or a state.
    """

    def __init__(self, code, *, finds=True, most=100):
        self.code, self.finds, self.most = code, finds, most
        self.has, self.calls, self.next, self.reports, self.away = {}, [], [], {}, False
        self.on_send = None

    def send(self, messages):
        self.calls.append(list(messages))
        does = self.next.pop(0) if self.next else DeliveryState.ACCEPTED
        if does == "lost_after":
            self.has |= {sms.ref: sms for sms in messages}
            raise LOST
        if isinstance(does, Exception):
            raise does
        if does is not DeliveryState.ACCEPTED:
            return [HandoverResult(sms.ref, does, code="7") for sms in messages]
        if self.on_send:
            self.on_send()
        self.has |= {sms.ref: sms for sms in messages}
        return [HandoverResult(sms.ref, does, f"{self.code}-{sms.ref}", 2480) for sms in messages]

    def find(self, refs):
        if self.away:
            raise LOST
        return {ref: f"{self.code}-{ref}" if ref in self.has else None for ref in refs}

    def states(self, provider_refs):
        if self.away:
            raise LOST
        return {ref: self.reports[ref] for ref in provider_refs if ref in self.reports}

    def credit(self):
        if self.away:
            raise LOST
        return 1_000_000

    def tell(self, state, code=""):
        """From now on it tells this of all that it has."""
        self.reports = {f"{self.code}-{ref}": (state, code) for ref in self.has}


class Server:
    """A mail server in hand: ``next`` are the exceptions of the next letters."""

    def __init__(self):
        self.letters, self.next = [], []

    def send(self, sender, recipient, raw):
        does = self.next.pop(0) if self.next else None
        if does is None or getattr(does, "code", "") == "mail.unanswered":
            self.letters.append((recipient, raw))
        if does is not None:
            raise does


class Harness:
    """The chores of handing over, on the database of the hand."""

    def __init__(self, hand, *lines):
        self.hand, self.mail = hand, Server()
        match = [channels.for_sms(line, weight) for line, weight in lines]
        match.append(channels.for_email(EmailProvider(self.mail, "notices@mirab.example", "آب")))
        by_code = {provider.code: provider for provider in match}
        self.dispatcher = Dispatcher(hand.store, hand.service.context, by_code)
        with hand.context() as context:
            states.keep(context, match)

    def run(self):
        """All chores once."""
        for channel, lane in itertools.product(("sms", "email"), contracts.LANES):
            dispatch.dispatch(self.dispatcher, channel, lane)
        recovery.recover(self.dispatcher)
        outcomes.poll(self.dispatcher)
        outcomes.time_out(self.dispatcher)

    def later(self, **span):
        self.hand.later(**span)
        self.run()

    def accounts(self):
        reply = self.hand.call(contracts.ACCOUNTS)
        assert reply["difference"] == 0
        return reply

    def breaker(self, code):
        return self.hand.row("select * from providers where code = %s", code)

    def pause_of(self, id):
        row = self.hand.message(id)
        return (row.due_at - self.hand.moment).total_seconds()

    def handovers(self):
        return execute(self.hand.db, "select provider, state, code from handovers order by ref")


@pytest.fixture
def a():
    return Line("magfa")


@pytest.fixture
def b():
    return Line("kavenegar")


@pytest.fixture
def alone(hand, a):
    """One provider."""
    hand.template()
    return Harness(hand, (a, 1))


@pytest.fixture
def two(hand, a, b):
    """Two providers: the second gets what the first does not take."""
    hand.template()
    return Harness(hand, (a, 1), (b, 0))


def state(hand, sent):
    row = hand.message(sent["id"])
    return row.state, row.code


# --- the straight way ---


def test_what_is_due_is_handed_over_and_its_report_ends_it(hand, a, alone):
    sent = hand.send()
    alone.run()
    assert state(hand, sent) == ("SENT", "")
    row = hand.message(sent["id"])
    assert (row.cost_rials, row.sent_at) == (2480, hand.moment)
    ((sms,),) = a.calls
    assert (sms.to, sms.body, sms.news) == (MOBILE, "سلام", False)
    a.tell(DeliveryState.DELIVERED)
    alone.later(seconds=10)
    assert state(hand, sent) == ("DELIVERED", "")
    ((_, reply),) = [e for e in hand.events() if e[0] == contracts.MESSAGE_SETTLED.name]
    assert (reply["id"], reply["state"], reply["channel"]) == (sent["id"], "DELIVERED", "sms")
    assert alone.accounts() == {
        "accepted": 1,
        "ended": 1,
        "in_flight": 0,
        "difference": 0,
        "unclear": 0,
        "oldest_due_seconds": 0.0,
        "states": [{"channel": "sms", "state": "DELIVERED", "count": 1}],
        "providers": [
            {
                "code": "magfa",
                "channel": "sms",
                "breaker": "CLOSED",
                "paused": False,
                "credit_rials": None,
                "weight": 1,
                "weight_now": 1,
                "moved_at": None,
            },
            {
                "code": "smtp",
                "channel": "email",
                "breaker": "CLOSED",
                "paused": False,
                "credit_rials": None,
                "weight": 1,
                "weight_now": 1,
                "moved_at": None,
            },
        ],
        "senders": [],
    }


def test_a_message_that_is_not_due_waits(hand, a, alone):
    later = (hand.moment + dt.timedelta(hours=2)).isoformat()
    sent = hand.send(not_before=later)
    alone.run()
    assert (a.calls, state(hand, sent)[0]) == ([], "CREATED")
    alone.later(hours=2)
    assert state(hand, sent)[0] == "SENT"


def test_many_go_in_calls_of_as_many_as_the_provider_takes(hand, alone, a):
    a.most = 3
    alone = Harness(hand, (a, 1))
    for number in range(8):
        hand.send(to={"mobile": f"0990000{number:04}"})
    alone.run()
    assert sorted(len(call) for call in a.calls) == [2, 3, 3]


def test_news_goes_apart_from_everything_else(hand, a, alone):
    hand.template(code="fresh", lane="bulk", consent="news")
    hand.template(code="list", lane="bulk")
    with hand.context() as context:
        consents.note(context, "sms", "+989900000001", "news", True, "test", by_receiver=True)
    hand.send("fresh")
    hand.send("list", to={"mobile": "09900000002"})
    alone.run()
    assert sorted([sms.news for sms in call] for call in a.calls) == [[False], [True]]


def test_a_lane_is_handed_over_by_itself(hand, a, alone):
    hand.template(code="pin", lane="otp")
    hand.send()
    pin = hand.send("pin", to={"mobile": "09900000002"})
    dispatch.dispatch(alone.dispatcher, "sms", "otp")
    assert [sms.to for call in a.calls for sms in call] == ["09900000002"]
    assert state(hand, pin)[0] == "SENT"


def test_two_processes_at_once_hand_each_message_over_once(hand, a, alone):
    sent = [hand.send(to={"mobile": f"0990000{number:04}"}) for number in range(120)]
    a.most = 7
    harness = Harness(hand, (a, 1))
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda _: dispatch.dispatch(harness.dispatcher, "sms", "transactional"), "1234"
            )
        )
    assert {state(hand, single)[0] for single in sent} == {"SENT"}
    assert Counter(sms.to for call in a.calls for sms in call).most_common(1)[0][1] == 1
    assert len(a.has) == 120


def test_bulk_that_hangs_at_its_provider_delays_no_otp(hand, a, alone):
    hand.template(code="many", lane="bulk")
    hand.template(code="pin", lane="otp")
    hangs, goes_on = threading.Event(), threading.Event()

    def hang():
        hangs.set()
        assert goes_on.wait(60)

    a.on_send = hang
    bulk = hand.send("many")
    thread = threading.Thread(target=dispatch.dispatch, args=(alone.dispatcher, "sms", "bulk"))
    thread.start()
    assert hangs.wait(60)
    a.on_send = None
    pin = hand.send("pin", to={"mobile": "09900000002"})
    dispatch.dispatch(alone.dispatcher, "sms", "otp")
    assert (state(hand, pin)[0], state(hand, bulk)[0]) == ("SENT", "SENDING")
    goes_on.set()
    thread.join(60)
    assert state(hand, bulk)[0] == "SENT"


# --- the night, and who wants nothing any more ---


def test_what_could_not_go_in_the_evening_waits_for_the_morning(hand, a, alone):
    hand.template(code="many", lane="bulk")
    hand.at("1405-09-02 20:55")
    a.next = [DOWN] * 4
    many, single = hand.send("many"), hand.send(to={"mobile": "09900000002"})
    alone.run()
    hand.at("1405-09-02 22:00")
    a.next = []
    alone.run()
    assert (state(hand, many)[0], state(hand, single)[0]) == ("CREATED", "SENT")
    assert alone.accounts()["oldest_due_seconds"] == 0
    hand.at("1405-09-03 07:59")
    alone.run()
    assert state(hand, many)[0] == "CREATED"
    hand.at("1405-09-03 08:00")
    alone.run()
    assert state(hand, many)[0] == "SENT"


def test_who_opts_out_while_a_message_waits_does_not_get_it(hand, a, alone):
    later = (hand.moment + dt.timedelta(hours=2)).isoformat()
    sent = hand.send(not_before=later)
    other = hand.send(not_before=later, to={"mobile": "09900000002"})
    with hand.context() as context:
        consents.note(context, "sms", "+989900000001", "transactional", False, "test")
    alone.later(hours=2)
    assert state(hand, sent) == ("REJECTED", "receiver.opted_out")
    assert state(hand, other)[0] == "SENT"
    assert [sms.to for call in a.calls for sms in call] == ["09900000002"]
    assert alone.accounts()["in_flight"] == 1


# --- refused ---


def test_what_one_provider_refuses_another_takes(hand, a, b, two):
    a.next = [DOWN]
    sent = hand.send()
    two.run()
    assert state(hand, sent)[0] == "SENT"
    assert two.handovers() == [("magfa", "REFUSED", "down"), ("kavenegar", "HANDED", "")]


def test_a_single_message_that_fails_goes_to_another_provider(hand, a, b, two):
    a.next = [DeliveryState.FAILED]
    sent = hand.send()
    two.run()
    assert (state(hand, sent)[0], len(b.has), a.has) == ("SENT", 1, {})


def test_what_all_refuse_is_tried_again_after_pauses_that_grow(hand, a, alone):
    a.next = [DOWN] * 3
    sent = hand.send()
    pauses = []
    for _ in range(3):
        alone.run()
        pauses.append(alone.pause_of(sent["id"]))
        alone.hand.moment = hand.message(sent["id"]).due_at
    assert pauses == [30, 60, 120]
    alone.run()
    assert state(hand, sent)[0] == "SENT"


def test_a_backlog_shows_its_age_also_while_it_pauses(hand, a, alone):
    a.next = [DOWN] * 9
    hand.send()
    alone.run()
    alone.later(seconds=29)
    assert alone.accounts()["oldest_due_seconds"] == 29
    alone.later(seconds=31)
    assert alone.accounts()["oldest_due_seconds"] == 60


def test_who_cannot_be_sent_in_his_time_has_failed_with_the_reason(hand, a, alone):
    a.next = [DOWN] * 999
    sent = hand.send()
    alone.run()
    alone.later(hours=72)
    assert state(hand, sent) == ("FAILED", "down")


def test_without_any_provider_a_message_waits_and_then_fails(hand):
    hand.template()
    nobody = Harness(hand)
    sent = hand.send()
    nobody.later(hours=71)
    assert state(hand, sent)[0] == "CREATED"
    assert nobody.accounts()["oldest_due_seconds"] == 71 * 3600
    nobody.later(hours=1)
    assert state(hand, sent) == ("FAILED", "no_provider")


def test_what_is_rejected_is_never_tried_again(hand, a, b, two):
    a.next = [DeliveryState.REJECTED]
    sent = hand.send()
    two.run()
    two.later(hours=1)
    assert (state(hand, sent), len(a.calls), b.calls) == (("REJECTED", "7"), 1, [])


def test_a_call_refused_for_one_of_its_messages_is_made_again_one_by_one(hand, a, alone):
    a.next = [
        MessageRefused("One of them.", provider_code=1),
        DeliveryState.ACCEPTED,
        DeliveryState.REJECTED,
    ]
    sent = [hand.send(to={"mobile": f"0990000000{n}"}) for n in range(3)]
    alone.run()
    assert [len(call) for call in a.calls] == [3, 1, 1, 1]
    assert sorted(state(hand, single)[0] for single in sent) == ["REJECTED", "SENT", "SENT"]
    assert alone.breaker("magfa").failures == 0


def test_the_closed_advertising_line_lets_news_wait_and_opens_no_breaker(hand, a, alone):
    closed = ProviderRefused("The provider refuses the call.", provider_code=8)
    hand.template(code="fresh", lane="bulk", consent="news")
    a.next = [closed] * 20
    with hand.context() as context:
        for number in range(6):
            mobile = f"+98990000000{number}"
            consents.note(context, "sms", mobile, "news", True, "test", by_receiver=True)
    news = [hand.send("fresh", to={"mobile": f"0990000000{n}"}) for n in range(6)]
    for _ in range(6):
        alone.run()
        hand.later(minutes=30)
    assert alone.breaker("magfa").breaker == "CLOSED"
    a.next = []
    sent = hand.send(to={"mobile": "09900000099"})
    alone.run()
    assert state(hand, sent)[0] == "SENT"
    alone.later(hours=1)
    assert {state(hand, single)[0] for single in news} == {"SENT"}


# --- breakers ---


def open_breaker(hand, harness, line):
    line.next = [DOWN] * 5
    for number in range(5):
        hand.send(to={"mobile": f"0990000010{number}"})
        dispatch.dispatch(harness.dispatcher, "sms", "transactional")


def test_five_failures_in_a_row_open_a_breaker_and_one_message_tries_it(hand, a, b, two):
    open_breaker(hand, two, a)
    row = two.breaker("magfa")
    assert (row.breaker, row.failures, row.last_problem) == ("OPEN", 5, "down")
    assert row.opened_at == hand.moment
    two.run()
    assert len(a.calls) == 5
    hand.later(seconds=30)
    for number in range(4):
        hand.send(to={"mobile": f"0990000020{number}"})
    two.run()
    # One of the four tried it, and showed that it is back.
    assert [len(call) for call in a.calls[5:]] == [1]
    row = two.breaker("magfa")
    assert (row.breaker, row.failures, row.opened_at) == ("CLOSED", 0, None)
    assert row.last_ok_at == hand.moment


def test_a_trial_in_vain_opens_it_again_for_twice_as_long(hand, a, b, two):
    open_breaker(hand, two, a)
    a.next = [DOWN]
    hand.send()
    two.later(seconds=30)
    row = two.breaker("magfa")
    assert (row.breaker, row.try_at - hand.moment) == ("OPEN", dt.timedelta(seconds=60))


def test_a_trial_whose_process_died_is_made_again(hand, a, alone):
    open_breaker(hand, alone, a)
    hand.later(seconds=30)
    batches = dispatch.reserve(alone.dispatcher, "sms", "transactional")
    assert alone.breaker("magfa").breaker == "HALF_OPEN"
    assert [len(batch.messages) for batch in batches] == [1]
    assert dispatch.reserve(alone.dispatcher, "sms", "transactional") == []
    hand.later(seconds=120)
    dispatch.dispatch(alone.dispatcher, "sms", "transactional")
    assert alone.breaker("magfa").breaker == "CLOSED"


def test_a_breaker_that_opened_under_a_clock_that_ran_ahead_is_tried_when_it_is_right(
    hand, a, alone
):
    hand.later(hours=2)
    open_breaker(hand, alone, a)
    hand.later(hours=-2)
    hand.send()
    dispatch.dispatch(alone.dispatcher, "sms", "transactional")
    assert alone.breaker("magfa").breaker == "CLOSED"


def test_while_all_breakers_are_open_messages_wait_and_are_not_counted_as_tried(hand, a, alone):
    open_breaker(hand, alone, a)
    sent = hand.send()
    alone.run()
    row = hand.message(sent["id"])
    assert (row.state, row.tries, row.due_at) == ("CREATED", 0, hand.moment)


def test_who_is_paused_gets_nothing(hand, a, b, two):
    execute(hand.db, "update providers set paused_by = 'mina' where code = 'magfa'")
    hand.send()
    two.run()
    assert (a.calls, len(b.calls)) == ([], 1)


# --- unclear ---


def test_what_a_provider_took_though_its_answer_was_lost_is_found_and_not_sent_again(
    hand, a, b, two
):
    a.next = ["lost_after"]
    sent = hand.send()
    two.run()
    assert state(hand, sent)[0] == "SENDING"
    assert two.accounts()["unclear"] == 1
    two.later(seconds=60)
    assert state(hand, sent)[0] == "SENT"
    assert (len(a.calls), b.calls) == (1, [])
    a.tell(DeliveryState.DELIVERED)
    two.later(seconds=10)
    assert state(hand, sent)[0] == "DELIVERED"


def test_what_a_slow_process_records_in_the_last_moment_is_not_sent_again(hand, a, alone):
    a.next = [LOST]
    sent = hand.send()
    alone.run()
    alone.later(seconds=60)

    def find(refs):
        with hand.context() as context:
            handovers.accept(context, [AcceptedHandover(ref, "magfa-7", 2480) for ref in refs])
        return dict.fromkeys(refs)

    a.find = find
    alone.later(seconds=60)
    assert state(hand, sent)[0] == "SENT"
    assert len(a.calls) == 1


def test_what_is_surely_not_there_is_sent_again_after_the_second_no(hand, a, alone):
    a.next = [LOST]
    sent = hand.send()
    alone.run()
    alone.later(seconds=60)
    assert (state(hand, sent)[0], len(a.calls)) == ("SENDING", 1)
    alone.later(seconds=60)
    assert (state(hand, sent)[0], len(a.calls)) == ("CREATED", 1)
    alone.run()
    assert (state(hand, sent)[0], len(a.has)) == ("SENT", 1)


def test_while_the_provider_cannot_be_asked_nothing_is_sent_again(hand, a, b, two):
    a.next, a.away = ["lost_after"], True
    sent = hand.send()
    for _ in range(12):
        two.later(minutes=50)
    assert (state(hand, sent)[0], b.calls) == ("SENDING", [])
    # It has forgotten our numbers by now: what it says of them proves nothing any more.
    two.later(hours=2)
    assert (state(hand, sent), b.calls) == (("UNTOLD", "handover_unclear"), [])


def test_the_no_of_a_provider_that_forgets_sends_nothing_again(hand, a, b, two):
    a.next, a.away = [LOST], True
    sent = hand.send()
    two.run()
    a.away = False
    two.later(hours=12)
    two.later(hours=1)
    assert (state(hand, sent), b.calls) == (("UNTOLD", "handover_unclear"), [])


def test_what_cannot_be_found_is_never_sent_again_and_ends_untold(hand, a, b, two):
    a.finds, a.next = False, ["lost_after"]
    sent = hand.send()
    two.run()
    two.later(minutes=59)
    assert (state(hand, sent)[0], b.calls) == ("SENDING", [])
    two.later(minutes=1)
    two.later(minutes=1)
    assert (state(hand, sent), len(a.calls), b.calls) == (("UNTOLD", "handover_unclear"), 1, [])


def test_the_hand_over_of_a_killed_process_is_followed_after_its_lease(hand, a, alone):
    sent = hand.send()
    (batch,) = dispatch.reserve(alone.dispatcher, "sms", "transactional")
    a.send([Sms(p.ref, MOBILE, "سلام") for p in batch.messages])
    alone.later(seconds=119)
    assert state(hand, sent)[0] == "SENDING"
    alone.later(seconds=2)
    assert (state(hand, sent)[0], len(a.calls)) == ("SENT", 1)


def test_a_lost_answer_under_a_clock_that_ran_ahead_is_found_out_when_it_is_right(hand, a, alone):
    hand.later(hours=2)
    a.next = ["lost_after"]
    sent = hand.send()
    alone.run()
    assert state(hand, sent)[0] == "SENDING"
    alone.later(hours=-2)
    assert (state(hand, sent)[0], len(a.calls)) == ("SENT", 1)


def test_a_no_under_a_clock_that_ran_ahead_counts_from_when_it_is_right(hand, a, alone):
    hand.later(hours=2)
    a.next = [LOST]
    sent = hand.send()
    alone.run()
    alone.later(seconds=60)
    alone.later(hours=-2)
    alone.later(seconds=59)
    assert (state(hand, sent)[0], len(a.calls)) == ("SENDING", 1)
    alone.later(seconds=1)
    assert (state(hand, sent)[0], len(a.calls)) == ("CREATED", 1)
    alone.run()
    assert (state(hand, sent)[0], len(a.has)) == ("SENT", 1)


def test_who_was_killed_under_a_clock_that_ran_ahead_is_followed_after_a_lease(hand, a, alone):
    hand.later(hours=2)
    sent = hand.send()
    (batch,) = dispatch.reserve(alone.dispatcher, "sms", "transactional")
    a.send([Sms(p.ref, MOBILE, "سلام") for p in batch.messages])
    alone.later(hours=-2)
    alone.later(seconds=119)
    assert state(hand, sent)[0] == "SENDING"
    alone.later(seconds=2)
    assert (state(hand, sent)[0], len(a.calls)) == ("SENT", 1)


def test_who_was_thought_dead_and_speaks_late_changes_nothing_that_is_settled(hand, a, alone):
    sent = hand.send()
    (batch,) = dispatch.reserve(alone.dispatcher, "sms", "transactional")
    alone.later(seconds=121)
    alone.later(seconds=61)
    assert state(hand, sent)[0] == "CREATED"
    # Its call begins too late, and so never.
    late = dispatch.Batch(batch.provider, batch.messages, until=0.0)
    dispatch.provider_calls.call(alone.dispatcher, late, set())
    assert (a.calls, alone.handovers()) == ([], [("magfa", "REFUSED", "not_there")])
    alone.run()
    assert (state(hand, sent)[0], len(a.has)) == ("SENT", 1)


def test_what_a_provider_leaves_out_of_its_answer_is_unclear(hand, a, alone):
    sent = hand.send()
    a.send, real = (lambda messages: []), a.send
    alone = Harness(hand, (a, 1))
    alone.run()
    a.send = real
    assert state(hand, sent)[0] == "SENDING"
    alone.later(seconds=60)
    alone.later(seconds=60)
    assert state(hand, sent)[0] == "CREATED"


# --- reports ---


def test_an_undelivered_message_is_tried_once_more_elsewhere(hand, a, b, two):
    sent = hand.send()
    two.run()
    a.tell(DeliveryState.UNDELIVERED, "2")
    two.later(seconds=10)
    assert (state(hand, sent)[0], two.pause_of(sent["id"])) == ("CREATED", 30)
    two.later(seconds=30)
    assert (state(hand, sent)[0], len(b.has)) == ("SENT", 1)
    b.tell(DeliveryState.UNDELIVERED, "11")
    two.later(seconds=10)
    assert state(hand, sent) == ("UNDELIVERED", "11")


def test_an_otp_that_is_old_is_not_tried_again(hand, a, b, two):
    hand.template(code="pin", lane="otp")
    sent = hand.send("pin")
    two.run()
    two.later(minutes=59, seconds=40)
    a.tell(DeliveryState.UNDELIVERED, "2")
    two.later(hours=1)
    assert (state(hand, sent), b.calls) == (("UNDELIVERED", "2"), [])


def test_a_report_of_rejection_ends_and_one_of_failure_asks_another_provider(hand, a, b, two):
    first = hand.send()
    two.run()
    a.tell(DeliveryState.REJECTED, "27")
    two.later(seconds=10)
    assert state(hand, first) == ("REJECTED", "27")
    second = hand.send(to={"mobile": "09900000002"})
    two.run()
    a.tell(DeliveryState.FAILED, "16")
    two.later(seconds=10)
    two.run()
    assert (state(hand, second)[0], len(b.has)) == ("SENT", 1)


def test_reports_are_asked_for_ever_more_seldom(hand, a, alone):
    sent = hand.send()
    alone.run()
    waits = []
    for _ in range(11):
        row = hand.row("select * from handovers")
        waits.append(int((row.poll_at - hand.moment).total_seconds()))
        hand.moment = row.poll_at
        alone.run()
    # Once just before five minutes, so that what came in time is not called slow.
    assert waits == [10, 20, 40, 80, 145, 320, 640, 1280, 2560, 3600, 3600]
    assert state(hand, sent)[0] == "SENT"
    (polls,) = execute(hand.db, "select polls from handovers")[0]
    alone.later(minutes=59)
    assert execute(hand.db, "select polls from handovers") == [(polls,)]


def test_what_was_taken_under_a_clock_that_ran_ahead_is_asked_about_when_it_is_right(
    hand, a, alone
):
    hand.later(hours=2)
    sent = hand.send()
    alone.run()
    a.tell(DeliveryState.DELIVERED)
    alone.later(hours=-2)
    assert state(hand, sent) == ("DELIVERED", "")


def test_of_what_nobody_tells_anything_is_untold_after_three_days(hand, a, alone):
    sent = hand.send()
    alone.run()
    a.away = True
    alone.later(hours=71)
    assert state(hand, sent)[0] == "SENT"
    alone.later(hours=1)
    assert state(hand, sent) == ("UNTOLD", "untold")


def test_a_receipt_makes_us_ask_now_and_is_not_believed(hand, a, alone):
    sent = hand.send()
    alone.run()
    number = f"magfa-{next(iter(a.has))}"
    for _ in range(6):
        alone.later(minutes=3)
    assert hand.call(receipts.RECEIPT, provider="magfa", provider_ref=number) == {"known": True}
    alone.run()
    assert state(hand, sent)[0] == "SENT"
    a.tell(DeliveryState.DELIVERED)
    alone.run()
    assert state(hand, sent)[0] == "SENT"
    hand.call(receipts.RECEIPT, provider="magfa", provider_ref=number)
    alone.run()
    assert state(hand, sent)[0] == "DELIVERED"
    assert hand.call(receipts.RECEIPT, provider="magfa", provider_ref=number) == {"known": True}
    for provider, ref in (("magfa", "1"), ("nobody", number)):
        reply = hand.call(receipts.RECEIPT, provider=provider, provider_ref=ref)
        assert reply == {"known": False}


# --- fallback ---


@pytest.fixture
def chain(hand, a):
    """A template for SMS, e-mail and inbox, and one provider of SMS."""
    for channel in ("sms", "email", "inbox"):
        hand.template(code="chain", channel=channel)
    return Harness(hand, (a, 1))


@pytest.fixture
def everywhere(hand):
    """A receiver with an address for each of these channels."""
    box = hand.call(inbox.MAKE_INBOX, secret="1" * 20)["code"]
    return {"mobile": MOBILE, "email": EMAIL, "inbox": box}


def test_the_next_channel_takes_over_until_the_inbox_which_has_it_at_once(
    hand, a, chain, everywhere
):
    a.next = [DeliveryState.REJECTED]
    chain.mail.next = [MailRefused(550, "no such user")]
    sent = hand.send("chain", to=everywhere)
    chain.run()
    row = hand.message(sent["id"])
    assert (row.state, row.channel) == ("DELIVERED", "inbox")
    assert bytes(row.receiver_hash) == hand.keys.receiver("inbox", everywhere["inbox"])
    settled = [reply for name, reply in hand.events() if name == contracts.MESSAGE_SETTLED.name]
    assert [(reply["channel"], reply["state"]) for reply in settled] == [("inbox", "DELIVERED")]
    assert chain.handovers() == [("magfa", "ENDED", "7"), ("smtp", "ENDED", "550")]
    chain.accounts()


def test_a_channel_from_which_the_receiver_opted_out_meanwhile_is_left_out(
    hand, a, chain, everywhere
):
    a.next = [DeliveryState.REJECTED]
    sent = hand.send("chain", to=everywhere)
    with hand.context() as context:
        consents.note(context, "email", EMAIL, "transactional", False, "test")
    chain.run()
    assert (hand.message(sent["id"]).channel, chain.mail.letters) == ("inbox", [])


def test_an_sms_that_took_too_long_goes_by_mail_with_a_patience_of_its_own(hand, a, chain):
    a.next = [DOWN] * 99
    sent = hand.send("chain", to={"mobile": MOBILE, "email": EMAIL})
    chain.run()
    chain.later(hours=72)
    row = hand.message(sent["id"])
    assert (row.state, row.channel, row.parts) == ("CREATED", "email", None)
    assert row.give_up_at == hand.moment + dt.timedelta(hours=72)
    chain.run()
    assert (state(hand, sent)[0], len(chain.mail.letters)) == ("SENT", 1)


# --- e-mail ---


def send_mail(hand):
    hand.template(code="letter", channel="email")
    return hand.send("letter", to={"email": EMAIL})


def test_a_letter_that_was_taken_is_untold_after_three_days_and_no_other_channel_follows(
    hand, chain, everywhere
):
    sent = hand.send("chain", channels=["email", "inbox"], to=everywhere)
    chain.run()
    assert state(hand, sent)[0] == "SENT"
    chain.later(hours=72)
    row = hand.message(sent["id"])
    assert (row.state, row.channel) == ("UNTOLD", "email")


def test_a_letter_carries_the_page_of_its_template(hand, alone):
    hand.template("# سلام\n\n((text))", code="page", channel="email")
    hand.send("page", to={"email": EMAIL})
    alone.run()
    ((to, raw),) = alone.mail.letters
    reply = message_from_bytes(raw, policy=default)
    page = reply.get_body(("html",)).get_content()
    assert (to, reply["Subject"]) == (EMAIL, "موضوع")
    assert "<h2" in page
    assert "# سلام" not in page


def test_while_the_mail_server_is_away_letters_wait_and_open_its_breaker(hand, alone):
    alone.mail.next = [Unavailable("Away.", code="mail.unavailable")] * 5
    sent = send_mail(hand)
    for _ in range(5):
        alone.run()
        hand.moment = hand.message(sent["id"]).due_at
    assert alone.breaker("smtp").breaker == "OPEN"
    assert (state(hand, sent)[0], alone.mail.letters) == ("CREATED", [])
    alone.later(minutes=20)
    assert state(hand, sent)[0] == "SENT"


def test_an_unclear_letter_is_handed_over_again_under_the_same_message_id(hand, alone):
    alone.mail.next = [Unavailable("Silent.", code="mail.unanswered")] * 2
    sent = send_mail(hand)
    alone.run()
    for _ in range(3):
        alone.later(seconds=60)
    assert (state(hand, sent)[0], len(alone.mail.letters)) == ("SENT", 3)
    ids = {
        line
        for _, raw in alone.mail.letters
        for line in raw.split(b"\r\n")
        if line.startswith(b"Message-ID:")
    }
    assert len(ids) == 1


def test_a_letter_stays_unclear_at_most_five_times_more(hand, alone):
    alone.mail.next = [Unavailable("Silent.", code="mail.unanswered")] * 99
    sent = send_mail(hand)
    alone.run()
    for _ in range(9):
        alone.later(seconds=60)
    assert (state(hand, sent), len(alone.mail.letters)) == (("UNTOLD", "handover_unclear"), 6)


# --- account and purge ---


def test_a_message_that_vanished_shows_as_a_difference(hand, alone):
    sent = hand.send()
    execute(hand.db, "delete from messages where id = %s", (sent["id"],))
    reply = hand.call(contracts.ACCOUNTS)
    assert (reply["accepted"], reply["in_flight"], reply["difference"]) == (1, 0, 1)


def test_what_ended_is_summed_up_by_day_and_the_account_stays_the_same(hand, a, alone):
    def add_up():
        with hand.context() as context:
            accounting.add_up(context)
        reply = alone.accounts()
        rows = execute(hand.db, "select count(*), coalesce(sum(count), 0) from ended_days")
        return (reply["accepted"], reply["ended"], reply["in_flight"]), rows[0]

    for day in range(3):
        a.next = [DeliveryState.REJECTED, DeliveryState.REJECTED]
        for number in range(2):
            hand.send(to={"mobile": f"099000000{day}{number}"})
            alone.run()
        hand.later(days=1)
    later = (hand.moment + dt.timedelta(days=9)).isoformat()
    hand.send(to={"mobile": "09900000099"}, not_before=later)
    # The last day that is over may have open transactions still.
    for days, summed in ((0, (2, 4)), (0, (2, 4)), (1, (3, 6)), (5, (3, 6))):
        hand.later(days=days)
        assert add_up() == ((7, 6, 1), summed)


def test_letters_on_paper_are_left_to_who_prints_them(hand, alone):
    hand.template(code="paper", channel="letter")
    address = ["Somebody", "Motahari Boulevard", "7591400000"]
    sent = hand.send("paper", to={"address": address})
    alone.run()
    alone.later(days=9)
    assert state(hand, sent)[0] == "CREATED"
    assert alone.accounts()["in_flight"] == 1


def test_personal_data_goes_after_its_time_and_what_lies_in_an_inbox_after_a_year(
    hand, a, alone, everywhere
):
    hand.template(code="box", channel="inbox")
    a.next = [DeliveryState.REJECTED]
    ended, kept = hand.send(), hand.send("box", to={"inbox": everywhere["inbox"]})
    alone.run()
    waiting = hand.send(to={"mobile": "09900000002"}, not_before="2026-12-24T00:00:00Z")

    def blank():
        accounting.purge(hand.store, hand.service.context)
        rows = [hand.message(single["id"]) for single in (ended, kept, waiting)]
        return [row.receiver is None and row.contents is None for row in rows]

    assert blank() == [False, False, False]
    hand.later(days=8)
    assert blank() == [True, False, False]
    hand.later(days=360)
    assert blank() == [True, True, False]
    alone.accounts()


def test_the_money_left_is_asked_for_hourly(hand, a, alone):
    service = hand.service
    service.dispatcher = lambda: alone.dispatcher
    type(service).ask_credit(service)
    assert alone.breaker("magfa").credit_rials == 1_000_000
    asked_at = hand.moment
    hand.later(minutes=59)
    type(service).ask_credit(service)
    assert alone.breaker("magfa").credit_at == asked_at
    a.away = True
    hand.later(minutes=2)
    type(service).ask_credit(service)
    assert alone.breaker("magfa").credit_at == asked_at


def test_a_provider_that_is_set_up_no_longer_loses_its_row(hand, a, b, two):
    with hand.context() as context:
        states.keep(context, [channels.for_sms(a, 5)])
    assert execute(hand.db, "select code, weight from providers") == [("magfa", 5)]


SPOIL = """
create function spoil() returns trigger language plpgsql as $$
begin
    if new.id = '%s' then raise exception 'a fault of tests' using errcode = 'P0001'; end if;
    return new;
end $$;
create trigger spoil before update on messages for each row execute function spoil()"""


def test_b6_a_message_that_cannot_be_ended_keeps_no_other_waiting(hand):
    hand.template()
    sent = [hand.send()["id"] for _ in range(3)]
    execute(hand.db, SPOIL % sent[0])
    hand.later(hours=73)
    harness = Harness(hand)
    harness.mail = None
    outcomes.time_out(harness.dispatcher)
    states = dict(execute(hand.db, "select id::text, state from messages"))
    assert [states[id_] for id_ in sent] == ["CREATED", "FAILED", "FAILED"]
    assert execute(hand.db, "select chore, item from failed_rows") == [("notify.give_up", sent[0])]
