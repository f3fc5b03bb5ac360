"""Announcements and subscriptions by their entrypoints, on a real database, by a clock of ours."""

import contextlib
import datetime as dt
import tomllib

import psycopg2
import pytest

from bus.errors import ContractError
from contracts.notify import announcements as c
from contracts.notify import subscriptions as s
from iran.persian import tehran_day
from services.notify.news import notices, publishing, status, subscriptions
from services.notify.sending import code_caps
from tests.notify.conftest import EMAIL, MOBILE, tehran
from tests.processes import ROOT
from tests.stores import execute

WORDS = {"fa": "سامانه به‌روز می‌شود.", "en": "The system is being updated."}
TITLE = {"fa": "به‌روزرسانی درگاه", "en": "Portal update"}


def utc(text):
    return tehran(text).isoformat().replace("+00:00", "Z")


class Newsroom:
    """An editor at work."""

    def __init__(self, hand):
        self.hand = hand

    def draft(self, kind="maintenance", **more):
        wanted = {"kind": kind, "title": TITLE, "body": WORDS, **more}
        if kind in ("maintenance", "incident"):
            wanted.setdefault("components", ["portal"])
            wanted.setdefault("impact", "down")
        if kind == "maintenance":
            wanted.setdefault("starts_at", utc("1405-09-10 22:00"))
            wanted.setdefault("ends_at", utc("1405-09-11 00:00"))
        return self.hand.call(c.DRAFT_ANNOUNCEMENT, as_="karim", **wanted)

    def publish(self, kind="maintenance", tell=True, **more):
        return self.act(c.PUBLISH_ANNOUNCEMENT, self.draft(kind, **more), tell=tell)

    def act(self, contract, reply, **more):
        return self.hand.call(contract, as_="karim", id=reply["id"], **more)

    def update(self, reply, state, **more):
        return self.act(c.UPDATE_ANNOUNCEMENT, reply, state=state, text=WORDS, **more)

    def move(self, reply, starts, ends):
        return self.act(
            c.RESCHEDULE_ANNOUNCEMENT, reply, starts_at=utc(starts), ends_at=utc(ends), text=WORDS
        )

    def read(self, reply):
        return self.hand.call(c.ANNOUNCEMENT, id=reply["id"])

    def turn(self):
        publishing.move_by_clock(self.hand.store, self.hand.service.context)

    def tell(self):
        return notices.send_notices(self.hand.store, self.hand.service.context)

    def tell_all(self):
        while self.tell():
            pass

    def subscribe(self, **wanted):
        """A confirmed subscription."""
        self.hand.later(seconds=1)
        wanted = self.hand.call(s.SUBSCRIBE, **(wanted or {"mobile": MOBILE}))
        assert "id" in wanted, wanted
        return self.hand.call(s.CONFIRM_SUBSCRIPTION, id=wanted["id"], pin=self.pin())

    def pin(self):
        """The code in the newest message."""
        row = self.hand.row(
            "select m.contents from messages m join templates t on t.id = m.template "
            "where t.code = 'subscribe_confirm' order by m.created_at desc, m.id limit 1"
        )
        (content,) = row.contents.values()
        return next(w for w in content["body"].split() if w.isdigit() and len(w) == 6)

    def messages(self, *codes):
        return execute(
            self.hand.db,
            "select m.channel, m.contents, m.lane, m.consent, m.due_at from messages m "
            "join templates t on t.id = m.template where t.code = any(%s) order by m.created_at",
            (list(codes or ("announcement", "outage", "news")),),
        )


@pytest.fixture
def room(hand):
    return Newsroom(hand)


# --- announcing ---


