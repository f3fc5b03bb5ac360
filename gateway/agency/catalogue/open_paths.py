"""The addresses of this face that need no grant, as its OpenAPI document has them."""

from contracts.agencies.register import REGISTER_SANDBOX
from gateway.agency.catalogue import page_paths
from gateway.agency.catalogue.metadata import LINKSET, RESOURCE
from gateway.agency.catalogue.parameters import JWT, TRACE
from gateway.agency.catalogue.schemas import schema_names
from gateway.agency.oauth.clients import ALL_ALGORITHMS, ASSERTION
from gateway.agency.oauth.forms import FORM
from gateway.agency.proofs.jose import PROOF_ALGORITHMS
from gateway.openapi.answers import ALWAYS, BODY, SERVICE, header_refs, refusals
from gateway.openapi.document import JSON, Document, header_parameter, path_parameter
from gateway.openapi.shapes import Node

TEXT = "text/plain"
_TEXT: Node = {"type": "string"}
_URI: Node = {"type": "string", "format": "uri"}
_URIS: Node = {"type": "array", "items": _URI}
_WORDS: Node = {"type": "array", "items": _TEXT}
# RFC 6749, section 5.2, and RFC 9449, section 5.
OAUTH_ERRORS = (
    "invalid_request",
    "invalid_client",
    "invalid_scope",
    "invalid_target",
    "invalid_grant",
    "unsupported_grant_type",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "temporarily_unavailable",
)


def _object(required: dict[str, Node], **optional: Node) -> Node:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
    }


def _json(schema: Node) -> Node:
    return {JSON: {"schema": schema}}


KEYS = _object(
    {
        "keys": {
            "type": "array",
            "minItems": 1,
            "items": _object(dict.fromkeys(("kty", "kid", "alg", "use", "crv", "x"), _TEXT)),
        }
    }
)
SERVER = _object(
    {
        "issuer": _URI,
        "token_endpoint": _URI,
        "introspection_endpoint": _URI,
        "revocation_endpoint": _URI,
        "jwks_uri": _URI,
        "scopes_supported": _WORDS,
        "response_types_supported": _WORDS,
        "grant_types_supported": _WORDS,
        **{
            f"{endpoint}_endpoint_auth_{name}_supported": schema
            for endpoint in ("token", "introspection", "revocation")
            for name, schema in (
                ("methods", _WORDS),
                (
                    "signing_alg_values",
                    {"type": "array", "items": {"enum": list(ALL_ALGORITHMS)}},
                ),
            )
        },
        "dpop_signing_alg_values_supported": {
            "type": "array",
            "items": {"enum": list(PROOF_ALGORITHMS)},
        },
        "tls_client_certificate_bound_access_tokens": {"type": "boolean"},
        "service_documentation": _URI,
        "protected_resources": _URIS,
    }
)
PROTECTED = _object(
    {
        "resource": _URI,
        "authorization_servers": _URIS,
        "jwks_uri": _URI,
        "scopes_supported": _WORDS,
        "bearer_methods_supported": _WORDS,
        "resource_name": _TEXT,
        "resource_documentation": _URI,
        "tls_client_certificate_bound_access_tokens": {"type": "boolean"},
        "dpop_signing_alg_values_supported": _WORDS,
        "dpop_bound_access_tokens_required": {"type": "boolean"},
    }
)
TOKEN_FORM: Node = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": {
            "type": "string",
            "description": "Your agency's code; needed with a certificate, else it may be left out",
        },
        "client_assertion_type": {"type": "string", "enum": [ASSERTION]},
        "client_assertion": {
            "type": "string",
            "pattern": JWT,
            "description": "private_key_jwt (RFC 7523); left out with a certificate",
        },
        "scope": {
            "type": "string",
            "description": "Contracts, with a space between them; all that you are granted if it "
            "is left out",
            "examples": ["inquiry.ask.v1 inquiry.get.v1"],
        },
        "purpose": {"type": "string", "description": "One of those that you are granted"},
        "on_behalf_of": {"type": "string", "description": "The agency in whose name you ask"},
        "resource": {
            "type": "string",
            "format": "uri",
            "description": "RFC 8707. This face if it is left out; urn:mirab:agency: and the code "
            "of an agency that serves contracts gives a token that proves you to that agency",
        },
    },
}
CLIENT_FIELDS = ("client_id", "client_assertion_type", "client_assertion")
STATE_FORM: Node = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": {"type": "string", "pattern": "^[!-~]{1,8192}$"},
        "token_type_hint": _TEXT,
        **{name: TOKEN_FORM["properties"][name] for name in CLIENT_FIELDS},
    },
}
_WHOLE: Node = {"type": "integer"}
STATE = _object(
    {"active": {"type": "boolean"}},
    **dict.fromkeys(
        ("iss", "aud", "sub", "client_id", "token_type", "scope", "jti", "purpose"), _TEXT
    ),
    on_behalf_of=_TEXT,
    iat=_WHOLE,
    exp=_WHOLE,
    cnf={"type": "object"},
)
TOKEN = _object(
    {
        "access_token": _TEXT,
        "token_type": {"type": "string", "enum": ["DPoP", "Bearer"]},
        "expires_in": {"type": "integer", "minimum": 1},
        "scope": _TEXT,
    }
)
TOKEN_REFUSAL = _object(
    {"error": {"type": "string", "enum": list(OAUTH_ERRORS)}},
    error_description={"type": "string", "pattern": "^[ !#-\\[\\]-~]*$"},
    error_uri={"type": "string", "format": "uri-reference"},
    code={"type": "string", "description": "Our own code, with a page at /problems/{code}"},
    trace_id=_TEXT,
)
TOKEN_STATUSES = (400, 401, 403, 413, 415, 429, 503)


