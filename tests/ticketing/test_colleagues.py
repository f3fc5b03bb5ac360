"""What colleagues tell each other: mentions, notices, absences, tickets that are handed over."""

import datetime as dt

import pytest

from contracts.ticketing import citizens as contracts
from contracts.ticketing import colleagues as at_desk
from contracts.ticketing.colleagues import TELL_PROPOSER
from contracts.ticketing.desk import ASSIGN, NOTE, TAKE
from iran.persian import tehran_day
from people.mentions import mentioned
from services.ticketing.accounts import staff
from services.ticketing.chores import cleanup, deadlines
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_texting import texts


@pytest.fixture
def unit(hand):
    """The unit of karim with two more colleagues; mina reads notices by e-mail."""
    with hand.store.transaction() as tx:
        for name in ("leila", "reza"):
            staff.put(tx.conn, staff.Colleague(name, name.title(), "clerk", "groundwater"), None)
    proven(hand, "mina", "mina@office.example")
    return hand


def proven(hand, username, email):
    """Has the colleague enter an address and type the code that came there."""
    assert hand.call(at_desk.SET_NOTICES, as_=username, email=email, mails=True)["code_sent"]
    return hand.call(at_desk.PROVE_NOTICE_ADDRESS, as_=username, pin=pin(hand))


def pin(hand):
    """The newest code for an address of notices."""
    return next(
        text["personalisation"]["pin"]
        for text in reversed(texts(hand))
        if text["template"] == "colleague_address_code"
    )


def notices(hand, as_):
    return [(n["kind"], n["code"]) for n in hand.call(at_desk.MY_NOTICES, as_=as_)["notices"]]


def mails_to_colleagues(hand):
    templates = ("colleague_notice", "colleague_handed_over", "colleague_outcome")
    return [text for text in texts(hand) if text["template"] in templates]


def away(hand, username, days=3, as_=None, **more):
    today = tehran_day(hand.moment)
    return hand.call(
        at_desk.ADD_ABSENCE,
        as_=as_ or username,
        username=username,
        from_day=today.isoformat(),
        to_day=(today + dt.timedelta(days=days)).isoformat(),
        **more,
    )


def test_what_a_second_person_decided_is_told_to_who_proposed_it_and_to_nobody_else(unit):
    def tell(number, proposer="mina", decider="nader", **more):
        outcome = {"proposer": proposer, "decider": decider, "matter": "refund", "number": number}
        unit.call(TELL_PROPOSER, accepted=False, **outcome, **more)

    def outcomes(as_):
        reply = unit.call(at_desk.MY_NOTICES, as_=as_)
        own = reply["outcomes"]
        return reply["unread"], [(o["number"], o.get("why"), o["unread"]) for o in own]

    tell("7", name="نوبت آب", why="این شبا از کس دیگری است")
    tell("8")
    tell("9", decider="mina")  # took it back
    tell("9", proposer="token:metrics")
    both = [("8", None, True), ("7", "این شبا از کس دیگری است", True)]
    assert (outcomes("mina"), outcomes("karim")) == ((2, both), (0, []))
    mails = mails_to_colleagues(unit)
    assert [mail["template"] for mail in mails] == ["colleague_outcome"], "one until it is read"
    assert "شبا" not in str(mails)
    first = unit.call(at_desk.MY_NOTICES, as_="mina")["outcomes"][0]["id"]
    assert unit.call(at_desk.MY_NOTICES, as_="mina")["outcomes"][1]["name"] == "نوبت آب"
    for reader in ("karim", "mina"):
        unit.call(at_desk.READ_NOTICES, as_=reader, outcome=first)
    assert outcomes("mina") == (1, [both[1], ("8", None, False)])
    unit.call(at_desk.READ_NOTICES, as_="mina")
    execute(unit.db, "update proposal_outcomes set read_at = now() - interval '91 days'")
    unit.do(cleanup.forget, unit.blobs)
    assert outcomes("mina") == (0, [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@karim ببین", ["karim"]),
        ("ببین؛ (@Mina) و @leila.", ["mina", "leila"]),
        ("به a@b.example نوشتم", []),
        ("@karim و باز @karim", ["karim"]),
        ("@", []),
    ],
)
def test_a_mention_is_a_user_name_after_a_blank_and_no_address(text, names):
    assert mentioned(text) == names


