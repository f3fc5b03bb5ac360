"""The virus scanner: a real one, and ones that answer as none should. Only OK is clean."""

import contextlib
import io
import socket
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Unavailable
from bus.foreign.clamd import Clamd
from deploy.local import antivirus, stores
from deploy.local.ports import free_port

EICAR = bytes.fromhex(antivirus.EICAR)
FOUND = "Eicar-Test-Signature.UNOFFICIAL"


def zipped(content):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letter.txt", content)
    return made.getvalue()


@pytest.fixture(scope="module")
def clamd():
    """A real clamd of our own."""
    with antivirus.running(free_port()) as address:
        yield Clamd(address)


@contextlib.contextmanager
def answering(*pieces, pause=0.0, read=True):
    """The address of a scanner that reads a whole stream, says ``pieces``, and hangs up."""

    def talk():
        with contextlib.suppress(OSError), contextlib.closing(listener.accept()[0]) as line:
            if read:
                _read_stream(line)
            for piece in pieces:
                time.sleep(pause)
                line.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            # If the test did not connect, nobody else will wake the thread.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
    assert not thread.is_alive()


def _read_stream(line):
    with line.makefile("rb") as reply:
        assert reply.read(10) == b"zINSTREAM\0"
        while size := int.from_bytes(_read(reply, 4)):
            _read(reply, size)


def _read(reply, size):
    result = reply.read(size)
    if len(result) < size:
        raise ConnectionError("the sender broke off")
    return result


def scan(address, content=b"hello", seconds=5.0):
    return Clamd(address, seconds).scan(io.BytesIO(content))


def refused(address, **more):
    with pytest.raises(Unavailable) as reply:
        scan(address, **more)
    assert reply.value.code == "scanner.unavailable"
    return reply.value


def test_a_real_scanner_answers(clamd):
    assert clamd.ping()


@pytest.mark.parametrize(
    "content", [b"", b"hello", "سلام".encode(), b"%PDF-1.7\n" + b"x" * 5_000_000]
)
def test_a_real_scanner_finds_nothing_in_harmless_files(clamd, content):
    assert clamd.scan(io.BytesIO(content)) is None


INFECTED = {
    "alone": EICAR,
    "inside a PDF": b"%PDF-1.7\n" + EICAR + b"\n%%EOF",
    "far behind": b"\xff\xd8\xff" + b"x" * 3_000_000 + EICAR,
    "packed": zipped(EICAR),
    "packed twice": zipped(zipped(EICAR)),
}


@pytest.mark.parametrize("content", INFECTED.values(), ids=INFECTED)
def test_a_real_scanner_finds_the_test_virus(clamd, content):
    assert clamd.scan(io.BytesIO(content)) == FOUND


def test_a_real_scanner_that_is_given_too_much_says_so_and_that_is_not_clean(clamd):
    with pytest.raises(Unavailable):
        clamd.scan(io.BytesIO(b"x" * 31 * 1024 * 1024))
    assert clamd.ping()


def test_a_nest_too_deep_to_look_through_is_not_clean(clamd):
    nest = EICAR
    for _ in range(30):
        nest = zipped(nest)
    assert clamd.scan(io.BytesIO(nest)).startswith("Heuristics.Limits.Exceeded")


def test_the_private_scanner_does_not_run_as_root_and_leaves_nothing_behind():
    port = free_port()
    with antivirus.running(port) as address:
        (home,) = (
            config.parent
            for config in Path("/var/tmp").glob("mirab-clamd-*/clamd.conf")
            if f"TCPSocket {port}\n" in config.read_text(encoding="utf-8")
        )
        (user,) = owners_of(f"--config-file={home}/clamd.conf")
        assert user != 0
    assert not home.exists()
    assert not Clamd(address).ping()


def owners_of(argument):
    """The users whose processes were started with that argument."""
    result = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # a process that has ended meanwhile
            if argument.encode() in path.read_bytes().split(b"\0"):
                result.add(path.stat().st_uid)
    return result


