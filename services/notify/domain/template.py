"""Templates: text with placeholders ((name)), filled in; the form is that of GOV.UK Notify.

``((name??text))`` shows its text if the value says yes. Names are equal whatever their case,
spaces, hyphens and underscores. A value is put in as it is: it is read neither for placeholders nor
for markup.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

from bus.errors import FieldError, RuleBroken
from bus.transitions import Transitions

# Whose templates are Mirab's own.
OURS = "mirab"
Value = str | Sequence[str]
Values = Mapping[str, Value]
VersionState = Literal["DRAFT", "APPROVED", "WITHDRAWN"]
VersionAct = Literal["approve", "withdraw"]

TRANSITIONS: Transitions[VersionState, VersionAct] = Transitions(
    code="template.move",
    refusal="This version is {state}; read it again.",
    table={
        ("DRAFT", "approve"): "APPROVED",
        ("DRAFT", "withdraw"): "WITHDRAWN",
        ("APPROVED", "withdraw"): "WITHDRAWN",
    },
    details=("state",),
)


class StoredText(TypedDict):
    """A template's text in one language; an SMS has no subject."""

    subject: str | None
    body: str


Texts: TypeAlias = Mapping[str, StoredText]
"""The text of a version by language."""

# The text of a condition may hold (brackets) and ((placeholders)), but no condition.
PLACEHOLDER = re.compile(
    r"\(\((?!\()([^()?\n]{1,64})(?:\?\?((?:[^()]|\([^()]*\)|\(\([^()?]*\)\))*))?\)\)"
)
_YES = frozenset({"yes", "y", "true", "t", "1", "include", "show", "بله", "بلی", "آری"})
_JOINED = {"fa": ("، ", " و "), "en": (", ", " and ")}


def key(name: str) -> str:
    """The form in which two spellings of a placeholder meet.

    >>> key("Tracking code") == key("tracking_code")
    True
    """
    return re.sub(r"[\s_\-\u200c]", "", name).casefold()


def keyed(values: Values) -> dict[str, Value]:
    """The values by the keys of their names."""
    return {key(name): value for name, value in values.items()}


def placeholders(texts: Iterable[str]) -> list[str]:
    """The names of all placeholders, each once, in their order."""
    names: dict[str, str] = {}
    for text in texts:
        for match in PLACEHOLDER.finditer(text):
            names.setdefault(key(match[1]), match[1].strip())
            for inner in placeholders([match[2] or ""]):
                names.setdefault(key(inner), inner)
    return list(names.values())


def complete(texts: Iterable[str], values: Values) -> None:
    """RuleBroken ``template.placeholder_missing`` names the placeholders that have no value."""
    by_key = keyed(values)
    missing = [name for name in placeholders(texts) if key(name) not in by_key]
    if missing:
        raise RuleBroken(
            f"The template needs a value for: {', '.join(missing)}.",
            code="template.placeholder_missing",
            fields=[
                FieldError(f"personalisation.{name}", "required", "Give a value.")
                for name in missing
            ],
        )


def decide_conditions(text: str, by_key: Mapping[str, Value]) -> str:
    """Decide the conditional placeholders of a text; simple placeholders stay. ``by_key`` holds the
    values by the keys of their names.
    """

    def decide(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[0]
        value = by_key[key(match[1])]
        return match[2] if flat(value).strip().casefold() in _YES else ""

    decided, before = PLACEHOLDER.sub(decide, text), text

    def keep(match: re.Match[str]) -> str:
        return match[0] if _has_value(match, by_key) else match[0][1:-1]

    # What looks like a placeholder only since a condition beside it has gone asks for no value.
    while decided != before:
        decided, before = PLACEHOLDER.sub(keep, decided), decided
    return decided


def _has_value(match: re.Match[str], by_key: Mapping[str, Value]) -> bool:
    return match[2] is None and key(match[1]) in by_key


def filled(text: str, values: Values, language: str = "fa") -> str:
    """The text with its values, as one flat text: for an SMS, a subject, an inbox.

    >>> filled("Dear ((Name)), ((late??you are late)).", {"name": "((x))", "late": "yes"}, "en")
    'Dear ((x)), you are late.'
    """
    by_key = keyed(values)
    return PLACEHOLDER.sub(
        lambda match: flat(by_key[key(match[1])], language), decide_conditions(text, by_key)
    )


def flat(value: Value, language: str = "fa") -> str:
    """A value within a sentence: a list with commas and an "and"."""
    if isinstance(value, str):
        return value
    comma, last = _JOINED[language]
    return last.join(filter(None, (comma.join(value[:-1]), *value[-1:])))
