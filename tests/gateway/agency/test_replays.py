"""The book of what was taken once: it outlives processes, and all of them share it."""

import asyncio
import contextlib
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import SignatureError, TooMany, Unauthenticated, Unavailable
from bus.signatures.signing import HttpMessage
from contracts.agencies.proofs import PROOF_STATE, ProofState, ProofTaken
from gateway.agency.door import checks
from gateway.agency.door.rate_limits import RateLimits
from gateway.agency.door.verification import RequestProof
from gateway.agency.proofs import replays
from gateway.agency.proofs.replays import KEEP_SECONDS, PURGE_EVERY, Replays
from gateway.agency.proofs.revoked_tokens import RevokedTokens
from gateway.agency.proofs.shared_replays import SharedReplays
from gateway.agency.proofs.tokens import Access, Issued
from tests.processes import ROOT

NOW = time.time() + 3600  # of the future, which is not for the book to judge


def refused(call, *reply):
    with pytest.raises(SignatureError) as error:
        call(*reply)
    return error.value.code


@pytest.fixture(params=["in memory", "in a folder"])
def book(request, tmp_path):
    return Replays(tmp_path if request.param == "in a folder" else None)


def test_a_nonce_is_taken_once_of_each_kind_and_owner(book):
    for reply in (("signature", "a-1", "n"), ("dpop", "a-1", "n"), ("signature", "a-2", "n")):
        book.check(*reply, NOW)
        book.note(*reply)
        assert refused(book.check, *reply, NOW) == f"{reply[0]}.replayed"
        assert refused(book.note, *reply) == f"{reply[0]}.replayed"


def test_taking_looks_and_records_at_once(book):
    book.take("signature", "a-1", "n", NOW)
    assert refused(book.take, "signature", "a-1", "n", NOW) == "signature.replayed"
    assert refused(book.check, "signature", "a-1", "n", NOW) == "signature.replayed"
    past = time.time() - 60
    assert refused(book.take, "signature", "a-1", "m", past) == "signature.before_start"
    book.check("signature", "a-1", "m", NOW)


def test_what_was_signed_before_the_book_began_is_refused(book):
    for kind in ("signature", "dpop", "assertion"):
        assert refused(book.check, kind, "a-1", "n", time.time() - 60) == f"{kind}.before_start"


