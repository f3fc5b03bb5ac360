"""Forms of the portal: the act, or the page again with what was typed and what was wrong."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError
from gateway.forms.multipart import SHORT_FORM, read_fields
from gateway.forms.values import text_of
from gateway.public.site import words
from gateway.public.site.pages import faults_of, status_of

Texts = Mapping[str, str]
# Shows the page of a form: what was typed, what is wrong by field, and the status.
ShowForm = Callable[[Texts, Texts, int], Response]
Act = Callable[[Texts], Awaitable[Response]]


async def submit(  # noqa: PLR0913 - what few forms need beside
    request: Request,
    names: Sequence[str],
    show: ShowForm,
    act: Act,
    *,
    secrets: Collection[str] = (),
    limit: int = SHORT_FORM,
) -> Response:
    """Handle the POST of a form: ``act`` with the texts of its fields, or ``show`` the page again.

    The button of the other language only shows the page again, in that language. A refusal is shown
    beside what was typed, but for ``secrets``, which are never sent back. ``limit`` is the bytes of
    the whole form.
    """
    values = await read_fields(request, limit)
    typed = {name: text_of(values, name) for name in names}
    if words.choose(request, values):
        return show(typed, {}, 200)
    try:
        return await act(typed)
    except BusError as error:
        open_texts = {name: text for name, text in typed.items() if name not in secrets}
        return show(open_texts, faults_of(request, error), status_of(error))
