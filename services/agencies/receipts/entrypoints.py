"""The entrypoints of the log of receipts."""

from pathlib import Path

from bus.activator import Call
from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from bus.envelope import instant
from bus.errors import BusError, NotFound
from bus.evidence.notes import ED25519, Verifier
from bus.process import log
from contracts.agencies import receipts as contracts
from contracts.agencies.register import Nothing
from services.agencies.context import Context, Entrypoints, calling_agency
from services.agencies.receipt_tables import HeadRow
from services.agencies.receipts import endorsements, forgetting, heads, lags, proofs, taking, tree
from services.agencies.receipts.endorsements import Endorsers
from services.agencies.receipts.heads import Log

MESSAGES_AT_ONCE = 50
SIGN_SECONDS, ENDORSE_SECONDS = 2.0, 60.0
_log = log.get("receipts")


class ReceiptEntrypoints(Entrypoints):
    def _origin(self) -> str:
        return self.settings.text("RECEIPTS_ORIGIN")

    def _marks(self) -> Path | None:
        folder = self.settings.text("MARKS_DIR", "")
        return Path(folder) if folder else None

    def _receipt_log(self, context: Context) -> Log:
        return Log(self._origin(), context.receipts_key)

    def _sign(self, tx: Tx) -> HeadRow | None:
        context = self.context(tx)
        return heads.sign(context, self._receipt_log(context), self._marks())

    @handle(contracts.ADD_LEAVES, batch=MESSAGES_AT_ONCE, workers=1)
    def add_leaves(self, tx: Tx, calls: list[Call[contracts.AddLeaves]]) -> list[BusError | None]:
        tx.makes_nothing_due()
        origin = self._origin()
        leaves = [tree.read_leaf(wire, origin) for call in calls for wire in call.message.leaves]
        lags.ADDED.inc(taking.take(tx, leaves, origin, self._marks(), self.now()))
        return [None] * len(calls)

    @every(SIGN_SECONDS, others=True)
    def sign_head(self) -> None:
        if self.settings.get("RECEIPTS_ORIGIN") is None:
            return
        try:
            row = self._signed()
        except BusError as error:
            lags.failed(error)
            raise
        lags.turned(row)
        if row is not None:
            _log.info("head_signed", size=row.size)

    def _signed(self) -> HeadRow | None:
        """The head that was signed, of a tree that has all leaves which were noted beside it."""
        folder, origin = self._marks(), self._origin()
        with self.store.transaction() as tx:
            if not taking.is_behind(tx.conn, origin, folder):
                return self._sign(tx)
        # What is put back stays, also if no head can be signed then.
        with self.store.transaction() as tx:
            taking.take(tx, (), origin, folder, self.now())
        with self.store.transaction() as tx:
            return self._sign(tx)

    @every(ENDORSE_SECONDS, others=True)
    def endorse_head(self) -> None:
        """Has the newest head co-signed and stamped; no transaction waits meanwhile."""
        endorsers = Endorsers.of(self.settings)
        if not endorsers or self.settings.get("RECEIPTS_ORIGIN") is None:
            return
        now = self.now()
        with self.store.transaction() as tx:
            head = heads.newest_head(tx.conn)
            stamp_due = endorsements.is_stamp_due(tx.conn, now)
        if head is None:
            return
        endorsers = endorsements.wanting(endorsers, head, stamp_due=stamp_due)
        if not endorsers:
            return
        gathered = endorsements.gather(endorsers, head, self._prove_growth, now, self._newest_size)
        with self.store.transaction() as tx:
            endorsements.keep(tx.conn, head.size, gathered)

    def _newest_size(self) -> int:
        with self.store.transaction() as tx:
            head = heads.newest_head(tx.conn)
        return head.size if head else 0

    def _prove_growth(self, old: int, new: int) -> tuple[bytes, ...]:
        with self.store.transaction() as tx:
            return proofs.growth(tx.conn, old, new)

    @every(3600)
    def forget_receipts(self) -> None:
        with self.store.transaction() as tx:
            forgetting.forget(tx.conn, self.now())
        folder, origin = self._marks(), self.settings.get("RECEIPTS_ORIGIN")
        if folder is not None and origin is not None:
            with self.store.transaction() as tx:
                taking.forget(tx, origin, folder, self.now())

    # --- for agencies ---

    @serve(contracts.READ_RECEIPT)
    def receipt(self, tx: Tx, message: contracts.ReadReceipt) -> contracts.ReceiptReply:
        return proofs.receipt(tx.conn, calling_agency(tx.envelope).code, message.id)

    # --- for the face ---

    @serve(contracts.LOG_HEAD)
    def log_head(self, tx: Tx, message: Nothing) -> contracts.SignedHead:
        row = heads.newest_head(tx.conn)
        if row is None:
            raise NotFound("The log of receipts has no signed head yet.", code="receipts.no_head")
        log = self._receipt_log(self.context(tx))
        key = str(Verifier(log.origin, ED25519, log.key.public))
        return contracts.SignedHead(note=row.note, key=key, signed_at=instant(row.signed_at))

    @serve(contracts.LOG_INCLUSION)
    def log_inclusion(self, tx: Tx, message: contracts.ProveInclusion) -> contracts.Inclusion:
        return proofs.inclusion(tx.conn, message.leaf, message.size)

    @serve(contracts.LOG_CONSISTENCY)
    def log_consistency(self, tx: Tx, message: contracts.ProveConsistency) -> contracts.Consistency:
        return proofs.consistency(tx.conn, message.old, message.new)

    @serve(contracts.LOG_ENTRIES)
    def log_entries(self, tx: Tx, message: contracts.ReadEntries) -> contracts.Entries:
        return proofs.entries(tx.conn, message.start, message.limit)