def test_a_nonce_is_forgotten_when_it_can_come_no_more(tmp_path, monkeypatch):
    book, now = Replays(tmp_path), [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    book.note("signature", "a-1", "first")
    now[0] += KEEP_SECONDS + 1
    for number in range(PURGE_EVERY):
        book.note("signature", "a-1", str(number))
    book.note("signature", "a-1", "first")
    assert refused(book.note, "signature", "a-1", "0") == "signature.replayed"


def test_d6_what_lives_for_an_hour_is_remembered_for_as_long(tmp_path, monkeypatch):
    book, now = Replays(tmp_path), [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    book.note("assertion", "a-1", "first", 3720)
    now[0] += 3660
    for number in range(PURGE_EVERY):
        book.note("signature", "a-1", str(number))
    assert refused(book.check, "assertion", "a-1", "first", now[0]) == "assertion.replayed"


def test_two_who_share_a_folder_share_the_book_and_its_beginning(tmp_path):
    entry = Replays(tmp_path)
    entry.note("dpop", "k", "n")
    other = Replays(tmp_path)
    assert other._since == entry._since
    assert refused(other.check, "dpop", "k", "n", NOW) == "dpop.replayed"
    other.note("dpop", "k", "m")
    assert refused(entry.note, "dpop", "k", "m") == "dpop.replayed"


DIES = """
import os, pathlib, signal, sys
from gateway.agency.proofs.replays import Replays
Replays(pathlib.Path(sys.argv[1])).note("signature", "a-1", "of the dead")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_process_noted_that_was_killed_is_known_to_the_next(tmp_path):
    killed = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    reply = ("signature", "a-1", "of the dead")
    assert refused(Replays(tmp_path).check, *reply, NOW) == "signature.replayed"


TAKES = """
import pathlib, sys
from bus.errors import SignatureError
from gateway.agency.proofs.replays import Replays
book, taken = Replays(pathlib.Path(sys.argv[1])), 0
for number in range(2000):
    try:
        book.note("signature", "a-1", str(number))
        taken += 1
    except SignatureError:
        pass
print(taken)
"""


def test_of_four_processes_that_get_the_same_requests_one_takes_each(tmp_path):
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", TAKES, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    assert sum(int(process.communicate(timeout=120)[0]) for process in racing) == 2000


def test_after_a_boot_a_new_book_begins_and_the_old_one_is_thrown_away(tmp_path, monkeypatch):
    Replays(tmp_path).note("signature", "a-1", "n")
    boot = tmp_path / "boot"
    boot.write_text("another-boot\n")
    monkeypatch.setattr(replays, "BOOT", boot)
    book = Replays(tmp_path)
    book.note("signature", "a-1", "n")
    assert {path.name for path in tmp_path.glob("*.sqlite")} == {"another-boot.sqlite"}
    assert book._since >= int(time.time()) - 60


def test_a_book_that_cannot_be_used_costs_the_answer_and_never_the_check(tmp_path):
    book = Replays(tmp_path)
    book._db.close()
    for call in (lambda: book.check("dpop", "k", "n", NOW), lambda: book.note("dpop", "k", "n")):
        with pytest.raises(Unavailable) as error:
            call()
        assert error.value.code == "replays.unavailable"


def test_a_folder_that_is_not_there_and_a_book_that_is_none_are_named(tmp_path):
    with pytest.raises(ValueError, match="REPLAY_DIR"):
        Replays(tmp_path / "none")
    boot = replays.BOOT.read_text().strip()
    (tmp_path / f"{boot}.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ValueError, match="REPLAY_DIR"):
        Replays(tmp_path)


SHARED = Replays()


@given(st.text(), st.text())
def test_any_text_can_be_a_nonce(owner, nonce):
    with contextlib.suppress(SignatureError):
        SHARED.note("dpop", owner, nonce + "\ud800")
    assert refused(SHARED.note, "dpop", owner, nonce + "\ud800") == "dpop.replayed"


def test_over_the_rate_a_replay_is_told_first_and_nothing_is_recorded(book):
    agency = SimpleNamespace(code="a", requests=1, seconds=3600)
    verifiers = SimpleNamespace(limits=RateLimits(), replays=book)

    def ask(nonce):
        request = SimpleNamespace(state=SimpleNamespace())
        proof = RequestProof("a-1", nonce, NOW, "signature", "a-1")
        admission = checks.Admission(request, HttpMessage({}), proof, agency)
        for check in (checks.check_replay, checks.check_rate, checks.check_once):
            check(verifiers, admission)

    ask("first")
    assert refused(ask, "first") == "signature.replayed"
    for _ in range(2):  # what is over the rate may be sent again as it is
        with pytest.raises(TooMany) as error:
            ask("second")
        assert error.value.code == "limit.reached"
    book.check("signature", "a-1", "second", NOW)


class AgenciesService:
    """The book of all machines, as the agencies service has it; it can be away."""

    def __init__(self):
        self.marks, self.is_away = set(), False

    async def call(self, contract, message):
        if self.is_away:
            raise Unavailable("It does not answer.", code="deadline.passed")
        if contract is PROOF_STATE:
            return ProofState(is_used=message.mark in self.marks)
        first = message.mark not in self.marks
        self.marks.add(message.mark)
        return ProofTaken(first=first)


def issued(id_="0123456789abcdef"):
    access = Access("fuel-co", "fuel-co-demo", frozenset(), None, {})
    return Issued(access, id_, time.time(), time.time() + 300, "http://bus.example")


def test_a_token_that_one_machine_revoked_is_refused_by_the_others():
    service = AgenciesService()
    first, second = (RevokedTokens(Replays(), SharedReplays(service)) for _ in range(2))
    token, other = issued(), issued("fedcba9876543210")
    asyncio.run(first.revoke(token))
    with pytest.raises(Unauthenticated) as refused:
        first.require_valid_here(token)
    assert refused.value.code == "token.revoked"
    second.require_valid_here(token)  # it knows it by the book of all machines alone
    with pytest.raises(Unauthenticated):
        asyncio.run(second.require_valid(token))
    asyncio.run(second.require_valid(other))


def test_what_cannot_be_known_of_a_token_costs_the_answer_and_a_revocation_is_no_promise():
    service = AgenciesService()
    tokens = RevokedTokens(Replays(), SharedReplays(service))
    service.is_away = True
    for attempt in (tokens.require_valid(issued()), tokens.revoke(issued())):
        with pytest.raises(Unavailable) as refused:
            asyncio.run(attempt)
        assert refused.value.code == "replays.unavailable"
    tokens.require_valid_here(issued())


def test_a_machine_alone_takes_no_token_from_before_its_book():
    alone = RevokedTokens(Replays(), SharedReplays(None))
    old = issued()._replace(created=time.time() - 60)
    with pytest.raises(Unauthenticated):
        alone.require_valid_here(old)
    RevokedTokens(Replays(), SharedReplays(AgenciesService())).require_valid_here(old)
