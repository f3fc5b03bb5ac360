"""The fields that contracts are made of; ``personal=True`` marks what logs must hide.

A refused value says ``code|sentence``, which the contract turns into a FieldError.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from iran.identifiers import Malformed
from iran.persian import ungrouped_code, without_direction_marks

# What a field is read from.
Data = Mapping[str, object] | None
# Control characters of Unicode, and halves of surrogate pairs.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Line breaks of all systems, and those that word processors put (vertical tab, page, U+2028).
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


class Pattern(validate.Regexp):
    """The form of a whole text, written ``^...$`` in what ECMA-262 and Python read alike.

    JSON Schema gives it to every language (2020-12, section 6.3.3), so it has no ``\\A``, ``\\Z``,
    named group or look-behind. Here the whole text must match: ``$`` alone lets a line end pass.
    """

    FOREIGN = re.compile(r"\\[AZz]|\(\?(?!:|=|!)")

    def __init__(self, pattern: str, error: str) -> None:
        if not (pattern.startswith("^") and pattern.endswith("$")) or self.FOREIGN.search(pattern):
            raise ValueError(f"{pattern}: write ^...$ without what Python alone reads")
        super().__init__(pattern, error=error)

    def __call__(self, value: Any) -> Any:  # Any: marshmallow checks text and bytes
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Boolean(fields.Boolean):
    """``true`` or ``false`` of JSON; never a number or a word."""

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Integer(fields.Integer):
    """A whole number of JSON, ``196.0`` as well as ``196`` (JSON Schema 2020-12, section 6.1.1);
    never a bool or a text of digits.
    """

    def __init__(self, **kwargs: Any) -> None:  # Any: marshmallow's options of a field
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return super()._validated(value)


class Float(fields.Float):
    """A number of JSON; never a bool or a text of digits."""

    def _validated(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Text(fields.String):
    """Text of at most ``most`` characters, without control characters (no log can be forged).

    ``fold`` brings a number or code into the form that is meant, before anything is measured; other
    text loses the marks that turn the direction of what stands beside it.
    """

    def __init__(
        self,
        most: int,
        *,
        least: int = 1,
        personal: bool = False,
        fold: Callable[[str], str] = without_direction_marks,
        **kwargs: Any,  # Any: marshmallow's options of a field
    ):
        super().__init__(metadata={"personal": personal, **kwargs.pop("metadata", {})}, **kwargs)
        self.fold = fold
        self.validators = [
            self._clean,
            validate.Length(least, most, error=(f"length|Give {least} to {most} characters.")),
            *self.validators,
        ]

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> str:
        return self.fold(super()._deserialize(value, attr, data, **kwargs))

    @staticmethod
    def _clean(value: str) -> None:
        if _CONTROLS.search(value):
            raise ValidationError("characters|Control characters may not stand here.")


class Prose(fields.String):
    """Text of several lines, as people write it: line breaks and tabs, no other control character,
    no mark that turns the direction of what follows.

    Kept with ``\\n`` as the line break, and without blanks around it, unless ``edges`` keeps them:
    in a piece of a longer text they stand between two words.
    """

    def __init__(
        self,
        most: int,
        *,
        least: int = 1,
        personal: bool = False,
        edges: bool = False,
        **kwargs: Any,  # Any: marshmallow's options of a field
    ):
        super().__init__(metadata={"personal": personal, **kwargs.pop("metadata", {})}, **kwargs)
        self.edges = edges
        self.validators = [
            validate.Length(least, most, error=f"length|Give {least} to {most} characters.")
        ]

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        text = without_direction_marks(_LINE_ENDS.sub("\n", text))
        text = text if self.edges else text.strip()
        Text._clean(text.replace("\n", "").replace("\t", ""))
        return text


class Checked(Text):
    """Text that ``check`` brings into canonical form, or refuses with Malformed."""

    # Any: marshmallow's options of a field
    def __init__(self, most: int, check: Callable[[str], str], **kwargs: Any):
        super().__init__(most, **kwargs)
        self.check = check

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return self.check(text)
        except Malformed as error:
            raise ValidationError(f"{error.code}|{error}") from None


def one_time_code() -> Text:
    """The code that came by SMS or letter, however it is typed."""
    return Text(
        12,
        fold=ungrouped_code,
        personal=True,
        metadata={"description": "The code that came"},
    )


class Choice(fields.String):
    """One of a closed list of codes."""

    # Any: marshmallow's options of a field
    def __init__(self, choices: Mapping[str, object] | tuple[str, ...], **kwargs: Any):
        names = tuple(choices)
        super().__init__(
            validate=validate.OneOf(names, error="choice|Use one of: " + ", ".join(names) + "."),
            **kwargs,
        )


# No register is older, and no calendar here reaches further.
YEARS = range(1900, 2200)


class Instant(fields.Field[str]):
    """A moment with its offset (RFC 3339), kept as text in UTC: ``2026-11-23T08:30:00Z``."""

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> str:
        try:
            moment = dt.datetime.fromisoformat(value if isinstance(value, str) else "")
            utc = moment.astimezone(dt.UTC) if moment.tzinfo else None
            if utc is not None and utc.year not in YEARS:
                utc = None
        except (ValueError, OverflowError):
            utc = None
        if utc is None:
            raise ValidationError(
                "instant|Give a moment with its offset, of the years 1900 to 2199, such as "
                "2026-11-23T08:30:00Z."
            )
        return utc.isoformat().replace("+00:00", "Z")


class Day(fields.Field[str]):
    """A Gregorian day, ``2026-11-23``."""

    def _deserialize(self, value: object, attr: str | None, data: Data, **kwargs: object) -> str:
        try:
            day = dt.date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            day = None
        if day is None or day.year not in YEARS:
            raise ValidationError("day|Give a day of the years 1900 to 2199, such as 2026-11-23.")
        return day.isoformat()


class Block(fields.Dict):
    """A part of an answer whose members the contract's page describes."""

    def __init__(self, **kwargs: Any):  # Any: marshmallow's options of a field
        super().__init__(keys=fields.String(), **kwargs)

    def _deserialize(
        self, value: object, attr: str | None, data: Data, **kwargs: object
    ) -> dict[object, object]:
        """What has texts for names, as all JSON has, is taken without a look at each."""
        if type(value) is dict and all(type(name) is str for name in value):
            return dict(value)
        block: dict[object, object] = super()._deserialize(  # type: ignore[no-untyped-call]
            value, attr, data, **kwargs
        )
        return block


def whole(least: int, most: int, **kwargs: Any) -> Integer:  # Any: marshmallow's options of a field
    """A whole number within bounds."""
    return Integer(
        validate=validate.Range(least, most, error=f"range|Give a number from {least} to {most}."),
        **kwargs,
    )


def personal_names(schema: Schema) -> set[str]:
    """The names of the fields, at any depth, that logs must hide."""
    names = set()
    for name, field in schema.fields.items():
        inner = field
        while isinstance(inner, fields.List):
            inner = inner.inner
        if inner.metadata.get("personal") or field.metadata.get("personal"):
            names.add(name)
        if isinstance(inner, fields.Nested):
            names |= personal_names(inner.schema)
    return names
