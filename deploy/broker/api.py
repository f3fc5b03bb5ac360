"""RabbitMQ's management API, as far as apply.py needs it."""

import base64
import hashlib
import hmac
import os
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from bus.amqp.hosts import each_host

SECONDS = 30
# Of one of several nodes, before the next is asked.
CONNECT_SECONDS = 3
SALT_BYTES = 4
UNHEALTHY = requests.codes.service_unavailable


class CannotApply(Exception):
    """The broker, the register or a file refuses; the text is a sentence that says what to do."""


class Unhealthy(CannotApply):
    """A health check of the broker does not pass."""


class Api:
    """The management API of one broker, with its ``user``; ``vhost`` is the one that is meant.

    The URL may name several nodes of a cluster: the first that answers is asked from then on.
    """

    def __init__(self, url: str, vhost: str, session: requests.Session | None = None) -> None:
        self._url = url
        nodes = [urlsplit(node) for node in each_host(url)]
        self._bases = [f"{node.scheme}://{node.netloc.rsplit('@', 1)[-1]}/api" for node in nodes]
        self.vhost, self.user = vhost, unquote(nodes[0].username or "")
        self._session = session or requests.Session()
        if self.user:
            self._session.auth = (self.user, unquote(nodes[0].password or ""))

    def at(self, vhost: str) -> "Api":
        """The same broker at another vhost."""
        return Api(self._url, vhost, self._session)

    def get(self, *path: str) -> Any:  # JSON of RabbitMQ's own shapes
        """What stands there; None if nothing does."""
        response = self._ask("GET", *path)
        return response.json() if response is not None else None

    def put(self, *path: str, **body: object) -> None:
        self._ask("PUT", *path, body=body)

    def post(self, *path: str, **body: object) -> None:
        self._ask("POST", *path, body=body)

    def delete(self, *path: str) -> None:
        """Removes it; it may be gone already."""
        self._ask("DELETE", *path)

    def alarmed(self) -> bool:
        """True while the node takes no messages, for want of memory or disk."""
        try:
            self._ask("GET", "health", "checks", "local-alarms")
        except Unhealthy:
            return True
        return False

    def close(self) -> None:
        self._session.close()

    def _ask(
        self, method: str, *path: str, body: dict[str, object] | None = None
    ) -> requests.Response | None:
        response = self._first_answer(method, path, body)
        if response.status_code == requests.codes.not_found and method in ("GET", "DELETE"):
            return None
        if not response.ok:
            kind = Unhealthy if response.status_code == UNHEALTHY else CannotApply
            raise kind(f"{method} {'/'.join(path)}: {response.status_code}, {_why(response)}")
        return response

    def _first_answer(
        self, method: str, path: tuple[str, ...], body: dict[str, object] | None
    ) -> requests.Response:
        """The answer of a node; each may take what is said twice."""
        last = len(self._bases) - 1
        seconds = (CONNECT_SECONDS if last else SECONDS, SECONDS)
        for node in range(last + 1):
            url = "/".join([self._bases[0], *(quote(part, safe="") for part in path)])
            try:
                return self._session.request(method, url, json=body, timeout=seconds)
            except requests.RequestException as error:
                if node == last:
                    raise CannotApply(
                        f"The management API at {self._bases[0]} does not answer "
                        f"({type(error).__name__})."
                    ) from None
                self._bases.append(self._bases.pop(0))
        raise AssertionError("a broker has one node at least")


def _why(response: requests.Response) -> str:
    try:
        return str(response.json().get("reason") or response.json().get("error"))
    except (ValueError, AttributeError):
        return "it did not say why"


def password_hash(password: str, salt: bytes | None = None) -> str:
    """A password as RabbitMQ keeps it (rabbit_password_hashing_sha256): salt and digest, base64."""
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def is_password(password: str, kept: str) -> bool:
    """True if ``kept`` is that password's hash."""
    try:
        salt = base64.b64decode(kept)[:SALT_BYTES]
    except ValueError:
        return False
    return hmac.compare_digest(password_hash(password, salt), kept)
