"""The adapters against the played providers of SMS: the real protocols, over HTTP."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import http.server
import itertools
import logging
import socket
import threading
import time
from urllib.parse import parse_qs

import httpx
import orjson
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Unavailable
from deploy.local.ports import free_port
from deploy.local.sms.__main__ import app
from deploy.local.sms.state import Player, SmsMessage
from gateway.public import received_texts
from services.notify.providers import kavenegar, magfa, melipayamak, smsir
from services.notify.providers.http import LIMIT
from services.notify.providers.registry import PROVIDERS, configured_providers, required_settings
from services.notify.providers.sms import DeliveryState, MessageRefused, ProviderRefused, Sms
from tests.billing.playing import answering
from tests.notify.providers.played import DEMO, PlayedSms
from tests.notify.webhooks.listener import Listener
from tests.processes import Starter
from tests.waiting import wait_for

CODES = tuple(PROVIDERS)
FINDING = ("kavenegar", "magfa")
REFS = itertools.count(time.time_ns() // 1_000_000)
PHONES = (f"0990000{n:04}" for n in itertools.count(1))
PERSIAN = "سلام؛ نوبت آب شما «چاه ۱۲» فردا ساعت ۸ است، می‌آییم.\nپیگیری: 1404123456"


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("sms"))
    yield PlayedSms(starter)
    starter.end()


@pytest.fixture(scope="module", params=CODES)
def provider(request, player):
    return player.providers(timeout=5)[request.param]


@pytest.fixture(autouse=True)
def no_tricks(player):
    yield
    player.play("normal")


def sms(body=PERSIAN, *, to=None, news=False):
    return Sms(next(REFS), to or next(PHONES), body, news)


def sent(provider, message=None):
    """The provider's word about one message that it was given."""
    (handed,) = provider.send([message or sms()])
    return handed


def messages_to(player, provider, message):
    """What the provider took for a telephone that only this message goes to."""
    return player.messages(provider.code, to=message.to)


# --- sent ---


def test_a_message_is_taken_once_as_it_was_written(provider, player):
    message = sms()
    handed = sent(provider, message)
    assert (handed.ref, handed.state) == (message.ref, DeliveryState.ACCEPTED)
    (row,) = messages_to(player, provider, message)
    assert row["body"] == PERSIAN
    assert "\u200c" in row["body"]
    assert str(row["id"]) == handed.provider_ref
    assert row["ref"] == (str(message.ref) if provider.finds else "")


# No message of ours has a NUL, which no database keeps; an answer that has one is none.
@given(
    text=st.text(
        st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=70
    ).filter(str.strip)
)
def test_any_text_arrives_as_it_is(player, text):
    for code, provider in player.providers().items():
        message = sms(text)
        assert sent(provider, message).state is DeliveryState.ACCEPTED, code
        assert messages_to(player, provider, message)[0]["body"] == text


def test_news_goes_out_on_the_advertising_line_and_all_else_on_the_service_line(provider, player):
    messages = [sms(), sms(news=True)]
    for message in messages:
        sent(provider, message)
    lines = [messages_to(player, provider, message)[0]["line"] for message in messages]
    assert lines == [provider.line, provider.news_line]


def test_a_full_call_is_one_call_and_each_message_has_its_own_answer(provider, player):
    messages = [sms(f"{n}: {PERSIAN}") for n in range(provider.most)]
    handed = provider.send(messages)
    assert [item.ref for item in handed] == [message.ref for message in messages]
    rows = {str(row["id"]): row for row in player.messages(provider.code)}
    for message, item in zip(messages, handed, strict=True):
        row = rows[item.provider_ref]
        assert (row["to"], row["body"]) == (message.to, message.body)


def test_a_call_that_is_too_long_is_refused_and_nothing_is_taken(player):
    for code, provider in player.providers().items():
        if code == "melipayamak":
            continue  # one message a call
        before = player.record(code)["count"]
        with pytest.raises(ProviderRefused) as refused:
            provider.send([sms("too many") for _ in range(provider.most + 1)])
        too_long = {"kavenegar": "414", "magfa": "107", "smsir": "105"}
        assert refused.value.details["provider_code"] == too_long[code]
        assert player.record(code)["count"] == before


