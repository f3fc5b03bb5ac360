"""The portal: views a second of pages that everybody reads, and complaints registered a second."""

import json
import sys
import time
import uuid
from typing import NamedTuple

import requests

from bench import load
from bench.stack import PYTHON, ROOT, Process, Stores, cpu_of
from bench.tables import middle, table
from deploy.local.ports import free_port

CONNECTIONS = 16
VIEWS, COMPLAINTS = 8_000, 2_000
CONTEXTS = ("inquiry", "ticketing", "billing", "notify")
BOOKS = {"ticketing": "deploy/desk", "billing": "deploy/billing", "notify": "deploy/notify"}
# Pages that ask nobody, that ask a service for what seldom changes, and that hold a form's seal.
PAGES = (
    "/",
    "/contact",
    "/contact/new",
    "/inquiry",
    "/laws",
    "/news",
    "/reports",
    "/statistics",
    "/status",
    "/v1/form",
    "/openapi.json",
    "/static/mirab.css",
)
PATIENCE = 120.0
COMPLAINT = {
    "kind": "complaint",
    "category": "river_bed",
    "text": "چاه همسایه از مجوز خود بیشتر برداشت می‌کند.",
    "declared": True,
}


class Figure(NamedTuple):
    """What one run of a page or an act found; CPU in ms of the face for each."""

    rate: float
    p99: float
    cpu: float


class Portal:
    """The public face and the services behind it, each with a database of its own."""

    def __init__(self, stores: Stores) -> None:
        self._stores, self.port = stores, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = stores.environ(
            PORT=str(self.port),
            HOST="127.0.0.1",
            PORTAL_URL=self.url,
            DESK_URL="http://127.0.0.1:1/desk",
            PORTAL_KEY="bench",
            TICKETING_KEY="bench",
            BILLING_KEY="bench",
            NOTIFY_KEY="bench",
            BLOBS_DIR=str(stores.folder / "portal-blobs"),
            OPEN311_KEYS_FILE=str(ROOT / "deploy/open311/keys.toml"),
            PSPS_FILE=str(ROOT / "deploy/billing/psps.toml"),
            NOTIFY_PROVIDERS_FILE=str(ROOT / "deploy/notify/providers.toml"),
            GUESSES_A_MINUTE="1000000",
            ACTS_AN_HOUR="100000000",
        )
        self._processes: list[Process] = []
        for context in CONTEXTS:
            self._serve(context)
        self._face = self._start("portal", "gateway.public")
        self._wait()

    def _serve(self, context: str) -> None:
        template = "loaded" if context == "inquiry" else "template1"
        db = self._stores.database(f"portal_{context}_{self.port}", template)
        settings = {**self._environ, "DB_URL": db}
        if context != "inquiry":
            self._stores.run("bus", "migrate", f"services.{context}", **settings)
            self._stores.run(f"services.{context}.books", BOOKS[context], **settings)
        if context == "billing":
            tariffs = ("deploy/billing/tariffs.csv", "--drafted-by", "a", "--approved-by", "b")
            self._stores.run("services.billing.tariffs", *tariffs, **settings)
        for act in ("serve", "relay"):
            self._start(f"portal-{context}-{act}", "bus", act, f"services.{context}", DB_URL=db)

    def _start(self, name: str, *module: str, **other: str) -> Process:
        log = self._stores.folder / f"{name}.log"
        process = Process(log, (*PYTHON, *module), {**self._environ, **other})
        self._processes.append(process)
        return process

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        for page in PAGES:
            while not self._answers(page):
                if time.monotonic() > until or self._face.popen.poll() is not None:
                    raise SystemExit(f"{page} does not answer; see {self._stores.folder}")
                time.sleep(0.5)

    def _answers(self, page: str) -> bool:
        try:
            return requests.get(self.url + page, timeout=10).ok
        except requests.ConnectionError:
            return False

    def view(self, page: str) -> Figure:
        """Ask for a page as browsers do, over kept connections."""
        head = f"GET {page} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        request = f"{head}Accept: */*\r\nAccept-Encoding: gzip, deflate\r\n\r\n".encode()
        return self._run([request] * VIEWS)

    def register(self) -> Figure:
        """Register complaints, each of them another act."""
        body = json.dumps(COMPLAINT).encode()
        head = (
            f"POST /v1/tickets HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        return self._run(
            [
                f'{head}Idempotency-Key: "{uuid.uuid4()}"\r\n\r\n'.encode() + body
                for _ in range(COMPLAINTS)
            ]
        )

    def _run(self, made: list[bytes]) -> Figure:
        before = cpu_of(self._face.pid)
        measured = load.run(self.url, made, CONNECTIONS)
        cpu = (cpu_of(self._face.pid) - before) * 1000 / len(made)
        return Figure(measured.rate, measured.percentiles[99], cpu)

    def stop(self) -> None:
        """Ends its processes."""
        for process in self._processes:
            process.stop()


def measure(stores: Stores, rounds: int) -> str:
    """The table, as Markdown: the median of the rounds of each page."""
    portal = Portal(stores)
    figures_of: dict[str, list[Figure]] = {}
    try:
        for number in range(rounds):
            for page in PAGES:
                figures_of.setdefault(f"`{page}`", []).append(portal.view(page))
            figures_of.setdefault("a complaint registered", []).append(portal.register())
            print(f"  pages {number + 1} of {rounds}", file=sys.stderr)
    finally:
        portal.stop()
    return table(
        ("page", "a second", "p99 ms", "CPU ms of the face"),
        [
            (
                name,
                f"{middle(f.rate for f in figures):,.0f}",
                f"{middle(f.p99 for f in figures):.1f}",
                f"{middle(f.cpu for f in figures):.2f}",
            )
            for name, figures in figures_of.items()
        ],
    )
