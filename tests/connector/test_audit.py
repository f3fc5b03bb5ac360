"""The auditor and the witness against a log that is tampered with: each lie is seen, and named."""

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bus.evidence.errors import EvidenceError
from bus.evidence.leaves import Anchor, parse_leaf
from bus.evidence.notes import COSIGNATURE, NoteSignature, TrustedKeys, Verifier, cosign
from bus.evidence.submissions import Submission
from bus.signatures.keys import SigningKey
from connector.__main__ import main
from connector.receipts import witness as witness_module
from connector.receipts.witness import LONGEST_BODY, Witness, serve
from tests.bus.evidence.logs import MemoryLog, log_of, make_leaf
from tests.waiting import wait_for

NAME = "witness.example/w1"
KEY = SigningKey.new("witness")


class Page(BaseHTTPRequestHandler):
    """The log over HTTP; ``lies`` of the server has what is answered instead, by path."""

    def do_GET(self):
        parts = urlsplit(self.path)
        log, query = self.server.log, parse_qs(parts.query)
        if parts.path in self.server.lies:
            body = self.server.lies[parts.path]
        elif parts.path == "/v1/log/checkpoint":
            body = str(log.head()).encode()
        else:
            start, limit = int(query["start"][0]), min(int(query["limit"][0]), 3)
            leaves = [leaf.decode("latin-1") for leaf in log.leaves[start : start + limit]]
            size = len(log.leaves)
            body = json.dumps({"start": start, "size": size, "leaves": leaves}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def served(log):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.log, server.lies, server.daemon_threads = log, {}, True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A log of eleven calls that is read over HTTP, and a folder with its key."""
    monkeypatch.chdir(tmp_path)
    log = log_of(11)
    (tmp_path / "keys.txt").write_text(f"{log.verifier}\n")
    monkeypatch.setenv("MIRAB_LOG_KEYS", "keys.txt")
    with served(log) as server:
        monkeypatch.setenv("MIRAB_URL", f"http://127.0.0.1:{server.server_port}")
        yield server


def held(folder, log, *sizes):
    """Files of heads as they were signed before, and the words that name them."""
    words = []
    for size in sizes:
        (folder / f"head-{size}").write_text(str(log.head(size)))
        words += ["--held", f"head-{size}"]
    return words


def test_a_true_log_holds_and_the_next_audit_reads_only_what_is_new(site, tmp_path, capsys):
    words = held(tmp_path, site.log, 4, 8, 11)
    assert main(["audit", *words, "--state", "state.json"]) == 0
    assert "11 entries, 11 of them read now" in capsys.readouterr().out
    anchor = Anchor(site.log.origin, "2026-11-29T21:10:00.123Z", "inquiry.log", 3, "A" * 43)
    site.log.leaves += [make_leaf("call-11").encode(), anchor.encode()]
    assert main(["audit", "--state", "state.json", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["size"], facts["read"], facts["anchors"]) == (13, 2, 1)
    # An older head is compared by reading all again.
    assert main(["audit", *words, "--state", "state.json"]) == 0
    printed = capsys.readouterr().out
    assert "13 of them read now" in printed
    assert "How old this head is" in printed
    head = site.log.head()
    witnessed = head.with_signatures([cosign(head.text, KEY, NAME, 1_790_000_000)])
    site.lies["/v1/log/checkpoint"] = str(witnessed).encode()
    witness = Verifier(NAME, COSIGNATURE, KEY.public)
    (tmp_path / "keys.txt").write_text(f"{site.log.verifier}\n{witness}\n")
    assert main(["audit", "--state", "state.json"]) == 0
    assert f"{NAME} saw this head at 2026-09-21T14:13:20Z." in capsys.readouterr().out


def flip_a_bit(log):
    log.leaves[5] = log.leaves[5].replace(b"call-5", b"call-4", 1)


def drop_a_row(log):
    del log.leaves[5]


def put_one_in(log):
    log.leaves.insert(2, make_leaf("call-99").encode())


def swap_two(log):
    log.leaves[2], log.leaves[3] = log.leaves[3], log.leaves[2]


@pytest.mark.parametrize("tamper", [flip_a_bit, put_one_in, swap_two])
def test_a_log_that_was_tampered_with_and_signed_anew_is_found_by_a_head_held_elsewhere(
    site, tmp_path, capsys, tamper
):
    words = held(tmp_path, site.log, 4, 8)
    tamper(site.log)
    assert main(["audit", *words]) == 1
    reply = capsys.readouterr().err
    assert "Does not hold (evidence.rewritten)." in reply
    # Without a head from before nobody could know: the new head fits the new entries.
    assert main(["audit"]) == 0
    assert "not shown" in capsys.readouterr().out


def test_a_flipped_bit_of_an_entry_is_found_by_the_head_alone(site, capsys):
    site.lies["/v1/log/checkpoint"] = str(site.log.head()).encode()
    flip_a_bit(site.log)
    assert main(["audit"]) == 1
    assert "evidence.rewritten" in capsys.readouterr().err


def test_a_bit_that_leaves_no_readable_entry_is_found_at_its_place(site, capsys):
    leaf = site.log.leaves[5]
    site.log.leaves[5] = bytes([leaf[0] ^ 1]) + leaf[1:]
    assert main(["audit"]) == 1
    assert "Entry 5 is damaged" in capsys.readouterr().err


def test_a_dropped_row_is_found(site, tmp_path, capsys):
    words = held(tmp_path, site.log, 8)
    site.lies["/v1/log/checkpoint"] = str(site.log.head()).encode()
    drop_a_row(site.log)
    assert main(["audit"]) == 1
    assert "Entry 10 of 11 is missing" in capsys.readouterr().err
    del site.lies["/v1/log/checkpoint"]
    assert main(["audit", *words]) == 1
    assert "evidence.rewritten" in capsys.readouterr().err


def test_a_log_that_is_rolled_back_is_found(site, tmp_path, capsys):
    words = held(tmp_path, site.log, 11)
    del site.log.leaves[9:]
    assert main(["audit", *words]) == 1
    assert "rolled back: it shows 9 entries, and signed a head of 11" in capsys.readouterr().err


def test_a_rewritten_head_is_found(site, capsys):
    head = str(site.log.head())
    site.lies["/v1/log/checkpoint"] = head.replace("\n11\n", "\n10\n").encode()
    assert main(["audit"]) == 1
    assert "evidence.forged" in capsys.readouterr().err
    other = MemoryLog(log_of(11).leaves[::-1], key=site.log.key)
    site.lies["/v1/log/checkpoint"] = str(other.head()).encode()
    assert main(["audit"]) == 1
    assert "evidence.rewritten" in capsys.readouterr().err
    site.lies["/v1/log/checkpoint"] = str(log_of(11).head()).encode()
    assert main(["audit"]) == 1
    assert "evidence.unknown_log" in capsys.readouterr().err


def test_a_split_view_is_found_and_both_heads_are_the_proof(site, tmp_path, capsys):
    other = MemoryLog(site.log.leaves[::-1], key=site.log.key)
    words = held(tmp_path, other, 11)
    assert main(["audit", *words]) == 1
    assert "Split view: there are two signed heads of 11 entries" in capsys.readouterr().err


def test_a_split_view_between_two_audits_is_found(site, capsys):
    assert main(["audit", "--state", "state.json"]) == 0
    site.log.leaves[3] = make_leaf("other").encode()
    assert main(["audit", "--state", "state.json"]) == 1
    assert "Split view" in capsys.readouterr().err


def test_a_head_of_another_log_accuses_nobody(site, tmp_path, capsys):
    other = log_of(11, origin="other.example/log")
    (tmp_path / "keys.txt").write_text(f"{site.log.verifier}\n{other.verifier}\n")
    assert main(["audit", *held(tmp_path, other, 11)]) == 1
    assert "evidence.other_log" in capsys.readouterr().err


def test_a_receipt_is_a_head_that_is_held(site, tmp_path):
    leaf = parse_leaf(site.log.leaves[3])
    (tmp_path / "receipt.json").write_bytes(site.log.receipt(leaf, 3, 7).write())
    assert main(["audit", "--held", "receipt.json"]) == 0
    site.log.leaves[5] = make_leaf("other").encode()
    assert main(["audit", "--held", "receipt.json"]) == 1


@pytest.mark.parametrize(
    ("path", "lie", "code", "text"),
    [
        ("entries", b"{}", 2, "no list of texts"),
        ("entries", b'{"start":1,"leaves":["x"]}', 2, "another place"),
        ("entries", b"x", 2, "no JSON"),
        ("checkpoint", b"x", 2, "no blank line"),
        ("checkpoint", b"x" * 70_000, 2, "more than 65536 bytes"),
    ],
)
def test_a_log_that_answers_nonsense_is_said_to(site, capsys, path, lie, code, text):
    site.lies[f"/v1/log/{path}"] = lie
    assert main(["audit"]) == code
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--url", ""], "Give --url and --log-keys"),
        (["--url", "http://127.0.0.1:9"], "did not answer"),
        (["--held", "nothing"], "No such file"),
        (["--held", "keys.txt"], "no blank line"),
        (["--state", "keys.txt"], "audit anew"),
    ],
)
def test_what_cannot_be_audited_exits_2(site, capsys, words, text):
    assert main(["audit", *words]) == 2
    assert text in capsys.readouterr().err


# --- the witness ---


@pytest.fixture
def log():
    return log_of(11)


@pytest.fixture
def witness(tmp_path, log):
    return Witness(NAME, KEY, log.trusted, tmp_path / "witness")


def submission(log, old, new, /, **more):
    parts = {"old": old, "proof": tuple(log.consistency(old, new)), "note": str(log.head(new))}
    return Submission(**{**parts, **more}).encode()


def test_a_head_that_grew_is_cosigned_and_kept(witness, log, tmp_path):
    trusted = TrustedKeys((*log.trusted.verifiers, witness.verifier))
    for old, new in ((0, 4), (4, 4), (4, 11)):
        reply = witness.add_checkpoint(submission(log, old, new), now=1_790_000_000)
        assert reply.status == 200
        head = trusted.open(str(log.head(new)) + reply.text)
        assert head.witnesses == {NAME: 1_790_000_000}
    again = Witness(NAME, KEY, log.trusted, tmp_path / "witness")
    assert trusted.open(again.last()).checkpoint.size == 11
    assert (again.add_checkpoint(submission(log, 4, 11))).text == "11\n"


def test_a_head_that_does_not_continue_the_last_one_is_never_cosigned(witness, log, tmp_path):
    assert witness.add_checkpoint(submission(log, 0, 8)).status == 200
    other = MemoryLog([make_leaf("x").encode(), *log.leaves], key=log.key)
    for body, status in (
        (submission(other, 8, 11), 422),
        (submission(log, 8, 11, proof=()), 422),
        (submission(log, 8, 11, proof=tuple(other.consistency(8, 11))), 422),
        (submission(other, 8, 8), 409),
        (submission(other, 0, 8), 409),
        (submission(log, 4, 11), 409),
        (submission(log, 4, 4), 409),
        (submission(log, 11, 11), 409),
    ):
        reply = witness.add_checkpoint(body)
        assert reply.status == status
        assert "—" not in reply.text
    assert reply == witness.add_checkpoint(submission(log, 0, 4))
    assert (reply.text, reply.kind) == ("8\n", "text/x.tlog.size")
    # Another head of the same size proves that the log lied; a wrong proof is anybody's.
    (conflict,) = (tmp_path / "witness").glob("conflict-*")
    assert conflict.read_text() == str(other.head(8))
    assert witness.add_checkpoint(submission(log, 8, 11)).status == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda log: b"", 400),
        (lambda log: b"old -1\n\n" + str(log.head()).encode(), 400),
        (lambda log: b"old 01\n\n" + str(log.head()).encode(), 400),
        (lambda log: b"old 0\nx\n\n" + str(log.head()).encode(), 400),
        (lambda log: b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\n" + str(log.head()).encode(), 400),
        (lambda log: b"old 0\n\nx\n\n", 400),
        (lambda log: b"old 0\n\n\xff", 400),
        (lambda log: submission(log, 4, 4, old=11), 400),
        (lambda log: submission(log_of(4, origin="other.example"), 0, 4), 404),
        (lambda log: submission(log_of(4), 0, 4), 403),
        (lambda log: submission(log, 0, 4).replace(b"\n4\n", b"\n5\n"), 403),
    ],
)
def test_what_no_trusted_log_asks_is_refused_as_the_protocol_says(witness, log, change, status):
    assert witness.add_checkpoint(change(log)).status == status
    assert witness.last() is None


def test_lines_of_strangers_below_a_head_end_no_witness_and_hide_no_conflict(
    witness, log, tmp_path
):
    def crowded(log, old, new, name):
        junk = NoteSignature(name, b"junk", b"s" * 64)
        lines = [replace(junk, signature=bytes((n,)) * 64) for n in range(63)]
        return submission(log, old, new, note=str(log.head(new).with_signatures(lines)))

    assert witness.add_checkpoint(crowded(log, 0, 8, "stranger")).status == 200
    other = MemoryLog([make_leaf("x").encode(), *log.leaves], key=log.key)
    for name in ("a", "b"):
        assert witness.add_checkpoint(crowded(other, 8, 8, name)).status == 409
    (conflict,) = (tmp_path / "witness").glob("conflict-*")
    assert conflict.read_text() == str(other.head(8))
    assert witness.add_checkpoint(submission(log, 8, 11)).status == 200


def test_of_two_growths_at_once_one_is_cosigned(witness, log):
    witness.add_checkpoint(submission(log, 0, 4))
    replies = []
    threads = [
        threading.Thread(
            target=lambda size: replies.append(witness.add_checkpoint(submission(log, 4, size))),
            args=(size,),
        )
        for size in (7, 9, 11, 8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]


def test_a_witness_is_reached_over_http_and_shows_its_head_to_auditors(site, witness, tmp_path):
    servers, running = [], threading.Event()

    def ready(server):
        servers.append(server)
        running.set()

    mine = Witness(NAME, KEY, site.log.trusted, tmp_path / "mine")
    thread = threading.Thread(target=serve, args=(mine, "127.0.0.1", 0, ready))
    thread.start()
    assert running.wait(30)
    url = f"http://127.0.0.1:{servers[0].server_port}"
    try:
        assert requests.get(f"{url}/checkpoint", timeout=10).status_code == 404
        reply = requests.post(f"{url}/add-checkpoint", submission(site.log, 0, 8), timeout=10)
        assert (reply.status_code, reply.text[:1]) == (200, "—")
        conflict = requests.post(f"{url}/add-checkpoint", submission(site.log, 0, 8), timeout=10)
        assert conflict.headers["content-type"] == "text/x.tlog.size"
        large = requests.post(f"{url}/add-checkpoint", b"x" * (LONGEST_BODY + 1), timeout=10)
        assert large.status_code == 413
        assert requests.post(f"{url}/other", b"", timeout=10).status_code == 404
        assert main(["audit", "--held", f"{url}/checkpoint"]) == 0
        flip_a_bit(site.log)
        assert main(["audit", "--held", f"{url}/checkpoint"]) == 1
        assert main(["audit", "--held", f"{url}/nothing"]) == 2
    finally:
        servers[0].shutdown()
        thread.join(30)


def test_who_drips_a_submission_holds_a_place_of_the_witness_for_seconds_only(
    witness, log, monkeypatch
):
    monkeypatch.setattr(witness_module, "SECONDS", 0.3)
    servers, running = [], threading.Event()

    def ready(server):
        servers.append(server)
        running.set()

    thread = threading.Thread(target=serve, args=(witness, "127.0.0.1", 0, ready))
    thread.start()
    assert running.wait(30)
    try:
        with socket.create_connection(("127.0.0.1", servers[0].server_port), 20) as line:
            line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9000\r\n\r\nold 0\n\n")
            wait_for(lambda: is_cut(line), pause=0.05)
        assert witness.last() is None
    finally:
        servers[0].shutdown()
        thread.join(30)


def is_cut(line):
    """Send a byte more; whether the other side has hung up."""
    try:
        line.sendall(b"x")
        line.settimeout(0.05)
        return line.recv(1000) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_submission_is_read_as_it_was_written(log):
    raw = submission(log, 4, 11)
    assert Submission.parse(raw).encode() == raw
    assert replace(Submission.parse(raw), old=0).encode() != raw
    with pytest.raises(EvidenceError):
        Submission.parse(raw[: raw.index(b"\n\n")])
