"""Kavenegar: REST with the key in the path; our number is ``localid``.

Known from its documentation (kavenegar.com/rest.html) and its own libraries: paths, parameters,
codes, that a repeated ``localid`` of ``send`` is not sent again, that statuses are told for 48
hours and by ``localid`` for 12. Not known for sure: in which form ``sendarray``, which alone
carries different texts, takes our numbers (its libraries differ). So it is used only where
``array`` is set, after a try with the account itself: `find` must find what it sent.

Texts that came in are asked for where ``polls`` is set. To give a text marks it as read, and an
answer may be lost: so the last hundred that were read are asked for too, at each turn, as far back
as a text that is known is not forgotten here. What was not read yet stays there as it is.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

import orjson

from bus.foreign.http_call import whole as whole_or_none
from services.notify.providers import http
from services.notify.providers.http import Json, Read, whole
from services.notify.providers.sms import DeliveryState, HandoverResult, IncomingSms, Sms

OK, MOST, ASKED_MOST = 200, 200, 500
READ, UNREAD = "1", "0"
CLOCKS_DIFFER = 86_400.0
STATES = {
    1: DeliveryState.ACCEPTED,  # in its queue
    2: DeliveryState.ACCEPTED,  # scheduled
    4: DeliveryState.SENT,
    5: DeliveryState.SENT,
    6: DeliveryState.FAILED,
    10: DeliveryState.DELIVERED,
    11: DeliveryState.UNDELIVERED,
    13: DeliveryState.FAILED,  # cancelled
    14: DeliveryState.REJECTED,  # blocked by the receiver, or on the black list; money back
    100: DeliveryState.UNKNOWN,
}
# 402 (it failed) and 409 (the server cannot answer now) say nothing for sure, and are not here.
CALLS = {
    **dict.fromkeys((400, 401, 403, 404, 405, 406, 407, 412, 414, 416, 417, 418, 419)),
    **dict.fromkeys((426, 427, 429, 451)),
    411: DeliveryState.REJECTED,  # no such receiver
    413: DeliveryState.FAILED,  # empty or too long
    420: DeliveryState.FAILED,  # a link in it
    422: DeliveryState.FAILED,  # a character in it
}


@dataclass(frozen=True, slots=True)
class Kavenegar:
    """An account at ``base`` (https://api.kavenegar.com); ``line`` is the service line."""

    base: str
    key: str = field(repr=False)
    line: str
    news_line: str
    timeout: float = 10.0
    array: bool = False
    polls: bool = False
    code: str = field(default="kavenegar", init=False)
    finds: bool = field(default=True, init=False)

    @property
    def most(self) -> int:
        return MOST if self.array else 1

    def send(self, messages: Sequence[Sms]) -> list[HandoverResult]:
        if len(messages) == 1:
            path, form = "sms/send", self._one(messages[0])
        else:
            path, form = "sms/sendarray", self._array(messages)
        reply = http.hand_over(self._url(path), self.timeout, data=form)
        code = _code(reply)
        if code != OK:
            return http.refused(messages, code, CALLS)
        entries = http.objects(reply.get("entries"), len(messages))
        return [_handed(sms, entry) for sms, entry in zip(messages, entries, strict=True)]

    def _one(self, sms: Sms) -> dict[str, str]:
        return {
            "receptor": sms.to,
            "message": sms.body,
            "sender": self._line(sms),
            "localid": str(sms.ref),
        }

    def _array(self, messages: Sequence[Sms]) -> dict[str, str]:
        columns = {
            "receptor": [sms.to for sms in messages],
            "message": [sms.body for sms in messages],
            "sender": [self._line(sms) for sms in messages],
            "localmessageids": [sms.ref for sms in messages],
        }
        return {name: orjson.dumps(column).decode() for name, column in columns.items()}

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        numbers = dict(self._each("sms/statuslocalmessageid", "localid", refs, _found))
        return {ref: numbers[ref] for ref in refs if ref in numbers}

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[DeliveryState, str]]:
        return dict(self._each("sms/status", "messageid", provider_refs, _became))

    def credit(self) -> int | None:
        reply = http.ask("POST", self._url("account/info"), self.timeout)
        entries = reply.get("entries")
        if _code(reply) != OK or not isinstance(entries, dict):
            raise http.unreadable("no credit")
        return http.rials(entries.get("remaincredit"))

    def boxes(self, of_agencies: Sequence[str]) -> Sequence[str]:
        return sorted({self.line, self.news_line, *of_agencies})

    def received(self, box: str, reach: dt.timedelta) -> Iterator[Sequence[IncomingSms]]:
        lately = partial(_came_in_lately, reach.total_seconds())
        came: list[IncomingSms] = []
        for is_read in (READ, UNREAD):
            form = {"linenumber": box, "isread": is_read}
            reply = http.ask("POST", self._url("sms/receive"), self.timeout, data=form)
            if (code := _code(reply)) != OK:
                raise http.unreadable(f"code {code}")
            read = _came_in if is_read == UNREAD else lately
            came += http.read_each(reply.get("entries") or [], read)
        yield came

    def _each(
        self, path: str, name: str, ids: Sequence[object], read: Callable[[Json], Read | None]
    ) -> list[Read]:
        """What is said of these messages, each judged by itself, by as many calls as that needs."""
        results: list[Read] = []
        for start in range(0, len(ids), ASKED_MOST):
            part = ids[start : start + ASKED_MOST]
            form = {name: ",".join(str(id_) for id_ in part)}
            reply = http.ask("POST", self._url(path), self.timeout, data=form)
            if (code := _code(reply)) != OK:
                raise http.unreadable(f"code {code}")
            results += http.read_each(reply.get("entries"), read)
        return results

    def _line(self, sms: Sms) -> str:
        return sms.on(self.line, self.news_line)

    def _url(self, path: str) -> str:
        return f"{self.base}/v1/{quote(self.key, safe='')}/{path}.json"


