"""How easy a form was: one press at the end of it, counted by day and nobody's."""

import contextlib

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError
from contracts.ticketing.public import RATE_FORM
from gateway.forms.fields import whole_or_none
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.site.pages import leads_to, show
from gateway.public.site.services import Services

AT = "/contact/feedback"


class FeedbackPages:
    """The press and the thanks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def rate(self, request: Request) -> Response:
        """POST /contact/feedback: counted once for each page that was shown; thanks in any case,
        for what cannot be counted now is no trouble of the person.
        """
        values = await read_fields(request)
        score, form = whole_or_none(text_of(values, "score")), text_of(values, "form")
        with contextlib.suppress(BusError):
            rating = RATE_FORM.load({"form": text_of(values, "what"), "score": score})
            await self._services.ask(request, RATE_FORM, rating, id=form or None)
        return RedirectResponse(f"{AT}/thanks", 303)

    async def thanks(self, request: Request) -> Response:
        """GET /contact/feedback/thanks"""
        return show(request, "feedback")


def routes(services: Services) -> list[Route]:
    """Return the routes of feedback."""
    pages = FeedbackPages(services)
    return [
        Route(AT, pages.rate, methods=["POST"]),
        Route(AT, leads_to("/contact"), methods=["GET"]),
        Route(f"{AT}/thanks", pages.thanks),
    ]
