"""The entrypoints of the operational record."""

import datetime as dt

from bus.database.store import Tx
from bus.endpoint import every, handle, serve
from bus.envelope import instant
from contracts.agencies import records as contracts
from contracts.agencies.traffic import TRAFFIC, AskTraffic, Traffic
from contracts.agencies.xroad import (
    FIND_XROAD_CALLS,
    READ_XROAD_HEALTH,
    READ_XROAD_RECORDS,
    AskXRoadHealth,
    AskXRoadRecords,
    FindXRoadCalls,
    FoundXRoadCalls,
    XRoadHealthData,
    XRoadRecords,
)
from services.agencies.context import Entrypoints, calling_agency
from services.agencies.record_tables import CallRecordRow
from services.agencies.records import rows, traffic, xroad

# So many turns of a chore, so that a full week's end is gone soon and others have their turn.
TURNS = 20


class RecordEntrypoints(Entrypoints):
    @serve(contracts.NOTE_CALLS)
    def note_calls(self, tx: Tx, message: contracts.NoteCalls) -> contracts.CallsNoted:
        tx.makes_nothing_due()
        rows.add(tx.conn, message)
        return contracts.CallsNoted(noted=len(message.records))

    @handle(contracts.RECORD_CALLS)
    def record_calls(self, tx: Tx, message: contracts.NoteCalls) -> None:
        tx.makes_nothing_due()
        rows.add(tx.conn, message)

    @serve(contracts.FIND_CALLS)
    def find_calls(self, tx: Tx, message: contracts.FindCalls) -> contracts.FoundCalls:
        page = rows.find(tx.conn, message)
        return contracts.FoundCalls(
            records=tuple(_found(row) for row in page.rows), next=page.next(lambda row: row.seq)
        )

    @serve(contracts.READ_RECORDS)
    def records(self, tx: Tx, message: contracts.ReadRecords) -> contracts.OwnRecords:
        page = rows.own(tx.conn, calling_agency(tx.envelope).code, message)
        return contracts.OwnRecords(
            records=tuple(_own(row) for row in page.rows), next=page.next(lambda row: row.seq)
        )

    @serve(READ_XROAD_RECORDS)
    def xroad_records(self, tx: Tx, message: AskXRoadRecords) -> XRoadRecords:
        return xroad.records_of(tx.conn, calling_agency(tx.envelope).code, message, self.now())

    @serve(FIND_XROAD_CALLS)
    def xroad_calls(self, tx: Tx, message: FindXRoadCalls) -> FoundXRoadCalls:
        return xroad.calls_of(tx.conn, calling_agency(tx.envelope).code, message.id)

    @serve(READ_XROAD_HEALTH)
    def xroad_health(self, tx: Tx, message: AskXRoadHealth) -> XRoadHealthData:
        return xroad.health_of(tx.conn, calling_agency(tx.envelope).code, self.now())

    @serve(TRAFFIC)
    def traffic(self, tx: Tx, message: AskTraffic) -> Traffic:
        return traffic.traffic_of(tx.conn, message)

    @every(600)
    def forget_records(self) -> None:
        for _ in range(TURNS):
            with self.store.transaction() as tx:
                if not rows.forget(tx.conn, self.now()):
                    return


def _found(row: CallRecordRow) -> contracts.FoundCall:
    return contracts.FoundCall(
        **{name: getattr(row, name) for name in CallRecordRow.__slots__}, keys=()
    )


def _own(row: CallRecordRow) -> contracts.OwnRecord:
    names = contracts.OwnRecord.__dataclass_fields__.keys() - {"at"}
    at = instant(dt.datetime.fromtimestamp(row.request_in / 1000, dt.UTC))
    return contracts.OwnRecord(at=at, **{name: getattr(row, name) for name in names})
