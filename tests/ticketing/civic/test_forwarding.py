"""Tickets of other cities: sent once, followed, and shown where they go on by nobody's act."""

import datetime as dt
import itertools
import threading

import pytest

from bus.errors import ContractError
from bus.foreign import address
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from contracts.ticketing.civic import blanking
from contracts.ticketing.civic import forwarding as at_city
from services.ticketing import cities
from services.ticketing.forwarding import following, georeport, sending
from services.ticketing.forwarding.sending import Work
from tests.stores import execute
from tests.ticketing.civic.other_city import OtherCity

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def city():
    with OtherCity() as played:
        yield played


@pytest.fixture
def hand(hand, city, tmp_path):
    write_cities(hand, tmp_path, city.url)
    return hand


def write_cities(hand, folder, url, extra=""):
    path = folder / "cities.toml"
    path.write_text(
        f"""
[[cities]]
code = "isfahan"
fa = "آبفای اصفهان"
en = "Isfahan Water"
url = "{url}"
jurisdiction = "isfahan.ir"
api_key = "their-key"
{extra}
[cities.services]
illegal_well = {{ code = "wells", attributes = {{ kind = "public", depth = "=depth" }} }}
""",
        encoding="utf-8",
    )
    settings = {"FORWARD_CITIES_FILE": str(path), "FORWARD_SANDBOX": "1"}
    hand.service.settings = hand.service.settings.__class__(
        {**hand.service.settings._environ, **settings}
    )


def work(hand):
    return Work.of(hand.store, hand.service.context, hand.service.settings)


def report(hand, **more):
    return hand.register(public=True, lat=30.668, long=51.588, attributes={"depth": "40"}, **more)


def forward(hand, code, **more):
    fields = {"city": "isfahan", "text": "They drill at night.", **more}
    return hand.act(at_city.FORWARD, code, **fields)


def state(hand):
    return execute(hand.db, "select state, problem, remote_id from forwardings order by id")


def later(hand, minutes):
    hand.moment += minutes * MINUTE


def sent(hand, code):
    forward(hand, code)
    sending.send_waiting(work(hand))


def test_a_ticket_goes_to_the_city_with_what_it_needs_and_no_more(hand, city):
    code = report(hand)
    assert forward(hand, code)["state"] == "OPEN"
    sending.send_waiting(work(hand))
    assert city.posts == [
        {
            "api_key": "their-key",
            "jurisdiction_id": "isfahan.ir",
            "service_code": "wells",
            "description": f"They drill at night.\n\nRef. {code}",
            "lat": "30.668",
            "long": "51.588",
            "attribute[kind]": "public",
            "attribute[depth]": "40",
        }
    ]
    assert state(hand) == [("TAKEN", None, "1000")]
    assert execute(hand.db, "select payload from forwardings") == [(None,)]
    history = [entry["text"] for entry in hand.track(code)["history"]]
    assert "آبفای اصفهان درخواست شما را دریافت کرد؛ شماره آن در آنجا: 1000" in history
    assert len(hand.letters("zahra@example.com")) == 3, "registered, sent on, taken"


def test_what_is_hidden_by_the_time_of_sending_goes_to_no_other_city(hand, city):
    code = report(hand, text="Mr Bahrami drills, says Reza; Reza saw it.", address="Bahrami's farm")
    hand.act(blanking.BLANK, code, phrase="Bahrami", text="A name.")
    offered = hand.call(at_city.FORWARDINGS_OF_TICKET, as_="karim", code=code)
    assert offered["text"] == "Mr [پنهان شد] drills, says Reza; Reza saw it."
    forward(hand, code, text="Mr Bahrami drills, says Reza.", address="Bahrami's farm")
    hand.act(blanking.BLANK, code, phrase="Reza", text="A name.")
    sending.send_waiting(work(hand))
    (post,) = city.posts
    shown = "Mr [پنهان شد] drills, says [پنهان شد]."
    assert post["description"] == f"{shown}\n\nRef. {code}"
    assert post["address_string"] == "[پنهان شد]'s farm"


def test_who_wrote_goes_only_by_consent(hand, city):
    code = report(hand)
    with pytest.raises(ContractError, match="consent"):
        forward(hand, code, with_contact=True)
    forward(hand, code, with_contact=True, consent="By telephone, today.")
    hand.act(at_desk.CORRECT_MOBILE, code, mobile="09900000008", text="شماره درست")
    sending.send_waiting(work(hand))
    assert city.posts[0]["first_name"] == "زهرا کاظمی"
    assert city.posts[0]["phone"] == "09900000008", "as it is on file when it goes"
    assert city.posts[0]["email"] == "zahra@example.com"
    private = hand.register()
    assert forward(hand, private)["fields"][0]["field"] == "consent"
    assert "version" in forward(hand, private, consent="By letter.", address="At the bridge")


