"""Signals of changes: watches subscribers by pseudonym, and reads what changed by their keys."""

from connector.signals.watch_list import Watched, WatchList
from connector.signals.watching import ReadSignal, Watcher

__all__ = ["ReadSignal", "WatchList", "Watched", "Watcher"]
