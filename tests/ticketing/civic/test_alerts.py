"""Alerts by e-mail about public reports: proven by a link, sent once, ended by one click."""

import re
import tomllib
import uuid

import orjson
import pytest

from contracts.notify.messages import SEND_MESSAGE
from contracts.ticketing import citizens, public
from contracts.ticketing import desk as at_desk
from contracts.ticketing.civic import alerts as contracts
from services.ticketing.alerts import asking, sending
from services.ticketing.domain.reports import alerts as rules
from services.ticketing.privacy import own_alerts
from tests.processes import ROOT
from tests.stores import execute
from tests.ticketing.conftest import SECRET

READER = "reader@example.com"


def sent(hand, template=""):
    """The e-mails that were handed to notify, as it loads them."""
    query = "select body from outbox where name = %s order by seq"
    rows = execute(hand.db, query, (SEND_MESSAGE.name,))
    mails = [SEND_MESSAGE.load_data(orjson.loads(bytes(body))) for (body,) in rows]
    return [mail for mail in mails if mail["template"].startswith(f"report_alert_{template}")]


def ask(hand, **more):
    return hand.call(contracts.ASK_ALERT, id=str(uuid.uuid4()), **{"email": READER, **more})


def newest_key(hand):
    return sent(hand, "confirm")[-1]["personalisation"]["link"].rsplit("/", 1)[1]


def confirm(hand, key):
    return hand.call(contracts.CONFIRM_ALERT, id=str(uuid.uuid4()), key=key)


def subscribed(hand, **more):
    """The key of an alert that was asked for and proven."""
    assert "valid_hours" in ask(hand, **more)
    key = newest_key(hand)
    assert confirm(hand, key)["state"] == "ACTIVE"
    return key


def report(hand, **more):
    return hand.register(public=True, **more)


def pages(mail):
    return re.findall(r"/reports/([0-9]+)", " ".join(mail["personalisation"]["reports"]))


def send(hand):
    hand.do(sending.send_due)


def test_nothing_is_sent_to_an_address_before_its_link_came_back(hand):
    ask(hand)
    report(hand)
    hand.at("1405-09-03 09:00")
    send(hand)
    assert [mail["template"] for mail in sent(hand)] == ["report_alert_confirm"]
    # Nothing that somebody typed goes to an address that is not proven.
    assert set(sent(hand)[0]["personalisation"]) == {"what", "link", "hours"}


def test_new_reports_of_the_filters_come_in_one_digest_in_the_morning(hand):
    subscribed(hand, category="illegal_well", county="dena")
    hand.at("1405-09-02 10:00")
    own = report(hand, county="dena")
    report(hand, county="boyer-ahmad")
    report(hand, county="dena", category="quality")
    hand.register(county="dena")  # not public
    send(hand)
    assert sent(hand, "digest") == []
    hand.at("1405-09-03 08:00")
    send(hand)
    send(hand)
    (mail,) = sent(hand, "digest")
    assert pages(mail) == [own]
    assert mail["to"]["email"] == READER
    assert mail["unsubscribe_url"].startswith("https://p.example/alert/")
    assert (
        mail["personalisation"]["link"]
        == "https://p.example/reports?category=illegal_well&county=dena"
    )
    assert "قنات" not in str(mail), "words are read where they can be taken out"


def test_after_a_stop_of_days_one_digest_has_all_once(hand):
    subscribed(hand)
    codes = []
    for day in ("02", "03", "04"):
        hand.at(f"1405-09-{day} 12:00")
        codes.append(report(hand))
    hand.at("1405-09-06 15:00")
    send(hand)
    hand.at("1405-09-07 08:00")
    send(hand)
    (mail,) = sent(hand, "digest")
    assert sorted(pages(mail)) == sorted(codes)


def test_what_is_registered_while_a_digest_is_made_comes_with_the_next_one(hand):
    subscribed(hand)
    hand.at("1405-09-03 07:58")
    code = report(hand)
    hand.at("1405-09-03 08:00")
    send(hand)
    assert sent(hand, "digest") == []
    hand.at("1405-09-04 08:00")
    send(hand)
    assert pages(sent(hand, "digest")[0]) == [code]


def test_what_was_taken_out_of_the_list_meanwhile_is_not_in_it(hand):
    subscribed(hand)
    hand.at("1405-09-02 10:00")
    code = report(hand)
    hand.call(public.UNPUBLISH, id=str(uuid.uuid4()), code=code, secret=SECRET)
    hand.at("1405-09-03 08:00")
    send(hand)
    assert sent(hand, "digest") == []


