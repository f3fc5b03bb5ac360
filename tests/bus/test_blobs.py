"""The claim check store: a name stands for its content, whatever happens in between."""

import asyncio
import hashlib
import itertools
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.blobs import Blobs, TooLarge
from bus.errors import Internal, NotFound
from tests.processes import ROOT
from tests.waiting import wait_for

PUTTING = """
import os, sys
from pathlib import Path
from bus.blobs import Blobs

blobs = Blobs(Path(sys.argv[1]))
while True:
    writing = blobs.begin(10_000_000)
    for _ in range(20):
        writing.write(os.urandom(50_000))
    writing.keep()
"""


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "blobs")


def files(blobs):
    return [path for path in blobs.folder.rglob("*") if path.is_file()]


def put(blobs, *chunks, limit=1000):
    async def coming():
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    return asyncio.run(blobs.put(coming(), limit))


def age(blobs, seconds):
    """All files of the store become that old."""
    then = time.time() - seconds
    for path in files(blobs):
        os.utime(path, (then, then))


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300)))
def test_what_came_in_pieces_is_read_as_it_was_sent(tmp_path_factory, content, cuts):
    blobs = Blobs(tmp_path_factory.mktemp("blobs"))
    places = [0, *sorted(cuts), len(content)]
    blob = put(blobs, *(content[a:b] for a, b in itertools.pairwise(places)))
    assert blob == (hashlib.sha256(content).hexdigest(), len(content))
    assert blobs.read(blob.sha256) == content
    with blobs.open(blob.sha256) as stream:
        assert stream.read() == content


def test_a_blob_lies_under_the_first_two_digits_of_its_name_and_is_for_nobody_else(blobs):
    blob = blobs.add(b"a letter")
    (path,) = files(blobs)
    assert path == blobs.folder / blob.sha256[:2] / blob.sha256
    assert not stat.S_IMODE(path.stat().st_mode) & 0o007


def test_the_same_content_twice_is_one_file(blobs):
    assert blobs.add(b"twice") == put(blobs, b"tw", b"ice")
    assert len(files(blobs)) == 1


def test_content_as_long_as_the_limit_is_kept_and_a_byte_more_leaves_nothing_behind(blobs):
    assert put(blobs, b"12345", b"67890", limit=10).size == 10
    with pytest.raises(TooLarge) as refused:
        put(blobs, b"12345", b"678901", limit=10)
    assert refused.value.code == "blob.too_large"
    assert len(files(blobs)) == 1


def test_a_sender_who_breaks_off_leaves_nothing_behind(blobs):
    with pytest.raises(ConnectionError):
        put(blobs, b"half of it", ConnectionError())
    assert files(blobs) == []


NO_NAMES = [
    "",
    "ab",
    "../" * 3 + "etc/passwd",
    "A" * 64,
    "a" * 63 + "\n",
    "a" * 64 + "\n",
    "é" * 64,
]


@pytest.mark.parametrize("name", [*NO_NAMES, "a" * 64])
def test_what_is_not_in_the_store_is_not_found_and_no_path_can_be_walked(blobs, name):
    blobs.add(b"something else")
    for ask in (blobs.open, blobs.read):
        with pytest.raises(NotFound) as refused:
            ask(name)
        assert refused.value.code == "blob.not_found"


@pytest.mark.parametrize("name", NO_NAMES)
def test_nothing_can_be_removed_by_what_is_no_name(blobs, name):
    with pytest.raises(NotFound):
        blobs.remove(name)


def test_damaged_content_is_told_as_our_fault(blobs):
    blob = blobs.add(b"as it was")
    files(blobs)[0].write_bytes(b"as it wAs")
    with pytest.raises(Internal) as refused:
        blobs.read(blob.sha256)
    assert refused.value.code == "blob.damaged"


def test_what_was_removed_is_gone_and_may_be_removed_again(blobs):
    blob = blobs.add(b"forget me")
    blobs.remove(blob.sha256)
    blobs.remove(blob.sha256)
    assert files(blobs) == []


def test_only_older_blobs_are_told_and_a_blob_that_came_again_is_young(blobs):
    old, again = blobs.add(b"old"), blobs.add(b"again")
    age(blobs, 3600)
    blobs.add(b"again")
    blobs.add(b"new")
    assert list(blobs.older_than(1800)) == [old.sha256]
    assert set(blobs.older_than(7200)) == set()
    assert blobs.read(again.sha256) == b"again"


def test_sweeping_a_store_that_was_never_used_finds_nothing(blobs):
    assert list(blobs.older_than(0)) == []


def test_sweeping_leaves_alone_what_is_being_written(blobs):
    writing = blobs.begin(100)
    writing.write(b"not yet")
    assert list(blobs.older_than(60)) == []
    assert blobs.read(writing.keep().sha256) == b"not yet"
    writing.end()


def test_a_process_killed_amid_many_puts_leaves_no_half_file_under_a_final_name(blobs):
    for pause in (0.0, 0.011, 0.023, 0.037, 0.051):
        before = len(list(blobs.folder.glob("??/*")))
        process = subprocess.Popen(
            [sys.executable, "-c", PUTTING, str(blobs.folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            wait_for(lambda kept=before: len(list(blobs.folder.glob("??/*"))) > kept + 3)
            time.sleep(pause)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
    kept = list(blobs.folder.glob("??/*"))
    for path in kept:
        assert len(blobs.read(path.name)) == 1_000_000
    left = [path for path in files(blobs) if path not in kept]
    assert left, "no process was killed in the middle of a file"
    age(blobs, 3600)
    assert set(blobs.older_than(60)) == {path.name for path in kept}
    assert set(files(blobs)) == set(kept)
