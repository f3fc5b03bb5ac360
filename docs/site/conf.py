"""Sphinx builds the site of the documents: English from docs/, Persian from docs/fa/ (`make docs`).

A link that leads nowhere, to a page, a heading or a source file, ends the build.
"""

import os
import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
PERSIAN = os.environ.get("SITE_LANGUAGE") == "fa"

project = "میراب" if PERSIAN else "Mirab"
author = "Mirab"
copyright = "Apache-2.0"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
language = "fa" if PERSIAN else "en"

extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site", "examples", "pictures", *([] if PERSIAN else ["fa"])]
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block"]
# No address of ours is checked over the network: what is built here needs none.
myst_url_schemes = ("http", "https", "mailto")
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["mirab.css"]
html_copy_source = False
html_show_sphinx = False
templates_path = [str(Path(__file__).parent / "templates")]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}

# The two languages are two sites; a link from one to the other is led to the built page.
OTHER = re.compile(r"\[([^\]]+)\]\(((?:\.\./|fa/)[\w/-]+)\.md\)")


def lead_to_the_other_language(app: Sphinx, document: str, source: list[str]) -> None:
    """Replace links between the sites by HTML; ExtensionError for a document that is not there."""
    folder = (Path(app.srcdir) / document).parent

    def anchor(link: re.Match[str]) -> str:
        page = folder / f"{link[2]}.md"
        if not page.exists():
            raise ExtensionError(f"{document}.md links to {page}, which is not there.")
        inside = (
            page.resolve().is_relative_to(Path(app.srcdir).resolve())
            and "/fa/" not in f"/{link[2]}"
        )
        return link[0] if inside else f'<a href="{link[2]}.html">{link[1]}</a>'

    source[0] = OTHER.sub(anchor, source[0])


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("source-read", lead_to_the_other_language)
