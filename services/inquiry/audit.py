"""Verifies the chained log of inquiries: `python -m services.inquiry.audit`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bus.database.store import Store
from bus.errors import Unavailable
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.inquiry.domain import chain
from services.inquiry.persons.askings import entry_of
from services.inquiry.questions import anchors, inquiry_log

WHOLE, BROKEN, UNABLE = 0, 1, 2
REPORT_EVERY = 50_000


class Expected(NamedTuple):
    """A row and the hash that was noted of it earlier."""

    seq: int
    hash: str


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0: whole; 1: broken, with the first broken row; 2: not verified."""
    options = _options().parse_args(argv)
    try:
        expected = [*_expected(options.expect), *_anchored(options.anchors)]
        store = Store(Settings().text("DB_URL"), source="audit", connections=1)
        with store.transaction() as tx:
            tx.conn.exec_driver_sql("set transaction isolation level repeatable read, read only")
            if options.find is not None:
                return _find(tx.conn, options.find)
            problem = verify(tx.conn, expected, options.first)
            if problem is None:
                print(_summary(tx.conn, options.first))
    except (MissingSettings, Unavailable, OSError, ValueError, SQLAlchemyError) as error:
        reason = str(error).splitlines()[0]
        print(f"The log could not be verified: {reason}", file=sys.stderr)
        return UNABLE
    if problem is not None:
        print(problem)
    return WHOLE if problem is None else BROKEN


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.inquiry.audit",
        description=(
            "Follows the log of inquiries from its first row and tells whether any was changed, "
            "removed or put in. Needs DB_URL. Keep the hash it prints elsewhere; with --expect "
            "it proves later that the log still begins as it did."
        ),
    )
    parser.add_argument(
        "--expect",
        metavar="SEQ:HASH",
        help="also require that row SEQ has this hash, as noted earlier",
    )
    parser.add_argument(
        "--anchors",
        type=Path,
        metavar="FILE",
        help="also require that the log begins as the log of receipts says it does: leaves of "
        "/v1/log/entries as JSON texts, one a line, of which the anchors of this log are taken",
    )
    parser.add_argument(
        "--from",
        dest="first",
        type=int,
        default=1,
        metavar="SEQ",
        help="begin at this row and trust the hash of the row before it",
    )
    parser.add_argument(
        "--find",
        metavar="REFERENCE",
        help="print the number of the row that a person's objection names, and nothing else; "
        "needs INQUIRY_LOG_KEY",
    )
    return parser


def _find(conn: Connection, reference: str) -> int:
    """Print the number of the row of a reference (services/inquiry/persons/askings.py)."""
    log_key = Settings().secret("INQUIRY_LOG_KEY").reveal()
    number = entry_of(conn, log_key, reference.strip().lower())
    print(number if number is not None else "there is no such row")
    return WHOLE if number is not None else BROKEN


def verify(conn: Connection, expected: Sequence[Expected], first: int = 1) -> str | None:
    """Verify the log from row ``first`` on; return what is broken in a sentence, None if nothing.

    ValueError if it cannot be verified from that row.
    """
    previous = _before(conn, first)
    head = inquiry_log.log_head(conn)
    if head is None:
        return "BROKEN: the head of the log was removed; the end of the log cannot be known."
    if before := [row.seq for row in expected if row.seq < first]:
        raise ValueError(f"row {before[0]} that is expected lies before row {first} of --from")
    noted: dict[int, str] = {}
    rows = _noting(inquiry_log.read_log(conn, first - 1), expected, noted, last=head[0])
    broken, reached, following = chain.first_broken(rows, previous, first)
    if broken is not None:
        return f"BROKEN at row {broken}: it was changed, or a row before it is missing."
    if (following - 1, reached) != head:
        return (
            f"BROKEN after row {following - 1}: the log ends there, but row {head[0]} was written."
        )
    for row in expected:
        if noted.get(row.seq) != row.hash:
            return f"BROKEN: row {row.seq} does not have the hash that was noted."
    altered = inquiry_log.first_altered_answer(conn, first)
    if altered is not None:
        return f"BROKEN: the answer of row {altered} is not the one that was given."
    return None


def _summary(conn: Connection, first: int) -> str:
    head = inquiry_log.log_head(conn)
    assert head is not None
    seq, written = head
    whole = f"{seq} rows" if first == 1 else f"rows {first} to {seq}"
    return f"whole: {whole}; head {seq}:{written.hex()}"


def _before(conn: Connection, first: int) -> bytes:
    """The hash on which row ``first`` stands."""
    if first < 1:
        raise ValueError("the first row of the log is 1")
    if first == 1:
        return chain.GENESIS
    previous = inquiry_log.log_hash(conn, first - 1)
    if previous is None:
        raise ValueError(f"there is no row {first - 1} for --from {first} to stand on")
    return previous


def _noting(
    rows: Iterator[tuple[int, bytes, bytes]],
    expected: Sequence[Expected],
    noted: dict[int, str],
    *,
    last: int,
) -> Iterator[tuple[int, bytes, bytes]]:
    """Pass rows on; note the hashes of the expected ones, and show the progress on stderr."""
    wanted = {row.seq for row in expected}
    for seq, content, written in rows:
        if seq in wanted:
            noted[seq] = written.hex()
        if seq % REPORT_EVERY == 0:
            print(f"  {seq} of {last} rows", file=sys.stderr)
        yield seq, content, written


def _anchored(file: Path | None) -> list[Expected]:
    """The heads that the log of receipts has of this log."""
    if file is None:
        return []
    with file.open(encoding="ascii") as lines:
        expected = [Expected(rows, head.hex()) for rows, head in anchors.read(lines)]
    if not expected:
        raise ValueError(f"{file} has no anchor of the log of inquiries")
    return expected


def _expected(text: str | None) -> list[Expected]:
    if text is None:
        return []
    seq, colon, hash_ = text.partition(":")
    if not colon or not seq.isdigit():
        raise ValueError("write --expect as SEQ:HASH, as the audit prints it")
    return [Expected(int(seq), hash_)]


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
