"""Debian's Chromium, with and without JavaScript, and axe-core as the judge of accessibility."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium():
    # Not for the session: playwright keeps an event loop running, which other tests start anew.
    program = shutil.which("chromium")
    assert program, "Chromium is not here; `make test` installs it (apt-get install chromium)."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium):
    """Makes pages; each is a visitor of its own."""
    contexts = []

    def page(*, script=True, width=390, height=844, language="fa-IR"):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            bypass_csp=True,  # for axe alone; that pages bring no script, another test says
            locale=language,
        )
        contexts.append(context)
        made = context.new_page()
        made.set_default_timeout(10_000)
        return made

    yield page
    for context in contexts:
        context.close()


@pytest.fixture
def judged():
    """Fails if axe finds anything wrong with the page as it is now."""

    def judge(page):
        page.wait_for_load_state()  # a click may just have led here
        page.evaluate(AXE)
        result = page.evaluate(
            """tags => axe.run(document, {
                runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']
            }).then(found => found.violations)""",
            TAGS,
        )
        replies = [
            {"rule": v["id"], "where": [n["target"] for n in v["nodes"]][:5]} for v in result
        ]
        assert replies == [], f"{page.url}: {json.dumps(replies, ensure_ascii=False, indent=1)}"
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{page.url} is {wide} px too wide"

    return judge
