"""Any day at all: whatever providers answer and whenever processes die, a message is sent once at
the most and stays accounted for. The days are random, and the same at each run.
"""

import contextlib
import random
from collections import Counter

import pytest

from services.notify.providers.sms import State
from services.notify.sending import dispatch
from tests.notify.sending.test_dispatch import DOWN, LOST, Line, Office

STEPS = 30
DOES = ("lost_after", LOST, DOWN, State.FAILED, State.REJECTED)


class Day:
    """Three providers, one of which cannot be asked what it has, and what chance makes of them."""

    def __init__(self, hand, seed):
        self.hand, self.chance, self.sent = hand, random.Random(seed), []
        self.lines = [Line("magfa", most=3), Line("kavenegar"), Line("smsir", finds=False)]
        self.office = Office(hand, *zip(self.lines, (3, 2, 1), strict=True))

    def send(self):
        mobile = f"0990{len(self.sent):07}"
        self.sent.append(self.hand.send(to={"mobile": mobile})["id"])

    def die(self):
        """A process reserves and dies, before it has called a provider or after."""
        for batch in dispatch.reserve(self.office.post, "sms", "transactional"):
            if self.chance.random() < 0.5:
                with contextlib.suppress(type(LOST), type(DOWN)):
                    batch.carrier.send(batch.parcels)

    def trouble(self):
        line = self.chance.choice(self.lines)
        line.next += self.chance.choices(DOES, k=self.chance.randint(1, 3))

    def away(self):
        line = self.chance.choice(self.lines)
        line.away = not line.away

    def tell(self):
        for line in self.lines:
            line.tell(State.DELIVERED)

    def step(self):
        acts = [self.send, self.send, self.send, self.die, self.trouble, self.away, self.tell]
        self.chance.choice(acts)()
        self.hand.later(seconds=self.chance.choice((1, 20, 61, 125)))
        if self.chance.random() < 0.6:
            self.office.run()
        self.check()

    def check(self):
        told = self.office.accounts()
        assert told["accepted"] == len(self.sent)
        taken = Counter(sms.to for line in self.lines for sms in line.has.values())
        assert [to for to, times in taken.items() if times > 1] == []
        return taken

    def calm(self):
        """All providers are well again: everything ends."""
        for line in self.lines:
            line.next, line.away = [], False
        for _ in range(14):
            self.tell()
            self.office.later(minutes=11)
        return self.office.accounts()


@pytest.mark.parametrize("seed", range(5))
def test_on_any_day_a_message_is_sent_once_at_the_most_and_ends(hand, seed):
    hand.template()
    day = Day(hand, seed)
    for _ in range(STEPS):
        day.step()
    assert day.calm()["in_flight"] == 0
    taken = day.check()
    for number, id_ in enumerate(day.sent):
        row = hand.message(id_)
        assert row.state in ("DELIVERED", "REJECTED", "UNTOLD")
        if row.state == "DELIVERED":
            assert taken[f"0990{number:07}"] == 1
        if row.state == "REJECTED":
            assert taken[f"0990{number:07}"] == 0
