"""The command that brings the broker into line with the register of agencies."""

from concurrent.futures import ThreadPoolExecutor

import pika
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import topology
from contracts.inquiry.parcels import SOURCES_OF_PARCEL
from deploy.broker.api import is_password, password_hash
from tests.serving.conftest import HEARS, REGISTRY, give, look, put
from tests.stores import RIGHTS, forget_agencies
from tests.waiting import wait_for

USER, HEARER = topology.agency_user(REGISTRY), "fuel-co"


HERE = "at the agencies' broker"


def changed(rights):
    """What the command changed, in its order."""
    done = rights.apply()
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def connection(url):
    return pika.BlockingConnection(pika.URLParameters(url))


def test_the_first_run_makes_all_and_the_second_finds_nothing_to_do(rights):
    first = rights.apply()
    assert first.returncode == 0, first.stderr
    for made in (
        "exchange mirab.agency",
        "exchange agency.land-registry.in",
        "queue agency.land-registry.commands",
        f"user {USER}",
        f"vhost {USER}",
        f"user {USER} {HERE}",
    ):
        assert f"make {made}\n" in first.stdout
    assert rights.apply().stdout == ""
    connection(rights.url()).close()


def test_check_tells_the_differences_and_changes_nothing(rights):
    before = rights.apply("--check")
    assert before.returncode == 1
    assert f"make user {USER}" in before.stdout or f"give {USER} its rights" in before.stdout
    assert rights.apply("--check").stdout == before.stdout
    assert not (rights.passwords / "land-registry").exists()
    rights.applied()
    assert (rights.apply("--check").returncode, rights.apply("--check").stdout) == (0, "")


def test_a_password_is_made_once_kept_private_and_never_printed(rights):
    done = rights.apply()
    password = rights.password()
    assert password not in done.stdout + done.stderr
    assert (rights.passwords / REGISTRY).stat().st_mode & 0o777 == 0o600
    rights.applied()
    assert rights.password() == password


def test_a_password_that_was_changed_in_its_file_is_changed_on_the_broker(rights):
    old = rights.applied().url()
    (rights.passwords / REGISTRY).write_text("another:pass/word\n", encoding="utf-8")
    assert changed(rights) == [
        f"change the password of {USER} {HERE}",
        f"give {USER} its rights {HERE}",
        f"limit {USER} to 10 connections {HERE}",
        f"limit {USER} to 40 channels {HERE}",
    ]
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        connection(old)
    connection(rights.url()).close()


def test_what_waited_in_the_layout_before_reaches_the_agency_and_old_accounts_come_in_no_more(
    rights,
):
    """Before, agencies had their queues, under the same names, at our own broker."""
    queue, old = topology.agency_queue(REGISTRY), connection(rights.amqp)
    channel = old.channel()
    channel.confirm_delivery()
    channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
    channel.basic_publish("", queue.name, b"{}", pika.BasicProperties(message_id="waited"))
    put(rights.broker, f"users/{USER}", password="old", tags="mirab-agency")
    give(rights.broker, rights.vhost, USER, "^$", "^$", queue.name)
    provider = connection(rights.amqp.replace("guest:guest", f"{USER}:old"))
    rights.applied()
    wait_for(lambda: cut(provider), 30)
    with connection(rights.url()) as agency:
        inbox = agency.channel()
        _, properties, _ = wait_for(lambda: next_message(inbox, queue.name), 30)
    assert properties.message_id == "waited"
    assert next_message(channel, queue.name) is None
    old.close()


def next_message(channel, queue):
    result = channel.basic_get(queue, auto_ack=True)
    return result if result[0] else None


def cut(link):
    try:
        link.process_data_events(0.1)
    except pika.exceptions.AMQPError:
        return True
    return False


def test_who_no_longer_serves_is_removed_whole_and_cut_off_at_once(rights):
    open_one = connection(rights.applied().url())
    rights.serves(REGISTRY)
    output = rights.apply().stdout
    for gone in (
        f"user {USER}",
        "exchange agency.land-registry.in",
        "queue agency.land-registry.commands",
        f"user {USER} {HERE}",
        f"vhost {USER}",
    ):
        assert f"delete {gone}\n" in output

    wait_for(lambda: cut(open_one), 30)
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        connection(rights.url())
    assert rights.apply().stdout == ""


def test_who_hears_has_a_queue_that_it_alone_may_read_and_who_only_hears_may_write_nowhere(rights):
    rights.serves(HEARER, hears=[HEARS], queue=True)
    rights.serves("power-co", hears=[HEARS])
    output = rights.apply().stdout
    assert f"make queue agency.{HEARER}.events" in output
    assert f"bind agency.{HEARER}.events to mirab.agency by {HEARER}.events" in output
    assert f"agency.{HEARER}.in" not in output
    assert f"agency.{HEARER}.commands" not in output
    assert "power-co" not in output
    assert rights.apply().stdout == ""
    for broker, vhost in (
        (rights.broker, rights.vhost),
        (rights.agency_broker, topology.agency_vhost(HEARER)),
    ):
        entry = look(broker, f"permissions/{vhost}/agency.{HEARER}")
        assert [entry[name] for name in RIGHTS] == ["^$", "^$", rf"^(agency\.{HEARER}\.events)$"]
    link = connection(rights.url(HEARER))
    link.channel().basic_get(f"agency.{HEARER}.events")
    link.close()


