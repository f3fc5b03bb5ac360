"""sms.ir: REST with the header X-API-KEY; ``likeToLike`` carries up to 100 different messages.

Known from its documentation (sms.ir/rest-api): paths, fields, codes, HTTP 400 for a logical error,
401 for the key, 429 for too many calls. It takes no number of ours, so nothing can be found after a
lost answer, and it counts its credit and costs in messages, not in rials. All messages of a call go
out on one line. Texts that came in are asked for where ``polls`` is set: ``receive/live`` has those
of today, read or not (in the first hours those of yesterday too), and ``receive/archive`` those up
to the end of yesterday, by Unix time from and to. Only the archive gives a number of theirs
(``receiveReturnId``); one text stands in both, so it is known by its words here, and a panel that
brings texts too brings others. Not known for sure: in which order the archive is; how a number on
its black list comes back from ``likeToLike``; an empty number of a message is read as not taken,
for a reason that it does not tell.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.notify.providers import http
from services.notify.providers.http import Json, whole
from services.notify.providers.sms import ALL, DeliveryState, HandoverResult, IncomingSms, Sms

OK, UNKNOWN_ID = 1, 111
PAGE = 100
STATES = {
    1: DeliveryState.DELIVERED,
    2: DeliveryState.UNDELIVERED,
    3: DeliveryState.SENT,
    4: DeliveryState.FAILED,  # it did not reach the operator
    5: DeliveryState.SENT,
    6: DeliveryState.FAILED,
    7: DeliveryState.REJECTED,  # black list
    8: DeliveryState.UNKNOWN,
}
# 0 (something broke) says nothing for sure, and is not here. None: about us.
CALLS: dict[int, DeliveryState | None] = {
    **dict.fromkeys((10, 11, 12, 13, 14, 15, 16, 20)),  # key, account, plan, too many calls
    **dict.fromkeys((101, 102, 105, 106, 107, 108, 109, 110, 118, 123)),  # line, credit, lengths
    103: DeliveryState.FAILED,  # empty
    104: DeliveryState.REJECTED,  # no such receiver
    115: DeliveryState.REJECTED,  # black list
    117: DeliveryState.FAILED,  # the text is not allowed
}


@dataclass(frozen=True, slots=True)
class SmsIr:
    """An account at ``base`` (https://api.sms.ir); ``line`` is the service line."""

    base: str
    key: str = field(repr=False)
    line: str
    news_line: str
    timeout: float = 10.0
    polls: bool = False
    code: str = field(default="smsir", init=False)
    finds: bool = field(default=False, init=False)
    most: int = field(default=100, init=False)

    def send(self, messages: Sequence[Sms]) -> list[HandoverResult]:
        request = {
            "lineNumber": int(messages[0].on(self.line, self.news_line)),
            "messageTexts": [sms.body for sms in messages],
            "mobiles": [sms.to for sms in messages],
            "sendDateTime": None,
        }
        reply = http.hand_over(
            f"{self.base}/v1/send/likeToLike", self.timeout, headers=self._headers, json=request
        )
        code = whole(reply.get("status"))
        if code != OK:
            return http.refused(messages, code, CALLS)
        data = reply.get("data")
        numbers = data.get("messageIds") if isinstance(data, dict) else None
        if not isinstance(numbers, list) or len(numbers) != len(messages):
            raise http.unreadable("another number of answers")
        return [_handed(sms, number) for sms, number in zip(messages, numbers, strict=True)]

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        raise NotImplementedError("sms.ir takes no number of ours")

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[DeliveryState, str]]:
        return http.one_by_one(provider_refs, self._state)

    def _state(self, ref: str) -> tuple[DeliveryState, str] | None:
        data = self._get(f"send/{ref}", OK, UNKNOWN_ID).get("data")
        if not isinstance(data, dict):
            return DeliveryState.UNKNOWN, str(UNKNOWN_ID)
        code = data.get("deliveryState")
        if code is None:
            return DeliveryState.ACCEPTED, ""
        return (STATES[whole(code)], str(code)) if whole(code) in STATES else None

    def credit(self) -> int | None:
        """None: sms.ir counts in messages. It is asked all the same, so that a wrong key shows."""
        self._get("credit", OK)
        return None

    def boxes(self, _of_agencies: Sequence[str]) -> Sequence[str]:
        return [ALL]

    def received(self, _box: str, reach: dt.timedelta) -> Iterator[Sequence[IncomingSms]]:
        yield from self._pages("receive/live?sortByNewest=true")
        now = dt.datetime.now(dt.UTC)
        begin, end = (int(moment.timestamp()) for moment in (now - reach, now))
        yield from self._pages(f"receive/archive?fromDate={begin}&toDate={end}")

    def _pages(self, path: str) -> Iterator[Sequence[IncomingSms]]:
        for page in range(1, http.PAGES + 1):
            reply = self._get(f"{path}&pageSize={PAGE}&pageNumber={page}", OK)
            entries = reply.get("data") or []
            yield http.read_each(entries, _came_in)
            if len(entries) < PAGE:
                return
        raise http.unreadable("too long a list")

    def _get(self, path: str, *good: int) -> Json:
        reply = http.ask("GET", f"{self.base}/v1/{path}", self.timeout, headers=self._headers)
        code = whole(reply.get("status"))
        if code not in good:
            raise http.unreadable(f"code {code}")
        return reply

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-API-KEY": self.key}


def _handed(sms: Sms, number: object) -> HandoverResult:
    if number in (None, 0, "0", ""):
        return HandoverResult(sms.ref, DeliveryState.FAILED, code="no id")
    return HandoverResult(sms.ref, DeliveryState.ACCEPTED, http.number(number), code=str(OK))


def _came_in(entry: Json) -> IncomingSms:
    return IncomingSms(
        ref="",
        line=str(entry.get("number") or ""),
        sender=str(entry.get("mobile") or ""),
        body=str(entry.get("messageText") or ""),
        # It stays in the list: without a time it would be new again and again.
        sent_at=str(entry.get("receivedDateTime") or "?"),
    )
