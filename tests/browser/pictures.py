"""Takes the pictures of docs/pictures from a running `make up`: `python -m tests.browser.pictures`.

It registers a complaint, answers it at the desk, asks about a source, pays for the answer, looks
at the treasury, at notices and at the register of agencies, and takes each page by telephone and
desktop.
"""

import functools
import io
import re
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from deploy.local import demo
from deploy.local.state import State
from tests.browser.conftest import QUIET, program
from tests.browser.test_citizen import fill_in, go_on, press, sit_down, track
from tests.browser.test_fees import ask, shown
from tests.processes import ROOT

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}


class Here:
    """What `make up` runs, as the browser tests know a desk."""

    portal, ops = "http://127.0.0.1:8000", "http://127.0.0.1:8004"
    password = demo.password(State.of_checkout())


def main(folder=ROOT / "docs/pictures"):
    """Writes the pictures; 0."""
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=QUIET)
        for name, (width, height) in SIZES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, java_script_enabled=False
            )
            page.set_default_timeout(10_000)
            take = functools.partial(shot, page, folder, name)
            journey(page, take)
            fees(page, take)
            treasury(page, take)
            notices(page, take)
            register(page, take)
            page.close()
        browser.close()
    print(f"{len(list(Path(folder).glob('*.png')))} pictures in {folder}", file=sys.stderr)
    return 0


def shot(page, folder, size, title):
    """One page as a PNG of 128 colours: a third of the size, and nobody sees the difference."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    colours = picture.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours.save(folder / f"{title}-{size}.png", optimize=True)


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
    page.locator("#answer summary").click()
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


def fees(page, shoot):
    """Somebody asks about an own source and pays at the played bank."""
    page.goto(f"{Here.portal}/inquiry")
    shoot("inquiry")
    ask(page, Here)
    shown(page, f"{Here.portal}/inquiry/mine", "a[href^='/bills/']").click()
    shoot("bill")
    page.locator("button[name=psp]").first.click()
    shoot("pay")
    press(page, "رفتن به بانک")
    page.locator("button[value=pay]").click()
    page.get_by_role("button", name="بازگشت به پذیرنده").click()
    shown(page, page.url, "a[href$='receipt.pdf']")
    shoot("payment")
    shown(page, f"{Here.portal}/inquiry/mine", "main :text('V-')")
    shoot("inquiry-answered")


def treasury(page, shoot):
    """What an officer sees; the colleague of ``journey`` sits at the desk already."""
    for item in ("", "tariffs", "bills", "day"):
        page.goto(f"{Here.ops}/desk/treasury/{item}".rstrip("/"))
        shoot(f"treasury-{item}" if item else "treasury")
    page.goto(f"{Here.ops}/desk/treasury/bills")
    page.locator("table a").first.click()
    shoot("treasury-bill")


def notices(page, shoot):
    """What an editor of notices sees; the same colleague sits at the desk."""
    at = f"{Here.ops}/desk/notices"
    for item in ("", "templates", "announcements", "messages", "looks"):
        page.goto(f"{at}/{item}".rstrip("/"))
        shoot(f"notices-{item}" if item else "notices")
    page.goto(f"{at}/templates")
    page.locator("table a").first.click()
    shoot("notices-template")
    page.goto(f"{at}/announcements/new")
    shoot("notices-announcement")


def register(page, shoot):
    """What an officer of the register of agencies sees; the same colleague sits at the desk."""
    at = f"{Here.ops}/desk/agencies"
    page.goto(at)
    shoot("agencies")
    page.goto(f"{at}/of/fuel-co")
    shoot("agency")
    page.goto(f"{at}/new?like=fuel-co")
    shoot("agency-propose")


if __name__ == "__main__":
    sys.exit(main())
