"""Marks what the register holds with what it could not read of the newest export."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from iran import persian
from services.inquiry.domain.answer import Known, Question
from services.inquiry.registry import lookup as registry_store
from services.inquiry.registry.lookup import Register

Marked = list[Known | None]


def marked(
    conn: Connection,
    questions: Sequence[Question],
    known: Marked,
    registers: Mapping[int, Register],
) -> Marked:
    """The same, with ``unread_since`` of each key and source that unreadable rows name.

    It costs no statement while every row of the export could be read.
    """
    doubtful = {version for version, register in registers.items() if register.unread}
    wanted = {
        key: None
        for question, of in zip(questions, known, strict=True)
        if of and of.data_version in doubtful
        for key in _keys(question, of)
    }
    if not wanted:
        return known
    since = dict(zip(wanted, registry_store.unread_since(conn, [*wanted]), strict=True))
    return [
        _mark(question, of, registers[of.data_version], since)
        if of and of.data_version in doubtful
        else of
        for question, of in zip(questions, known, strict=True)
    ]


Key = tuple[str, str, dt.datetime]


def _keys(question: Question, known: Known) -> list[Key]:
    files = [("file_no", record["file_no"], known.loaded_at) for record in known.records]
    return [(question.key_kind, question.key, known.loaded_at), *files]


def _mark(
    question: Question, known: Known, register: Register, since: Mapping[Key, dt.datetime | None]
) -> Known:
    for_key, *for_files = [since[key] for key in _keys(question, known)]
    records = [
        {**record, "unread_since": persian.tehran_day(moment).isoformat()} if moment else record
        for record, moment in zip(known.records, for_files, strict=True)
    ]
    return replace(known, records=records, unread_since=for_key, unread=register.unread)
