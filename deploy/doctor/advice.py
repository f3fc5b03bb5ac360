"""What the doctor says: a sentence on one thing that was looked at, and what to do about it."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from bus.process.monitor import Status
from deploy.doctor.installation import Installation


class Advice(NamedTuple):
    """``area`` is the heading below which it stands; ``todo`` is empty where all is well."""

    area: str
    status: Status
    sentence: str
    todo: str = ""


Look = Callable[[Installation], Iterator[Advice]]


def well(area: str, sentence: str) -> Advice:
    """It was looked at, and is right."""
    return Advice(area, Status.PASS, sentence)


def doubt(area: str, sentence: str, todo: str) -> Advice:
    """It works today, and will not for ever or not for everybody; or it cannot be known."""
    return Advice(area, Status.WARN, sentence, todo)


def wrong(area: str, sentence: str, todo: str) -> Advice:
    """It does not work, or is not safe."""
    return Advice(area, Status.FAIL, sentence, todo)
