"""Reads what the registry held for questions, with debts and changes that came since."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from iran import persian
from services.inquiry.domain.question import Question, Snapshot
from services.inquiry.domain.records import SourceRecord
from services.inquiry.questions import source_debts
from services.inquiry.registry import lookup
from services.inquiry.registry.lookup import DataVersion, Key, KeyAt, Match, Matches


def with_debts(
    conn: Connection, questions: Sequence[Question], now: dt.datetime
) -> list[Snapshot | None]:
    """Read the snapshot of each question; None if nothing was ever loaded.

    Where the purpose shows debts of now, what billing has announced since is in its records.
    """
    read = _read(conn, questions)
    indebted = [
        snapshot
        for question, snapshot in zip(questions, read, strict=True)
        if snapshot and question.as_of is None and "debt" in question.purpose.blocks
    ]
    files = {record["file_no"] for snapshot in indebted for record in snapshot.records}
    if files:
        loaded_at = max(snapshot.loaded_at for snapshot in indebted)
        debts = source_debts.billed(conn, files, loaded_at, persian.tehran_day(now))
        for snapshot in indebted:
            for record in snapshot.records:
                record["billed_debt"] = debts.get(record["file_no"])
    return read


def is_holder(conn: Connection, key_kind: str, key: str, file_no: str) -> bool:
    """Tell whether the person is the holder or a partner of the file now."""
    (matches,) = lookup.find(conn, [Key(key_kind, key, None)])
    return any(match.record["file_no"] == file_no for match in matches.records)


def _read(conn: Connection, questions: Sequence[Question]) -> list[Snapshot | None]:
    matches = lookup.find(conn, [Key(q.key_kind, q.key, q.as_of) for q in questions])
    versions = lookup.data_versions(conn, {of_key.version for of_key in matches})
    read = [
        _snapshot(of_key, version) if (version := versions.get(of_key.version)) else None
        for of_key in matches
    ]
    return _with_later_changes(conn, questions, read)


def _snapshot(of_key: Matches, version: DataVersion) -> Snapshot:
    return Snapshot(
        [_record(match) for match in of_key.records],
        version.decrees,
        of_key.version,
        version.known_from,
        of_key.unread_since,
        version.unread_kinds,
    )


def _record(match: Match) -> SourceRecord:
    """The record, with the day in Iran since when rows that name it cannot be read."""
    if match.unread_since is None:
        return match.record
    return {**match.record, "unread_since": persian.tehran_day(match.unread_since).isoformat()}


def _with_later_changes(
    conn: Connection, questions: Sequence[Question], read: list[Snapshot | None]
) -> list[Snapshot | None]:
    """Note where a day of the past is asked about and a record changed since."""
    past = {
        at: KeyAt(question.key_kind, question.key, snapshot.loaded_at)
        for at, (question, snapshot) in enumerate(zip(questions, read, strict=True))
        if snapshot and question.as_of is not None
    }
    for at, changed in zip(past, lookup.changed_since(conn, [*past.values()]), strict=True):
        if changed and (snapshot := read[at]):
            read[at] = dataclasses.replace(snapshot, changed_since=True)
    return read
