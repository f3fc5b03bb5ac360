"""What an agency has at the service of notices ends with its rights in the register."""

import datetime as dt
from dataclasses import replace

import pytest
from notifications_python_client.authentication import create_jwt_token

from bus.activator import Call
from bus.envelope import Envelope
from bus.settings import Settings
from bus.signatures.keys import SigningKey
from contracts.notify import bulk
from contracts.notify import callbacks as contracts
from contracts.notify import messages as notify
from contracts.notify.govnotify import AUTHENTICATE
from members import register
from services.notify.govuk import api_keys
from services.notify.sending import dispatch, provider_calls
from services.notify.service import Notify
from services.notify.webhooks import rows as deliveries
from tests.notify.sending import test_dispatch
from tests.notify.webhooks.listener import Listener
from tests.stores import execute

LONG = "2030-12-31"
HEARD = {"specversion": "1.0", "id": "e-1", "type": "inquiry.registry_loaded.v1", "data": {}}


class Copies:
    """A folder of signed copies, as the agency face keeps it."""

    def __init__(self, folder):
        self.folder, self.key, self._version = folder, SigningKey.new("register"), 0

    def put(self, code="power-co", *, grants=("notify.*",), until=LONG, **more):
        granted = [{"contract": item, "purposes": [], "until": until} for item in grants]
        self.write({"code": code, "name": code, "grants": granted, **more})

    def revoke(self, code="power-co"):
        self.write({"code": code, "name": code, "state": "REVOKED"})

    def write(self, document):
        self._version += 1
        body = self.key.jws("mirab-register+jws", {**document, "version": self._version})
        fresh = self.folder / f".{document['code']}"
        fresh.write_text(body)
        fresh.replace(self.folder / f"{document['code']}.jws")

    def remove(self, code="power-co"):
        (self.folder / f"{code}.jws").unlink()


@pytest.fixture
def copies(hand, tmp_path, monkeypatch):
    monkeypatch.setattr(register, "LOOK_SECONDS", 0)  # each question looks at the folder
    made = Copies(tmp_path)
    hand.service.settings = Settings(
        {
            **hand.service.settings._environ,
            "AGENCIES_DIR": str(tmp_path),
            "REGISTER_PUBLIC_KEY": made.key.public.base64(),
            "CALLBACKS_SANDBOX": "1",
        }
    )
    made.put("other-co")
    made.put()
    return made


class Played:
    """Hands over to a provider in hand, by the register of the service."""

    def __init__(self, hand):
        self.line = test_dispatch.Line("a-line")
        dispatcher = test_dispatch.Harness(hand, (self.line, 1)).dispatcher
        self.dispatcher = replace(dispatcher, members=hand.service.members)

    @property
    def sent(self):
        return list(self.line.has)


def withdraw(hand):
    hand.service.withdraw.__wrapped__(hand.service)


def by_key(hand, key, **more):
    """A message that was asked by a key of power-co, and waits."""
    sender = {"agency": "power-co", "key": key}
    body = {"template": "free", "to": {"mobile": "09900000001"}, **more}
    body.setdefault("personalisation", {"text": "سلام"})
    envelope = Envelope.new(notify.SEND.name, "test", caller=sender)
    (outcome,) = Notify.send(hand.service, [Call.of(notify.SEND, envelope, body)])
    return outcome.reply.get("result", outcome.reply.get("error"))


ENDINGS = {
    "the agency": (lambda copies: copies.revoke(), "agency.revoked"),
    "its grant": (lambda copies: copies.put(grants=("inquiry.*",)), "contract.grant_revoked"),
    "its grant's day": (lambda copies: copies.put(until="2020-01-01"), "contract.grant_revoked"),
    "its key": (lambda copies: copies.put(revoked_keys=["power-1"]), "identity.key_revoked"),
}


