"""Texts that come in: as providers bring them, kept once, whose they are, what they answer."""

import asyncio
import re
from urllib.parse import quote_from_bytes

import httpx
import orjson
import pytest
import requests

from bus.errors import Unavailable
from bus.settings import Settings
from contracts.notify import received
from contracts.notify.person_work import WorkOnPerson
from contracts.notify.received import NOBODY
from contracts.ticketing.letters import TAKE_TICKET_TEXT
from deploy.local.sms.state import LINES
from gateway.limits.guesses import Guesses
from gateway.public import received_texts, sms_receipts
from gateway.web import Face
from services.notify import person_work
from services.notify.providers import states as provider_states
from services.notify.providers.channels import ChannelProvider
from services.notify.providers.http import unreadable
from services.notify.providers.registry import PROVIDERS
from services.notify.providers.sms import ALL, IncomingSms
from services.notify.received import polling
from tests.notify.conftest import MOBILE
from tests.notify.govuk.test_api_keys import Api
from tests.notify.providers.played import PlayedSms
from tests.processes import Starter, run_module
from tests.stores import execute

OURS, THEIRS = "1000555", "30001234"
TICKET, OTHER_TICKET = "5720000008", "4052138845"
SARA = "+989900000001"
SETTINGS = {"NOTIFY_KEY": "the notices of tests", "PORTAL_URL": "https://portal.example"}


@pytest.fixture
def desk(hand):
    hand.give_line(THEIRS)
    hand.power = Api(hand)
    return hand


def take(hand, text="سلام", *, line=THEIRS, sender="989900000001", **more):
    fields = {"provider": "magfa", "line": line, "sender": sender, "text": text, **more}
    return hand.call(received.TAKE_TEXT, **fields)


def texts(hand, **more):
    """What the agency of the line is shown."""
    return hand.power.call(received.API_RECEIVED, **more)["texts"]


def states(hand):
    rows = execute(hand.db, "select state, ticket from received_texts order by created_at, id")
    return [tuple(row) for row in rows]


def sent_on(hand):
    """What was sent to ticketing."""
    query = "select body from outbox where name = %s order by seq"
    rows = execute(hand.db, query, (TAKE_TICKET_TEXT.name,))
    return [orjson.loads(bytes(body)) for (body,) in rows]


# --- whose they are ---


def test_a_text_on_an_agency_s_line_is_listed_to_that_agency_alone(desk):
    take(desk, ref="1", line="+30001234")
    (text,) = texts(desk)
    assert (text["sender"], text["text"], text["line"]) == (SARA, "سلام", THEIRS)
    assert Api(desk, "gas-co").call(received.API_RECEIVED)["texts"] == []
    assert desk.call(received.OPEN_TEXTS, as_="karim")["texts"] == []


def test_number_and_words_are_sealed_where_they_are_kept(desk):
    take(desk, ref="1")
    row = execute(desk.db, "select row_to_json(t)::text from received_texts t")[0][0]
    assert "9900000001" not in row
    assert "سلام" not in row


def test_pages_of_texts_lead_on(desk, monkeypatch):
    monkeypatch.setattr("services.notify.received.texts.RECEIVED_PAGE", 2)
    for number in range(3):
        take(desk, f"{number}", ref=str(number))
        desk.later(seconds=1)
    first = texts(desk)
    assert [text["text"] for text in first] == ["2", "1"]
    rest = texts(desk, older_than=first[-1]["id"])
    assert [text["text"] for text in rest] == ["0"]


# --- kept once ---


def test_a_repeat_is_kept_once_by_its_number_or_by_all_that_it_says(desk):
    assert [take(desk, ref="1")["is_new"] for _ in range(2)] == [True, False]
    assert [take(desk, "بی‌شماره")["is_new"] for _ in range(2)] == [True, False]
    at = {"sent_at": "2026-11-29 10:00"}
    assert [take(desk, "ساعت‌دار", **at)["is_new"] for _ in range(2)] == [True, False]
    desk.later(minutes=9)
    assert take(desk, "بی‌شماره")["is_new"] is False
    desk.later(hours=1)
    # The same words an hour later are said again.
    assert take(desk, "بی‌شماره")["is_new"] is True
    assert take(desk, "ساعت‌دار", **at)["is_new"] is False
    assert len(texts(desk)) == 4


