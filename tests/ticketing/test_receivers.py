"""Whom strangers can make us write to, and how often, before anybody has confirmed anything."""

from concurrent.futures import ThreadPoolExecutor

from contracts.ticketing import citizens as contracts
from services.ticketing.context import StrangerLimits
from services.ticketing.domain.mailboxes import mailbox_of
from services.ticketing.notifications import limits
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_texting import MOBILE, texts

VICTIM = "zahra@example.com"


def cap(hand, monkeypatch, **caps):
    monkeypatch.setattr(
        StrangerLimits, "of", classmethod(lambda cls, _settings: cls()._replace(**caps))
    )


def test_s13_a_receiver_gets_a_few_acknowledgements_and_every_ticket_is_registered(hand):
    codes = [hand.register(mobile=MOBILE) for _ in range(40)]
    assert len(set(codes)) == 40
    assert len(texts(hand)) == 5
    assert len(hand.letters(VICTIM)) == 20
    assert hand.acts(codes[0]) == ["register"]
    assert hand.acts(codes[-1]) == ["register", "withheld"]
    title = hand.track(codes[-1])["history"][-1]["title_fa"]
    assert "فرستاده نشد" in title
    assert hand.read(codes[-1])["history"][-1]["title_fa"] == title


def test_s13_a_day_has_its_own_end_and_the_next_day_begins_anew(hand):
    for moment in ("09:00", "11:00", "13:00"):
        hand.at(f"1405-09-02 {moment}")
        for _ in range(5):
            hand.register(mobile=MOBILE, email=None)
    assert len(texts(hand)) == 10
    hand.at("1405-09-03 13:30")
    hand.register(mobile=MOBILE, email=None)
    assert len(texts(hand)) == 11


def test_s13_another_spelling_of_a_mailbox_is_the_same_receiver(hand):
    for number in range(25):
        hand.register(email=f"Zahra+{number}@Example.COM")
    assert len([to for to, _ in hand.letters() if to.lower().startswith("zahra")]) == 20
    assert mailbox_of("a.b+c@x.ir") == "a.b@x.ir"


def test_s13_who_is_told_by_the_answer_that_no_notice_goes(hand):
    fields = {
        "kind": "complaint",
        "category": "illegal_well",
        "text": "شب‌ها چاه می‌زنند.",
        "declared": True,
        "secret": SECRET,
        "name": "زهرا",
        "mobile": MOBILE,
    }
    answers = [hand.call(contracts.REGISTER, **fields) for _ in range(6)]
    assert [a["withheld"] for a in answers] == [[]] * 5 + [["sms"]]


def test_s13_all_sms_of_strangers_together_have_an_end_and_letters_go_on(hand, monkeypatch):
    cap(hand, monkeypatch, sms_a_day=3)
    for number in range(6):
        hand.register(mobile=f"0990000010{number}", email=f"a{number}@example.com")
    assert len(texts(hand)) == 3
    assert len([to for to, _ in hand.letters() if to.startswith("a")]) == 6


def test_s13_a_clerk_who_registers_for_callers_is_no_stranger(hand):
    for _ in range(7):
        hand.call(
            contracts.REGISTER,
            as_="karim",
            kind="complaint",
            category="illegal_well",
            text="شب‌ها چاه می‌زنند.",
            declared=True,
            secret=SECRET,
            name="زهرا",
            mobile=MOBILE,
            channel="telephone",
        )
    assert len(texts(hand)) == 7


def test_s13_what_a_unit_says_is_told_however_much_strangers_registered(hand):
    codes = [hand.register(mobile=MOBILE) for _ in range(7)]
    hand.answer(codes[-1])
    assert texts(hand)[-1]["template"] == "ticket_answered"


def test_s13_many_at_once_see_each_others_counts(hand):
    def ask(_):
        with hand.store.transaction() as tx:
            return limits.allows(hand.service.context(tx), "sms", MOBILE)

    with ThreadPoolExecutor(4) as pool:
        allowed = list(pool.map(ask, range(16)))
    assert allowed.count(True) == 5


def test_s13_counts_keep_no_number_and_no_address(hand):
    hand.register(mobile=MOBILE)
    kept = str(execute(hand.db, "select * from stranger_notices"))
    assert "zahra" not in kept
    assert MOBILE[1:] not in kept
