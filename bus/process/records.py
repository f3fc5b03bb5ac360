"""The operational record: who called which contract, when, how long, how large, how it ended.

Nothing of what was asked or answered, and nobody's ID: what callers chose themselves (keys of
idempotency, tracking codes) is kept as a digest, by which it can be found again.

A process keeps at most RECORDS_A_SECOND calls one by one, and as many that failed; all calls count
in sums of a minute. What waits is bounded, and lost with the process: no call waits for its record.
"""

import hashlib
import re
import socket
import time
from collections import deque
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from prometheus_client import Counter

from bus.settings import Settings
from bus.wire import Wire

A_SECOND = 20
MOST_WAITING, MOST_SUMS, AT_ONCE = 5_000, 2_000, 200
MINUTE = 60_000
DONE, REFUSED, FAILED = "done", "refused", "failed"
CLIENT, SERVICE = "client", "service"
OUR_FAULTS = frozenset({"Unavailable", "Internal"})
# What every page and every minute asks, and the record itself.
UNRECORDED = frozenset(
    {
        "agencies.claim_calls.v1",
        "agencies.copies.v1",
        "agencies.find_calls.v1",
        "agencies.note_calls.v1",
        "agencies.note_refusals.v1",
        "agencies.record_calls.v1",
        "notify.accounts.v1",
        "notify.current.v1",
        "notify.note_probes.v1",
        "ticketing.mail_figures.v1",
        "ticketing.operator.v1",
        "ticketing.session.v1",
    }
)
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
RECORDS = Counter(
    "mirab_call_records_total",
    "Calls of the operational record: kept one by one, only counted, or lost",
    ["outcome"],
)
for _outcome in ("kept", "counted", "lost"):
    RECORDS.labels(_outcome)


def is_recorded(contract: str) -> bool:
    """True if calls of a contract stand in the record."""
    return contract not in UNRECORDED and ".health." not in contract