def test_a_flood_of_one_sender_is_bounded_and_counted_and_stops_nobody_else(desk):
    for number in range(35):
        take(desk, str(number), ref=str(number))
        desk.later(milliseconds=1)
    take(desk, "دیگری", ref="x", sender="09900000002")
    listed = texts(desk)
    assert len(listed) == 31
    assert (listed[0]["text"], listed[0]["sender"]) == ("دیگری", "+989900000002")
    assert sum(text["more"] for text in listed) == 5
    assert take(desk, "34", ref="34")["is_new"] is False  # one that is given again counts once
    assert sum(text["more"] for text in texts(desk)) == 5
    desk.template(code="news", lane="bulk", consent="news", body="خبر")
    take(desk, "لغو", ref="stop")
    assert len(texts(desk)) == 31
    assert desk.send("news")["code"] == "receiver.opted_out"  # a word that ends news is never lost
    desk.later(hours=2)
    take(desk, "باز", ref="y")
    assert texts(desk)[0]["text"] == "باز"
    for number in range(31):  # whom the provider does not tell is not one sender
        take(desk, "کسی", sender=NOBODY, ref=f"n{number}")
    assert sum(text["text"] == "کسی" for text in texts(desk)) == 31


def test_what_is_old_goes_and_what_is_a_person_s_is_emptied_on_wish(desk):
    take(desk, ref="1")
    desk.service.forget_texts()
    assert len(texts(desk)) == 1
    desk.later(days=31)
    desk.service.forget_texts()
    assert texts(desk) == []


# --- parts of a long text ---

LONG = ["آب قطع است، ", "از دیروز صبح، ", "در کوچه دوم."]


def bring_part(hand, place, text=None, *, common="204", parts=3, **more):
    part = {"common": common, "place": place, "parts": parts}
    return take(hand, LONG[place - 1] if text is None else text, part=part, **more)


def listed(hand):
    return [text["text"] for text in texts(hand)]


def test_parts_are_one_text_in_whatever_order_and_however_often_they_come(desk):
    assert [bring_part(desk, place)["is_new"] for place in (3, 1, 3, 2, 1)] == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert listed(desk) == ["".join(LONG)]
    assert [bring_part(desk, place)["is_new"] for place in (1, 2, 3)] == [False] * 3
    # Each with a number of the provider's own, of two senders at once.
    for place in (2, 1, 3):
        for sender in ("09900000002", "09900000003"):
            bring_part(desk, place, sender=sender, ref=f"{sender}-{place}")
    assert listed(desk) == ["".join(LONG)] * 3
    row = execute(desk.db, "select string_agg(row_to_json(t)::text, '') from text_parts t")[0][0]
    assert "9900000001" not in row


def test_what_is_there_is_a_text_when_no_more_parts_come(desk):
    bring_part(desk, 1)
    desk.later(minutes=9)
    bring_part(desk, 3)
    desk.later(minutes=9)
    desk.service.join_texts()
    assert listed(desk) == []
    desk.later(minutes=2)
    desk.service.join_texts()
    assert listed(desk) == [f"{LONG[0]}[…]{LONG[2]}"]
    bring_part(desk, 2)  # too late: nothing is lost all the same
    desk.later(minutes=11)
    desk.service.join_texts()
    assert listed(desk)[0] == f"[…]{LONG[1]}[…]"
    desk.later(days=2)
    desk.service.join_texts()
    assert execute(desk.db, "select count(*) from text_parts")[0][0] == 0


def test_a_number_that_is_used_again_mixes_no_two_texts(desk):
    bring_part(desk, 1)
    bring_part(desk, 2)
    for place in (1, 2, 3):
        bring_part(desk, place, f"دیگر {place} ")
    assert sorted(listed(desk)) == sorted([f"{LONG[0]}{LONG[1]}[…]", "دیگر 1 دیگر 2 دیگر 3"])


def test_what_can_be_no_part_is_a_text_and_a_flood_of_parts_is_bounded(desk, monkeypatch):
    bring_part(desk, 3, "بیرون", parts=2)
    bring_part(desk, 1, "آ" * 161)
    assert sorted(listed(desk)) == ["آ" * 161, "بیرون"]
    monkeypatch.setattr("services.notify.received.parts.MOST", 5)
    for number in range(9):
        bring_part(desk, 1, "سیل", common=str(number))
    assert execute(desk.db, "select count(*) from text_parts")[0][0] == 5