def test_kavenegar_sends_one_by_one_until_a_try_has_shown_that_its_array_keeps_our_numbers(player):
    single = dataclasses.replace(player.providers()["kavenegar"], array=False)
    assert single.most == 1
    message = sms()
    handed = sent(single, message)
    assert single.find([message.ref]) == {message.ref: handed.provider_ref}


# --- refused ---

REJECTED = {"kavenegar": "411", "magfa": "1", "smsir": "104", "melipayamak": "18"}
BLACK = {"kavenegar": "14", "magfa": "27", "smsir": "115", "melipayamak": "35"}
OPTED_OUT = {**BLACK, "magfa": "33"}
NO_CREDIT = {"kavenegar": "418", "magfa": "14", "smsir": "102", "melipayamak": "2"}
BUSY = {"magfa": "23", "smsir": "20", "melipayamak": "6"}
BAD_KEY = {"kavenegar": "403", "magfa": "18", "smsir": "10", "melipayamak": "0"}
BAD_LINE = {"kavenegar": "412", "magfa": "20", "smsir": "101", "melipayamak": "5"}
EMPTY = {"kavenegar": "413", "magfa": "13", "smsir": "103", "melipayamak": "17"}


def test_a_number_that_is_none_is_rejected_for_good(provider, player):
    message = sms(to="0912")
    handed = sent(provider, message)
    assert (handed.state, handed.code) == (DeliveryState.REJECTED, REJECTED[provider.code])
    assert messages_to(player, provider, message) == []


def test_the_black_list_stops_news_for_good_and_nothing_else(provider, player):
    news, notice = sms(news=True), sms()
    player.play("blacklist", to=news.to)
    player.play("blacklist", to=notice.to)
    handed = sent(provider, news)
    assert (handed.state, handed.code) == (DeliveryState.REJECTED, BLACK[provider.code])
    assert sent(provider, notice).state is DeliveryState.ACCEPTED


def test_who_opted_out_gets_nothing(provider, player):
    message = sms()
    player.play("block", to=message.to)
    handed = sent(provider, message)
    assert (handed.state, handed.code) == (DeliveryState.REJECTED, OPTED_OUT[provider.code])
    assert messages_to(player, provider, message) == []


def test_an_empty_text_fails_and_is_no_fault_of_the_receiver(provider):
    handed = sent(provider, sms(""))
    assert (handed.state, handed.code) == (DeliveryState.FAILED, EMPTY[provider.code])


def test_without_credit_the_provider_takes_nothing_and_another_may(provider, player):
    message = sms()
    player.play("no_credit", provider.code)
    with pytest.raises(ProviderRefused) as refused:
        sent(provider, message)
    assert refused.value.details["provider_code"] == NO_CREDIT[provider.code]
    assert messages_to(player, provider, message) == []
    assert sent(provider, message).state is DeliveryState.ACCEPTED


def test_a_provider_that_is_busy_took_nothing_where_it_says_so(provider, player):
    message = sms()
    player.play("busy", provider.code)
    # Kavenegar's 409 says that it cannot answer now, and nothing of the message.
    with pytest.raises(Unavailable if provider.code == "kavenegar" else ProviderRefused) as refused:
        sent(provider, message)
    if provider.code in BUSY:
        assert refused.value.details["provider_code"] == BUSY[provider.code]
    assert messages_to(player, provider, message) == []


def test_a_wrong_key_is_refused_and_shows_when_the_credit_is_asked(provider):
    secret = "key" if hasattr(provider, "key") else "password"
    wrong = dataclasses.replace(provider, **{secret: "wrong"})
    with pytest.raises(ProviderRefused) as refused:
        sent(wrong)
    assert refused.value.details["provider_code"] == BAD_KEY[provider.code]
    with pytest.raises(Unavailable):
        wrong.credit()


def test_a_line_that_is_not_ours_sends_nothing(provider):
    wrong = dataclasses.replace(provider, line="1")
    if provider.code == "magfa":
        handed = sent(wrong)
        assert (handed.state, handed.code) == (DeliveryState.FAILED, BAD_LINE["magfa"])
        return
    with pytest.raises(ProviderRefused) as refused:
        sent(wrong)
    assert refused.value.details["provider_code"] == BAD_LINE[provider.code]


