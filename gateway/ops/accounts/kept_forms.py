"""Forms of colleagues that are kept when another page comes instead of the expected one.

After a session that ended, a service that is away or slow, or a fault of ours, the page carries the
form as it was sent, under its own id, so that it can be sent again and is done once.
"""

import re
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.messages.values import Json
from gateway.forms.multipart import FORM
from gateway.forms.values import Values
from gateway.html import rendering
from gateway.ops.staff.refusals import LATE, general

SECOND_FACTOR = "desk.second_factor"
SIGNED_OUT = ("desk.signed_out", "desk.unknown")
# Forms that nobody types, or that another site made: their content is not shown again.
NOT_KEPT = ("http.cross_site", "http.method", "http.not_found")
FORBIDDEN = 403
SECTIONS = {
    "/desk/treasury": "خزانه",
    "/desk/notices": "پیام‌ها",
    "/desk/agencies": "دستگاه‌ها",
    "/desk/letters": "نامه‌های رسیده",
    "/desk/calendar": "تقویم و مراجعه",
}
DOORS = ("sign-in", "sign-out", "kept", "second-factor", "account", "oidc")
# What became of a page that was asked for, by the status; of an act it is "not done".
NOT_FOUND, WRONG_ADDRESSES = 404, ("http.not_found", "ticket.not_found")
HEADLINES = {FORBIDDEN: "این بخش برای شما باز نیست", NOT_FOUND: "پیدا نشد"}
PREFIX = "kept."
SHORT = 40
FAULT = 500
_PATH = re.compile(r"/desk(?:/[A-Za-z0-9_.~-]+)+")


class KeptForm(NamedTuple):
    """A form as it was sent: its address, its fields, and whether it had files."""

    action: str
    fields: tuple[tuple[str, str], ...]
    files: bool

    @property
    def hidden(self) -> list[tuple[str, str]]:
        return [field for field in self.fields if not _is_text(*field)]

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [field for field in self.fields if _is_text(*field)]


def sent_form(request: Request) -> KeptForm | None:
    """Return the form of this request if a colleague typed it at the desk; None otherwise."""
    form = FORM.get(request)
    if request.method != "POST" or form is None or _is_door(request.url.path):
        return None
    media = request.headers.get("content-type", "")
    return _kept(request.url.path, form.values, files=media.startswith("multipart/"))


def carried_form(values: Values) -> KeptForm | None:
    """Return the form that the sign-in page carries; None without one."""
    fields = {
        name.removeprefix(PREFIX): texts
        for name, texts in values.items()
        if name.startswith(PREFIX)
    }
    action = values.get("kept_action", [""])[0]
    return _kept(action, fields, files=values.get("kept_files") == ["1"])


def _kept(action: str, values: Values, *, files: bool) -> KeptForm | None:
    if not _PATH.fullmatch(action) or _is_door(action):
        return None
    fields = tuple((name, value) for name, texts in values.items() for value in texts)
    return KeptForm(action, fields, files) if any(value for _, value in fields) else None


def _is_text(name: str, value: str) -> bool:
    """Return True for a field worth showing; choices and the form's id stay hidden."""
    if name == "form":
        return False
    return "\n" in value or len(value) > SHORT or " " in value.strip()


def problem_page(request: Request, problem: Json, *, oidc: bool) -> Response | None:
    """Show a problem at the desk; a signed-out colleague gets the sign-in page."""
    if not request.url.path.startswith("/desk"):
        return None
    kept = None if problem["code"] in NOT_KEPT else sent_form(request)
    if problem["code"] == SECOND_FACTOR:
        return second_factor_page("/desk", kept) if kept else to_second_factor("/desk")
    if problem["code"] not in SIGNED_OUT:
        # Who reads an error to an engineer needs its number; of a refusal it says nothing.
        error_id = problem.get("error_id") or problem["trace_id"]
        return rendering.page(
            "desk/sorry.html",
            problem["status"],
            sentence=general(_code(request, problem), problem["status"], problem),
            error_id=error_id if problem["status"] >= FAULT else None,
            kept=kept,
            headline=_headline(request, problem),
            late=problem["code"] == LATE and request.method == "POST",
            section=_section(request.url.path, problem["status"]),
        )
    if kept is None:
        return RedirectResponse("/desk/sign-in", 303)
    response = rendering.page(
        "desk/sign_in.html", 401, problem=None, oidc=oidc, kept=kept, at="/desk"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _headline(request: Request, problem: Json) -> str:
    """Return what happened in two words: an act was not done, a page is not there or not open."""
    if request.method == "POST":
        return "پاسخ به‌موقع نرسید" if problem["code"] == LATE else "انجام نشد"
    status = NOT_FOUND if _code(request, problem) in WRONG_ADDRESSES else problem["status"]
    return HEADLINES.get(status, "اکنون نشان داده نمی‌شود")


def _section(path: str, status: int) -> tuple[str, str] | None:
    """Return the section to which the page belongs; None for one who may not go there."""
    if status == FORBIDDEN:
        return None
    return next(
        ((home, name) for home, name in SECTIONS.items() if path.startswith(f"{home}/")), None
    )


def _code(request: Request, problem: Json) -> str:
    """Return the code to show: of an address that was opened, the address itself is wrong."""
    if request.method != "GET" or problem["code"] != "contract.broken":
        return str(problem["code"])
    of_ticket = request.url.path.startswith("/desk/tickets/")
    return "ticket.not_found" if of_ticket else "http.not_found"


def _is_door(path: str) -> bool:
    """Return True for the pages of signing in, whose forms are never shown again."""
    return path.removeprefix("/desk/").split("/")[0] in DOORS


def to_second_factor(at: str) -> Response:
    """Redirect to the page where the second factor is proven or added."""
    return RedirectResponse(f"{at}/second-factor", 303)


def second_factor_page(at: str, kept: KeptForm) -> Response:
    """Show the way to the second factor, with the kept form."""
    response = rendering.page("desk/second_factor_kept.html", 403, kept=kept, at=at)
    response.headers["Cache-Control"] = "no-store"
    return response


def page_of(kept: KeptForm) -> Response:
    """Show the kept form after signing in, ready to be sent."""
    response = rendering.page("desk/kept.html", kept=kept)
    response.headers["Cache-Control"] = "no-store"
    return response
