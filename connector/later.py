"""A call that is answered later: a handle that asks for its answer."""

import time
from collections.abc import Callable

from bus.wire import Wire
from connector.outcomes import Answer, Refused, Unreachable

OPEN = ("ACCEPTED", "RUNNING")
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0

Call = Callable[[str, Wire], Answer]


class Later:
    """``id`` names the call for 30 days, also after a restart of yours. The answer may be there
    already: what cannot be answered later is answered at once.
    """

    def __init__(self, call: Call, id: str, answer: Wire | None = None) -> None:
        self._call, self.id, self._answer = call, id, answer

    def read(self) -> Wire:
        """How the call stands: ``state``, ``result``, ``problem``."""
        return self._call("agencies.call.v1", {"id": self.id}).data

    def cancel(self) -> None:
        """Takes it back; Refused ``call.begun`` if it was begun."""
        self._call("agencies.cancel_call.v1", {"id": self.id})

    def result(self, timeout: float = 60.0) -> Wire:
        """What the contract answers, as soon as it is there. Refused as a call that is answered at
        once; Unreachable if it was taken back, or has not ended within ``timeout`` seconds.
        """
        end, pause = time.monotonic() + timeout, FIRST_PAUSE
        while self._answer is None:
            call = self.read()
            if call["problem"] is not None:
                raise Refused(call["problem"], int(call["problem"]["status"]))
            if call["state"] not in (*OPEN, "DONE"):
                raise Unreachable("The call was taken back.")
            if call["state"] in OPEN and time.monotonic() + pause > end:
                raise Unreachable(
                    f"The call {self.id} has not ended within {timeout:g} s. It goes on; ask later."
                )
            self._answer = call["result"]
            if self._answer is None:
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return self._answer