def test_a_ticket_without_a_place_goes_nowhere_until_somebody_says_where_it_is(hand, city):
    code = hand.register(public=True)
    assert forward(hand, code)["fields"][0]["field"] == "address"
    forward(hand, code, address="At the bridge")
    sending.send_waiting(work(hand))
    assert city.posts[0]["address_string"] == "At the bridge"
    assert "lat" not in city.posts[0]


@pytest.mark.parametrize(
    ("category", "chosen"), [("illegal_well", "yazd"), ("water_turn", "isfahan")]
)
def test_only_a_category_that_the_city_takes_is_sent_there(hand, category, chosen):
    code = report(hand, category=category)
    reply = hand.act(at_city.FORWARD, code, "nader", city=chosen, text="Some words.")
    assert reply["fields"][0]["field"] == "city"


def test_a_ticket_goes_to_a_city_once(hand, city):
    code = report(hand)
    sent(hand, code)
    assert forward(hand, code)["code"] == "forward.there"
    sending.send_waiting(work(hand))
    assert len(city.posts) == 1


def test_a_ticket_goes_to_a_running_endpoint_once_and_is_followed_there(
    hand, shared_desk, tmp_path
):
    """The other side is a Mirab too: its portal, its service, its database."""
    write_cities(hand, tmp_path, f"{shared_desk.portal}/open311/v2")
    file = tmp_path / "cities.toml"
    text = file.read_text(encoding="utf-8").replace("their-key", "mirab-open311-demo")
    text = text.replace("isfahan.ir", "kbrw.ir")
    services = text.index("illegal_well = {")
    mapped = 'illegal_well = { code = "illegal_well", attributes = { drilling_now = "yes" } }\n'
    file.write_text(text[:services] + mapped, encoding="utf-8")
    code = report(hand)
    sent(hand, code)
    ((course, problem, there),) = state(hand)
    assert (course, problem) == ("TAKEN", None)
    query = "select code, channel from tickets where text like %s"
    assert execute(shared_desk.db, query, (f"%Ref. {code}%",)) == [(there, "open311")]
    later(hand, 16)
    following.follow(work(hand))
    assert execute(hand.db, "select state, failures from forwardings") == [("TAKEN", 0)]
    history = [entry["text"] for entry in hand.track(code)["history"]]
    assert f"آبفای اصفهان درخواست شما را دریافت کرد؛ شماره آن در آنجا: {there}" in history


def test_another_unit_sends_nothing(hand):
    assert (
        hand.act(at_city.FORWARD, report(hand), "sara", city="isfahan", text="Some words.")["code"]
        == "desk.unit"
    )


UNCLEAR = {
    "nothing": lambda city, form: None,
    "500 after it has taken it": lambda city, form: city.take(form) and (500, "oops"),
    "HTML": lambda city, form: city.take(form) and (200, "<html><body>Thank you</body></html>"),
    "an empty list": lambda city, form: city.take(form) and (200, []),
    "two ids": lambda city, form: (200, [*city.take(form), {"service_request_id": "7"}]),
    "an id without an end": lambda city, form: (
        city.take(form) and (200, [{"service_request_id": "9" * 65}])
    ),
    "303 to what it made of it": lambda city, form: city.take(form) and (303, ""),
    "302 to a page of thanks": lambda city, form: city.take(form) and (302, ""),
    "10 GB": lambda city, form: city.take(form) and (200, itertools.repeat(b"9" * 65536, 160_000)),
    "entities": lambda city, form: (
        city.take(form)
        and (200, '<!DOCTYPE r [<!ENTITY a "a">]><r><request><token>&a;</token></request></r>')
    ),
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR)
def test_what_may_have_come_is_looked_for_and_never_sent_again(hand, city, answer):
    city.answers = [lambda form: answer(city, form)]
    code = report(hand)
    sent(hand, code)
    assert state(hand)[0][0] == "UNKNOWN"
    assert hand.acts(code)[-1] == "forward_failed"
    assert forward(hand, code)["code"] == "forward.there"
    later(hand, 5)
    sending.send_waiting(work(hand))
    sending.look_for_unknown(work(hand))
    assert len(city.posts) == 1
    path, query = city.queries[0]
    assert (path, query["service_code"], query["jurisdiction_id"]) == (
        "requests.json",
        "wells",
        "isfahan.ir",
    )
    came = bool(city.requests)
    assert state(hand)[0][::2] == (("TAKEN", "1000") if came else ("UNKNOWN", None))
    listed = hand.call(at_city.LIST_FORWARDINGS, as_="karim")["forwardings"]
    assert [f["state"] for f in listed] == ([] if came else ["UNKNOWN"])


