"""The pages of a reference: the first page, one for each operation, the search."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.process.version import release
from gateway.html import guides, rendering
from gateway.http.documents import Document
from gateway.http.problems import PROBLEMS
from gateway.reference import llms
from gateway.reference.panels import Panel
from gateway.reference.search import Index

HTML = "text/html; charset=utf-8"


class Service(NamedTuple):
    """A part of the menu: its name in addresses, and what it is about."""

    name: str
    about: str


class Ending(NamedTuple):
    """The announced end of an operation, for a reader: its last day, and where it stands."""

    last_day: str
    href: str


@dataclass(frozen=True)
class Site:
    """The reference of one face.

    ``home`` is the template of its first page; ``at_the_door`` are the codes that any call may
    meet; ``trial`` says of an operation whether a key of the sandbox may try it in the page;
    ``ending`` tells the announced end of an operation.
    """

    title: str
    base: str
    home: str
    about: str
    services: tuple[Service, ...]
    panels: tuple[Panel, ...]
    at_the_door: tuple[str, ...] = ()
    sandbox: bool = False
    trial: Callable[[str], bool] = lambda _: False
    ending: Callable[[str], Ending | None] = lambda _: None
    console: bool = False
    refusals: str = ""
    version: str = field(default_factory=release)

    @cached_property
    def by_name(self) -> Mapping[str, Panel]:
        """The panels by their names."""
        return {panel.name: panel for panel in self.panels}

    @cached_property
    def index(self) -> Index:
        """What the search looks through."""
        return Index(self.panels)

    def routes(self) -> list[Route]:
        """The routes of all pages, with llms.txt."""
        return [
            Route("/", self.first_page),
            Route("/docs", self.first_page),
            Route("/reference/{name}", self.panel),
            Route("/search", self.search),
            Route("/llms.txt", self.for_models),
        ]

    async def first_page(self, request: Request) -> Response:
        """GET /: what can be asked, and how one begins."""
        return self._page(request, self.home)

    async def panel(self, request: Request) -> Response:
        """GET /reference/{name}: all about one operation; ``?in=`` chooses the samples."""
        name = request.path_params["name"]
        panel = self.by_name.get(name)
        if panel is None:
            raise NotFound("There is no such contract here.", code="contract.unknown")
        wanted = request.query_params.get("in", "")
        languages = [sample.language.key for sample in panel.samples]
        return self._page(
            request,
            "reference/panel.html",
            panel=panel,
            language=wanted if wanted in languages else languages[0],
            trial=self.sandbox and self.trial(name),
            ending=self.ending(name),
        )

    async def search(self, request: Request) -> Response:
        """GET /search: what holds all words of ``q``."""
        question = request.query_params.get("q", "").strip()
        index = await asyncio.to_thread(lambda: self.index)  # made once, of all guides
        hits = index.find(question)
        return self._page(request, "reference/search.html", question=question, hits=hits)

    async def for_models(self, request: Request) -> Response:
        """GET /llms.txt: this reference for language models (llmstxt.org)."""
        text = llms.text(self.title, self.about, self.services, self.panels)
        return Document(text.encode(), "text/plain; charset=utf-8", "max-age=300").response(request)

    def _page(self, request: Request, template: str, **values: object) -> Response:
        shown = {"panel": None, "question": "", **values}
        body = rendering.rendered(
            template,
            lang="en",
            site=self,
            problems=PROBLEMS,
            groups=guides.menu(),
            **shown,
        )
        return Document(body, HTML).response(request)
