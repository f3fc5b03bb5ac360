"""The gateways that are set up, from a file of addresses and secrets."""

import base64
import binascii
import datetime as dt
import tomllib
from collections.abc import Callable
from typing import Any

from services.billing.psp import Psp
from services.billing.psp_behpardakht import Behpardakht
from services.billing.psp_sadad import Sadad
from services.billing.psp_sep import Sep

MAKERS: dict[str, Callable[..., Psp]] = {"sep": Sep, "behpardakht": Behpardakht, "sadad": Sadad}
NEEDS = {
    "sep": ("base", "terminal"),
    "behpardakht": ("base", "terminal", "user", "password"),
    "sadad": ("base", "terminal", "merchant", "key"),
}
KEY_BYTES = 24


def adapters(text: str) -> dict[str, Psp]:
    """The gateways by code, in the file's order; ValueError names what is wrong, never a secret."""
    made = {}
    for code, told in tomllib.loads(text).items():
        if code not in MAKERS or not isinstance(told, dict):
            raise ValueError(f"[{code}]: gateways are {', '.join(MAKERS)}")
        made[code] = MAKERS[code](**_settings(code, dict(told)))
    return made


def _settings(code: str, told: dict[str, Any]) -> dict[str, Any]:
    known = {*NEEDS[code], "timeout", "window_minutes"}
    wrong = [f"{name} is missing" for name in NEEDS[code] if not told.get(name)]
    wrong += [f"{name} is unknown" for name in told if name not in known]
    if wrong:
        raise ValueError(f"[{code}]: {', '.join(wrong)}")
    if "window_minutes" in told:
        told["window"] = dt.timedelta(minutes=told.pop("window_minutes"))
    told["base"] = told["base"].rstrip("/")
    if "key" in told:
        told["key"] = _key(code, told["key"])
    return told


def _key(code: str, told: str) -> bytes:
    try:
        key = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"[{code}]: key is {KEY_BYTES} bytes in base64")
    return key
