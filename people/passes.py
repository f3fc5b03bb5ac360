"""Passes: what opens one thing of a person who has signed in, instead of its secret, for a while.

A service makes them with its own secret and keeps none: the end of its time stands in it.
"""

import datetime as dt
import hmac
import re

from bus.sealing import derived
from bus.signatures.keys import base64url

VALID = dt.timedelta(minutes=30)
_FORM = re.compile(r"([0-9a-f]{8})\.([A-Za-z0-9_-]{22})")


def new_pass(secret: str, code: str, now: dt.datetime) -> str:
    """Make a pass to what ``code`` names.

    >>> made = new_pass("a secret", "5720000008", dt.datetime(2026, 11, 29, tzinfo=dt.UTC))
    >>> is_pass(made), opens("a secret", "5720000008", made, dt.datetime.now(dt.UTC))
    (True, False)
    """
    until = f"{int((now + VALID).timestamp()):08x}"
    return f"{until}.{_mac(secret, code, until)}"


def is_pass(proof: str) -> bool:
    """Tell whether it has the form of a pass, which nobody guesses and nothing locks."""
    return _FORM.fullmatch(proof) is not None


def opens(secret: str, code: str, proof: str, now: dt.datetime) -> bool:
    """Tell whether it is a pass to what ``code`` names, and still in time."""
    match = _FORM.fullmatch(proof)
    until, mac = match.groups() if match else ("0", "")
    right = hmac.compare_digest(_mac(secret, code, until).encode(), mac.encode())
    return right and now.timestamp() < int(until, 16)


def _mac(secret: str, code: str, until: str) -> str:
    key = derived(secret, "mirab.passes")
    return base64url(hmac.digest(key, f"{code}\0{until}".encode(), "sha256")[:16])
