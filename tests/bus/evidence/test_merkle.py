"""The tree of RFC 9162, against the vectors that certificate-transparency-go and others hold."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.evidence.errors import EvidenceError
from bus.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    check_consistency,
    check_inclusion,
    consistency_nodes,
    frontier_nodes,
    inclusion_nodes,
    leaf_hash,
    node_hash,
    proof_of,
    root_of,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
COUNTS = st.integers(1, 70)


def tree(count):
    """The hashes of that many leaves, and of all their perfect subtrees."""
    hashes = [leaf_hash(str(number).encode()) for number in range(count)]
    return hashes, dict(Frontier().append(hashes)[1])


def by_definition(hashes):
    """RFC 9162, section 2.1.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(by_definition(hashes[:split]), by_definition(hashes[split:]))


def test_the_roots_are_those_of_the_reference():
    assert root_of([]) == EMPTY_ROOT
    assert [root_of(HASHES[:count]).hex() for count in range(1, 9)] == ROOTS


# From the same reference: (index, size) -> the proof.
@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            1,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_an_inclusion_proof_is_that_of_the_reference(index, size, proof):
    nodes = dict(Frontier().append(HASHES)[1])
    made = proof_of(inclusion_nodes(index, size), nodes)
    assert [hash.hex() for hash in made] == proof
    check_inclusion(HASHES[index], index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_a_consistency_proof_is_that_of_the_reference(old, new, proof):
    nodes = dict(Frontier().append(HASHES)[1])
    made = proof_of(consistency_nodes(old, new), nodes)
    assert [hash.hex() for hash in made] == proof
    check_consistency(old, new, *(bytes.fromhex(ROOTS[size - 1]) for size in (old, new)), made)


@given(COUNTS, COUNTS)
def test_a_tree_grows_by_parts_as_by_one(first, second):
    hashes, nodes = tree(first + second)
    frontier, made = Frontier().append(hashes[:first])
    grown, more = frontier.append(hashes[first:])
    assert grown.root() == by_definition(hashes)
    assert dict([*made, *more]) == nodes
    assert grown.hashes == tuple(nodes[node] for node in frontier_nodes(grown.size))


@given(st.data(), COUNTS)
def test_a_leaf_is_proven_in_each_tree_that_holds_it_and_nothing_else_is(data, size):
    hashes, nodes = tree(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = proof_of(inclusion_nodes(index, size), nodes), by_definition(hashes)
    check_inclusion(hashes[index], index, size, proof, root)
    wrong = [
        (leaf_hash(b"another"), index, size, proof),
        (hashes[index], (index + 1) % size if size > 1 else 1, size, proof),
        (hashes[index], index, size, [*proof, root]),
        *((hashes[index], index, size, proof[:-1]) for _ in proof[:1]),
        *((hashes[index], index, size, [flip(hash), *proof[1:]]) for hash in proof[:1]),
    ]
    for leaf, place, count, way in wrong:
        with pytest.raises(EvidenceError) as error:
            check_inclusion(leaf, place, count, way, root)
        assert error.value.code == "evidence.not_included"


@given(st.data(), COUNTS)
def test_a_tree_is_proven_to_begin_with_each_older_one_and_no_other_is(data, new):
    hashes, nodes = tree(new)
    old = data.draw(st.integers(0, new))
    proof = proof_of(consistency_nodes(old, new), nodes)
    roots = by_definition(hashes[:old]), by_definition(hashes)
    check_consistency(old, new, *roots, proof)
    wrong = [
        (old, flip(roots[0]), roots[1], proof),
        (new + 1, *roots, proof),
        (old, *roots, [*proof, roots[1]]),
        *((old, roots[0], flip(roots[1]), proof) for _ in proof[:1]),
        *((old, *roots, proof[:-1]) for _ in proof[:1]),
        *((old, *roots, [flip(hash), *proof[1:]]) for hash in proof[:1]),
    ]
    for count, *heads, way in wrong:
        with pytest.raises(EvidenceError) as error:
            check_consistency(count, new, *heads, way)
        assert error.value.code == "evidence.inconsistent"


def flip(hash):
    return bytes([hash[0] ^ 1]) + hash[1:]


def test_a_leaf_is_never_taken_for_a_node():
    leaf = leaf_hash(HASHES[0] + HASHES[1])
    assert leaf != node_hash(HASHES[0], HASHES[1]) == Frontier().append(HASHES[:2])[1][-1][1]


@pytest.mark.parametrize("proof", [[b"short"], [b"h" * 32] * 64])
def test_a_proof_of_another_form_is_refused(proof):
    with pytest.raises(EvidenceError, match="up to 63 hashes of 32 bytes") as error:
        check_inclusion(HASHES[0], 0, 2**62, proof, EMPTY_ROOT)
    assert error.value.code == "evidence.unreadable"


def test_a_place_or_a_growth_that_cannot_be_is_refused():
    for impossible in (lambda: inclusion_nodes(3, 3), lambda: consistency_nodes(4, 3)):
        with pytest.raises(ValueError, match="tree of 3 leaves"):
            impossible()
    with pytest.raises(ValueError, match="another number of subtrees"):
        Frontier(3, (EMPTY_ROOT,))
    assert frontier_nodes(5) == (Node(2, 0), Node(0, 4))
