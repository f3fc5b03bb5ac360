"""Melipayamak: REST with user and password in the body, one message a call.

Known from its documentation (melipayamak.com/api) and its own libraries: paths, fields, that
``RetStatus`` 1 with a long ``Value`` is the number of a message, the codes below, and that a
message's state comes as ``Value``. It takes no number of ours, so nothing can be found after a lost
answer. Its credit is in rials or in messages, by the kind of the account: ``in_rials`` says which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.notify.providers import http
from services.notify.providers.http import whole
from services.notify.providers.sms import DeliveryState, HandoverResult, Sms

OK = 1
# The numbers of messages have many digits; a small one is a code.
CODE_MOST = 1000
STATES = {
    0: DeliveryState.SENT,
    1: DeliveryState.DELIVERED,
    2: DeliveryState.UNDELIVERED,
    3: DeliveryState.FAILED,  # the operator's error
    5: DeliveryState.FAILED,  # an error that it does not know
    8: DeliveryState.SENT,
    16: DeliveryState.FAILED,  # it did not reach the operator
    35: DeliveryState.REJECTED,  # black list
    100: DeliveryState.UNKNOWN,
    200: DeliveryState.SENT,
    300: DeliveryState.FAILED,  # filtered
    400: DeliveryState.ACCEPTED,  # in its queue
    500: DeliveryState.FAILED,  # not accepted
}
# None: about us.
CALLS: dict[int, DeliveryState | None] = {
    0: None,  # user or password
    2: None,  # credit
    3: None,  # limit of a day
    4: None,  # limit of size
    5: None,  # the sending line is wrong
    6: None,  # being updated
    7: DeliveryState.FAILED,  # a word that is filtered
    9: None,  # public lines are not for the API
    10: None,  # user not active
    11: DeliveryState.FAILED,  # not sent
    12: None,  # the user's papers are missing
    14: DeliveryState.FAILED,  # a link in it
    15: None,  # "cancel 11" is missing
    16: DeliveryState.REJECTED,  # no receiver
    17: DeliveryState.FAILED,  # empty
    18: DeliveryState.REJECTED,  # no such receiver
    35: DeliveryState.REJECTED,  # black list
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

    def send(self, messages: Sequence[Sms]) -> list[HandoverResult]:
        (sms,) = messages
        request = {
            **self._credentials,
            "to": sms.to,
            "from": sms.on(self.line, self.news_line),
            "text": sms.body,
            "isFlash": False,
        }
        reply = http.hand_over(self._url("SendSMS"), self.timeout, json=request)
        code = whole(reply.get("RetStatus"))
        if code != OK:
            return http.refused(messages, code, CALLS)
        number = whole(reply.get("Value"))
        if number <= CODE_MOST:
            raise http.unreadable("no number of a message")
        return [HandoverResult(sms.ref, DeliveryState.ACCEPTED, str(number), code=str(code))]

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        raise NotImplementedError("Melipayamak takes no number of ours")

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[DeliveryState, str]]:
        return http.one_by_one(provider_refs, self._state)

    def _state(self, ref: str) -> tuple[DeliveryState, str] | None:
        code = whole(self._ask("GetDeliveries2", recID=ref))
        return (STATES[code], str(code)) if code in STATES else None

    def credit(self) -> int | None:
        credit = self._ask("GetCredit")
        return http.rials(credit) if self.in_rials else None

    def _ask(self, act: str, **values: str) -> object:
        reply = http.ask("POST", self._url(act), self.timeout, json={**self._credentials, **values})
        if (code := whole(reply.get("RetStatus"))) != OK:
            raise http.unreadable(f"code {code}")
        return reply.get("Value")

    @property
    def _credentials(self) -> dict[str, str]:
        return {"username": self.user, "password": self.password}

    def _url(self, act: str) -> str:
        return f"{self.base}/api/SendSMS/{act}"
