"""Readiness by doing the work: a signed question to the agency face, through bus and database."""

import time
from dataclasses import dataclass
from typing import Any

import requests

from bus.errors import BusError
from bus.keys import PublicKey, SigningKey
from bus.signing import Message, sign_request, verify_response

SECONDS = 6


@dataclass(frozen=True, slots=True)
class Check:
    """One check as application/health+json tells it."""

    name: str
    passed: bool
    detail: str
    ms: float

    def told(self) -> dict[str, Any]:
        return {
            "status": "pass" if self.passed else "fail",
            "output": self.detail,
            "observedValue": self.ms,
            "observedUnit": "ms",
        }


class SelfCall:
    """Asks ``inquiry.health.v1`` as agency mirab-ops, the way any agency asks."""

    def __init__(self, agency_url: str, key: SigningKey) -> None:
        self._url, self._key = agency_url.rstrip("/"), key

    def run(self) -> list[Check]:
        """The checks: the call itself, its answer's signature, the service's own health."""
        started = time.perf_counter()
        try:
            health = self._ask()
        except (requests.RequestException, BusError, ValueError, KeyError) as error:
            detail = getattr(error, "message", None) or f"{type(error).__name__}: the call failed"
            return [Check("self-call", False, str(detail), _ms(started))]
        ms = _ms(started)
        return [
            Check("self-call", True, "asked, answered and verified", ms),
            Check("inquiry.database", health["database"], "the service's database", ms),
            Check(
                "inquiry.outbox",
                health["outbox_oldest_seconds"] < 60,  # noqa: PLR2004 - the alarm's minute
                f"{health['outbox_unsent']} unsent, oldest {health['outbox_oldest_seconds']:.0f} s",
                ms,
            ),
        ]

    def _ask(self) -> dict[str, Any]:
        url = f"{self._url}/v1/inquiry/health"
        headers = {"Content-Type": "application/json"}
        headers |= sign_request(self._key, "POST", url, headers, b"{}")
        answer = requests.post(url, data=b"{}", headers=headers, timeout=SECONDS)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own number
            told = answer.json()
            raise ValueError(f"{told.get('code')}: {told.get('detail')}")
        jwks = requests.get(f"{self._url}/.well-known/jwks.json", timeout=SECONDS).json()
        keys = {jwk["kid"]: PublicKey.from_jwk(jwk) for jwk in jwks["keys"]}
        request = Message({n.lower(): v for n, v in headers.items()}, "POST", url)
        verify_response(
            Message({n.lower(): v for n, v in answer.headers.items()}, status=200, request=request),
            keys.get,
            answer.content,
        )
        health: dict[str, Any] = answer.json()
        return health


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
