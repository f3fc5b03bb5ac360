"""Proofs that anybody hands in: receipts, checkpoints, leaves, stamps and SD-JWTs."""

import datetime as dt
import hashlib

from bus.errors import SignatureError
from bus.evidence.errors import EvidenceError
from bus.evidence.leaves import Anchor, Leaf, Terms, commit, moment_text, parse_leaf, salts_of
from bus.evidence.merkle import check_consistency, leaf_hash
from bus.evidence.notes import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    TrustedKeys,
    Verifier,
    cosign,
    sign_checkpoint,
)
from bus.evidence.receipts import Receipt
from bus.evidence.stamps import check_stamp
from bus.evidence.submissions import Submission
from bus.signatures.sd_jwt import Audience, IssuerKey, SdJwt, issue
from gateway.public.proofs import submitted
from tests.fuzz.http import BELIEVING, KEY, NOW, _loop
from tests.fuzz.parsers import parser, rule

ORIGIN = "log.mirab.test/1"
TRUSTED = TrustedKeys((Verifier(ORIGIN, ED25519, BELIEVING), Verifier("w", COSIGNATURE, BELIEVING)))
AUDIENCE = Audience("https://agency.test", "n" * 20)
TERMS = Terms(agency="fuel-co", way="signature")


def _leaf() -> Leaf:
    parts = {"request": b"{}", "answer": b"{}", "terms": TERMS.encode()}
    digests = {part: hashlib.sha256(content).digest() for part, content in parts.items()}
    commits = commit(b"s" * 32, digests)
    return Leaf(
        log=ORIGIN,
        call="0b6b1a3e-3f0d-4f0a-9a52-0f8f4b1f9b10",
        at=moment_text(dt.datetime.fromtimestamp(NOW, dt.UTC)),
        contract="inquiry.ask.v1",
        outcome="answered",
        code="",
        **commits,
    )


def _note(root: bytes) -> Note:
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, root), KEY)
    return note.with_signatures([cosign(note.text, KEY, "w", int(NOW))])


def _receipts() -> list[bytes]:
    leaf = _leaf()
    contents = {"request": b"{}", "answer": b"{}", "terms": TERMS.encode()}
    salts = salts_of(b"s" * 32)
    note = str(_note(leaf.hash))
    return [Receipt(leaf, salts, contents, 0, 1, (), note).write()]


@parser("receipt", EvidenceError, seeds=_receipts)
def receipt(raw: bytes) -> object:
    """A receipt of a call"""
    read = Receipt.parse(raw)
    rule(Receipt.parse(read.write()) == read, "a receipt is not written as it was read")
    return read.verify(TRUSTED)


@parser("checkpoint", EvidenceError, seeds=lambda: [str(_note(leaf_hash(b"a"))).encode()])
def checkpoint(raw: bytes) -> None:
    """The head of a log with its signatures (C2SP)"""
    note = Note.parse(raw)
    rule(Note.parse(str(note)) == note, "a note is not written as it was read")
    head = TRUSTED.open(raw)
    rule(head.checkpoint.text() == note.text, "a checkpoint has two texts")


@parser("trusted-keys", EvidenceError, seeds=lambda: [f"# log\n{TRUSTED.verifiers[0]}\n".encode()])
def trusted_keys(raw: bytes) -> object:
    """Keys of logs and witnesses, one a line"""
    return TrustedKeys.parse(raw.decode("utf-8", "replace"))


@parser(
    "submission",
    EvidenceError,
    seeds=lambda: [Submission(1, (b"a" * 32,), str(_note(leaf_hash(b"a")))).encode()],
)
def submission(raw: bytes) -> None:
    """What a log sends to a witness, with the proof that it grew"""
    read = Submission.parse(raw)
    rule(Submission.parse(read.encode()) == read, "a submission is not written as it was read")
    head = Checkpoint.parse(Note.parse(read.note).text)
    check_consistency(read.old, head.size, b"a" * 32, head.root, read.proof)


def _leaves() -> list[bytes]:
    leaf = _leaf()
    return [leaf.encode(), Anchor(ORIGIN, leaf.at, "0b6b1a3e", 5, leaf.terms).encode()]


@parser("leaf", EvidenceError, seeds=lambda: [*_leaves(), TERMS.encode()])
def leaf(raw: bytes) -> None:
    """A leaf of the log, and the terms of a call"""
    try:
        rule(parse_leaf(raw).encode() == raw, "a leaf has two texts")
    except EvidenceError:
        Terms.parse(raw)


@parser("stamp", EvidenceError, seeds=lambda: [b"0\x82\x01\x000\x030\x01\x000\x82"])
def stamp(raw: bytes) -> object:
    """The answer of an authority of time (RFC 3161)"""
    return check_stamp(raw, "text", [])


def _sd_jwts() -> list[bytes]:
    claims = {"iss": "https://mirab.test", "iat": int(NOW), "vct": "a"}
    bare = issue(KEY, "dc+sd-jwt", claims, {"name": "a", "use": {"b": [1]}}, KEY.public)
    shown = SdJwt.parse(bare).present(["name"], key=KEY, audience=AUDIENCE, at=NOW)
    return [bare.encode(), shown.encode()]


@parser("sd-jwt", SignatureError, seeds=_sd_jwts)
def sd_jwt(raw: bytes) -> None:
    """A proof of single fields of an answer (RFC 9901)"""
    read = SdJwt.parse(raw.decode("latin-1"))
    keys = {keyid: IssuerKey(BELIEVING, None) for keyid in (KEY.keyid, "None")}
    shown = read.verify("dc+sd-jwt", keys, now=NOW, audience=AUDIENCE if read.binding else None)
    rule(set(read.names) <= set(shown.fields), "a field that was shown is not among the proven")


@parser(
    "proof-page", seeds=lambda: [*_sd_jwts(), b'{"v":1}', b"V1234-5678", b"https://a/verify#ey~"]
)
def proof_page(raw: bytes) -> object:
    """What is handed in at /verify, but for PDF"""
    if raw.startswith(submitted.HEAD):
        return None
    return _loop.run_until_complete(submitted.recognize(raw))
