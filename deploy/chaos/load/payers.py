"""People who ask about a source of their own, pay the fee at the bank and read the answer."""

import re
import time
from html import unescape

import requests

from deploy.chaos.load.acts import Again, Surprise, User, checked
from deploy.local.parts import BANK_PORT
from deploy.local.state import PORTAL_URL

KEY, FILE = "9905251782", "1001/5"
BANK_URL = f"http://127.0.0.1:{BANK_PORT}"
GATEWAYS = ("sep", "behpardakht", "sadad")
SECONDS = 15
FORM = re.compile(r'name="form" value="([^"]+)"')
BILL = re.compile(r'href="(/bills/[0-9]+/[0-9]+)"')
TOKEN = re.compile(r'(?:value="|Token=)((?:sep|behpardakht|sadad)-[0-9]+)')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
# Code and secret, as the page shows them to be written down.
PROOF = re.compile(
    r'<dd><bdi dir="ltr">([^<]+)</bdi></dd><dt>[^<]*</dt><dd><bdi dir="ltr">([^<]+)</bdi></dd></dl>'
)
DOOR = "/contact/track"
ACTION = re.compile(r'<form method="post" action="([^"]*)"')


class Payer(User):
    """One journey after another, with a browser of its own."""

    kind = "payment"
    pause = 1.5

    def act(self) -> None:
        began, browser = time.monotonic(), requests.Session()
        self._proof: tuple[str, str] | None = None
        bill = self.until_answered(lambda: self._ask(browser))
        self.journal.begin(self.kind, bill)
        psp = self.random.choice(GATEWAYS)
        form = self.key()
        token = self.until_answered(lambda: self._begin(browser, bill, psp, form))
        address, fields = self.until_answered(lambda: self._pay(token))
        self.until_answered(lambda: checked(browser.post(address, data=fields, timeout=SECONDS)))
        self.until_answered(lambda: self._answered(browser))
        self.journal.accept(self.kind, bill, token, began)

    def _ask(self, browser: requests.Session) -> str:
        """The address of the bill of a new inquiry, which the browser has asked by now."""
        if not browser.cookies:
            page = checked(browser.get(f"{PORTAL_URL}/inquiry", timeout=SECONDS)).text
            form = _one(FORM, page, "the form of an inquiry")
            fields = {"form": form, "key": KEY, "file_no": FILE, "declared": "1"}
            self.until_answered(
                lambda: checked(browser.post(f"{PORTAL_URL}/inquiry", data=fields, timeout=SECONDS))
            )
        bill = BILL.search(self._mine(browser))
        if bill is None:  # not charged yet
            raise Again
        return bill[1]

    def _begin(self, browser: requests.Session, bill: str, psp: str, form: str) -> str:
        """The token of a payment at the bank; pressed again with the same form it is the same."""
        data = {"form": form, "psp": psp}
        page = browser.post(f"{PORTAL_URL}{bill}/pay", data=data, timeout=SECONDS)
        return _one(TOKEN, checked(page).text, "the way to the bank")

    @staticmethod
    def _pay(token: str) -> tuple[str, dict[str, str]]:
        """Pay at the bank: where it leads the browser back to, and with which fields."""
        data = {"token": token, "act": "pay"}
        page = checked(requests.post(f"{BANK_URL}/decide", data=data, timeout=SECONDS)).text
        fields = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        return unescape(_one(ACTION, page, "the way back from the bank")), fields

    def _answered(self, browser: requests.Session) -> None:
        if "V-" not in self._mine(browser):
            raise Again

    def _mine(self, browser: requests.Session) -> str:
        """The page of the inquiry. A browser opens it for half an hour: whose clock says that this
        is over types code and secret again, or asks anew without them.
        """
        page = checked(browser.get(f"{PORTAL_URL}/inquiry/mine", timeout=SECONDS))
        if page.url.endswith(DOOR):
            if self._proof is None:
                browser.cookies.clear()
                raise Again
            proof = dict(zip(("code", "secret"), self._proof, strict=True))
            page = checked(browser.post(f"{PORTAL_URL}{DOOR}", data=proof, timeout=SECONDS))
        if proven := PROOF.search(page.text):
            self._proof = (unescape(proven[1]), unescape(proven[2]))
        return page.text


def _one(pattern: re.Pattern[str], page: str, subject: str) -> str:
    match = pattern.search(page)
    if match is None:
        raise Surprise(f"a page without {subject}: {' '.join(page.split())[:120]}")
    return match[1]
