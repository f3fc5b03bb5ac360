"""What the pages of tickets, letters and the calendar share: how a page is made, with whom."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, Unavailable
from gateway.html import rendering
from gateway.http.problems import status_of
from gateway.ops.desk import words
from gateway.ops.staff.list_links import back_query, list_query
from gateway.ops.staff.names import Names
from gateway.ops.staff.previews import Preview, carried_fields
from gateway.ops.staff.session import Desk, form_id


def status_shown(error: BusError | None) -> int:
    """Of a page that shows a form again: 503 while something is away, else 422."""
    if isinstance(error, Unavailable):
        return status_of(error)
    return 200 if error is None else 422


class DeskSection:
    """A section of the desk, for a colleague who has signed in."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.names = desk, Names(desk)

    async def page(
        self,
        request: Request,
        name: str,
        status: int = 200,
        *,
        typed: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response:
        """A page of the desk that no cache keeps; ``typed`` is a form that was sent."""
        form = {} if typed is None else {"typed": typed}
        defaults = {
            "who": self.desk.colleague(request),
            "here": request.url.path,
            "person": await self.names.person(request),
            "form_id": form_id(),
            "w": words,
            "back": back_query(request, typed or {}),
            "this_list": list_query(request),
        }
        response = rendering.page(f"desk/{name}.html", status, **{**defaults, **form, **values})
        response.headers["Cache-Control"] = "no-store"
        return response

    async def preview_page(
        self, request: Request, values: dict[str, list[str]], preview: Preview
    ) -> Response:
        """The page before an act of weight, with the form as it was sent."""
        return await self.page(
            request,
            "preview",
            preview=preview,
            carried=carried_fields(values, preview),
            action=request.url.path,
            layout="desk/layout.html",
        )


def done(request: Request) -> str:
    """The name of the act that led here, if it is one of ours."""
    name = request.query_params.get("done", "")
    return name if name in words.DONE else ""
