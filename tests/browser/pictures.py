"""Takes the pictures of docs/pictures from a demo that runs: `python -m tests.browser.pictures`.

Each is a WebP of a page as it looks with script, on a desktop and, for citizens, on a telephone.
What a picture needs to open (codes, secrets) stands in demo.txt, which `make demo` wrote.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from deploy.local import demo
from deploy.local.state import State
from tests.browser.test_citizen import go_on, press, sit_down, track
from tests.browser.walk.sites import agency, citizen, ways_in
from tests.chromium import QUIET, program
from tests.processes import ROOT

FOLDER = ROOT / "docs/pictures"
SIZES = {"phone": (390, 780), "desktop": (1366, 768)}
# A page that goes on for long is shown to here.
TALLEST = {"phone": 1700, "desktop": 1250}
QUALITY = 56
MOST_BYTES = 3_000_000
# What anybody sees, by its name.
OPEN_PAGES = {
    "home": "/",
    "home-arabic": "/?lang=ar",
    "contact": "/contact",
    "track": "/contact/track",
    "statistics": "/statistics",
    "status": "/status",
    "news": "/news",
    "reports": "/reports",
    "inquiry": "/inquiry",
    "verify": "/verify",
}
# What colleagues see: who looks, and where.
DESK_PAGES = {
    "karim": {
        "desk-home": "/desk",
        "desk-queue": "/desk/queue",
        "desk-telephone": "/desk/telephone",
        "desk-letters": "/desk/letters",
    },
    "nader": {
        "desk-calendar": "/desk/calendar",
        "desk-figures": "/desk/figures",
        "treasury": "/desk/treasury",
        "treasury-bills": "/desk/treasury/bills",
        "treasury-account": "/desk/treasury/account",
        "treasury-day": "/desk/treasury/day",
        "treasury-exceptions": "/desk/treasury/exceptions",
        "treasury-refunds": "/desk/treasury/refunds",
        "treasury-tariffs": "/desk/treasury/tariffs",
        "notices": "/desk/notices",
        "notices-announcements": "/desk/notices/announcements",
        "notices-announcement": "/desk/notices/announcements/new",
        "notices-messages": "/desk/notices/messages",
        "notices-templates": "/desk/notices/templates",
        "agencies": "/desk/agencies",
        "agency": "/desk/agencies/of/fuel-co",
        "agency-propose": "/desk/agencies/new?like=fuel-co",
        "help": "/desk/help/clerk",
        "desk-look": "/desk/look",
    },
}
PHONE_TOO = ("desk-home", "desk-queue", "desk-ticket")
# What an agency's engineer sees.
REFERENCE = {
    "reference": "http://127.0.0.1:8001/",
    "reference-contract": "http://127.0.0.1:8001/reference/inquiry.ask.v1",
}
# What a citizen who came in by the code of an SMS sees; on a desktop the first alone.
OWN_PAGES = {"my": "/my", "my-asked": "/my/asked", "inbox": "/inbox/mine"}


class Here:
    """What `make demo` runs, as the browser tests know a desk."""

    portal, ops = "http://127.0.0.1:8000", "http://127.0.0.1:8004"
    state = State.of_checkout()
    password = demo.password(state)


def main(folder=FOLDER):
    """Writes the pictures; 0. 1 if they are too large together."""
    folder.mkdir(exist_ok=True)
    ways = ways_in((Here.state.home / "demo.txt").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=QUIET)
        for size in SIZES:
            at_portal(browser, size, folder, ways)
            at_desk(browser, size, folder, ways)
        own_matters(browser, folder)
        at_other_faces(browser, folder)
        browser.close()
    paths = sorted(folder.glob("*.webp"))
    total = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} pictures, {total // 1000} kB, in {folder}", file=sys.stderr)
    return 1 if total > MOST_BYTES else 0


def new_page(browser, size):
    """A page of a new visitor."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="fa-IR")
    page.set_default_timeout(20_000)
    return page


