"""/llms.txt: a reference as language models read it (llmstxt.org): a title, a summary, links."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from gateway.html import guides
from gateway.reference.panels import Panel


class Service(Protocol):
    """A part of the reference."""

    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...


def text(title: str, about: str, services: Sequence[Service], panels: Iterable[Panel]) -> str:
    """Return the file: each operation, each guide for programs, and the machine's documents."""
    lines = [f"# {title}", "", f"> {about}", ""]
    listed = list(panels)
    for service in services:
        lines += [f"## {service.name.capitalize()}: {service.about}", ""]
        lines += [
            f"- [{panel.name}]({panel.href}): `{panel.method} {panel.path}` "
            f"{panel.meaning} {' '.join(panel.callers)}".rstrip()
            for panel in listed
            if panel.service == service.name
        ]
        lines.append("")
    lines += ["## Guides", ""]
    lines += [f"- [{guides.title_of(name)}](/docs/{name})" for name in guides.FOR_PROGRAMS]
    lines += [
        "",
        "## Documents",
        "",
        "- [OpenAPI 3.1](/openapi.json): all operations, fields and answers",
        "- [Problems](/problems/): each code of a refusal, and what to do",
        "",
        "## Optional",
        "",
    ]
    rest = (*guides.IN_PERSIAN, *guides.FOR_OPERATORS)
    lines += [f"- [{guides.title_of(name)}](/docs/{name})" for name in rest]
    return "\n".join(lines) + "\n"
