"""The table from errors to problems: status, members, headers, advice."""

import pytest

from bus import errors
from bus.errors import BusError, FieldError
from gateway.http import problems
from gateway.http.problems import PROBLEMS, HttpError


@pytest.mark.parametrize(("code", "problem"), PROBLEMS.items(), ids=PROBLEMS)
def test_every_page_says_what_to_do_in_a_sentence(code, problem):
    assert problem.title
    assert problem.what_to_do.endswith((".", "…:."))
    assert problem.status is None or 400 <= problem.status < 600


def test_a_problem_tells_all_that_rfc_9457_and_the_caller_need():
    error = errors.ContractError("No.", fields=[FieldError("key", "length", "Too long.")])
    assert problems.describe(error, instance="/v1/inquiry/ask", trace_id="t") == {
        "type": "/problems/contract.broken",
        "title": "The message does not follow its contract",
        "status": 422,
        "detail": "No.",
        "instance": "/v1/inquiry/ask",
        "code": "contract.broken",
        "check": "contract",
        "trace_id": "t",
        "what_to_do": "Mend the fields named in errors; unknown fields are refused.",
        "errors": [{"field": "key", "code": "length", "detail": "Too long."}],
    }


STATUSES = {
    errors.ContractError: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.RuleBroken: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
    errors.Internal: 500,
    BusError: 500,
}


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_every_kind_has_its_status_and_its_headers(kind, status):
    error = kind("No.", code="of.no.table")
    assert problems.status_of(error) == status
    reply = problems.headers(error, status)
    assert ("Retry-After" in reply) == (status in {429, 503})
    assert ("WWW-Authenticate" in reply) == (status == 401)


def test_an_error_of_http_brings_its_own_headers():
    error = HttpError("http.method", "No.", Allow="GET")
    assert problems.headers(error, 405)["Allow"] == "GET"
