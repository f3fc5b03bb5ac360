"""Hours of the day as people type them; pure."""

import datetime as dt
import re

from iran.persian import Malformed, fold_code

_HOUR = re.compile(r"([0-9]{1,2})(?:[:.٫]([0-9]{1,2}))?")


def parse_hour(text: str) -> dt.time:
    """An hour with or without its minutes, in digits of any of the three sets.

    Raises Malformed ``time``.

    >>> parse_hour("۰۹:۳۰"), parse_hour("9")
    (datetime.time(9, 30), datetime.time(9, 0))
    """
    match = _HOUR.fullmatch("".join(fold_code(text).replace("：", ":").split()))
    try:
        if match:
            return dt.time(int(match[1]), int(match[2] or 0))
    except ValueError:
        pass
    raise Malformed("time", "Give a time such as 07:30.")
