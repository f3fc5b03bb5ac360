"""How many transactions a second one log's head bears: each waits for it, and for the disk; and
what the log's index by agency costs.
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from bench.stack import Stores
from bench.tables import middle, table
from bus.database.store import Store
from services.inquiry.questions.inquiry_log import LogRow, add_log

WRITERS, SECONDS = 8, 5.0
ROWS = (1, 20, 100)
# Of the index: so many transactions of TOGETHER rows, of so many agencies in turn, and how often.
TRANSACTIONS, TOGETHER, AGENCIES, ROUNDS = 400, 20, 10, 3
INDEX = "inquiry_log_agency"
CORES, BUSY = (2, 4, 16, 64), 0.8
# Transactions a second, by rows in each.
Borne = dict[int, float]


def measure(stores: Stores) -> Borne:
    """Append to one log from several connections at once, by rows in a transaction."""
    store = Store(stores.database("heads", "loaded"), source="bench", connections=WRITERS)
    return {size: _appended(store, size) for size in ROWS}


def shown(borne: Borne) -> str:
    """The table of what a head bears."""
    rows = [
        [size, f"{rate:.0f}", f"{rate * size:,.0f}", f"{1000 / rate:.2f}"]
        for size, rate in borne.items()
    ]
    return table(["rows a transaction", "transactions/s", "rows/s", "ms a transaction"], rows)


def index_cost(stores: Stores) -> str:
    """The table of what rows cost PostgreSQL with the index by agency, and without it, in turn."""
    with_it, without = stores.database("indexed", "loaded"), stores.database("bare", "loaded")
    stores.run_sql(f"drop index {INDEX}", "bare")
    named = {"with the index": with_it, "without": without}
    all_stores = {name: Store(url, source="bench", connections=1) for name, url in named.items()}
    spent: dict[str, list[float]] = {name: [] for name in named}
    for _ in range(ROUNDS):
        for name, store in all_stores.items():
            before = stores.cpu()["PostgreSQL"]
            for _ in range(TRANSACTIONS):
                with store.transaction() as tx:
                    add_log(tx, _rows(TOGETHER), datetime.now(UTC))
            used = stores.cpu()["PostgreSQL"] - before
            spent[name].append(used / TRANSACTIONS / TOGETHER * 1e6)
    for store in all_stores.values():
        store.engine.dispose()
    rows = [[name, f"{middle(micros):.1f}"] for name, micros in spent.items()]
    return table([f"{TOGETHER} rows a transaction", "PostgreSQL, CPU µs a row"], rows)


def _rows(count: int) -> list[LogRow]:
    codes = (f"agency-{n % AGENCIES}" for n in range(count))
    return [
        LogRow(code, "inquiry.ask.v1", "ANSWERED", "0" * 36, key_hash="0" * 64) for code in codes
    ]


def paper(parts: Mapping[str, float], borne: Borne) -> str:
    """Reckon what more cores answer, by the CPU milliseconds a call of each part.

    Each part gets cores as it needs them; ``BUSY`` of each is used, so that calls do not queue. One
    head bears the rows of the largest batch; where that is less than the cores answer, it binds.
    """
    total, most = sum(parts.values()), max(rate * size for size, rate in borne.items())
    rows = []
    for cores in CORES:
        answers = cores * 1000 * BUSY / total
        of_parts = [f"{cores * ms / total:.1f}" for ms in parts.values()]
        binds = "the log's head" if answers > most else "the cores"
        rows.append([cores, f"{answers:,.0f}", *of_parts, f"{answers / most:.1f}", binds])
    head = ["cores", "answers/s", *(f"{part}: cores" for part in parts)]
    return table([*head, "heads needed", "what binds"], rows)


def _appended(store: Store, size: int) -> float:
    """How many transactions a second all writers commit together."""
    counts, begun = [0] * WRITERS, time.monotonic()

    def write(n: int) -> None:
        while time.monotonic() - begun < SECONDS:
            with store.transaction() as tx:
                add_log(tx, _rows(size), datetime.now(UTC))
            counts[n] += 1

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return sum(counts) / (time.monotonic() - begun)
