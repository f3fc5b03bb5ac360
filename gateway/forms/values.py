"""The values of a form as a browser sends them: for each field its texts, in their order."""

from collections.abc import Mapping

Values = Mapping[str, list[str]]


def value_of(values: Values, name: str) -> str:
    """Return the first value of a field as it was typed; empty if it was not sent."""
    return values.get(name, [""])[0]


def text_of(values: Values, name: str) -> str:
    """Return the first value of a field without blanks around it; empty if it was not sent."""
    return value_of(values, name).strip()


def typed_of(values: Values) -> dict[str, str]:
    """Return the first value of each field, for the page that shows the form again."""
    return {name: texts[0] for name, texts in values.items()}
