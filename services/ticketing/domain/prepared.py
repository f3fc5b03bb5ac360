"""Prepared texts: which places they may have, and for which tickets they are meant; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# What each place stands for is in services.ticketing.tickets.prepared; values may be missing.
PLACES = (
    "name",
    "code",
    "category",
    "unit",
    "today",
    "registered",
    "due",
    "visit",
)
_ANY = re.compile(r"\{([^{}\n]{0,40})\}")
_OURS = re.compile(rf"\{{({'|'.join(PLACES)})\}}")


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A text for answers; what stands in braces is filled in with the ticket's own.

    ``categories``, ``units`` and ``states`` say for which tickets it is meant; empty: for all.
    """

    code: str
    title_fa: str
    text_fa: str
    text_en: str
    categories: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def text(self, language: str) -> str:
        return self.text_fa if language == "fa" else self.text_en

    def fit(self, category: str, unit: str, state: str) -> int | None:
        """How well it is meant for a ticket: to how many of these it is bound; None: for others.

        >>> PreparedText("a", "", "", "", states=["NEW"]).fit("bill", "money", "NEW")
        1
        """
        bound = [
            (codes, code)
            for codes, code in (
                (self.categories, category),
                (self.units, unit),
                (self.states, state),
            )
            if codes
        ]
        return len(bound) if all(code in codes for codes, code in bound) else None


def places(text: str) -> set[str]:
    """Return the places of ours that a text has."""
    return set(_OURS.findall(text))


def faults(row: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with the places of a row of the book, by its member: a place that there is not,
    or one that the text in the other language lacks.

    >>> faults({"text_fa": "{code} {unti}", "text_en": "{code}"})
    {'text_fa': 'There is no {unti}.'}
    """
    texts = {name: str(row.get(name) or "") for name in ("text_fa", "text_en")}
    wrong = {}
    for name, other in (("text_fa", "text_en"), ("text_en", "text_fa")):
        unknown = [place for place in _ANY.findall(texts[name]) if place not in PLACES]
        missing = sorted(places(texts[other]) - places(texts[name]))
        if unknown:
            wrong[name] = f"There is no {{{unknown[0]}}}."
        elif missing:
            wrong[name] = f"The other language has {{{missing[0]}}}, this one has not."
    return wrong


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill the places of a text in; one without a value stays, so that a colleague sees it.

    >>> fill("{code}, {visit}", {"code": "4052138845", "visit": ""})
    '4052138845, {visit}'
    """
    return _OURS.sub(lambda match: values.get(match[1]) or match[0], text)
