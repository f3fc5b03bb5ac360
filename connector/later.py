"""A call that is answered later: a handle that asks for its answer."""

import time
from collections.abc import Callable
from typing import Any

from connector.outcomes import Answer, Refused, Unreachable

OPEN = ("ACCEPTED", "RUNNING")
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0

Call = Callable[[str, dict[str, Any]], Answer]


class Later:
    """``id`` names the call for 30 days, also after a restart of yours. The answer may be there
    already: what cannot be answered later is answered at once.
    """

    def __init__(self, call: Call, id: str, answer: dict[str, Any] | None = None) -> None:
        self._call, self.id, self._answer = call, id, answer

    def read(self) -> dict[str, Any]:
        """How the call stands: ``state``, ``result``, ``problem``."""
        return self._call("agencies.call.v1", {"id": self.id}).data

    def cancel(self) -> None:
        """Takes it back; Refused ``call.begun`` if it was begun."""
        self._call("agencies.cancel_call.v1", {"id": self.id})

    def result(self, timeout: float = 60.0) -> dict[str, Any]:
        """What the contract answers, as soon as it is there. Refused as a call that is answered at
        once; Unreachable if it was taken back, or has not ended within ``timeout`` seconds.
        """
        end, pause = time.monotonic() + timeout, FIRST_PAUSE
        while self._answer is None:
            told = self.read()
            if told["problem"] is not None:
                raise Refused(told["problem"], int(told["problem"]["status"]))
            if told["state"] not in (*OPEN, "DONE"):
                raise Unreachable("The call was taken back.")
            if told["state"] in OPEN and time.monotonic() + pause > end:
                raise Unreachable(
                    f"The call {self.id} has not ended within {timeout:g} s. It goes on; ask later."
                )
            self._answer = told["result"]
            if self._answer is None:
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        return self._answer