def test_an_alert_of_ended_reports_tells_of_those_whose_work_has_ended(hand):
    code = report(hand)
    subscribed(hand, state="closed", language="en")
    hand.at("1405-09-02 11:00")
    report(hand)
    hand.answer(code)
    hand.at("1405-09-03 08:00")
    send(hand)
    (mail,) = sent(hand, "digest")
    assert pages(mail) == [code]
    assert "work has ended" in mail["personalisation"]["reports"][0]
    assert mail["personalisation"]["link"].endswith("?state=closed&lang=en")


def test_a_circle_goes_by_the_square_that_everybody_sees(hand):
    subscribed(hand, lat=30.668, long=51.588, radius_km=5)
    hand.at("1405-09-02 10:00")
    near = report(hand, lat=30.6712, long=51.5901)
    same_square = report(hand, lat=30.6799, long=51.5999)
    report(hand, lat=30.80, long=51.588)
    report(hand)
    hand.at("1405-09-03 08:00")
    send(hand)
    assert sorted(pages(sent(hand, "digest")[0])) == sorted([near, same_square])


def test_a_digest_has_twenty_and_says_that_there_are_more(hand, monkeypatch):
    monkeypatch.setattr(rules, "REPORTS_MOST", 2)
    subscribed(hand)
    hand.at("1405-09-02 10:00")
    for _ in range(3):
        report(hand)
    hand.at("1405-09-03 08:00")
    send(hand)
    values = sent(hand, "digest")[0]["personalisation"]
    assert (len(values["reports"]), values["count"], values["more"]) == (2, "۳", "yes")


def test_who_follows_one_report_reads_at_once_what_is_done_and_never_the_units_words(hand):
    code = report(hand)
    subscribed(hand, report=code)
    send(hand)
    assert sent(hand, "update") == []
    hand.at("1405-09-02 11:00")
    hand.act(at_desk.NOTE, code, text="میان خودمان")
    send(hand)
    assert sent(hand, "update") == []
    hand.answer(code, "خانم کاظمی، بازدید شد.")
    send(hand)
    send(hand)
    (mail,) = sent(hand, "update")
    assert len(mail["personalisation"]["updates"]) == 1
    assert "پاسخ داده شد" in mail["personalisation"]["updates"][0]
    assert "کاظمی" not in str(mail)


def test_of_one_report_three_e_mails_go_a_day_and_the_rest_comes_the_next(hand):
    code = report(hand)
    subscribed(hand, report=code)
    for minute in range(1, 6):
        hand.at(f"1405-09-02 10:0{minute}")
        hand.answer(code, "در دست بررسی است.", final=False)
        send(hand)
    assert len(sent(hand, "update")) == rules.UPDATES_A_DAY
    hand.at("1405-09-03 00:01")
    send(hand)
    counts = [len(mail["personalisation"]["updates"]) for mail in sent(hand, "update")]
    assert counts == [1, 1, 1, 2]


def test_nobody_learns_whether_an_address_has_alerts(hand):
    first = ask(hand)
    key = newest_key(hand)
    confirm(hand, key)
    assert ask(hand) == first
    for _ in range(asking.ASKED_A_DAY + 3):
        assert ask(hand) == first
    # And who asks again and again in another's name fills no mailbox.
    assert len(sent(hand, "confirm")) == asking.ASKED_A_DAY


def test_a_mailbox_has_ten_alerts_at_most_whatever_its_tags(hand):
    categories = [c["code"] for c in hand.call(citizens.FORM)["categories"]]
    chosen = [(c, s) for c in categories for s in ("open", "closed")][: rules.ALERTS_MOST + 1]
    for number, (category, state) in enumerate(chosen):
        hand.at(f"1405-09-{2 + number:02} 09:00")
        ask(hand, email=f"reader+{number}@example.com", category=category, state=state)
        reply = confirm(hand, newest_key(hand))
    assert reply["code"] == "alert.too_many"


def test_the_same_alert_asked_for_again_is_one(hand):
    subscribed(hand)
    subscribed(hand)
    hand.at("1405-09-02 10:00")
    report(hand)
    hand.at("1405-09-03 08:00")
    send(hand)
    assert len(sent(hand, "digest")) == 1


def test_one_click_ends_an_alert_and_forgets_whose_it_was(hand):
    key = subscribed(hand, lat=30.668, long=51.588, radius_km=5)
    for _ in range(2):
        reply = hand.call(contracts.END_ALERT, id=str(uuid.uuid4()), key=key)
        assert (reply["state"], reply["address"]) == ("ENDED", "")
    hand.at("1405-09-02 10:00")
    report(hand, lat=30.668, long=51.588)
    hand.at("1405-09-03 08:00")
    send(hand)
    assert sent(hand, "digest") == []
    forgotten = execute(hand.db, "select email, email_hash, lat, long from report_alerts")
    assert forgotten == [(None, None, None, None)]
    assert confirm(hand, key)["code"] == "alert.not_found"