def digest_of(text: str) -> str:
    """The form in which an id is kept that somebody else chose: 32 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def safe_id(text: str | None) -> str | None:
    """An id of ours as it is, another as its digest."""
    if not text:
        return None
    return text if _OURS.fullmatch(text) else digest_of(text)


def now_ms() -> int:
    """The moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class CallRecord:
    """One call as one side saw it, by the fields of X-Road's operational monitoring.

    The four moments (milliseconds since 1970) are those at which it came in, went on, came back and
    was answered; ``source`` is what sent the message; ``way`` how its asker was proven,
    ``receipt`` the hash of the leaf that its answer promised.
    """

    side: str
    contract: str
    trace_id: str
    request_in: int
    source: str
    agency: str | None = None
    on_behalf_of: str | None = None
    method: str | None = None
    route: str | None = None
    message_id: str | None = None
    correlation: str | None = None
    keys: list[str] = field(default_factory=list)
    request_out: int | None = None
    response_in: int | None = None
    response_out: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    together: int = 1
    status: int | None = None
    outcome: str = DONE
    code: str | None = None
    way: str | None = None
    receipt: str | None = None
    xroad: Wire | None = None

    def to_wire(self, part: str, host: str) -> Wire:
        """As contracts.agencies.records.CallRecord has it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"part": part, "host": host}


@dataclass(slots=True)
class HttpCall:
    """A request that a face answers: the records of the calls that it led to wait for its end."""

    began: int
    calls: list[CallRecord] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    on_behalf_of: str | None = None
    way: str | None = None
    receipt: str | None = None
    xroad: Wire | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class HttpEnd:
    """How a request to a face ended; ``agency`` and ``contract`` where they were known."""

    method: str
    route: str
    status: int
    code: str | None
    agency: str | None
    contract: str | None
    trace_id: str
    request_bytes: int
    response_bytes: int


class Recorder:
    """The record of this process until it is sent."""

    def __init__(self) -> None:
        self._part, self._host, self._a_second = "", socket.gethostname()[:100], A_SECOND
        self._waiting: deque[Wire] = deque()
        self._sums: dict[tuple[int, str, str, str, str], list[int]] = {}
        self._second, self._room = 0, {False: A_SECOND, True: A_SECOND}

    def configure(self, part: str, settings: Settings) -> None:
        """Name the process, and read how many calls it keeps one by one in a second."""
        self._part = part
        self._a_second = settings.whole("RECORDS_A_SECOND", A_SECOND)

    def keep(self, record: CallRecord) -> None:
        """Count a call that ended, and keep it if there is room."""
        self._count(record)
        if not self._has_room(failed=record.outcome != DONE):
            RECORDS.labels("counted").inc()
        elif len(self._waiting) >= MOST_WAITING:
            RECORDS.labels("lost").inc()
        else:
            RECORDS.labels("kept").inc()
            self._waiting.append(record.to_wire(self._part, self._host))

    def take(self, *, all_sums: bool = False) -> Wire | None:
        """What is to be sent next: records, and the sums of minutes that are over; None if there
        is nothing.
        """
        records = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        minute = now_ms() // MINUTE * MINUTE
        over = [key for key in self._sums if all_sums or key[0] < minute][:AT_ONCE]
        sums = [self._sum_of(key, self._sums.pop(key)) for key in over]
        return {"records": records, "sums": sums} if records or sums else None

    def lost(self, batch: Wire) -> None:
        """Count what was taken and could not be sent."""
        RECORDS.labels("lost").inc(len(batch["records"]) + sum(s["count"] for s in batch["sums"]))

    def _has_room(self, *, failed: bool) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._room = {False: self._a_second, True: self._a_second}
        if self._room[failed] <= 0:
            return False
        self._room[failed] -= 1
        return True

    def _count(self, record: CallRecord) -> None:
        minute = record.request_in // MINUTE * MINUTE
        agency = record.agency or ""
        key = (minute, record.side, record.contract, agency, record.code or "")
        milliseconds = max(record.response_out - record.request_in, 0)
        sums = self._sums.get(key)
        if sums is None:
            if len(self._sums) >= MOST_SUMS:
                RECORDS.labels("lost").inc()
                return
            sums = self._sums[key] = [0, 0, 0, 0, 0]
        sums[0] += 1
        sums[1] += milliseconds
        sums[2] = max(sums[2], milliseconds)
        sums[3] += record.request_bytes
        sums[4] += record.response_bytes

    def _sum_of(self, key: tuple[int, str, str, str, str], sums: list[int]) -> Wire:
        minute, side, contract, agency, code = key
        names = ("count", "milliseconds", "longest", "request_bytes", "response_bytes")
        return {
            "minute": minute,
            "side": side,
            "contract": contract,
            "agency": agency,
            "code": code,
            **dict(zip(names, sums, strict=True)),
        }


RECORDER = Recorder()
_http: ContextVar[HttpCall | None] = ContextVar("http", default=None)


def begin_http() -> HttpCall:
    """Begin the record of a request to a face; calls of this context belong to it from now on."""
    call = HttpCall(now_ms())
    _http.set(call)
    return call


def note_http(keys: Iterable[object] = (), on_behalf_of: str | None = None) -> None:
    """Have the request be found by these keys, and say in whose name it was made."""
    call = _http.get()
    if call is not None:
        call.keys += [digest_of(key) for key in keys if isinstance(key, str) and key]
        call.on_behalf_of = on_behalf_of or call.on_behalf_of


def note_xroad(names: Wire) -> None:
    """Say how the request names itself in X-Road (contracts.agencies.xroad.XRoadCall)."""
    call = _http.get()
    if call is not None:
        call.xroad = names


def note_way(way: str) -> None:
    """Say by which way the asker of the request was proven."""
    call = _http.get()
    if call is not None:
        call.way = way


def note_receipt(leaf: str) -> None:
    """Say which leaf the answer to the request promises."""
    call = _http.get()
    if call is not None:
        call.receipt = leaf


def ended(record: CallRecord, kind: str | None, code: str | None) -> None:
    """Record how a call over the bus ended: at once, or with the request that it belongs to."""
    record.response_in = record.response_out = now_ms()
    record.code, record.outcome = code, outcome_of(kind)
    http = _http.get()
    if http is None or http.over:
        RECORDER.keep(record)
    else:
        http.calls.append(record)


def end_http(http: HttpCall, end: HttpEnd) -> None:
    """Record the calls of a request that a face has answered; a request to a contract that was
    refused before any call is a record of its own.
    """
    http.over = True
    calls, now = http.calls, now_ms()
    if not calls and end.contract is not None and is_recorded(end.contract) and end.code:
        outcome = FAILED if end.status >= 500 else REFUSED  # noqa: PLR2004 - HTTP's own number
        record = CallRecord(CLIENT, end.contract, end.trace_id, http.began, "")
        record.outcome, record.code, record.request_bytes = outcome, end.code, end.request_bytes
        calls = [record]
    for call in calls:
        call.request_in, call.response_out = http.began, now
        call.agency = call.agency or end.agency
        call.on_behalf_of, call.way, call.xroad = http.on_behalf_of, http.way, http.xroad
        call.receipt = http.receipt
        call.method, call.route, call.status = end.method, end.route, end.status
        call.keys = http.keys
        call.response_bytes = end.response_bytes
        RECORDER.keep(call)


def outcome_of(kind: str | None) -> str:
    """How a call ended, by the kind of its error; None for none."""
    if kind is None:
        return DONE
    return FAILED if kind in OUR_FAULTS else REFUSED
