"""When an aggregate itself is acknowledged, and when it goes back to the broker."""

import json

import pytest

from bus import topology
from bus.amqp.aggregate import join_calls
from bus.amqp.incoming import Incoming, Parts
from bus.amqp.splitter import Splitter, splitter_of
from bus.envelope import Envelope


class RecordedInlet:
    """An inlet that notes what is done, and puts nothing anywhere while the broker is away."""

    def __init__(self):
        self.acts = []
        self.away = ()

    def alive(self, raw):
        return True

    def done(self, raw):
        self.acts.append(("done", raw.id))

    def give_back(self, raw):
        self.acts.append(("give back", raw.id))

    def put(self, messages, queue=None):
        self.acts += [("put", raw.id, queue) for raw in messages]
        return [raw.id not in self.away for raw in messages]

    def put_dead(self, raw, code):
        self.acts.append(("dead", raw.id, code))
        return raw.id not in self.away

    def reply(self, raw, body, *, batch, content_type=topology.JSON):
        self.acts.append(("reply", content_type, json.loads(body)))


@pytest.fixture
def inlet():
    return RecordedInlet()


@pytest.fixture
def splitter(inlet):
    """Four calls, ``a`` to ``d``, of the aggregate ``whole``."""
    return Splitter(aggregate(*"abcd"), inlet)


def aggregate(*ids):
    calls = [(id_, Envelope.new("probe.add.v1", "test", id=id_).headers(), b"{}") for id_ in ids]
    whole = Envelope.new("probe.add.v1", "test", id="whole", deadline=1.0).headers()
    properties = {
        "content_type": topology.CALLS,
        "application_headers": whole,
        "reply_to": "asker",
    }
    return Incoming(Parts(1, {}, properties, join_calls(calls)))


def test_replies_go_out_in_one_message_before_the_acknowledgement(inlet, splitter):
    for call in splitter.calls:
        splitter.reply(call, json.dumps({"result": call.id}).encode(), batch=50)
        splitter.done(call)
    replies = {id_: {"result": id_} for id_ in "abcd"}
    assert inlet.acts == [("reply", topology.REPLIES, replies), ("done", "whole")]


def test_the_aggregate_ends_with_its_last_call_only(inlet, splitter):
    a, b, c, d = splitter.calls
    splitter.done(c)
    splitter.bury(a, "rule.broken")
    splitter.give_back(d)
    assert inlet.acts == [("dead", "a", "rule.broken"), ("put", "d", None)]
    splitter.done(b)
    assert inlet.acts[-1] == ("done", "whole")


@pytest.mark.parametrize("end", ["bury", "give_back", "renew"])
def test_it_goes_back_in_the_end_if_one_call_could_be_put_nowhere(inlet, splitter, end):
    a, b, c, d = splitter.calls
    inlet.away = ("b",)
    acts = {
        "bury": lambda: splitter.bury(b, "internal"),
        "give_back": lambda: splitter.give_back(b),
        "renew": lambda: splitter.renew([b], "elsewhere"),
    }
    acts[end]()
    for call in (a, c, d):
        splitter.reply(call, b"{}", batch=1)
        splitter.done(call)
    assert inlet.acts[-1] == ("give back", "whole")
    assert ("done", "whole") not in inlet.acts
    assert inlet.acts[-2] == ("reply", topology.REPLIES, {"a": {}, "c": {}, "d": {}})


def test_what_is_answered_early_is_not_answered_again(inlet, splitter):
    a, *others = splitter.calls
    splitter.reply(a, b'{"error":1}', batch=1)
    splitter.flush()
    splitter.flush()
    for call in (a, *others):
        splitter.done(call)
    assert inlet.acts == [("reply", topology.REPLIES, {"a": {"error": 1}}), ("done", "whole")]


def test_a_single_message_is_no_aggregate_and_one_that_cannot_be_read_has_no_splitter(inlet):
    single = Incoming(Parts(1, {}, {"content_type": topology.JSON}, b"[]"))
    broken = Incoming(Parts(1, {}, {"content_type": topology.CALLS}, b"{"))
    assert (splitter_of(single, inlet), splitter_of(broken, inlet)) == (None, None)
    assert splitter_of(aggregate("a"), inlet).calls[0].id == "a"
