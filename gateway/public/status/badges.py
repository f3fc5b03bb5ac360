"""Badges of our state, for pages of others: a small picture of words, a shape and a colour.

A picture that fails is only a hole in somebody's page. So a badge is always given, and says that
the state cannot be known where nobody can tell it; that answer is kept by no cache.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from contracts.notify.announcements import COMPONENTS, STATUS, Nothing, Status
from gateway.http.documents import Document
from gateway.http.kept import Kept
from gateway.http.origin import for_every_site
from gateway.public.site import words
from gateway.public.site.services import Services
from gateway.texts.files import FIRST, LANGUAGES, file_of

UNKNOWN = "unknown"
# Of several components the first of these speaks: known trouble, then what nobody knows.
WORST_FIRST = ("down", "partial", "degraded", "maintenance", UNKNOWN, "up")
KIND, CACHE = "image/svg+xml", "public, max-age=60"
# How long a badge waits to learn the state.
PATIENCE = 3.0
HEIGHT, FONT, LETTER, EDGE, MARK = 24, 12, 7.5, 8, 12
LABEL = "#2b3a42"


class Look(NamedTuple):
    """A colour on which white can be read (WCAG, 4.5:1), and a shape in a square of 12."""

    colour: str
    shape: str


LOOKS = {
    "up": Look("#1a733c", "M1 6.5L4.5 10L11 2.5"),  # a tick
    "degraded": Look("#8a4b00", "M6 1.5L11 10.5H1Z"),  # a triangle
    "partial": Look("#9a3412", "M6 1.5A4.5 4.5 0 0 1 6 10.5ZM6 1.5A4.5 4.5 0 0 0 6 10.5"),  # a half
    "down": Look("#a3271f", "M2 2L10 10M10 2L2 10"),  # a cross
    "maintenance": Look("#0b6a80", "M2 2H10V10H2Z"),  # a square
    UNKNOWN: Look("#56626a", "M1.5 6H10.5"),  # a dash
}


class Badges:
    """What the routes of badges share."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept = Kept[Status]()

    async def whole(self, request: Request) -> Response:
        """GET /status/badge.svg?lang=: how all of it stands."""
        lang = _language(request)
        t = words.speaker(lang)
        states = list((await self._states(request)).values())
        state = worst(states)
        if state == "up":
            verdict = t("status_all_up").rstrip(".")
        elif state in (UNKNOWN, "partial") or set(states) == {state}:
            verdict = _state_words(state, lang)
        else:
            verdict = t("badge_partly", state=_state_words(state, lang).lower())
        return _answer(request, state, draw(t("status_title"), verdict, state, lang))

    async def component(self, request: Request) -> Response:
        """GET /status/{component}/badge.svg?lang=: how one component stands."""
        code = request.path_params["component"]
        if code not in COMPONENTS:
            raise NotFound("There is no such component.", code="http.not_found")
        lang = _language(request)
        state = (await self._states(request)).get(code, UNKNOWN)
        label = words.speaker(lang)(f"component_{code}")
        return _answer(request, state, draw(label, _state_words(state, lang), state, lang))

    async def _states(self, request: Request) -> dict[str, str]:
        """Return the state of each component by its code; none while nobody can tell."""
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self._kept.get(
                    "status", lambda: self._services.ask(request, STATUS, Nothing())
                )
        except (BusError, TimeoutError):
            return {}
        return {component.code: component.state for component in status.components}


def worst(states: Sequence[str]) -> str:
    """Return the state that speaks for all; a state that a newer service may tell is unknown.

    >>> worst(["up", "unknown", "degraded"]), worst(["up", "unknown"]), worst(["up"]), worst([])
    ('degraded', 'unknown', 'up', 'unknown')
    """
    states_shown = {state if state in LOOKS else UNKNOWN for state in states}
    return next((state for state in WORST_FIRST if state in states_shown), UNKNOWN)


def draw(label: str, verdict: str, state: str, lang: str) -> bytes:
    """Return a badge as SVG without script, style sheet or font of its own: the label, then shape
    and words of the state; from right to left where the language is written so.
    """
    rtl = file_of(lang).direction == "rtl"
    look = LOOKS.get(state, LOOKS[UNKNOWN])
    left, right = _width(label), _width(verdict) + MARK + EDGE
    whole = left + right
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    root.attrib |= {"width": f"{whole}", "height": f"{HEIGHT}", "viewBox": f"0 0 {whole} {HEIGHT}"}
    root.attrib |= {"{http://www.w3.org/XML/1998/namespace}lang": lang}
    ET.SubElement(root, "title").text = f"{label}: {verdict}"
    at_label, at_state = (right, 0) if rtl else (0, left)
    _box(root, at_label, left, LABEL)
    _box(root, at_state, right, look.colour)
    mark = at_state + (right - EDGE - MARK if rtl else EDGE)
    stroke = {"stroke": "#fff", "stroke-width": "2", "fill": "none", "stroke-linejoin": "round"}
    ET.SubElement(root, "path", {"d": look.shape, "transform": f"translate({mark} 6)", **stroke})
    _text(root, label, at_label + left / 2, rtl=rtl)
    words_at = at_state + (0 if rtl else EDGE + MARK)
    _text(root, verdict, words_at + (right - EDGE - MARK) / 2, rtl=rtl)
    document: bytes = ET.tostring(root, encoding="utf-8")
    return document


def _box(root: ET.Element, x: int, width: int, colour: str) -> None:
    shape = {"x": f"{x}", "width": f"{width}", "height": f"{HEIGHT}", "fill": colour}
    ET.SubElement(root, "rect", shape)


def _text(root: ET.Element, text: str, middle: float, *, rtl: bool) -> None:
    font = {"font-family": "system-ui,Tahoma,Verdana,sans-serif", "font-size": f"{FONT}"}
    place = {"x": f"{middle:g}", "y": "16", "text-anchor": "middle", "fill": "#fff"}
    if rtl:
        place["direction"] = "rtl"
    ET.SubElement(root, "text", {**place, **font}).text = text


def _width(text: str) -> int:
    """How wide a text may be in the fonts that readers have, with an edge on both sides."""
    letters = sum(letter.isprintable() for letter in text)
    return round(letters * LETTER) + 2 * EDGE


def _state_words(state: str, lang: str) -> str:
    is_certain = state in LOOKS and state != UNKNOWN
    return words.speaker(lang)(f"health_{state}" if is_certain else "badge_unknown")


def _language(request: Request) -> str:
    """The language asked for, and no visitor's own: the badge is the same for all of a page."""
    lang = request.query_params.get("lang", FIRST)
    return lang if lang in LANGUAGES else FIRST


def _answer(request: Request, state: str, picture: bytes) -> Response:
    if state in LOOKS and state != UNKNOWN:
        return Document(picture, KIND, CACHE).response(request)
    return Response(picture, media_type=KIND, headers={"Cache-Control": "no-store"})


def routes(badges: Badges) -> list[Route]:
    """The routes of badges."""
    return [
        Route("/status/badge.svg", for_every_site(badges.whole)),
        Route("/status/{component}/badge.svg", for_every_site(badges.component)),
    ]
