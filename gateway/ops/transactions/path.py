"""The path of one call as a timeline: in at a face, over the broker, through services, answered."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contracts.agencies.records import FoundCall
from gateway.http.problems import PROBLEMS
from gateway.ops.staff.refusal_texts import PROBLEMS as IN_PERSIAN
from gateway.ops.transactions.words import FACES, SOURCES

KINDS = {"done": "good", "refused": "warn", "failed": "bad"}


class Step(NamedTuple):
    """One step; ``after`` is milliseconds since the first, ``terms`` (of machines) and ``lines``
    say more, ``code`` is that of a refusal, with what it means.
    """

    kind: str
    icon: str
    title: str
    after: int
    terms: Sequence[str]
    lines: Sequence[str]
    code: str | None = None
    meaning: str = ""


def steps(records: Iterable[FoundCall]) -> list[Step]:
    """Return the steps of all records of a trace, in the order of time."""
    timed = [step for record in records for step in _steps_of(record)]
    timed.sort(key=lambda pair: pair[0])
    first = timed[0][0] if timed else 0
    path: list[Step] = []
    for at, step in timed:
        # What a code means is said once.
        is_new = step.code not in {earlier.code for earlier in path}
        meaning = step.meaning if is_new else ""
        path.append(step._replace(after=at - first, meaning=meaning))
    return path


def _steps_of(record: FoundCall) -> list[tuple[int, Step]]:
    return _of_face(record) if record.side == "client" else _of_service(record)


def _of_face(record: FoundCall) -> list[tuple[int, Step]]:
    name, size = face_of(record), f"{record.request_bytes} بایت"
    way = [f"{record.method} {_path_of(record)}"] if record.method else []
    proof = f"راه ورود: {record.way}" if record.way else ""
    first = _step("info", "next", f"{name} درخواست را گرفت", way, [size, proof])
    path = [(record.request_in, first)]
    if record.request_out is not None:
        terms = [record.contract, record.message_id or ""]
        path.append((record.request_out, _step("neutral", "send", "پیام به کارگزار رفت", terms)))
    status = [f"HTTP {record.status}"] if record.status else []
    size = f"{record.response_bytes} بایت" if record.response_bytes else ""
    took = f"در {record.response_out - record.request_in} میلی‌ثانیه"
    return [*path, (record.response_out, _end(record, f"{name} پاسخ داد", status, [size, took]))]


def _of_service(record: FoundCall) -> list[tuple[int, Step]]:
    service = record.part or record.contract.split(".")[0]
    began = record.request_out or record.request_in
    waited = f"{began - record.request_in} میلی‌ثانیه در نوبت" if began > record.request_in else ""
    together = f"همراه {record.together - 1} درخواست دیگر" if record.together > 1 else ""
    source = SOURCES.get(record.source, record.source)
    lines = [f"از {source}" if source else "", waited, together]
    arrival = _step("neutral", "inbox", f"سرویس {service} پیام را گرفت", [record.contract], lines)
    done_at = record.response_in or record.response_out
    took = f"در {done_at - began} میلی‌ثانیه"
    ended = _end(record, f"سرویس {service} کار را انجام داد", [], [took])
    return [(record.request_in, arrival), (done_at, ended)]


def _path_of(record: FoundCall) -> str:
    """The path by which a contract is called; else the route, which holds no value."""
    route = record.route or ""
    if not route.startswith("/v{version"):
        return route
    context, operation, version = record.contract.split(".")
    return f"/{version}/{context}/{operation}"


def _step(
    kind: str, icon: str, title: str, terms: Sequence[str], lines: Sequence[str] = ()
) -> Step:
    return Step(kind, icon, title, 0, [t for t in terms if t], [line for line in lines if line])


def _end(record: FoundCall, title: str, terms: Sequence[str], lines: Sequence[str]) -> Step:
    """The step at which a side was done; a refusal stands with its meaning."""
    kind = KINDS[record.outcome]
    step = _step(kind, kind, title, terms, lines)
    return step._replace(code=record.code, meaning=meaning_of(record.code))


def face_of(record: FoundCall) -> str:
    """Return what the face is called that took a call, or what sent the message."""
    return FACES.get(record.part) or SOURCES.get(record.source) or record.source or record.part


def meaning_of(code: str | None) -> str:
    """Return what a code means and what to do, in Persian where there is a sentence for it."""
    if code is None:
        return ""
    if code in IN_PERSIAN:
        return IN_PERSIAN[code]
    problem = PROBLEMS.get(code)
    return f"{problem.title}. {problem.what_to_do}" if problem else ""