def test_magfa_refuses_one_message_of_a_call_and_takes_the_others(player):
    magfa = player.providers()["magfa"]
    messages = [sms(), sms(to="0912"), sms(""), sms()]
    handed = magfa.send(messages)
    assert [item.state for item in handed] == [
        DeliveryState.ACCEPTED,
        DeliveryState.REJECTED,
        DeliveryState.FAILED,
        DeliveryState.ACCEPTED,
    ]
    assert [len(messages_to(player, magfa, message)) for message in messages] == [1, 0, 0, 1]


@pytest.mark.parametrize("code", ["kavenegar", "smsir"])
def test_where_one_message_spoils_a_call_nothing_is_taken_and_each_is_tried_alone(player, code):
    provider = player.providers()[code]
    messages = [sms(), sms(to="0912"), sms()]
    with pytest.raises(MessageRefused) as refused:
        provider.send(messages)
    assert refused.value.details["provider_code"] == REJECTED[code]
    assert [messages_to(player, provider, message) for message in messages] == [[], [], []]
    states = [sent(provider, message).state for message in messages]
    assert states == [DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.ACCEPTED]


# --- not known ---


@pytest.mark.parametrize("trick", ["drop", "garbage"])
def test_a_lost_answer_is_not_known_and_the_message_was_taken(provider, player, trick):
    message = sms()
    player.play(trick, provider.code)
    with pytest.raises(Unavailable) as lost:
        sent(provider, message)
    assert (
        lost.value.code
        == {
            "drop": "provider.unreachable",
            "garbage": "provider.unreadable",
        }[trick]
    )
    assert len(messages_to(player, provider, message)) == 1
    if provider.finds:
        (row,) = messages_to(player, provider, message)
        assert provider.find([message.ref]) == {message.ref: str(row["id"])}


@pytest.mark.parametrize(("trick", "count"), [("hang", 0), ("take_and_hang", 1)])
def test_a_time_out_is_not_known_whether_it_was_taken_or_not(provider, player, trick, count):
    message = sms()
    hasty = dataclasses.replace(provider, timeout=0.5)
    player.play(trick, provider.code, seconds=3)
    with pytest.raises(Unavailable) as lost:
        sent(hasty, message)
    assert lost.value.code == "provider.unreachable"
    assert len(messages_to(player, provider, message)) == count
    if provider.finds:
        result = provider.find([message.ref])[message.ref]
        assert (result is not None) == bool(count)


def test_an_error_of_the_server_is_not_known(provider, player):
    message = sms()
    player.play("error", provider.code)
    with pytest.raises(Unavailable) as lost:
        sent(provider, message)
    assert lost.value.code == "provider.unreachable"
    assert lost.value.details["why"] == "500"


def test_a_slow_answer_in_time_is_an_answer(provider, player):
    player.play("delay", provider.code, seconds=0.3)
    assert sent(provider).state is DeliveryState.ACCEPTED


def test_where_there_is_no_connection_surely_nothing_was_taken(provider):
    away = dataclasses.replace(provider, base=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ProviderRefused) as refused:
        sent(away)
    assert refused.value.code == "provider.refused"
    for ask in (away.credit, lambda: away.states(["1"])):
        with pytest.raises(Unavailable):
            ask()


def at(code, base, timeout=2):
    """An adapter for a provider at that address, with secrets that nobody may tell."""
    reply = dict.fromkeys(required_settings(code), "not-to-be-told")
    reply |= {"base": base, "line": "1", "news_line": "2", "timeout": timeout, "weight": 1}
    text = f"[{code}]\n" + "\n".join(f"{name} = {value!r}" for name, value in reply.items())
    return configured_providers(text)[code].provider