def test_a_draft_is_seen_by_editors_alone_and_counts_from_its_publication_on(hand, room):
    drafted = room.draft()
    assert drafted["state"] == "DRAFT"
    assert drafted["published_at"] is None
    assert hand.call(c.ANNOUNCEMENT, id=drafted["id"])["code"] == "announcement.not_found"
    assert hand.call(c.ANNOUNCEMENT, as_="karim", id=drafted["id"])["id"] == drafted["id"]
    assert hand.call(c.ANNOUNCEMENTS)["announcements"] == []
    assert hand.call(c.ANNOUNCEMENTS, drafts=True)["code"] == "notices.not_an_editor"
    assert len(hand.call(c.ANNOUNCEMENTS, as_="karim", drafts=True)["announcements"]) == 1
    reply = room.act(c.PUBLISH_ANNOUNCEMENT, drafted)
    assert reply["state"] == "SCHEDULED"
    assert reply["published_at"] == utc("1405-09-02 09:00")
    assert [u["state"] for u in reply["updates"]] == ["SCHEDULED"]
    assert room.act(c.PUBLISH_ANNOUNCEMENT, drafted)["code"] == "announcement.published"
    assert room.draft(id=drafted["id"])["code"] == "announcement.published"


def test_nobody_but_an_editor_announces(hand, room):
    wanted = {"kind": "news", "title": TITLE, "body": WORDS}
    assert hand.call(c.DRAFT_ANNOUNCEMENT, **wanted)["code"] == "notices.not_an_editor"
    assert hand.call(c.DRAFT_ANNOUNCEMENT, asker="power-co", **wanted)["kind"] == "Forbidden"


def test_a_draft_is_written_anew_and_can_be_dropped_unheard(hand, room):
    drafted = room.draft()
    again = room.draft(id=drafted["id"], components=["billing"])
    assert (again["id"], again["components"]) == (drafted["id"], ["billing"])
    dropped = room.act(c.CANCEL_ANNOUNCEMENT, again, text=WORDS)
    assert (dropped["state"], dropped["updates"]) == ("CANCELLED", [])
    assert room.act(c.PUBLISH_ANNOUNCEMENT, again)["code"] == "announcement.move"


def test_what_was_said_when_cannot_be_changed_afterwards(hand, room):
    room.publish()
    for statement in (
        "update announcement_updates set at = now()",
        "delete from announcement_updates",
    ):
        with pytest.raises(psycopg2.errors.RaiseException, match="only grows"):
            execute(hand.db, statement)


def test_the_clock_begins_and_ends_a_maintenance_though_nobody_says_so(hand, room):
    reply = room.publish()
    hand.at("1405-09-10 22:00")
    assert room.read(reply)["state"] == "IN_PROGRESS"
    room.turn()
    room.turn()
    hand.at("1405-09-11 00:00")
    assert room.read(reply)["state"] == "COMPLETED"
    room.turn()
    assert [u["state"] for u in room.read(reply)["updates"]] == [
        "SCHEDULED",
        "IN_PROGRESS",
        "COMPLETED",
    ]
    assert not room.read(reply)["open"]
    assert room.update(reply, "IN_PROGRESS")["code"] == "announcement.move"


def test_a_maintenance_announced_too_late_is_not_excluded(hand, room):
    assert room.publish()["in_time"]
    late = room.publish(starts_at=utc("1405-09-05 08:59"), ends_at=utc("1405-09-05 10:00"))
    assert not late["in_time"]
    assert late["excluded"] == []
    room.publish(starts_at=utc("1405-09-05 09:00"), ends_at=utc("1405-09-05 10:00"))["in_time"]


def test_what_ended_yesterday_is_not_announced_today(hand, room):
    drafts = [room.draft("end_of_service", sunset=day) for day in ("2026-11-22", "2026-11-23")]
    reply = [room.act(c.PUBLISH_ANNOUNCEMENT, single) for single in drafts]
    assert reply[0]["code"] == "announcement.past"
    assert reply[1]["state"] == "ANNOUNCED"


def test_a_moved_window_counts_from_its_own_update(hand, room):
    reply = room.publish()
    hand.at("1405-09-10 23:30")
    moved = room.move(reply, "1405-09-10 22:00", "1405-09-11 01:00")
    assert moved["state"] == "IN_PROGRESS"
    assert moved["excluded"] == [
        {"starts_at": utc("1405-09-10 22:00"), "ends_at": utc("1405-09-11 00:00")}
    ]
    assert not moved["in_time"]


