"""Debian's Chromium, with and without JavaScript, for all tests that visit pages."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests import workers

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page lives for a second: what compiles its scripts better takes longer than it saves, two
    # fifths of what axe takes for a page.
    "--js-flags=--no-opt --no-maglev",
]


def pytest_stacks():
    return ("chromium",)


def program():
    """Chromium's engine without a window, which takes three fifths of the whole one's processor
    time for the same page; the whole one if it is all there is.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert path, "Chromium is not here; `make test` installs it (chromium-headless-shell)."
    return path


def while_pages_are_visited(fixture_name, config):
    """A worker ends it before a file that visits no page: playwright keeps an event loop running,
    which other tests start anew. Without workers each file has its own.
    """
    return "session" if workers.wanted(config) else "module"


def launched():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope=while_pages_are_visited)
def chromium():
    yield from launched()


@pytest.fixture
def own_chromium():
    """For a test whose neighbours in its file start event loops of their own."""
    yield from launched()


@pytest.fixture
def visitor(chromium):
    """Makes pages; each is a visitor of its own. No script of ours stops at an error."""
    contexts, errors = [], []

    def note(error):
        if "Failed to fetch" not in str(error):  # left while it asked, or the face was ended
            errors.append(str(error))

    def page(*, script=True, width=390, height=844, language="fa-IR", worker=False):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            service_workers="allow" if worker else "block",
            java_script_enabled=script,
            # For axe alone; that pages bring no script, another test says. A worker has it kept.
            bypass_csp=not worker,
            locale=language,
        )
        contexts.append(context)
        made = context.new_page()
        made.on("pageerror", note)
        made.set_default_timeout(60_000)  # a busy machine needs more than ten seconds for a page
        return made

    yield page
    for context in contexts:
        context.close()
    assert not errors
