"""SEP (Saman): a token by REST, the browser brings RefNum, verify and reverse by RefNum."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.billing.psp import Attempt, Declined, Order, Redirect, Returned, Verified
from services.billing.psp_wire import ask_json, order_in, unreadable, whole

OK, REPEATED = 0, 2
# What the bank says for good; any other code leaves us not knowing.
NO = {-2: "not found", -6: "its time is over", 5: "given back", -105: "terminal", -106: "address"}


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
        told = ask_json(
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
        token = told.get("token")
        if told.get("status") == 1 and isinstance(token, str) and token:
            fields = {"Token": token, "GetMethod": ""}
            return Redirect(token, "POST", f"{self.base}/OnlinePG/OnlinePG", fields)
        raise Declined("The gateway gives no token.", psp_code=str(told.get("errorCode"))[:20])

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
        told = self._ask("VerifyTransaction", attempt)
        detail = told.get("TransactionDetail")
        if not isinstance(detail, dict):
            raise unreadable("no detail")
        text = {name: str(value or "") for name, value in detail.items()}
        if text.get("RefNum") != attempt.ref:
            raise unreadable("another RefNum")
        return Verified(
            order_id=None,
            amount=whole(detail.get("OrginalAmount")),
            ref=text["RefNum"],
            rrn=text.get("RRN", ""),
            trace=text.get("StraceNo", ""),
            card=text.get("MaskedPan", ""),
            card_hash=text.get("HashedPan", ""),
            terminal=text.get("TerminalNumber", ""),
        )

    def settle(self, attempt: Attempt) -> None:
        """Verify is all that SEP asks for."""

    def reverse(self, attempt: Attempt) -> None:
        self._ask("ReverseTransaction", attempt)

    def _ask(self, act: str, attempt: Attempt) -> dict[str, object]:
        told = ask_json(
            f"{self.base}/verifyTxnRandomSessionkey/ipg/{act}",
            {"RefNum": attempt.ref, "TerminalNumber": whole(self.terminal)},
            self.timeout,
        )
        code = whole(told.get("ResultCode"))
        if code in (OK, REPEATED):
            return told
        if code in NO:
            raise Declined(f"The bank says: {NO[code]}.", psp_code=str(code))
        raise unreadable(f"result {code}")