def test_what_is_done_sooner_is_excluded_only_until_then(hand, room):
    reply = room.publish()
    hand.at("1405-09-10 23:00")
    done = room.update(reply, "COMPLETED")
    assert done["in_time"]
    assert done["excluded"] == [
        {"starts_at": utc("1405-09-10 22:00"), "ends_at": utc("1405-09-10 23:00")}
    ]


def test_an_incident_goes_its_way_to_the_postmortem(hand, room):
    reply = room.publish("incident")
    for state in ("IDENTIFIED", "MONITORING", "RESOLVED", "POSTMORTEM"):
        reply = room.update(reply, state)
        assert reply["state"] == state
    assert room.update(reply, "MONITORING")["code"] == "announcement.move"


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("maintenance", {"ends_at": utc("1405-09-10 21:00")}, "ends_at"),
        ("maintenance", {"components": []}, "components"),
        ("news", {"sunset": "2027-01-01"}, "sunset"),
        ("end_of_service", {}, "sunset"),
        (
            "end_of_service",
            {"sunset": "2027-01-01", "contracts": ["inquiry.nothing.v1"]},
            "contracts",
        ),
    ],
)
def test_a_draft_that_does_not_fit_names_its_field(room, kind, more, field):
    try:
        reply = room.draft(kind, **more)
        names = [f["field"] for f in reply["fields"]]
    except ContractError as error:
        names = [f.field for f in error.fields]
    assert names == [field]


def test_current_has_the_most_urgent_first_and_every_service_that_ends(hand, room):
    ends = room.publish("end_of_service", contracts=["inquiry.ask.v1"], sunset="2026-12-31")
    planned, broken = room.publish(), room.publish("incident")
    room.publish("news")
    reply = hand.call(c.CURRENT)
    assert [a["id"] for a in reply["announcements"]] == [broken["id"], planned["id"], ends["id"]]
    hand.at("1405-10-11 00:00")
    room.turn()
    reply = hand.call(c.CURRENT)["announcements"]
    assert [(a["id"], a["state"]) for a in reply] == [
        (broken["id"], "INVESTIGATING"),
        (ends["id"], "ENDED"),
    ]


# --- uptime ---


def probe(hand, up=True, component="portal"):
    minute = hand.moment.isoformat().replace("+00:00", "Z")
    return hand.call(c.NOTE_PROBES, probes=[{"component": component, "minute": minute, "up": up}])


def portal_of(hand):
    reply = hand.call(c.STATUS)
    return next(x for x in reply["components"] if x["code"] == "portal")


def test_the_first_word_on_a_minute_stays_and_the_past_is_not_told_later(hand):
    assert probe(hand, up=False)["noted"] == 1
    assert probe(hand, up=True)["noted"] == 0
    moment = hand.moment
    hand.later(minutes=30)
    old = moment.isoformat().replace("+00:00", "Z")
    wanted = [{"component": "portal", "minute": old, "up": True}]
    assert hand.call(c.NOTE_PROBES, probes=wanted)["noted"] == 0
    assert portal_of(hand)["days"][-1]["down"] == 1


def test_a_component_that_nobody_asks_is_unknown_and_not_up(hand):
    reply = portal_of(hand)
    assert (reply["state"], reply["uptime"], len(reply["days"])) == ("unknown", None, 90)
    probe(hand)
    assert portal_of(hand)["state"] == "up"
    hand.later(minutes=5)
    assert portal_of(hand)["state"] == "unknown"


def test_a_component_whose_part_fails_has_a_partial_outage_and_counts_as_up(hand):
    minute = hand.moment.isoformat().replace("+00:00", "Z")
    row = {"component": "portal", "minute": minute, "up": True, "partial": True}
    hand.call(c.NOTE_PROBES, probes=[row])
    reply = portal_of(hand)
    assert (reply["state"], reply["days"][-1]["down"]) == ("partial", 0)


