"""The entrypoints of the book of proofs."""

import datetime as dt

from bus.activator import Call
from bus.database.store import Tx
from bus.endpoint import every, serve
from contracts.agencies.proofs import (
    PROOF_STATE,
    TAKE_PROOF,
    AskProof,
    ProofState,
    ProofTaken,
    TakeProof,
)
from services.agencies.context import Entrypoints
from services.agencies.proofs import book

AT_ONCE = 100
FORGET_SECONDS = 60


class ProofEntrypoints(Entrypoints):
    @serve(TAKE_PROOF, batch=AT_ONCE)
    def take_proof(self, tx: Tx, calls: list[Call[TakeProof]]) -> list[ProofTaken]:
        tx.makes_nothing_due()
        now = self.now()
        takings = [
            book.Taking(
                call.message.mark,
                call.envelope.id,
                now + dt.timedelta(seconds=call.message.seconds),
            )
            for call in calls
        ]
        return [ProofTaken(first=first) for first in book.take(tx.conn, takings)]

    @serve(PROOF_STATE, batch=AT_ONCE)
    def proof_state(self, tx: Tx, calls: list[Call[AskProof]]) -> list[ProofState]:
        tx.makes_nothing_due()
        marks = [call.message.mark for call in calls]
        used = book.used_marks(tx.conn, marks)
        return [ProofState(is_used=mark in used) for mark in marks]

    @every(FORGET_SECONDS)
    def forget_proofs(self) -> None:
        with self.store.transaction() as tx:
            tx.makes_nothing_due()
            book.forget(tx.conn, self.now())
