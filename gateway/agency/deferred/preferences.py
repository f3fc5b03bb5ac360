"""The header Prefer (RFC 7240): an answer later, after some seconds, with a call-back."""

import re
from dataclasses import dataclass, replace

from starlette.requests import Request

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
