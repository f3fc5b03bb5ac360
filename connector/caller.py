"""HTTPS client: validates by the contract, signs, retries safely, verifies the answer."""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlencode

import orjson
import requests

from bus.evidence.errors import EvidenceError
from bus.evidence.receipts import Receipt
from bus.signatures.keys import PublicKey, SigningKey, base64url
from bus.wire import Wire
from connector.keys import load_key
from connector.later import Later
from connector.outcomes import Answer, Refused, Unreachable
from connector.sending import Sender
from contracts import Request, catalogue

__all__ = ["Answer", "Caller", "Refused", "Unreachable", "load_key", "path_of"]

BATCH_SECONDS = 300.0  # a batch may go up or down that long, however short the timeout is
JSON, JSONL, CSV = "application/json", "application/jsonl", "text/csv"
_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
IDEMPOTENCY_KEY = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{16,128}")

Lines = bytes | Path | Iterable[Mapping[str, str]]


class Caller:
    """Asks on behalf of one agency with one key.

    ``server_keys`` are Mirab's public keys by id; without them they are read once from the
    address itself, which only TLS vouches for: keep them from the first day on. ``timeout`` is in
    seconds, for all attempts of one question together. ``on_behalf_of`` is the code of an agency
    that lets yours ask in its name: then all is asked in its name.
    """

    def __init__(  # noqa: PLR0913 - the options of whoever calls
        self,
        url: str,
        key: SigningKey,
        *,
        server_keys: dict[str, PublicKey] | None = None,
        timeout: float = 30.0,
        session: requests.Session | None = None,
        on_behalf_of: str | None = None,
    ) -> None:
        self._key = key
        self._named = {"Mirab-On-Behalf-Of": on_behalf_of} if on_behalf_of else {}
        self._sender = Sender(
            url,
            self._key,
            timeout=timeout,
            session=session or requests.Session(),
            server_keys=server_keys,
        )

    @property
    def url(self) -> str:
        """The address, as it stands in what is signed."""
        return self._sender.url

    @property
    def server_keys(self) -> dict[str, PublicKey]:
        """Mirab's public keys by id."""
        return self._sender.server_keys

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
        bus.errors.ContractError, before anything is sent, for a question that is not well formed;
        bus.errors.SignatureError for an answer that is not Mirab's answer to this question.
        """
        question = {
            "key_kind": key_kind,
            "key": key,
            "purpose": purpose,
            "case_number": case_number,
            "operator": operator,
            "as_of": as_of,
        }
        return self.call("inquiry.ask.v1", _without_none(question), idempotency_key=idempotency_key)

    def call(
        self,
        contract: str,
        data: Wire,
        *,
        idempotency_key: str | None = None,
        prefer: str | None = None,
    ) -> Answer:
        """Any contract by its name; see ``ask`` for what it raises. ``prefer`` is RFC 7240's."""
        declared = catalogue().get(contract)
        if not isinstance(declared, Request) or not declared.agency:
            names = sorted(n for n, c in catalogue().items() if isinstance(c, Request) and c.agency)
            raise ValueError(f"There is no contract {contract}; there are {', '.join(names)}.")
        declared.load_data(data)
        headers = {} if declared.everyone else self._named  # that is of one's own alone
        return self.post(
            path_of(declared),
            orjson.dumps(data),
            idempotency_key=idempotency_key,
            headers={**headers, "Prefer": prefer} if prefer else headers,
        )

    def receipt(self, name: str, *, seconds: float = 60.0) -> bytes:
        """The receipt of one of the agency's own calls, by the call's id or the hash that its
        answer's header Mirab-Receipt holds; the JSON text as it came, which ``Receipt.parse``
        reads and nothing has verified yet.

        Waits up to ``seconds`` until the call stands under a signed head; Unreachable after that.
        EvidenceError ``evidence.other_leaf`` if a hash was named, and the receipt is of another.
        """
        end = time.monotonic() + seconds
        while True:
            answer = self._sender.fetch(f"/v1/receipts/{quote(name, safe='')}", {"Accept": JSON})
            if answer.evidence.status != requests.codes.accepted:
                return _of_leaf(name, answer.evidence.response_body)
            pause = _seconds(answer.evidence.response_headers.get("retry-after"))
            if time.monotonic() + pause > end:
                raise Unreachable(
                    "The call does not stand under a signed head yet; fetch its receipt later."
                )
            time.sleep(pause)

    def later(
        self,
        contract: str,
        data: Wire,
        *,
        call_back: bool = False,
        idempotency_key: str | None = None,
    ) -> Later:
        """A call that Mirab takes now and answers later; ``call_back`` has your endpoints told of
        its end (docs/webhooks.md). Raises what ``ask`` raises, if it is refused at once.
        """
        prefer = "respond-async, call-back" if call_back else "respond-async"
        reply = self.call(contract, data, idempotency_key=idempotency_key, prefer=prefer)
        kept = "preference-applied" in reply.evidence.response_headers
        return Later(self.call, reply.data["id"]) if kept else Later(self.call, "", reply.data)

    def submit_batch(  # noqa: PLR0913 - the matter of a batch
        self,
        lines: Lines,
        *,
        purpose: str,
        media_type: str | None = None,
        case_number: str | None = None,
        operator: str | None = None,
        as_of: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Uploads many keys; the answer's ``batch`` is what the other batch functions take.

        ``lines`` are the bytes or the file of JSON Lines (``{"key_kind","key"}`` a line) or CSV
        (``media_type`` text/csv, or a file ``*.csv``), or such objects themselves. The same
        ``idempotency_key`` again continues the same batch.
        """
        matter = _without_none(
            {"purpose": purpose, "case_number": case_number, "operator": operator, "as_of": as_of}
        )
        csv = isinstance(lines, Path) and lines.suffix == ".csv"
        return self.post(
            "/v1/inquiry/submit_batch?" + urlencode(matter),
            bytes_of(lines),
            media_type=media_type or (CSV if csv else JSONL),
            idempotency_key=idempotency_key,
            at_least=BATCH_SECONDS,
        )

    def batch_status(self, batch: str) -> Wire:
        """How far a batch has come: ``state``, ``answered`` of ``lines``."""
        return self.call("inquiry.batch_status.v1", {"batch": batch}).data

    def wait_for_batch(
        self,
        batch: str,
        *,
        seconds: float = 3600,
        pause: float = 1.0,
        progress: Callable[[Wire], None] = lambda _: None,
    ) -> Wire:
        """Waits until a batch is done; Unreachable if it is not within ``seconds``."""
        end = time.monotonic() + seconds
        while True:
            standing = self.batch_status(batch)
            progress(standing)
            if standing["state"] == "DONE":
                return standing
            if time.monotonic() > end:
                raise Unreachable(
                    f"The batch is not done after {seconds:g} s: {standing['answered']} of "
                    f"{standing['lines']} lines. It goes on; ask for its status later."
                )
            time.sleep(pause)

    def download_batch(self, batch: str, out: BinaryIO, *, media_type: str = JSONL) -> None:
        """Writes the whole result of a batch to ``out``.

        Its signature was verified before the first byte, its digest after the last: if this raises,
        throw away what was written.
        """
        headers = {"Content-Type": JSON, "Accept": media_type, **self._named}
        body = orjson.dumps({"batch": batch})
        path = "/v1/inquiry/read_batch"
        for chunk in self._sender.stream(path, body, headers, at_least=BATCH_SECONDS):
            out.write(chunk)

    def post(  # noqa: PLR0913 - the parts of a request
        self,
        path: str,
        body: bytes,
        *,
        media_type: str = JSON,
        idempotency_key: str | None = None,
        at_least: float = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Signs and sends, again with a fresh signature if it failed in passing, and verifies.

        The Idempotency-Key stays the same, so that trying again never asks twice. It may take
        ``at_least`` seconds, however short the Caller's timeout is.
        """
        key = idempotency_key or secrets.token_urlsafe(24)
        if not IDEMPOTENCY_KEY.fullmatch(key):
            raise ValueError(
                "An idempotency key is 16 to 128 printable ASCII characters without blanks, "
                "quotes and backslashes."
            )
        sent = {
            "Content-Type": media_type,
            "Accept": JSON,
            "Idempotency-Key": f'"{key}"',
            **(self._named if headers is None else headers),
        }
        return self._sender.exchange(path, body, sent, at_least=at_least)


def path_of(contract: Request) -> str:
    """inquiry.ask.v1 is /v1/inquiry/ask."""
    return f"/v{contract.version}/{contract.context}/{contract.operation}"


def bytes_of(lines: Lines) -> bytes:
    """Return the bytes of an upload given as bytes, a path or a stream."""
    if isinstance(lines, bytes):
        return lines
    if isinstance(lines, Path):
        return lines.read_bytes()
    return b"".join(orjson.dumps(dict(line)) + b"\n" for line in lines)


def _of_leaf(name: str, raw: bytes) -> bytes:
    """The receipt, if it is of the leaf that was named by its hash; any, if a call was named."""
    if _HASH.fullmatch(name) and base64url(Receipt.parse(raw).leaf.hash) != name:
        raise EvidenceError(
            "This is the receipt of another leaf than the one that was asked for; do not keep it.",
            code="evidence.other_leaf",
        )
    return raw


def _seconds(retry_after: str | None) -> float:
    """What Retry-After says, within a tenth of a second and ten seconds; one if it says nothing."""
    text = retry_after or ""
    return min(max(float(text), 0.1), 10.0) if text.isdecimal() else 1.0


def _without_none(members: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
