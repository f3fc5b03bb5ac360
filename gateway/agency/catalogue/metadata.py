"""Metadata for clients below /.well-known: OAuth (RFC 8414, RFC 9728), keys, the API catalogue."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.signatures.keys import PublicKey
from contracts import agency_contracts
from gateway import web
from gateway.agency.door.door import Door
from gateway.agency.proofs.jose import (
    CLIENT_ALGORITHMS,
    EXCEPTIONAL_ALGORITHM,
    PROOF_ALGORITHMS,
)
from gateway.http.origin import for_every_site
from members.clients import RS256
from members.documents import exceptions_of

RESOURCE = "/.well-known/oauth-protected-resource"
LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
AGE = {"Cache-Control": "max-age=300"}


class Metadata:
    """The documents below /.well-known; ``keys`` are the public keys by id, ours first."""

    def __init__(
        self, door: Door, keys: Mapping[str, PublicKey], *, certificates: bool, status: str
    ) -> None:
        self._door, self._keys = door, keys
        self._certificates, self._status = certificates, status

    def routes(self) -> list[Route]:
        """The routes of the documents."""
        return [
            Route(path, for_every_site(document))
            for path, document in (
                ("/.well-known/jwks.json", self.keys),
                ("/.well-known/oauth-authorization-server", self.server),
                (RESOURCE, self.resource),
                ("/.well-known/api-catalog", self.catalogue),
            )
        ]

    async def keys(self, _: Request) -> Response:
        """GET /.well-known/jwks.json: by which keys answers and tokens are signed."""
        jwks = [key.jwk(keyid) for keyid, key in self._keys.items()]
        return web.json_response({"keys": jwks}, headers=AGE)

    async def server(self, request: Request) -> Response:
        """GET /.well-known/oauth-authorization-server (RFC 8414)."""
        base = self._door.base
        document = {
            "issuer": base,
            "token_endpoint": f"{base}/oauth/token",
            "introspection_endpoint": f"{base}/oauth/introspect",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "scopes_supported": [contract.name for contract in agency_contracts()],
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            **{
                f"{endpoint}_endpoint_auth_{name}_supported": supported
                for endpoint in ("token", "introspection", "revocation")
                for name, supported in self._client_proofs().items()
            },
            "tls_client_certificate_bound_access_tokens": self._certificates,
            "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
            "service_documentation": f"{base}/docs",
            "protected_resources": [base],
        }
        return web.json_response(document, headers=AGE)

    def _client_proofs(self) -> dict[str, list[str]]:
        """How clients prove themselves, the same at each endpoint; RS256 while the register allows
        it to any agency.
        """
        allowed = any(RS256 in exceptions_of(a) for a in self._door.verifiers.register.agencies())
        certificates = ["self_signed_tls_client_auth"] if self._certificates else []
        return {
            "methods": ["private_key_jwt", *certificates],
            "signing_alg_values": [
                *CLIENT_ALGORITHMS,
                *([EXCEPTIONAL_ALGORITHM] if allowed else []),
            ],
        }

    async def resource(self, request: Request) -> Response:
        """GET /.well-known/oauth-protected-resource (RFC 9728)."""
        base = self._door.base
        document = {
            "resource": base,
            "authorization_servers": [base],
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "scopes_supported": [contract.name for contract in agency_contracts()],
            "bearer_methods_supported": ["header"],
            "resource_name": "Mirab, agency face",
            "resource_documentation": f"{base}/docs",
            "tls_client_certificate_bound_access_tokens": self._certificates,
            "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
            "dpop_bound_access_tokens_required": not self._certificates,
        }
        return web.json_response(document, headers=AGE)

    async def catalogue(self, request: Request) -> Response:
        """GET /.well-known/api-catalog (RFC 9727), a linkset (RFC 9264)."""
        base = self._door.base
        document = {
            "linkset": [
                {
                    "anchor": f"{base}/v1",
                    "service-desc": [
                        {"href": f"{base}/openapi.json", "type": "application/json"},
                        {"href": f"{base}/asyncapi.json", "type": "application/json"},
                    ],
                    "service-doc": [{"href": f"{base}/docs", "type": "text/html"}],
                    "service-meta": [
                        {"href": f"{base}{path}", "type": "application/json"}
                        for path in ("/.well-known/oauth-authorization-server", RESOURCE)
                    ],
                    "status": [{"href": self._status or f"{base}/health/live"}],
                }
            ]
        }
        answer = web.json_response(document, headers=AGE)
        answer.headers["Content-Type"] = LINKSET
        answer.headers["Link"] = f'<{base}/.well-known/api-catalog>; rel="api-catalog"'
        return answer


def challenge(base: str, code: str | None) -> str:
    """WWW-Authenticate of a refusal: both ways in (RFC 9421 has none of its own; RFC 9449, 9728).

    ``code`` is our own code of what was refused.
    """
    family = (code or "").partition(".")[0]
    error = {"dpop": "invalid_dpop_proof", "token": "invalid_token"}.get(family)
    error = {"dpop.nonce": "use_dpop_nonce", "token.scope": "insufficient_scope"}.get(
        code or "", error
    )
    value = f'DPoP algs="{" ".join(PROOF_ALGORITHMS)}", resource_metadata="{base}{RESOURCE}"'
    return value + (f', error="{error}"' if error else "") + ', Signature realm="mirab"'
