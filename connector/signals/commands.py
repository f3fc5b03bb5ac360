"""`python -m connector watch`, `unwatch` and `signals`."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from connector.connecting import caller_of
from connector.signals.watch_list import WatchList
from connector.signals.watching import ReadSignal, Watcher


def run_watch(arguments: argparse.Namespace) -> int:
    """Watches keys, or renews their watches."""
    keys = _keys(arguments)
    with _watcher(arguments) as watcher:
        count = watcher.watch(arguments.kind, keys, arguments.purpose, days=arguments.days)
    return _print_count(count, arguments)


def run_unwatch(arguments: argparse.Namespace) -> int:
    """Ends the watches of keys."""
    keys = _keys(arguments)
    with _watcher(arguments) as watcher:
        count = watcher.unwatch(arguments.kind, keys, arguments.purpose)
    return _print_count(count, arguments)


def run_signals(arguments: argparse.Namespace) -> int:
    """Prints the signals since the last time, by the keys of the watch list."""
    with _watcher(arguments) as watcher:
        if arguments.anew:
            watcher.begin_anew()
        for entry in watcher.signals():
            shown = _as_json(entry) if arguments.json else _text(entry)
            sys.stdout.write(f"{shown}\n")
            # It counts as read when the next one is asked for: then it stands there.
            sys.stdout.flush()
    return 0


@contextmanager
def _watcher(arguments: argparse.Namespace) -> Iterator[Watcher]:
    watch_list = WatchList(arguments.list)
    try:
        yield Watcher(caller_of(arguments), watch_list)
    finally:
        watch_list.close()


def _keys(arguments: argparse.Namespace) -> list[str]:
    """The keys of the command and of its file; ValueError if there are none."""
    keys = list(arguments.keys)
    if arguments.file:
        lines = arguments.file.read_text(encoding="utf-8-sig").splitlines()
        keys += [line.strip() for line in lines if line.strip()]
    if not keys:
        raise ValueError("Give keys, or --file with one a line.")
    return keys


def _print_count(count: int, arguments: argparse.Namespace) -> int:
    text = f"Your agency watches {count} subscribers and sources."
    print(orjson.dumps({"watches": count}).decode() if arguments.json else text)
    return 0


def _as_json(entry: ReadSignal) -> str:
    watched = [w._asdict() for w in entry.watched]
    return orjson.dumps({**entry.signal, "watched": watched}).decode()


def _text(entry: ReadSignal) -> str:
    signal = entry.signal
    if signal["type"] == "SEEDUPDATE":
        return f"{signal['id']} {signal['at']} the seed was changed; all are deposited anew"
    names = [f"{w.kind} {w.key} for {w.purpose}" for w in entry.watched]
    return f"{signal['id']} {signal['at']} " + (", ".join(names) or "a watch of another list")
