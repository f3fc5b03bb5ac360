"""Leaves of agencies' calls for the log of receipts (services/agencies/receipts), made by whoever
decides a call: the service in its transaction, or the agency face for what no transaction keeps.

The face puts ``evidence`` into the caller of the envelope: the log, the way in, and the digest of
the request's bytes. The reply then carries a mark, by which the face knows the leaf again.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Protocol

import orjson

from bus import topology
from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.evidence.errors import EvidenceError
from bus.evidence.leaves import Anchor, Terms, commit, made_leaf, moment_text
from bus.evidence.merkle import HASH_BYTES, leaf_hash
from bus.messages.kinds import Request
from bus.settings import Settings
from bus.signatures.keys import base64url, from_base64url
from bus.wire import Wire

# The Command that brings leaves to the log: contracts.agencies.receipts has its form.
ADD_LEAVES, KEEPER = "agencies.add_leaves.v1", "agencies"
EVIDENCE, MARK = "evidence", "receipt"
ANSWERED, ACCEPTED, REFUSED, FAILED = "answered", "accepted", "refused", "failed"
ASKED, QUEUE = "asked", "queue"
SECRET_BYTES = 32
_OPEN, _CLOSE = b'{"leaves":[', b"]}"
# What reads the log or asks whether a service is well leaves no leaf: it would grow by being read.
UNLOGGED = frozenset({"agencies.receipt.v1"})


class Mark(NamedTuple):
    """The leaf of a reply: its hash, and the digest of the answer that it is about."""

    leaf: bytes
    answer: bytes

    def write(self) -> str:
        """As a reply carries it."""
        return f"{base64url(self.leaf)}.{base64url(self.answer)}"

    @classmethod
    def parse(cls, text: object) -> "Mark | None":
        """From a reply; None if it has none that can be read."""
        if not isinstance(text, str):
            return None
        leaf, _, answer = text.partition(".")
        try:
            return cls(from_base64url(leaf), from_base64url(answer))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the face knows of a request: the log's origin, the way in, the digest (SHA-256) of its
    bytes, the version of the agency's entry in the register, and the id by which the log, which
    anybody reads, names the call: a random one, so that it says nothing.
    """

    log: str
    way: str
    request: bytes
    version: int = 0
    call: str = ""

    def to_wire(self) -> Wire:
        """As the caller of an envelope carries it."""
        request = base64url(self.request)
        return {
            "log": self.log,
            "way": self.way,
            "request": request,
            "version": self.version,
            "call": self.call,
        }

    @classmethod
    def of(cls, caller: Mapping[str, object] | None) -> "Evidence | None":
        """From the caller of an envelope; None if the face named none."""
        wire = (caller or {}).get(EVIDENCE)
        if not isinstance(wire, dict):
            return None
        try:
            request = from_base64url(wire["request"])
            call = str(wire.get("call", ""))
            return cls(str(wire["log"]), str(wire["way"]), request, int(wire["version"]), call)
        except (KeyError, ValueError, TypeError):
            return None


class Statement(NamedTuple):
    """A leaf on its way to the log, with what opens it: the secret of its salts, and the terms."""

    text: bytes
    hash: bytes
    agency: str
    call: str
    secret: bytes
    terms: bytes

    def to_wire(self) -> Wire:
        """As ADD_LEAVES has it."""
        return {
            "leaf": self.text.decode(),
            "agency": self.agency,
            "call": self.call,
            "secret": base64url(self.secret),
            "terms": self.terms.decode(),
        }


class Matter(NamedTuple):
    """What a leaf is about: the contract, the id by which the agency finds it, and how the call
    ended. That id may follow from the agency's own words, so it is not in the leaf.

    ``answer`` is the digest (SHA-256) of the answer's bytes; of a refusal that of its code.
    """

    contract: str
    call: str
    purpose: object
    outcome: str
    code: str
    answer: bytes


def is_logged(contract: Request) -> bool:
    """True if calls of a contract have leaves."""
    public = contract.agency or contract.everyone
    return public and contract.name not in UNLOGGED and contract.operation != "health"