def test_who_hears_and_serves_is_one_user_and_loses_one_right_alone(rights):
    rights.applied()
    rights.serves(REGISTRY, SOURCES_OF_PARCEL.name)
    assert changed(rights) == [
        "delete queue agency.land-registry.events",
        f"give {USER} its rights",
        f"delete queue agency.land-registry.events {HERE}",
        f"give mirab.bridge its rights {HERE}",
        f"give {USER} its rights {HERE}",
        f"end shovel agency.land-registry.events {HERE}",
    ]
    rights.serves(REGISTRY, hears=[HEARS], queue=True)
    output = rights.apply().stdout
    for gone in ("exchange agency.land-registry.in", "queue agency.land-registry.commands"):
        assert f"delete {gone}" in output
    assert f"delete user {USER}" not in output
    assert rights.apply("--check").returncode == 0


def test_two_who_apply_at_once_both_come_to_an_end(rights):
    rights.serves(HEARER, hears=[HEARS], queue=True)
    for _ in range(3):
        forget_agencies(rights.broker)
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda _: rights.apply(), range(2)))
        assert [(result.returncode, result.stderr) for result in done] == [(0, "")] * 2


def test_nobody_hears_what_agencies_may_not(rights):
    rights.serves(HEARER, hears=["ticketing.ticket_moved.v1"], queue=True)
    done = rights.apply()
    assert (done.returncode, done.stdout) == (2, "")
    assert "no agency can hear ticketing.ticket_moved.v1" in done.stderr


def test_bindings_and_rights_that_somebody_added_by_hand_are_taken_away(rights):
    rights.applied()
    give(rights.broker, rights.vhost, USER)
    by_hand = connection(rights.amqp)
    by_hand.channel().exchange_bind("mirab.commands", topology.agency_ingress(REGISTRY), "#")
    by_hand.channel().queue_bind(topology.agency_queue(REGISTRY).name, "mirab.requests", "#")
    by_hand.close()
    give(rights.agency_broker, USER, USER)
    by_hand = connection(rights.inside_agency())
    by_hand.channel().queue_bind(
        topology.agency_queue(REGISTRY).name, topology.agency_ingress(REGISTRY), "#"
    )
    by_hand.close()
    assert sorted(changed(rights)) == [
        f"give {USER} its rights",
        f"give {USER} its rights {HERE}",
        f"unbind agency.land-registry.commands from agency.land-registry.in by # {HERE}",
        "unbind agency.land-registry.commands from mirab.requests by #",
        "unbind mirab.commands from agency.land-registry.in by #",
    ]
    assert rights.apply("--check").returncode == 0


def test_queues_and_users_of_others_are_left_alone(rights):
    by_hand = connection(rights.amqp)
    by_hand.channel().queue_declare("mirab.billing.requests", durable=True)
    rights.applied()
    by_hand.channel().queue_declare("mirab.billing.requests", passive=True)
    by_hand.close()
    assert look(rights.broker, "users/guest")["name"] == "guest"


@pytest.mark.parametrize(
    ("serves", "says"),
    [
        ({"a-one": ["inquiry.ask.v1"]}, "no agency can serve inquiry.ask.v1"),
        ({"a-one": ["inquiry.take_sources_of_parcel.v1"]}, "no agency can serve"),
        ({"a-one": [SOURCES_OF_PARCEL.name]}, "serves what another"),
        ({"a.*": [SOURCES_OF_PARCEL.name]}, "no code for the broker"),
        ({"a-one": [1]}, "is not a list of texts"),
    ],
)
def test_a_register_that_cannot_be_meant_changes_nothing(rights, serves, says):
    for code, contracts in serves.items():
        rights.serves(code, *contracts)
    done = rights.apply()
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_queue_with_other_arguments_is_told_and_not_thrown_away(rights):
    by_hand = connection(rights.amqp)
    by_hand.channel().queue_declare(topology.agency_queue(REGISTRY).name, durable=True)
    by_hand.close()
    done = rights.apply()
    assert done.returncode == 2
    assert "other arguments" in done.stderr


def test_a_queue_with_other_arguments_keeps_nobody_s_right(rights):
    rights.applied()
    by_hand = connection(rights.amqp)
    by_hand.channel().queue_declare(topology.agency_events(HEARER).name, durable=True)
    by_hand.close()
    give(rights.broker, rights.vhost, USER)
    rights.serves(HEARER, hears=[HEARS], queue=True)
    done = rights.apply()
    assert (done.returncode, "other arguments" in done.stderr) == (2, True)
    assert f"give {USER} its rights" in done.stdout


def test_a_broker_that_does_not_answer_is_told_in_a_sentence(rights):
    done = rights.apply(BROKER_API_URL="http://user:secret@127.0.0.1:1")
    assert done.returncode == 2
    assert "does not answer" in done.stderr
    assert "secret" not in done.stderr


def test_what_is_not_set_is_named(rights):
    done = rights.apply(BROKER_API_URL="")
    assert done.returncode == 2
    assert "BROKER_API_URL" in done.stderr


@given(st.text(min_size=1), st.text(min_size=1), st.binary(min_size=4, max_size=4))
def test_a_hash_is_of_its_password_and_of_no_other(password, other, salt):
    kept = password_hash(password, salt)
    assert is_password(password, kept)
    assert is_password(other, kept) == (other == password)
    assert not is_password(password, "no base64")
