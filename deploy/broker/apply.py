"""`python -m deploy.broker.apply [--check]`: brings the brokers into line with the register.

Each of our own parts is a user of our broker, with the rights that `deploy.broker.rights` says.

Agencies never reach the broker of our own parts. Each that serves a contract or hears events in a
queue of its own (tables `[amqp]` and `[events]` of its document in AGENCIES_DIR) has a vhost of the
agencies' broker and shovels between there and here (`deploy.broker.outside`); what stands for it on
our side makes `deploy.broker.inside`. What belongs to agencies that no longer do is removed.

BROKER_API_URL and AGENCY_BROKER_API_URL are management APIs with an administrator's account;
AMQP_URL names our broker and vhost as the agencies' broker reaches them. Each agency's password is
a file of AGENCY_PASSWORDS_DIR, named like the agency, that of its shovels a file of
BROKER_PASSWORDS_DIR, where those of our parts are too; one that is missing is made.
"""

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

from bus.process import log
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from deploy.broker import inside, outside, parts
from deploy.broker.api import Api, CannotApply
from deploy.broker.connected import Agencies, connected, register_of, require_possible
from deploy.broker.steps import Step

NEEDED = (
    "BROKER_API_URL",
    "AGENCY_BROKER_API_URL",
    "AMQP_URL",
    "AGENCIES_DIR",
    "AGENCY_PASSWORDS_DIR",
    "BROKER_PASSWORDS_DIR",
)


class Brokers:
    """Both brokers, as the settings name them."""

    def __init__(self, settings: Settings) -> None:
        amqp_url = settings.text("AMQP_URL")
        vhost = unquote(urlsplit(amqp_url).path[1:]) or "/"
        self.ours = Api(settings.text("BROKER_API_URL"), vhost)
        self.passwords = Path(settings.text("BROKER_PASSWORDS_DIR"))
        self.outside = outside.Outside(
            Api(settings.text("AGENCY_BROKER_API_URL"), "/"),
            amqp_url,
            Path(settings.text("AGENCY_PASSWORDS_DIR")),
            self.passwords,
        )

    def __enter__(self) -> "Brokers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ours.close()
        self.outside.api.close()

    def parts(self) -> Iterator[Step]:
        """What differs for our own parts."""
        return self._alone(parts.steps(self.ours, self.passwords))

    def agencies(self, agencies: Agencies) -> list[Iterator[Step]]:
        """What differs for agencies, on our side and at their broker; who goes is cut off first."""
        groups = [
            outside.users_that_go(self.outside, agencies),
            inside.steps(self.ours, agencies, self.passwords),
            outside.steps(self.outside, agencies),
        ]
        return [self._alone(group) for group in groups]

    def _alone(self, group: Iterator[Step]) -> Iterator[Step]:
        """The steps, while nobody else takes any: RabbitMQ fails for two who change one user."""
        self.passwords.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.passwords, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield from group
        finally:
            os.close(lock)


def main(argv: list[str] | None = None) -> int:
    """0: the brokers are in line; 1: with --check, they are not; 2: they cannot be brought so."""
    parser = argparse.ArgumentParser(prog="python -m deploy.broker.apply", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell what differs")
    check = parser.parse_args(argv).check
    log.configure("broker", level="ERROR")  # what differs alone is told
    differs = False
    try:
        settings = Settings().require(*NEEDED)
        with Brokers(settings) as brokers:
            register = register_of(settings)
            require_possible(register)
            for group in (brokers.parts(), *brokers.agencies(connected(register))):
                for step in group:
                    differs = True
                    print(step.description, flush=True)
                    if not check:
                        step.act()
    except (CannotApply, MissingSettings, OSError) as error:
        print(f"The broker was not brought into line: {error}", file=sys.stderr)
        return 2
    return 1 if check and differs else 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
