"""Forms of the OAuth endpoints, and their refusals (RFC 6749, sections 2.3 and 5.2)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, RuleBroken, Unauthenticated
from gateway import web
from gateway.agency.door.door import Door
from gateway.agency.door.verification import is_signed
from gateway.http import bodies, problems
from gateway.http.facts import trace_id

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
# The errors of RFC 6749 (section 5.2), RFC 8707 and RFC 9449 (section 5) by our own codes.
ERRORS = {
    "oauth.grant_type": "unsupported_grant_type",
    "oauth.scope": "invalid_scope",
    "oauth.resource": "invalid_target",
    "oauth.not_yours": "invalid_grant",
    "dpop.nonce": "use_dpop_nonce",
}
FAMILIES = {
    "dpop": "invalid_dpop_proof",
    **dict.fromkeys(("assertion", "client", "identity"), "invalid_client"),
}
CALLERS_FAULT, LATER = (401, 422), (429, 503)
_SCHEME = re.compile(r"[A-Za-z0-9-]{1,20}")
UNSAFE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")

GrantForm = Mapping[str, str]


async def read_form(request: Request) -> GrantForm:
    """The parameters of a form. RuleBroken ``oauth.request`` for one that stands twice."""
    bodies.media_type(request, FORM)
    raw = await bodies.body(request)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), strict_parsing=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise RuleBroken("The body is not a form.", code="oauth.request") from None
    if len(dict(pairs)) < len(pairs):
        raise RuleBroken("A parameter stands twice.", code="oauth.request")
    return dict(pairs)


def require_one_way(door: Door, request: Request, form: GrantForm) -> None:
    """RFC 6749, section 2.3: a client proves itself in one way. Client secrets are not offered."""
    signed = is_signed(door.http_message(request))
    others = [signed, "authorization" in request.headers, "client_secret" in form]
    if sum([*others, "client_assertion" in form]) > 1:
        raise RuleBroken("Prove yourself in one way only.", code="oauth.request")
    if any(others):
        raise Unauthenticated(
            "There are no client secrets here: prove yourself by client_assertion "
            "(private_key_jwt), or by your certificate.",
            code="client.unproven",
        )


def refusal(request: Request, error: BusError, base: str) -> Response:
    """An error of OAuth; error_description is ASCII without quotes, as RFC 6749 wants it.

    A 401 must name how to come in (RFC 9110), and clients that meet a challenge read no further:
    so it stands for a client alone that tried the header Authorization (RFC 6749, section 5.2).
    """
    trace = trace_id(request)
    problem = problems.describe(error, instance=request.url.path, trace_id=trace)
    family = FAMILIES.get(error.code.partition(".")[0], "invalid_request")
    name, status = ERRORS.get(error.code, family), problem["status"]
    if status in LATER:
        name = "temporarily_unavailable"
    elif status in CALLERS_FAULT:
        status = 400
    headers = problems.headers(error, status)
    if name == "invalid_client" and "authorization" in request.headers:
        status, headers = 401, {**headers, "WWW-Authenticate": _scheme(request)}
    answer = {
        "error": name,
        "error_description": UNSAFE.sub("'", error.message),
        "error_uri": base + problem["type"],
        "code": error.code,
        "trace_id": trace,
    }
    return web.json_response(answer, status, headers)


def _scheme(request: Request) -> str:
    """The challenge of the scheme that the client used."""
    scheme = request.headers["authorization"].partition(" ")[0]
    return f'{scheme.capitalize() if _SCHEME.fullmatch(scheme) else "Basic"} realm="mirab"'
