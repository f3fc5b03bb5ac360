"""The Merkle tree of RFC 9162, section 2.1: hashes, a range that grows, proofs, and their checks.

A hash has 32 bytes. A ``Node`` is the root of a perfect subtree: of ``2**level`` leaves, the
``place``-th from the left; only these are worth keeping, for they never change.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bus.evidence.errors import EvidenceError

HASH_BYTES = 32
LONGEST_PROOF = 63  # hashes: a tree of 2**63 leaves
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF, _NODE = b"\x00", b"\x01"


class Node(NamedTuple):
    """A perfect subtree, by its level (0 is a leaf) and its place at that level."""

    level: int
    place: int


Nodes = tuple[Node, ...]  # perfect subtrees side by side, from left to right, that make one hash


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two others (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(_NODE + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaves' hashes."""
    return Frontier().append(leaf_hashes)[0].root()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that a tree needs to grow: its size, and the hashes of the perfect subtrees that it is
    made of, from the largest to the smallest.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has another number of subtrees")

    def append(
        self, leaf_hashes: Iterable[bytes], lowest: int = 0
    ) -> tuple["Frontier", list[tuple[Node, bytes]]]:
        """The tree with these leaves behind its own, and the perfect subtrees that came to be,
        from the level ``lowest`` on; 0 is that of the leaves.
        """
        size, hashes, made = self.size, list(self.hashes), []
        for hash in leaf_hashes:
            hashes.append(hash)
            size += 1
            level = 0
            while True:
                if level >= lowest:
                    made.append((Node(level, (size >> level) - 1), hashes[-1]))
                if size >> level & 1:
                    break
                level += 1
                right = hashes.pop()
                hashes[-1] = node_hash(hashes[-1], right)
        return Frontier(size, tuple(hashes)), made

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT


def fold(hashes: Sequence[bytes]) -> bytes:
    """One hash of perfect subtrees that stand side by side; ValueError if there are none."""
    if not hashes:
        raise ValueError("there is nothing to fold")
    whole = hashes[-1]
    for left in reversed(hashes[:-1]):
        whole = node_hash(left, whole)
    return whole


def frontier_nodes(size: int) -> Nodes:
    """The perfect subtrees that a tree of this size is made of: those of its Frontier."""
    return _perfect(0, size)


def inclusion_nodes(index: int, size: int) -> list[Nodes]:
    """What each hash of the proof that a leaf is in a tree is made of, in the proof's order
    (RFC 9162, section 2.1.3.1). ValueError if the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return [_perfect(*side) for side in _path(index, 0, size)]


def consistency_nodes(old: int, new: int) -> list[Nodes]:
    """What each hash of the proof that a tree grew from an older one is made of, in the proof's
    order (RFC 9162, section 2.1.4.1). No hashes if the older tree is empty or the same.

    ValueError if the older tree is the larger one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves did not grow from one of {old}")
    if old in (0, new):
        return []
    begin, end, sides = 0, new, []
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            sides.append((middle, end))
            end = middle
        else:
            sides.append((begin, middle))
            begin = middle
    if begin:
        sides.append((begin, end))
    return [_perfect(*side) for side in reversed(sides)]


def proof_of(needed: Iterable[Nodes], hashes: Mapping[Node, bytes]) -> list[bytes]:
    """The hashes of a proof, from the hashes of the nodes that it needs; KeyError names a node
    that is missing.
    """
    return [fold([hashes[node] for node in nodes]) for nodes in needed]


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root of the tree in which a leaf with this hash stands, as the proof has it (RFC 9162,
    section 2.1.3.2); it is for the caller to compare it with the root of a signed checkpoint.

    EvidenceError if the proof is none for that place.
    """
    if not 0 <= index < size:
        raise _other_tree(f"There is no place {index} in a tree of {size} leaves.")
    place, last, root = index, size - 1, leaf
    for hash in _hashes(proof):
        if last == 0:
            raise _other_tree("The inclusion proof is too long for this tree.")
        if place & 1 or place == last:
            root = node_hash(hash, root)
            shift = 0 if place & 1 else _trailing_zeros(place)
            place, last = place >> shift, last >> shift
        else:
            root = node_hash(root, hash)
        place, last = place >> 1, last >> 1
    if last:
        raise _other_tree("The inclusion proof is too short for this tree.")
    return root


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """EvidenceError if this does not prove that a leaf with this hash stands in that tree."""
    if root_by_inclusion(leaf, index, size, proof) != root:
        raise _other_tree(
            "The inclusion proof leads to another root than the checkpoint's: the leaf, its place "
            "or the proof is of another tree, or was changed."
        )


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """EvidenceError if this does not prove that the new tree begins with the whole old one
    (RFC 9162, section 2.1.4.2).
    """
    if not 0 <= old <= new:
        raise _inconsistent(f"A tree of {new} leaves cannot have grown from one of {old}.")
    if old in (0, new):
        if proof or (old == new and old_root != new_root) or (not old and old_root != EMPTY_ROOT):
            raise _inconsistent(f"There are two different trees of {old} leaves.")
        return
    hashes = _hashes(proof)
    if old & (old - 1) == 0:
        hashes = [old_root, *hashes]
    if not hashes:
        raise _inconsistent("The consistency proof is too short.")
    before, after = _grown(old, new, hashes)
    if (before, after) != (old_root, new_root):
        raise _inconsistent(
            f"The tree of {new} leaves does not begin with the tree of {old} leaves: the log was "
            "rewritten, or the proof is of another tree."
        )


def _grown(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The two roots that a consistency proof leads to."""
    shift = _trailing_zeros(old)
    place, last = (old - 1) >> shift, (new - 1) >> shift
    before = after = hashes[0]
    for hash in hashes[1:]:
        if last == 0:
            raise _inconsistent("The consistency proof is too long.")
        if place & 1 or place == last:
            before, after = node_hash(hash, before), node_hash(hash, after)
            shift = 0 if place & 1 else _trailing_zeros(place)
            place, last = place >> shift, last >> shift
        else:
            after = node_hash(after, hash)
        place, last = place >> 1, last >> 1
    if last:
        raise _inconsistent("The consistency proof is too short.")
    return before, after


def _path(index: int, begin: int, end: int) -> list[tuple[int, int]]:
    """The ranges of leaves beside the way from a leaf up to the root, from below."""
    sides = []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            sides.append((middle, end))
            end = middle
        else:
            sides.append((begin, middle))
            begin = middle
    return sides[::-1]


def _perfect(begin: int, end: int) -> Nodes:
    """The perfect subtrees of a range of leaves that begins where a subtree of its size may."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append(Node(level, begin >> level))
        begin += 1 << level
    return tuple(nodes)


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def _trailing_zeros(number: int) -> int:
    """How often a number can be halved; 0 for 0."""
    return (number & -number).bit_length() - 1 if number else 0


def _hashes(proof: Sequence[bytes]) -> list[bytes]:
    if len(proof) > LONGEST_PROOF or any(len(hash) != HASH_BYTES for hash in proof):
        raise EvidenceError(
            f"A proof has up to {LONGEST_PROOF} hashes of {HASH_BYTES} bytes.",
            code="evidence.unreadable",
        )
    return list(proof)


def _other_tree(message: str) -> EvidenceError:
    return EvidenceError(message, code="evidence.not_included")


def _inconsistent(message: str) -> EvidenceError:
    return EvidenceError(message, code="evidence.inconsistent")
