"""GET / and GET /board/now: the board, as a page and as the piece of it that lives."""

import datetime as dt
import hashlib
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.messages.values import Json
from bus.process.monitor import Status
from gateway.html import rendering
from gateway.ops.access import Access
from gateway.ops.board import burns
from gateway.ops.board.burns import BurnRow
from gateway.ops.board.duties import Duty, duties, last_backup
from gateway.ops.board.figures import HOUR_MINUTES, Quarter, Tile, strip, tiles
from gateway.ops.board.troubles import Trouble, troubles
from gateway.ops.board.words import STATES, STYLES
from gateway.ops.health.callers import Callers
from gateway.ops.health.history import DAY_MINUTES, Change
from gateway.ops.health.survey import ServiceView, Survey, Surveyor, sample_of

NOW = "/board/now"
CHANGES_SHOWN, NAMED = 30, 2
HTML = "text/html; charset=utf-8"


class PartRow(NamedTuple):
    """A part as a line: how it is, and since when."""

    name: str
    style: str
    state: str
    since: str


class View(NamedTuple):
    """All that the board shows."""

    verdict: str
    style: str
    since: str
    troubles: list[Trouble]
    tiles: list[Tile]
    strip: list[Quarter]
    changes: list[Change]
    parts: list[PartRow]
    services: tuple[ServiceView, ...]
    providers: tuple[Json, ...]
    duties: list[Duty]
    began: str
    burn_heads: list[str]
    burns: list[BurnRow]


class BoardPages:
    """The board and its live piece."""

    def __init__(
        self, access: Access, surveyor: Surveyor, callers: Callers, backup_file: str | None
    ) -> None:
        self._access, self._surveyor = access, surveyor
        self._callers, self._backup_file = callers, backup_file

    async def board(self, request: Request) -> Response:
        """GET /: all at one look."""
        reader = await self._access.reader(request)
        survey = await self._surveyor.look()
        return rendering.page(
            "ops/board.html",
            reader=reader,
            here=request.url.path,
            view=self._view(survey),
            at=survey.at.isoformat(),
            styles=STYLES,
            states=STATES,
            span_of=span_of,
            callers_of=self._callers.of,
        )

    async def now(self, request: Request) -> Response:
        """GET /board/now: what of the board changes, for the script of the page; 304 if nothing
        did. It keeps no session from growing idle (gateway/ops/staff/session.py, UNATTENDED).
        """
        await self._access.reader(request)
        survey = await self._surveyor.look()
        body = rendering.rendered(
            "ops/board_now.html",
            view=self._view(survey),
            styles=STYLES,
            states=STATES,
            span_of=span_of,
            callers_of=self._callers.of,
        )
        tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        headers = {"ETag": tag, "Cache-Control": "no-store"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=HTML)

    def _view(self, survey: Survey) -> View:
        history = self._surveyor.history
        wrong = troubles(survey, history.since)
        hour = history.minutes(survey.at, HOUR_MINUTES)
        day = history.minutes(survey.at, DAY_MINUTES)
        return View(
            *verdict(wrong),
            wrong[0].since.isoformat() if wrong else "",
            wrong,
            tiles(hour, sample_of(survey)),
            strip(day, survey.at),
            history.changes(survey.at)[:CHANGES_SHOWN],
            [
                PartRow(
                    check.name,
                    STYLES[check.finding.status],
                    STATES[check.finding.status],
                    history.since[check.name].at.isoformat(),
                )
                for check in survey.checks
                if "." not in check.name
            ],
            survey.services,
            survey.accounts.providers if survey.accounts else (),
            duties(survey, last_backup(self._backup_file)),
            (history.began or survey.at).isoformat(),
            burns.heads(survey.burns),
            burns.rows(survey.burns),
        )

    def routes(self) -> list[Route]:
        """The routes of the board."""
        return [Route("/", self.board), Route(NOW, self.now)]


def verdict(wrong: list[Trouble]) -> tuple[str, str]:
    """Return one sentence on the whole, which names the first parts that fail, and its style."""
    bad = [trouble for trouble in wrong if trouble.status is Status.FAIL]
    if bad:
        first = f"{', '.join(bad[0].parts[:NAMED])}: {bad[0].sentence.rstrip('.')}"
        return (first if len(bad) == 1 else f"{len(bad)} خرابی؛ نخست: {first}"), "bad"
    if wrong:
        return f"کار می‌کند؛ {len(wrong)} چیز رسیدگی می‌خواهد", "warn"
    return "همه چیز درست است", "good"


def span_of(delta: dt.timedelta) -> int:
    """Return whole minutes."""
    return int(delta.total_seconds() // 60)