# --- asked for ---


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("sms"))
    yield PlayedSms(starter)
    starter.end()


@pytest.fixture
def asking(desk, played, tmp_path):
    """Kavenegar is asked for texts; ``written`` is a text of a telephone to its line."""
    file = tmp_path / "providers.toml"
    config = re.sub(
        r"^(\[\w+\])", r"\1\npolls = true", played.config(timeout=1), flags=re.MULTILINE
    )
    file.write_text(config)
    desk.service.settings = Settings({**SETTINGS, "NOTIFY_PROVIDERS_FILE": str(file)})
    played.play("normal")
    line = LINES["kavenegar"][0]
    query = "select count(*) from received_texts"

    def written(text, sender=MOBILE, to=line, days=0):
        form = {"from": sender, "to": to, "message": text, "days": days}
        requests.post(f"{played.url}/phone", data=form, timeout=10, allow_redirects=False)

    def polled():
        desk.service.poll_texts()
        return execute(desk.db, query)[0][0]

    desk.written, desk.polled, desk.line = written, polled, line
    return desk


def test_a_provider_is_asked_and_what_it_gives_again_is_kept_once(asking, played):
    before = asking.polled()
    asking.written("یک")
    assert [asking.polled() for _ in range(2)] == [before + 1] * 2
    asking.written("دو")
    asking.written("یک")
    assert asking.polled() == before + 3
    # A panel that brings it too brings the same.
    number = requests.post(
        f"{played.url}/v1/played-kavenegar/sms/receive.json",
        data={"linenumber": asking.line, "isread": "1"},
        timeout=10,
    ).json()["entries"][-1]["messageid"]
    brought = take(asking, "یک", line=asking.line, provider="kavenegar", ref=str(number))
    assert brought["is_new"] is False


@pytest.mark.parametrize("do", ["drop", "garbage", "take_and_hang", "error", "hang"])
def test_what_an_answer_that_was_lost_had_comes_at_the_next_turn(asking, played, do):
    before = asking.polled()
    asking.written(f"پس از {do}")
    seconds = {"seconds": 1.5} if "hang" in do else {}
    # Of each line the last read ones, then the unread ones.
    before_it = 2 * sorted(LINES["kavenegar"]).index(asking.line) + 1
    for _ in range(before_it):
        played.play("delay", "kavenegar", call="receive", seconds=0)
    played.play(do, "kavenegar", call="receive", **seconds)
    assert asking.polled() == before
    assert asking.polled() == before + 1
    assert asking.polled() == before + 1


def test_each_provider_is_asked_in_its_own_way_and_a_lost_answer_of_a_list_loses_nothing(
    asking, played
):
    others = ("magfa", "smsir", "melipayamak")
    before = asking.polled()
    for provider in others:
        for text in ("یک", "دو"):
            asking.written(f"{text} {provider}", sender="09900000002", to=LINES[provider][0])
    for provider in others[1:]:
        played.play("drop", provider, call="receive")
    assert asking.polled() == before + 2  # Magfa's, each by a call of its own
    assert [asking.polled() for _ in range(2)] == [before + 6] * 2
    query = "select distinct provider, line from received_texts where provider = any(%s)"
    rows = execute(asking.db, query, (list(others),))
    assert sorted(rows) == sorted((provider, LINES[provider][0]) for provider in others)


def test_after_days_in_which_nobody_could_ask_all_that_came_in_meanwhile_is_read_once(
    asking, played
):
    others = ("kavenegar", "smsir", "melipayamak")
    with asking.context() as context:  # as the chores of sending do
        provider_states.keep(context, [ChannelProvider(code, "sms", 1, 1, list) for code in LINES])
    execute(asking.db, "update providers set texts_read_at = null")
    for provider in others:
        asking.written("پیش از ما", to=LINES[provider][0], days=9)
    requests.post(  # a clerk has read it in the panel
        f"{played.url}/v1/played-kavenegar/sms/receive.json",
        data={"linenumber": asking.line, "isread": "0"},
        timeout=10,
    )
    before = asking.polled()
    for provider in others:
        asking.written(f"در نبود ما {provider}", to=LINES[provider][0], days=4)
    asking.later(days=5)
    assert [asking.polled() for _ in range(2)] == [before + 3] * 2


