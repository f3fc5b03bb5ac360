"""Magfa (state-owned): HTTP v2, JSON arrays of up to 100 messages; our number is ``uid``.

Known from its documentation (messaging.magfa.com, HTTP v2): paths, arrays, the table of errors, a
status for each message, that a message is forgotten after a day. A repeated ``uid`` is sent again:
it only lets ``mid`` tell the number. Texts that came in are asked for where ``polls`` is set, one a
call: Magfa gives a text once, so that a lost answer loses one, which stands in its panel alone.
Not known for sure: what ``mid`` tells of a ``uid`` that it does not have; nothing, zero, -1 and
error 24 are read as "not there". ``tariff`` is read as rials for a part.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.notify.providers import http
from services.notify.providers.http import Json, whole
from services.notify.providers.sms import ALL, DeliveryState, HandoverResult, IncomingSms, Sms

OK, UNKNOWN_ID = 0, 24
# Texts that are asked for within a minute.
AT_A_TURN = 100
STATES = {
    -1: DeliveryState.UNKNOWN,
    0: DeliveryState.ACCEPTED,
    1: DeliveryState.DELIVERED,
    2: DeliveryState.UNDELIVERED,
    8: DeliveryState.SENT,
    16: DeliveryState.FAILED,  # it did not reach the operator
}
# Of a message or of a call; every code but 0 is an error by the documentation. None: about us.
ERRORS: dict[int, DeliveryState | None] = {
    1: DeliveryState.REJECTED,  # no such receiver
    2: None,  # the sending line is wrong
    3: DeliveryState.FAILED,  # encoding
    4: DeliveryState.FAILED,  # message class
    6: DeliveryState.FAILED,  # UDH
    8: None,  # advertising between 22 and 07
    13: DeliveryState.FAILED,  # empty
    14: None,  # credit
    15: None,  # it was mending itself: "send again"
    16: None,  # account not active
    17: None,  # account expired
    18: None,  # user or password
    19: None,  # user, password and domain do not fit
    20: None,  # the line is not ours
    22: None,  # service not active
    23: None,  # busy: "send again"
    24: None,  # no such message
    25: None,  # no such method
    27: DeliveryState.REJECTED,  # the operator's black list
    28: DeliveryState.FAILED,  # this prefix is blocked at Magfa at present
    29: None,  # our address is not allowed
    30: DeliveryState.FAILED,  # more than 265 parts
    31: None,  # something is missing in the call
    33: DeliveryState.REJECTED,  # the receiver opted out ("cancel 11")
    **dict.fromkeys(range(101, 111)),  # lengths of arrays
}


@dataclass(frozen=True, slots=True)
class Magfa:
    """An account at ``base`` (https://sms.magfa.com); ``line`` is the service line."""

    base: str
    user: str
    domain: str
    password: str = field(repr=False)
    line: str
    news_line: str
    timeout: float = 10.0
    polls: bool = False
    code: str = field(default="magfa", init=False)
    finds: bool = field(default=True, init=False)
    most: int = field(default=100, init=False)

    def send(self, messages: Sequence[Sms]) -> list[HandoverResult]:
        request = {
            "senders": [sms.on(self.line, self.news_line) for sms in messages],
            "recipients": [sms.to for sms in messages],
            "messages": [sms.body for sms in messages],
            "uids": [sms.ref for sms in messages],
        }
        reply = http.hand_over(self._url("send"), self.timeout, auth=self._auth, json=request)
        code = whole(reply.get("status"))
        if code != OK:
            return http.refused(messages, code, ERRORS)
        answers = http.objects(reply.get("messages"), len(messages))
        return [_handed(sms, answer) for sms, answer in zip(messages, answers, strict=True)]

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        numbers: dict[int, str | None] = {}
        for ref in refs:
            reply = self._get(f"mid/{ref}", OK, UNKNOWN_ID)
            number = reply.get("mid")
            number = 0 if number is None else whole(number)
            numbers[ref] = str(number) if number > 0 else None
        return numbers

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[DeliveryState, str]]:
        states: dict[str, tuple[DeliveryState, str]] = {}
        for start in range(0, len(provider_refs), self.most):
            ids = ",".join(provider_refs[start : start + self.most])
            states.update(http.read_each(self._get(f"statuses/{ids}").get("dlrs"), _became))
        return states

    def credit(self) -> int | None:
        return http.rials(self._get("balance").get("balance"))

    def boxes(self, _of_agencies: Sequence[str]) -> Sequence[str]:
        return [ALL]

    def received(self, _box: str, _reach: dt.timedelta) -> Iterator[Sequence[IncomingSms]]:
        for _ in range(AT_A_TURN):
            came = http.read_each(self._get("messages/1").get("messages") or [], _came_in)
            if not came:
                return
            yield came

    def _get(self, path: str, *good: int) -> Json:
        reply = http.ask("GET", self._url(path), self.timeout, auth=self._auth)
        code = whole(reply.get("status"))
        if code not in (good or (OK,)):
            raise http.unreadable(f"code {code}")
        return reply

    @property
    def _auth(self) -> tuple[bytes, bytes]:
        return f"{self.user}/{self.domain}".encode(), self.password.encode()

    def _url(self, path: str) -> str:
        return f"{self.base}/api/http/sms/v2/{path}"


def _became(receipt: Json) -> http.Report | None:
    return http.report_of(receipt, "mid", STATES)


def _handed(sms: Sms, answer: Json) -> HandoverResult:
    """What Magfa says of one message; ``userId`` is our number where it repeats it."""
    code = whole(answer.get("status"))
    if answer.get("userId") not in (None, 0) and whole(answer["userId"]) != sms.ref:
        raise http.unreadable("another message's answer")
    if code != OK:
        return HandoverResult(sms.ref, ERRORS.get(code) or DeliveryState.FAILED, code=str(code))
    tariff, parts = http.rials(answer.get("tariff")), http.rials(answer.get("parts"))
    cost = None if tariff is None or parts is None else tariff * parts
    return HandoverResult(
        sms.ref, DeliveryState.ACCEPTED, http.number(answer.get("id")), cost, str(code)
    )


def _came_in(entry: Json) -> IncomingSms:
    return IncomingSms(
        ref="",
        line=str(entry.get("recipientNumber") or ""),
        sender=str(entry.get("senderNumber") or ""),
        body=str(entry.get("body") or ""),
        sent_at=str(entry.get("date") or "") or None,
    )
