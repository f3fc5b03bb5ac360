"""The portal's texts in Persian and English, and the language that a visitor chose."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request

from bus.company import company

LANGUAGES = ("fa", "en")
COOKIE = "lang"
_KNOWN: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")
)


def language(request: Request) -> str:
    """``?lang=`` first, then the cookie; Persian if neither says."""
    told = request.query_params.get("lang") or request.cookies.get(COOKIE)
    return told if told in LANGUAGES else "fa"


def speaker(lang: str) -> Callable[..., str]:
    """The function ``t`` of templates: the text of a key, with places filled. KeyError if none."""
    index = LANGUAGES.index(lang)

    def text(key: str, **places: object) -> str:
        told: str = _KNOWN[key][index].replace("{company}", company(lang))
        return told.format(**places) if places else told

    return text


def text_if_any(lang: str, key: str) -> str:
    """The text of a key that a newer service may have made up; empty if there is none."""
    return str(_KNOWN[key][LANGUAGES.index(lang)]) if key in _KNOWN else ""


def error_text(lang: str, code: str, **places: object) -> str:
    """What a person is told about a refusal of that code."""
    errors = _KNOWN["errors"]
    told: str = errors.get(code, errors["other"])[LANGUAGES.index(lang)]
    return told.format(**places) if places else told
