"""The providers of SMS as configured, by a file of addresses, lines and secrets."""

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.notify.providers.kavenegar import Kavenegar
from services.notify.providers.magfa import Magfa
from services.notify.providers.melipayamak import Melipayamak
from services.notify.providers.sms import SmsProvider
from services.notify.providers.smsir import SmsIr

# A new provider is one line here. Its settings in the file are the fields of its dataclass: texts,
# and by their types seconds (float), whole numbers (int) and switches (bool).
PROVIDERS: Mapping[str, Callable[..., SmsProvider]] = {
    "kavenegar": Kavenegar,
    "magfa": Magfa,
    "smsir": SmsIr,
    "melipayamak": Melipayamak,
}
LINES = ("line", "news_line")
# A call must be over long before its lease is (domain/book.py, Patience).
HEAVIEST, SLOWEST, MOST = 100, 30, 10_000


@dataclass(frozen=True, slots=True)
class ConfiguredProvider:
    """A provider and its share of the messages, 0 to 100; at 0 it gets only what others refuse."""

    provider: SmsProvider
    weight: int


def required_settings(code: str) -> list[str]:
    """The settings that a provider must have, in the order of its fields."""
    return [name for name, field in _fields(code).items() if field.default is field.empty]


def _fields(code: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(PROVIDERS[code]).parameters


def configured_providers(text: str) -> dict[str, ConfiguredProvider]:
    """Read the providers of a file of TOML by code, in its order. ValueError names what is wrong,
    never a secret.

    >>> configured_providers("[kavenegar]\\nweight = 101")
    Traceback (most recent call last):
    ValueError: [kavenegar]: base is missing, key is missing, line is missing, news_line is \
missing, weight is a whole number from 0 to 100
    """
    made = {}
    for code, settings in tomllib.loads(text).items():
        if code not in PROVIDERS or not isinstance(settings, dict):
            raise ValueError(f"[{code}]: providers are {', '.join(PROVIDERS)}")
        made[code] = _configured(code, dict(settings))
    return made


def _configured(code: str, settings: dict[str, object]) -> ConfiguredProvider:
    needed = required_settings(code)
    allowed = (*_fields(code), "weight")
    faults = [f"{name} is missing" for name in needed if settings.get(name) in (None, "")]
    faults += ["weight is missing"] if "weight" not in settings else []
    faults += [f"{name} is unknown" for name in settings if name not in allowed]
    faults += [
        fault
        for name, value in settings.items()
        if name in allowed and value != "" and (fault := _fault(code, name, value))
    ]
    if faults:
        raise ValueError(f"[{code}]: {', '.join(faults)}")
    weight = settings.pop("weight")
    assert isinstance(weight, int)
    if "base" in settings:
        settings["base"] = str(settings["base"]).rstrip("/")
    return ConfiguredProvider(PROVIDERS[code](**settings), weight)


def _fault(code: str, name: str, value: object) -> str | None:
    """What is wrong with a value; it never shows the value, which may be a secret."""
    good, form = _judge(code, name, value)
    return None if good else f"{name} is {form}"


def _judge(code: str, name: str, value: object) -> tuple[bool, str]:
    form = int if name == "weight" else _fields(code)[name].annotation
    if form is bool:
        return isinstance(value, bool), "true or false"
    if form is int:
        most = HEAVIEST if name == "weight" else MOST
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
        return whole, f"a whole number from 0 to {most}"
    if form is float:
        seconds = 0.0 if isinstance(value, bool) or not isinstance(value, int | float) else value
        return 0 < seconds <= SLOWEST, f"a number of seconds, at most {SLOWEST}"
    if not isinstance(value, str):
        return False, "a text"
    if name == "base":
        return value.startswith(("https://", "http://")), "an address such as https://api.example"
    return name not in LINES or (value.isascii() and value.isdigit()), "a row of digits"
