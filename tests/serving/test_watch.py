"""The broker follows the register by itself: who lost a right is cut off, and nothing is lost."""

import pika
import pytest

from bus import topology
from contracts.inquiry.parcels import SOURCES_OF_PARCEL
from tests.serving.conftest import REGISTRY, look
from tests.waiting import wait_for

USER = topology.agency_user(REGISTRY)
QUEUE = topology.agency_queue(REGISTRY).name


def connection(url):
    return pika.BlockingConnection(pika.URLParameters(url))


@pytest.fixture
def watching(rights, start):
    process = start("deploy.broker.watch", **rights.settings)
    wait_for(lambda: f"begin shovel agency.{REGISTRY}.answers" in process.log, 60)
    return process


def queues(rights):
    return [queue["name"] for queue in look(rights.broker, f"definitions/{rights.vhost}")["queues"]]


def made(watching):
    """How often the agency's user was made at its broker."""
    return watching.log.count(f"make user {USER} at the agencies' broker")


def deleted(watching):
    return watching.log.count(f"delete user {USER} at the agencies' broker")


def cut(link):
    try:
        link.process_data_events(0.1)
    except pika.exceptions.AMQPError:
        return True
    return False


def test_who_lost_his_right_is_cut_off_and_his_queue_waits_for_a_person(rights, watching):
    link = connection(rights.url())
    rights.serves(REGISTRY)
    wait_for(lambda: cut(link), 30)
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        connection(rights.url())
    assert QUEUE in queues(rights)
    rights.serves(REGISTRY, SOURCES_OF_PARCEL.name)
    wait_for(lambda: made(watching) == 2, 30)
    rights.serves(REGISTRY)
    wait_for(lambda: deleted(watching) == 2, 30)
    assert f"delete queue {QUEUE}" in rights.apply().stdout
    assert QUEUE not in queues(rights)


def test_an_empty_folder_changes_nothing_and_a_broken_file_neither(rights, watching):
    (rights.register / f"{REGISTRY}.toml").write_text("code = [")
    wait_for(lambda: "register_not_read" in watching.log, 30)
    for path in rights.register.iterdir():
        path.unlink()
    link = connection(rights.url())
    assert not any(cut(link) for _ in range(20))
    assert watching.alive


def test_what_one_agency_cannot_do_keeps_no_other_s_right(rights, watching):
    """A release may have ended what an agency served; others follow the register all the same."""
    link = connection(rights.url())
    rights.serves("a-one", "ended.contract.v1", hears=["ended.*"], queue=True)
    rights.serves(REGISTRY)
    wait_for(lambda: cut(link), 30)
    assert "a-one: no agency can serve ended.contract.v1" in watching.log
    assert "a-one: no agency can hear ended.*" in watching.log
    assert "user agency.a-one" not in watching.log


def test_without_its_settings_it_says_so_in_one_sentence(start):
    process = start("deploy.broker.watch", BROKER_API_URL="", AGENCIES_DIR="")
    assert process.popen.wait(30) == 2
    assert "Set BROKER_API_URL" in process.log
