"""Signed notes, checkpoints and co-signatures of C2SP: read strictly, believed by trusted keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.evidence.errors import EvidenceError
from bus.evidence.notes import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Note,
    NoteSignature,
    TrustedKeys,
    Verifier,
    cosign,
    sign_checkpoint,
)
from bus.signatures.keys import SigningKey

# The key of golang.org/x/mod/sumdb/note's tests, and what it signed there.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
# The public key and a head of Go's checksum database.
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
KEY, WITNESS = SigningKey.new("log"), SigningKey.new("witness")
ORIGIN, NAME = "mirab.example/log", "witness.example/w1"
HEAD = Checkpoint(ORIGIN, 5, b"r" * 32)
NOTE = sign_checkpoint(HEAD, KEY)
COSIGNED = NOTE.with_signatures([cosign(NOTE.text, WITNESS, NAME, 1_790_000_000)])
TRUSTED = TrustedKeys(
    (Verifier(ORIGIN, ED25519, KEY.public), Verifier(NAME, COSIGNATURE, WITNESS.public))
)


def refusal(act, *arguments):
    """The code of the EvidenceError that this raises."""
    with pytest.raises(EvidenceError) as error:
        act(*arguments)
    return error.value.code


def test_a_note_of_the_reference_is_read_verified_and_written_again():
    verifier, note = Verifier.parse(PETER), Note.parse(PETERS.encode())
    assert note.signatures[0].made_by(verifier)
    assert note.signatures[0].check(verifier, note.text) is None
    assert (str(note), str(verifier)) == (PETERS, PETER)


def test_the_key_of_a_public_log_is_read():
    verifier = Verifier.parse(SUMDB)
    assert (verifier.name, str(verifier)) == ("sum.golang.org", SUMDB)


def test_a_checkpoint_has_the_form_of_the_specification():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text
    assert Checkpoint.parse(text + "more\n").extensions == ("more",)


def test_a_head_is_believed_if_its_log_signed_it_and_names_the_witnesses():
    head = TRUSTED.open(str(COSIGNED).encode())
    assert (head.checkpoint, head.witnesses) == (HEAD, {NAME: 1_790_000_000})
    assert TRUSTED.open(str(NOTE)).witnesses == {}


def test_trusted_keys_are_read_from_lines():
    text = "# our log\n\n" + "".join(f"{key}\n" for key in TRUSTED.verifiers)
    assert TrustedKeys.parse(text).open(str(COSIGNED)).witnesses == {NAME: 1_790_000_000}


def test_a_line_of_an_unknown_key_counts_for_nothing():
    stranger = cosign(NOTE.text, SigningKey.new("x"), NAME, 1)
    assert TRUSTED.open(str(NOTE.with_signatures([stranger]))).witnesses == {}


def forged(**changes):
    """The co-signed head with something of its text changed."""
    text = Checkpoint(**{"origin": ORIGIN, "size": 5, "root": b"r" * 32, **changes}).text()
    return Note(text, COSIGNED.signatures)


@pytest.mark.parametrize(
    "note",
    [
        forged(size=6),
        forged(root=b"s" * 32),
        forged(extensions=("more",)),
        # The witness's line with another time; a line cut short; the log's line as the witness's.
        NOTE.with_signatures(
            [
                NoteSignature(
                    NAME,
                    COSIGNED.signatures[1].key_id,
                    (1).to_bytes(8) + COSIGNED.signatures[1].signature[8:],
                )
            ]
        ),
        Note(NOTE.text, (NoteSignature(ORIGIN, NOTE.signatures[0].key_id, b"short"),)),
        NOTE.with_signatures(
            [NoteSignature(NAME, COSIGNED.signatures[1].key_id, NOTE.signatures[0].signature)]
        ),
    ],
)
def test_a_forged_head_is_refused(note):
    assert refusal(TRUSTED.open, str(note)) == "evidence.forged"


@pytest.mark.parametrize(
    "note",
    [
        sign_checkpoint(HEAD, SigningKey.new("other")),
        sign_checkpoint(Checkpoint("other.example/log", 5, b"r" * 32), KEY),
        Note(NOTE.text, COSIGNED.signatures[1:]),  # a witness's word alone makes no log's head
        forged(origin="other.example/log"),
    ],
)
def test_a_head_of_no_log_that_is_trusted_is_refused(note):
    assert refusal(TRUSTED.open, str(note)) in ("evidence.unknown_log", "evidence.forged")


def test_a_trusted_log_does_not_sign_for_another():
    others = TrustedKeys((*TRUSTED.verifiers, Verifier("b.example", ED25519, KEY.public)))
    text = Checkpoint("b.example", 5, b"r" * 32).text()
    signature = KEY.sign(text.encode())
    note = Note(text, (NoteSignature(ORIGIN, NOTE.signatures[0].key_id, signature),))
    assert refusal(others.open, str(note)) == "evidence.unknown_log"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        str(NOTE).encode()[:-1],
        str(NOTE).replace("\n\n", "\n").encode(),
        str(NOTE).replace("5\n", "5\r\n").encode(),
        str(NOTE).replace("—", "-").encode(),
        str(NOTE).replace("— ", "—  ").encode(),
        str(NOTE).encode() + b"\x00\n",
        str(NOTE).replace("\n\n", "\n\x9b2J\n\n").encode(),  # what a terminal would obey
        str(NOTE).encode() + b"\n",
        (str(NOTE) + "— a AAAA\n").encode(),
        (str(NOTE) + "— a b AAAAAAAA\n").encode(),
        (str(NOTE) + NOTE.signatures[0].line() * 64).encode(),
        NOTE.text.encode() + b"\n" + b"x" * 70_000,
    ],
)
def test_a_malformed_note_is_refused(raw):
    assert refusal(Note.parse, raw) == "evidence.unreadable"


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"o\n5\n{ROOT}",
        f"o\n\n{ROOT}\n",
        f"o\n05\n{ROOT}\n",
        f"o\n-5\n{ROOT}\n",
        f"o\n+5\n{ROOT}\n",
        f"o\n٥\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        f"o\n5\n{ROOT[:-1]}\n",
        f"o\n5\n{ROOT.replace('2I=', '2J=')}\n",  # the same bytes in another spelling
        f"o\n5\n{ROOT.replace('/', '_')}\n",
        "o\n5\nAAAA\n",
        f"o\n5\n{ROOT}\n\nmore\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text):
    assert refusal(Checkpoint.parse, text) == "evidence.unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("Peter", "Paul"),
        PETER.replace("Neumann", " Neumann"),
        PETER[:-4],
        PETER.replace("+ARpc", "+AhpC"),  # of another kind
        "a+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  # a weak key
    ],
)
def test_a_malformed_key_is_refused(text):
    assert refusal(Verifier.parse, text) == "evidence.unreadable"


def test_keys_without_a_logs_are_refused():
    assert refusal(TrustedKeys.parse, str(TRUSTED.verifiers[1])) == "evidence.unreadable"


def test_a_note_holds_each_line_once():
    assert COSIGNED.with_signatures(COSIGNED.signatures) == COSIGNED


def test_a_name_that_no_note_can_carry_signs_nothing():
    with pytest.raises(ValueError, match="cannot be the name"):
        sign_checkpoint(Checkpoint("a b", 0, b"r" * 32), KEY)
    with pytest.raises(ValueError, match="cannot sign"):
        cosign(NOTE.text, WITNESS, "a+b", 1)


@given(st.data())
def test_no_byte_of_a_head_can_be_changed(data):
    """Any change is refused, or is one of a line that no trusted key made."""
    raw = bytearray(str(COSIGNED).encode())
    place, bit = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 7))
    raw[place] ^= 1 << bit
    try:
        head = TRUSTED.open(bytes(raw))
    except EvidenceError:
        return
    assert head.checkpoint == HEAD
