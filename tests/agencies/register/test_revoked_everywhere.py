"""An agency that is revoked is out everywhere at once: on real processes, all watched together."""

import datetime as dt
import secrets
import threading
import time
from types import SimpleNamespace

import pika
import pytest
import requests
from notifications_python_client.authentication import create_jwt_token

from bus import topology
from bus.signatures.keys import SigningKey
from connector.caller import Caller
from contracts.agencies import desk, hearing
from contracts.notify import callbacks
from contracts.notify import messages as notify
from deploy.local.ports import free_port, listening
from services.notify.govuk import api_keys
from tests.agencies.running import House, demo_key, post
from tests.databases import make_database
from tests.gateway.agency.oauth_hands import Client
from tests.notify.conftest import Hand
from tests.notify.webhooks.listener import Listener
from tests.processes import Starter
from tests.serving.test_watch import cut
from tests.stores import execute, forget_agencies, own_vhost
from tests.waiting import wait_for

CODE, UNTIL = "shut-co", "2030-12-31"
LINE = b'{"key_kind":"national_id","key":"9905251782"}\n'
# What a revocation takes is seen within a second; a machine on which four tests run at once may
# need several, and no look that comes by the clock alone is as soon.
SECONDS = 10.0
GONE = ("REJECTED", "agency.revoked")


def grant(contract, *purposes):
    return {"contract": contract, "purposes": list(purposes), "until": UNTIL}


@pytest.fixture(scope="module")
def house(
    tmp_path_factory,
    ruled_broker,
    agency_broker,
    postgres,
    demo_template,
    agencies_template,
    notify_template,
):
    templates = {"inquiry": demo_template, "agencies": agencies_template, "notify": notify_template}
    dbs = {
        part: make_database(postgres, f"{part}_{secrets.token_hex(4)}", template)
        for part, template in templates.items()
    }
    folder = tmp_path_factory.mktemp("revoked")
    with own_vhost(ruled_broker) as amqp:
        starter = Starter(folder)
        house = House(
            starter, folder, amqp, dbs, CALLBACKS_SANDBOX="1", SMTP_URL="smtp://127.0.0.1:1"
        )
        house.hand = Hand(dbs["notify"])
        house.environ["NOTIFY_KEY"] = house.hand.keys.secret
        house.notify = house.serve("notify", dbs["notify"])
        house.starter = starter
        port = free_port()
        starter("gateway.notify", **{**house.environ, "PORT": str(port)})
        house.api = f"http://127.0.0.1:{port}"
        wait_for(lambda: listening(port), 60)
        rights = {
            "BROKER_API_URL": ruled_broker.api_url,
            "AGENCY_BROKER_API_URL": agency_broker.api_url,
            "BROKER_PASSWORDS_DIR": str(folder / "own-passwords"),
            "AGENCY_PASSWORDS_DIR": str(folder / "passwords"),
        }
        house.rights = starter("deploy.broker.watch", **{**house.environ, **rights})
        house.passwords, house.agency_broker = folder / "passwords", agency_broker
        yield house
        starter.end()
        forget_agencies(ruled_broker, agency_broker)


@pytest.fixture(scope="module")
def member(house):
    """An agency with something of each kind that it can have."""
    key = SigningKey.new(f"{CODE}-1")
    document = {
        "code": CODE,
        "name": "Shut",
        "keys": [{"id": key.keyid, "public_key": key.public.base64(), "until": UNTIL}],
        "grants": [grant("inquiry.*", "fuel_quota"), grant("notify.*"), grant("billing.*")],
        "delegations": [
            {"to": "fuel-co", "contract": "inquiry.*", "purposes": ["fuel_quota"], "until": UNTIL}
        ],
        "events": {"hears": ["inquiry.*"], "queue": True},
        "limits": {"requests": 100_000, "seconds": 60},
    }
    reply = {"document": document, "base_version": 0, "reason": "letter 7"}
    house.ask(desk.APPROVE, as_="nader", id=house.ask(desk.PROPOSE, **reply)["id"])
    house.wait_told(house.ask(desk.READ, code=CODE)["version"])
    house.hand.template(owner=CODE)
    house.hand.template(owner=CODE, code="bulk", lane="bulk")
    with house.hand.context() as context:
        text = api_keys.make(context.conn, context.keys, CODE, "one", "live")
    wait_for(lambda: f"make user agency.{CODE} at" in house.rights.log, 30)
    return SimpleNamespace(key=key, api_key=text)


def link_to_broker(house):
    password = (house.passwords / CODE).read_text(encoding="utf-8").strip()
    user = topology.agency_user(CODE)
    address = f"127.0.0.1:{house.agency_broker.port}/{topology.agency_vhost(CODE)}"
    return pika.BlockingConnection(pika.URLParameters(f"amqp://{user}:{password}@{address}"))


class Watched:
    """Looks again and again until something is refused; when it was first so."""

    def __init__(self, looks):
        self.at, self.problems = {}, {}
        self._looks, self._stop = looks, threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=item, daemon=True) for item in looks.items()
        ]
        for thread in self._threads:
            thread.start()

    def _watch(self, name, look):
        while not self._stop.is_set() and name not in self.at:
            try:
                if look():
                    self.at[name] = time.monotonic()
            except Exception as error:  # told when the test fails
                self.problems[name] = repr(error)
            time.sleep(0.1)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(self.at) < len(self._looks):
            time.sleep(0.05)
        self._stop.set()


