"""Call-backs as Notify makes them, before a client's receiver that knows nothing but its token."""

import functools
import io
import json
import re
import socket

import pytest

from bus.settings import Settings
from contracts.notify import callbacks, received
from contracts.notify.messages import CANCEL
from members import register
from services.notify.domain.message import MessageState
from services.notify.govuk import __main__ as command
from services.notify.govuk import api_keys
from services.notify.received import texts
from services.notify.sending import settlement
from services.notify.sending.rows import load_message
from services.notify.webhooks import http
from tests.notify.govuk.test_api_keys import Api
from tests.notify.test_revocation import Copies
from tests.notify.webhooks.listener import Listener
from tests.processes import ROOT
from tests.stores import execute

TOKEN, LINE = "the-token-of-power-co", "30001234"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
RECEIPT = [
    "id",
    "reference",
    "to",
    "status",
    "created_at",
    "completed_at",
    "sent_at",
    "notification_type",
    "template_id",
    "template_version",
]


class Receiver(Listener):
    """A client of Notify: takes what has its token, and checks nothing else."""

    def __init__(self):
        super().__init__()
        self.url = self.url.partition("?")[0]

    def bodies(self):
        """What came with the token."""
        assert {d.headers.get("Authorization") for d in self.deliveries} <= {f"Bearer {TOKEN}"}
        return [json.loads(d.body) for d in self.deliveries]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def hand(hand, monkeypatch):
    environ = {**hand.service.settings._environ, "CALLBACKS_SANDBOX": "1"}
    hand.service.settings = Settings(environ)
    monkeypatch.setenv("DB_URL", hand.db)
    monkeypatch.setenv("NOTIFY_KEY", hand.keys.secret)
    monkeypatch.setenv("CALLBACKS_SANDBOX", "1")
    hand.power = Api(hand)
    hand.form = hand.template("((text))")
    return hand


@pytest.fixture
def run(monkeypatch):
    """A command about the agency's call-backs, the token on its standard input."""

    def act(*words, token=TOKEN):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
        return command.main(list(words))

    return act


def tell(hand):
    hand.service.tell_endpoints.__wrapped__(hand.service)


def settle(hand, state=MessageState.DELIVERED, *, reference="r-1", **more):
    """A message of the agency that ended so; its ID."""
    id_ = hand.send(reference=reference, **more)["id"]
    with hand.context() as context:
        execute(
            hand.db,
            "update messages set state = 'SENT', sent_at = %s where id = %s",
            (hand.moment, id_),
        )
        settlement.end(context, load_message(context.conn, id_, lock=True), state, "")
    return id_


def row(hand):
    return hand.row("select * from callback_deliveries where type like 'notify.%%'")


def endpoint(hand):
    (shown,) = hand.call(callbacks.CALLBACKS, asker="power-co")["callbacks"]
    return shown


def take(hand, text="سلام", ref="1"):
    fields = {"provider": "magfa", "line": LINE, "sender": "989900000001", "text": text}
    return hand.call(received.TAKE_TEXT, ref=ref, **fields)


@pytest.fixture
def line(hand):
    hand.give_line(LINE)


# --- what comes ---


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (MessageState.DELIVERED, "delivered"),
        (MessageState.UNDELIVERED, "temporary-failure"),
        (MessageState.REJECTED, "permanent-failure"),
        (MessageState.FAILED, "technical-failure"),
    ],
)
def test_a_receipt_is_notify_s_own_to_the_letter(hand, receiver, run, state, status):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    id_ = settle(hand, state)
    settle(hand, asker="fuel-co", template=hand.template(owner="fuel-co"))
    tell(hand)
    (body,) = receiver.bodies()
    assert list(body) == RECEIPT
    moments = [body.pop(name) for name in ("created_at", "completed_at", "sent_at")]
    assert all(MOMENT.fullmatch(moment) for moment in moments)
    assert body == {
        "id": id_,
        "reference": "r-1",
        "to": "+989900000001",
        "status": status,
        "notification_type": "sms",
        "template_id": hand.form,
        "template_version": 1,
    }
    assert receiver.deliveries[0].headers["Content-Type"] == "application/json"
    assert receiver.deliveries[0].verified_by_key(endpoint(hand)["public_key"])


