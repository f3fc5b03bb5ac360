"""`python -m connector`: ask from the shell, send batches, make keys, verify evidence."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from bus.errors import BusError
from bus.process.private import own_files_only
from connector.commands import REFUSED, STOPPED, UNABLE
from connector.commands.printing import say
from connector.commands.words import parser
from connector.outcomes import Refused, Unreachable

# Where each command is; only the module of the one that was given is imported.
_PLACES = {
    "connector.commands.asking": "ask batch status download refusals records console",
    "connector.commands.proving": "receipt attest present audit witness",
    "connector.commands.verifying": "verify",
    "connector.commands.own_keys": "keygen prove",
    "connector.commands.words": "completion",
    "connector.signals.commands": "watch unwatch signals",
}
PLACES = {command: place for place, commands in _PLACES.items() for command in commands.split()}


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: Mirab refused, or evidence does not hold; 2: not tried or not answered."""
    words = sys.argv[1:] if argv is None else argv
    arguments = parser(only=words[0] if words else "").parse_args(words)
    run: Callable[[argparse.Namespace], int]
    run = getattr(import_module(PLACES[arguments.command]), f"run_{arguments.command}")
    try:
        code = run(arguments)
    except Refused as error:
        say(f"Refused. {error}")
        for field in error.errors:
            say(f"  {field.get('field')}: {field.get('detail')} ({field.get('code')})")
        if error.trace_id:
            say(f"  trace id {error.trace_id}")
        return REFUSED
    except KeyboardInterrupt:
        say("Stopped.")
        return STOPPED
    except (Unreachable, BusError, OSError, ValueError) as error:
        say(f"Not done. {getattr(error, 'message', None) or error}")
        return UNABLE
    return code


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
