"""Marks snapshots with what could not be read of the newest export."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from iran import persian
from services.inquiry.domain.question import Question, Snapshot
from services.inquiry.domain.records import SourceRecord
from services.inquiry.registry import lookup
from services.inquiry.registry.lookup import DataVersion, KeyAt


def mark_unread(
    conn: Connection,
    questions: Sequence[Question],
    snapshots: list[Snapshot | None],
    versions: Mapping[int, DataVersion],
) -> list[Snapshot | None]:
    """Return the snapshots with ``unread_since`` of each key and source that unreadable rows name.

    It costs no statement while every row of the export could be read.
    """
    doubtful = {number for number, version in versions.items() if version.unread_kinds}
    wanted = {
        key: None
        for question, snapshot in zip(questions, snapshots, strict=True)
        if snapshot and snapshot.data_version in doubtful
        for key in _keys(question, snapshot)
    }
    if not wanted:
        return snapshots
    since = dict(zip(wanted, lookup.unread_since(conn, [*wanted]), strict=True))
    return [
        _mark(question, snapshot, versions[snapshot.data_version], since)
        if snapshot and snapshot.data_version in doubtful
        else snapshot
        for question, snapshot in zip(questions, snapshots, strict=True)
    ]


def _keys(question: Question, snapshot: Snapshot) -> list[KeyAt]:
    moment = snapshot.loaded_at
    files = [KeyAt("file_no", record["file_no"], moment) for record in snapshot.records]
    return [KeyAt(question.key_kind, question.key, moment), *files]


def _mark(
    question: Question,
    snapshot: Snapshot,
    version: DataVersion,
    since: Mapping[KeyAt, dt.datetime | None],
) -> Snapshot:
    for_key, *for_files = [since[key] for key in _keys(question, snapshot)]
    records = [
        _marked(record, moment) if moment else record
        for record, moment in zip(snapshot.records, for_files, strict=True)
    ]
    return replace(
        snapshot, records=records, unread_since=for_key, unread_kinds=version.unread_kinds
    )


def _marked(record: SourceRecord, moment: dt.datetime) -> SourceRecord:
    return {**record, "unread_since": persian.tehran_day(moment).isoformat()}
