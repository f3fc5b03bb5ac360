"""The documents judged from outside: what they allow is not refused by its shape, what they do not
allow is refused, and every answer is as they say.

`schemathesis run <face>/openapi.json` by hand tries ten thousand; here are some of each operation.
"""

import functools
import uuid

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.auth import AuthBase
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from bus.signatures.signing import sign_request
from connector.caller import load_key
from tests.processes import ROOT

SIGNED = ("DPoP", "Signature", "Signature-Input", "Content-Digest", "Mirab-On-Behalf-Of")
# Codes of fields whose rule a JSON Schema can say, and so must.
SHAPES = {
    "required",
    "unknown_field",
    "null",
    "not_a_string",
    "not_an_integer",
    "not_a_boolean",
    "not_a_list",
    "not_an_object",
    "length",
    "characters",
    "choice",
    "range",
    "instant",
    "day",
    "format",
    "digits",
    "month",
}
load_all_checks()
# A service that was never started here is 503, and so documented.
NOT_JUDGED = CHECKS.get_by_names(
    ["positive_data_acceptance", "missing_required_header", "ignored_auth", "not_a_server_error"]
)


class Sign(AuthBase):
    """Signs as the agency fuel-co what schemathesis has made up."""

    def __init__(self):
        self.key = load_key(ROOT / "deploy/local/demo_keys/fuel-co.pem", "fuel-co-demo")

    def __call__(self, request):
        for name in SIGNED:
            request.headers.pop(name, None)
        if "Idempotency-Key" in request.headers:
            request.headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        headers = {
            name.lower(): value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        request.headers.update(sign_request(self.key, request.method, request.url, headers, body))
        return request


@functools.cache
def operations(url):
    """Each operation of the document at a face."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    return [result.ok() for result in schema.get_all_operations()]


def try_operation(operation, mode, examples, auth=None):
    """Some cases of one operation. An AssertionError shows the first that is not as documented."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        body = case.meta.components.get(ParameterLocation.BODY)
        if mode is GenerationMode.NEGATIVE and (body is None or not body.mode.is_negative):
            return
        if case.media_type not in (None, "application/json"):
            return
        response = case.call(auth=auth)
        assert response.status_code not in (500, 504), (case.as_curl_command(), response.text)
        case.validate_response(response, excluded_checks=NOT_JUDGED)
        if mode is GenerationMode.POSITIVE and response.status_code in (400, 422):
            reply = response.json()
            shapes = {error.get("code") for error in reply.get("errors", ())} & SHAPES
            assert reply.get("code") != "contract.broken" or not shapes, (
                case.as_curl_command(),
                reply,
            )

    run()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_d9_the_agency_face_is_as_its_document_says(shared_face, mode):
    auth = Sign()
    for operation in operations(shared_face):
        if mode.is_positive or operation.method.upper() == "POST":
            try_operation(operation, mode, 2, auth)


def test_d9_the_citizens_face_refuses_what_its_document_does_not_allow(shared_desk):
    for operation in operations(shared_desk.portal):
        if operation.method.upper() == "POST":
            try_operation(operation, GenerationMode.NEGATIVE, 2)
