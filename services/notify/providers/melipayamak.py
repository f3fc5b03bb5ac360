"""Melipayamak: REST with user and password in the body, one message a call.

Known from its documentation (melipayamak.com/api) and its own libraries: paths, fields, that
``RetStatus`` 1 with a long ``Value`` is the number of a message, the codes below, and that a
message's state comes as ``Value``. It takes no number of ours, so nothing can be found after a lost
answer. Texts that came in are asked for where ``polls`` is set: ``GetMessages`` has them by number,
read or not. Not known for sure: their order, read as the newest first, and the form of their time.
Its credit is in rials or in messages, by the kind of the account: ``in_rials`` says which.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bus.foreign import http_call as outside
from iran.persian import TEHRAN
from services.notify.providers import http
from services.notify.providers.http import Json, whole
from services.notify.providers.sms import ALL, DeliveryState, HandoverResult, IncomingSms, Sms

OK = 1
CAME_IN, PAGE = 1, 100
CLOCKS_DIFFER = dt.timedelta(days=1)
_MILLISECONDS = re.compile(r"/Date\(([0-9]{1,15})[^)]*\)/")
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
    polls: bool = False
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
        return http.state_of(whole(self._ask("GetDeliveries2", recID=ref)), STATES)

    def credit(self) -> int | None:
        credit = self._ask("GetCredit")
        return http.rials(credit) if self.in_rials else None

    def boxes(self, _of_agencies: Sequence[str]) -> Sequence[str]:
        return [ALL]

    def received(self, _box: str, reach: dt.timedelta) -> Iterator[Sequence[IncomingSms]]:
        read = partial(_came_in, reach)
        for index in range(0, PAGE * http.PAGES, PAGE):
            wanted = {"location": CAME_IN, "from": "", "index": index, "count": PAGE}
            form = {**self._credentials, **wanted}
            reply = http.ask("POST", self._url("GetMessages"), self.timeout, json=form)
            base = reply.get("MyBase")
            if (code := whole(base.get("RetStatus") if isinstance(base, dict) else None)) != OK:
                raise http.unreadable(f"code {code}")
            entries = reply.get("Data") or []
            came = http.read_each(entries, read)
            yield came
            if len(entries) < PAGE or not came:  # all are older
                return
        raise http.unreadable("too long a list")

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


def _came_in(reach: dt.timedelta, entry: Json) -> IncomingSms | None:
    """A text of that time; None for an older one. Unavailable ``provider.unreadable`` for one
    without a time, or of a day to come: it would be new again whenever it is forgotten here.
    """
    sent_at, now = str(entry.get("SendDate")), dt.datetime.now(dt.UTC)
    moment = _moment(sent_at)
    if moment < now - reach:
        return None
    if moment > now + CLOCKS_DIFFER:
        raise http.unreadable("a time to come")
    number = outside.whole(entry.get("MsgID")) or 0
    return IncomingSms(
        ref=str(number) if number > 0 else "",
        line=str(entry.get("Receiver") or ""),
        sender=str(entry.get("Sender") or ""),
        body=str(entry.get("Body") or ""),
        sent_at=sent_at,
    )


def _moment(text: str) -> dt.datetime:
    """When a text came in, in .NET's form or as the time in Tehran."""
    try:
        if match := _MILLISECONDS.fullmatch(text):
            return dt.datetime.fromtimestamp(int(match[1]) / 1000, dt.UTC)
        moment = dt.datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=TEHRAN)
    except (ValueError, OverflowError, OSError):
        raise http.unreadable("no time of a text") from None