@pytest.mark.parametrize(
    ("announced", "up", "state"),
    [
        ("degraded", True, "degraded"),
        ("partial", True, "partial"),
        ("partial", False, "down"),
        ("down", True, "down"),
        ("none", True, "up"),
    ],
)
def test_of_what_is_announced_and_what_is_probed_the_graver_speaks(
    hand, room, announced, up, state
):
    probe(hand, up=up)
    room.publish("incident", components=["portal"], impact=announced)
    assert portal_of(hand)["state"] == state


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("breaker = 'OPEN'", "partial"),
        ("breaker = 'OPEN', paused_by = 'karim'", "up"),
        ("breaker = 'OPEN', weight = 0", "up"),
        ("breaker = 'CLOSED'", "up"),
    ],
)
def test_a_provider_that_is_left_alone_is_a_partial_outage_of_messages(hand, change, state):
    execute(
        hand.db,
        "insert into providers (code, channel, weight) values ('one', 'sms', 60), "
        "('two', 'sms', 40) on conflict (code) do nothing",
    )
    execute(hand.db, f"update providers set {change} where code = 'one'")
    probe(hand, component="notify")
    reply = hand.call(c.STATUS)
    assert next(x for x in reply["components"] if x["code"] == "notify")["state"] == state


def test_an_announced_window_is_down_but_does_not_count(hand, room):
    room.publish()
    hand.at("1405-09-10 20:00")
    for _ in range(5 * 60):
        probe(hand)
        hand.later(minutes=1)
    days = portal_of(hand)["days"][-2:]
    assert [(d["measured"], d["down"], d["excluded"], d["excluded_down"]) for d in days] == [
        (240, 120, 120, 120),
        (60, 0, 0, 0),
    ]
    assert portal_of(hand)["uptime"] == 10_000
    hand.at("1405-09-12 09:00")
    before = portal_of(hand)["days"]
    with hand.context() as context:
        status.add_up(context)
    assert portal_of(hand)["days"] == before


def test_a_window_that_was_not_announced_in_time_counts_as_down(hand, room):
    room.publish(starts_at=utc("1405-09-02 10:00"), ends_at=utc("1405-09-02 11:00"))
    for _ in range(120):
        probe(hand)
        hand.later(minutes=1)
    assert portal_of(hand)["uptime"] == 5_000
    promises = {p["code"]: p for p in hand.call(c.STATUS)["promises"]}
    assert (promises["S4"]["value"], promises["S4"]["missed"]) == (5_000, 60)
    assert promises["S4"]["budget_left"] < 0
    assert promises["S1"]["value"] is None, "ticketing was not measured"
    assert (promises["S7"]["value"], promises["S7"]["of"]) == (0, 1)
    assert len(promises) == 13