def test_a_text_that_was_cut_within_a_character_keeps_nothing_of_the_others(asking, played):
    before = asking.polled()
    for provider, (line, *_) in LINES.items():
        asking.written(f"بریده… {provider}", to=line)
        asking.written(f"سالم {provider}", sender="09900000002", to=line)
        for _ in range(5):
            played.play("odd", provider, call="receive")
    assert asking.polled() == before + 2 * len(LINES)
    bodies = [text["text"] for text in asking.call(received.OPEN_TEXTS, as_="karim")["texts"]]
    assert {f"بریده\ufffd {provider}" for provider in LINES} <= set(bodies)


class Ending:
    """A provider whose list came to no end at the first turn: the newest of it was read alone."""

    code, polls, turns = "smsir", True, 0

    def boxes(self, _of_agencies):
        return [ALL]

    def received(self, _box, _reach):
        self.turns += 1
        yield [IncomingSms("2", "3000", "09900000001", "تازه")]
        if self.turns == 1:
            raise unreadable("code 0")
        yield [IncomingSms("1", "3000", "09900000001", "کهنه")]
        assert self.turns == 2, "who has read the list asks for no more than is new"


def test_what_stands_behind_the_place_where_a_list_broke_off_is_read_at_the_next_turn(desk):
    provider, read = Ending(), {}
    kept = []
    for _ in range(3):
        polling.poll(desk.service.store, desk.service.context, provider, read)
        kept.append(execute(desk.db, "select count(*) from received_texts")[0][0])
    assert kept == [1, 2, 2]


class Refusing:
    """A provider that refuses one of its lines, and has texts at the other, one of them odd."""

    code, polls = "kavenegar", True
    odd = IncomingSms("", "", "فرستنده\x00 " * 9, "کلمه\x1bها\ud83d" + "ی" * 20_000, "ساعت " * 20)

    def boxes(self, _of_agencies):
        return ["1000", "2000"]

    def received(self, line, _reach):
        if line == "1000":
            raise unreadable("code 412")
        yield [
            self.odd,
            IncomingSms("77", line, "09900000001", "سلام"),
            IncomingSms("", "", "", ""),
        ]


def test_a_line_that_is_refused_and_a_text_that_is_odd_keep_nothing_of_the_others(desk):
    for _ in range(2):
        polling.poll(desk.service.store, desk.service.context, Refusing(), {})
    assert execute(desk.db, "select line from received_texts") == [("2000",)] * 3
    bodies = [text["text"] for text in desk.call(received.OPEN_TEXTS, as_="karim")["texts"]]
    assert sorted(body[:6] for body in bodies) == ["", "سلام", "کلمهها"]


class GivesOnce:
    """A provider that gives a text once, as Magfa does."""

    code, polls = "magfa", True

    def __init__(self):
        words = ("یک", "دو")
        self.texts = [IncomingSms("", "2000", "09900000001", text, "10:00") for text in words]

    def boxes(self, _of_agencies):
        return ["2000"]

    def received(self, _line, _reach):
        while self.texts:
            yield [self.texts.pop()]


class Shaky:
    """A store that is away every other time."""

    def __init__(self, store):
        self.store, self.count = store, 0

    def transaction(self):
        self.count += 1
        if self.count % 2 == 0:
            raise Unavailable("The store is away.", code="database.away")
        return self.store.transaction()


def test_a_text_that_is_given_once_is_kept_though_our_store_was_away(desk, monkeypatch):
    monkeypatch.setattr(polling, "PAUSES", (0,))
    polling.poll(Shaky(desk.service.store), desk.service.context, GivesOnce(), {})
    assert execute(desk.db, "select count(*) from received_texts") == [(2,)]


