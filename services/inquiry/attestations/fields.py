"""The fields of an attestation: an answer about one source, flat, each under a name of its own."""

import datetime as dt
from collections.abc import Iterator

from bus.errors import FieldError, RuleBroken
from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts.inquiry.answer import Answer, Source
from services.inquiry.domain.moments import tehran_day


def fields_of(answer: Answer, file_no: str | None) -> dict[str, object]:
    """Name each field of an answer about one of its sources, such as ``status.code``.

    ``day`` is the day in Iran that the status is of, so that no moment need be shown. Lists stay
    whole. RuleBroken ``attestation.source`` if the answer has not that source, or several and
    none is named.
    """
    source = _source(answer, file_no)
    common = to_wire(answer)
    del common["sources"]
    own = to_wire(source) if source else {}
    day = tehran_day(dt.datetime.fromisoformat(answer.as_of)).isoformat()
    return {"day": day, **dict(_flat(common)), **dict(_flat(own))}


def _source(answer: Answer, file_no: str | None) -> Source | None:
    """The source of that file number, or the only one; None for an answer without sources."""
    if file_no is None and len(answer.sources) <= 1:
        return answer.sources[0] if answer.sources else None
    for source in answer.sources:
        if source.file_no == file_no:
            return source
    sentence = (
        "The answer has several sources; name one by its file_no."
        if file_no is None
        else "The answer has no source of this file number."
    )
    fault = FieldError("file_no", "attestation.source", sentence)
    raise RuleBroken(sentence, code="attestation.source", fields=[fault])


def _flat(block: Json, before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in block.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
