"""Leaves as they are kept: up to 256 that were added at once are one row, a bundle, and each has a
narrow row of its own that finds it by its hash and by its call.

A row for each leaf with an index for each way to find it cost as much as all else of a receipt.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from bus.database.prepared import Prepared
from bus.database.store import Tx
from bus.errors import Internal
from bus.evidence.merkle import HASH_BYTES

MOST = 256
# Calls that share a key are looked through so many at a time, the newest first.
PAGE = 20
KEY_BYTES = 8
# What is set aside keeps its order, this far before the first place.
ASIDE = 2**62
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewLeaf:
    """A leaf, and what opens it: ``secret`` is the base64url of its secret."""

    hash: bytes
    leaf: str
    agency: str
    call: str
    secret: str
    terms: str


@dataclass(frozen=True, slots=True)
class KeptLeaf(NewLeaf):
    """A leaf at its place; ``secret`` and ``terms`` are empty once they were destroyed."""

    index: int


_ADD_BUNDLE = Prepared(
    "receipt_bundle_add",
    """
    insert into receipt_bundles (first, hashes, leaves, agencies, calls, openings, added_at)
    values (cast(%s as bigint), cast(%s as bytea), cast(%s as text), cast(%s as text),
            cast(%s as text), cast(%s as text), now())""",
)
_ADD_PLACES = Prepared(
    "receipt_places_add",
    """
    insert into receipt_places (index, hash, call)
    select cast(%s as bigint) + n - 1, hash, call
    from unnest(cast(cast(%s as text) as bigint[]), cast(cast(%s as text) as bigint[]))
        with ordinality as row(hash, call, n)""",
)
# A plan is made once a connection, maybe while the table is small: later it would read all of it.
_BY_INDEX = Prepared("receipt_places_by_index", "select set_config('enable_seqscan', 'off', true)")
_OF_HASHES = Prepared(
    "receipt_places_of_hashes",
    """
    select index from receipt_places
    where hash = any(cast(cast(%s as text) as bigint[])) and index >= 0""",
)
_ASIDE_OF_HASHES = Prepared(
    "receipt_places_aside_of_hashes",
    """
    select index from receipt_places
    where hash = any(cast(cast(%s as text) as bigint[])) and index < 0""",
)
_SET_ASIDE = Prepared(
    "receipt_bundles_set_aside",
    "update receipt_bundles set first = first - cast(%s as bigint) where first >= %s",
)
_SET_PLACES_ASIDE = Prepared(
    "receipt_places_set_aside",
    "update receipt_places set index = index - cast(%s as bigint) where index >= %s",
)
_DROP_ASIDE = Prepared("receipt_bundles_drop_aside", "delete from receipt_bundles where first < 0")
_DROP_PLACES_ASIDE = Prepared(
    "receipt_places_drop_aside", "delete from receipt_places where index < 0"
)
_NEXT_ASIDE = Prepared(
    "receipt_bundles_next_aside",
    """
    select first, hashes, leaves, agencies, calls, openings from receipt_bundles
    where first > cast(%s as bigint) and first < 0 order by first limit 1""",
)
_BEGIN_OF = Prepared(
    "receipt_bundle_begin_of", "select max(first) from receipt_bundles where first <= %s"
)
_OF_CALL = Prepared(
    "receipt_places_of_call",
    """
    select index from receipt_places
    where call = cast(%s as bigint) and index < cast(%s as bigint)
    order by index desc limit cast(%s as integer)""",
)
# The bundle of a place is the last that does not begin behind it.
_BUNDLES = """
    from receipt_bundles where first in (
        select (select max(first) from receipt_bundles where first <= place)
        from unnest(cast(%s as bigint[])) as wanted(place))"""
_HASHES = Prepared("receipt_bundle_hashes", f"select first, hashes {_BUNDLES}")
_WHOLE = Prepared(
    "receipt_bundles_whole", f"select first, hashes, leaves, agencies, calls, openings {_BUNDLES}"
)
_RANGE = Prepared(
    "receipt_bundles_range",
    """
    select first, hashes, leaves, agencies, calls, openings from receipt_bundles
    where first < cast(%s as bigint) and first >= coalesce(
        (select max(first) from receipt_bundles where first <= cast(%s as bigint)), 0)
    order by first""",
)


def is_kept(leaf: NewLeaf) -> bool:
    """True if nothing of a leaf would be read as the end of another: each is a line of its own."""
    text = leaf.leaf + leaf.agency + leaf.call + leaf.terms
    return "\n" not in text and "\0" not in text


def in_parts(items: Iterable[T]) -> Iterator[list[T]]:
    """These, as many at a time as one bundle has."""
    rest = iter(items)
    while part := list(islice(rest, MOST)):
        yield part


def add(tx: Tx, first: int, leaves: Sequence[NewLeaf]) -> None:
    """Keep leaves at the places from ``first`` on."""
    for start in range(0, len(leaves), MOST):
        part = leaves[start : start + MOST]
        tx.write(
            _ADD_BUNDLE,
            first + start,
            b"".join(leaf.hash for leaf in part),
            "\n".join(leaf.leaf for leaf in part),
            "\n".join(leaf.agency for leaf in part),
            "\n".join(leaf.call for leaf in part),
            "\n".join(f"{leaf.secret} {leaf.terms}" for leaf in part),
        )
    hashes, calls = (leaf.hash for leaf in leaves), (leaf.call for leaf in leaves)
    tx.write(_ADD_PLACES, first, _array(map(_key, hashes)), _array(map(_key_of_call, calls)))


def hashes_kept(tx: Tx, hashes: Collection[bytes]) -> set[bytes]:
    """Those of these hashes whose leaves are there already."""
    tx.write(_BY_INDEX)
    places = [index for (index,) in tx.read(_OF_HASHES, _array(map(_key, hashes)))]
    return set(hashes).intersection(hashes_at(tx.conn, places).values()) if places else set()


def hashes_at(conn: Connection, places: Collection[int]) -> dict[int, bytes]:
    """The hashes of the leaves at these places, of those that are there."""
    hashes = {}
    wanted = set(places)
    for first, joined in _HASHES.run(conn, sorted(wanted)):
        kept = range(first, first + len(joined) // HASH_BYTES)
        for place in wanted.intersection(kept):
            at = (place - first) * HASH_BYTES
            hashes[place] = bytes(joined[at : at + HASH_BYTES])
    return hashes


def find_by_hash(conn: Connection, hash: bytes) -> KeptLeaf | None:
    """The leaf of that hash; None if there is none."""
    places = [index for (index,) in _OF_HASHES.run(conn, _array([_key(hash)]))]
    return next((leaf for leaf in _leaves_at(conn, places) if leaf.hash == hash), None)


def find_by_call(conn: Connection, call: str) -> Iterator[KeptLeaf]:
    """The leaves of a call by its id, the newest first; the caller looks whose call it is."""
    before = 2**63 - 1
    while places := [row[0] for row in _OF_CALL.run(conn, _key_of_call(call), before, PAGE)]:
        yield from (leaf for leaf in _leaves_at(conn, places) if leaf.call == call)
        before = places[-1]


def read_range(conn: Connection, begin: int, end: int) -> Iterator[KeptLeaf]:
    """The leaves at the places from ``begin`` to before ``end``, in their order."""
    for row in _RANGE.run(conn, end, begin):
        for leaf in _leaves(*row):
            if begin <= leaf.index < end:
                yield leaf


def begin_of(conn: Connection, place: int) -> int:
    """Where the bundle of a place begins; 0 if there is none."""
    return int(_BEGIN_OF.run(conn, place).scalar_one() or 0)


def set_aside(tx: Tx, begin: int) -> None:
    """Put the leaves of all bundles from that of ``begin`` on aside, where only this transaction
    and the three functions below find them.
    """
    tx.write(_SET_ASIDE, ASIDE, begin)
    tx.write(_SET_PLACES_ASIDE, ASIDE, begin)


def find_aside(tx: Tx, hashes: Collection[bytes]) -> dict[bytes, KeptLeaf]:
    """Those of these leaves that are aside."""
    tx.write(_BY_INDEX)
    places = [index for (index,) in tx.read(_ASIDE_OF_HASHES, _array(map(_key, hashes)))]
    return {leaf.hash: leaf for leaf in _leaves_at(tx.conn, places)}


def read_aside(tx: Tx) -> Iterator[list[KeptLeaf]]:
    """The leaves that are aside, a bundle at a time, in the order of their places."""
    last = -ASIDE - 1
    while rows := tx.read(_NEXT_ASIDE, last).all():
        last = rows[0].first
        yield list(_leaves(*rows[0]))


def drop_aside(tx: Tx) -> None:
    """Delete what is aside."""
    tx.write(_DROP_ASIDE)
    tx.write(_DROP_PLACES_ASIDE)


def _leaves_at(conn: Connection, places: Sequence[int]) -> list[KeptLeaf]:
    """The leaves at these places, from the last to the first."""
    wanted = set(places)
    rows = _WHOLE.run(conn, sorted(wanted)).all() if wanted else []
    leaves = (leaf for row in rows for leaf in _leaves(*row) if leaf.index in wanted)
    return sorted(leaves, key=lambda leaf: leaf.index, reverse=True)


def _leaves(first: int, hashes: bytes, *columns: str) -> Iterator[KeptLeaf]:
    """The leaves of a bundle. Internal ``receipts.damaged`` for a row that is none."""
    count = len(hashes) // HASH_BYTES
    leaves, agencies, calls, openings = (column.split("\n") for column in columns)
    openings = openings if any(openings) else [" "] * count
    if {count} != {len(leaves), len(agencies), len(calls), len(openings)}:
        raise Internal("The log of receipts is damaged.", code="receipts.damaged")
    lines = zip(leaves, agencies, calls, openings, strict=True)
    for n, (leaf, agency, call, opens) in enumerate(lines):
        hash = bytes(hashes[n * HASH_BYTES : (n + 1) * HASH_BYTES])
        secret, _, terms = opens.partition(" ")
        yield KeptLeaf(hash, leaf, agency, call, secret, terms, first + n)


def _key(hash: bytes) -> int:
    """By which a hash is found among the places; the whole hash stands in the bundle."""
    return int.from_bytes(hash[:KEY_BYTES], "big", signed=True)


def _key_of_call(call: str) -> int:
    return _key(hashlib.sha256(call.encode("utf-8", "surrogatepass")).digest())


def _array(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL reads an array of them, at once."""
    return f"{{{','.join(map(str, numbers))}}}"
