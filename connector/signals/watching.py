"""Watches subscribers by pseudonym and reads the signals by their keys (docs/signals.md)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bus.wire import Wire
from connector.caller import Caller
from connector.signals.watch_list import Watched, WatchList
from contracts.inquiry.keys import canonical_key
from contracts.inquiry.signals import AT_ONCE, MOST_DAYS
from iran.identifiers import Malformed

PAGE = 500


class ReadSignal(NamedTuple):
    """A signal: ``watched`` is whom it names, empty if this list has no such pseudonym."""

    signal: Wire
    watched: list[Watched]


class Watcher:
    """Deposits, ends and reads for one agency, whose watch list is a file of this machine."""

    def __init__(self, caller: Caller, watch_list: WatchList) -> None:
        self._caller, self._list = caller, watch_list

    def watch(self, kind: str, keys: Iterable[str], purpose: str, *, days: int = MOST_DAYS) -> int:
        """Watch the keys, or renew their watches; how many watches the agency has then.

        Raises ValueError for a key that is none of its kind, before anything is sent; Refused and
        Unreachable as any call: what was sent by then is watched, and the same again goes on.
        """
        watched = _watched(kind, keys, purpose)
        self._list.add(watched)
        self._list.deposit_again(watched)
        return self._deposit_all(days)

    def unwatch(self, kind: str, keys: Iterable[str], purpose: str) -> int:
        """End the watches of the keys; how many watches the agency has left."""
        watched = _watched(kind, keys, purpose)
        pseudonyms = [p for entry in watched for p in self._list.pseudonyms_of(entry)]
        left = 0
        for start in range(0, len(pseudonyms), AT_ONCE):
            part = pseudonyms[start : start + AT_ONCE]
            data = {"pseudonyms": part, "for_purpose": purpose}
            left = int(self._caller.call("inquiry.unwatch.v1", data).data["watches"])
        self._list.remove(watched)
        return left

    def signals(self) -> Iterator[ReadSignal]:
        """The signals since the last one that was worked on, in their order.

        Each counts as worked on when the next is asked for: a process that is killed reads the one
        it had once more. After a SEEDUPDATE all are deposited anew. Refused ``signals.too_old``
        if some are lost: ask about all, then ``begin_anew``.
        """
        while True:
            after = self._list.after
            query = {"limit": PAGE} if after is None else {"limit": PAGE, "after": after}
            page = self._caller.call("inquiry.signals.v1", query).data
            for signal in page["signals"]:
                if after is not None and signal["id"] <= after:
                    continue
                if signal["type"] == "SEEDUPDATE":
                    self._deposit_all(MOST_DAYS)
                pseudonym = signal.get("pseudonym")
                yield ReadSignal(signal, self._list.whose(pseudonym) if pseudonym else [])
                after = signal["id"]
                self._list.note_place(after)
            self._list.note_place(page["next"])
            if not page["more"]:
                return

    def begin_anew(self) -> None:
        """Read from the oldest signal that is kept, whatever was read before."""
        self._list.note_place(None)

    def _deposit_all(self, days: int) -> int:
        """Deposit by the newest seed all that is not deposited by it yet."""
        seed = self._list.note_seeds(self._caller.call("inquiry.watch_seeds.v1", {}).data["seeds"])
        self._list.prepare(seed)
        watches = 0
        while (part := self._list.waiting(seed, AT_ONCE)) is not None:
            purpose, kind, pseudonyms = part
            data = {
                "purpose": purpose,
                "key_kind": kind,
                "seed": seed,
                "pseudonyms": pseudonyms,
                "days": days,
            }
            watches = int(self._caller.call("inquiry.watch.v1", data).data["watches"])
            self._list.mark_deposited(purpose, pseudonyms)
        return watches


def _watched(kind: str, keys: Iterable[str], purpose: str) -> list[Watched]:
    watched = []
    for number, key in enumerate(keys, 1):
        try:
            watched.append(Watched(kind, canonical_key(kind, key), purpose))
        except Malformed as error:
            raise ValueError(f"Key {number}: {error}") from None
    return watched