def test_a_slow_city_is_cut_and_holds_up_its_own_alone(hand, city, monkeypatch, tmp_path):
    monkeypatch.setattr(georeport, "SECONDS", 2.0)  # time enough to be connected
    done = threading.Event()
    city.answers = [lambda form: done.wait(60) and (503, "")]
    codes = [report(hand), report(hand)]
    for code in codes:
        forward(hand, code)
    sending.send_waiting(work(hand))
    done.set()
    assert [row[0] for row in state(hand)] == ["UNKNOWN", "QUEUED"]
    monkeypatch.undo()  # who answers has its time, also on a slow machine
    sending.send_waiting(work(hand))
    assert [row[0] for row in state(hand)] == ["UNKNOWN", "TAKEN"]


def test_who_was_not_reached_is_tried_again_and_shown_after_hours(hand, city, tmp_path):
    write_cities(hand, tmp_path, "http://127.0.0.1:1/open311/v2")
    code = report(hand)
    sent(hand, code)
    assert state(hand) == [("QUEUED", "no_connection", None)]
    assert hand.call(at_city.LIST_FORWARDINGS, as_="karim")["forwardings"] == []
    later(hand, 7 * 60)
    (waits,) = hand.call(at_city.LIST_FORWARDINGS, as_="karim")["forwardings"]
    assert (waits["code"], waits["problem"]) == (code, "no_connection")
    assert hand.call(at_city.LIST_FORWARDINGS, as_="sara")["forwardings"] == []
    write_cities(hand, tmp_path, city.url)
    sending.send_waiting(work(hand))
    assert state(hand) == [("TAKEN", None, "1000")]


def test_no_address_of_ours_is_called_whatever_the_file_says(hand, city):
    job = work(hand)._replace(allowed=address.allowed)
    code = report(hand)
    forward(hand, code)
    sending.send_waiting(job)
    assert state(hand) == [("QUEUED", "no_connection", None)]
    assert city.posts == []


def test_a_city_must_be_reached_by_tls_outside_of_the_sandbox(hand):
    environ = {**hand.service.settings._environ, "FORWARD_SANDBOX": "0"}
    hand.service.settings = hand.service.settings.__class__(environ)
    code = report(hand)
    assert forward(hand, code)["fields"][0]["field"] == "city"


@pytest.mark.parametrize(
    ("answer", "problem", "text"),
    [
        (
            (400, [{"code": 400, "description": "depth: a\tnumber\u202e"}]),
            "refused",
            "depth: a number",
        ),
        (
            (403, "<errors><error><description>no key</description></error></errors>"),
            "refused",
            "no key",
        ),
        ((308, ""), "moved", None),
    ],
)
def test_a_refusal_is_shown_and_the_ticket_may_be_sent_anew(hand, city, answer, problem, text):
    city.answers = [answer]
    code = report(hand)
    sent(hand, code)
    assert state(hand) == [("REFUSED", problem, None)]
    view = hand.call(at_city.FORWARDINGS_OF_TICKET, as_="karim", code=code)
    assert view["forwardings"][0].get("problem_text") == text
    assert [f["code"] for f in hand.call(at_city.LIST_FORWARDINGS, as_="karim")["forwardings"]] == [
        code
    ]
    assert "forward_failed" not in [e["act"] for e in hand.track(code)["history"]]
    sent(hand, code)
    assert [row[0] for row in state(hand)] == ["REFUSED", "TAKEN"]
    assert hand.call(at_city.LIST_FORWARDINGS, as_="karim")["forwardings"] == []


def test_a_token_becomes_an_id_later_also_in_xml(hand, city):
    city.answers = [
        (200, "<service_requests><request><token>t 1</token></request></service_requests>")
    ]
    city.pages["tokens/t%201.json"] = (200, [{"token": "t 1"}])
    code = report(hand)
    sent(hand, code)
    assert state(hand)[0][0] == "TOKEN"
    later(hand, 3)
    following.follow(work(hand))
    assert state(hand)[0][0] == "TOKEN"
    city.pages["tokens/t%201.json"] = (
        200,
        "<service_requests><request><service_request_id>55</service_request_id>"
        "<token>t 1</token></request></service_requests>",
    )
    later(hand, 10)
    following.follow(work(hand))
    assert state(hand) == [("TAKEN", None, "55")]


def test_a_status_that_changes_there_comes_to_the_citizen_once(hand, city):
    code = report(hand)
    sent(hand, code)
    later(hand, 3)
    following.follow(work(hand))
    assert hand.acts(code)[-1] == "forwarded", "still open: no news"
    city.requests["1000"] |= {"status": "CLOSED", "status_notes": "Shut.\u0000\u202e"}
    later(hand, 16)
    following.follow(work(hand))
    later(hand, 16)
    following.follow(work(hand))
    assert hand.acts(code).count("forward_news") == 1
    assert hand.track(code)["history"][-1]["text"] == "آبفای اصفهان: بررسی پایان یافت\nShut."
    assert state(hand)[0][0] == "ENDED"
    assert hand.track(code)["state"] == "OPEN", "what becomes of our ticket the unit decides"