def test_a_part_that_was_erased_is_no_new_text_when_it_comes_again(desk):
    for place in (1, 2, 3):
        bring_part(desk, place)
    bring_part(desk, 1, common="205")  # of a text that is not whole
    with desk.context() as context:
        asked_for = WorkOnPerson(act=7, kind="erase", mobile=SARA, national_id="9900000013")
        person_work.work(context, asked_for)
    again = [bring_part(desk, place)["is_new"] for place in (1, 2, 3)]
    assert [*again, bring_part(desk, 1, common="205")["is_new"]] == [False] * 4
    desk.later(minutes=11)
    desk.service.join_texts()
    assert texts(desk) == []
    query = "select distinct common, sender, sender_hash, body from text_parts"
    assert [tuple(row) for row in execute(desk.db, query)] == [(b"", "", b"", "")]


def test_what_was_erased_does_not_come_back_when_its_provider_gives_it_again(desk):
    take(desk, "مرا فراموش کنید", ref="1")
    with desk.context() as context:
        asked_for = WorkOnPerson(act=7, kind="erase", mobile=SARA, national_id="9900000013")
        person_work.work(context, asked_for)
    assert take(desk, "مرا فراموش کنید", ref="1")["is_new"] is False
    assert texts(desk) == []
    query = "select owner, sender, sender_hash, body, state from received_texts"
    assert [tuple(row) for row in execute(desk.db, query)] == [("", "", b"", "", "DONE")]
    desk.later(days=4)
    take(desk, "سلام", ref="2")
    desk.later(days=4)
    with desk.context() as context:
        person_work.work(context, asked_for)
    assert len(states(desk)) == 1


# --- what they answer ---


def wrote(hand, *references, to=MOBILE):
    """We wrote to a citizen about these tickets."""
    hand.template("((text))", owner="mirab", code="of_ticket")
    for reference in references:
        hand.tell("of_ticket", to={"mobile": to}, reference=reference)


def test_an_answer_to_the_one_ticket_that_we_wrote_about_goes_into_it(desk):
    wrote(desk, TICKET)
    take(desk, "ممنون", line=OURS, ref="1")
    assert states(desk) == [("SENT_ON", TICKET)]
    (command,) = sent_on(desk)
    assert (command["ticket"], command["mobile"], command["text"]) == (TICKET, SARA, "ممنون")
    desk.call(received.NOTE_TEXT, id=command["received"], is_filed=True)
    assert states(desk) == [("FILED", TICKET)]


def test_what_ticketing_cannot_file_a_clerk_sees(desk):
    wrote(desk, TICKET)
    take(desk, "ممنون", line=OURS, ref="1")
    desk.call(received.NOTE_TEXT, id=sent_on(desk)[0]["received"], is_filed=False)
    (text,) = desk.call(received.OPEN_TEXTS, as_="karim")["texts"]
    assert text["text"] == "ممنون"


def test_of_several_tickets_the_one_that_is_named_is_meant_and_no_guess_is_made(desk):
    wrote(desk, TICKET, OTHER_TICKET)
    take(desk, "کدام؟", line=OURS, ref="1")
    take(desk, "درباره ۵۷۲ ۰۰۰ ۰۰۰۸", line=OURS, ref="2")
    take(desk, "من ننوشتم", line=OURS, ref="3", sender="09900000002")
    assert sorted(states(desk), key=str) == [("OPEN", None), ("OPEN", None), ("SENT_ON", TICKET)]


def test_a_code_that_we_never_wrote_to_this_number_opens_no_ticket(desk):
    """Whoever learns a code reaches nothing by it from a number of their own."""
    wrote(desk, TICKET)
    take(desk, TICKET, line=OURS, ref="1", sender="09900000002")
    take(desk, OTHER_TICKET, line=OURS, ref="2")
    assert states(desk) == [("OPEN", None), ("OPEN", None)]
    assert sent_on(desk) == []


def test_an_answer_long_after_is_no_answer(desk):
    wrote(desk, TICKET)
    desk.later(days=31)
    take(desk, "ممنون", line=OURS, ref="1")
    assert states(desk) == [("OPEN", None)]