def test_who_is_mentioned_is_told_once_and_by_a_mail_without_a_person(unit):
    code = unit.register()
    unit.act(NOTE, code, text="@mina لطفاً ببینید", mentions=["leila", "mina"])
    assert notices(unit, "mina") == notices(unit, "leila") == [("mention", code)]
    assert notices(unit, "karim") == []
    (mail,) = mails_to_colleagues(unit)
    assert mail["to"]["email"] == "mina@office.example"
    assert mail["personalisation"]["link"] == f"https://desk.example/desk/tickets/{code}"
    assert "زهرا" not in str(mail)
    assert "ببینید" not in str(mail)
    unit.act(NOTE, code, text="@mina باز هم")
    assert len(mails_to_colleagues(unit)) == 1  # the first is not read yet
    assert unit.call(at_desk.READ_NOTICES, as_="mina", code=code)["unread"] == 0
    unit.act(NOTE, code, text="@mina بار سوم")
    assert len(mails_to_colleagues(unit)) == 2


@pytest.mark.parametrize(
    ("note", "field"),
    [({"text": "@sara ببین"}, "text"), ({"text": "ببین", "mentions": ["nobody"]}, "mentions")],
)
def test_nobody_is_mentioned_who_may_not_read_the_ticket(unit, note, field):
    code = unit.register()
    refused = unit.act(NOTE, code, **note)
    assert refused["code"] == "field.wrong"
    assert refused["fields"][0]["field"] == field
    assert unit.acts(code) == ["register"]


def test_whoever_works_on_a_ticket_is_told_what_happens_to_it(unit):
    code = unit.register()
    unit.act(ASSIGN, code, "mina", assignee="karim")
    unit.call(contracts.WRITE, code=code, secret=SECRET, text="یک عکس هم دارم")
    assert notices(unit, "karim") == [("citizen", code), ("assigned", code)]
    unit.act(TAKE, unit.register(), "karim")
    assert len(notices(unit, "karim")) == 2  # nobody is told of an act of their own


def test_a_due_time_is_told_two_hours_before_and_once_after_it(unit):
    code = unit.at("1405-09-02 09:00").register()
    unit.act(TAKE, code, "karim")
    unit.at("1405-09-02 10:00").do(deadlines.watch)
    assert notices(unit, "karim") == []
    unit.at("1405-09-02 11:00").do(deadlines.watch)
    unit.do(deadlines.watch)
    assert notices(unit, "karim") == [("due_soon", code)]
    unit.at("1405-09-02 13:00").do(deadlines.watch)
    unit.do(deadlines.watch)
    assert notices(unit, "karim") == [("missed", code), ("due_soon", code)]


def test_notices_that_were_read_are_forgotten_and_others_are_kept(unit):
    code = unit.register()
    unit.act(NOTE, code, text="@mina @leila")
    unit.call(at_desk.READ_NOTICES, as_="mina")
    execute(unit.db, "update colleague_notices set read_at = read_at - interval '400 days'")
    cleanup.forget(unit.store, unit.service.context, unit.blobs)
    assert (notices(unit, "mina"), notices(unit, "leila")) == ([], [("mention", code)])


def test_nothing_goes_to_an_address_before_its_colleague_has_typed_the_code_that_came_there(unit):
    def settings(**more):
        return unit.call(at_desk.SET_NOTICES, as_="karim", mails=True, **more)

    def prove(code):
        return unit.call(at_desk.PROVE_NOTICE_ADDRESS, as_="karim", pin=code).get("code", "proven")

    assert prove("123456") == "secret_code.gone"
    assert settings(email="karim@ofice.example")["code_sent"]
    unit.act(NOTE, unit.register(), "mina", text="@karim")
    assert mails_to_colleagues(unit) == []
    mistyped = pin(unit)
    assert settings(email="karim@office.example")["code_sent"]
    assert prove(mistyped) == "secret_code.wrong"  # of an address that was given up
    assert prove(pin(unit)) == "proven"
    own = unit.call(at_desk.MY_NOTICES, as_="karim")
    assert (own["email"], own["unproven"]) == ("karim@office.example", None)
    # Another address waits, and the proven one goes on.
    settings(email="new@office.example")
    unit.act(NOTE, unit.register(), "mina", text="@karim")
    assert [mail["to"]["email"] for mail in mails_to_colleagues(unit)] == ["karim@office.example"]
    refused = [settings(email=f"{n}@stranger.example") for n in range(6)][-1]
    assert refused["fields"][0]["field"] == "email"


# --- who is away ---