UNREADABLE = {
    "nothing": (b"", 200, {}),
    "garbage": (b"\xff\xfe\x00", 200, {}),
    "no object": (b"[0]", 200, {}),
    "an empty object": (b"{}", 200, {}),
    "a page": (b"<html><body>maintenance</body></html>", 200, {}),
    "too much": (b" " * (LIMIT + 1), 200, {}),
    "a way elsewhere": (b"", 302, {"Location": "http://127.0.0.1:1/"}),
    "a word for a number": (b'{"status": "ok", "RetStatus": "ok", "return": "ok"}', 200, {}),
    "true for a number": (b'{"status":true,"RetStatus":true,"return":{"status":true}}', 200, {}),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_cannot_be_read_says_nothing_of_the_message(code, answer):
    body, status, headers = answer
    with answering(body, status, **headers) as (base, _):
        provider = at(code, base)
        for ask in (lambda: sent(provider), provider.credit, lambda: provider.states(["1"])):
            with pytest.raises(Unavailable) as lost:
                ask()
            assert lost.value.code == "provider.unreadable"


HALF = {
    "kavenegar": [
        {"return": {"status": 200}},
        {"return": {"status": 200}, "entries": []},
        {"return": {"status": 200}, "entries": [{"status": 1}]},
        {"return": {"status": 200}, "entries": [{"status": 1, "messageid": 0}]},
        {"return": {"status": 200}, "entries": [1]},
        {"return": {"status": 402}},
        {"return": {"status": 409}},
        {"return": {"status": 999}},
    ],
    "magfa": [
        {"status": 0},
        {"status": 0, "messages": []},
        {"status": 0, "messages": [{"status": 0}]},
        {"status": 0, "messages": [{"status": 0, "id": 5, "userId": 1}]},
        {"status": 999},
    ],
    "smsir": [
        {"status": 1},
        {"status": 1, "data": {"messageIds": []}},
        {"status": 1, "data": {"messageIds": ["x"]}},
        {"status": 0},
        {"status": 999},
    ],
    "melipayamak": [
        {"RetStatus": 1},
        {"RetStatus": 1, "Value": "11"},
        {"RetStatus": 1, "Value": "Ok"},
        {"RetStatus": 999},
    ],
}


@pytest.mark.parametrize(
    ("code", "reply"), [(code, reply) for code in HALF for reply in HALF[code]]
)
def test_half_an_answer_or_an_unknown_code_is_never_a_no(code, reply):
    with answering(orjson.dumps(reply)) as (base, received), pytest.raises(Unavailable) as lost:
        sent(at(code, base))
    assert lost.value.code == "provider.unreadable"
    assert len(received) == 1


WORDS = (
    "return",
    "status",
    "entries",
    "messageid",
    "localid",
    "cost",
    "remaincredit",
    "messages",
    "id",
    "userId",
    "tariff",
    "parts",
    "mid",
    "dlrs",
    "balance",
    "data",
    "messageIds",
    "deliveryState",
    "RetStatus",
    "Value",
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 10, 100, 200, -1, 10**15, "1", "35"])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
ANSWERS = st.dictionaries(
    st.sampled_from(WORDS),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
        ),
        max_leaves=8,
    ),
    max_size=5,
)


@pytest.fixture(scope="module")
def parrot():
    """A provider that says what the test puts into ``said`` last: its address, and that."""
    statements = []
    with answering(lambda: statements[-1]) as (base, _):
        yield base, statements


@pytest.mark.parametrize("code", CODES)
@given(reply=ANSWERS, status=st.sampled_from([1, 0, 200]))
def test_whatever_the_answer_is_it_is_read_or_not_known_and_never_a_failure_of_ours(
    parrot, code, reply, status
):
    base, statements = parrot
    reply = {"status": status, "RetStatus": 1, "return": {"status": status}, **reply}
    statements.append(orjson.dumps(reply))
    provider = at(code, base, timeout=10)
    try:
        (handed,) = provider.send([sms()])
    except (Unavailable, ProviderRefused):
        pass
    else:
        assert handed.state in (
            DeliveryState.ACCEPTED,
            DeliveryState.REJECTED,
            DeliveryState.FAILED,
        )
        assert handed.state is not DeliveryState.ACCEPTED or int(handed.provider_ref) > 0
    for ask in (provider.credit, lambda: provider.states(["7"]), lambda: provider.find([7])):
        with contextlib.suppress(Unavailable, NotImplementedError):
            ask()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_a_page_of_a_door_before_the_provider_is_a_sure_no(code, status):
    with (
        answering(b"<html>no</html>", status) as (base, _),
        pytest.raises(ProviderRefused) as refused,
    ):
        sent(at(code, base))
    assert refused.value.details["provider_code"] == str(status)


