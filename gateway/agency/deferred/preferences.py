"""The header Prefer (RFC 7240): an answer later, after some seconds, with a call-back."""

import re
from dataclasses import dataclass, replace

from starlette.requests import Request

from bus.messages import kinds
from contracts.billing.bills import STATEMENT
from contracts.inquiry.questions import READ_BATCH, SUBMIT_BATCH
from contracts.notify.bulk import SUBMIT_JOB

# Uploads and downloads as files have ways of their own, and are answered at once.
AT_ONCE = (SUBMIT_BATCH, READ_BATCH, SUBMIT_JOB, STATEMENT)
LONGEST_WAIT = 600
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SECONDS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """``later``: respond-async; ``wait``: seconds to wait for the answer first; ``call_back``: a
    preference of ours, a call-back to the agency's endpoints at the end.
    """

    later: bool = False
    wait: int = 0
    call_back: bool = False

    def without_call_back(self) -> "Preferences":
        """The same without a call-back, for an agency that can have no endpoint."""
        return replace(self, call_back=False)

    @property
    def applied(self) -> str:
        """Preference-Applied of a call that is kept."""
        return "respond-async, call-back" if self.call_back else "respond-async"


def preferences(request: Request) -> Preferences:
    """The preferences of a request; unknown and unreadable ones are not applied (RFC 7240)."""
    values: dict[str, str] = {}
    for preference in _QUOTED.sub('""', ",".join(request.headers.getlist("prefer"))).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        values.setdefault(name.strip().lower(), value.strip())
    wait = values.get("wait", "")
    return Preferences(
        later=values.get("respond-async") == "",
        wait=min(int(wait), LONGEST_WAIT) if _SECONDS.fullmatch(wait) else 0,
        call_back=values.get("call-back") == "",
    )


def can_be_later(contract: kinds.Request) -> bool:
    """True if a call of the contract can be answered later."""
    return contract not in AT_ONCE