def batch_has_stopped(house, batch):
    sql = "select count(*) from batch_lines where batch = %s and tracking_code is null"
    refused = f"{sql} and problem ->> 'code' = 'identity.key_revoked'"
    return lambda: execute(house.inquiry_db, refused, (batch,))[0][0] > 0


def open_everything(house, member):
    """What an agency can have open with us: one of each."""
    caller, listener = Caller(house.face, member.key, timeout=60), Listener()
    oauth = Client(house.face, CODE, _private(member.key), member.key.keyid)
    token = oauth.token(purpose="fuel_quota")
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
    text = {
        "template": "free",
        "to": {"mobile": "09900000001"},
        "not_before": tomorrow,
        "personalisation": {"text": "x"},
    }
    waiting = caller.call(notify.SEND.name, text).data
    assert api_send(house, member).status_code == 201
    caller.call(callbacks.PUT_CALLBACK.name, {"url": listener.url, "types": ["message.settled"]})
    listener.answers += [(500, {})] * 100
    execute(
        house.hand.db,
        "insert into callback_deliveries "
        "(id, callback, type, body, state, problem, next_at, made_at) "
        "select 'msg_1', id, 'message.settled', '{\"data\": {}}', 'WAITING', '', now(), now() "
        "from callbacks where owner = %s",
        (CODE,),
    )
    wait_for(lambda: listener.deliveries, 10)
    return SimpleNamespace(
        oauth=oauth,
        token=token,
        message=waiting["id"],
        listener=listener,
        batch=caller.submit_batch(LINE * 30_000, purpose="fuel_quota").data["batch"],
        link=link_to_broker(house),
        delegate=Caller(house.face, demo_key("fuel-co"), timeout=60, on_behalf_of=CODE),
    )


def looks_at(house, member, opened):
    """For each way in, and each thing that is open: a look that tells whether it is shut."""
    db = house.hand.db

    def is_shut(body, path):
        return post(house.face, member.key, body, path).status_code == 401

    def is_endpoint_off():
        reason = execute(db, "select reason from callbacks where owner = %s", (CODE,))
        return reason == [("agency.revoked",)]

    def is_delivery_dead():
        row = execute(db, "select state, problem from callback_deliveries where id = 'msg_1'")
        return row == [("DEAD", "agency.revoked")]

    return {
        "a signed question": lambda: post(house.face, member.key).status_code == 401,
        "its feed": lambda: is_shut({"after": 0, "limit": 1}, path_of(hearing.FEED)),
        "its statement": lambda: is_shut({"month": "1405-08"}, "/v1/billing/statement"),
        "a token": lambda: opened.oauth.ask(opened.token).status_code == 401,
        "an assertion": lambda: opened.oauth.send_for_token().status_code in (400, 401),
        "reading at the Notify API": lambda: api(house, member).status_code == 403,
        "sending at the Notify API": lambda: api_send(house, member).status_code == 403,
        "a message that waits": lambda: message(db, opened.message) == GONE,
        "its endpoint": is_endpoint_off,
        "a call-back that waits": is_delivery_dead,
        "a batch that is open": batch_has_stopped(house, opened.batch),
        "its connection to the broker": lambda: cut(opened.link),
        "who asks in its name": lambda: refused_as(opened.delegate) == "delegation.not_given",
    }


def test_s6_a_revoked_agency_is_out_everywhere_at_once_and_nobody_else_is(house, member):
    other, opened = Client(house.face), open_everything(house, member)
    looks = looks_at(house, member, opened)
    before = {name: look() for name, look in looks.items() if name != "a batch that is open"}
    assert not any(before.values()), before
    watched = Watched(looks)
    reply = house.ask(desk.REVOKE, code=CODE, what="agency", id="", reason="compromised")
    revoked = time.monotonic()
    assert reply["version"]
    watched.wait(30)
    late = {name: round(at - revoked, 2) for name, at in sorted(watched.at.items())}
    missing = looks.keys() - watched.at.keys()
    assert not missing, (missing, watched.problems, late)
    assert max(late.values()) < SECONDS, late
    with pytest.raises(pika.exceptions.AMQPError):
        link_to_broker(house)
    received = len(opened.listener.deliveries)
    # Nobody else is out.
    assert post(house.face, demo_key("fuel-co")).status_code == 200
    assert other.ask(other.token()).status_code == 200
    assert len(opened.listener.deliveries) == received
    opened.listener.close()


def _private(key):
    return key._key


def path_of(contract):
    return f"/v1/{contract.context}/{contract.operation}"


def refused_as(delegate):
    body = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}
    try:
        delegate.call("inquiry.ask.v1", body)
    except Exception as error:
        return getattr(error, "code", repr(error))
    return ""


def headers_of(member):
    token = create_jwt_token(member.api_key[-36:], member.api_key[-73:-37])
    return {"Authorization": f"Bearer {token}"}


def api(house, member):
    return requests.get(f"{house.api}/v2/notifications", headers=headers_of(member), timeout=20)


def api_send(house, member):
    template = execute(
        house.hand.db, "select id::text from templates where owner = %s and code = 'free'", (CODE,)
    )
    reply = {
        "phone_number": "09900000001",
        "template_id": template[0][0],
        "personalisation": {"text": "x"},
    }
    return requests.post(
        f"{house.api}/v2/notifications/sms", json=reply, headers=headers_of(member), timeout=20
    )


def message(db, id_):
    return execute(db, "select state, code from messages where id = %s", (id_,))[0]