def require_origin(origin: str) -> None:
    """ValueError if no log can have that name: every leaf would be refused."""
    try:
        anchor(origin, "log", 0, bytes(HASH_BYTES), datetime.now(UTC))
    except EvidenceError:
        raise ValueError(
            f"RECEIPTS_ORIGIN is {origin!r}; name a host and a path, without blanks or +."
        ) from None


def refusal_digest(code: str) -> bytes:
    """What stands for the answer in the leaf of a refusal."""
    return sha256(code.encode()).digest()


def state(
    caller: Mapping[str, object], evidence: Evidence, matter: Matter, at: str | None = None
) -> Statement:
    """Make the leaf of a call that ended ``at`` a moment, by default now."""
    terms, digest = _encoded(_terms(caller, evidence, matter))
    secret = secrets.token_bytes(SECRET_BYTES)
    digests = {"request": evidence.request, "answer": matter.answer, "terms": digest}
    texts = {
        "log": evidence.log,
        "call": evidence.call or matter.call,
        "at": at or moment_text(datetime.now(UTC)),
        "contract": matter.contract,
        "outcome": matter.outcome,
        "code": matter.code,
    }
    text = made_leaf(texts, commit(secret, digests))
    agency = str(caller.get("agency", ""))
    return Statement(text, leaf_hash(text), agency, matter.call, secret, terms)


def anchor(log: str, chain: str, rows: int, head: bytes, at: datetime) -> Statement:
    """The leaf that binds another log's head; it opens nothing and is no agency's."""
    leaf = Anchor(log, moment_text(at), chain, rows, base64url(head))
    text = leaf.encode()
    return Statement(text, leaf_hash(text), "", "", b"", b"")


@lru_cache(1024)
def _encoded(terms: Terms) -> tuple[bytes, bytes]:
    """Terms as they are committed to, and their SHA-256; an agency's calls mostly share them."""
    text = terms.encode()
    return text, sha256(text).digest()


def _terms(caller: Mapping[str, object], evidence: Evidence, matter: Matter) -> Terms:
    """Who asked, by which key and grant, and by which way."""
    grants, purpose = caller.get("grants"), matter.purpose
    rows = grants if isinstance(grants, list | tuple) else ()
    fitting = (row for row in rows if purpose is None or row.get("purpose") == purpose)
    grant: Wire = next(fitting, {})
    return Terms(
        agency=str(caller.get("agency") or ""),
        basis=str(grant.get("basis") or ""),
        behalf=str(caller.get("on_behalf_of") or ""),
        grant=f"{matter.contract} until {grant['until']}" if "until" in grant else "",
        key=str(caller.get("key") or ""),
        purpose=str(purpose or ""),
        version=str(evidence.version or ""),
        way=evidence.way,
    )


class Puts(Protocol):
    """Takes messages that go with the commit: a Tx of bus/database/store.py."""

    def put_leaves(self, statements: Sequence[Statement]) -> None: ...


def question_leaves(
    cause: Envelope | None, agency: str, contract: str, question: str, body: bytes
) -> list[Statement]:
    """The leaves of a question to an agency that serves a contract, which ``cause`` led to: one for
    each of the two, found by the id of the call that its own receipt names, or of the question.
    None if no agency asked that by a face that logs.
    """
    evidence = Evidence.of(cause.caller) if cause else None
    if evidence is None or cause is None or cause.caller is None:
        return []
    calls = {agency: question, str(cause.caller.get("agency", "")): evidence.call or cause.id}
    return [
        state(
            {"agency": whose},
            Evidence(evidence.log, QUEUE, sha256(body).digest(), call=call),
            Matter(contract, f"{ASKED}:{call}", None, ASKED, "", sha256(b"").digest()),
        )
        for whose, call in calls.items()
    ]


def call_in_log(envelope: Envelope) -> str:
    """The id by which the receipt of a message's call names it."""
    evidence = Evidence.of(envelope.caller)
    return (evidence.call if evidence else "") or envelope.id


