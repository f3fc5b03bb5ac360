"""How the cost of a call grows with the register, and the memory of processes with time."""

import itertools
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2

from bench import heads
from bench.ask import agency_key
from bench.load import run, signed_requests
from bench.stack import Stack, Stores
from bench.tables import middle, table
from bus.signatures.keys import SigningKey
from contracts import catalogue

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


# The CPU milliseconds a call of each process.
Cpu = dict[str, float]
# By stack: each round's calls a second, and what a call cost.
Runs = dict[str, list[tuple[float, Cpu]]]
# A register of agencies: how many there are, and how many grants each has.
AGENCIES = {"10 agencies": (10, 4), "1,000 agencies": (1000, 4), "64 contracts each": (10, 64)}


def growth(stores: Stores, ids: list[str], rounds: int, largest: int) -> str:
    """Rates with a small and a large register, in turn on the same stores; the tables."""
    sizes = [f"{SMALL:,} sources", f"{largest:,} sources"]
    stacks = {size: Stack(stores, "Mirab") for size in sizes}
    try:
        for size, number in zip(sizes, (SMALL, largest), strict=True):
            print(f"  growth: {size} are made", file=sys.stderr)
            grow(stacks[size], number)
        sources = _shown(_runs(stacks, ids, rounds))
    finally:
        for stack in stacks.values():
            stack.stop()
    return f"{sources}\n\n{_agencies(stores, ids, rounds)}"


def _agencies(stores: Stores, ids: list[str], rounds: int) -> str:
    """Compare registers of more agencies and of more contracts with the least; the table."""
    stacks = {}
    try:
        for name, (agencies, grants) in AGENCIES.items():
            folder = stores.folder / f"agencies-{agencies}-{grants}"
            write_agencies(stores.folder / "agencies", folder, agencies, grants)
            stacks[name] = Stack(stores, "Mirab", AGENCIES_DIR=str(folder))
        return _shown(_runs(stacks, ids, rounds))
    finally:
        for stack in stacks.values():
            stack.stop()


def write_agencies(register: Path, folder: Path, agencies: int, grants: int) -> None:
    """Write a register of the one that asks, with so many grants, and of so many agencies."""
    folder.mkdir()
    text = (register / "fuel-co.toml").read_text(encoding="utf-8")
    others = [name for name in catalogue() if not name.startswith("inquiry.ask")]
    more = [
        f'[[grants]]\ncontract = "{others[n % len(others)]}"\npurposes = []\nuntil = 2030-12-31\n'
        for n in range(grants - text.count("[[grants]]"))
    ]
    (folder / "fuel-co.toml").write_text("\n".join([text, *more]), encoding="utf-8")
    for n in range(agencies - 1):
        public_key = SigningKey.new(f"agency-{n}-key").public.base64()
        (folder / f"agency-{n}.toml").write_text(
            f'code = "agency-{n}"\nname = "Agency {n}"\nname_fa = "دستگاه {n}"\n'
            f"[limits]\nrequests = 60\nseconds = 60\n"
            f'[[keys]]\nid = "agency-{n}-key"\npublic_key = "{public_key}"\nuntil = 2030-12-31\n'
            f'[[grants]]\ncontract = "inquiry.*"\npurposes = ["fuel_quota"]\nuntil = 2030-12-31\n',
            encoding="utf-8",
        )


def parallel(stores: Stores, ids: list[str], rounds: int) -> str:
    """Compare one service and one door with two of each on the same cores; the tables.

    From what a call costs each process, and from what one log's head bears, follows what more cores
    would bring: the last table is reckoned, not measured.
    """
    stacks = {
        "one service, one door": Stack(stores, "Mirab"),
        "two services, two doors": Stack(stores, "Mirab", services=2, doors=2),
    }
    try:
        runs = _runs(stacks, ids, rounds)
    finally:
        for stack in stacks.values():
            stack.stop()
    # More cores come with more callers, so that batches are as large as those of one and one here.
    parts = _parts([cpu for _, cpu in runs["one service, one door"]])
    borne = heads.measure(stores)
    costs = heads.index_cost(stores)
    return "\n\n".join([_shown(runs), heads.shown(borne), costs, heads.paper(parts, borne)])


def _parts(rounds: list[Cpu]) -> Cpu:
    """CPU milliseconds a call of each part, however many processes it has."""
    parts = sorted({name.split()[0] for cpu in rounds for name in cpu})
    return {
        part: middle(sum(ms for name, ms in cpu.items() if name.startswith(part)) for cpu in rounds)
        for part in parts
    }


def _runs(stacks: dict[str, Stack], ids: list[str], rounds: int) -> Runs:
    key, cycle = agency_key(), itertools.cycle(ids)
    runs: Runs = {name: [] for name in stacks}
    for n in range(rounds + 1):
        for name, stack in stacks.items():
            measured = _at_all_doors(stack, key, cycle)
            if n:  # the first round warms the caches
                runs[name].append(measured)
    return runs


def _at_all_doors(stack: Stack, key: SigningKey, ids: Iterator[str]) -> tuple[float, Cpu]:
    """Ask all doors of a stack at once: calls a second, and the CPU milliseconds of each."""
    doors = len(stack.urls)
    requests = {url: signed_requests(url, key, ids, CALLS // doors) for url in stack.urls}
    before, begun = stack.cpu(), time.monotonic()
    with ThreadPoolExecutor(doors) as pool:
        answered = [
            pool.submit(run, *of_door, CONNECTIONS // doors) for of_door in requests.items()
        ]
        count = sum(part.result().count for part in answered)
    seconds, after = time.monotonic() - begun, stack.cpu()
    return count / seconds, {name: (after[name] - before[name]) / count * 1000 for name in after}


def _shown(runs: Runs) -> str:
    """The table: each beside the first, by the rounds' own ratios."""
    first = next(iter(runs.values()))
    rows = []
    for name, of_name in runs.items():
        share = middle(a[0] / b[0] for a, b in zip(of_name, first, strict=True))
        rate = middle(rate for rate, _ in of_name)
        cpu = middle(sum(cpu.values()) for _, cpu in of_name)
        rows.append([name, f"{rate:.0f}", f"{cpu:.2f}", f"{share:.2f}"])
    return table(["64 connections", "requests/s", "CPU ms a call", "of the first"], rows)


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
