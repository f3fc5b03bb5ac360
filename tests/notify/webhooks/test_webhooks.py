"""Call-backs to agencies: told, signed, told again, given up, and never to an address of ours."""

import datetime as dt
import socket
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import WebhookVerificationError

from bus.errors import ContractError, RuleBroken, Unavailable
from bus.foreign.address import allowed, place
from bus.settings import Settings
from contracts.billing.reminders import BILL_REMINDED
from contracts.notify import callbacks as contracts
from contracts.notify.messages import CANCEL
from services.notify.domain import webhook
from services.notify.webhooks import rows
from services.notify.webhooks.http import Client
from tests.environments import secrets_in
from tests.notify.webhooks.listener import Listener
from tests.processes import ROOT
from tests.stores import execute
from tests.waiting import wait_for

FACT = {
    "id": "5a1c9e7d-0000-4000-8000-000000000001",
    "reference": "r-1",
    "channel": "sms",
    "state": "DELIVERED",
    "code": "",
    "at": "2026-11-23T08:30:00Z",
}

REMINDER = {
    "number": "1405-000007",
    "source_kind": "batch",
    "source_ref": "b-77",
    "agency": "power-co",
    "total_rials": 495_000,
    "due_on": "2026-12-03",
    "overdue": False,
}


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def hand(hand):
    """The service in hand, in the sandbox, by the clock on the wall."""
    hand.moment = dt.datetime.now(dt.UTC)
    environ = {**hand.service.settings._environ, "CALLBACKS_SANDBOX": "1"}
    hand.service.settings = Settings(environ)
    return hand


def put(hand, url, *types, asker="power-co", **more):
    types = list(types or ("message.settled",))
    return hand.call(contracts.PUT_CALLBACK, asker=asker, url=url, types=types, **more)


def settle(hand, owner="power-co", type_="message.settled", fact=FACT):
    """Something has happened that an agency is told."""
    with hand.context() as context:
        rows.note(context.conn, type_, fact, context.now, owner)


def tell(hand):
    hand.service.tell_endpoints.__wrapped__(hand.service)


def deliveries_to(hand, endpoint, **query):
    reply = hand.call(
        contracts.CALLBACK_DELIVERIES, asker="power-co", callback=endpoint["callback"], **query
    )
    return reply["deliveries"]


def state(hand, endpoint, asker="power-co"):
    """The endpoint as its agency sees it now."""
    reply = hand.call(contracts.CALLBACKS, asker=asker)["callbacks"]
    return next(item for item in reply if item["callback"] == endpoint["callback"])


def rested(hand, endpoint):
    """The moment from which the endpoint is told the next thing."""
    row = hand.row("select rests_until from callbacks where id = %s", endpoint["callback"])
    due = hand.row("select min(next_at) as at from callback_deliveries where state = 'WAITING'").at
    hand.moment = max(row.rests_until or due, due)


# --- told and signed ---


