"""From questions to answers: judged by purpose, looked up together, composed, kept and logged."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bus.envelope import Envelope
from bus.errors import BusError, FieldError, RuleBroken, Unavailable
from iran import persian
from services.inquiry.domain import answer, codes, purposes
from services.inquiry.domain.answer import Known, Question
from services.inquiry.domain.question import Name
from services.inquiry.questions import grant_quotas as quotas
from services.inquiry.questions import inquiry_log as store
from services.inquiry.questions import source_debts as standing
from services.inquiry.registry import lookup as registry_store
from services.inquiry.registry import unread

Result = dict[str, Any] | BusError


class Asked(NamedTuple):
    """What was asked, as the contract has it, and the envelope that brought it."""

    message: Envelope
    data: Mapping[str, Any]


def answer_all(
    conn: Connection, asked: Sequence[Asked], *, now: dt.datetime, secret: str
) -> list[Result]:
    """Answers or refuses each, in order; each leaves its row in the log, in this transaction."""
    judged = _within_quotas(conn, [judge(each, now) for each in asked], now)
    questions = [question for question in judged if isinstance(question, Question)]
    answers = iter(_answers(conn, questions, now))
    results: list[Result] = [
        next(answers) if isinstance(each, Question) else each for each in judged
    ]
    hashes = store.add_answers(conn, [result for result in results if isinstance(result, dict)])
    rows = [
        log_row(each, result, secret, hashes, getattr(question, "basis", None))
        for each, question, result in zip(asked, judged, results, strict=True)
    ]
    store.add_log(conn, rows, now)
    return results


def refuse_all(
    conn: Connection, asked: Sequence[Asked], refusal: BusError, *, now: dt.datetime, secret: str
) -> list[BusError]:
    """Refuses each for the same reason; each leaves its row in the log, in this transaction."""
    store.add_log(conn, [log_row(each, refusal, secret, {}) for each in asked], now)
    return [refusal] * len(asked)


def _within_quotas(
    conn: Connection, judged: list[Question | BusError], now: dt.datetime
) -> list[Question | BusError]:
    """The same, with a refusal for each question that is over its grant's quota of the day."""
    limited = {
        at: quotas.Counted(each.on_behalf_of or each.agency, each.purpose_code, each.per_day)
        for at, each in enumerate(judged)
        if isinstance(each, Question) and each.per_day is not None
    }
    if limited:
        for at, refusal in zip(limited, quotas.take(conn, [*limited.values()], now), strict=True):
            if refusal:
                judged[at] = refusal
    return judged


def judge(asked: Asked, now: dt.datetime) -> Question | BusError:
    """The question, if its asker may ask it; otherwise the refusal."""
    caller, data, day = asked.message.caller or {}, asked.data, persian.tehran_day(now)
    grants = caller.get("grants") or ()
    allowed = purposes.check(data["purpose"], grants, data["key_kind"], day)
    if isinstance(allowed, BusError):
        return allowed
    as_of = moment_asked_about(data, now)
    if isinstance(as_of, RuleBroken):
        return as_of
    grant = purposes.grant_of(data["purpose"], grants, day) or {}
    return Question(
        agency=str(caller.get("agency")),
        purpose_code=data["purpose"],
        purpose=allowed,
        key_kind=data["key_kind"],
        key=data["key"],
        case_number=data.get("case_number"),
        asked_at=_moment(asked.message.time, now),
        as_of=as_of,
        on_behalf_of=caller.get("on_behalf_of"),
        basis=grant.get("basis"),
        per_day=grant.get("per_day"),
        agency_name=Name.of(caller.get("names")),
        behalf_name=Name.of(caller.get("names_of_behalf")),
    )


def moment_asked_about(
    data: Mapping[str, Any], now: dt.datetime
) -> dt.datetime | RuleBroken | None:
    """The moment of ``as_of``, None for now; a refusal if it lies ahead."""
    if not data.get("as_of"):
        return None
    as_of = dt.datetime.fromisoformat(data["as_of"])
    if as_of <= now:
        return as_of
    why = "as_of lies in the future; leave it out to ask about now."
    return RuleBroken(why, code="as_of.future", fields=[FieldError("as_of", "as_of.future", why)])


def _answers(conn: Connection, questions: Sequence[Question], now: dt.datetime) -> list[Result]:
    if not questions:
        return []
    results: list[Result] = []
    for question, known in zip(questions, _with_standing(conn, questions, now), strict=True):
        if known is None:
            results.append(_empty())
        else:
            results.append(_compose(question, known, now))
    return results


def _empty() -> Unavailable:
    return Unavailable(
        "The register is empty; the water company has to load its export first.",
        code="register.empty",
    )


def _compose(question: Question, known: Known, now: dt.datetime) -> dict[str, Any]:
    return answer.compose(
        question,
        known,
        now=now,
        tracking_code=codes.new_tracking(),
        verification_code=codes.new_verification(),
    )


