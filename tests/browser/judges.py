"""Judges of pages beside axe as it is: dark, forced colours, 400 % zoom, keyboard alone.

`python -m tests.browser.judges` walks every page of a running `make up` with them, and has the HTML
validator of the W3C (vnu) and Lighthouse judge each too; both come by npm, into .judges/.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple

from playwright.sync_api import sync_playwright

from deploy.local import demo
from deploy.local.state import State
from tests.browser.conftest import AXE, QUIET, axe_of, program
from tests.browser.pages import AGENCY, BOARD, DESK, NOTIFY, PORTAL, WIDE
from tests.processes import ROOT

TOOLS = ROOT / ".judges"
PACKAGES = ("vnu-jar", "lighthouse")
HOUSE = "http://127.0.0.1"
# WCAG 2.2, 1.4.10: 1280 px at 400 % are 320 by 256 px of CSS.
ZOOMED = {"width": 320, "height": 256}
MOST_PRESSES = 400
FOCUSABLE = """() => {
  const groups = new Set();
  return [...document.querySelectorAll('a[href],button,summary,input:not([type=hidden]),select,'
      + 'textarea,iframe,[tabindex]')]
    .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}))
    .filter(e => {
      if (e.type !== 'radio') return true;
      const group = [...document.querySelectorAll(`input[type=radio][name="${e.name}"]`)];
      return e === (group.find(r => r.checked) || group[0]);
    })
    .map((e, n) => { e.dataset.judged = n; return e.outerHTML.slice(0, 90); });
}"""
# Where the focus is, whether its ring is drawn, and whether anything lies on it.
FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const r = e.getBoundingClientRect(), style = getComputedStyle(e);
  const x = Math.min(Math.max(r.left + r.width / 2, 1), innerWidth - 1);
  const y = Math.min(Math.max(r.top + Math.min(r.height / 2, 12), 1), innerHeight - 1);
  const above = document.elementFromPoint(x, y);
  const inside = r.bottom > 0 && r.top < innerHeight;
  return {n: e.dataset.judged === undefined ? null : Number(e.dataset.judged),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
    seen: inside && !!above && (e.contains(above) || above.contains(e) || !!above.closest('label')),
    what: e.outerHTML.slice(0, 90)};
}"""
# What shows its shape by a ground alone, which forced colours take away.
SHAPELESS = """() => [...document.querySelectorAll('button,.button,input,select,textarea,.pill,'
    + '.metric,.callout,[aria-current]')]
  .filter(e => e.checkVisibility()
    && !e.matches('.linklike,.back,.language,[type=checkbox],[type=radio],.default'))
  .filter(e => { const s = getComputedStyle(e);
    return !['Top', 'Bottom', 'Left', 'Right'].some(side =>
        parseFloat(s[`border${side}Width`]) > 0 && s[`border${side}Style`] !== 'none')
      && (s.outlineStyle === 'none' || !parseFloat(s.outlineWidth))
      && Number(s.fontWeight) < 600; })
  .map(e => e.outerHTML.slice(0, 90))"""


def in_other_colours(page):
    """What is wrong with a page in the dark, and with colours that the visitor forces."""
    wrong = {}
    page.emulate_media(color_scheme="dark")
    wrong["dark"] = axe_of(page)
    page.emulate_media(color_scheme="light", forced_colors="active")
    wrong["forced colours"] = page.evaluate(SHAPELESS)
    page.emulate_media(forced_colors="none")
    return {name: faults for name, faults in wrong.items() if faults}


def zoomed(page):
    """By how many pixels a page is wider than a screen of 1280 px at 400 %."""
    own = page.viewport_size
    page.set_viewport_size(ZOOMED)
    wide = page.evaluate(WIDE)
    page.set_viewport_size(own)
    return {"px too wide at 400 %": wide} if wide > 0 else {}


def by_keyboard(page):
    """What the Tab key meets: in another order than the page has it, without a ring, covered, or
    never.
    """
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    wanted = page.evaluate(FOCUSABLE)
    met, wrong = [], {}
    for _ in range(min(len(wanted) + 2, MOST_PRESSES)):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None or (met and focus["n"] == met[0]):
            break
        if focus["n"] is not None:
            met.append(focus["n"])
        if not focus["ring"]:
            wrong.setdefault("no ring", []).append(focus["what"])
        if not focus["seen"]:
            wrong.setdefault("covered", []).append(focus["what"])
    if met != sorted(met):
        wrong["order"] = met
    if missed := [tag for n, tag in enumerate(wanted[:MOST_PRESSES]) if n not in met]:
        wrong["never reached"] = missed
    return wrong