def test_a_received_text_is_notify_s_own_to_the_letter(hand, receiver, run, line):
    assert run("callback", "power-co", "texts", receiver.url) == 0
    for _ in range(2):
        take(hand)
    settle(hand)
    tell(hand)
    (body,) = receiver.bodies()
    (listed,) = hand.power.call(received.API_RECEIVED)["texts"]
    assert MOMENT.fullmatch(body.pop("date_received"))
    assert body == {
        "id": listed["id"],
        "source_number": "989900000001",
        "destination_number": LINE,
        "message": "سلام",
    }


def test_a_test_key_s_message_has_a_receipt_and_a_cancelled_one_has_none(hand, receiver, run):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    hand.power.sms_form = hand.form
    sent = hand.power.sms(kind="test")
    waiting = hand.send()
    assert hand.call(CANCEL, asker="power-co", id=waiting["id"])["state"] == "CANCELLED"
    tell(hand)
    assert [body["id"] for body in receiver.bodies()] == [sent["id"]]


# --- a receiver that misbehaves ---


def test_a_receiver_that_fails_is_tried_every_five_minutes_five_times(hand, receiver, run):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    for _ in range(6):
        receiver.answer(500)
        tell(hand)
        hand.later(minutes=4, seconds=59)
        tell(hand)
        hand.later(seconds=1)
    tell(hand)
    bodies = receiver.bodies()
    assert len(bodies) == 6
    assert bodies == bodies[:1] * 6
    assert (row(hand).state, row(hand).status) == ("DEAD", 500)


def test_one_that_comes_back_gets_it(hand, receiver, run):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    receiver.answer(500)
    receiver.answer(200)
    tell(hand)
    hand.later(minutes=5)
    tell(hand)
    assert (row(hand).state, row(hand).tries, len(receiver.bodies())) == ("DONE", 2, 2)


@pytest.mark.parametrize("status", [302, 401, 404])
def test_what_is_refused_is_not_tried_again_and_no_redirect_gets_the_token(
    hand, receiver, run, status
):
    other = Receiver()
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    receiver.answer(status, Location=other.url)
    tell(hand)
    hand.later(hours=1)
    tell(hand)
    assert (row(hand).state, row(hand).status, len(receiver.bodies())) == ("DEAD", status, 1)
    assert endpoint(hand)["state"] == "ENABLED"
    other.close()
    assert other.deliveries == []
    # It is sent again once the client has mended its receiver.
    shown = endpoint(hand)
    hand.call(callbacks.REPLAY_CALLBACK, asker="power-co", callback=shown["callback"])
    tell(hand)
    assert row(hand).state == "DONE"


def test_one_that_hangs_costs_a_try_and_the_message_stays(hand, receiver, run, monkeypatch):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    impatient = functools.partial(http.Client, seconds=0.3)
    monkeypatch.setattr("services.notify.webhooks.entrypoints.Client", impatient)
    receiver.hold.clear()
    tell(hand)
    receiver.hold.set()
    assert (row(hand).state, row(hand).problem) == ("WAITING", "callback.timeout")


def test_one_that_is_gone_is_called_no_more_until_it_is_set_again(hand, receiver, run):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    receiver.answer(410)
    tell(hand)
    settle(hand)
    tell(hand)
    assert len(receiver.bodies()) == 1
    assert (endpoint(hand)["state"], endpoint(hand)["why"]) == ("DISABLED", "gone")
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    tell(hand)
    assert len(receiver.bodies()) == 2


# --- whose it is, and what is kept ---


def test_token_number_and_words_stand_nowhere(hand, receiver, run, line, caplog, capsys):
    assert run("callback", "power-co", "texts", receiver.url) == 0
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    take(hand)
    settle(hand)
    receiver.answer(500)
    tell(hand)
    kept = ["callbacks", "callback_deliveries", "commands_run"]
    dump = "".join(str(execute(hand.db, f"select t::text from {table} t")) for table in kept)
    for shown in hand.call(callbacks.CALLBACKS, asker="power-co")["callbacks"]:
        request = {"asker": "power-co", "callback": shown["callback"]}
        dump += str(hand.call(callbacks.CALLBACK_DELIVERIES, **request)) + str(shown)
    printed = capsys.readouterr()
    dump += caplog.text + printed.out + printed.err
    assert not [secret for secret in (TOKEN, "9900000001", "سلام") if secret in dump]


