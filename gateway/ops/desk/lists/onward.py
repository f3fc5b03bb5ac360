"""The page after an act on a ticket."""

from urllib.parse import urlencode

from contracts.ticketing.desk import Acted
from gateway.ops.staff.list_links import with_back

# Acts that leave a ticket as it is where it was so before.
MAY_CHANGE_NOTHING = frozenset({"assign", "sort"})


class Target:
    """The page after an act: the next ticket of the list if that was wished, else the same one."""

    def __init__(self, act: str, back: str, then: str, version: str) -> None:
        self._act, self._back, self._next = act, back, then == "next" and bool(back)
        self._version = version

    def __call__(self, reply: Acted) -> str:
        is_same = self._act in MAY_CHANGE_NOTHING and str(reply.version) == self._version
        done = "same" if is_same else self._act
        if reply.waits:
            done = "correction_waits"
        query = {"of": reply.code, "v": str(reply.version), "done": done}
        if reply.went_to:
            # The colleague does not read it there: nothing leads to it any more.
            query = {"of": reply.code, "to": f"u:{reply.went_to}", "done": "moved"}
        if self._next:
            return f"queue/next?{urlencode({**query, 'from': reply.code, 'back': self._back})}"
        if reply.went_to:
            return f"queue?{self._back}&{urlencode(query)}"
        return with_back(f"tickets/{reply.code}?{urlencode(query)}", self._back)