def test_a_clerk_chooses_the_ticket_or_nothing_and_each_text_once(desk):
    for number in range(2):
        take(desk, str(number), line=OURS, ref=str(number))
        desk.later(seconds=1)
    first, second = (t["id"] for t in desk.call(received.OPEN_TEXTS, as_="karim")["texts"])
    assert desk.call(received.OPEN_TEXTS, as_="nobody")["code"] == "notices.not_an_editor"
    refused = desk.call(received.SETTLE_TEXT, as_="karim", id=first, ticket="123")
    assert refused["code"] == "text.ticket"
    left = desk.call(received.SETTLE_TEXT, as_="karim", id=first, ticket="572 000 0008")["texts"]
    assert [text["id"] for text in left] == [second]
    (command,) = sent_on(desk)
    assert (command["ticket"], command["clerk"]) == (TICKET, "karim")
    assert desk.call(received.SETTLE_TEXT, as_="karim", id=second)["texts"] == []
    assert desk.call(received.SETTLE_TEXT, as_="karim", id=second)["code"] == "text.settled"
    take(desk, "آنان", ref="of another")
    foreign = texts(desk)[0]["id"]
    assert desk.call(received.SETTLE_TEXT, as_="karim", id=foreign)["code"] == "text.not_found"


@pytest.mark.parametrize("word", ["لغو", " لغو۱۱ ", "لغو 11", "۱۱", "STOP", "Stop.", "«لغو»"])
def test_a_word_ends_news_and_nothing_else(desk, word):
    desk.template(code="news", lane="bulk", consent="news", body="خبر")
    desk.template(code="case", body="پرونده")
    take(desk, word, ref="1")
    assert [text["state"] for text in texts(desk)] == ["OPT_OUT"]
    assert desk.send("news")["code"] == "receiver.opted_out"
    assert desk.send("case")["state"] == "CREATED"


@pytest.mark.parametrize("word", ["قرارداد را لغو کنید", "لغو نشود", "", "110"])
def test_whoever_says_more_has_not_ended_news(desk, word):
    take(desk, word, ref="1")
    assert [text["state"] for text in texts(desk)] == ["LISTED"]


# --- as providers bring them ---


class RecordingClient:
    """Takes the calls of the route."""

    def __init__(self):
        self.texts = []

    async def call(self, _contract, message, **_):
        self.texts.append(message)


@pytest.fixture
def bring():
    """Brings what a provider sends; the text that came of it, and the answer's status."""
    settings = Settings({"PORTAL_URL": "http://portal", "PORTAL_KEY": "a secret of the portal"})
    client = RecordingClient()
    face = Face("public", received_texts.routes(client, settings, Guesses()))

    def send(provider="kavenegar", *, method="POST", query="", address=None, **more):
        client.texts.clear()
        url = address or sms_receipts.address_of(settings, provider, received=True)

        async def deliver():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(face)) as to:
                return await to.request(method, url + query, **more)

        answer = asyncio.run(deliver())
        assert len(client.texts) <= 1
        return answer.status_code, client.texts[0] if client.texts else None

    return send


def test_a_part_is_known_by_its_header_or_by_numbers_and_nothing_else_is_a_part(bring):
    def part(**more):
        text = bring("melipayamak", data={**FORM, **more})[1]
        return text.part and (text.part.common, text.part.place, text.part.parts)

    assert part(udh="050003CC0302") == ("204", 2, 3)
    assert part(UDH="0x0608040ABC0201") == ("2748", 1, 2)
    # Behind another element; the ports of an application are none of ours.
    assert part(udh="0B05040B8423F0000305 0201") == ("5", 1, 2)
    assert part(**{"concat-ref": "7", "concat-total": "3", "concat-part": "3"}) == ("7", 3, 3)
    for header in ("", "05", "0500", "050003CC", "050003CC0200", "050003CC0203", "050003CC0101"):
        assert part(udh=header) is None
    for header in ("no hex", "050003CCFF01", "06050415811581", "00" * 70, "０５0003CC0201"):
        assert part(udh=header) is None
    assert part(**{"concat-ref": "x", "concat-total": "3", "concat-part": "1"}) is None


FORM = {"messageid": "9911", "from": "09900000001", "to": OURS, "message": "سلام ي"}


def test_a_form_a_query_and_json_are_read_alike(bring):
    query = "?" + str(httpx.QueryParams(FORM))
    for more in ({"data": FORM}, {"method": "GET", "query": query}, {"json": FORM}):
        status, text = bring(**more)
        assert status == 200
        assert (text.ref, text.sender, text.line, text.text) == tuple(FORM.values())