def faults(page):
    """All that these judges find wrong with the page as it is now."""
    page.wait_for_load_state()
    page.evaluate(AXE)
    return {**in_other_colours(page), **zoomed(page), **by_keyboard(page)}


class Site(NamedTuple):
    """A face as it runs here: whether search engines are to find it, but for what is closed to
    them, who opens it, its pages.
    """

    root: str
    pages: tuple[str, ...]
    public: bool = False
    user: str | None = None
    sign_in: str = ""
    closed: tuple[str, ...] = ()


SITES = {
    "portal": Site(f"{HOUSE}:8000", PORTAL, public=True),
    "agency": Site(f"{HOUSE}:8001", AGENCY, public=True, closed=("/console",)),
    "board": Site(f"{HOUSE}:8002", BOARD, user="nader", sign_in="/sign-in"),
    "notify": Site(f"{HOUSE}:8003", NOTIFY, public=True),
    "desk": Site(
        f"{HOUSE}:8004",
        tuple(f"/desk{path}" for path in (*DESK, "/look?density=public")),
        user="mina",
        sign_in="/desk/sign-in",
    ),
}


def main(names=()):
    """Judges the sites of these names, all without one; 1 if a page has a fault, else 0."""
    bring_tools()
    failed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=QUIET)
        for name in names or SITES:
            site = SITES[name]
            page = browser.new_context(bypass_csp=True, locale="fa-IR").new_page()
            if site.user:
                page.goto(f"{site.root}{site.sign_in}")
                page.fill("#username", site.user)
                page.fill("#password", demo.password(State.of_checkout()))
                page.locator("main form button").last.click()
                page.wait_for_load_state()
            cookies = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
            for path in site.pages:
                answer = page.goto(f"{site.root}{path}")
                wrong = {**faults(page), **validated(answer.text())}
                if answer.ok:  # Lighthouse judges no page of an error
                    public = site.public and path not in site.closed
                    wrong |= by_lighthouse(f"{site.root}{path}", cookies, public=public)
                failed = failed or bool(wrong)
                print(f"{name} {path}: {json.dumps(wrong, ensure_ascii=False, indent=1)}")
        browser.close()
    return int(failed)


def bring_tools():
    """Installs the two judges that are no Python, once."""
    if not all((TOOLS / "node_modules" / name).exists() for name in PACKAGES):
        TOOLS.mkdir(exist_ok=True)
        environ = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        done = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(TOOLS), *PACKAGES]
        subprocess.run(done, check=True, env=environ)


def validated(html):
    """What the W3C's validator finds wrong with a page as it was sent."""
    jar = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
    command = [_program("java"), "-jar", str(jar), "--format", "json", "--stdout", "-"]
    run = subprocess.run(command, input=html.encode(), capture_output=True, check=False)
    messages = [f"{m['lastLine']}: {m['message']}" for m in json.loads(run.stdout)["messages"]]
    return {"vnu": messages} if messages else {}


def by_lighthouse(address, cookies, *, public):
    """The audits of Lighthouse that a page fails; of search engines only where they may come."""
    categories = ["accessibility", "best-practices", *(["seo"] if public else [])]
    command = [
        str(TOOLS / "node_modules/.bin/lighthouse"),
        address,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(categories)}",
        f"--chrome-flags=--headless=new {' '.join(QUIET)}",
        *([f"--extra-headers={json.dumps({'Cookie': cookies})}"] if cookies else []),
    ]
    environ = os.environ | {"CHROME_PATH": _program("chromium")}
    run = subprocess.run(command, capture_output=True, env=environ, check=False)
    if run.returncode:
        return {"lighthouse": run.stderr.decode()[-400:]}
    report = json.loads(run.stdout)
    failed = [
        f"{ref['id']}: {report['audits'][ref['id']]['title']}"
        for category in report["categories"].values()
        for ref in category["auditRefs"]
        if ref["weight"] and report["audits"][ref["id"]]["score"] not in (1, None)
    ]
    return {"lighthouse": failed} if failed else {}


@functools.cache
def _program(name):
    path = shutil.which(name)
    assert path, f"{name} is not here; judges of HTML need Java and Chromium."
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
