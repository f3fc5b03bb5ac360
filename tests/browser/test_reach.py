"""Every page can be reached into: by finger, by keyboard, on a small screen, with large letters."""

import pytest

from tests.browser.pages import BOARD, DESK, JUDGED, PORTAL, SUPERVISORS, WIDE
from tests.browser.test_citizen import sit_down
from tests.browser.walk import judges
from tests.gateway.desk.whole_house import whole_house  # noqa: F401 - the fixture `house`
from tests.processes import Starter

# What a finger cannot hit: WCAG 2.2, 2.5.8. A link in the middle of a sentence is no such thing.
SMALL = """() => {
  const inSentence = e => {
    if (e.tagName !== 'A' || !getComputedStyle(e).display.startsWith('inline')) return false;
    const block = e.closest('p,li,dd,td,th,small,label,legend,h1,h2,h3,span,div');
    const words = t => t.replace(/\\s+/g, ' ').trim();
    const own = [...block.querySelectorAll('a')].map(a => a.textContent).join('');
    return words(block.textContent).length > words(own).length + 3;
  };
  return [...document.querySelectorAll('a[href],button,summary,input:not([type=hidden]),select')]
    .filter(e => e.checkVisibility() && !e.matches('.skip,.default') && !inSentence(e))
    .map(e => [e, e.getBoundingClientRect()])
    .filter(([, r]) => r.width && (r.width < 24 || r.height < 23.9))
    .map(([e, r]) => `${e.tagName} ${e.textContent.trim().slice(0, 30) || e.name}: `
      + `${Math.round(r.width)}x${Math.round(r.height)}`);
}"""
# What shows no ring when it is reached by keyboard.
UNSEEN = """() => [...document.querySelectorAll('a[href],button,summary,input:not([type=hidden]),'
    + 'select,textarea,[tabindex="0"]')]
  .filter(e => e.checkVisibility() && !e.matches('.default'))
  .filter(e => { e.focus({focusVisible: true});
    return document.activeElement === e && getComputedStyle(e).outlineStyle === 'none'; })
  .map(e => e.outerHTML.slice(0, 80))"""
CURRENT = """navs => [...document.querySelectorAll(navs)].filter(n => n.querySelector('ul'))
  .map(n => n.querySelectorAll('[aria-current]').length)"""


@pytest.fixture(scope="module")
def board(house, tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("board"))
    yield house.begin_board(starter)
    starter.end()


def walk(page, root, paths, judged):
    """What is wrong with each page, by its address."""
    wrong = {}
    for path in paths:
        answer = page.goto(f"{root}{path}")
        if answer.status >= 400:
            wrong[path] = answer.status
            continue
        faults = {"small": page.evaluate(SMALL), "no ring": page.evaluate(UNSEEN)}
        wide = page.evaluate(WIDE)
        page.evaluate("document.documentElement.style.fontSize = '34px'")
        page.set_viewport_size({"width": 1280, "height": 900})
        faults["too wide"] = [n for n in (wide, page.evaluate(WIDE)) if n > 0]
        page.set_viewport_size({"width": 320, "height": 800})
        page.evaluate("document.documentElement.style.fontSize = ''")
        if result := {name: reply for name, reply in faults.items() if reply}:
            wrong[path] = result
        wrong |= unmarked(page, path)
        if path in (paths[0], *JUDGED):  # other pages are judged by axe in their parts' own tests
            judged(page)
    return wrong


def unmarked(page, path):
    """The navigations in which not exactly one link is marked as the page that one is at."""
    if path in ("/", "/account"):  # the first page of the portal is in no navigation
        return {}
    counts = page.evaluate(CURRENT, "main nav")
    if not counts:  # the portal: its head and foot are one
        counts = [sum(page.evaluate(CURRENT, "header nav, footer"))]
    return {} if set(counts) == {1} else {f"{path} nav": counts}


def test_p36_every_page_of_colleagues_is_reached_into_and_fits(visitor, house, judged):
    page = visitor(width=320)
    sit_down(page, house, "mina")
    assert walk(page, f"{house.ops}/desk", DESK, judged) == {}


def test_p36_every_page_of_supervisors_is_reached_into_and_fits(visitor, house, judged):
    page = visitor(width=320)
    sit_down(page, house, "nader")
    assert walk(page, f"{house.ops}/desk", SUPERVISORS, judged) == {}


def test_p36_every_page_of_operators_is_reached_into_and_fits(visitor, board, judged):
    address, token = board
    page = visitor(width=320)
    page.set_extra_http_headers({"Authorization": f"Bearer {token}"})
    assert walk(page, address, BOARD, judged) == {}


@pytest.mark.parametrize("language", ["fa", "en"])
def test_p36_every_page_of_the_portal_is_reached_into_and_fits(visitor, house, judged, language):
    page = visitor(width=320)
    page.goto(f"{house.portal}/?lang={language}")
    assert walk(page, house.portal, PORTAL, judged) == {}


def test_pages_hold_in_other_colours_enlarged_and_by_keyboard_alone(visitor, house, board):
    page, (address, token) = visitor(width=1280), board
    # A board that is renewed while it is walked has other elements than those that were counted.
    page.route("**/board/now", lambda route: route.abort())
    wrong = {}
    for root, path in (
        (house.portal, "/"),
        (house.portal, "/no-such-page"),
        (house.ops, "/desk/sign-in"),
        (house.ops, "/desk/look?density=public"),
        (house.ops, "/desk/look"),
        (house.ops, "/desk"),
        (house.ops, "/desk/treasury"),
        (address, "/"),
    ):
        if path.startswith("/desk/look?"):
            sit_down(page, house, "mina")
        if root == address:
            page.set_extra_http_headers({"Authorization": f"Bearer {token}"})
        page.goto(f"{root}{path}")
        if faults := judges.faults(page):
            wrong[path] = faults
    assert wrong == {}


def test_the_board_is_fresh_without_a_reload_and_keeps_open_what_somebody_reads(visitor, board):
    address, token = board
    page = visitor(width=1280)
    page.clock.install()
    page.set_extra_http_headers({"Authorization": f"Bearer {token}"})
    page.goto(f"{address}/")
    page.locator("#services > summary").click()
    link = page.locator("#services a").last
    link.focus()
    verdict = "document.getElementById('verdict')"
    page.evaluate(f"{verdict}.before_this = true")
    page.clock.fast_forward(6_000)
    page.wait_for_function(f"!{verdict}.before_this")
    assert page.locator("#services").get_attribute("open") is not None
    assert page.evaluate("document.activeElement.href") == link.evaluate("e => e.href")
    # What is chosen to be copied is not taken away.
    page.evaluate(f"getSelection().selectAllChildren({verdict}); {verdict}.before_this = true")
    page.clock.fast_forward(12_000)
    assert page.evaluate(f"{verdict}.before_this")
    page.evaluate("getSelection().removeAllRanges()")
    # While the face is away the page says how old it is, and never that all is well now.
    page.route("**/board/now", lambda route: route.abort())
    page.clock.fast_forward(30_000)
    page.wait_for_selector("#looked.flag")
    assert "تازه نمی‌شود" in page.locator("#looked").text_content()
