"""A colleague takes back a correction of the citizen's mobile that waits for a second person."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing.colleagues import DECIDE_CORRECTION
from gateway.forms.fields import parse_form
from gateway.forms.values import typed_of
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.pages import Show, StaffPages


class OwnCorrections:
    """The button on the ticket; ``show`` is the ticket's page, for what is refused."""

    def __init__(self, pages: StaffPages, show: Show) -> None:
        self._pages, self._show = pages, show

    async def take_back(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/correction: nobody needs to decide about it any more."""
        values = (await forms.read_form(request)).values
        code, back = request.path_params["code"], back_query(request, typed_of(values))
        return await self._pages.send(
            request,
            DECIDE_CORRECTION,
            self._show,
            with_back(f"tickets/{code}?done=correction_back", back),
            values,
            {**parse_form(DECIDE_CORRECTION, values), "approve": False},
        )

    def routes(self) -> list[Route]:
        """The route of the button."""
        return [Route(f"{AT}/tickets/{{code}}/correction", self.take_back, methods=["POST"])]
