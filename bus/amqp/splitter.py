"""Splitter: gives each call of an aggregate a fate of its own, and ends the message with the last.

A call that is done is answered, with the others that are done then. Any other fate makes it a
message of its own, with the fates of one: among the dead letters, or in a queue anew.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bus import topology
from bus.amqp.aggregate import is_aggregate, join_replies, split_calls
from bus.amqp.incoming import Incoming
from bus.errors import ContractError, Internal


class Origin(Protocol):
    """The inlet that an aggregate came by (bus.amqp.inlet.Inlet)."""

    def alive(self, raw: Incoming) -> bool: ...
    def done(self, raw: Incoming) -> None: ...
    def give_back(self, raw: Incoming) -> None: ...
    def put(self, messages: Sequence[Incoming], queue: str | None = None) -> list[bool]: ...
    def put_dead(self, raw: Incoming, code: str) -> bool: ...
    def reply(
        self, raw: Incoming, body: bytes, *, batch: int, content_type: str = topology.JSON
    ) -> None: ...


class Splitter:
    """The calls of one aggregate, in place of the inlet that it came by.

    If one of them can be put nowhere for sure, the aggregate goes back to the broker in the end:
    what was done of it is answered from the inbox, call by call.
    """

    def __init__(self, raw: Incoming, inlet: Origin) -> None:
        self._raw, self._inlet = raw, inlet
        self.calls = split_calls(raw)
        self._open = len(self.calls)
        self._whole = True
        self._batch = 1
        self._replies: dict[str, tuple[Incoming, bytes]] = {}

    def alive(self, call: Incoming) -> bool:
        """True if the channel that delivered the aggregate is still open."""
        return self._inlet.alive(call)

    def reply(self, call: Incoming, body: bytes, *, batch: int) -> None:
        """Keeps a call's reply until ``flush``, or until the last call has ended."""
        self._batch = batch
        self._replies[str(call.properties["correlation_id"])] = call, body

    def flush(self) -> None:
        """Sends the replies that there are, in as few messages as their sizes let."""
        replies, self._replies = self._replies, {}
        joined: dict[str, bytes] = {}
        size = 0
        for number, (call, body) in replies.items():
            if len(body) > topology.LONGEST_AGGREGATE:
                self._inlet.reply(call, body, batch=self._batch)
                continue
            if size + len(body) > topology.LONGEST_AGGREGATE:
                self._say(joined)
                joined, size = {}, 0
            joined[number] = body
            size += len(body)
        if joined:
            self._say(joined)

    def _say(self, replies: Mapping[str, bytes]) -> None:
        self._inlet.reply(
            self._raw,
            join_replies(replies),
            batch=self._batch,
            content_type=topology.REPLIES,
        )

    def done(self, _call: Incoming) -> None:
        self._end(kept=True)

    def bury(self, call: Incoming, code: str | None) -> None:
        """To the dead letters, as a message of its own."""
        self._end(kept=self._inlet.put_dead(call, code or Internal.default_code))

    def give_back(self, call: Incoming) -> None:
        """To its queue, as a message of its own, whose deliveries the broker counts from now."""
        self.renew([call])

    def renew(self, calls: Sequence[Incoming], queue: str | None = None) -> None:
        """Puts calls into a queue, the inlet's own if none is named, as messages of their own."""
        for kept in self._inlet.put(calls, queue):
            self._end(kept=kept)

    def _end(self, *, kept: bool) -> None:
        self._open -= 1
        self._whole &= kept
        if self._open == 0:
            self.flush()
            (self._inlet.done if self._whole else self._inlet.give_back)(self._raw)


def splitter_of(raw: Incoming, inlet: Origin) -> Splitter | None:
    """The splitter of a message; None if it is no aggregate, or one that cannot be read."""
    try:
        return Splitter(raw, inlet) if is_aggregate(raw) else None
    except ContractError:
        return None