def _with_standing(
    conn: Connection, questions: Sequence[Question], now: dt.datetime
) -> list[Known | None]:
    """What the register held, and where debts are told of now, what billing has told since."""
    looked_up = _look_up(conn, questions)
    told = [
        known
        for question, known in zip(questions, looked_up, strict=True)
        if known and question.as_of is None and "debt" in question.purpose.blocks
    ]
    files = {record["file_no"] for known in told for record in known.records}
    if files:
        day = persian.tehran_day(now)
        standings = standing.of(conn, files, max(known.loaded_at for known in told), day)
        for known in told:
            for record in known.records:
                record["standing"] = standings.get(record["file_no"])  # type: ignore[index]
    return looked_up


def holds(conn: Connection, key_kind: str, key: str, file_no: str) -> bool:
    """True if the person is the holder or a partner of the file now."""
    (seen,) = registry_store.find(conn, [(key_kind, key, None)])
    return any(each.record["file_no"] == file_no for each in seen.records)


def answer_own(  # noqa: PLR0913 - a moment of asking and one of answering
    conn: Connection,
    asked: Asked,
    purpose: purposes.Purpose,
    asked_at: dt.datetime,
    *,
    now: dt.datetime,
    secret: str,
) -> dict[str, Any]:
    """Answers a person about one own file, keeps the answer and logs it. Raises Unavailable
    ``register.empty``.
    """
    data = asked.data
    question = Question(
        purposes.OWN_CODE, data["purpose"], purpose, data["key_kind"], data["key"],
        data["case_number"], asked_at, None,
        agency_name=Name(purposes.OWN_NAME_FA, purposes.OWN_NAME_EN),
    )  # fmt: skip
    (known,) = _with_standing(conn, [question], now)
    if known is None:
        raise _empty()
    records = [record for record in known.records if record["file_no"] == data["file_no"]]
    told = _compose(question, dataclasses.replace(known, records=records), now)
    hashes = store.add_answers(conn, [told])
    message = dataclasses.replace(asked.message, caller={"agency": purposes.OWN_CODE})
    store.add_log(conn, [log_row(Asked(message, data), told, secret, hashes)], now)
    return told


def _look_up(conn: Connection, questions: Sequence[Question]) -> list[Known | None]:
    """What the register held for each question; None if it was empty."""
    seen = registry_store.find(conn, [(q.key_kind, q.key, q.as_of) for q in questions])
    registers = registry_store.registers(conn, {each.version for each in seen})
    looked_up = [
        Known([match.record for match in records], of.decrees, version, of.known_from)
        if (of := registers.get(version))
        else None
        for version, records in seen
    ]
    marked = unread.marked(conn, questions, looked_up, registers)
    return _with_later_changes(conn, questions, marked)


def _with_later_changes(
    conn: Connection, questions: Sequence[Question], looked_up: list[Known | None]
) -> list[Known | None]:
    """The same; where a day of the past is asked about, with whether the record changed since."""
    past = [
        at
        for at, (question, known) in enumerate(zip(questions, looked_up, strict=True))
        if known and question.as_of is not None
    ]
    keys = [
        (questions[at].key_kind, questions[at].key, known.loaded_at)
        for at in past
        if (known := looked_up[at])
    ]
    for at, changed in zip(past, registry_store.changed_since(conn, keys), strict=True):
        if changed and (known := looked_up[at]):
            looked_up[at] = dataclasses.replace(known, changed_since=True)
    return looked_up


def log_row(
    asked: Asked,
    result: Result | None,
    secret: str,
    hashes: Mapping[str, str],
    basis: str | None = None,
) -> dict[str, Any]:
    """The row of the log for a question and what became of it; the key only as a keyed hash.

    Without a result it tells that answers given earlier were read again.
    """
    data, message = asked.data, asked.message
    caller = message.caller or {}
    row = {
        "agency": str(caller.get("agency")),
        "key_id": caller.get("key"),
        "contract": message.type,
        "purpose": data.get("purpose"),
        "operator": data.get("operator") or caller.get("operator"),
        "case_number": data.get("case_number"),
        "message_id": message.id,
        "trace_id": message.trace_id,
        "on_behalf_of": caller.get("on_behalf_of"),
        "basis": basis,
    }
    if "key" in data:
        row |= {
            "key_kind": data["key_kind"],
            "key_hash": store.key_hash(secret, data["key_kind"], data["key"]),
        }
    if result is None:
        return {**row, "outcome": "READ"}
    if isinstance(result, BusError):
        return {**row, "outcome": result.code}
    code = result["tracking_code"]
    return {
        **row,
        "outcome": result["outcome"],
        "tracking_code": code,
        "answer_hash": hashes.get(code),
    }


def _moment(text: str, otherwise: dt.datetime) -> dt.datetime:
    try:
        return min(dt.datetime.fromisoformat(text), otherwise)
    except (ValueError, TypeError):
        return otherwise
