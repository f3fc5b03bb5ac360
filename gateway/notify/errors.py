"""Every refusal in Notify's form: ``{"status_code": n, "errors": [{"error": class, "message"}]}``.

The classes and texts are those that its clients know (alphagov/notifications-api, app/v2/errors.py
and app/errors.py). What belongs to no API call, a path or a method that is not there, has
the form of its root: ``{"result": "error", "message": text}``.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, ContractError, TooMany, Unavailable
from bus.messages.kinds import cut
from gateway import web
from gateway.html.problem_page import is_browser
from gateway.http import problems
from gateway.http.problems import RETRY_SECONDS, HttpError

VALIDATION, BAD, NO_RESULT = "ValidationError", "BadRequestError", "NoResultFound"
ROOT = {
    "http.not_found": "The requested URL was not found on the server. If you entered the URL "
    "manually please check your spelling and try again.",
    "http.method": "The method is not allowed for the requested URL.",
}
TEXTS = {"message.empty": "Your message is empty."}
# By their codes; all others by their kinds.
OF_CODES = {"file.no_room": 413}
STATUSES = {"NotFound": 404, "Conflict": 409, "Internal": 500}
LONG = ("sms.too_long", "message.too_long")
PREFIX = "personalisation."


class Reason(NamedTuple):
    """One refusal: the name of the class that Notify would raise, and its text."""

    error: str
    message: str


class CallRefused(BusError):
    """A call is refused, for one reason or several."""

    default_code = "api.refused"

    def __init__(self, status: int, reasons: Iterable[Reason], **headers: str) -> None:
        self.reasons = list(dict.fromkeys(reasons))
        super().__init__("; ".join(reason.message for reason in self.reasons))
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refused(status: int, error: str, message: str, **headers: str) -> CallRefused:
    """A refusal for one reason."""
    return CallRefused(status, [Reason(error, message)], **headers)


def invalid(*messages: str) -> CallRefused:
    """A body or query that is not what the schema says."""
    return CallRefused(400, [Reason(VALIDATION, cut(message)) for message in messages])


def bad(message: str, status: int = 400) -> CallRefused:
    """A call that cannot be done."""
    return refused(status, BAD, message)


def no_result() -> CallRefused:
    """No such thing, or another service's."""
    return refused(404, NO_RESULT, "No result found")


def answer(error: BusError) -> Response:
    """The response to a refusal, be it of this face or of the service."""
    refusal = translated(error)
    body = {
        "status_code": refusal.status,
        "errors": [reason._asdict() for reason in refusal.reasons],
    }
    return web.json_response(body, refusal.status, refusal.headers)


def translated(error: BusError) -> CallRefused:
    """The service's refusal in the words of this API."""
    if isinstance(error, CallRefused):
        return error
    if error.code == CallRefused.default_code:
        return refused(
            int(error.details.get("status", 400)), error.details.get("error", BAD), error.message
        )
    if isinstance(error, ContractError):
        return invalid(*(f"{field.field} {field.message}" for field in error.fields))
    if isinstance(error, TooMany):
        return refused(
            429,
            "TooManyRequestsError",
            error.message,
            Retry_After=error.details.get("retry_after", str(RETRY_SECONDS)),
        )
    if isinstance(error, Unavailable):
        return _unavailable(error)
    return _by_code(error)


def _unavailable(error: Unavailable) -> CallRefused:
    if error.code == "deadline.passed":
        return refused(504, "EventletTimeout", "Timeout serving request")
    return refused(503, "ServiceUnavailable", error.message, Retry_After=str(RETRY_SECONDS))


def _by_code(error: BusError) -> CallRefused:
    status = OF_CODES.get(error.code, STATUSES.get(error.kind, 400))
    message = TEXTS.get(error.code, error.message)
    if error.code == "template.placeholder_missing":
        names = [field.field.removeprefix(PREFIX) for field in error.fields]
        message = f"Missing personalisation: {', '.join(names)}"
    elif error.code in LONG:
        message = f"Your message is too long. {message}"
    elif isinstance(error, HttpError):
        status = problems.status_of(error)
    if status == 404:  # noqa: PLR2004 - HTTP's own number
        return no_result()
    if status >= 500:  # noqa: PLR2004 - HTTP's own range
        return refused(status, "Exception", "Internal server error")
    return bad(message, status)


def show(request: Request, problem: dict[str, Any]) -> Response | None:
    """What goes wrong before or around a call, as Notify would say it; None for a browser."""
    if is_browser(request):
        return None
    status, text = problem["status"], ROOT.get(problem["code"])
    if text is not None:
        return web.json_response({"result": "error", "message": text}, status)
    if status >= 500:  # noqa: PLR2004 - HTTP's own range
        return answer(refused(status, "Exception", "Internal server error"))
    return answer(bad(problem["detail"], status))