def describe(document: Document, *, sandbox: bool) -> None:
    """Add them all; ``sandbox`` says whether agencies can register their own key here."""
    document.tag("oauth", "Tokens (RFC 6749, RFC 9449)")
    document.tag("documents", "What a client's program reads before it asks")
    document.add("/oauth/token", "post", _token(document))
    for path, id_, summary, schema in (
        ("/oauth/introspect", "introspect", "How a token stands now (RFC 7662).", STATE),
        ("/oauth/revoke", "revoke", "End a token at once (RFC 7009).", {"type": "object"}),
    ):
        document.add(path, "post", _token_state(document, id_, summary, schema))
    if sandbox:
        document.tag("sandbox", "For whoever wants to try")
        document.add("/sandbox/agencies", "post", _sandbox(document))
    _documents(document)
    page_paths.describe(document)
    document.tag("health", "Whether this face lives")
    document.get(
        "/health/live",
        "health.live",
        "Whether this face lives.",
        {"application/health+json": {"schema": _object({"status": {"const": "pass"}})}},
        tag="health",
        parameters=[TRACE],
        statuses=ALWAYS,
    )


def _token(document: Document) -> Node:
    document.schemas |= {"TokenForm": TOKEN_FORM, "Token": TOKEN, "TokenRefusal": TOKEN_REFUSAL}
    return {
        "operationId": "oauth.token",
        "summary": "A token for client credentials, proven by private_key_jwt or a certificate.",
        "tags": ["oauth"],
        "security": [],
        "parameters": [
            header_parameter(
                "DPoP",
                {"type": "string", "pattern": JWT},
                "RFC 9449. A proof with the nonce of our header DPoP-Nonce; left out with a "
                "certificate alone.",
            ),
            TRACE,
        ],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": {"$ref": "#/components/schemas/TokenForm"}}},
        },
        "responses": {
            "200": {
                "description": "The token",
                "content": _json({"$ref": "#/components/schemas/Token"}),
            },
            **_token_refusals(),
        },
    }


def _token_state(document: Document, id_: str, summary: str, schema: Node) -> Node:
    """An endpoint that takes a token from a client that proves itself as for a token."""
    document.schemas["TokenStateForm"] = STATE_FORM
    return {
        "operationId": f"oauth.{id_}",
        "summary": summary,
        "tags": ["oauth"],
        "security": [],
        "parameters": [TRACE],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": {"$ref": "#/components/schemas/TokenStateForm"}}},
        },
        "responses": {
            "200": {"description": "The answer", "content": _json(schema)},
            **_token_refusals(),
        },
    }


def _token_refusals() -> Node:
    refusal = {
        "description": "A refusal (RFC 6749, section 5.2), with our code beside",
        "content": _json({"$ref": "#/components/schemas/TokenRefusal"}),
    }
    own = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
    return {
        **{
            str(status): {
                **refusal,
                "headers": header_refs([own[status]] if status in own else []),
            }
            for status in TOKEN_STATUSES
        },
        **refusals({*ALWAYS, 408, 504} - set(TOKEN_STATUSES)),
    }


def _sandbox(document: Document) -> Node:
    return {
        "operationId": "sandbox.register",
        "summary": REGISTER_SANDBOX.doc,
        "description": "In force at once, gone after a month. It needs no key of ours.",
        "tags": ["sandbox"],
        "security": [],
        "parameters": [TRACE],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": document.shapes.body(REGISTER_SANDBOX.schema),
                    "examples": {
                        "public_key": {
                            "value": {
                                "name": "My agency",
                                "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                                "proof": "header.claims.signature",
                            }
                        }
                    },
                }
            },
        },
        "responses": {
            "201": {
                "description": "Registered",
                "content": _json(document.shapes.reply(REGISTER_SANDBOX.reply_schema)),
            },
            **refusals((*ALWAYS, *BODY, *SERVICE, 409)),
        },
    }


def _documents(document: Document) -> None:
    catalogue = _object({"linkset": {"type": "array", "items": {"type": "object"}}})
    schema = {"type": "object", "required": ["$schema", "$id", "title"]}
    name = path_parameter(
        "name",
        {"type": "string", "enum": schema_names()},
        "A contract; with .reply behind it its answer, with .heard what agencies hear of an event",
    )
    for path, id_, summary, content in (
        ("/openapi.json", "openapi", "This document", _json({"type": "object"})),
        ("/asyncapi.json", "asyncapi", "Commands and events", _json({"type": "object"})),
        ("/xroad.json", "xroad", "The REST face of X-Road", _json({"type": "object"})),
        ("/.well-known/jwks.json", "jwks", "By which keys we sign answers", _json(KEYS)),
        (
            "/.well-known/oauth-authorization-server",
            "server",
            "Authorization server (RFC 8414)",
            _json(SERVER),
        ),
        (RESOURCE, "resource", "Protected resource (RFC 9728)", _json(PROTECTED)),
        (
            "/.well-known/api-catalog",
            "catalogue",
            "API catalogue (RFC 9727)",
            {LINKSET: {"schema": catalogue}},
        ),
        ("/.well-known/security.txt", "security", "Whom to tell of a hole (RFC 9116)", {TEXT: {}}),
    ):
        document.get(
            path,
            f"documents.{id_}",
            f"{summary}.",
            content,
            tag="documents",
            parameters=[TRACE],
            statuses=ALWAYS,
        )
    document.get(
        "/schemas/{name}.json",
        "documents.schema",
        "The JSON Schema of a contract.",
        {"application/schema+json": {"schema": schema}},
        tag="documents",
        parameters=[name, TRACE],
        statuses=ALWAYS,
    )
