"""Judges every page of a running `make demo`: `python -m tests.browser.walk [--quick] [site …]`.

A site is walked from its known pages along its links, one page of each shape (/reports/5702313182
and /reports/4411223344 are one), signed in where it asks for it. Each page is judged by axe, in the
dark too, by pa11y, by the judges of judges.py, by the HTML validator of the W3C (vnu) and by
Lighthouse; pa11y and the last two come by npm, into .judges/. ``--quick`` leaves it at axe, pa11y
and vnu.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

from playwright.sync_api import Error, sync_playwright

from deploy.local.ports import free_port
from tests.browser.conftest import AXE, axe_of
from tests.browser.walk import judges
from tests.browser.walk.copies import copy_of
from tests.browser.walk.pa11y import pa11y_of
from tests.browser.walk.sites import SITES
from tests.chromium import QUIET, program
from tests.processes import ROOT

TOOLS = ROOT / ".judges"
PACKAGES = ("vnu-jar", "lighthouse", "pa11y")
# What is judged by a judge of another day is judged otherwise: this one says so by its version.
VERSIONS = {"pa11y": "9.1.1"}
# What a walk does not follow: files, the ways out, and pages for programs.
NO_PAGE = re.compile(
    r"\.(csv|json|xml|ics|atom|rss|pdf|txt|toml|webp|jpg|png|svg|yaml|py|mjs|sh|java|php|go|cs|cjs)$"
    r"|/(sign-out|leave|export|static|photos|files|pictures|schemas|oauth|data)(/|$)"
)
# Links of a drawing are links too.
LINKS = """() => [...document.querySelectorAll('a[href]:not([download])')]
  .map(a => new URL(a.getAttribute('href'), document.baseURI).href)"""
# What Lighthouse says of an audit.
SAID = ("title", "displayValue", "explanation")
# Pages of a site that are judged at most.
MOST = 140


def main(words=()):
    """Judges the sites of these names, all without one; 1 if a page has a fault, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.walk", description=__doc__)
    parser.add_argument("sites", nargs="*", choices=[*SITES, []], help="which; all without one")
    parser.add_argument("--quick", action="store_true", help="by axe, pa11y and vnu alone")
    options = parser.parse_args(words)
    quick, names = options.quick, options.sites
    bring_tools()
    failed = 0
    with sync_playwright() as playwright:
        port = free_port()
        debugged = [*QUIET, f"--remote-debugging-port={port}"]
        browser = playwright.chromium.launch(executable_path=program(), args=debugged)
        for name in names or SITES:
            for path, wrong in walked(browser, None if quick else port, SITES[name]):
                failed += bool(wrong)
                print(f"{name} {path}: {json.dumps(wrong, ensure_ascii=False)}", flush=True)
        browser.close()
    print(f"{failed} pages with faults", file=sys.stderr)
    return int(bool(failed))


def walked(browser, port, site):
    """Yield the address of each page of a site and what is wrong with it; quick without a port."""
    page = browser.new_context(bypass_csp=True, locale="fa-IR").new_page()
    page.set_default_timeout(60_000)
    waiting = [*site.pages, *(site.sign_in(page) if site.sign_in else ())]
    shapes, sent = set(), {}
    while waiting and len(sent) < MOST:
        path = waiting.pop(0)
        if path in sent or (path not in site.pages and shape(path) in shapes):
            continue
        shapes.add(shape(path))
        try:
            answer = page.goto(f"{site.root}{path}")
        except Error:  # a file to be saved
            continue
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        sent[path] = answer.text()
        waiting += links(page, site.root)
        yield path, judged(page, port, site, path, answer)
    for path, wrong in validated(sent).items():
        yield path, {"vnu": wrong}
    page.context.close()


