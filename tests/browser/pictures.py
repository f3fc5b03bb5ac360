"""Takes the pictures of docs/pictures from a running `make up`: `python -m tests.browser.pictures`.

It registers a complaint, answers it at the desk, and looks at each page by telephone and desktop.
"""

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from deploy.local import demo
from deploy.local.state import State
from tests.browser.conftest import QUIET
from tests.browser.test_citizen import fill_in, go_on, press, sit_down, track
from tests.conftest import ROOT

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}


class Here:
    """What `make up` runs, as the browser tests know a desk."""

    portal, ops = "http://127.0.0.1:8000", "http://127.0.0.1:8002"
    password = demo.password(State.of_checkout())


def main(folder=ROOT / "docs/pictures"):
    """Writes the pictures; 0."""
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        for name, (width, height) in SIZES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, java_script_enabled=False
            )
            page.set_default_timeout(10_000)
            journey(page, lambda what, n=name, p=page: shoot(p, folder / f"{what}-{n}.png"))
            page.close()
        browser.close()
    print(f"{len(list(Path(folder).glob('*.png')))} pictures in {folder}", file=sys.stderr)
    return 0


def shoot(page, path):
    page.screenshot(path=str(path), full_page=True)


def journey(page, shoot):
    """One citizen and one colleague, page by page."""
    page.goto(Here.portal)
    shoot("home")
    page.goto(f"{Here.portal}/contact")
    shoot("contact")
    page.goto(f"{Here.portal}/contact/new")
    go_on(page)
    shoot("error")
    steps = iter(("", "", "category", "", "", "check", "done"))
    code, secret = fill_in(page, Here, look=lambda _: (step := next(steps, "")) and shoot(step))
    sit_down(page, Here)
    shoot("desk-queue")
    page.goto(f"{Here.ops}/desk/tickets/{code}")
    page.locator("#act-answer summary").click()
    page.fill("#answer-text", "کارشناس امروز بازدید کرد و دستگاه حفاری توقیف شد.")
    shoot("desk-ticket")
    press(page, "فرستادن پاسخ نهایی")
    page.goto(f"{Here.ops}/desk/calendar")
    shoot("desk-calendar")
    track(page, Here, re.sub(r"\D", "", code), secret)
    page.locator(".clock summary").last.click()
    shoot("ticket")
    page.goto(f"{Here.portal}/statistics")
    shoot("statistics")


if __name__ == "__main__":
    sys.exit(main())
