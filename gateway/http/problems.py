"""The table from errors to problem details (RFC 9457): status, title and advice for each code.

A new code gets its row in problems.toml; and if citizens' programs meet it, in gateway/texts.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from starlette.requests import Request

from bus.errors import BusError
from bus.messages.values import Json
from gateway.http.facts import COUNTS_AS
from gateway.texts.files import FILES

MEDIA_TYPE = "application/problem+json"
KIND_STATUS = {
    "ContractError": 422,
    "Unauthenticated": 401,
    "SignatureError": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "RuleBroken": 422,
    "TooMany": 429,
    "Unavailable": 503,
    "Internal": 500,
}
RETRY_SECONDS = 2
# Statuses after which a client may try again: they carry Retry-After.
AGAIN = frozenset({429, 503, 504, 507})
_CLAUSE_END, _WORD = re.compile(r"(?<=[.;:])\s+"), re.compile(r"[^\W_](?:[\w/.-]*\w)?")


class Problem(NamedTuple):
    """What a code means, for the engineer who meets it."""

    title: str
    what_to_do: str
    status: int | None = None  # where it differs from the status of its kind


class HttpError(BusError):
    """A refusal of HTTP itself: of a path, a method, a size, a media type."""

    def __init__(self, code: str, message: str, **headers: str) -> None:
        super().__init__(message, code=code)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def _table(rows: Mapping[str, Any]) -> dict[str, Problem]:
    return {code: Problem(**row) for code, row in rows.items()}


PROBLEMS = _table(tomllib.loads(Path(__file__).with_name("problems.toml").read_text("utf-8")))
# The codes that citizens' programs meet, by language: Persian, and others that have them.
TRANSLATED = {tag: _table(file.problems) for tag, file in FILES.items() if file.problems}


def translations(code: str) -> dict[str, Problem]:
    """Return a code's title and advice by language; English stands in ``PROBLEMS``."""
    return {tag: table[code] for tag, table in TRANSLATED.items() if code in table}


def status_of(error: BusError) -> int:
    """Return the HTTP status of an error: that of its code, or that of its kind."""
    problem = PROBLEMS.get(error.code)
    if problem is not None and problem.status is not None:
        return problem.status
    return KIND_STATUS.get(error.kind, 500)


def describe(error: BusError, *, instance: str, trace_id: str | None) -> Json:
    """Return the members of a problem; ``check`` names the check that failed."""
    status = status_of(error)
    entry = PROBLEMS.get(error.code)
    members: Json = {
        "type": f"/problems/{error.code}",
        "title": entry.title if entry else error.code,
        "status": status,
        "detail": error.message,
        "instance": instance,
        "code": error.code,
        "check": error.code.split(".", maxsplit=1)[0],
        "trace_id": trace_id,
    }
    if entry:
        members["what_to_do"] = entry.what_to_do
    if error.fields:
        members["errors"] = [
            {"field": f.field, "code": f.code, "detail": f.message} for f in error.fields
        ]
    if "error_id" in error.details:
        members["error_id"] = error.details["error_id"]
    return members


def counted(request: Request, status: int) -> int:
    """Return the status by which an answer is counted: not HTTP's, where the caller's protocol has
    none but 500 for a refusal (X-Road).
    """
    return COUNTS_AS.get(request, status)


def without_repeats(problem: Json) -> Json:
    """The problem for who reads both of its sentences: ``detail`` leaves out what ``what_to_do``
    says again, unless nothing else would be left of it.
    """
    advice = f" {_words(problem.get('what_to_do', ''))} "
    clauses = _CLAUSE_END.split(problem["detail"])
    kept = [clause for clause in clauses if f" {_words(clause)} " not in advice]
    if not kept or len(kept) == len(clauses):
        return problem
    return {**problem, "detail": " ".join(kept).rstrip(".;:, ") + "."}


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def headers(error: BusError, status: int) -> dict[str, str]:
    """The headers that a problem has beside its body: those its status asks for, and its own."""
    challenge = {"Cache-Control": "no-store", **getattr(error, "headers", {})}
    if status in AGAIN:
        challenge["Retry-After"] = error.details.get("retry_after", str(RETRY_SECONDS))
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        challenge["WWW-Authenticate"] = 'Signature realm="mirab"'
    return challenge