def test_a_settled_message_is_told_its_agency_signed_in_both_ways(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    settle(hand, owner="fuel-co")
    tell(hand)
    (reply,) = listener.deliveries
    assert reply.path == "/hooks?of=mirab"
    assert reply.headers["Content-Type"] == "application/json"
    content = reply.verified(endpoint["secret"])
    assert content["type"] == "message.settled"
    assert content["data"] == FACT
    assert reply.verified_by_key(endpoint["public_key"])
    (delivery,) = deliveries_to(hand, endpoint)
    assert (delivery["state"], delivery["status"], delivery["tries"]) == ("DONE", 204, 1)
    assert delivery["id"] == reply.id
    assert state(hand, endpoint)["ok_at"]


def test_another_secret_or_another_body_does_not_verify(hand, listener):
    put(hand, listener.url)
    other = put(hand, listener.url, "job.done")
    settle(hand)
    tell(hand)
    (reply,) = listener.deliveries
    with pytest.raises(WebhookVerificationError):
        reply.verified(other["secret"])


def test_an_endpoint_is_told_only_the_types_that_it_asked_for(hand, listener):
    put(hand, listener.url, "job.done")
    settle(hand)
    settle(hand, type_="job.done", fact={"job": FACT["id"], "state": "DONE"})
    tell(hand)
    assert [item.body.count(b"job.done") for item in listener.deliveries] == [1]


def remind(hand, *, message=None, **more):
    """Billing tells that a bill is due."""
    hand.call(BILL_REMINDED, message=message, **{**REMINDER, **more})


def test_an_agency_is_told_of_its_bill_that_is_due_once_and_nobody_else_is(hand, listener):
    endpoint = put(hand, listener.url, "bill.reminded")
    put(hand, listener.url, "bill.reminded", asker="fuel-co")
    put(hand, listener.url, "message.settled")
    for _ in range(2):
        remind(hand, message="r1")
    remind(hand, message="r2", overdue=True)
    remind(hand, agency=None, source_kind="inquiry")
    tell(hand)
    replies = [item.verified(endpoint["secret"]) for item in listener.deliveries]
    assert {item["type"] for item in replies} == {"bill.reminded"}
    fact = {"number": "1405-000007", "total_rials": 495_000, "due_on": "2026-12-03"}
    assert sorted((item["data"] for item in replies), key=lambda data: data["overdue"]) == [
        {**fact, "overdue": False},
        {**fact, "overdue": True},
    ]


def received(hand, id, *, agency="power-co", type="event.heard", **data):
    """Another context has an agency told something."""
    hand.call(contracts.CALL_BACK, agency=agency, type=type, id=id, data=data)


def test_what_another_context_has_an_agency_told_is_told_once_for_each_of_its_ids(hand, listener):
    endpoint = put(hand, listener.url, "event.heard", "call.settled")
    second = put(hand, listener.url, "event.heard")
    put(hand, listener.url, "event.heard", asker="fuel-co")
    put(hand, listener.url, "message.settled")
    for _ in range(2):
        received(hand, "e1", number=1)
    received(hand, "e1", type="call.settled", number=2)
    received(hand, "e2", agency="justice", number=3)
    tell(hand)
    (settled,) = [item for item in listener.deliveries if b"call.settled" in item.body]
    assert settled.verified(endpoint["secret"])["data"] == {"number": 2}
    both = [item for item in listener.deliveries if b"event.heard" in item.body]
    assert [item.body for item in both] == [both[0].body] * 2
    assert len({item.id for item in listener.deliveries}) == 3
    assert len(deliveries_to(hand, endpoint)) == 2
    assert deliveries_to(hand, second)[0]["type"] == "event.heard"


def test_other_contexts_have_nothing_told_that_is_ours_to_tell():
    with pytest.raises(ContractError):
        contracts.CALL_BACK.load_data(
            {"agency": "power-co", "type": "message.settled", "id": "x", "data": {}}
        )


def test_a_message_that_ends_is_told_its_sender_in_the_same_transaction(hand, listener):
    endpoint = put(hand, listener.url)
    hand.template("((text))")
    sent = hand.send(reference="r-9")
    hand.send(asker="fuel-co", template="free")
    assert hand.call(CANCEL, asker="power-co", id=sent["id"])["state"] == "CANCELLED"
    (waiting,) = deliveries_to(hand, endpoint)
    assert waiting["state"] == "WAITING"
    tell(hand)
    (reply,) = listener.deliveries
    assert reply.verified(endpoint["secret"])["data"] == {
        "id": sent["id"],
        "reference": "r-9",
        "channel": "sms",
        "state": "CANCELLED",
        "code": "cancelled",
        "at": hand.moment.isoformat().replace("+00:00", "Z"),
    }


def test_an_agency_sees_and_changes_only_its_own_endpoints(hand, listener):
    endpoint = put(hand, listener.url)
    assert hand.call(contracts.CALLBACKS, asker="fuel-co") == {"callbacks": []}
    for contract in (
        contracts.ROTATE_CALLBACK_SECRET,
        contracts.CALLBACK_DELIVERIES,
        contracts.REPLAY_CALLBACK,
        contracts.TEST_CALLBACK,
        contracts.DROP_CALLBACK,
    ):
        refused = hand.call(contract, asker="fuel-co", callback=endpoint["callback"])
        assert refused["code"] == "callback.not_found"
    accepted = put(hand, listener.url, asker="fuel-co", callback=endpoint["callback"])
    assert accepted["code"] == "callback.not_found"


def test_a_secret_is_shown_once_and_kept_sealed(hand, listener):
    endpoint = put(hand, listener.url)
    assert endpoint["secret"].startswith("whsec_")
    assert state(hand, endpoint).get("secret") is None
    dump = str(execute(hand.db, "select c::text from callbacks c"))
    dump += str(execute(hand.db, "select convert_from(reply, 'UTF8') from inbox"))
    assert endpoint["secret"][6:] not in dump
    changed = put(hand, listener.url, "job.done", callback=endpoint["callback"])
    assert (changed["secret"], changed["types"]) == (None, ["job.done"])


def test_the_same_request_again_makes_no_second_endpoint(hand, listener):
    first = put(hand, listener.url, message="m1")
    again = put(hand, listener.url, message="m1")
    assert (again["callback"], again["secret"]) == (first["callback"], first["secret"])
    other = put(hand, listener.url, "job.done", message="m1")
    assert other["code"] == "idempotency_key.reused"
    assert len(hand.call(contracts.CALLBACKS, asker="power-co")["callbacks"]) == 1


def test_an_agency_has_ten_endpoints_at_most(hand, listener):
    for _ in range(10):
        assert "secret" in put(hand, listener.url)
    assert put(hand, listener.url)["code"] == "callback.too_many"
    assert "secret" in put(hand, listener.url, asker="fuel-co")


def test_a_dropped_endpoint_is_told_nothing(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    left = hand.call(contracts.DROP_CALLBACK, asker="power-co", callback=endpoint["callback"])
    assert left == {"callbacks": []}
    tell(hand)
    assert listener.deliveries == []


# --- rotation ---


def test_after_a_rotation_both_secrets_verify_for_a_day(hand, listener):
    endpoint = put(hand, listener.url)
    rotated = hand.call(
        contracts.ROTATE_CALLBACK_SECRET, asker="power-co", callback=endpoint["callback"]
    )
    assert rotated["secret"] != endpoint["secret"]
    assert rotated["old_secret_until"]
    settle(hand)
    tell(hand)
    (reply,) = listener.deliveries
    assert reply.verified(rotated["secret"]) == reply.verified(endpoint["secret"])
    hand.later(hours=24, seconds=1)
    settle(hand)
    tell(hand)
    assert len(listener.deliveries[1].marks("v1")) == 1
    assert state(hand, endpoint)["old_secret_until"] is None


def test_a_repeated_rotation_shows_the_same_secret(hand, listener):
    endpoint = put(hand, listener.url)
    request = {"asker": "power-co", "callback": endpoint["callback"], "message": "r1"}
    first = hand.call(contracts.ROTATE_CALLBACK_SECRET, **request)
    assert hand.call(contracts.ROTATE_CALLBACK_SECRET, **request)["secret"] == first["secret"]


# --- told again ---


def test_a_failure_is_told_again_under_the_same_id_with_growing_pauses(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    pauses = []
    for _ in range(4):
        listener.answer(500)
        before = hand.moment
        tell(hand)
        rested(hand, endpoint)
        pauses.append((hand.moment - before).total_seconds())
    assert pauses == [5, 300, 1800, 7200]
    tell(hand)
    assert len({item.id for item in listener.deliveries}) == 1
    assert len({item.headers["webhook-timestamp"] for item in listener.deliveries}) == 5
    (delivery,) = deliveries_to(hand, endpoint)
    assert (delivery["state"], delivery["tries"]) == ("DONE", 5)
    assert state(hand, endpoint)["failing_since"] is None


def test_a_redirect_is_a_failure_and_is_not_followed(hand, listener):
    other = Listener()
    endpoint = put(hand, listener.url)
    settle(hand)
    listener.answer(302, Location=other.url)
    tell(hand)
    other.close()
    assert other.deliveries == []
    (delivery,) = deliveries_to(hand, endpoint)
    assert (delivery["state"], delivery["status"]) == ("WAITING", 302)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_respected(hand, listener, status):
    endpoint = put(hand, listener.url)
    settle(hand)
    listener.answer(status, Retry_After="3600")
    before = hand.moment
    tell(hand)
    hand.later(minutes=59)
    tell(hand)
    assert len(listener.deliveries) == 1
    hand.moment = before + dt.timedelta(hours=1)
    tell(hand)
    assert len(listener.deliveries) == 2
    assert deliveries_to(hand, endpoint)[0]["state"] == "DONE"


def test_a_moment_that_no_clock_has_stops_no_call_back(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    listener.answer(503, Retry_After=f"Mon, 23 Nov {'2' * 30} 09:00:00 GMT")
    tell(hand)
    (delivery,) = deliveries_to(hand, endpoint)
    assert (delivery["state"], delivery["status"], delivery["tries"]) == ("WAITING", 503, 1)
    assert state(hand, endpoint)["failing_since"] is not None


def test_whatever_an_endpoint_makes_of_a_call_counts_as_a_try_of_its_own(
    hand, listener, monkeypatch
):
    endpoint = put(hand, listener.url)
    settle(hand)

    def stumble(*_args):
        raise OverflowError

    monkeypatch.setattr(Client, "post", stumble)
    tell(hand)
    (delivery,) = deliveries_to(hand, endpoint)
    assert (delivery["state"], delivery["problem"]) == ("WAITING", "callback.failed")


def test_what_is_never_taken_is_dead_after_three_days_and_its_agency_sees_it(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    begun = hand.moment
    for _ in range(10):
        listener.answer(500)
        tell(hand)
        if deliveries_to(hand, endpoint)[0]["state"] == "WAITING":
            rested(hand, endpoint)
    (dead,) = deliveries_to(hand, endpoint, states=["DEAD"])
    assert (dead["tries"], dead["status"], dead["next_at"]) == (10, 500, None)
    assert dt.timedelta(days=3) < hand.moment - begun < dt.timedelta(days=4)
    assert state(hand, endpoint)["dead"] == 1


def test_an_endpoint_that_fails_does_not_use_up_the_tries_of_all_that_waits(hand, listener):
    endpoint = put(hand, listener.url)
    for _ in range(12):
        settle(hand)
    listener.answer(500)
    tell(hand)
    assert len(listener.deliveries) == 1
    tries = sorted(item["tries"] for item in deliveries_to(hand, endpoint))
    assert tries == [0] * 11 + [1]
    hand.later(seconds=6)
    tell(hand)
    assert {item["state"] for item in deliveries_to(hand, endpoint)} == {"DONE"}


def test_one_endpoint_that_hangs_holds_up_no_other(hand, listener):
    slow = Listener()
    slow.hold.clear()
    put(hand, slow.url)
    put(hand, listener.url)
    settle(hand)
    thread = threading.Thread(target=tell, args=(hand,))
    thread.start()
    wait_for(lambda: listener.deliveries)
    slow.close()
    thread.join(30)
    assert len(slow.deliveries) == 1


# --- given up ---


def test_410_disables_the_endpoint_and_nothing_is_lost(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    settle(hand)
    listener.answer(410)
    tell(hand)
    settle(hand)
    tell(hand)
    now = state(hand, endpoint)
    assert (now["state"], now["why"], now["dead"], len(listener.deliveries)) == (
        "DISABLED",
        "gone",
        3,
        1,
    )
    attempts = hand.call(contracts.TEST_CALLBACK, asker="power-co", callback=endpoint["callback"])
    assert attempts["code"] == "callback.disabled"
    put(hand, listener.url, callback=endpoint["callback"])
    replayed = hand.call(contracts.REPLAY_CALLBACK, asker="power-co", callback=endpoint["callback"])
    assert replayed == {"replayed": 3}
    tell(hand)
    assert len(listener.deliveries) == 4
    assert listener.deliveries[0].id in {item.id for item in listener.deliveries[1:]}


def test_an_endpoint_that_fails_for_five_days_is_disabled_visibly(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    listener.answer(500)
    tell(hand)
    hand.later(days=5)
    listener.answer(500)
    tell(hand)
    now = state(hand, endpoint)
    assert (now["state"], now["why"], now["waiting"]) == ("DISABLED", "failing", 0)


def test_one_delivery_is_replayed_under_its_id_and_only_dead_ones_since_a_moment(hand, listener):
    endpoint = put(hand, listener.url)
    settle(hand)
    tell(hand)
    request = {"asker": "power-co", "callback": endpoint["callback"]}
    assert (
        hand.call(contracts.REPLAY_CALLBACK, **request, id=listener.deliveries[0].id)["replayed"]
        == 1
    )
    tell(hand)
    assert [item.id for item in listener.deliveries] == [listener.deliveries[0].id] * 2
    assert hand.call(contracts.REPLAY_CALLBACK, **request)["replayed"] == 0
    nothing = hand.call(contracts.REPLAY_CALLBACK, **request, id="msg_x")
    assert nothing["code"] == "callback.delivery_not_found"
    execute(hand.db, "update callback_deliveries set state = 'DEAD'")
    later = (hand.moment + dt.timedelta(seconds=1)).isoformat()
    assert hand.call(contracts.REPLAY_CALLBACK, **request, since=later)["replayed"] == 0


def test_a_test_tells_something_without_meaning(hand, listener):
    endpoint = put(hand, listener.url)
    hand.call(contracts.TEST_CALLBACK, asker="power-co", callback=endpoint["callback"])
    tell(hand)
    assert listener.deliveries[0].verified(endpoint["secret"])["type"] == "endpoint.test"


def test_deliveries_come_in_pages_and_are_forgotten_after_thirty_days(hand, listener):
    endpoint = put(hand, listener.url)
    for _ in range(5):
        settle(hand)
    tell(hand)
    request = {"asker": "power-co", "callback": endpoint["callback"], "limit": 2}
    visited, before = [], None
    while True:
        page = hand.call(contracts.CALLBACK_DELIVERIES, **request, before=before)
        visited += [item["id"] for item in page["deliveries"]]
        before = page["next"]
        if before is None:
            break
    assert visited == [item.id for item in reversed(listener.deliveries)]
    hand.later(days=31)
    hand.service.forget_deliveries.__wrapped__(hand.service)
    assert deliveries_to(hand, endpoint) == []


# --- where call-backs may go ---

INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "3fff::1",
    "fe80::1%eth0",
    "2a01::1%lo",
)


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_of_the_inside_is_called(address):
    assert not allowed(address)
    assert not allowed(address, sandbox=True) or address.startswith(("127.", "::1", "::ffff:127."))
    client = Client(resolve=lambda *_, **__: [(2, 1, 6, "", (address, 443))])
    with pytest.raises(Unavailable) as refused:
        client.post(place("https://agency.example/"), b"{}", {})
    assert refused.value.code == "callback.address"


@pytest.mark.parametrize("address", ["185.55.224.1", "8.8.8.8", "2a01:4f8::1", "2606:4700::1111"])
def test_addresses_of_the_open_internet_may_be_called(address):
    assert allowed(address)


@given(st.ip_addresses())
def test_what_may_be_called_is_global_whatever_the_address(address):
    if allowed(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_private
        assert not address.is_loopback


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_is_judged_the_same_within_one_of_ipv6(address):
    assert allowed(f"::ffff:{address}") == allowed(str(address))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://agency.example/", "scheme"),
        ("ftp://agency.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("https://agency.example:22/", "port"),
        ("https://agency.example:80/", "port"),
        ("https://agency.example:0/", "port"),
        ("https://user@agency.example/", "host"),
        ("https://user:pass@agency.example/", "host"),
        ("https://@agency.example/", "host"),
        ("https:///path", "host"),
        ("https://agency.example/#x", "fragment"),
        ("https://agency.example\\@127.0.0.1/", "characters"),
        ("https://agency.example/\n", "characters"),
        ("https://آب.example/", "characters"),
        ("https://agency.example:443x/", "url"),
        ("https://[::1", "url"),
        ("https://127.0.0.1/", "address"),
        ("https://[::1]/", "address"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://169.254.169.254/latest/meta-data", "address"),
        ("https://10.0.0.1:8443/", "address"),
    ],
)
def test_urls_that_could_mean_another_place_are_refused_by_name(url, code):
    with pytest.raises(RuleBroken) as refused:
        place(url)
    assert [(f.field, f.code) for f in refused.value.fields] == [("url", code)]


def test_a_refused_url_is_told_by_the_contract(hand):
    refused = put(hand, "https://169.254.169.254/")
    assert (refused["code"], refused["fields"][0]["code"]) == ("callback.url", "address")


@pytest.mark.parametrize("host", ["localhost", "0x7f.1", "2130706433", "127.1", "0177.0.0.1"])
def test_a_name_or_a_spelling_that_resolves_to_loopback_is_refused(host, listener):
    with pytest.raises(Unavailable) as refused:
        Client().post(place(f"https://{host}:8443/"), b"{}", {})
    assert refused.value.code in {"callback.address", "callback.no_host"}
    assert listener.deliveries == []


def test_one_address_of_the_inside_among_others_refuses_the_host():
    match = [(2, 1, 6, "", (item, 443)) for item in ("185.55.224.1", "10.0.0.1")]
    with pytest.raises(Unavailable) as refused:
        Client(resolve=lambda *_, **__: match).post(place("https://agency.example/"), b"{}", {})
    assert refused.value.code == "callback.address"


def test_the_name_is_resolved_once_and_the_judged_address_is_called(listener, monkeypatch):
    requests = []

    def resolve(host, port, *more, **named):
        requests.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    looked_up = []
    real = socket.getaddrinfo

    def watched(host, *more, **named):
        looked_up.append(host)
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    to = place(f"http://rebinding.example:{listener.port}/x", sandbox=True)
    assert Client(sandbox=True, resolve=resolve).post(to, b"{}", {}).status == 204
    assert requests == ["rebinding.example"]
    assert set(looked_up) <= {"127.0.0.1"}
    assert listener.deliveries[0].headers["Host"] == f"rebinding.example:{listener.port}"


@pytest.fixture
def certificate(tmp_path):
    """A certificate for agency.example, made by itself; the paths of it and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "agency.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("agency.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem, private = tmp_path / "agency.pem", tmp_path / "agency.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(pem), str(private)


def test_tls_is_for_the_name_and_a_wrong_certificate_is_refused(listener, certificate):
    listener.with_tls(*certificate)
    client = Client(
        sandbox=True,
        ca_file=certificate[0],
        resolve=lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", listener.port))],
    )
    to = place(f"https://agency.example:{listener.port}/", sandbox=True)
    assert client.post(to, b"{}", {}).status == 204
    assert listener.names == ["agency.example"]
    for other, request in (
        (client, place(f"https://other.example:{listener.port}/", sandbox=True)),
        (client._replace(ca_file=None), to),
    ):
        with pytest.raises(Unavailable) as refused:
            other.post(request, b"{}", {})
        assert refused.value.code == "callback.tls"
    assert len(listener.deliveries) == 1


def test_who_answers_byte_by_byte_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            accepted, _ = server.accept()
            with accepted:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 10_000:
                        accepted.sendall(bytes([byte]))
                        if stopped.wait(0.1):
                            return
                except OSError:
                    return

        stopped = threading.Event()
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        to = place(f"http://127.0.0.1:{server.getsockname()[1]}/", sandbox=True)
        with pytest.raises(Unavailable) as refused:
            Client(sandbox=True, seconds=1.5).post(to, b"{}", {})
        assert refused.value.code == "callback.timeout"
        stopped.set()
        thread.join(10)


def test_nobody_there_is_told_so():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unavailable) as refused:
        Client(sandbox=True).post(place(f"http://127.0.0.1:{port}/", sandbox=True), b"{}", {})
    assert refused.value.code == "callback.unreachable"


# --- rules ---


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("999999999999", 86_400),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 1800),
        ("Mon, 23 Nov 2026 07:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("١٢", None),
        (f"Mon, 23 Nov {'2' * 30} 09:00:00 GMT", None),
        (f"Mon, 23 Nov 2026 09:00:00 +{'9' * 20}", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_the_most(reply, seconds):
    now = dt.datetime(2026, 11, 23, 8, 30, tzinfo=dt.UTC)
    wanted = None if seconds is None else now + dt.timedelta(seconds=seconds)
    assert webhook.retry_after(reply, now) == wanted


# --- killed ---


def test_killed_between_the_answer_and_its_record_it_is_told_again_under_the_same_id(
    start, tmp_path, vhost, hand, listener
):
    endpoint = put(hand, listener.url)
    environ = {
        **secrets_in(tmp_path),
        "AMQP_URL": vhost,
        "DB_URL": hand.db,
        "CALLBACKS_SANDBOX": "1",
        "NOTIFY_KEY": hand.keys.secret,
        "NOTIFY_PROVIDERS_FILE": str(ROOT / "deploy/notify/providers.toml"),
    }
    listener.hold.clear()
    settle(hand)
    first = start("bus", "serve", "services.notify", **environ)
    wait_for(lambda: listener.deliveries, seconds=60)
    first.kill()
    listener.hold.set()
    assert deliveries_to(hand, endpoint)[0]["state"] == "WAITING"
    # The lease of the killed process is over.
    execute(hand.db, "update callback_deliveries set next_at = now()")
    start("bus", "serve", "services.notify", **environ)
    wait_for(lambda: deliveries_to(hand, endpoint)[0]["state"] == "DONE", seconds=60)
    assert len(listener.deliveries) == 2
    assert len({item.id for item in listener.deliveries}) == 1
    assert len({item.body for item in listener.deliveries}) == 1
    assert listener.deliveries[1].verified(endpoint["secret"])
