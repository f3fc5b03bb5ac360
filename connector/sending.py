"""Sending one request: sign, send, retry if that is safe, verify the answer."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import requests

from bus.errors import SignatureError
from bus.signatures.digest import DigestCheck
from bus.signatures.keys import PublicKey, SigningKey
from bus.signatures.signing import HttpMessage, sign_request, verify_response
from connector.certificates import EDGE_REFUSED, advice_on, trouble_of
from connector.evidence import Evidence
from connector.keys import keys_of_jwks
from connector.outcomes import Answer, Refused, Unreachable, refusal

CONNECT_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
REDIRECT, REFUSAL = 300, 400

T = TypeVar("T")


class Sender:
    """Sends signed requests to one address, within ``timeout`` seconds in all for each."""

    def __init__(
        self,
        url: str,
        key: SigningKey,
        *,
        timeout: float,
        session: requests.Session,
        server_keys: dict[str, PublicKey] | None,
    ) -> None:
        self.url, self._key = base_of(url), key
        self._timeout, self._session = timeout, session
        self._keys, self._keys_are_given = server_keys, server_keys is not None

    @property
    def server_keys(self) -> dict[str, PublicKey]:
        """Mirab's public keys by id: those that were given, or those that the address tells."""
        if self._keys is None:
            answer = self._send("GET", "/.well-known/jwks.json", {}, b"", self._timeout)
            if answer.status_code >= REFUSAL:
                raise self._refusal(answer)
            try:
                self._keys = keys_of_jwks(answer.content)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise Unreachable(
                    f"{self.url} tells no public keys; is it the agency face of Mirab?"
                ) from None
        return self._keys

    def exchange(
        self, path: str, body: bytes, headers: dict[str, str], *, at_least: float = 0
    ) -> Answer:
        """Posts a body and returns the proven answer; each attempt is signed anew.

        ``at_least`` are the seconds that it may take, however short the timeout is.
        """
        return self._patiently(
            lambda seconds: self._exchange("POST", path, body, headers, seconds), at_least
        )

    def fetch(self, path: str, headers: dict[str, str]) -> Answer:
        """Gets what lies at a path, signed as all is, and returns the proven answer."""
        return self._patiently(
            lambda seconds: self._exchange("GET", path, b"", headers, seconds), 0
        )

    def stream(
        self, path: str, body: bytes, headers: dict[str, str], *, at_least: float = 0
    ) -> Iterator[bytes]:
        """Posts a body; the answer in chunks, proven when the last one was given."""
        yield from self._patiently(
            lambda seconds: self._stream(path, body, headers, seconds), at_least
        )

    def _exchange(
        self, method: str, path: str, body: bytes, headers: dict[str, str], seconds: float
    ) -> Answer:
        sent = headers | sign_request(self._key, method, self.url + path, headers, body)
        answer = self._send(method, path, sent, body, seconds)
        evidence = Evidence(
            method,
            self.url + path,
            lower(sent),
            body,
            answer.status_code,
            lower(answer.headers),
            answer.content,
        )
        self._check_status(answer)
        self._prove(evidence.verify)
        if answer.status_code >= REFUSAL:
            raise refusal(answer, evidence)
        return Answer(answer.json(), evidence, dict(answer.headers))

    def _stream(
        self, path: str, body: bytes, headers: dict[str, str], seconds: float
    ) -> Iterator[bytes]:
        sent = headers | sign_request(self._key, "POST", self.url + path, headers, body)
        answer = self._send("POST", path, sent, body, seconds, stream=True)
        self._check_status(answer)
        if answer.status_code >= REFUSAL:
            raise refusal(answer)
        received = lower(answer.headers)
        request = HttpMessage(lower(sent), "POST", self.url + path)
        message = HttpMessage(received, status=answer.status_code, request=request)
        self._prove(lambda keys: verify_response(message, keys.get, None))
        return chunks_of(answer, DigestCheck(received))

    def _check_status(self, answer: requests.Response) -> None:
        """A refusal may come unsigned, from a proxy on the way; nothing else may."""
        if REDIRECT <= answer.status_code < REFUSAL:
            raise Unreachable(
                f"{self.url} points to {answer.headers.get('location')}; give the address of "
                "Mirab itself, since a signature holds for one address."
            )
        if "signature" not in answer.headers:
            if answer.status_code >= REFUSAL:
                raise self._refusal(answer)
            raise Unreachable("The answer is not signed; who answered is not proven.")

    def _refusal(self, answer: requests.Response) -> Refused:
        """What a proxy on the way refused, with what to do if it is about our certificate."""
        refused = refusal(answer)
        if (refused.status, refused.code) != (requests.codes.bad_request, EDGE_REFUSED):
            return refused
        return Refused({**refused.problem, "what_to_do": advice_on(self._session)}, refused.status)

    def _prove(self, check: Callable[[dict[str, PublicKey]], object]) -> None:
        try:
            check(self.server_keys)
        except SignatureError as error:
            if error.code != "signature.unknown_key" or self._keys_are_given:
                raise
            self._keys = None  # Mirab has a new key since they were read
            check(self.server_keys)

    def _patiently(self, once: Callable[[float], T], at_least: float) -> T:
        end, pause = time.monotonic() + max(self._timeout, at_least), FIRST_PAUSE
        while True:
            try:
                return once(max(end - time.monotonic(), 0.1))
            except (Refused, Unreachable) as trouble:
                wait = pause if trouble.retry_after is None else trouble.retry_after
                if not trouble.again or time.monotonic() + wait > end:
                    raise
            time.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        seconds: float,
        *,
        stream: bool = False,
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self.url + path,
                headers={"Accept-Encoding": "identity", **headers},  # the digest is of what is sent
                data=body,
                stream=stream,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
                verify=self._session.verify,  # else REQUESTS_CA_BUNDLE would stand above it
            )
        except requests.RequestException as error:
            if trouble := trouble_of(error, self._session):
                raise Unreachable(f"{self.url}: {trouble}") from error
            raise Unreachable(
                f"{self.url} did not answer ({type(error).__name__}); check the address and the "
                "network, then ask again with the same Idempotency-Key.",
                again=True,
            ) from error


def chunks_of(answer: requests.Response, check: DigestCheck) -> Iterator[bytes]:
    """The chunks of an answer; SignatureError at the end if they are not what was signed."""
    try:
        for chunk in answer.iter_content(65536):
            check.update(chunk)
            yield chunk
    except requests.RequestException as error:
        raise Unreachable("The answer broke off; fetch it again from the start.") from error
    check.finish()


def base_of(url: str) -> str:
    """The address as it stands in what is signed; ValueError if it is none.

    >>> base_of("HTTPS://Mirab.Example:443/")
    'https://mirab.example'
    """
    prepared = requests.models.PreparedRequest()
    try:
        prepared.prepare_url(url, None)
    except requests.RequestException:
        raise ValueError(f"{url} is no address; write https://host or http://host:port.") from None
    scheme, _, rest = str(prepared.url).rstrip("/").partition("://")
    if scheme not in {"http", "https"} or "?" in rest or "#" in rest:
        raise ValueError(f"{url} is no address; write https://host or http://host:port.")
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix({"http": ":80", "https": ":443"}[scheme])
    return f"{scheme}://{host}{slash}{path}"


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in lower case."""
    return {str(name).lower(): str(value) for name, value in headers.items()}
