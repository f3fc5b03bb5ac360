"""Kavenegar: REST with the key in the path; our number is ``localid``.

Known from its documentation (kavenegar.com/rest.html) and its own libraries: paths, parameters,
codes, that a repeated ``localid`` of ``send`` is not sent again, that statuses are told for 48
hours and by ``localid`` for 12. Not known for sure: in which form ``sendarray``, which alone
carries different texts, takes our numbers (its libraries differ). So it is used only where
``array`` is set, after a try with the account itself: `find` must find what it sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from services.notify.providers import http
from services.notify.providers.http import whole
from services.notify.providers.sms import Handed, Sms, State

OK, MOST, ASKED_MOST = 200, 200, 500
STATES = {
    1: State.ACCEPTED,  # in its queue
    2: State.ACCEPTED,  # scheduled
    4: State.SENT,
    5: State.SENT,
    6: State.FAILED,
    10: State.DELIVERED,
    11: State.UNDELIVERED,
    13: State.FAILED,  # cancelled
    14: State.REJECTED,  # the receiver blocks this sender, or is on the black list; money back
    100: State.UNKNOWN,
}
# 402 (it failed) and 409 (the server cannot answer now) say nothing for sure, and are not here.
CALLS = {
    **dict.fromkeys((400, 401, 403, 404, 405, 406, 407, 412, 414, 416, 417, 418, 419)),
    **dict.fromkeys((426, 427, 429, 451)),
    411: State.REJECTED,  # no such receiver
    413: State.FAILED,  # empty or too long
    420: State.FAILED,  # a link in it
    422: State.FAILED,  # a character in it
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
    code: str = field(default="kavenegar", init=False)
    finds: bool = field(default=True, init=False)

    @property
    def most(self) -> int:
        return MOST if self.array else 1

    def send(self, messages: Sequence[Sms]) -> list[Handed]:
        if len(messages) == 1:
            path, form = "sms/send", self._one(messages[0])
        else:
            path, form = "sms/sendarray", self._array(messages)
        told = http.hand_over(self._url(path), self.timeout, data=form)
        code = _code(told)
        if code != OK:
            return http.refused(messages, code, CALLS)
        entries = http.objects(told.get("entries"), len(messages))
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
        return {name: orjson.dumps(told).decode() for name, told in columns.items()}

    def find(self, refs: Sequence[int]) -> Mapping[int, str | None]:
        found: dict[int, str | None] = {}
        for entry in self._asked("sms/statuslocalmessageid", "localid", refs):
            there = STATES.get(whole(entry.get("status"))) is not State.UNKNOWN
            number = http.number(entry.get("messageid")) if there else None
            found[whole(entry.get("localid"))] = number
        return {ref: found[ref] for ref in refs if ref in found}

    def states(self, provider_refs: Sequence[str]) -> Mapping[str, tuple[State, str]]:
        told = {}
        for entry in self._asked("sms/status", "messageid", provider_refs):
            code = whole(entry.get("status"))
            if code in STATES:
                told[str(whole(entry.get("messageid")))] = (STATES[code], str(code))
        return told

    def credit(self) -> int | None:
        told = http.ask("POST", self._url("account/info"), self.timeout)
        entries = told.get("entries")
        if _code(told) != OK or not isinstance(entries, dict):
            raise http.unreadable("no credit")
        return http.rials(entries.get("remaincredit"))

    def _asked(self, path: str, name: str, ids: Sequence[object]) -> list[dict[str, Any]]:
        """The entries about these messages, of as many calls as that needs."""
        entries: list[dict[str, Any]] = []
        for start in range(0, len(ids), ASKED_MOST):
            part = ids[start : start + ASKED_MOST]
            form = {name: ",".join(str(one) for one in part)}
            told = http.ask("POST", self._url(path), self.timeout, data=form)
            if (code := _code(told)) != OK:
                raise http.unreadable(f"code {code}")
            entries += http.objects(told.get("entries"))
        return entries

    def _line(self, sms: Sms) -> str:
        return self.news_line if sms.news else self.line

    def _url(self, path: str) -> str:
        return f"{self.base}/v1/{quote(self.key, safe='')}/{path}.json"


def _code(told: dict[str, Any]) -> int:
    answer = told.get("return")
    return whole(answer.get("status") if isinstance(answer, dict) else None)


def _handed(sms: Sms, entry: dict[str, Any]) -> Handed:
    code = whole(entry.get("status"))
    state = STATES.get(code, State.ACCEPTED)
    if state is State.UNKNOWN:
        return Handed(sms.ref, State.FAILED, code=str(code))
    number, cost = http.number(entry.get("messageid")), http.rials(entry.get("cost"))
    if state not in (State.REJECTED, State.FAILED):
        state = State.ACCEPTED
    return Handed(sms.ref, state, number, cost, str(code))
