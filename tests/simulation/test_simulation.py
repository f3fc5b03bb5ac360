"""Some histories of the kernel, and faults planted into it that such histories must meet."""

import secrets
from unittest import mock

import pytest
from hypothesis import Phase, seed
from hypothesis.stateful import run_state_machine_as_test

from bus.amqp import receipts
from bus.database import inbox, outbox
from tests.databases import make_database
from tests.simulation.machine import machine_on, settled
from tests.simulation.world import Broken, Database

HISTORIES = 40
add = outbox.add


PLANTED = {
    "an inbox that forgets": (inbox, "remember", lambda *_: None),
    "an outbox that keeps all but one": (outbox, "add", lambda tx, rows: add(tx, rows[:-1])),
    "a relay that sends nothing again": (receipts, "late", lambda _conn: []),
}


@pytest.fixture(scope="module")
def database(postgres, probe_template):
    made = Database(make_database(postgres, f"sim_{secrets.token_hex(4)}", probe_template))
    yield made
    made.close()


def play(database, histories, number, **more):
    machine = seed(number)(machine_on(database))
    run_state_machine_as_test(machine, settings=settled(histories, **more))


def test_the_fates_hold_in_every_history(database):
    play(database, HISTORIES, 1405)


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_met(database, fault):
    place, name, planted = PLANTED[fault]
    with mock.patch.object(place, name, planted), pytest.raises(Broken):
        play(database, 5 * HISTORIES, 1405, phases=[Phase.generate], print_blob=False)
