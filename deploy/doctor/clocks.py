"""The clock of this machine: whether a time server sets it."""

import ctypes
from collections.abc import Iterator

from deploy.doctor.advice import Advice, doubt, well
from deploy.doctor.installation import Installation

AREA = "clocks"
# What adjtimex(2) answers while nobody sets the clock, and room for what it tells beside that.
UNSET, ROOM = 5, 256


def look(installation: Installation) -> Iterator[Advice]:
    """Yield whether the clock is set, where others reckon with it."""
    state = kernel_state()
    if not installation.is_public:
        yield well(AREA, "Others do not reach it: whose time this machine keeps is not asked.")
    elif state is None:
        yield doubt(
            AREA,
            "Whether a time server sets this machine's clock cannot be known.",
            "Look with `chronyc tracking` or `timedatectl`.",
        )
    elif state == UNSET:
        yield doubt(
            AREA,
            "No time server sets this machine's clock.",
            "Install chrony: signatures live for minutes, promises are reckoned in hours.",
        )
    else:
        yield well(AREA, "A time server sets this machine's clock.")


def kernel_state() -> int | None:
    """What the kernel says of the clock (adjtimex(2)); None if it does not tell."""
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(ROOM)))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state