def test_what_is_assigned_to_one_who_is_away_goes_to_the_deputy_with_a_line_in_the_history(unit):
    code = unit.register()
    away(unit, "karim", deputy="leila")
    unit.act(ASSIGN, code, "mina", assignee="karim")
    reply = unit.read(code, "mina")
    assert reply["assignee"] == "leila"
    assert "Karim" in reply["history"][-1]["text"]
    assert "Leila" in reply["history"][-1]["text"]
    assert notices(unit, "leila") == [("assigned", code)]
    assert "note" not in [entry["act"] for entry in unit.track(code)["history"]]
    days = {c["username"]: c["away"] for c in unit.read(code, "mina")["colleagues"]}
    assert (bool(days["karim"]), days["leila"]) == (True, None), "who assigns sees who is away"


@pytest.mark.parametrize("deputy", [{}, {"deputy": "leila"}])
def test_without_a_deputy_who_is_there_it_stays_in_the_units_queue(unit, deputy):
    code = unit.register()
    away(unit, "karim", **deputy)
    away(unit, "leila")
    unit.act(ASSIGN, code, "mina", assignee="karim")
    reply = unit.read(code, "mina")
    assert reply["assignee"] is None
    assert reply["history"][-1]["internal"]


def test_who_is_back_gets_tickets_again(unit):
    absence = away(unit, "karim", deputy="leila")["absence"]
    assert unit.call(at_desk.END_ABSENCE, as_="leila", absence=absence)["code"] == "desk.role"
    assert "absence" in unit.call(at_desk.END_ABSENCE, as_="karim", absence=absence)
    code = unit.register()
    unit.act(ASSIGN, code, "mina", assignee="karim")
    assert unit.read(code)["assignee"] == "karim"


def test_an_absence_ends_with_its_last_day(unit):
    away(unit, "karim", days=1)
    unit.moment += dt.timedelta(days=2)
    code = unit.register()
    unit.act(ASSIGN, code, "mina", assignee="karim")
    assert unit.read(code)["assignee"] == "karim"


def test_a_head_enters_absences_of_the_own_unit_and_a_clerk_only_ones_own(unit):
    assert "absence" in away(unit, "karim", as_="mina")
    assert away(unit, "karim", as_="leila")["code"] == "desk.role"
    assert away(unit, "sara", as_="mina")["code"] == "desk.unit"
    assert away(unit, "karim", deputy="sara")["fields"][0]["field"] == "deputy"
    assert away(unit, "karim", days=-1)["fields"][0]["field"] == "to_day"


# --- hand-over ---


def hand_over(hand, as_="mina", **more):
    looked = hand.call(at_desk.OPEN_TICKETS, as_=as_, username="karim")
    data = {"username": "karim", "to": "leila", "reason": "دوره آموزشی", **more}
    return hand.call(at_desk.HAND_OVER, as_=as_, **{"basis": looked.get("basis", "-"), **data})


def test_all_open_tickets_of_a_colleague_go_to_another_in_one_act(unit):
    codes = [unit.register() for _ in range(3)]
    for code in codes:
        unit.act(TAKE, code, "karim")
    unit.answer(codes[0])
    proven(unit, "leila", "leila@office.example")
    assert hand_over(unit)["count"] == 2
    assert [unit.read(code)["assignee"] for code in codes] == ["karim", "leila", "leila"]
    assert unit.read(codes[1])["history"][-1]["text"] == "دوره آموزشی"
    assert notices(unit, "leila") == [("handed_over", code) for code in reversed(codes[1:])]
    assert [mail["template"] for mail in mails_to_colleagues(unit)] == ["colleague_handed_over"]


def test_what_changed_since_it_was_looked_at_is_not_handed_over(unit):
    unit.act(TAKE, unit.register(), "karim")
    looked = unit.call(at_desk.OPEN_TICKETS, as_="mina", username="karim")["basis"]
    unit.act(TAKE, unit.register(), "karim")
    assert hand_over(unit, basis=looked)["code"] == "handover.changed"
    assert len(unit.call(at_desk.OPEN_TICKETS, as_="mina", username="karim")["tickets"]) == 2


def test_only_a_head_hands_over_and_only_to_one_of_the_unit_who_is_there(unit):
    unit.act(TAKE, unit.register(), "karim")
    assert hand_over(unit, "leila")["code"] == "desk.role"
    assert hand_over(unit, to="sara")["fields"][0]["field"] == "to"
    assert hand_over(unit, to="karim")["fields"][0]["field"] == "to"
    away(unit, "leila")
    assert hand_over(unit)["fields"][0]["code"] == "away"
    assert hand_over(unit, to="reza")["count"] == 1
    assert hand_over(unit, to="reza")["code"] == "handover.nothing"
