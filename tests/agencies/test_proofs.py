"""The book of proofs: each is taken once, by whatever message comes first."""

import datetime as dt

from contracts.agencies.proofs import TAKE_PROOF
from services.agencies.proofs.book import Taking, take, used_marks

MARK, OTHER = "0" * 32, "f" * 32


def test_a_proof_is_taken_by_one_message_and_that_one_may_come_again(register):
    until = register.moment + dt.timedelta(minutes=7)
    with register.store.transaction() as tx:
        both = [Taking(MARK, "m-1", until), Taking(OTHER, "m-2", until), Taking(MARK, "m-3", until)]
        first, other, again = take(tx.conn, both)
        assert other
        assert first != again  # in one list, too, it is one that takes it
    with register.store.transaction() as tx:
        taker = "m-1" if first else "m-3"
        assert take(tx.conn, [Taking(MARK, taker, until)]) == [True]
        assert take(tx.conn, [Taking(MARK, "m-4", until)]) == [False]


def test_a_proof_is_forgotten_when_it_can_come_no_more(register):
    assert TAKE_PROOF.load_data({"mark": MARK, "seconds": 420})
    take_until = register.moment + dt.timedelta(seconds=420)
    with register.store.transaction() as tx:
        take(tx.conn, [Taking(MARK, "m-1", take_until)])
    register.later(seconds=419)
    register.service.forget_proofs()
    with register.store.transaction() as tx:
        assert take(tx.conn, [Taking(MARK, "m-2", take_until)]) == [False]
    register.later(seconds=2)
    register.service.forget_proofs()
    with register.store.transaction() as tx:
        assert take(tx.conn, [Taking(MARK, "m-2", take_until)]) == [True]


def test_whether_a_token_was_revoked_is_read_from_the_same_book(register):
    with register.store.transaction() as tx:
        take(tx.conn, [Taking(MARK, "m-1", register.moment + dt.timedelta(minutes=6))])
        assert used_marks(tx.conn, [MARK, OTHER]) == {MARK}