def test_a_link_opens_for_a_day_and_a_forged_one_never(hand):
    ask(hand)
    key = newest_key(hand)
    shown = hand.call(contracts.ALERT, key=key)
    assert (shown["state"], shown["address"]) == ("PENDING", "r…@example.com")
    for forged in ("x" * 44, key[:-1] + ("A" if key[-1] != "A" else "B"), "", "§"):
        reply = hand.call(contracts.ALERT, key=forged or "0")
        assert reply["code"] == "alert.not_found", forged
    hand.at("1405-09-03 09:00")
    assert confirm(hand, key)["code"] == "alert.not_found"
    with hand.store.transaction() as tx:
        asking.delete_old(hand.service.context(tx))
    assert execute(hand.db, "select count(*) from report_alerts") == [(1,)]
    hand.at("1405-09-03 09:01")
    with hand.store.transaction() as tx:
        asking.delete_old(hand.service.context(tx))
    assert execute(hand.db, "select count(*) from report_alerts") == [(0,)]


def test_an_alert_ends_after_a_year_is_announced_before_and_can_go_on(hand):
    key = subscribed(hand)
    hand.at("1406-08-05 09:00")
    send(hand)
    send(hand)
    assert len(sent(hand, "ends")) == 1
    confirm(hand, key)
    hand.at("1406-09-10 09:00")
    send(hand)
    assert hand.call(contracts.ALERT, key=key)["state"] == "ACTIVE"
    hand.at("1407-09-10 09:00")
    send(hand)
    assert hand.call(contracts.ALERT, key=key)["state"] == "ENDED"


def test_an_alert_of_a_report_that_is_public_no_more_ends_silently(hand):
    code = report(hand)
    key = subscribed(hand, report=code)
    hand.call(public.UNPUBLISH, id=str(uuid.uuid4()), code=code, secret=SECRET)
    send(hand)
    assert sent(hand, "update") == []
    assert hand.call(contracts.ALERT, key=key)["state"] == "ENDED"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"category": "nothing"}, "alert.no_such_choice"),
        ({"county": "nowhere"}, "alert.no_such_choice"),
        ({"report": "4052138845"}, "ticket.not_found"),
    ],
)
def test_nobody_asks_for_what_there_is_not(hand, wish, code):
    assert ask(hand, **wish)["code"] == code


def test_a_report_that_is_not_public_is_followed_by_nobody(hand):
    assert ask(hand, report=hand.register())["code"] == "ticket.not_found"


def test_colleagues_read_counts_and_nobody_else_does(hand):
    subscribed(hand)
    ask(hand, email="other@example.com")
    hand.at("1405-09-02 10:00")
    report(hand)
    hand.at("1405-09-03 08:00")
    send(hand)
    figures = hand.call(contracts.ALERT_FIGURES, as_="mina")
    assert (figures["of_lists"], figures["pending"]) == (1, 1)
    assert [(d["confirmed"], d["digests"]) for d in figures["days"]] == [(0, 1), (1, 0)]
    assert "code" in hand.call(contracts.ALERT_FIGURES)


def test_a_persons_copy_and_erasure_have_the_alerts_of_own_reports_alone(hand):
    own, others = report(hand), report(hand)
    for code in (own, others):
        subscribed(hand, report=code, email="zahra@example.com")
    ids = dict(execute(hand.db, "select code, id from tickets"))
    with hand.store.transaction() as tx:
        context = hand.service.context(tx)
        (kept,) = own_alerts.export(context, [ids[own]], ["Zahra@example.com"])
        assert kept["email"] == "zahra@example.com"
        assert own_alerts.erase(context, [ids[own]], ["Zahra@example.com"]) == 1
    assert execute(hand.db, "select report from report_alerts") == [(ids[others],)]


def test_each_e_mail_has_a_template_in_both_languages_that_takes_its_values(hand):
    code = report(hand)
    subscribed(hand, report=code)
    subscribed(hand)
    hand.at("1405-09-02 10:00")
    hand.answer(code)
    report(hand)
    hand.at("1405-09-03 08:00")
    send(hand)
    hand.at("1406-08-10 09:00")
    send(hand)
    document = tomllib.loads((ROOT / "deploy/notify/templates.toml").read_text(encoding="utf-8"))
    texts = {t["code"]: t["texts"] for t in document["templates"] if t["channel"] == "email"}
    mails = sent(hand)
    assert {mail["template"] for mail in mails} == {
        code for code in texts if code.startswith("report_alert")
    }
    for mail in mails:
        for text in texts[mail["template"]].values():
            wanted = set(re.findall(r"\(\(([a-z]+)", text["subject"] + text["body"]))
            assert wanted <= set(mail["personalisation"]), mail["template"]
