"""HTML as PDF, by WeasyPrint (https://doc.courtbouillon.org/weasyprint/) with static/print.css.

Only our two fonts are ever opened; whatever else a text asks for is refused.
"""

import threading
from functools import lru_cache

from weasyprint import CSS, HTML  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

from gateway.html import rendering
from gateway.papers.kept import KeptPapers

FONTS = ("vazirmatn.woff2", "vazirmatn-bold.woff2")
OWN = "mirab:"
_one_at_a_time = threading.Lock()
kept = KeptPapers()


class OwnFiles(URLFetcher):  # type: ignore[misc]
    """Opens our fonts and nothing else: no network, no file, no data: address."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """The font of that address; PermissionError, which WeasyPrint logs, for any other."""
        name = url.removeprefix(OWN)
        if not url.startswith(OWN) or name not in FONTS:
            raise PermissionError("documents open nothing but their own fonts")
        return URLFetcherResponse(url, (rendering.HERE / "static" / name).read_bytes())


@lru_cache(maxsize=1)
def style() -> tuple[CSS, FontConfiguration]:
    """Read the style sheet and the fonts, once in a process."""
    fonts = FontConfiguration()
    text = (rendering.HERE / "static" / "print.css").read_text(encoding="utf-8")
    return CSS(string=text, font_config=fonts, url_fetcher=OwnFiles()), fonts


def make_pdf(html: str) -> bytes:
    """Make the PDF of a page of HTML; tagged, so that it can be read aloud.

    One at a time: Pango's font map belongs to one thread, and Python would not run two at once
    anyhow. A page determines its PDF, so that one is made once.
    """
    content = html.encode()
    if (paper := kept.get(content)) is not None:
        return paper
    with _one_at_a_time:
        if (paper := kept.get(content)) is not None:
            return paper
        css, fonts = style()
        document = HTML(string=html, base_url=OWN, url_fetcher=OwnFiles())
        whole: bytes = document.write_pdf(stylesheets=[css], font_config=fonts, pdf_tags=True)
        kept.keep(content, whole)
    return whole
