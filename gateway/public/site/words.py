"""The texts of the portal in the visitor's language, and which language that is."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from starlette.requests import Request

from bus.errors import FieldError
from gateway.forms.multipart import RefusedFile
from gateway.public.site.facts import LANGUAGE
from gateway.texts.files import FILES, FIRST, LANGUAGES, Language, Text, file_of
from people.company import company_in

COOKIE = "lang"
# What any field may be told; other codes say of themselves which field they belong to.
GENERAL = frozenset({"required", "null", "choice", "length", "characters", "other"})
BOUNDS = re.compile(r"Give ([0-9]+) to ([0-9]+) characters")


def language(request: Request) -> Language:
    """Return the language of a form, else of ``?lang=``, else of the cookie; Persian by default."""
    choice = chosen(request) or request.cookies.get(COOKIE)
    return Language(choice if choice in LANGUAGES else FIRST)


def chosen(request: Request) -> str | None:
    """Return the tag that this request chooses, to be remembered; None without a choice."""
    choice = LANGUAGE.get(request) or request.query_params.get("lang")
    return choice if choice in LANGUAGES else None


def choose(request: Request, values: Mapping[str, Sequence[str]]) -> bool:
    """Return True if a form was sent by its button for another language, and note that language:
    the page is shown again with all that was typed, and nothing else is done.
    """
    choice = values.get("language", [""])[0]
    if choice not in LANGUAGES:
        return False
    LANGUAGE.set(request, choice)
    return True


def speaker(lang: str) -> Callable[..., str]:
    """Return the function ``t`` of templates: the text of a key, its places filled. KeyError.

    ``lang`` is a page's language or a tag. Of a text in forms the number ``n`` chooses one.
    """
    file = file_of(lang)
    sentences = _sentences(file.tag, company_in(file.tag, file.data))

    def text(key: str, **places: object) -> str:
        sentence = sentences[key]
        if isinstance(sentence, list):
            sentence = sentence[file.plural(int(str(places["n"])))]
        return sentence.format(**places) if places else sentence

    return text


@cache
def _sentences(tag: str, name: str) -> dict[str, Text]:
    """All sentences of a language with the company's name in them: a page has a hundred."""
    return {
        key: text.replace("{company}", name)
        if isinstance(text, str)
        else [form.replace("{company}", name) for form in text]
        for key, text in FILES[tag].texts.items()
    }


def text_if_any(lang: str, key: str) -> str:
    """Return the text of a key that a newer service may have added; empty without one."""
    return str(file_of(lang).texts.get(key, ""))


def fault_text(lang: str, fault: FieldError) -> str:
    """Return what is wrong with a field and what it takes, by the field's name on its page."""
    file = file_of(lang)
    if fault.field in file.wanted and fault.code not in file.errors.keys() - GENERAL:
        return file.wanted[fault.field]
    bounds = BOUNDS.match(fault.message)
    places = {"least": bounds[1], "most": bounds[2]} if bounds else {}
    if fault.field in file.names:
        places["name"] = file.names[fault.field]
    return error_text(lang, "required" if fault.code == "null" else fault.code, **places)


def refused_files(lang: str, refused: Sequence[RefusedFile]) -> dict[str, str]:
    """Return what is wrong with the files of a form, each by its name; empty if all were taken."""
    texts = [f"\u2068{file.name}\u2069: {error_text(lang, file.code)}" for file in refused]
    return {"files": " ".join(texts)} if texts else {}


def error_text(lang: str, code: str, **places: object) -> str:
    """Return the text of a refusal for people."""
    file = file_of(lang)
    sentence = file.errors.get(code, file.errors["other"])
    return sentence.format(**{"name": file.texts["this_field"], "least": 1, "most": "", **places})
