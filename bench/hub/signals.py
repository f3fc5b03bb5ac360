"""Watches deposited and signals found: what an import that changes everything costs the hub."""

import hmac
import io
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg2

from bench.imports import export
from bench.stack import Stores
from bench.tables import table
from bus.activator import Call
from bus.database.store import Store
from bus.envelope import Envelope
from bus.messages.kinds import Request
from bus.settings import Settings
from bus.signatures.keys import base64url, from_base64url
from bus.wire import Wire
from contracts.inquiry import signals as contracts
from contracts.inquiry.signals import pseudonym
from services.inquiry.questions.inquiry_log import key_hash
from services.inquiry.service import Inquiry
from services.inquiry.signals import changes, sending

WATCHES = 100_000
PAGES = 10_000
SECRET = "bench"
CALLER = {
    "agency": "fuel-co",
    "key": "fuel-co-demo",
    "grants": [{"purpose": "fuel_quota", "until": "2099-01-01"}],
}
# Each was asked about, as it must be for a signal.
ASKED = """
insert into inquiry_log (seq, at, agency, contract, purpose, key_hash, outcome, message_id, hash)
select -n, now(), 'fuel-co', 'inquiry.ask.v1', 'fuel_quota', h, 'FOUND', 'bench', ''
from unnest(%s) with ordinality as q(h, n)
"""
CHANGED = """
insert into signal_changes (kind, file_no, new_id, version, noted_at)
select 'record', file_no, id, data_version, now() from source_versions where known_to is null
"""
KEYS = "select kind, value from source_keys where kind in ('national_id', 'legal_id')"
KEPT = "create table kept_pseudonyms (pseudonym bytea, kind text, value text)"
JOINED = """
select count(*) from kept_pseudonyms k join watches w using (pseudonym)
"""


def measure(stores: Stores, rows: int) -> str:
    """Measure deposit, comparison and sending; the tables, as Markdown."""
    folder = Path(tempfile.mkdtemp(prefix="mirab-signals-"))
    try:
        url = stores.database("signals")
        stores.run("bus", "migrate", "services.inquiry", DB_URL=url)
        stores.run("services.inquiry.load", str(export(folder, rows)), DB_URL=url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    service = Inquiry()
    service.store = Store(url, source="inquiry", connections=4)
    service.settings = Settings({"INQUIRY_LOG_KEY": SECRET, "SIGNAL_WINDOW_SECONDS": "1"})
    connection = psycopg2.connect(stores.postgres.url("signals"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        shown = [*_hub(service, cursor), *_kept(service, cursor)]
    connection.close()
    service.store.engine.dispose()
    return table(["what", "how many", "s", "a second"], [_row(*line) for line in shown])


Line = tuple[str, int, float]


def _row(label: str, count: int, seconds: float) -> list[str]:
    print(f"  signals: {label}: {seconds:.2f} s", file=sys.stderr)
    return [label, f"{count:,}", f"{seconds:.2f}", f"{count / seconds:,.0f}"]


def _hub(service: Inquiry, cursor: "psycopg2.extensions.cursor") -> Iterator[Line]:
    """Deposit, comparison and sending, as the service does them."""
    (seed,) = _call(service, contracts.WATCH_SEEDS)["seeds"]
    keys = _watched_keys(cursor)
    octets = from_base64url(seed["seed"])
    pseudonyms = [base64url(pseudonym(octets, kind, value)) for kind, value in keys]
    yield "watches deposited, 1,000 a call", *_timed(lambda: _deposit(service, seed, pseudonyms))
    yield "the same once more", *_timed(lambda: _deposit(service, seed, pseudonyms))
    cursor.execute(ASKED, ([key_hash(SECRET, kind, value) for kind, value in keys],))
    cursor.execute("analyze")
    yield "changes noted, in the import", *_timed(lambda: _run(cursor, CHANGED))
    yield "changes compared, one agency", *_timed(lambda: _compare(service, cursor))
    cursor.execute("select count(*) from signals_due")
    ((due,),) = cursor.fetchall()
    time.sleep(1.1)
    yield "signals sent", due, _timed(lambda: _send(service))[1]


def _kept(service: Inquiry, cursor: "psycopg2.extensions.cursor") -> Iterator[Line]:
    """The other way: the pseudonyms of all registered persons kept for the agency and its seed."""
    cursor.execute(KEYS)
    keys = cursor.fetchall()
    seed = bytes(32)

    def keep() -> int:
        marks = (hmac.digest(seed, f"{kind}:{value}".encode(), "sha256") for kind, value in keys)
        lines = (
            f"\\\\x{mark.hex()}\t{kind}\t{value}\n"
            for mark, (kind, value) in zip(marks, keys, strict=True)
        )
        cursor.execute(KEPT)
        cursor.copy_expert("copy kept_pseudonyms from stdin", io.StringIO("".join(lines)))
        cursor.execute("create index on kept_pseudonyms (pseudonym)")
        return len(keys)

    yield "kept instead, for each agency and seed: computed and written", *_timed(keep)
    yield "kept instead: looked up", *_timed(lambda: _run(cursor, JOINED) and len(keys))


def _watched_keys(cursor: "psycopg2.extensions.cursor") -> list[tuple[str, str]]:
    """So many persons of the register; others are made up, of whom nobody ever hears."""
    cursor.execute(f"{KEYS} group by 1, 2 order by 2 limit %s", [WATCHES])
    keys: list[tuple[str, str]] = cursor.fetchall()
    return keys + [("national_id", f"none-{n}") for n in range(WATCHES - len(keys))]


def _deposit(service: Inquiry, seed: Wire, pseudonyms: Sequence[str]) -> int:
    for start in range(0, len(pseudonyms), contracts.AT_ONCE):
        _call(
            service,
            contracts.WATCH,
            purpose="fuel_quota",
            key_kind="national_id",
            seed=seed["id"],
            pseudonyms=pseudonyms[start : start + contracts.AT_ONCE],
        )
    return len(pseudonyms)


def _compare(service: Inquiry, cursor: "psycopg2.extensions.cursor") -> int:
    cursor.execute("select count(*) from signal_changes")
    ((count,),) = cursor.fetchall()
    for _ in range(PAGES):
        with service.store.transaction() as tx:
            if not changes.compare_page(service.context(tx)):
                break
    return int(count)


def _send(service: Inquiry) -> int:
    for _ in range(PAGES):
        with service.store.transaction() as tx:
            if not sending.send_due(service.context(tx), "fuel-co"):
                break
    return 0


def _run(cursor: "psycopg2.extensions.cursor", statement: str) -> int:
    cursor.execute(statement)
    return int(cursor.rowcount)


def _timed(act: Callable[[], int]) -> tuple[int, float]:
    """How many it did, and the seconds that it took."""
    started = time.perf_counter()
    count = act()
    return count, time.perf_counter() - started


def _call(service: Inquiry, contract: Request, **data: object) -> Wire:
    """One call in this process; SystemExit if it was refused."""
    envelope = Envelope.new(contract.name, "bench", caller=CALLER)
    call = Call.of(contract, envelope, data)
    (outcome,) = getattr(Inquiry, contract.operation)(service, [call])
    reply = outcome.reply or {}
    if "result" not in reply:
        raise SystemExit(f"{contract.name} was refused: {reply}")
    result: Wire = reply["result"]
    return result
