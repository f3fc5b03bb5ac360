"""Melipayamak: REST with user and password in the body, one message a call.

Known from its documentation (melipayamak.com/api) and its own libraries: paths, fields, that
``RetStatus`` 1 with a long ``Value`` is the number of a message, the codes below, and that a
message's state comes as ``Value``. It takes no number of ours, so nothing can be found after a lost
answer. Its credit is in rials or in messages, by the kind of the account: ``in_rials`` says which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.notify.providers import http
from services.notify.providers.http import whole
from services.notify.providers.sms import Handed, Sms, State

OK = 1
# The numbers of messages have many digits; a small one is a code.
CODE_MOST = 1000
STATES = {
    0: State.SENT,
    1: State.DELIVERED,
    2: State.UNDELIVERED,
    3: State.FAILED,  # the operator's error
    5: State.FAILED,  # an error that it does not know
    8: State.SENT,
    16: State.FAILED,  # it did not reach the operator
    35: State.REJECTED,  # black list
    100: State.UNKNOWN,
    200: State.SENT,
    300: State.FAILED,  # filtered
    400: State.ACCEPTED,  # in its queue
    500: State.FAILED,  # not accepted
}
# None: about us.
CALLS: dict[int, State | None] = {
    0: None,  # user or password
    2: None,  # credit
    3: None,  # limit of a day
    4: None,  # limit of size
    5: None,  # the sending line is wrong
    6: None,  # being updated
    7: State.FAILED,  # a word that is filtered
    9: None,  # public lines are not for the API
    10: None,  # user not active
    11: State.FAILED,  # not sent
    12: None,  # the user's papers are missing
    14: State.FAILED,  # a link in it
    15: None,  # "cancel 11" is missing
    16: State.REJECTED,  # no receiver
    17: State.FAILED,  # empty
    18: State.REJECTED,  # no such receiver
    35: State.REJECTED,  # black list
}


@dataclass(frozen=True, slots=True)
class Melipayamak:
    """An account at ``base`` (https://rest.payamak-panel.com); ``line`` is the service line."""

    base: str
    user: str
    password: str = field(repr=False)
    line: str
    news_line: str
    timeout: float = 10.0
    in_rials: bool = False
    code: str = field(default="melipayamak", init=False)
    finds: bool = field(default=False, init=False)
    most: int = field(default=1, init=False)

    def send(self, messages: Sequence[Sms]) -> list[Handed]:
        (sms,) = messages
        asked = {
            **self._who,
            "to": sms.to,
            "from": self.news_line if sms.news else self.line,
            "text": sms.body,
            "isFlash": False,
        }
        told = http.hand_over(self._url("SendSMS"), self.timeout, json=asked)
        code = whole(told.get("RetStatus"))
        if code != OK:
            return http.refused(messages, code, CALLS)
        number = whole(told.get("Value"))
        if number <= CODE_MOST:
            raise http.unreadable("no number of a message")
        return [Handed(sms.ref, State.ACCEPTED, str(number), code=str(code))]

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        raise NotImplementedError("Melipayamak takes no number of ours")

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[State, str]]:
        return http.one_by_one(provider_refs, self._state)

    def _state(self, ref: str) -> tuple[State, str] | None:
        code = whole(self._asked("GetDeliveries2", recID=ref))
        return (STATES[code], str(code)) if code in STATES else None

    def credit(self) -> int | None:
        credit = self._asked("GetCredit")
        return http.rials(credit) if self.in_rials else None

    def _asked(self, act: str, **asked: str) -> Any:
        told = http.ask("POST", self._url(act), self.timeout, json={**self._who, **asked})
        if (code := whole(told.get("RetStatus"))) != OK:
            raise http.unreadable(f"code {code}")
        return told.get("Value")

    @property
    def _who(self) -> dict[str, str]:
        return {"username": self.user, "password": self.password}

    def _url(self, act: str) -> str:
        return f"{self.base}/api/SendSMS/{act}"
