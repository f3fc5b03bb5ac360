"""A notary asks over HTTPS what belongs to a parcel; the land registry answers from outside."""

import uuid

import pytest

from bus.topology import agency_vhost
from connector import Caller, Refused, load_key
from tests.environments import secrets_in
from tests.processes import ROOT, run_programs
from tests.stacks import run_face
from tests.stores import forget_agencies, own_vhost
from tests.waiting import wait_for

PARCEL = {"parcel_no": "990/17", "purpose": "land_transfer", "case_number": "N-12"}


@pytest.fixture
def ruled_vhost(ruled_broker):
    with own_vhost(ruled_broker) as url:
        yield url


@pytest.fixture
def parts(ruled_vhost, ruled_broker, agency_broker, demo_db, start, tmp_path):
    """The agency face, inquiry and the land registry, each at its broker."""
    forget_agencies(ruled_broker, agency_broker)
    passwords = tmp_path / "passwords"
    environ = {"AMQP_URL": ruled_vhost, "DB_URL": demo_db, **secrets_in(tmp_path)}
    face = run_face(start, tmp_path, environ)
    register = {"AGENCIES_DIR": str(face.register)}
    brokers = {
        "BROKER_API_URL": ruled_broker.api_url,
        "AGENCY_BROKER_API_URL": agency_broker.api_url,
        "AGENCY_PASSWORDS_DIR": str(passwords),
        "BROKER_PASSWORDS_DIR": str(tmp_path / "own-passwords"),
    }
    run_programs({**environ, **register, **brokers}, ("deploy.broker.apply",))
    service = start("bus", "serve", "services.inquiry", **environ, **register)
    start("bus", "relay", "services.inquiry", **environ)
    start(
        "connector.example.land_registry",
        AMQP_URL=f"amqp://127.0.0.1:{agency_broker.port}/{agency_vhost('land-registry')}",
        AMQP_PASSWORD_FILE=str(passwords / "land-registry"),
    )
    wait_for(lambda: "mirab.inquiry.requests" in service.log, 60)
    return face


def caller(face, agency):
    key = load_key(ROOT / f"deploy/local/demo_keys/{agency}.pem", f"{agency}-demo")
    return Caller(str(face), key)


def test_a_notary_asks_and_reads_the_signed_answer_and_nobody_else_may(parts):
    notary, fuel_co = caller(parts, "notary-office"), caller(parts, "fuel-co")
    key = str(uuid.uuid4())
    request = notary.call("inquiry.ask_parcel.v1", PARCEL, idempotency_key=key).data
    again = notary.call("inquiry.ask_parcel.v1", PARCEL, idempotency_key=key).data
    assert request == again

    def read():
        return notary.call("inquiry.read_parcel.v1", {"code": request["code"]})

    wait_for(lambda: read().data["state"] == "ANSWERED", 60, 0.3)
    answer = read()
    assert answer.data["sources"] == [{"file_no": "1001/5", "in_register": True}]
    assert answer.evidence.verify(notary.server_keys)
    with pytest.raises(Refused) as refused:
        fuel_co.call("inquiry.ask_parcel.v1", PARCEL)
    assert refused.value.code == "purpose.not_granted"
