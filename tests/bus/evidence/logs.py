"""A log in memory: leaves, heads, proofs and receipts, as the service makes them."""

import hashlib

from bus.evidence.leaves import Leaf, Terms, commit, salts_of
from bus.evidence.merkle import (
    Frontier,
    consistency_nodes,
    inclusion_nodes,
    leaf_hash,
    proof_of,
    root_of,
)
from bus.evidence.notes import ED25519, Checkpoint, TrustedKeys, Verifier, sign_checkpoint
from bus.evidence.receipts import Receipt
from bus.signatures.keys import SigningKey

ORIGIN = "mirab.example/log"
TERMS = Terms(agency="fuel-co", key="fuel-co-2026", grant="inquiry.ask.v1", purpose="fuel_quota")
SECRET = b"s" * 32
REQUEST, ANSWER = b'{"key":"9900000013"}', '{"outcome":"مجاز"}'.encode()


def sha256(content):
    return hashlib.sha256(content).digest()


def make_leaf(call="call-1", *, origin=ORIGIN, request=REQUEST, answer=ANSWER, terms=TERMS, **more):
    more = {"outcome": "answered", "code": "", **more}
    contents = {"request": request, "answer": more["code"].encode() or answer}
    digests = {part: sha256(content) for part, content in contents.items()}
    commitments = commit(SECRET, {**digests, "terms": sha256(terms.encode())})
    moment = "2026-11-29T21:10:00.123Z"
    fields = {"log": origin, "call": call, "at": moment, "contract": "inquiry.ask.v1", **more}
    return Leaf(**{**fields, **commitments})


class MemoryLog:
    """``leaves`` holds bytes, so that a test may tamper with them."""

    def __init__(self, leaves=(), origin=ORIGIN, key=None):
        self.origin, self.key = origin, key or SigningKey.new("log")
        self.leaves = list(leaves)

    @property
    def verifier(self):
        return Verifier(self.origin, ED25519, self.key.public)

    @property
    def trusted(self):
        return TrustedKeys((self.verifier,))

    def nodes(self):
        return dict(Frontier().append(map(leaf_hash, self.leaves))[1])

    def root(self, size):
        return root_of([leaf_hash(leaf) for leaf in self.leaves[:size]])

    def head(self, size=None):
        size = len(self.leaves) if size is None else size
        return sign_checkpoint(Checkpoint(self.origin, size, self.root(size)), self.key)

    def inclusion(self, index, size):
        return proof_of(inclusion_nodes(index, size), self.nodes())

    def consistency(self, old, new):
        return proof_of(consistency_nodes(old, new), self.nodes())

    def receipt(self, leaf, index, size=None, **contents):
        size = len(self.leaves) if size is None else size
        return Receipt(
            leaf=leaf,
            salts=salts_of(SECRET),
            contents={"terms": TERMS.encode(), **contents},
            index=index,
            size=size,
            proof=tuple(self.inclusion(index, size)),
            checkpoint=str(self.head(size)),
        )


def log_of(count=7, **more):
    """A log of that many calls."""
    return MemoryLog([make_leaf(f"call-{number}").encode() for number in range(count)], **more)