@pytest.mark.parametrize(("end", "code"), ENDINGS.values(), ids=ENDINGS)
def test_s6_a_message_that_waits_ends_as_refused_with_the_right_of_its_sender(
    hand, copies, end, code
):
    hand.template()
    hand.template(owner="other-co")
    later = (hand.moment + dt.timedelta(days=1)).isoformat()
    sent = by_key(hand, "power-1", not_before=later)
    other = hand.send(asker="other-co", not_before=later)
    withdraw(hand)
    assert hand.message(sent["id"]).state == "CREATED"
    end(copies)
    withdraw(hand)
    assert (hand.message(sent["id"]).state, hand.message(sent["id"]).code) == ("REJECTED", code)
    settled = [data for name, data in hand.events() if name == "notify.message_settled.v1"]
    assert [(item["id"], item["code"]) for item in settled] == [(sent["id"], code)]
    assert hand.message(other["id"]).state == "CREATED"
    assert by_key(hand, "power-1")["code"] == code


def test_s6_a_key_that_an_agency_changes_by_itself_ends_no_message_of_before(hand, copies):
    hand.template()
    later = (hand.moment + dt.timedelta(days=1)).isoformat()
    sent = by_key(hand, "power-1", not_before=later)
    copies.put(keys=[])
    withdraw(hand)
    assert hand.message(sent["id"]).state == "CREATED"


def test_s6_nothing_of_a_revoked_agency_is_handed_over_even_before_the_chore_has_looked(
    hand, copies
):
    hand.template()
    hand.template(owner="other-co")
    sent, other = hand.send(), hand.send(asker="other-co")
    played = Played(hand)
    copies.revoke()
    dispatch.dispatch(played.dispatcher, "sms", "transactional")
    assert hand.message(sent["id"]).code == "agency.revoked"
    assert hand.message(other["id"]).state == "SENT"


def test_s6_what_was_reserved_and_not_called_yet_is_not_handed_over_either(hand, copies):
    hand.template()
    sent = hand.send()
    played = Played(hand)
    (batch,) = dispatch.reserve(played.dispatcher, "sms", "transactional")
    copies.revoke()
    provider_calls.call(played.dispatcher, batch, set())
    assert (hand.message(sent["id"]).state, hand.message(sent["id"]).code) == (
        "REJECTED",
        "agency.revoked",
    )
    assert played.sent == []


def test_s6_an_agency_that_was_not_copied_here_yet_is_held_and_not_ended(hand, copies):
    hand.template()
    sent = hand.send()
    played = Played(hand)
    copies.remove()
    withdraw(hand)
    dispatch.dispatch(played.dispatcher, "sms", "transactional")
    assert hand.message(sent["id"]).state == "CREATED"
    copies.put()
    hand.later(minutes=10)
    dispatch.dispatch(played.dispatcher, "sms", "transactional")
    assert hand.message(sent["id"]).state == "SENT"


def test_s6_a_job_ends_with_the_right_to_it_and_says_why(hand, copies):
    hand.template(lane="bulk")
    job = "5a1c9e7d-0000-4000-8000-00000000000a"
    body = {
        "job": job,
        "name": "news",
        "template": "free",
        "part": 0,
        "last": True,
        "form": "csv",
        "piece": "mobile,text\n09900000001,a\n",
    }
    assert hand.call(bulk.SUBMIT_JOB, asker="power-co", **body)["state"] == "CHECKING"
    copies.revoke()
    withdraw(hand)
    now = hand.call(bulk.JOB, asker="power-co", job=job)
    assert (now["state"], now["code"]) == ("CANCELLED", "agency.revoked")


def test_s6_a_message_of_an_api_key_that_was_revoked_is_not_handed_over(hand, copies):
    hand.template()
    with hand.context() as context:
        api_keys.make(context.conn, hand.keys, "power-co", "one", "live")
    (key,) = execute(hand.db, "select id::text from api_keys")[0]
    sent = by_key(hand, key)
    with hand.context() as context:
        api_keys.revoke(context.conn, "power-co", "one")
    withdraw(hand)
    assert hand.message(sent["id"]).code == "api_key.revoked"


# --- the Notify API ---


def token_of(text):
    return create_jwt_token(text[-36:], text[-73:-37])


