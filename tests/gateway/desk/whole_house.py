"""A desk with all of its parts behind it, and the operators' face: for tests of every page."""

import secrets
import typing

import pytest

from services.ticketing.accounts import ops_tokens
from tests.gateway.conftest import begin
from tests.gateway.desk.seats import Officers, running
from tests.processes import run_main
from tests.waiting import wait_for


class WholeHouse(Officers):
    """Treasury, register and notices beside the desk; ``board`` is the operators' face, and
    ``token`` opens it.
    """

    beside = "billing"
    others: typing.ClassVar = ("agencies", "notify")

    def __init__(self, start, folder, amqp, postgres, dbs):
        super().__init__(start, folder, amqp, postgres, dbs)
        for part in self.others:
            environ = {**self.environ, "DB_URL": dbs[part]}
            service = start("bus", "serve", f"services.{part}", **environ)
            start("bus", "relay", f"services.{part}", **environ)
            name = f"mirab.{part}.requests"
            wait_for(lambda service=service, name=name: name in service.log, 60)

    def begin_board(self, start):
        """The address of the operators' face, and the token that opens it."""
        name = f"o{secrets.token_hex(3)}"
        made = run_main(ops_tokens.main, "make", name, "--role", "operator", **self.environ)
        assert made.returncode == 0, made.stderr
        return begin(start, "ops", **self.environ), made.stdout.strip()


@pytest.fixture(scope="module", name="house")
def whole_house(
    tmp_path_factory,
    broker,
    postgres,
    ticketing_template,
    billing_template,
    agencies_template,
    notify_template,
):
    """The whole house, for the tests of a module that imports this."""
    templates = {
        "ticketing": ticketing_template,
        "billing": billing_template,
        "agencies": agencies_template,
        "notify": notify_template,
    }
    with running(WholeHouse, tmp_path_factory, broker, postgres, **templates) as house:
        yield house
