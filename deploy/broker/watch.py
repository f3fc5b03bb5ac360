"""`python -m deploy.broker.watch`: keeps the broker in line with the register while it runs.

Does what `deploy.broker.apply` does whenever the register changes, within a second: who lost a
right loses the broker's user, and with it the connections. A queue that nobody may read any more
stays with what is in it; `deploy.broker.apply` deletes it. While the register holds no agency at
all (a folder that was not filled yet) nothing is changed.
"""

import argparse
import contextlib
import sys
import time
from pathlib import Path

from bus import log, monitor
from bus.register import Agency, Register
from bus.settings import MissingSettings, Settings
from deploy.broker.api import CannotApply
from deploy.broker.apply import NEEDED, api_of, connected, impossible, register_of, steps

LOOK_SECONDS, AGAIN_SECONDS, WHOLE_SECONDS = 0.5, 5.0, 300.0


def main(argv: list[str] | None = None) -> int:
    """2: it cannot begin, and stderr says why; else it does not end."""
    argparse.ArgumentParser(prog="python -m deploy.broker.watch", description=__doc__).parse_args(
        argv
    )
    log.configure("broker", level="ERROR")  # what differs alone is told
    try:
        settings = Settings().require(*NEEDED)
        register = register_of(settings)
        monitor.serve("agency-rights", settings)
    except (CannotApply, MissingSettings, OSError) as error:
        print(f"The broker is not kept in line: {error}", file=sys.stderr)
        return 2
    while True:
        keep(settings, register)


def keep(settings: Settings, register: Register) -> None:
    """Brings the broker in line, and waits for the next change; what fails is tried again."""
    looked = time.monotonic()
    seen = register.agencies()
    try:
        if seen:
            for wrong in impossible(register):
                print(wrong, file=sys.stderr, flush=True)
            bring_in_line(settings, connected(register))
    except (CannotApply, OSError) as error:
        print(f"The broker was not brought into line: {error}", file=sys.stderr, flush=True)
        time.sleep(AGAIN_SECONDS)
        return
    while register.agencies() == seen and time.monotonic() - looked < WHOLE_SECONDS:
        time.sleep(LOOK_SECONDS)


def bring_in_line(settings: Settings, agencies: dict[str, Agency]) -> None:
    """Ends all that differs but what would lose messages."""
    passwords = Path(settings.text("AGENCY_PASSWORDS_DIR"))
    with contextlib.closing(api_of(settings)) as api:
        for step in steps(api, agencies, passwords):
            if not step.loses:
                print(step.what, flush=True)
                step.act()


if __name__ == "__main__":
    sys.exit(main())
