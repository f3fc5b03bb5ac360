"""The gateways that are set up, from a file of addresses and secrets."""

import base64
import binascii
import datetime as dt
import functools
import tomllib
from collections.abc import Callable
from pathlib import Path

from bus.messages.values import Json
from bus.process import called
from services.billing.psps.behpardakht import Behpardakht
from services.billing.psps.port import Psp
from services.billing.psps.sadad import Sadad
from services.billing.psps.sep import Sep

MAKERS: dict[str, Callable[..., Psp]] = {"sep": Sep, "behpardakht": Behpardakht, "sadad": Sadad}
NEEDS = {
    "sep": ("base", "terminal"),
    "behpardakht": ("base", "terminal", "user", "password"),
    "sadad": ("base", "terminal", "merchant", "key"),
}
NUMBERS = ("timeout", "window_minutes")
KEY_BYTES = 24
HIGHEST = 24 * 60


@functools.lru_cache(maxsize=4)
def gateways(path: str) -> dict[str, Psp]:
    """The banks' gateways of a file of secrets; read once a process."""
    return adapters(Path(path).read_text(encoding="utf-8"))


def adapters(text: str) -> dict[str, Psp]:
    """The gateways of a file by code, in its order. Raises ValueError, which names the fault and
    never a secret.
    """
    gateways = {}
    for code, section in tomllib.loads(text).items():
        if code not in MAKERS or not isinstance(section, dict):
            raise ValueError(f"[{code}]: gateways are {', '.join(MAKERS)}")
        called.expect("bank", code)
        gateways[code] = MAKERS[code](**_settings(code, dict(section)))
    return gateways


def _settings(code: str, section: Json) -> Json:
    """The arguments of a gateway's adapter."""
    wrong = [f"{name} is missing" for name in NEEDS[code] if section.get(name) in (None, "")]
    wrong += [f"{name} is unknown" for name in section if name not in (*NEEDS[code], *NUMBERS)]
    wrong += [fault for name, value in section.items() if (fault := _fault(code, name, value))]
    if wrong:
        raise ValueError(f"[{code}]: {', '.join(wrong)}")
    if "window_minutes" in section:
        section["window"] = dt.timedelta(minutes=section.pop("window_minutes"))
    section["base"] = section["base"].rstrip("/")
    if "key" in section:
        section["key"] = base64.b64decode(section["key"])
    return section


def _fault(code: str, name: str, value: object) -> str | None:
    """The fault of a value, or None; it never names the value, which may be a secret."""
    if name in NUMBERS:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        good = number and 0 < value <= HIGHEST  # type: ignore[operator]
        return None if good else f"{name} is a number above 0, at most {HIGHEST}"
    if name not in NEEDS[code] or value == "":
        return None
    if not isinstance(value, str):
        return f"{name} is a text"
    if name == "base" and not value.startswith(("https://", "http://")):
        return "base is an address such as https://bank.example"
    if name == "terminal" and not (value.isascii() and value.isdigit()):
        return "terminal is a row of digits"
    return f"key is {KEY_BYTES} bytes in base64" if name == "key" and not _is_key(value) else None


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False