def test_without_the_program_it_is_said_which_package_brings_it(monkeypatch, tmp_path):
    monkeypatch.setattr(antivirus, "PROGRAM", tmp_path / "clamd")
    with pytest.raises(stores.CannotStart, match="clamav-daemon"):
        antivirus.command(tmp_path / "clamd.conf")


BROKEN = {
    "nothing": (),
    "half a word": (b"stream: O",),
    "OK without an end": (b"stream: OK",),
    "a line's end instead": (b"stream: OK\n",),
    "OK and more": (b"stream: OK \0",),
    "OK in small letters": (b"stream: ok\0",),
    "OK of something else": (b"other: OK\0",),
    "OK after a find": (b"stream: Worm FOUND\0stream: OK\0",),
    "OK in the name": (b"stream: OK FOUND stream: OK\0",),
    "too much": (b"INSTREAM size limit exceeded. ERROR\0",),
    "an error": (b"stream: Can't open file ERROR\0",),
    "a find of nothing": (b"stream:  FOUND\0",),
    "a find without a name": (b"stream: FOUND\0",),
    "garbage": (b"\xff\xfe\x00\x01",),
    "an empty answer": (b"\0",),
    "no end of it": (b"stream: OK" * 10_000,),
    "another protocol": (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
}


@pytest.mark.parametrize("pieces", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_never_clean(pieces):
    with answering(*pieces) as address:
        refused(address)


@given(answer=st.binary(max_size=40).filter(lambda reply: reply != b"stream: OK"))
def test_no_other_answer_is_clean(answer):
    with answering(answer + b"\0") as address, contextlib.suppress(Unavailable):
        assert scan(address)


@pytest.mark.parametrize("cut", range(1, len("stream: OK")))
def test_an_answer_in_two_pieces_is_one_answer(cut):
    whole = b"stream: OK\0"
    with answering(whole[:cut], whole[cut:], pause=0.01) as address:
        assert scan(address) is None


def test_the_name_of_what_was_found_is_told_as_it_is():
    with answering(b"stream: Win.Test (1 of 2) FOUND\0") as address:
        assert scan(address) == "Win.Test (1 of 2)"


def test_a_scanner_that_hangs_up_while_it_is_given_the_file_says_nothing_of_it():
    with answering(b"INSTREAM size limit exceeded. ERROR\0", read=False) as address:
        refused(address, content=b"x" * 20_000_000)


def test_a_scanner_that_is_silent_is_given_up():
    with answering(b"stream: OK\0", pause=1.0) as address:
        refused(address, seconds=0.2)  # not what it says a second later: that it is clean


def test_a_scanner_that_says_a_byte_now_and_then_has_no_longer_time():
    with answering(*(bytes([byte]) for byte in b"stream: OK\0"), pause=0.1) as address:
        refused(address, seconds=0.4)


def test_where_no_scanner_is_nothing_is_clean(tmp_path):
    for address in (f"tcp://127.0.0.1:{free_port()}", f"unix://{tmp_path}/clamd.ctl"):
        refused(address)
        assert not Clamd(address).ping()


def test_a_file_that_cannot_be_read_to_its_end_is_not_clean():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("the disk is broken")

    with answering(b"stream: OK\0") as address, pytest.raises(Unavailable):
        Clamd(address).scan(Broken())


def test_a_scanner_answers_on_a_local_socket_too():
    # Not tmp_path: the path of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/clamd.ctl")
        listener.listen()

        def talk():
            with contextlib.closing(listener.accept()[0]) as line:
                _read_stream(line)
                line.sendall(b"stream: OK\0")

        thread = threading.Thread(target=talk)
        thread.start()
        assert scan(f"unix://{folder}/clamd.ctl") is None
        thread.join(10)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:3310", "tcp://127.0.0.1", "tcp://h:x", "http://h:1", "unix://"]
)
def test_what_is_no_address_is_refused_at_once(address):
    with pytest.raises(ValueError, match="clamd"):
        Clamd(address)