def test_what_a_provider_spends_a_byte_a_second_on_is_given_up_in_time():
    def drip(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(100):
                time.sleep(0.1)
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        provider = at("magfa", f"http://127.0.0.1:{server.getsockname()[1]}", timeout=1)
        with pytest.raises(Unavailable) as lost:
            sent(provider)
        thread.join(30)
    assert lost.value.code == "provider.unreachable"


ENTRIES = {
    "kavenegar": ("entries", {"messageid": 7, "localid": "7", "status": 10}),
    "magfa": ("dlrs", {"mid": 7, "status": 1}),
}


@pytest.mark.parametrize("code", ENTRIES)
def test_an_entry_that_cannot_be_read_keeps_nothing_of_the_others(code):
    name, good = ENTRIES[code]
    bad = [1, None, {}, {**good, "status": "?"}, *({**good, key: "x"} for key in good)]
    reply = {"status": 0, "return": {"status": 200}, name: [*bad[:4], good, *bad[4:]]}
    with answering(orjson.dumps(reply)) as (base, _):
        provider = at(code, base)
        assert provider.states(["7"])["7"][0] is DeliveryState.DELIVERED
        if code == "kavenegar":
            assert provider.find([7]) == {7: "7"}


def test_a_text_whose_number_cannot_be_read_is_given_with_the_others():
    texts = [{"messageid": n, "sender": "0990", "receptor": "1", "message": "م"} for n in ("x", 7)]
    reply = {"return": {"status": 200}, "entries": [None, *texts]}
    with answering(orjson.dumps(reply)) as (base, _):
        (came,) = at("kavenegar", base).received("1", dt.timedelta(days=2))
    assert [text.ref for text in came] == ["", "7"]


# --- found by our own number ---


@pytest.mark.parametrize("code", FINDING)
def test_after_a_crash_what_was_taken_is_found_and_what_was_not_is_known_as_such(player, code):
    provider = player.providers()[code]
    messages = [sms() for _ in range(5)]
    handed = provider.send(messages)
    absent = [next(REFS), next(REFS)]
    refs = [absent[0], *(message.ref for message in messages), absent[1]]
    assert provider.find(refs) == {
        **{message.ref: item.provider_ref for message, item in zip(messages, handed, strict=True)},
        **dict.fromkeys(absent),
    }


@pytest.mark.parametrize("code", [code for code in CODES if code not in FINDING])
def test_who_takes_no_number_of_ours_says_that_it_cannot_find(player, code):
    provider = player.providers()[code]
    assert provider.finds is False
    with pytest.raises(NotImplementedError):
        provider.find([1])


@pytest.mark.parametrize("code", FINDING)
@pytest.mark.parametrize("trick", ["error", "garbage", "drop"])
def test_what_cannot_be_found_now_is_not_known(player, code, trick):
    provider = player.providers()[code]
    message = sms()
    sent(provider, message)
    player.play(trick, code, call="find")
    with pytest.raises(Unavailable):
        provider.find([message.ref])


def test_a_repeat_is_sent_again_wherever_the_provider_does_not_know_our_number(provider, player):
    message = sms()
    first, second = sent(provider, message), sent(provider, message)
    once = provider.code == "kavenegar"
    assert (first.provider_ref == second.provider_ref) is once
    assert len(messages_to(player, provider, message)) == (1 if once else 2)
    doubles = [row["ref"] for row in player.record(provider.code)["doubles"]]
    assert (str(message.ref) in doubles) is (provider.code == "magfa")


# --- what became of them ---

OUTCOMES = {
    "accepted": DeliveryState.ACCEPTED,
    "delivered": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.UNDELIVERED,
    "failed": DeliveryState.FAILED,
    "unknown": DeliveryState.UNKNOWN,
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_became_of_a_message_is_told_in_our_words(provider, player, outcome):
    message = sms()
    handed = sent(provider, message)
    player.play(deliver=outcome, to=message.to)
    ((ref, (state, code)),) = provider.states([handed.provider_ref]).items()
    assert (ref, state) == (handed.provider_ref, OUTCOMES[outcome])
    assert code or outcome == "accepted"


def test_a_number_that_the_provider_does_not_know_is_unknown_to_it(provider):
    assert [state for state, _ in provider.states(["7000000000000001"]).values()] == [
        DeliveryState.UNKNOWN
    ]


def test_the_states_of_many_messages_are_told_at_once(player):
    for code in FINDING:
        provider = player.providers()[code]
        refs = [
            item.provider_ref
            for _ in range(2)
            for item in provider.send([sms() for _ in range(75)])
        ]
        assert set(provider.states(refs)) == set(refs)


@pytest.mark.parametrize("code", ["smsir", "melipayamak"])
def test_states_that_were_told_before_an_answer_was_lost_count(player, code):
    provider = player.providers()[code]
    refs = [sent(provider).provider_ref for _ in range(3)]
    player.play("delay", code, call="states", seconds=0, times=2)
    player.play("error", code, call="states")
    assert set(provider.states(refs)) == set(refs[:2])
    player.play("error", code, call="states")
    with pytest.raises(Unavailable):
        provider.states(refs)


def test_credit_is_told_in_rials_where_the_provider_counts_in_rials(provider):
    assert provider.credit() == (None if provider.code == "smsir" else 500_000_000)


def test_credit_that_is_not_in_rials_is_not_told_as_if_it_were(player):
    counting = dataclasses.replace(player.providers()["melipayamak"], in_rials=False)
    assert counting.credit() is None


@pytest.mark.parametrize("module", [kavenegar, magfa, smsir, melipayamak], ids=lambda m: m.__name__)
def test_every_provider_tells_every_end_that_matters(module):
    assert {
        DeliveryState.DELIVERED,
        DeliveryState.UNDELIVERED,
        DeliveryState.FAILED,
        DeliveryState.UNKNOWN,
    } <= set(module.STATES.values())


# --- the telephones, and the player itself ---


def test_a_message_comes_later_if_the_player_is_told_so_and_calls_back(start, tmp_path):
    received = []

    class Callback(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/receipt"
    try:
        player = PlayedSms(start, SMS_DELAY="3", SMS_CALLBACK_URL=url)
        kavenegar = player.providers()["kavenegar"]
        handed = sent(kavenegar)
        assert kavenegar.states([handed.provider_ref])[handed.provider_ref][0] in (
            DeliveryState.ACCEPTED,
            DeliveryState.SENT,
            DeliveryState.DELIVERED,
        )
        wait_for(lambda: received)
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
    assert received == [{"messageid": [handed.provider_ref], "status": ["10"]}]
    assert (
        kavenegar.states([handed.provider_ref])[handed.provider_ref][0] is DeliveryState.DELIVERED
    )


def test_a_player_that_is_killed_loses_no_count(start, tmp_path):
    player = PlayedSms(start, SMS_FILE=str(tmp_path / "taken.jsonl"))
    providers = player.providers()
    messages = {code: sms() for code in providers}
    handed = {code: sent(provider, messages[code]) for code, provider in providers.items()}
    player.process.kill()
    with (tmp_path / "taken.jsonl").open("ab") as file:
        file.write(b'{"provider": "magfa", "id"')  # a write that the kill cut
    player.begin()
    assert player.record()["count"] == len(providers)
    for code in FINDING:
        ref = messages[code].ref
        assert providers[code].find([ref]) == {ref: handed[code].provider_ref}
    again = sent(providers["magfa"])
    assert again.provider_ref not in {item.provider_ref for item in handed.values()}
    player.process.kill()
    player.begin()
    assert player.record()["count"] == len(providers) + 1


def test_a_player_that_lives_twice_in_one_second_gives_no_number_twice(start, tmp_path):
    ahead = (int(time.time()) + 600) * 1_000_000
    reply = SmsMessage("magfa", ahead, "", "09900000000", "3000", "x", time.time())
    (tmp_path / "taken.jsonl").write_bytes(orjson.dumps(dataclasses.asdict(reply)) + b"\n")
    player = PlayedSms(start, SMS_FILE=str(tmp_path / "taken.jsonl"))
    assert int(sent(player.providers()["magfa"]).provider_ref) > ahead


def test_a_telephone_shows_its_messages_newest_first_and_as_text(player):
    magfa = player.providers()["magfa"]
    to = next(PHONES)
    for body in ("نخست", "<b>دوم</b> می‌رسد"):
        sent(magfa, sms(body, to=to))
    page = player.page(f"/phone/{to}")
    assert 'dir="rtl"' in page
    assert page.index("&lt;b&gt;دوم&lt;/b&gt; می‌رسد") < page.index("نخست")
    assert f"/phone/{to}" in player.page()
    assert "هنوز پیامکی نرسیده" in player.page("/phone/09900009999")


def test_a_telephone_sends_a_text_as_kavenegar_brings_it():
    listener = Listener()
    played = app(Player(), None, listener.url)

    def ask(method, path, **more):
        async def call():
            transport = httpx.ASGITransport(app=played)
            async with httpx.AsyncClient(transport=transport, base_url="http://phones") as client:
                return await client.request(method, path, **more)

        return asyncio.run(call())

    text = {"from": "09900000001", "to": "30001234", "message": "سلام\n<b>دوم"}
    sent = ask("POST", "/phone", data=text)
    listener.close()
    (brought,) = listener.deliveries
    read = received_texts.text_of(received_texts.form_of(brought.body), "kavenegar")
    assert (read.sender, read.line, read.text) == tuple(text.values())
    assert read.ref
    assert "پیامک رسید" in ask("GET", sent.headers["location"]).text
    # Nobody listens there any more.
    sent = ask("POST", "/phone", data=text)
    assert "پیامک نرسید" in ask("GET", sent.headers["location"]).text
    assert ask("POST", "/phone", data={"to": "3"}).status_code == 422


def test_a_wish_that_nobody_understands_is_refused(player):
    for item in (
        {"do": "dance", "provider": "magfa"},
        {"do": "hang", "provider": "magfa"},
        {"do": "error", "provider": "x"},
        {"do": "block"},
        {"deliver": "tomorrow"},
        {"do": "error", "provider": "all", "call": "x"},
    ):
        assert requests.post(f"{player.url}/play", json=item, timeout=10).status_code == 422


# --- secrets, and the file of providers ---


@pytest.mark.parametrize("code", CODES)
def test_a_secret_or_a_number_is_never_shown_and_never_logged(code, caplog):
    caplog.set_level(logging.DEBUG)
    message = sms("متن محرمانه")
    shown = []
    for body, status in ((b"x", 200), (b"x", 500), (b"x", 403)):
        with answering(body, status) as (base, _):
            provider = at(code, base)
            with pytest.raises((Unavailable, ProviderRefused)) as lost:
                sent(provider, message)
            shown += [repr(provider), repr(lost.value), str(lost.value.to_wire())]
    with pytest.raises(ProviderRefused) as lost:
        sent(at(code, f"http://127.0.0.1:{free_port()}"), message)
    shown += [repr(lost.value), str(lost.value.to_wire()), caplog.text]
    for text in shown:
        for secret in ("not-to-be-told", message.to, message.body):
            # Who we are is no secret; what proves it is.
            assert secret not in text.replace("user='not-to-be-told'", "").replace(
                "domain='not-to-be-told'", ""
            )


def test_the_providers_of_the_demo_are_four_with_their_shares():
    reply = configured_providers(DEMO.read_text(encoding="utf-8"))
    assert {code: item.weight for code, item in reply.items()} == {
        "magfa": 60,
        "kavenegar": 30,
        "smsir": 10,
        "melipayamak": 0,
    }
    assert [item.provider.code for item in reply.values()] == list(reply)


GOOD = "[smsir]\nbase = 'https://api.example/'\nkey = 'hush'\nline = '1'\nnews_line = '2'\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[hermes]\nbase='x'", "hermes"),
        ("smsir = 1", "smsir"),
        (GOOD, "weight is missing"),
        (GOOD + "weight = 101", "weight is a whole number from 0 to 100"),
        (GOOD + "weight = true", "weight is a whole number"),
        (GOOD + "weight = 1\ntimeout = 0", "timeout is a number of seconds, at most 30"),
        (GOOD + "weight = 1\narray = true", "array is unknown"),
        (GOOD.replace("'1'", "'98-1'") + "weight = 1", "line is a row of digits"),
        (GOOD.replace("'hush'", "''") + "weight = 1", "key is missing"),
        (GOOD.replace("'hush'", "7") + "weight = 1", "key is a text"),
        (GOOD.replace("https://", "ftp://") + "weight = 1", "base is an address"),
        (GOOD.replace("key", "keey") + "weight = 1", "key is missing, keey is unknown"),
    ],
)
def test_a_file_that_is_wrong_is_named_without_its_secrets(text, named):
    with pytest.raises(ValueError, match=named) as wrong:
        configured_providers(text)
    assert "hush" not in str(wrong.value)
