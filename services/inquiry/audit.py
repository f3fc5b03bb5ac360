"""Verifies the chained log of inquiries: `python -m services.inquiry.audit`."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bus.database.store import Store
from bus.errors import Unavailable
from bus.process.private import own_files_only
from bus.settings import MissingSettings, Settings
from services.inquiry.domain import chain
from services.inquiry.questions import inquiry_log as log

WHOLE, BROKEN, UNABLE = 0, 1, 2
TELL_EVERY = 50_000


def main(argv: list[str] | None = None) -> int:
    """0: whole; 1: broken, and the first broken row is named; 2: could not be verified."""
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
        "--from",
        dest="first",
        type=int,
        default=1,
        metavar="SEQ",
        help="begin at this row and trust the hash of the row before it",
    )
    given = parser.parse_args(argv)
    try:
        expected = _expected(given.expect)
        store = Store(Settings().text("DB_URL"), source="audit", connections=1)
        with store.transaction() as tx:
            tx.conn.exec_driver_sql("set transaction isolation level repeatable read, read only")
            return verify(tx.conn, expected, given.first)
    except (MissingSettings, Unavailable, ValueError, SQLAlchemyError) as error:
        why = str(error).splitlines()[0]
        print(f"The log could not be verified: {why}", file=sys.stderr)
        return UNABLE


def verify(conn: Any, expected: tuple[int, str] | None, first: int = 1) -> int:
    """Verifies the log from row ``first`` on and prints what was found."""
    previous = _before(conn, first)
    head = log.log_head(conn)
    if head is None:
        print("BROKEN: the head of the log was removed; the end of the log cannot be known.")
        return BROKEN
    seq, told = head
    seen: dict[int, str] = {}
    wanted = expected[0] if expected else 0
    if expected and wanted < first:
        raise ValueError(f"row {wanted} of --expect lies before row {first} of --from")
    rows = _watched(log.read_log(conn, first - 1), wanted, seen, seq)
    broken, reached, following = chain.first_broken(rows, previous, first)
    if broken is not None:
        print(f"BROKEN at row {broken}: it was changed, or a row before it is missing.")
        return BROKEN
    if (following - 1, reached) != (seq, told):
        print(f"BROKEN after row {following - 1}: the log ends there, but row {seq} was written.")
        return BROKEN
    if expected and seen.get(wanted) != expected[1]:
        print(f"BROKEN: row {wanted} does not have the hash that was noted.")
        return BROKEN
    altered = log.first_altered_answer(conn, first)
    if altered is not None:
        print(f"BROKEN: the answer of row {altered} is not the one that was given.")
        return BROKEN
    whole = f"{seq} rows" if first == 1 else f"rows {first} to {seq}"
    print(f"whole: {whole}; head {seq}:{told.hex()}")
    return WHOLE


def _before(conn: Any, first: int) -> bytes:
    """The hash on which row ``first`` stands."""
    if first < 1:
        raise ValueError("the first row of the log is 1")
    if first == 1:
        return chain.GENESIS
    previous = log.log_hash(conn, first - 1)
    if previous is None:
        raise ValueError(f"there is no row {first - 1} for --from {first} to stand on")
    return previous


def _watched(
    rows: Iterator[tuple[int, dict[str, Any], bytes]], wanted: int, seen: dict[int, str], whole: int
) -> Iterator[tuple[int, dict[str, Any], bytes]]:
    for seq, content, told in rows:
        if seq == wanted:
            seen[seq] = told.hex()
        if seq % TELL_EVERY == 0:
            print(f"  {seq} of {whole} rows", file=sys.stderr)
        yield seq, content, told


def _expected(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    seq, colon, told = text.partition(":")
    if not colon or not seq.isdigit():
        raise ValueError("write --expect as SEQ:HASH, as the audit prints it")
    return int(seq), told


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
