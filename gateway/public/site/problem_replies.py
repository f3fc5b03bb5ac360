"""Problems for programs in the language of the request: title, detail and what to do."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json
from gateway.http import problems
from gateway.http.languages import preferred
from gateway.http.problems import translations
from gateway.public.site import words

ENGLISH = "en"


def language_of(request: Request, problem: Json) -> str:
    """Return the language of a problem: English unless one is preferred that has a text for it."""
    return preferred(request, ENGLISH, (ENGLISH, *translations(problem["code"])))


def spoken(request: Request, problem: Json) -> Json:
    """Return the problem in the language of the request; its codes and fields stay."""
    lang = language_of(request, problem)
    if lang == ENGLISH:
        return problem
    translated = translations(problem["code"])[lang]
    faults = [
        {**fault, "detail": words.error_text(lang, fault["code"])}
        for fault in problem.get("errors", ())
    ]
    detail = " ".join(dict.fromkeys(fault["detail"] for fault in faults))
    return {
        **problem,
        "title": translated.title,
        "detail": detail or f"{translated.title}.",
        "what_to_do": translated.what_to_do,
        **({"errors": faults} if faults else {}),
    }


def answer(request: Request, problem: Json) -> Response:
    """Return the problem for a program (RFC 9457, section 3.1.3)."""
    headers = {
        "Content-Language": language_of(request, problem),
        "Vary": "Accept, Accept-Language",
    }
    body = orjson.dumps(spoken(request, problem))
    return Response(body, problem["status"], headers, problems.MEDIA_TYPE)
