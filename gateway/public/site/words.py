"""The texts of the portal in Persian and English, and the visitor's language."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from starlette.requests import Request

from bus.errors import FieldError
from bus.messages.values import Json
from people.company import company

LANGUAGES = ("fa", "en")
COOKIE = "lang"
# What any field may be told; other codes say of themselves which field they belong to.
GENERAL = frozenset({"required", "null", "choice", "length", "characters", "other"})
BOUNDS = re.compile(r"Give ([0-9]+) to ([0-9]+) characters")
_KNOWN: Json = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def language(request: Request) -> str:
    """Return the language of a form, else of ``?lang=``, else of the cookie; Persian by default."""
    choice = chosen(request) or request.cookies.get(COOKIE)
    return choice if choice in LANGUAGES else "fa"


def chosen(request: Request) -> str | None:
    """Return the language that this request chooses, to be remembered; None without a choice."""
    choice = getattr(request.state, "language", None) or request.query_params.get("lang")
    return choice if choice in LANGUAGES else None


def choose(request: Request, values: Mapping[str, Sequence[str]]) -> bool:
    """Return True if a form was sent by its button for the other language, and note that language:
    the page is shown again with all that was typed, and nothing else is done.
    """
    choice = values.get("language", [""])[0]
    if choice not in LANGUAGES:
        return False
    request.state.language = choice
    return True


def speaker(lang: str) -> Callable[..., str]:
    """Return the function ``t`` of templates: the text of a key, its places filled. KeyError."""
    sentences = _sentences(lang, company(lang))

    def text(key: str, **places: object) -> str:
        sentence = sentences[key]
        return sentence.format(**places) if places else sentence

    return text


@cache
def _sentences(lang: str, name: str) -> dict[str, str]:
    """All sentences of a language with the company's name in them: a page has a hundred."""
    index = LANGUAGES.index(lang)
    return {
        key: texts[index].replace("{company}", name)
        for key, texts in _KNOWN.items()
        if isinstance(texts, list)
    }


def text_if_any(lang: str, key: str) -> str:
    """Return the text of a key that a newer service may have added; empty without one."""
    return str(_KNOWN[key][LANGUAGES.index(lang)]) if key in _KNOWN else ""


def fault_text(lang: str, fault: FieldError) -> str:
    """Return what is wrong with a field and what it takes, by the field's name on its page."""
    index = LANGUAGES.index(lang)
    wanted, names = _KNOWN["wanted"], _KNOWN["names"]
    if fault.field in wanted and fault.code not in _KNOWN["errors"].keys() - GENERAL:
        return str(wanted[fault.field][index])
    bounds = BOUNDS.match(fault.message)
    places = {"least": bounds[1], "most": bounds[2]} if bounds else {}
    if fault.field in names:
        places["name"] = names[fault.field][index]
    return error_text(lang, "required" if fault.code == "null" else fault.code, **places)


def error_text(lang: str, code: str, **places: object) -> str:
    """Return the text of a refusal for people."""
    errors, index = _KNOWN["errors"], LANGUAGES.index(lang)
    sentence: str = errors.get(code, errors["other"])[index]
    return sentence.format(
        **{"name": _KNOWN["this_field"][index], "least": 1, "most": "", **places}
    )
