"""How the cost of a call grows with the register, and the memory of processes with time."""

import itertools
import sys
import time

import psycopg2

from bench.ask import agency_key, one_run
from bench.load import run, signed_requests
from bench.stack import Stack, Stores
from bench.tables import middle, table

SMALL = 10_000
CONNECTIONS, CALLS = 64, 2000
AT_ONCE = 50
# Millions of rows come in minutes without checks and with the indexes built afterwards.
BEFORE = """
set session_replication_role = replica;
create temp table old as
    select id, file_no, known_from, data_version, hash, record
    from source_versions where known_to is null;
create temp table old_keys as
    select k.kind, k.value, old.file_no from old join source_keys k on k.version_id = old.id;
alter table source_keys drop constraint source_keys_pkey;
drop index source_versions_open
"""
CLONE = """
with new as (
    insert into source_versions (file_no, known_from, data_version, hash, record)
    select file_no || '~' || n, known_from, data_version, hash, record
    from old, generate_series(%(first)s, %(last)s) as n
    returning id, file_no)
insert into source_keys (kind, value, version_id)
select k.kind, k.value || '~' || split_part(new.file_no, '~', 2), new.id
from new join old_keys k on k.file_no = split_part(new.file_no, '~', 1)
"""
AFTER = (
    "alter table source_keys add primary key (kind, value, version_id)",
    "create unique index source_versions_open on source_versions (file_no) where known_to is null",
    "vacuum analyze",
)


def growth(stores: Stores, ids: list[str], rounds: int, largest: int) -> str:
    """Rates with a small and a large register, in turn on the same stores; the table."""
    stacks = {size: Stack(stores, "Mirab") for size in (SMALL, largest)}
    try:
        for size, stack in stacks.items():
            print(f"  growth: {size:,} sources are made", file=sys.stderr)
            grow(stack, size)
        rates = _rates(stacks, ids, rounds)
    finally:
        for stack in stacks.values():
            stack.stop()
    rows = [(f"{size:,}", f"{middle(of_size):.0f}") for size, of_size in rates.items()]
    share = middle(b / a for a, b in zip(rates[SMALL], rates[largest], strict=True))
    return table(["sources", "requests/s"], [*rows, ("large / small", f"{share:.2f}")])


def _rates(stacks: dict[int, Stack], ids: list[str], rounds: int) -> dict[int, list[float]]:
    key, cycle = agency_key(), itertools.cycle(ids)
    rates: dict[int, list[float]] = {size: [] for size in stacks}
    for n in range(rounds + 1):
        for size, stack in stacks.items():
            measured, _ = one_run(stack, key, cycle, CONNECTIONS, CALLS)
            if n:  # the first round warms the caches
                rates[size].append(measured.rate)
    return rates


def grow(stack: Stack, size: int) -> None:
    """Clones the register's sources until there are about ``size``."""
    connection = psycopg2.connect(stack.db)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from source_versions")
        row = cursor.fetchone()
        copies = size // max(1, int(row[0]) if row else 1)
        cursor.execute(BEFORE)
        for first in range(1, copies, AT_ONCE):
            cursor.execute(CLONE, {"first": first, "last": min(first + AT_ONCE, copies) - 1})
            print(f"\r  growth: {first:,} of {copies:,} copies", end="", file=sys.stderr)
        for statement in AFTER:
            cursor.execute(statement)
        print(file=sys.stderr)
    connection.close()


def soak(stores: Stores, ids: list[str], seconds: int) -> str:
    """Resident memory of each process over a long run under full load; the table."""
    stack, key, cycle = Stack(stores, "Mirab"), agency_key(), itertools.cycle(ids)
    rows = []
    try:
        run(stack.url, signed_requests(stack.url, key, cycle, 3000), CONNECTIONS)
        end, tenth = time.monotonic() + seconds, seconds / 10
        following = time.monotonic()
        while time.monotonic() < end:
            if time.monotonic() >= following:
                rows.append(_memory(stack, seconds - (end - time.monotonic())))
                following += tenth
            run(stack.url, signed_requests(stack.url, key, cycle, 2000), CONNECTIONS)
        rows.append(_memory(stack, seconds))
    finally:
        stack.stop()
    return table(["after", *stack.processes], rows)


def _memory(stack: Stack, after: float) -> list[object]:
    sizes = [f"{size / 2**20:.0f} MiB" for size in stack.memory().values()]
    print(f"  soak: after {after:.0f} s {', '.join(sizes)}", file=sys.stderr)
    return [f"{after:.0f} s", *sizes]