@pytest.mark.parametrize(
    ("provider", "members"),
    [
        ("melipayamak", {"from": "9900000001", "to": OURS, "body": "سلام", "udh": ""}),
        ("magfa", {"Sender": "98990", "Receiver": OURS, "Text": "سلام", "MessageId": "7"}),
        ("smsir", {"mobile": "9900000001", "lineNumber": OURS, "messageText": "سلام"}),
        ("kavenegar", {"FROM": "0990", "TO": OURS, "MESSAGE": "سلام", "messageid": "0"}),
    ],
)
def test_each_provider_s_names_are_known(bring, provider, members):
    status, text = bring(provider, data=members)
    assert (status, text.provider, text.line, text.text) == (200, provider, OURS, "سلام")
    assert text.ref == ("7" if provider == "magfa" else None)


def test_persian_in_the_encoding_of_old_windows_is_read(bring):
    raw = b"from=0990&to=1000&message=" + quote_from_bytes("سلام پدر".encode("cp1256")).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert bring(content=raw, headers=headers)[1].text == "سلام پدر"


def test_a_text_that_was_cut_within_a_character_keeps_its_other_words(bring):
    cut = b"from=0990&to=1000&message=" + quote_from_bytes("سلام پدر".encode()[:-1]).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert bring(content=cut, headers=headers)[1].text == "سلام پد\ufffd"
    half = b'{"from": "0990", "to": "1000", "message": "hi \\ud83d\\u0000"}'
    headers = {"Content-Type": "application/json"}
    assert bring(content=half, headers=headers)[1].text == "hi \ufffd\ufffd"


def test_what_was_escaped_twice_is_read_as_it_was_written(bring):
    twice = quote_from_bytes(quote_from_bytes("سلام".encode()).encode())
    raw = f"from=0990&to=1000&message={twice}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert bring(content=raw, headers=headers)[1].text == "سلام"
    assert bring(data={**FORM, "message": "100%25 آب"})[1].text == "100%25 آب"


@pytest.mark.parametrize("typed", ["%FF", "%D8", "%d8%", "100%", "%00", "%ff%fe."])
def test_a_citizen_s_percent_signs_are_words_and_no_fault_of_ours(bring, typed):
    status, text = bring(data={**FORM, "message": typed})
    assert (status, text.text) == (200, typed)


def test_a_long_text_of_many_parts_is_whole(bring):
    assert len(bring(data={**FORM, "message": "آ" * 17_085})[1].text) == 17_085


@pytest.mark.parametrize(
    "members",
    [{}, {"from": "0990"}, {"to": "1000"}, {**FORM, "from": " "}],
)
def test_what_no_repeat_would_mend_is_answered_and_noted(bring, members, capsys):
    assert bring(data=members) == (200, None)


def test_nothing_odd_in_a_text_loses_its_words(bring):
    odd = {"from": "9" * 41, "to": "1\t", "message": "کلمه\x1bها", "date": "d" * 41}
    status, text = bring(data=odd)
    assert (status, text.sender, text.line, text.text) == (200, "9" * 40, "1", "کلمهها")
    assert received.TAKE_TEXT.checked(text) == text


def test_whoever_does_not_know_the_address_brings_nothing(bring):
    settings = Settings({"PORTAL_URL": "http://portal", "PORTAL_KEY": "a secret of the portal"})
    good = sms_receipts.address_of(settings, "kavenegar", received=True)
    of_receipts = sms_receipts.address_of(settings, "kavenegar") + "/received"
    for wrong in (good.replace("kavenegar", "magfa"), of_receipts, good.replace("/sms/", "/sms/x")):
        status, text = bring(address=wrong, data=FORM)
        assert (status, text) == (404, None)


def test_the_address_of_texts_is_another_than_that_of_receipts():
    settings = {"PORTAL_URL": "https://portal.example/", "PORTAL_KEY": "secret"}
    reply = run_module("gateway.public.sms_receipts", "magfa", "--received", **settings)
    address = sms_receipts.address_of(Settings(settings), "magfa", received=True)
    assert reply.stdout.strip() == address
    assert address.endswith("/received")
    assert set(sms_receipts.NUMBER_NAMES) <= set(PROVIDERS)
