"""A signed question to the agency face, through broker, service and database, and back."""

import time
from typing import NamedTuple

import requests

from bus.errors import BusError
from bus.health import Health
from bus.messages.message import read
from bus.process.monitor import WELL, Finding, Status, fail
from bus.signatures.keys import PublicKey, SigningKey
from bus.signatures.signing import HttpMessage, sign_request, verify_response

SECONDS = 2.0
OUTBOX_SECONDS = 60
HTTP_OK = 200


class Check(NamedTuple):
    """One check of readiness, by name; ``ms`` where it was measured."""

    name: str
    finding: Finding
    ms: float | None = None

    @property
    def passed(self) -> bool:
        return self.finding.status is not Status.FAIL


class SelfCall:
    """Asks ``inquiry.health.v1`` as agency mirab-ops, the way any agency asks.

    ``base`` is the address for which it signs, as agencies do. A face inside the network of the
    machines is reached at ``agency_url``, but accepts only signatures for its own address.
    """

    def __init__(self, agency_url: str, key: SigningKey, base: str | None = None) -> None:
        self._url, self._key = agency_url.rstrip("/"), key
        self._base = (base or agency_url).rstrip("/")

    def run(self) -> list[Check]:
        """Return the checks: the signed call, and the service's own health."""
        started = time.perf_counter()
        try:
            health = self._ask()
        except requests.Timeout:
            problem = fail("call.late", f"The agency face did not answer within {SECONDS:g} s.")
        except requests.RequestException:
            problem = fail("call.down", f"The agency face cannot be reached at {self._url}.")
        except BusError as error:
            problem = fail(error.code, error.message)
        except (ValueError, KeyError, TypeError):
            problem = fail("call.unreadable", "The answer of the agency face cannot be read.")
        else:
            return self._health_checks(health, _ms(started))
        return [Check("self-call", problem, _ms(started))]

    @staticmethod
    def _health_checks(health: Health, ms: float) -> list[Check]:
        sentence = "asked, answered and verified"
        oldest = health.outbox_oldest_seconds
        waits = f"{health.outbox_unsent} unsent, oldest {oldest:.0f} s"
        late = oldest >= OUTBOX_SECONDS
        return [
            Check("self-call", WELL._replace(sentence=sentence), ms),
            Check(
                "inquiry.database",
                WELL if usable(health) else _trouble(health),
                ms,
            ),
            Check(
                "inquiry.outbox",
                fail("outbox.late", waits) if late else WELL._replace(sentence=waits),
                ms,
            ),
        ]

    def _ask(self) -> Health:
        path = "/v1/inquiry/health"
        url = self._base + path
        headers = {"Content-Type": "application/json"}
        headers |= sign_request(self._key, "POST", url, headers, b"{}")
        answer = requests.post(self._url + path, data=b"{}", headers=headers, timeout=SECONDS)
        if answer.status_code != HTTP_OK:
            problem = answer.json()
            raise BusError(str(problem["detail"]), code=str(problem["code"]))
        jwks = requests.get(f"{self._url}/.well-known/jwks.json", timeout=SECONDS).json()
        keys = {jwk["kid"]: PublicKey.from_jwk(jwk) for jwk in jwks["keys"]}
        request = HttpMessage({n.lower(): v for n, v in headers.items()}, "POST", url)
        verify_response(
            HttpMessage(
                {n.lower(): v for n, v in answer.headers.items()}, status=200, request=request
            ),
            keys.get,
            answer.content,
        )
        return read(Health, answer.json())


def usable(health: Health) -> bool:
    """Return True if a service reads and writes its database."""
    return health.database and health.writable


def _trouble(health: Health) -> Finding:
    code = health.database_problem or "unreachable"
    return fail(f"database.{code}", f"Its database cannot be used: {code}.")


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