def caller_of_answer(agency: str, body: bytes) -> Wire | None:
    """The caller of the envelope of an agency's answer, for its leaf; None without a log."""
    log = Settings().get("RECEIPTS_ORIGIN")
    if log is None:
        return None
    return {"agency": agency, EVIDENCE: Evidence(log, QUEUE, sha256(body).digest()).to_wire()}


def answer_leaf(envelope: Envelope) -> Statement | None:
    """The leaf of an agency's answer that was taken; its question has one of its own, whose call is
    the same, and of which the id stands for the request. None without a log.
    """
    evidence, question = Evidence.of(envelope.caller), envelope.correlation
    if evidence is None or envelope.caller is None:
        return None
    of_question = replace(evidence, request=sha256(question.encode()).digest())
    matter = Matter(envelope.type, question, None, ANSWERED, "", evidence.request)
    return state(envelope.caller, of_question, matter)


class Leaves:
    """The leaves of the calls of one transaction: one message, whatever number of calls."""

    def __init__(self, contract: object) -> None:
        self._contract = contract if isinstance(contract, Request) and is_logged(contract) else None
        self._statements: list[Statement] = []
        self._at = moment_text(datetime.now(UTC))

    def mark(self, envelope: Envelope, data: Wire, reply: Wire | None) -> Wire | None:
        """The reply with the mark of its leaf; as it was if no agency asked by a face that logs."""
        evidence = Evidence.of(envelope.caller) if self._contract else None
        if evidence is None or reply is None or self._contract is None or not envelope.caller:
            return reply
        error = reply.get("error")
        if error is not None:
            code = str(error.get("code", ""))
            outcome, answer, marked = REFUSED, refusal_digest(code), reply
        else:
            # Written once: the inbox and the answer take these bytes over as they are.
            body = orjson.dumps(reply["result"])
            outcome, code, answer = ANSWERED, "", sha256(body).digest()
            marked = {"result": orjson.Fragment(body)}
        matter = Matter(
            self._contract.name, envelope.id, data.get("purpose"), outcome, code, answer
        )
        statement = state(envelope.caller, evidence, matter, self._at)
        self._statements.append(statement)
        return {**marked, MARK: Mark(statement.hash, answer).write()}

    def put(self, tx: Puts) -> None:
        """Have them go with the commit."""
        if self._statements:
            tx.put_leaves(self._statements)


def message(statements: Sequence[Statement], source: str) -> tuple[Envelope, bytes]:
    """The Command that brings leaves to the log."""
    body = orjson.dumps({"leaves": [statement.to_wire() for statement in statements]})
    return Envelope.new(ADD_LEAVES, source), body


def join_bodies(bodies: Sequence[bytes]) -> bytes:
    """One body of ADD_LEAVES with the leaves of several, as ``message`` writes them."""
    inner = [body.removeprefix(_OPEN).removesuffix(_CLOSE) for body in bodies]
    return _OPEN + b",".join(inner) + _CLOSE


def outbox_row(statements: Sequence[Statement], source: str) -> Wire:
    """The same as a row of the outbox, kept until the log has it."""
    envelope, body = message(statements, source)
    return {
        "id": envelope.id,
        "exchange": topology.COMMANDS,
        "name": ADD_LEAVES,
        "headers": envelope.headers(),
        "body": body,
        "awaits": [KEEPER],
    }


_marks: ContextVar[list[Mark] | None] = ContextVar("marks", default=None)


def collect_marks() -> list[Mark]:
    """The marks of the replies that this context gets from now on."""
    marks: list[Mark] = []
    _marks.set(marks)
    return marks


def note_mark(text: object) -> None:
    """Keep the mark of a reply for who collects them in this context."""
    marks, mark = _marks.get(), Mark.parse(text)
    if marks is not None and mark is not None:
        marks.append(mark)


@contextmanager
def naming_outages() -> Iterator[None]:
    """Unavailable ``receipts.unavailable`` for whatever keeps a leaf from being kept now."""
    try:
        yield
    except Unavailable as error:
        raise Unavailable(
            "No receipt can be made now, so that nothing is answered either; try again later.",
            code="receipts.unavailable",
        ) from error