def judged(page, port, site, path, answer):
    """What is wrong with a page that is open."""
    page.wait_for_load_state()
    page.evaluate(AXE)
    wrong = {"axe": violations} if (violations := axe_of(page)) else {}
    if issues := pa11y_of(page, TOOLS / "node_modules"):
        wrong["pa11y"] = issues
    if port is None:
        return wrong
    wrong |= judges.faults(page)
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
    # Lighthouse looks by a window of its own, whose cookies would go in place of those given.
    page.context.browser.new_browser_cdp_session().send("Storage.clearCookies")
    if answer.ok:
        public = site.public and not path.startswith(site.closed)
        return wrong | by_lighthouse(page.url, port, cookies, public=public)
    with copy_of(site.root, path, cookies) as address:
        return wrong | by_lighthouse(address, port, "", public=False)


def links(page, root):
    """The paths that a page leads to on its own site."""
    paths = []
    for href in page.evaluate(LINKS):
        parts = urlsplit(href)
        if f"{parts.scheme}://{parts.netloc}" == root and not NO_PAGE.search(parts.path):
            paths.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return paths


def shape(path):
    """What is the same of pages of one kind: numbers, codes and values of the query are left out.

    >>> shape("/reports/5702313182?did=too"), shape("/docs/join.md")
    ('/reports/*?did', '/docs/*')
    """
    parts = urlsplit(path)
    segments = [
        "*" if re.search(r"[0-9]|\.[a-z]", part) or index > 3 else part
        for index, part in enumerate(parts.path.split("/"))
    ]
    names = sorted({pair.partition("=")[0] for pair in parts.query.split("&") if pair})
    return "/".join(segments) + (f"?{'&'.join(names)}" if names else "")


def bring_tools():
    """Installs the three judges that are no Python, once."""
    if not all((TOOLS / "node_modules" / name).exists() for name in PACKAGES):
        TOOLS.mkdir(exist_ok=True)
        environ = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        wanted = [f"{name}@{VERSIONS[name]}" if name in VERSIONS else name for name in PACKAGES]
        done = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(TOOLS), *wanted]
        subprocess.run(done, check=True, env=environ)


def validated(sent):
    """What the W3C's validator finds wrong with pages as they were sent, by their addresses."""
    java = shutil.which("java")
    assert java, "java is not here; the HTML validator needs it."
    folder = TOOLS / "pages"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    paths = {}
    for number, (path, html) in enumerate(sent.items()):
        file = folder / f"{number}.html"
        file.write_text(html, encoding="utf-8")
        paths[str(file)] = path
    jar = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
    command = [java, "-jar", str(jar), "--format", "json", "--stdout", *paths]
    run = subprocess.run(command, capture_output=True, check=False)
    wrong = {}
    for message in json.loads(run.stdout)["messages"]:
        path = paths[urlsplit(message["url"]).path]
        wrong.setdefault(path, []).append(f"{message.get('lastLine')}: {message['message']}")
    return wrong


def by_lighthouse(address, port, cookies, *, public):
    """The audits of Lighthouse that a page fails; of search engines only where they may come."""
    categories = ["accessibility", "best-practices", *(["seo"] if public else [])]
    command = [
        str(TOOLS / "node_modules/.bin/lighthouse"),
        address,
        "--quiet",
        "--output=json",
        f"--port={port}",
        "--disable-full-page-screenshot",
        f"--only-categories={','.join(categories)}",
        *([f"--extra-headers={json.dumps({'Cookie': cookies})}"] if cookies else []),
    ]
    run = subprocess.run(command, capture_output=True, check=False)
    if run.returncode:
        return {"lighthouse": run.stderr.decode()[-400:]}
    report = json.loads(run.stdout)
    if report["finalDisplayedUrl"].partition("#")[0] != address.partition("#")[0]:
        return {"lighthouse": f"judged {report['finalDisplayedUrl']} instead"}
    audits = {
        ref["id"]: report["audits"][ref["id"]]
        for category in report["categories"].values()
        for ref in category["auditRefs"]
        if ref["weight"]
    }
    failed = [
        " ".join(filter(None, (f"{name}:", *map(audit.get, SAID), *_where(audit))))
        for name, audit in audits.items()
        if audit["score"] not in (1, None)
    ]
    return {"lighthouse": failed} if failed else {}


def _where(audit):
    """The first things that an audit found wrong, as its table has them."""
    items = (audit.get("details") or {}).get("items") or ()
    return [json.dumps(item, ensure_ascii=False)[:200] for item in items[:2]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
