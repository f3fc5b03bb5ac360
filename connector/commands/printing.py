"""What commands of the connector print: JSON for programs or a text for people, and remarks."""

import argparse
import sys
from collections.abc import Callable

import orjson

from bus.wire import Wire


def print_content(
    content: Wire, arguments: argparse.Namespace, text: Callable[[Wire], str]
) -> None:
    """To the standard output; as JSON with --json."""
    shown = (
        orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
        if arguments.json
        else text(content)
    )
    sys.stdout.write(shown + "\n")


def say(text: str) -> None:
    """A remark, which no program reads."""
    print(text, file=sys.stderr)
