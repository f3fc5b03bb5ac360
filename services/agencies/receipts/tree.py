"""The tree in the database: leaves are added once each, in order, under one lock."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection

from bus.database.prepared import Prepared
from bus.database.store import Tx
from bus.errors import ContractError, Internal
from bus.evidence.leaves import LONGEST_LEAF
from bus.evidence.merkle import HASH_BYTES, Frontier, Node, leaf_hash, root_of
from bus.messages.values import Json
from services.agencies.receipts import bundles
from services.agencies.receipts.bundles import NewLeaf

# Roots of smaller subtrees are made of their leaves, which are read by their places.
LOWEST_KEPT = 4
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_OF_ANCHOR = {"at", "chain", "head", "log", "rows", "v"}
_COMMITTED = {"answer", "request", "terms"}
_OF_CALL = {"at", "call", "code", "contract", "log", "outcome", "v"} | _COMMITTED

_BEGIN = Prepared(
    "receipt_log_begin",
    """
    insert into receipt_log (origin, size, frontier) values (%s, 0, '') on conflict do nothing""",
)
_LOCKED = Prepared(
    "receipt_log_locked", "select origin, size, frontier from receipt_log for update"
)
_ADD_NODES = Prepared(
    "receipt_nodes_add",
    """
    insert into receipt_nodes (level, index, hash)
    select level, index, hash
    from unnest(cast(%s as smallint[]), cast(%s as bigint[]), cast(%s as bytea[]))
        as node(level, index, hash)""",
)
_GROW = Prepared(
    "receipt_log_grow",
    "update receipt_log set size = cast(%s as bigint), frontier = cast(%s as bytea)",
)
_CUT_NODES = Prepared(
    "receipt_nodes_cut",
    "delete from receipt_nodes where (index + 1) << level > cast(%s as bigint)",
)
_NODES = Prepared(
    "receipt_nodes_read",
    """
    select level, index, hash from receipt_nodes
    join unnest(cast(%s as smallint[]), cast(%s as bigint[])) wanted(level, index)
        using (level, index)""",
)


def read_leaf(wire: Json, origin: str) -> NewLeaf:
    """A leaf as it came. ContractError ``receipt.malformed`` if it is none of this log's."""
    try:
        leaf = str(wire["leaf"])
        text = leaf.encode("ascii")
        members = orjson.loads(text)
        whole = orjson.dumps(members, option=orjson.OPT_SORT_KEYS) == text
        fits = members.keys() in (_OF_CALL, _OF_ANCHOR) and members["log"] == origin
        agency, call, terms = str(wire["agency"]), str(wire["call"]), str(wire["terms"])
        new = NewLeaf(leaf_hash(text), leaf, agency, call, str(wire["secret"]), terms)
        opens = not new.secret or _SECRET.fullmatch(new.secret)
        if not (whole and fits and opens and len(text) <= LONGEST_LEAF and bundles.is_kept(new)):
            raise ValueError  # noqa: TRY301 - one refusal for all
        return new  # noqa: TRY300 - what it is made of is what may fail
    except (KeyError, ValueError, AttributeError, TypeError):
        raise ContractError("This is no leaf of this log.", code="receipt.malformed") from None


def begin(tx: Tx, origin: str) -> None:
    """Begin the log, once."""
    tx.write(_BEGIN, origin)


class Grown(NamedTuple):
    """What an addition did: the tree with it, and the leaves that were new."""

    frontier: Frontier
    leaves: list[NewLeaf]


def add(tx: Tx, frontier: Frontier, leaves: Iterable[NewLeaf]) -> Grown:
    """Add leaves behind those of the tree, which ``lock`` gave, each once."""
    new = {leaf.hash: leaf for leaf in leaves}
    for hash in bundles.hashes_kept(tx, new):
        del new[hash]
    added = list(new.values())
    return Grown(_append(tx, frontier, added) if added else frontier, added)


def cut(tx: Tx, begin: Frontier) -> None:
    """Leave the tree with the leaves that it has in ``begin``, and set those behind aside
    (bundles.set_aside).
    """
    bundles.set_aside(tx, begin.size)
    tx.write(_CUT_NODES, begin.size)
    tx.write(_GROW, begin.size, b"".join(begin.hashes))


def lock(tx: Tx, origin: str) -> Frontier:
    """The tree, which nobody else can add to before this transaction ends: to be called last.

    Internal ``receipts.other_log`` if the database has the log of another origin.
    """
    row = tx.read(_LOCKED).one_or_none()
    if row is None:
        begin(tx, origin)
        row = tx.read(_LOCKED).one()
    if row.origin != origin:
        raise Internal(
            f"This database has the log {row.origin}, RECEIPTS_ORIGIN names {origin}.",
            code="receipts.other_log",
        )
    return frontier_of(row.size, bytes(row.frontier))


def frontier_of(size: int, hashes: bytes) -> Frontier:
    """The tree by its row."""
    places = range(0, len(hashes), HASH_BYTES)
    return Frontier(size, tuple(hashes[at : at + HASH_BYTES] for at in places))


def _append(tx: Tx, frontier: Frontier, leaves: Sequence[NewLeaf]) -> Frontier:
    grown, kept = frontier.append((leaf.hash for leaf in leaves), LOWEST_KEPT)
    bundles.add(tx, frontier.size, leaves)
    if kept:
        levels, places = [node.level for node, _ in kept], [node.place for node, _ in kept]
        tx.write(_ADD_NODES, levels, places, [hash for _, hash in kept])
    tx.write(_GROW, grown.size, b"".join(grown.hashes))
    return grown


def hashes_of(conn: Connection, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of perfect subtrees: two statements, whatever number of leaves there is.

    Internal ``receipts.damaged`` if one of them is not there.
    """
    wanted = set(nodes)
    high = [node for node in wanted if node.level >= LOWEST_KEPT]
    low = [node for node in wanted if node.level < LOWEST_KEPT]
    hashes: dict[Node, bytes] = {}
    if high:
        rows = _NODES.run(conn, [node.level for node in high], [node.place for node in high])
        hashes |= {Node(level, index): bytes(hash) for level, index, hash in rows}
    if low:
        places = sorted({place for node in low for place in _leaves(node)})
        leaves = bundles.hashes_at(conn, places)
        for node in low:
            if all(place in leaves for place in _leaves(node)):
                hashes[node] = root_of([leaves[place] for place in _leaves(node)])
    if wanted - hashes.keys():
        raise Internal("The log of receipts is damaged.", code="receipts.damaged")
    return hashes


def _leaves(node: Node) -> range:
    level, place = node
    return range(place << level, (place + 1) << level)
