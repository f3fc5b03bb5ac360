"""The files of texts, one a language: what a file must have, and which languages there are.

A language is one TOML file of this folder, named by its tag (BCP 47). What a file lacks is read in
the language in which it shows the names of services (``data``): fa or en, which are whole.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from gettext import c2py
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
# The languages in which services, books and announcements are written; others fall back to one.
DATA = ("fa", "en")
FIRST = DATA[0]
# A place in a sentence that a service tells: {hours} ساعت کاری.
PLACE, PLACE_ESCAPED = re.compile(r"\{\w+\}"), re.compile(r"\\\{(\w+)\\\}")
# A third language writes numbers as its dates do.
DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
# A text, or one for each form of the plural.
Text = str | list[str]


class TextFile(NamedTuple):
    """A language: its own name, direction and plural, and all its texts.

    ``names`` says what messages call a field, ``wanted`` what has to be chosen there, ``errors``
    what a refusal means, ``problems`` title and advice of the problems of the API,
    ``translations`` the names, states and sentences with places that services tell in its language
    of data.
    """

    tag: str
    name: str
    direction: str
    data: str
    plural: Callable[[int], int]
    texts: Mapping[str, Text]
    names: Mapping[str, str]
    wanted: Mapping[str, str]
    errors: Mapping[str, str]
    problems: Mapping[str, Mapping[str, str]]
    translations: Mapping[str, str]
    dates: "Dates | None"


class Dates(NamedTuple):
    """How a third language says a day of the Jalali calendar and an hour of it: the names of
    weekdays (Monday first), of months, and of yesterday to the day after tomorrow.
    """

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    near: tuple[str, ...]
    day: str
    moment: str
    span: str


PARTS = ("texts", "names", "wanted", "errors", "problems")


def read(tag: str, folder: Path = FOLDER) -> TextFile:
    """Read a language, what it lacks in its language of data. OSError, KeyError, ValueError."""
    own = tomllib.loads((folder / f"{tag}.toml").read_text(encoding="utf-8"))
    language = own["language"]
    data = language["data"]
    if (tag != data and tag in DATA) or data not in DATA:
        raise ValueError(f"{tag}.toml: data is one of {', '.join(DATA)}; those are their own.")
    rest = {} if tag in DATA else tomllib.loads((folder / f"{data}.toml").read_text("utf-8"))
    parts = {part: {**rest.get(part, {}), **own.get(part, {})} for part in PARTS}
    dates = Dates(**own["dates"]) if "dates" in own else None
    return TextFile(
        tag=tag,
        dates=dates,
        name=language["name"],
        direction=language["direction"],
        data=data,
        plural=c2py(language["plural"]),
        translations=own.get("translations", {}),
        **parts,
    )


def tags(folder: Path = FOLDER) -> tuple[str, ...]:
    """The tags of all languages: Persian, English, then the others as their files are named."""
    others = sorted(path.stem for path in folder.glob("*.toml") if path.stem not in DATA)
    return (*DATA, *others)


FILES = {tag: read(tag) for tag in tags()}
LANGUAGES = tuple(FILES)


class Language(str):
    """The language of a page. As a text it is the language, fa or en, in which services tell names;
    ``tag`` is the language of the page's own texts, which may be a third one.
    """

    tag: str
    dates: Dates | None

    def __new__(cls, tag: str) -> "Language":
        """KeyError if there is no file of that language."""
        language = super().__new__(cls, FILES[tag].data)
        language.tag, language.dates = tag, FILES[tag].dates
        return language


def file_of(language: str) -> TextFile:
    """Return the file of a page's language, or of a tag. KeyError."""
    return FILES[tag_of(language)]


def dates_of(language: str) -> Dates | None:
    """Return how a third language says days; None for Persian, English and what has no words."""
    return language.dates if isinstance(language, Language) else None


def translated(text: str, language: str) -> str:
    """Return a name, a state or a sentence that a service tells, in a third language that has words
    for it; of «state: reason» each part. What it has none for stays as it is.
    """
    file = file_of(language)
    if not file.translations or text in file.translations:
        return file.translations.get(text, text)
    return ": ".join(_translated(part, file) for part in text.split(": "))


def _translated(text: str, file: TextFile) -> str:
    """A part: as it stands in the file, or by a sentence with places, whose own parts follow."""
    if text in file.translations:
        return file.translations[text]
    for pattern, sentence in _sentences(file.tag):
        if match := pattern.fullmatch(text):
            places = {name: _translated(part, file) for name, part in match.groupdict().items()}
            return sentence.format(**places).translate(DIGITS)
    return text


@cache
def _sentences(tag: str) -> list[tuple[re.Pattern[str], str]]:
    """The sentences with places; of several that fit, the first one of the file counts."""
    return [
        (re.compile(PLACE_ESCAPED.sub(r"(?P<\1>.+?)", re.escape(sentence))), own)
        for sentence, own in FILES[tag].translations.items()
        if PLACE.search(sentence)
    ]


def tag_of(language: str) -> str:
    """Return the tag of a page's language; a plain text is a tag itself."""
    return language.tag if isinstance(language, Language) else language
