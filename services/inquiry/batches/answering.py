"""The parts of a batch, answered one after the other, each by what its asker may at that moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from bus.database.store import Tx
from bus.envelope import Envelope
from bus.errors import BusError, Forbidden, Unauthenticated
from bus.settings import Settings
from contracts.inquiry.questions import ASK, BATCH_ANSWERED, SUBMIT_BATCH
from services.inquiry import askers as members
from services.inquiry.batches import store as batches
from services.inquiry.domain.answer import instant
from services.inquiry.questions import answering as asking
from services.inquiry.questions.answering import Asked


def answer(  # noqa: PLR0913 - a part, and what it is answered by
    tx: Tx, batch: str, part: int, *, now: datetime, settings: Settings, secret: str
) -> None:
    """Answers the lines of a part, or refuses them all if the right to ask was taken back since."""
    found = batches.get(tx.conn, batch)
    lines = batches.part_lines(tx.conn, batch, part)
    caller = batches.caller_of(found)
    refusal: BusError | None = None
    try:
        caller = members.still(settings, caller, SUBMIT_BATCH.name)
    except (Forbidden, Unauthenticated) as error:
        refusal = error
    matter = {name: found[name] for name in ("purpose", "case_number", "operator")}
    matter["as_of"] = batches.as_of_text(found)
    asked = [
        Asked(
            _envelope(tx.envelope, found, line, caller),
            {**matter, "key_kind": line.key_kind, "key": line.key},
        )
        for line in lines
    ]
    results: Sequence[asking.Result]
    if refusal:
        results = asking.refuse_all(tx.conn, asked, refusal, now=now, secret=secret)
    else:
        results = asking.answer_all(tx.conn, asked, now=now, secret=secret)
    noted = [_outcome(line, result) for line, result in zip(lines, results, strict=True)]
    if batches.note_results(tx.conn, batch, noted, now):
        behalf = members.asker_in(caller).on_behalf_of
        told = {"on_behalf_of": behalf} if behalf else {}
        tx.publish(
            BATCH_ANSWERED, batch=batch, agency=found["agency"], lines=found["lines"], **told
        )


def _envelope(
    cause: Envelope | None, batch: dict[str, Any], line: Any, caller: Mapping[str, Any]
) -> Envelope:
    """The envelope of one line: asked by the batch's submitter, in the batch's matter."""
    return Envelope.new(
        ASK.name,
        "inquiry.batch",
        cause=cause,
        id=f"{batch['batch']}/{line.line}",
        time=instant(batch["submitted_at"]),
        caller=dict(caller),
    )


def _outcome(line: Any, result: asking.Result) -> dict[str, Any]:
    """What a line of a batch is told: its answer's code, or why it was refused."""
    if not isinstance(result, BusError):
        return {"line": line.line, "tracking_code": result["tracking_code"], "problem": None}
    field = result.fields[0].field if result.fields else None
    problem = {"field": field, "code": result.code, "detail": result.message}
    return {"line": line.line, "tracking_code": None, "problem": orjson.dumps(problem).decode()}
