"""Any day at all: whatever providers answer and whenever processes die, a message is sent once at
the most and stays accounted for. The days are random, and the same at each run.
"""

import contextlib
import random
from collections import Counter

import pytest

from services.notify.providers.sms import DeliveryState
from services.notify.sending import dispatch
from tests.notify.sending.test_dispatch import DOWN, LOST, Harness, Line

STEPS = 30
DOES = ("lost_after", LOST, DOWN, DeliveryState.FAILED, DeliveryState.REJECTED)


class Day:
    """Three providers, one of which cannot be asked what it has, and what chance makes of them."""

    def __init__(self, hand, seed):
        self.hand, self.chance, self.sent = hand, random.Random(seed), []
        self.lines = [Line("magfa", most=3), Line("kavenegar"), Line("smsir", finds=False)]
        self.harness = Harness(hand, *zip(self.lines, (3, 2, 1), strict=True))

    def send(self):
        mobile = f"0990{len(self.sent):07}"
        self.sent.append(self.hand.send(to={"mobile": mobile})["id"])

    def die(self):
        """A process reserves and dies, before it has called a provider or after."""
        for batch in dispatch.reserve(self.harness.dispatcher, "sms", "transactional"):
            if self.chance.random() < 0.5:
                with contextlib.suppress(type(LOST), type(DOWN)):
                    batch.provider.send(batch.messages)

    def trouble(self):
        line = self.chance.choice(self.lines)
        line.next += self.chance.choices(DOES, k=self.chance.randint(1, 3))

    def away(self):
        line = self.chance.choice(self.lines)
        line.away = not line.away

    def tell(self):
        for line in self.lines:
            line.tell(DeliveryState.DELIVERED)

    def step(self):
        acts = [self.send, self.send, self.send, self.die, self.trouble, self.away, self.tell]
        self.chance.choice(acts)()
        self.hand.later(seconds=self.chance.choice((1, 20, 61, 125)))
        if self.chance.random() < 0.6:
            self.harness.run()
        self.check()

    def check(self):
        reply = self.harness.accounts()
        assert reply["accepted"] == len(self.sent)
        accepted = Counter(sms.to for line in self.lines for sms in line.has.values())
        assert [to for to, times in accepted.items() if times > 1] == []
        return accepted

    def calm(self):
        """All providers are well again: everything ends."""
        for line in self.lines:
            line.next, line.away = [], False
        for _ in range(14):
            self.tell()
            self.harness.later(minutes=11)
        return self.harness.accounts()


@pytest.mark.parametrize("seed", range(5))
def test_on_any_day_a_message_is_sent_once_at_the_most_and_ends(hand, seed):
    hand.template()
    day = Day(hand, seed)
    for _ in range(STEPS):
        day.step()
    assert day.calm()["in_flight"] == 0
    accepted = day.check()
    for number, id_ in enumerate(day.sent):
        row = hand.message(id_)
        assert row.state in ("DELIVERED", "REJECTED", "UNTOLD")
        if row.state == "DELIVERED":
            assert accepted[f"0990{number:07}"] == 1
        if row.state == "REJECTED":
            assert accepted[f"0990{number:07}"] == 0