def test_updates_of_the_city_come_once_and_none_of_others(hand, city, tmp_path):
    write_cities(hand, tmp_path, city.url, "updates = true")
    code = report(hand)
    sent(hand, code)
    update = {"update_id": "u1", "service_request_id": "1000", "status": "OPEN"}
    city.pages["servicerequestupdates.json"] = (
        200,
        [
            {**update, "description": "We come on Monday."},
            {**update, "update_id": "u2", "service_request_id": "9", "description": "Not yours."},
            {**update, "update_id": "", "description": "No id."},
        ],
    )
    for _ in range(2):
        later(hand, 16)
        following.follow(work(hand))
    news = [e["text"] for e in hand.track(code)["history"] if e["act"] == "forward_news"]
    assert news == ["آبفای اصفهان: در دست بررسی\nWe come on Monday."]


def test_a_city_that_changes_ids_or_is_gone_is_believed_in_nothing_and_shown(hand, city):
    code = report(hand)
    sent(hand, code)
    city.pages["requests/1000.json"] = (200, [{"service_request_id": "1001", "status": "closed"}])
    for minutes in (5, 10, 20, 40, 70, 140, 300, 400):
        later(hand, minutes)
        following.follow(work(hand))
    assert state(hand) == [("TAKEN", "gone", "1000")]
    assert "forward_news" not in hand.acts(code)
    (shown,) = hand.call(at_city.LIST_FORWARDINGS, as_="karim")["forwardings"]
    assert shown["problem"] == "gone"


def test_a_city_that_changes_its_mind_every_time_floods_nobody(hand, city, monkeypatch):
    monkeypatch.setattr(following, "NEWS", 3)
    code = report(hand)
    sent(hand, code)
    for number in range(6):
        city.requests["1000"]["status_notes"] = str(number)
        later(hand, 16)
        following.follow(work(hand))
    assert hand.acts(code).count("forward_news") == 3


def resolve(hand, code, outcome, **more):
    number = execute(hand.db, "select max(id) from forwardings")[0][0]
    return hand.call(
        at_city.RESOLVE_FORWARDING,
        as_="karim",
        code=code,
        forwarding=number,
        outcome=outcome,
        **more,
    )


def unknown(hand, city):
    city.answers = [(500, "")]
    code = report(hand)
    sent(hand, code)
    later(hand, 5)
    sending.look_for_unknown(work(hand))
    assert state(hand)[0][0] == "UNKNOWN"
    return code


def test_a_colleague_who_asked_says_that_it_is_there(hand, city):
    code = unknown(hand, city)
    assert "version" in resolve(hand, code, "taken", remote_id="77")
    assert state(hand) == [("TAKEN", None, "77")]
    assert hand.acts(code)[-2:] == ["note", "forwarded"]
    assert resolve(hand, code, "not_taken")["code"] == "forward.settled"


def test_a_colleague_who_asked_lets_it_be_sent_again_or_not(hand, city):
    code = unknown(hand, city)
    resolve(hand, code, "not_taken")
    sending.send_waiting(work(hand))
    assert (len(city.posts), state(hand)[0][0]) == (2, "TAKEN")
    other = report(hand)
    city.answers = [(500, "")]
    sent(hand, other)
    resolve(hand, other, "drop")
    assert state(hand)[1][0] == "DROPPED"
    assert "version" in forward(hand, other)


def test_what_a_dead_process_was_sending_is_unknown(hand, city):
    code = report(hand)
    forward(hand, code)
    row = sending._take(work(hand), set())
    assert row is not None
    later(hand, 6)
    sending.send_waiting(work(hand))
    assert state(hand) == [("UNKNOWN", "interrupted", None)]
    assert city.posts == []


def test_a_broken_file_of_cities_changes_nothing_and_stops_nothing(hand, city, tmp_path):
    code, other = report(hand), report(hand)
    forward(hand, code)
    (tmp_path / "cities.toml").write_text("[[cities")
    sending.send_waiting(work(hand))
    assert state(hand)[0][0] == "TAKEN"
    forward(hand, other)
    cities._file.cache_clear()  # as in a process that begins with the broken file
    sending.send_waiting(work(hand))
    assert state(hand)[1][0] == "QUEUED"
    view = hand.call(at_city.FORWARDINGS_OF_TICKET, as_="karim", code=other)
    assert (view["cities"], view["forwardings"][0]["problem"]) == ([], "no_city")
    assert hand.call(contracts.FORM)["categories"]
