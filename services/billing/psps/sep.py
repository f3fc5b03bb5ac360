"""SEP (Saman): a token by REST, the browser brings RefNum, verify and reverse by RefNum."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.billing.psps.http import ask_json, order_in, text_of, unreadable, whole
from services.billing.psps.port import Attempt, Declined, Order, Redirect, Returned, Verified

OK, REPEATED = 0, 2
GIVEN_BACK, REFUSED = 5, -1
# Final answers about a payment. No other code is one: that our terminal (-105) or address (-106) is
# not allowed leaves a payment that was made as it is. Its state is unknown, and we ask again.
FINAL = {-2: "not found", -6: "its time is over", GIVEN_BACK: "given back"}
DETAIL = ("RefNum", "RRN", "StraceNo", "MaskedPan", "HashedPan", "TerminalNumber")


@dataclass(frozen=True, slots=True)
class Sep:
    """The gateway of a terminal at ``base``."""

    base: str
    terminal: str
    timeout: float = 10.0
    window: dt.timedelta = dt.timedelta(minutes=30)
    code: str = field(default="sep", init=False)
    finds_orphans: bool = field(default=False, init=False)

    def start(self, order: Order) -> Redirect:
        answer = ask_json(
            self.code,
            f"{self.base}/onlinepg/onlinepg",
            {
                "action": "token",
                "TerminalId": self.terminal,
                "Amount": order.amount,
                "ResNum": str(order.order_id),
                "RedirectUrl": order.callback,
            },
            self.timeout,
        )
        token, status = answer.get("token"), whole(answer.get("status"))
        if status == REFUSED:
            psp_code = text_of(answer.get("errorCode"))[:20]
            raise Declined("The gateway gives no token.", psp_code=psp_code)
        if status == 1 and isinstance(token, str) and token:
            fields = {"Token": token, "GetMethod": ""}
            return Redirect(token, "POST", f"{self.base}/OnlinePG/OnlinePG", fields)
        raise unreadable("no token")

    def returned(self, form: Mapping[str, str]) -> Returned:
        ok = form.get("State") == "OK" and form.get("Status", "2") == "2"
        return Returned(
            order_in(form.get("ResNum")),
            None,
            form.get("RefNum") or None,
            ok,
            form.get("State", "")[:20],
        )

    def verify(self, attempt: Attempt) -> Verified:
        answer = self._ask("VerifyTransaction", attempt, OK, REPEATED)
        detail = answer.get("TransactionDetail")
        if not isinstance(detail, dict):
            raise unreadable("no detail")
        text = {name: text_of(detail.get(name)) for name in DETAIL}
        if text["RefNum"] != attempt.ref:
            raise unreadable("another RefNum")
        return Verified(
            order_id=None,
            amount=whole(detail.get("OrginalAmount")),
            ref=text["RefNum"],
            rrn=text["RRN"],
            trace=text["StraceNo"],
            card=text["MaskedPan"],
            card_hash=text["HashedPan"],
            terminal=text["TerminalNumber"],
        )

    def settle(self, attempt: Attempt) -> None:
        """SEP asks for no step after verify."""

    def reverse(self, attempt: Attempt) -> None:
        # An officer must not give back a second time what is back already.
        self._ask("ReverseTransaction", attempt, OK, REPEATED, GIVEN_BACK)

    def _ask(self, act: str, attempt: Attempt, *good: int) -> dict[str, object]:
        answer = ask_json(
            self.code,
            f"{self.base}/verifyTxnRandomSessionkey/ipg/{act}",
            {"RefNum": attempt.ref, "TerminalNumber": whole(self.terminal)},
            self.timeout,
        )
        code = whole(answer.get("ResultCode"))
        if code in good:
            return answer
        if code in FINAL:
            raise Declined(f"The bank says: {FINAL[code]}.", psp_code=str(code))
        raise unreadable(f"result {code}")
