"""Rating with one press: a button says both how content somebody is and whether it was solved."""

import re
from typing import NamedTuple

_PRESS = re.compile(r"([1-5])-([01])")


class Press(NamedTuple):
    """What a button says: the score from 1 to 5, and "1" if it was solved."""

    score: str
    solved: str


def parse_press(text: str) -> Press | None:
    """Return what the button of that value says; None for no such button.

    >>> parse_press("5-1")
    Press(score='5', solved='1')
    """
    match = _PRESS.fullmatch(text)
    return Press(match[1], match[2]) if match else None
