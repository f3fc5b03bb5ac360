"""Verifies the chained log of inquiries: `python -m services.inquiry.audit`."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from bus.errors import Unavailable
from bus.settings import MissingSettings, Settings
from bus.store import Store
from services.inquiry import store as log
from services.inquiry.domain import chain

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
    given = parser.parse_args(argv)
    try:
        expected = _expected(given.expect)
        store = Store(Settings().text("DB_URL"), source="audit", connections=1)
        with store.transaction() as tx:
            tx.conn.exec_driver_sql("set transaction isolation level repeatable read, read only")
            return verify(tx.conn, expected)
    except (MissingSettings, Unavailable, ValueError) as error:
        print(f"The log could not be verified: {error}", file=sys.stderr)
        return UNABLE


def verify(conn: Any, expected: tuple[int, str] | None) -> int:
    """Verifies the whole log and prints what was found."""
    seq, told = log.log_head(conn)
    seen: dict[int, str] = {}
    wanted = expected[0] if expected else 0
    rows = _watched(log.read_log(conn, 0), wanted, seen, seq)
    broken, reached, following = chain.first_broken(rows, chain.GENESIS, 1)
    if broken is not None:
        print(f"BROKEN at row {broken}: it was changed, or a row before it is missing.")
        return BROKEN
    if (following - 1, reached) != (seq, told):
        print(f"BROKEN after row {following - 1}: the log ends there, but row {seq} was written.")
        return BROKEN
    if expected and seen.get(wanted) != expected[1]:
        print(f"BROKEN: row {wanted} does not have the hash that was noted.")
        return BROKEN
    print(f"whole: {seq} rows; head {seq}:{told.hex()}")
    return WHOLE


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
    sys.exit(main())
