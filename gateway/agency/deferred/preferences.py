"""What an agency prefers (RFC 7240): an answer later, after so long, told by a call-back."""

import re
from dataclasses import dataclass, replace

from starlette.requests import Request

from contracts import Request as Contract
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
    """``later``: respond-async; ``wait``: seconds to wait for the answer first; ``call_back``: our
    own preference, to be told the end at the agency's endpoints.
    """

    later: bool = False
    wait: int = 0
    call_back: bool = False

    def without_call_back(self) -> "Preferences":
        """The same for an agency that can have no endpoint, and so hears nothing of it."""
        return replace(self, call_back=False)

    @property
    def applied(self) -> str:
        """Preference-Applied of a call that is kept."""
        return "respond-async, call-back" if self.call_back else "respond-async"


def preferences(request: Request) -> Preferences:
    """What Prefer says; what we do not know or cannot read is not applied, as RFC 7240 has it."""
    told: dict[str, str] = {}
    for each in _QUOTED.sub('""', ",".join(request.headers.getlist("prefer"))).split(","):
        name, _, value = each.partition(";")[0].partition("=")
        told.setdefault(name.strip().lower(), value.strip())
    wait = told.get("wait", "")
    return Preferences(
        later=told.get("respond-async") == "",
        wait=min(int(wait), LONGEST_WAIT) if _SECONDS.fullmatch(wait) else 0,
        call_back=told.get("call-back") == "",
    )


def can_be_later(contract: Contract) -> bool:
    """True if a call of the contract can be answered later."""
    return contract not in AT_ONCE
