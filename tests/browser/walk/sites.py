"""The faces of a running demo as a walk visits them: their pages, and how one signs in."""

import re
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import requests
from playwright.sync_api import Page

from deploy.local import demo
from deploy.local.state import State
from tests.browser.pages import AGENCY, BOARD, DESK, NOTIFY, PORTAL, SUPERVISORS
from tests.processes import ROOT
from tests.waiting import wait_for

HOUSE = "http://127.0.0.1"
PHONES = f"{HOUSE}:8028/phone"


class Site(NamedTuple):
    """A face as it runs here: its pages, whether search engines are to find it, but for what is
    closed to them, and how one comes in; a way in returns further pages.
    """

    root: str
    pages: tuple[str, ...]
    public: bool = False
    sign_in: Callable[[Page], tuple[str, ...]] | None = None
    closed: tuple[str, ...] = ()


def colleague(address, user):
    """The way in of a colleague of the demo."""

    def sign_in(page):
        page.goto(address)
        page.fill("#username", user)
        page.fill("#password", demo.password(State.of_checkout()))
        page.locator("main form button").last.click()
        page.wait_for_load_state()
        return ()

    return sign_in


def ways_in(text):
    """The lines of demo.txt by their heading: words of each line."""
    ways, heading = {}, ""
    for line in text.splitlines():
        if line.startswith("# "):
            heading = line[2:].partition(":")[0]
            ways[heading] = []
        else:
            ways[heading].append(line.split())
    return ways


def citizen(page):
    """Somebody with a telephone comes in by the code that an SMS has, and opens what is theirs."""
    ways = ways_in((State.of_checkout().home / "demo.txt").read_text(encoding="utf-8"))
    ((mobile, national_id),) = ways["/my, with the code that comes to the played phone"]
    root, before = f"{HOUSE}:8000", _pins(mobile)
    page.goto(f"{root}/my")
    page.fill("#mobile", mobile)
    page.fill("#national_id", national_id)
    page.locator("main form button").first.click()
    page.wait_for_url("**/my/code")
    page.fill("#pin", wait_for(lambda: _pins(mobile)[: -len(before) or None], 60)[0])
    page.locator("main form button").first.click()
    page.wait_for_url("**/my")
    for kind in ("request", "inquiry", "inbox"):
        for form in page.locator(f'form[action^="/my/open/{kind}/"] button').all()[:1]:
            form.click()
            page.wait_for_load_state()
            page.goto(f"{root}/my")
    _, bill, payment = ways["bills"][-1]
    own = ("/my", "/my/asked", "/contact/ticket", "/inquiry/mine", "/inbox/mine")
    return (*own, f"/bills/{bill}/{payment}")


def _pins(mobile):
    """The codes that came to a telephone, the newest first."""
    shown = requests.get(f"{PHONES}/{mobile}", timeout=30).text
    return re.findall(r'class="text"[^>]*>[^<]*?\b([0-9]{6})\b', shown)


def agency(page):
    """An agency's key opens its console."""
    key = str(ROOT / "deploy/local/demo_keys/fuel-co.pem")
    words = ("--url", f"{HOUSE}:8001", "--key-id", "fuel-co-demo", "--key-file", key)
    command = [sys.executable, "-m", "connector", "console", *words]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    page.goto(re.search(r"http\S+", printed.stdout)[0])
    page.locator("main form button").last.click()
    page.wait_for_url("**/console")
    return ("/console",)


SITES = {
    "portal": Site(
        f"{HOUSE}:8000",
        PORTAL,
        True,
        citizen,
        ("/my", "/contact/ticket", "/inquiry/mine", "/inbox/mine", "/bills/", "/v1/"),
    ),
    "agency": Site(f"{HOUSE}:8001", AGENCY, True, agency, ("/console",)),
    "board": Site(f"{HOUSE}:8002", BOARD, sign_in=colleague(f"{HOUSE}:8002/sign-in", "nader")),
    "notify": Site(f"{HOUSE}:8003", NOTIFY, True),
    "desk": Site(
        f"{HOUSE}:8004",
        tuple(
            f"/desk{path}"
            for path in (*DESK, *SUPERVISORS, "/look?density=public", "/nothing-here")
        ),
        sign_in=colleague(f"{HOUSE}:8004/desk/sign-in", "nader"),
    ),
}