@pytest.mark.parametrize(
    ("end", "right", "refusal"),
    [
        (lambda c: c.revoke(), None, "Invalid token: service is archived"),
        (lambda c: c.revoke(), "notify.messages.v1", "Invalid token: service is archived"),
        (lambda c: c.put(grants=["inquiry.*"]), "notify.send.v1", "not allowed to do this"),
        (lambda c: c.put(until="2020-01-01"), "notify.messages.v1", "not allowed to do this"),
        (lambda c: c.put(grants=["notify.send.v1"]), "notify.messages.v1", "not allowed"),
    ],
)
def test_s6_a_key_of_the_notify_api_is_worth_what_the_register_gives_its_agency(
    hand, copies, end, right, refusal
):
    hand.moment = dt.datetime.now(dt.UTC)
    with hand.context() as context:
        text = api_keys.make(context.conn, hand.keys, "power-co", "one", "live")
    fields = {"token": token_of(text), "right": right}
    assert hand.call(AUTHENTICATE, **fields)["refusal"] is None
    end(copies)
    assert refusal in hand.call(AUTHENTICATE, **fields)["refusal"]


def test_s6_a_grant_that_counts_for_some_networks_counts_so_at_the_notify_api(hand, copies):
    hand.moment = dt.datetime.now(dt.UTC)
    with hand.context() as context:
        text = api_keys.make(context.conn, hand.keys, "power-co", "one", "live")
    granted = {"contract": "notify.*", "purposes": [], "until": LONG, "networks": ["192.0.2.0/24"]}
    copies.write({"code": "power-co", "name": "x", "grants": [granted]})
    fields = {"token": token_of(text), "right": "notify.send.v1"}
    assert hand.call(AUTHENTICATE, **fields, address="192.0.2.7")["refusal"] is None
    assert hand.call(AUTHENTICATE, **fields, address="198.51.100.7")["refusal"]


# --- call-backs ---


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


def put(hand, url, *types):
    hand.moment = dt.datetime.now(dt.UTC)
    fields = {"url": url, "types": list(types or ("message.settled",))}
    return hand.call(contracts.PUT_CALLBACK, asker="power-co", **fields)


def tell(hand):
    hand.service.tell_endpoints.__wrapped__(hand.service)


def note(hand, type_="message.settled", data=None):
    with hand.context() as context:
        deliveries.note(context.conn, type_, data or {"id": "x"}, context.now, "power-co")


def rows(hand):
    return execute(hand.db, "select state, problem from callback_deliveries order by seq")


def test_s6_an_endpoint_ends_with_its_agency_and_with_it_what_it_was_to_be_told(
    hand, copies, listener
):
    endpoint = put(hand, listener.url)
    listener.answer(500)
    note(hand)
    tell(hand)
    assert (len(listener.deliveries), rows(hand)) == (1, [("WAITING", "callback.status")])
    note(hand)
    copies.revoke()
    hand.later(days=1)  # both are due now
    tell(hand)
    assert len(listener.deliveries) == 1
    withdraw(hand)
    assert rows(hand) == [("DEAD", "agency.revoked")] * 2
    state, reason = execute(hand.db, "select state, reason from callbacks")[0]
    assert (state, reason) == ("DISABLED", "agency.revoked")
    copies.put()
    note(hand)
    tell(hand)
    assert len(listener.deliveries) == 1, "it is enabled by the agency, not by itself"
    put(hand, listener.url)
    assert endpoint["callback"]


def test_s6_an_endpoint_that_a_revoked_key_put_is_told_no_more(hand, copies, listener):
    put(hand, listener.url)
    execute(hand.db, "update callbacks set key_id = 'power-1'")
    note(hand)
    copies.put(revoked_keys=["power-1"])
    tell(hand)
    withdraw(hand)
    assert listener.deliveries == []
    assert execute(hand.db, "select reason from callbacks") == [("identity.key_revoked",)]


def test_s6_events_that_an_agency_may_not_hear_any_more_are_not_told_though_they_waited(
    hand, copies, listener
):
    copies.put(events={"hears": ["inquiry.*"]})
    put(hand, listener.url, "event.heard")
    note(hand, "event.heard", HEARD)
    tell(hand)
    note(hand, "event.heard", HEARD)
    copies.put(events={"hears": ["billing.*"]})
    tell(hand)
    assert len(listener.deliveries) == 1
    assert rows(hand) == [("DONE", ""), ("DEAD", "feed.not_granted")]


def test_s6_a_letter_of_a_revoked_agency_is_not_shown_to_the_printer(hand, copies):
    hand.template(channel="letter", code="paper")
    sent = hand.send("paper", to={"address": ["a", "b", "1193653471"]})
    copies.revoke()
    withdraw(hand)
    assert hand.message(sent["id"]).code == "agency.revoked"