def take(page, folder, name, size):
    """One picture, cut where it grows too tall."""
    page.wait_for_timeout(300)
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    shown = shot.crop((0, 0, shot.width, min(shot.height, TALLEST[size])))
    shown.save(folder / f"{name}-{size}.webp", "WEBP", quality=QUALITY, method=6)


def at_portal(browser, size, folder, ways):
    """What citizens see."""
    page = new_page(browser, size)
    for name, path in OPEN_PAGES.items():
        page.goto(Here.portal + path)
        take(page, folder, name, size)
        if "lang=" in path:
            page.goto(f"{Here.portal}/?lang=fa")
    registering(page, folder, size)
    code, secret = next(row[:2] for row in ways["requests"][-110:] if row[3] in ("talked", "again"))
    track(page, Here, code, secret)
    take(page, folder, "ticket", size)
    code, secret = answered(page, ways["inquiries of people"])
    take(page, folder, "inquiry-answered", size)
    _, bill, payment = ways["bills"][-1]
    page.goto(f"{Here.portal}/bills/{bill}/{payment}")
    take(page, folder, "bill", size)
    page.close()


def own_matters(browser, folder):
    """What somebody with a telephone and no code at hand finds; signed in once, for few codes are
    sent to a person in a day.
    """
    page = new_page(browser, "phone")
    citizen(page)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for name, path in OWN_PAGES.items():
            if size == "phone" or name == "my":
                page.goto(Here.portal + path)
                take(page, folder, name, size)
    page.close()


def at_other_faces(browser, folder):
    """The reference as anybody sees it, and an agency's console."""
    page = new_page(browser, "desktop")
    for name, address in REFERENCE.items():
        page.goto(address)
        take(page, folder, name, "desktop")
    agency(page)
    take(page, folder, "console", "desktop")
    page.close()


def registering(page, folder, size):
    """The form of a complaint up to its last page; nothing is sent."""
    page.goto(f"{Here.portal}/contact/new")
    go_on(page)
    take(page, folder, "error", size)
    page.get_by_label("شکایت").check()
    go_on(page)
    page.get_by_label("چاه غیرمجاز یا اضافه‌برداشت").check()
    page.select_option("#county", "gachsaran")
    take(page, folder, "category", size)
    go_on(page)
    page.fill("#text", "در زمین‌های پایین روستا از سه شب پیش دستگاه حفاری کار می‌کند.")
    go_on(page)
    page.locator("h1:not(:text-is('شرح'))").wait_for()
    if page.locator("#name").count() == 0:
        go_on(page)  # reports near by stand between
    page.fill("#name", "زهرا کاظمی")
    go_on(page)
    take(page, folder, "check", size)


def answered(page, inquiries):
    """Open the first inquiry that was answered; its code and secret."""
    for code, secret in inquiries:
        page.goto(f"{Here.portal}/inquiry/open")
        page.fill("#code", code)
        page.fill("#secret", secret)
        press(page, "دیدن") if page.get_by_role("button", name="دیدن").count() else press(
            page, "باز کردن"
        )
        if page.locator("main :text('V-')").count():
            return code, secret
    raise LookupError("no inquiry of the demo was answered")


def at_desk(browser, size, folder, ways):
    """What colleagues see; a telephone shows them a few pages."""
    for username, pages in DESK_PAGES.items():
        page = new_page(browser, size)
        sit_down(page, Here, username)
        for name, path in pages.items():
            if size == "desktop" or name in PHONE_TOO:
                page.goto(Here.ops + path)
                take(page, folder, name, size)
        if username == "nader":
            a_ticket(page, folder, size, ways)
        page.close()


def a_ticket(page, folder, size, ways):
    """A ticket with photos and a history, and a bill of the treasury."""
    code = next(
        row[0]
        for row in reversed(ways["requests"])
        if row[2] == "illegal_well" and row[3] in ("talked", "visit", "asked")
    )
    page.goto(f"{Here.ops}/desk/tickets/{code}")
    take(page, folder, "desk-ticket", size)
    if size == "desktop":
        page.goto(f"{Here.ops}/desk/treasury/bills/{ways['bills'][-1][0]}")
        take(page, folder, "treasury-bill", size)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER))