def test_a_text_that_was_erased_meanwhile_is_sent_no_more(hand, receiver, run, line):
    assert run("callback", "power-co", "texts", receiver.url) == 0
    take(hand)
    receiver.answer(503)
    tell(hand)
    hand.later(days=31)
    with hand.context() as context:
        texts.forget(context)
    tell(hand)
    assert len(receiver.bodies()) == 1
    assert (row(hand).state, row(hand).problem) == ("DEAD", "callback.erased")


def test_an_archived_service_is_called_back_no_more(hand, receiver, run):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    hand.power.do(api_keys.archive)
    tell(hand)
    assert receiver.deliveries == []
    assert (row(hand).state, row(hand).problem) == ("DEAD", "api_service.archived")
    assert endpoint(hand)["why"] == "api_service.archived"


def test_a_service_without_the_right_is_called_back_no_more(
    hand, receiver, run, tmp_path, monkeypatch
):
    monkeypatch.setattr(register, "LOOK_SECONDS", 0)
    copies = Copies(tmp_path)
    copies.put(grants=("notify.send.v1", "notify.messages.v1"))
    environ = {"AGENCIES_DIR": str(tmp_path), "REGISTER_PUBLIC_KEY": copies.key.public.base64()}
    hand.service.settings = Settings({**hand.service.settings._environ, **environ})
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    settle(hand)
    tell(hand)
    settle(hand)
    copies.put(grants=("notify.send.v1",))
    tell(hand)
    assert len(receiver.bodies()) == 1
    states = execute(hand.db, "select state, problem from callback_deliveries order by seq")
    assert [tuple(row) for row in states] == [("DONE", ""), ("DEAD", "contract.grant_revoked")]


def test_an_address_of_our_own_network_gets_nothing(hand, run, monkeypatch):
    monkeypatch.setenv("CALLBACKS_SANDBOX", "0")
    hand.service.settings = Settings({**hand.service.settings._environ, "CALLBACKS_SANDBOX": "0"})
    assert run("callback", "power-co", "receipts", "https://10.0.0.1/x") == 1
    assert run("callback", "power-co", "receipts", "https://client.example/x") == 0
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    resolving = functools.partial(http.Client, resolve=lambda *_, **__: inside)
    monkeypatch.setattr("services.notify.webhooks.entrypoints.Client", resolving)
    settle(hand)
    tell(hand)
    assert (row(hand).state, row(hand).problem) == ("WAITING", "callback.address")


def test_it_is_shown_beside_the_others_and_changed_with_the_keys_alone(hand, receiver, run):
    assert run("callback", "power-co", "receipts", receiver.url) == 0
    shown = endpoint(hand)
    assert (shown["notify"], shown["types"]) == ("receipts", [])
    request = {"asker": "power-co", "callback": shown["callback"]}
    for contract, more in (
        (callbacks.PUT_CALLBACK, {"url": receiver.url, "types": ["job.done"]}),
        (callbacks.ROTATE_CALLBACK_SECRET, {}),
        (callbacks.TEST_CALLBACK, {}),
    ):
        assert hand.call(contract, **request, **more)["code"] == "callback.not_found"
    assert run("drop-callback", "power-co", "receipts") == 0
    assert hand.call(callbacks.CALLBACKS, asker="power-co")["callbacks"] == []


@pytest.mark.parametrize(
    ("words", "token", "reason"),
    [
        (("power-co", "receipts", "http://client.example/x"), TOKEN, "https://"),
        (("power-co", "receipts", "https://client.example/x"), "short", "characters"),
        (("power-co", "receipts", "https://client.example/x"), "two words here", "blank"),
        (("nobody-co", "receipts", "https://client.example/x"), TOKEN, "no key yet"),
    ],
)
def test_what_cannot_be_called_is_refused_with_its_reason(
    hand, run, capsys, monkeypatch, words, token, reason
):
    monkeypatch.setenv("CALLBACKS_SANDBOX", "0")
    assert run("callback", *words, token=token) == 1
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("kind", callbacks.NOTIFY_KINDS)
def test_the_console_has_a_name_for_each_kind_of_notify_s_call_backs(kind):
    page = (ROOT / "gateway/templates/console/callbacks.html").read_text(encoding="utf-8")
    names = page.partition("{% if endpoint.notify %}")[2].partition("{% else %}")[0]
    assert f"'{kind}': '" in names
