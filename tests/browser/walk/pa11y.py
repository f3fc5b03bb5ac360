"""pa11y beside axe: its runner of HTML_CodeSniffer (WCAG 2.1 AA) on the page in our own browser,
signed in and open as a person has it, and not as pa11y's own browser would fetch it.
"""

# What it holds to be a fault and is none here, with the reason; by the beginning of its code.
NO_FAULTS: dict[str, str] = {}
OPTIONS = {
    "standard": "WCAG2AA",
    "runners": ["htmlcs"],
    "rules": [],
    "ignore": ["warning", "notice"],
    "wait": 0,
}
# As pa11y itself does it: the runner is a module of node, which a page does not know.
SCRIPT = """(() => {{
  const module = {{exports: {{}}}}, require = {{resolve: () => ''}};
  {runner}
  window.__pa11y.runners.htmlcs = module.exports.run;
}})()"""


def pa11y_of(page, modules):
    """What pa11y finds wrong with the page as it is now; ``modules`` is where npm put it."""
    for path in ("@pa11y/html_codesniffer/build/HTMLCS.js", "pa11y/lib/runner.js"):
        page.evaluate((modules / path).read_text(encoding="utf-8"))
    runner = (modules / "pa11y/lib/runners/htmlcs.js").read_text(encoding="utf-8")
    page.evaluate(SCRIPT.format(runner=runner))
    issues = page.evaluate("options => window.__pa11y.run(options)", OPTIONS)["issues"]
    return [
        f"{issue['code']}: {issue['message']} {issue['selector']}: {issue['context']}"
        for issue in issues
        if not issue["code"].startswith(tuple(NO_FAULTS))
    ]
