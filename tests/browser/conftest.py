"""axe-core as the judge of accessibility, and clicks that arrive."""

import functools
import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (320, 1280)
# Rules of axe that look at where things are, how large they are, or what colour they have.
OF_LAYOUT = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
# How each element takes part in the page; all other rules go by that and by what is written.
SHAPE = """() => [...document.body.querySelectorAll('*')].map(e => e.checkVisibility()
    ? getComputedStyle(e).display + getComputedStyle(e).visibility : '').join()"""


def arriving(click):
    """A click that waits until the page that it leads to is whole: playwright's own ends as soon as
    the next page begins, of which then only a part, or nothing, can be read.
    """

    def click_and_arrive(clicked, *arguments, **options):
        click(clicked, *arguments, **options)
        (clicked if isinstance(clicked, Page) else clicked.page).wait_for_load_state()

    return click_and_arrive


@pytest.fixture(autouse=True)
def clicks_arrive(monkeypatch):
    for kind in (Locator, Page):
        monkeypatch.setattr(kind, "click", arriving(kind.click))


def axe_of(page, *rules):
    """What axe finds wrong with the page as it is now, by these rules if some are named."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    # Preloaded are the style sheets, a second time, for a rule that is not asked for.
    options = {"runOnly": only, "resultTypes": ["violations"], "preload": False}
    violations = page.evaluate(
        "options => axe.run(document, options).then(found => found.violations)", options
    )
    return [{"rule": v["id"], "where": [n["target"] for n in v["nodes"]][:5]} for v in violations]


def judge(page, widths=()):
    """Fails if axe finds anything wrong with the page as it is now, or if it is too wide for its
    window; ``widths`` are those of the windows that it is shown in, for its own alone none.
    """
    page.wait_for_load_state()  # a click may just have led here
    page.evaluate(AXE)
    own, faults, shapes = page.viewport_size, {}, set()
    for width in widths or (own["width"],):
        page.set_viewport_size({**own, "width": width})
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        shape = page.evaluate(SHAPE)
        violations = axe_of(page, *(OF_LAYOUT if shape in shapes else ()))
        faults[width] = {"axe": violations, "px too wide": max(too_wide, 0)}
        shapes.add(shape)
    page.set_viewport_size(own)
    wrong = {width: reply for width, reply in faults.items() if any(reply.values())}
    assert wrong == {}, f"{page.url}: {json.dumps(wrong, ensure_ascii=False, indent=1)}"


@pytest.fixture
def judged():
    """Judges a page in its own window."""
    return judge


@pytest.fixture
def judged_wide_and_narrow():
    """Judges a page in a small telephone's window and in a large one: one visit serves both."""
    return functools.partial(judge, widths=WIDTHS)
