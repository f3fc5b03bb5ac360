"""Asks over HTTPS: validates, signs, retries with the same key, verifies the answer."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import requests

from bus.contracts import CATALOGUE, Request
from bus.digest import DigestCheck
from bus.errors import BusError
from bus.keys import PublicKey, SigningKey
from bus.signing import Message, sign_request, verify_response
from connector.evidence import Evidence

AGAIN = {429, 502, 503, 504}
LONGEST_WAIT = 30.0
JSON = "application/json"


class Refused(Exception):
    """Mirab said no; ``code`` is for programs, the text tells what to do next."""

    def __init__(self, problem: dict[str, Any], status: int) -> None:
        self.status = status
        self.code = str(problem.get("code", f"http.{status}"))
        self.errors: list[dict[str, str]] = problem.get("errors", [])
        self.trace_id = problem.get("trace_id")
        self.problem = problem
        what = problem.get("what_to_do")
        super().__init__(f"{self.code}: {problem.get('detail', 'no detail')}"
                         + (f" {what}" if what else ""))


class Unreachable(Exception):
    """No usable answer within the time given; asking again with the same key is safe."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and the proof of it."""

    data: dict[str, Any]
    evidence: Evidence
    headers: dict[str, str]


class Caller:
    """Asks on behalf of one agency with one key.

    ``server_keys`` are Mirab's public keys by id; without them they are read once from the
    address itself, which only TLS vouches for: keep them from the first day on.
    """

    def __init__(
        self,
        url: str,
        key: SigningKey,
        *,
        server_keys: dict[str, PublicKey] | None = None,
        timeout: float = 30.0,
        session: requests.Session | None = None,
    ) -> None:
        self._url, self._key, self._timeout = url.rstrip("/"), key, timeout
        self._server_keys = server_keys
        self._session = session or requests.Session()

    @property
    def server_keys(self) -> dict[str, PublicKey]:
        """Mirab's public keys by id."""
        if self._server_keys is None:
            answer = self._send("GET", f"{self._url}/.well-known/jwks.json", {}, b"")
            self._server_keys = {k["kid"]: PublicKey.from_jwk(k) for k in answer.json()["keys"]}
        return self._server_keys

    def ask(  # noqa: PLR0913 - the fields of a question
        self,
        *,
        key_kind: str,
        key: str,
        purpose: str,
        case_number: str | None = None,
        operator: str | None = None,
        as_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """The status of a subscriber, a licence or a source. Raises Refused or Unreachable;
        bus.errors.ContractError, before anything is sent, for a question that is not well formed.
        """
        told = {"key_kind": key_kind, "key": key, "purpose": purpose, "case_number": case_number,
                "operator": operator, "as_of": as_of}
        return self.call("inquiry.ask.v1", {n: v for n, v in told.items() if v is not None},
                         idempotency_key=idempotency_key)

    def call(
        self, contract: str, data: dict[str, Any], *, idempotency_key: str | None = None
    ) -> Answer:
        """Any contract by its name; see ``ask`` for what it raises."""
        found = CATALOGUE.get(contract)
        if not isinstance(found, Request):
            raise ValueError(f"There is no Request {contract}.")
        found.load(data)
        key = idempotency_key or (secrets.token_urlsafe(24) if found.effect else None)
        return self.post(path_of(found), orjson.dumps(data), idempotency_key=key)

    def submit_batch(  # noqa: PLR0913 - the matter of a batch
        self,
        lines: bytes,
        *,
        purpose: str,
        media_type: str = "application/jsonl",
        case_number: str | None = None,
        operator: str | None = None,
        as_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Uploads keys as JSON Lines (``{"key_kind","key"}`` a line) or CSV (``text/csv``)."""
        matter = {"purpose": purpose, "case_number": case_number, "operator": operator, "as_of": as_of}
        query = requests.models.PreparedRequest()
        query.prepare_url(f"{self._url}/v1/inquiry/submit_batch",
                          {n: v for n, v in matter.items() if v is not None})
        return self.post(str(query.url)[len(self._url):], lines, media_type=media_type,
                         idempotency_key=idempotency_key or secrets.token_urlsafe(24))

    def batch_status(self, batch: str) -> dict[str, Any]:
        """How far a batch has come."""
        return self.call("inquiry.batch_status.v1", {"batch": batch}).data

    def wait_for_batch(
        self, batch: str, *, seconds: float = 3600, pause: float = 1.0,
        progress: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> dict[str, Any]:
        """Waits until a batch is done; Unreachable if it is not within ``seconds``."""
        end = time.monotonic() + seconds
        while True:
            told = self.batch_status(batch)
            progress(told)
            if told["state"] == "DONE":
                return told
            if time.monotonic() > end:
                raise Unreachable(f"The batch is not done after {seconds:g} s: "
                                  f"{told['answered']} of {told['lines']} lines.")
            time.sleep(pause)

    def download_batch(self, batch: str, out: BinaryIO, *, media_type: str = "application/jsonl") -> None:
        """Writes the whole result of a batch to ``out`` and verifies its signature."""
        url = f"{self._url}/v1/inquiry/read_batch"
        body = orjson.dumps({"batch": batch})
        headers = {"Content-Type": JSON, "Accept": media_type}
        headers |= sign_request(self._key, "POST", url, headers, body)
        answer = self._send("POST", url, headers, body, stream=True)
        told = _lower(answer.headers)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own number
            raise Refused(_problem(answer), answer.status_code)
        check = DigestCheck(told)
        for chunk in _chunks(answer):
            check.update(chunk)
            out.write(chunk)
        check.finish()
        request = Message(_lower(headers), "POST", url)
        verify_response(Message(told, status=200, request=request), self.server_keys.get, None)

    def post(
        self, path: str, body: bytes, *, media_type: str = JSON, idempotency_key: str | None = None
    ) -> Answer:
        """Signs and sends, again with a fresh signature if it failed in passing, and verifies.

        The Idempotency-Key stays the same, so that trying again never asks twice.
        """
        end = time.monotonic() + self._timeout
        pause = 0.2
        while True:
            wait: float | None
            try:
                answer, evidence = self._once(path, body, media_type, idempotency_key)
            except requests.RequestException as error:
                trouble: Exception = Unreachable(
                    f"{self._url} did not answer ({type(error).__name__}); check the address and "
                    "the network, then ask again with the same Idempotency-Key.")
                wait = pause
            else:
                if answer.status_code < 400:  # noqa: PLR2004 - HTTP's own number
                    return Answer(answer.json(), evidence, dict(answer.headers))
                trouble = Refused(_problem(answer), answer.status_code)
                wait = _wait(answer, pause)
            if wait is None or time.monotonic() + wait > end:
                raise trouble
            time.sleep(wait)
            pause = min(pause * 2, 5.0)

    def _once(
        self, path: str, body: bytes, media_type: str, idempotency_key: str | None
    ) -> tuple[requests.Response, Evidence]:
        url = self._url + path
        headers = {"Content-Type": media_type, "Accept": JSON}
        if idempotency_key:
            headers["Idempotency-Key"] = f'"{idempotency_key}"'
        headers |= sign_request(self._key, "POST", url, headers, body)
        answer = self._send("POST", url, headers, body)
        evidence = Evidence("POST", url, _lower(headers), body, answer.status_code,
                            _lower(answer.headers), answer.content)
        if "signature" in evidence.response_headers:
            evidence.verify(self.server_keys)
        elif answer.status_code < 400:  # noqa: PLR2004 - HTTP's own number
            raise Unreachable("The answer is not signed; who answered is not proven.")
        return answer, evidence

    def _send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, *, stream: bool = False
    ) -> requests.Response:
        return self._session.request(method, url, headers=headers, data=body, stream=stream,
                                     timeout=(5, self._timeout), allow_redirects=False)


def path_of(contract: Request) -> str:
    """inquiry.ask.v1 is /v1/inquiry/ask."""
    return f"/v{contract.version}/{contract.context}/{contract.operation}"


def _wait(answer: requests.Response, pause: float) -> float | None:
    if answer.status_code not in AGAIN and _problem(answer).get("code") != "signature.before_start":
        return None
    told = answer.headers.get("Retry-After", "")
    return min(float(told), LONGEST_WAIT) if told.isdigit() else pause


def _problem(answer: requests.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"detail": f"HTTP {answer.status_code}"}


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    yield from answer.iter_content(65536)


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


def load_key(path: str | Path, keyid: str) -> SigningKey:
    """An agency's private key; BusError with a sentence if it cannot be read."""
    try:
        return SigningKey.load(path, keyid)
    except (OSError, ValueError) as error:
        raise BusError(f"The key file {path} cannot be used: {error}", code="key.unusable") from None