def test_uptime_is_told_of_a_window_only_if_each_of_its_days_was_measured(hand):
    today = tehran_day(hand.moment)
    row = "insert into component_days select 'portal', %s::date - n, 1440, %s, %s, %s from "
    row += "generate_series(%s, %s) n"
    for down, excluded, newest, oldest in ((0, 0, 1, 6), (100, 40, 7, 7), (0, 0, 8, 363)):
        execute(hand.db, row, (today, down, excluded, excluded, newest, oldest))

    def windows():
        return {w["window"]: (w["uptime"], w["down"]) for w in portal_of(hand)["windows"]}

    full = 1440
    month = 29 * full - 40
    assert windows() == {
        "day": (None, None),
        "week": (10_000, 0),
        "month": (10_000 * (month - 60) // month, 60),
        "year": (None, None),
    }
    execute(hand.db, row, (today, 0, 0, 0, 364, 364))
    year = 364 * full - 40
    assert windows()["year"] == (10_000 * (year - 60) // year, 60)
    execute(hand.db, row, (today, 1440, 0, 0, 365, 365))
    assert windows()["year"][1] == 60, "older than a year"
    execute(hand.db, "delete from component_days where day = %s", (today - dt.timedelta(200),))
    assert (windows()["year"], windows()["week"]) == ((None, None), (10_000, 0))


# --- subscriptions ---


def test_a_subscription_counts_when_its_code_came_back(hand, room):
    wanted = hand.call(s.SUBSCRIBE, mobile=MOBILE)
    room.publish()
    room.tell_all()
    assert room.messages() == []
    wrong = "000000" if room.pin() != "000000" else "000001"
    answer = hand.call(s.CONFIRM_SUBSCRIPTION, id=wanted["id"], pin=wrong)
    assert answer["code"] == "subscription.pin_wrong"
    reply = hand.call(s.CONFIRM_SUBSCRIPTION, id=wanted["id"], pin=room.pin())
    assert (reply["address"], reply["topics"], reply["ended"]) == ("0990…01", [], False)
    room.tell_all()
    assert room.messages() == [], "what was announced before it was confirmed is old"
    hand.later(minutes=1)
    room.publish("incident")
    room.tell_all()
    ((channel, contents, lane, _, due),) = room.messages()
    assert (channel, lane, due) == ("sms", "transactional", hand.moment)
    assert TITLE["fa"] in contents["sms"]["body"]


def test_s13_codes_to_a_receiver_have_an_end_that_leaves_room_for_the_codes_of_others(hand):
    reply = [hand.call(s.SUBSCRIBE, mobile=MOBILE) for _ in range(7)]
    assert [t.get("code") for t in reply] == [None] * 4 + ["receiver.cap"] * 3
    otp = next(lane for lane in hand_lanes() if lane["code"] == "otp")
    assert otp["an_hour"] > code_caps.CODES_AN_HOUR
    assert otp["a_day"] > code_caps.CODES_A_DAY
    assert "code" not in hand.call(s.SUBSCRIBE, email="b@example.com")
    hand.later(minutes=61)
    assert "code" not in hand.call(s.SUBSCRIBE, mobile=MOBILE)


def hand_lanes():
    return tomllib.loads((ROOT / "deploy/notify/book.toml").read_text("utf-8"))["lanes"]


def test_a_code_is_guessed_five_times_and_lives_half_an_hour(hand, room):
    wanted = hand.call(s.SUBSCRIBE, mobile=MOBILE)
    right = room.pin()
    wrong = "000000" if right != "000000" else "000001"
    codes = [
        hand.call(s.CONFIRM_SUBSCRIPTION, id=wanted["id"], pin=wrong)["code"] for _ in range(6)
    ]
    assert codes == ["subscription.pin_wrong"] * 5 + ["subscription.not_found"]
    assert hand.call(s.CONFIRM_SUBSCRIPTION, id=wanted["id"], pin=right)["kind"] == "NotFound"
    again = hand.call(s.SUBSCRIBE, mobile=MOBILE)
    hand.later(minutes=31)
    assert hand.call(s.CONFIRM_SUBSCRIPTION, id=again["id"], pin=room.pin())["kind"] == "NotFound"


def test_who_subscribes_to_one_component_hears_of_no_other(hand, room):
    room.subscribe(email=EMAIL, topics=["billing"], language="en")
    hand.later(minutes=1)
    room.publish(components=["portal"])
    room.tell_all()
    assert room.messages() == []
    room.publish(components=["portal", "billing"])
    room.publish("news")
    room.tell_all()
    ((channel, contents, lane, consent, _),) = room.messages()
    assert (channel, lane, consent) == ("email", "bulk", "transactional")
    assert TITLE["en"] in contents["email"]["subject"]
    assert "https://portal.example/u/" in contents["email"]["body"]
    assert contents["email"]["unsubscribe"].startswith("https://portal.example/u/")


def test_news_goes_to_who_asked_for_news_and_not_at_night(hand, room):
    subscription = room.subscribe(mobile=MOBILE, news=True)
    hand.at("1405-09-02 22:30")
    room.publish("news")
    room.tell_all()
    ((_, _, lane, consent, due),) = room.messages()
    assert (lane, consent, due) == ("bulk", "news", tehran("1405-09-03 08:00"))
    hand.call(s.CHANGE_SUBSCRIPTION, token=subscription["token"], topics=["portal"], news=False)
    room.publish("news")
    room.tell_all()
    assert len(room.messages()) == 1


@pytest.mark.parametrize(
    ("now", "starts", "sent", "due"),
    [
        ("06:44", "06:46", "transactional", "06:44"),
        ("06:44", "08:00", "transactional", "06:44"),
        ("06:44", "08:01", "bulk", "08:00"),
        ("09:00", "09:10", "bulk", "09:00"),
    ],
)
def test_a_maintenance_that_begins_before_people_wake_is_told_at_once(
    hand, room, now, starts, sent, due
):
    room.subscribe()
    hand.at(f"1405-09-10 {now}")
    room.publish(starts_at=utc(f"1405-09-10 {starts}"), ends_at=utc("1405-09-10 10:00"))
    room.tell_all()
    ((_, _, lane, _, at),) = room.messages()
    assert (lane, at) == (sent, tehran(f"1405-09-10 {due}"))


def test_that_a_maintenance_is_over_wakes_nobody(hand, room):
    room.subscribe()
    hand.at("1405-09-10 22:10")
    reply = room.publish(tell=False)
    room.update(reply, "COMPLETED")
    room.tell_all()
    ((_, _, lane, _, due),) = room.messages()
    assert (lane, due) == ("bulk", tehran("1405-09-11 08:00"))


def test_who_ends_a_subscription_is_forgotten_and_may_say_so_twice(hand, room):
    reply = room.subscribe()
    for _ in range(2):
        assert hand.call(s.UNSUBSCRIBE, token=reply["token"])["ended"]
    assert hand.row("select receiver from subscriptions").receiver is None
    hand.later(minutes=1)
    room.publish()
    room.tell_all()
    assert room.messages() == []
    forged = reply["token"][:-1] + ("A" if reply["token"][-1] != "A" else "B")
    for token in (forged, "x", "é", reply["token"][:22]):
        assert hand.call(s.UNSUBSCRIBE, token=token)["code"] == "subscription.not_found"


def test_what_waits_for_the_morning_is_not_sent_to_who_unsubscribes_at_night(hand, room):
    reply = room.subscribe()
    hand.template()
    hand.send()
    hand.at("1405-09-02 22:30")
    room.publish()
    room.tell_all()
    assert hand.call(s.UNSUBSCRIBE, token=reply["token"])["ended"]
    result = execute(hand.db, "select owner, state, code from messages where lane <> 'otp'")
    assert sorted(result) == [("mirab", "CANCELLED", "unsubscribed"), ("power-co", "CREATED", "")]


def test_one_address_has_one_subscription(hand, room):
    first, second = room.subscribe(), None
    hand.later(minutes=1)
    second = room.subscribe(mobile=MOBILE, topics=["portal"])
    hand.later(minutes=1)
    room.publish()
    room.tell_all()
    assert len(room.messages()) == 1
    assert hand.call(s.SUBSCRIPTION, token=first["token"])["ended"]
    assert hand.call(s.SUBSCRIPTION, token=second["token"])["topics"] == ["portal"]


def test_a_page_that_failed_is_told_again_and_nobody_twice(hand, room, monkeypatch):
    for n in range(7):
        room.subscribe(mobile=f"0990000010{n}")
    monkeypatch.setattr(notices, "PAGE", 3)
    hand.later(minutes=1)
    room.publish("incident")
    assert room.tell()
    with contextlib.suppress(RuntimeError), hand.context() as context:
        notices.send_page(context, *notices.next_run(context, []))
        raise RuntimeError("killed between the page and its commit")
    assert len(room.messages()) == 3
    room.tell_all()
    assert len(room.messages()) == 7
    assert hand.row("select count(*) as n from subscriber_notices").n == 7


def test_what_was_never_confirmed_is_forgotten_after_a_day(hand, room):
    hand.call(s.SUBSCRIBE, mobile=MOBILE)
    hand.later(hours=25)
    with hand.context() as context:
        subscriptions.delete_unconfirmed(context)
    assert hand.row("select count(*) as n from subscriptions").n == 0


def test_an_update_told_quietly_is_sent_to_nobody(hand, room):
    room.subscribe()
    hand.later(minutes=1)
    reply = room.publish(tell=False)
    room.update(reply, "SCHEDULED", tell=False)
    room.tell_all()
    assert room.messages() == []


def test_a_moment_is_told_by_the_calendar_of_iran(hand, room):
    room.subscribe()
    hand.later(minutes=1)
    room.publish()
    room.tell_all()
    ((_, contents, *_),) = room.messages()
    assert "از ۱۴۰۵/۰۹/۱۰ ساعت ۲۲:۰۰ تا ۱۴۰۵/۰۹/۱۱ ساعت ۰۰:۰۰" in contents["sms"]["body"]
