"""Pages of the portal in the visitor's language, and what is wrong with a form in his words."""

import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError, TooMany, Unavailable
from gateway.html import rendering
from gateway.http.origin import own_path
from gateway.public.site import words
from gateway.public.site.periods import when_of

Endpoint = Callable[[Request], Awaitable[Response]]


class Faults(dict[str, str]):
    """What is wrong, by field; a field that is well has no text."""

    def __missing__(self, _: str) -> str:
        return ""


def show(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page of the portal in the visitor's language; nobody keeps it."""
    lang = words.language(request)
    values["faults"] = Faults(values.get("faults") or {})
    response = rendering.page(
        f"public/{template}.html",
        status,
        lang=lang,
        t=words.speaker(lang),
        none_wrong=Faults(),
        here=own_path(request),
        in_other=_in_other_language(request, lang),
        banner=getattr(request.state, "banner", None),
        when=partial(when_of, lang=lang),
        **values,
    )
    response.headers["Cache-Control"] = "no-store"
    if words.chosen(request):
        response.set_cookie(words.COOKIE, lang, max_age=365 * 86_400, samesite="lax", httponly=True)
    return response


def _in_other_language(request: Request, lang: str) -> str:
    """The address of this page in the other language, with all else that it says."""
    other = words.LANGUAGES[1 - words.LANGUAGES.index(lang)]
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"{own_path(request)}?{urlencode([*query, ('lang', other)])}"


def faults_of(request: Request, error: BusError) -> dict[str, str]:
    """What is wrong, by field, in the visitor's words; what belongs to no field under ``""``."""
    lang = words.language(request)
    if isinstance(error, TooMany):
        minutes = math.ceil(int(error.details.get("retry_after", 60)) / 60)
        return {"": words.error_text(lang, error.code, n=minutes)}
    if error.fields:
        return {fault.field: words.fault_text(lang, fault) for fault in error.fields}
    code = "unavailable" if isinstance(error, Unavailable) else error.code
    return {"": words.error_text(lang, code)}


def status_of(error: BusError) -> int:
    """The status of a page that shows an error beside what was typed."""
    return 503 if isinstance(error, Unavailable) else 429 if isinstance(error, TooMany) else 422


def text_of(values: Mapping[str, list[str]], name: str) -> str:
    """The one value of a field, without blanks around it; empty if it was not sent."""
    return values.get(name, [""])[0].strip()


def leads_to(page: str) -> Endpoint:
    """What a browser gets that asks for the address of a form's act: the page with the form, for
    who reloads it, comes back to it or changes the language there.
    """

    async def lead(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{page.format(**request.path_params)}{query}", 303)

    return lead