def _code(reply: Json) -> int:
    answer = reply.get("return")
    return whole(answer.get("status") if isinstance(answer, dict) else None)


def _handed(sms: Sms, entry: Json) -> HandoverResult:
    code = whole(entry.get("status"))
    state = STATES.get(code, DeliveryState.ACCEPTED)
    if state is DeliveryState.UNKNOWN:
        return HandoverResult(sms.ref, DeliveryState.FAILED, code=str(code))
    number, cost = http.number(entry.get("messageid")), http.rials(entry.get("cost"))
    if state not in (DeliveryState.REJECTED, DeliveryState.FAILED):
        state = DeliveryState.ACCEPTED
    return HandoverResult(sms.ref, state, number, cost, str(code))


def _found(entry: Json) -> tuple[int, str | None]:
    """Our number of a message, and Kavenegar's; None where it surely has none."""
    is_there = STATES.get(whole(entry.get("status"))) is not DeliveryState.UNKNOWN
    number = http.number(entry.get("messageid")) if is_there else None
    return whole(entry.get("localid")), number


def _became(entry: Json) -> http.Report | None:
    return http.report_of(entry, "messageid", STATES)


def _came_in(entry: Json) -> IncomingSms:
    sent_at = entry.get("date")
    return IncomingSms(
        # Without a number that can be read it is known again by all that it says.
        ref=str(number) if (number := whole_or_none(entry.get("messageid")) or 0) > 0 else "",
        line=str(entry.get("receptor") or ""),
        sender=str(entry.get("sender") or ""),
        body=str(entry.get("message") or ""),
        sent_at=str(sent_at) if sent_at else None,
    )


def _came_in_lately(reach: float, entry: Json) -> IncomingSms | None:
    """None for one that was read before and is older, or of a day to come: it would be new again
    whenever it is forgotten here.
    """
    sent_at, now = whole_or_none(entry.get("date")), time.time()
    is_recent = sent_at is not None and now - reach < sent_at < now + CLOCKS_DIFFER
    return _came_in(entry) if is_recent else None
