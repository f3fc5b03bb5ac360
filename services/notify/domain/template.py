"""Templates: text with placeholders ((name)), filled in; the form is that of GOV.UK Notify.

``((name??text))`` shows its text if the value says yes. Names are equal whatever their case,
spaces, hyphens and underscores. A value is put in as it is: it is read neither for placeholders nor
for markup.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from bus.errors import FieldError, RuleBroken

# Whose templates are Mirab's own.
OURS = "mirab"
Value = str | Sequence[str]
Values = Mapping[str, Value]

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
    found: dict[str, str] = {}
    for text in texts:
        for match in PLACEHOLDER.finditer(text):
            found.setdefault(key(match[1]), match[1].strip())
            for inner in placeholders([match[2] or ""]):
                found.setdefault(key(inner), inner)
    return list(found.values())


def complete(texts: Iterable[str], values: Values) -> None:
    """RuleBroken ``template.placeholder_missing`` names the placeholders that have no value."""
    known = keyed(values)
    missing = [name for name in placeholders(texts) if key(name) not in known]
    if missing:
        raise RuleBroken(
            f"The template needs a value for: {', '.join(missing)}.",
            code="template.placeholder_missing",
            fields=[
                FieldError(f"personalisation.{name}", "required", "Give a value.")
                for name in missing
            ],
        )


def decided(text: str, known: Mapping[str, Value]) -> str:
    """The text with its conditional placeholders decided; ``known`` is by key. Simple placeholders
    stay.
    """

    def decide(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[0]
        value = known[key(match[1])]
        return match[2] if flat(value).strip().casefold() in _YES else ""

    return PLACEHOLDER.sub(decide, text)


def filled(text: str, values: Values, language: str = "fa") -> str:
    """The text with its values, as one flat text: for an SMS, a subject, an inbox.

    >>> filled("Dear ((Name)), ((late??you are late)).", {"name": "((x))", "late": "yes"}, "en")
    'Dear ((x)), you are late.'
    """
    known = keyed(values)
    return PLACEHOLDER.sub(lambda match: flat(known[key(match[1])], language), decided(text, known))


def flat(value: Value, language: str = "fa") -> str:
    """A value within a sentence: a list with commas and an "and"."""
    if isinstance(value, str):
        return value
    comma, last = _JOINED[language]
    return last.join(filter(None, (comma.join(value[:-1]), *value[-1:])))
