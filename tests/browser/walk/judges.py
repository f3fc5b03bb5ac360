"""Judges of pages beside axe as it is: dark, forced colours, 400 % zoom, keyboard alone.

`python -m tests.browser.walk` has them judge every page of a running demo.
"""

from tests.browser.conftest import AXE, axe_of
from tests.browser.pages import WIDE

# WCAG 2.2, 1.4.10: 1280 px at 400 % are 320 by 256 px of CSS.
ZOOMED = {"width": 320, "height": 256}
MOST_PRESSES = 400
# A field of a day, an hour or a month stops at each of its parts, and at its calendar.
PARTS = 6
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
  // Of a link that runs over two lines the first: between the ends of both stands another thing.
  const r = e.getClientRects()[0] || e.getBoundingClientRect(), style = getComputedStyle(e);
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
    presses = len(wanted) + 2 + PARTS * page.locator(":is([type^=date], [type=time])").count()
    for _ in range(min(presses, MOST_PRESSES)):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None or (met and focus["n"] == met[0]):
            break
        if not focus["ring"] and focus["n"] not in met:
            wrong.setdefault("no ring", []).append(focus["what"])
        if not focus["seen"]:
            wrong.setdefault("covered", []).append(focus["what"])
        if focus["n"] is not None:
            met.append(focus["n"])
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
