"""/dead-letters: which, why, and what two operators do about them, as pages and as JSON."""

import asyncio
from collections import Counter
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.amqp.dead_letters import MOST_AT_ONCE, DeadLetters
from bus.errors import ContractError, FieldError, NotFound
from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts import health_contracts
from contracts.ticketing import dead_letters as contracts
from gateway import web
from gateway.forms.values import text_of
from gateway.html import rendering
from gateway.http import bodies
from gateway.ops.access import Access, Proof, bearer, wants_page
from gateway.ops.dead_letters import words
from gateway.ops.dead_letters.letters import (
    FILTERS,
    DeadLetter,
    Judge,
    all_letters,
    dead_letter,
    done,
    filtered,
    kinds,
    outcome,
)
from gateway.ops.dead_letters.masking import lines
from gateway.ops.health.survey import counts
from gateway.ops.staff import forms
from gateway.ops.staff.session import Desk, signed_out
from gateway.ops.staff.tables import filters_of

AT = "/dead-letters"
SHOWN_AT_ONCE = 50
MOST_REASON = 500


class Wish(NamedTuple):
    """What an operator asks: the act, and of each service the letters."""

    act: str
    reason: str
    letters: dict[str, list[str]]


class DeadLetterPages:
    """Looks at dead letters, asks for acts with them, and does what another has confirmed."""

    def __init__(self, access: Access, desk: Desk, amqp_url: str, judge: Judge) -> None:
        self._access, self._desk = access, desk
        self._amqp_url, self._judge = amqp_url, judge

    # --- looking ---

    async def index(self, request: Request) -> Response:
        """GET /dead-letters: the page of all; how many each service has, for a machine."""
        reader = await self._access.reader(request)
        if not wants_page(request):
            return web.json_response({"services": await asyncio.to_thread(self._counts)})
        letters = await asyncio.to_thread(all_letters, self._amqp_url)
        filters = filters_of(request, FILTERS, 255)
        shown = filtered(letters, filters)
        page = int(text) if (text := request.query_params.get("page", "")).isdecimal() else 1
        replays = await self._replays(request)
        return rendering.page(
            "ops/dead_letters.html",
            reader=reader,
            here=request.url.path,
            filters=filters,
            choices={
                name: sorted({str(getattr(letter, name)) for letter in letters})
                for name in FILTERS[:3]
            },
            kinds=kinds(letters),
            all_count=len(letters),
            count=len(shown),
            letters=shown[(page - 1) * SHOWN_AT_ONCE : page * SHOWN_AT_ONCE],
            page=page,
            pages=-(-len(shown) // SHOWN_AT_ONCE),
            query=urlencode({name: text for name, text in filters.items() if text}),
            replays=[(replay, outcome(replay, letters)) for replay in replays],
            full=[s for s, n in Counter(x.service for x in letters).items() if n >= MOST_AT_ONCE],
            words=words,
        )

    def _counts(self) -> dict[str, int | None]:
        with DeadLetters(self._amqp_url) as letters:
            numbers = counts(letters)
        return {name: numbers.get(name) for name in health_contracts()}

    async def _replays(self, request: Request) -> tuple[contracts.Replay, ...]:
        reply = await self._desk.ask_as_desk(request, contracts.REPLAYS, contracts.AskReplays())
        return reply.replays

    async def of_service(self, request: Request) -> Response:
        """GET /dead-letters/{service}: what they are, never what they hold; for machines."""
        await self._access.reader(request)
        service = service_of(request)
        if wants_page(request):
            return RedirectResponse(f"{AT}?{urlencode({'service': service})}", 303)

        def look() -> list[Json]:
            with DeadLetters(self._amqp_url) as letters:
                return letters.look(service)

        return web.json_response({"letters": await asyncio.to_thread(look)})

    async def letter(self, request: Request) -> Response:
        """GET /dead-letters/{service}/letter?id=…: one letter, its data without what is personal;
        POST shows all of it, once that is written down.
        """
        reader, service = await self._access.reader(request), service_of(request)
        form = request.method == "POST"
        typed = (await forms.read_form(request)).values if form else {}
        id_ = typed.get("id", [""])[0] if form else request.query_params.get("id", "")
        if form:
            await self._access.act(request, "dead_letters.reveal", f"{service}: {id_}"[:300])

        def read() -> tuple[DeadLetter, bytes]:
            with DeadLetters(self._amqp_url) as letters:
                letter = letters.read(service, id_)
            return dead_letter(service, letter.described), letter.body

        letter, body = await asyncio.to_thread(read)
        page = rendering.page(
            "ops/dead_letter.html",
            reader=reader,
            here=request.url.path,
            letter=letter,
            lines=lines(letter.type, body, reveal=form),
            revealed=form,
            words=words,
        )
        page.headers["Cache-Control"] = "no-store"
        return page

    # --- acting ---

    async def ask(self, request: Request) -> Response:
        """POST /dead-letters, a form: ask to replay or drop those chosen, or all of the filter."""
        proof = await self._access.proof(request)
        values = (await forms.read_form(request)).values
        typed = {name: texts[0] for name, texts in values.items()}
        filters = {name: typed.get(name, "") for name in FILTERS}
        chosen = values.get("letters", [])
        letters = await asyncio.to_thread(all_letters, self._amqp_url)
        wanted = (
            filtered(letters, filters)
            if typed.get("all") == "1"
            else [letter for letter in letters if letter.key in chosen]
        )
        by_service: dict[str, list[str]] = {}
        for letter in wanted:
            by_service.setdefault(letter.service, []).append(letter.id)
        act, reason = typed.get("act", ""), typed.get("reason", "")
        await self._ask(request, proof, Wish(act, reason, by_service))
        return RedirectResponse(f"{AT}?{urlencode(filters)}#asked", 303)

    async def ask_by_json(self, request: Request) -> Response:
        """POST /dead-letters/{service}/replay with {"ids": [...]} or {"all": true}: ask for it."""
        proof, service = await self._access.proof(request), service_of(request)
        bodies.media_type(request, "application/json")
        sent = bodies.parse_object(await bodies.body(request))
        ids = chosen_ids(sent)

        def look() -> list[str]:
            with DeadLetters(self._amqp_url) as letters:
                return [str(letter["id"]) for letter in letters.look(service, most=MOST_AT_ONCE)]

        there = await asyncio.to_thread(look)
        letters = [id_ for id_ in there if ids is None or id_ in ids]
        reason = str(sent.get("reason") or "asked by a program")[:MOST_REASON]
        (replay,) = await self._ask(request, proof, Wish("replay", reason, {service: letters}))
        return web.json_response(to_wire(replay), 202)

    async def _ask(self, request: Request, proof: Proof, wanted: Wish) -> list[contracts.Replay]:
        by_service = {service: ids for service, ids in wanted.letters.items() if ids}
        if not by_service:
            raise NotFound("None of these is among the dead letters.", code="dead_letter.not_found")
        replays = []
        for service, ids in by_service.items():
            message = contracts.ASK_REPLAY.load(
                {
                    "act": wanted.act,
                    "service": service,
                    "letters": ids[: contracts.MOST_LETTERS],
                    "reason": wanted.reason,
                    "session": proof.session,
                    "token": proof.token,
                }
            )
            replay = await self._desk.ask_as_desk(request, contracts.ASK_REPLAY, message)
            subject = f"{service}: {len(replay.letters)} letters, {replay.id}"
            self._access.log(replay.asked_by, f"dead_letters.{replay.act}", subject)
            replays.append(replay)
        return replays

    async def decide(self, request: Request) -> Response:
        """POST /dead-letters/asked/{id}: a colleague confirms, refuses or withdraws; what is
        confirmed is done at once, each letter judged again.
        """
        proof = await self._access.proof(request)
        if bearer(request) is not None or proof.session is None:
            raise signed_out()
        form = await forms.read_form(request)
        decision = text_of(form.values, "decision")
        message = contracts.DECIDE_REPLAY.load(
            {
                "session": proof.session,
                "id": request.path_params["id"],
                "decision": decision,
                # What was typed beside another button is no reason.
                "why": (text_of(form.values, "why") or None) if decision == "refuse" else None,
            }
        )
        replay = await self._desk.ask_as_desk(request, contracts.DECIDE_REPLAY, message)
        subject = f"{replay.act} {replay.id}, asked by {replay.asked_by}"
        self._access.log(replay.decided_by or "", f"dead_letters.{message.decision}", subject)
        if replay.state == "CONFIRMED":
            fates = await asyncio.to_thread(done, self._amqp_url, replay, self._judge)
            noted = contracts.NoteFates(id=replay.id, fates=fates)
            await self._desk.ask_as_desk(request, contracts.NOTE_FATES, noted)
        return RedirectResponse(f"{AT}#asked", 303)

    def routes(self) -> list[Route]:
        """The routes of dead letters."""
        return [
            Route(AT, self.index, methods=["GET"]),
            Route(AT, self.ask, methods=["POST"]),
            Route(AT + "/asked/{id:int}", self.decide, methods=["POST"]),
            Route(AT + "/{service}", self.of_service),
            Route(AT + "/{service}/letter", self.letter, methods=["GET", "POST"]),
            Route(AT + "/{service}/replay", self.ask_by_json, methods=["POST"]),
        ]


def service_of(request: Request) -> str:
    """Return the service that the path names; NotFound if there is none of that name."""
    service: str = request.path_params["service"]
    if service not in health_contracts():
        raise NotFound(
            "There is no such service; /dead-letters names them all.", code="service.unknown"
        )
    return service


def chosen_ids(members: Json) -> set[str] | None:
    """Return the ids to replay, or None for all; ContractError if neither is given."""
    ids = members.get("ids")
    if members.get("all") is True and ids is None:
        return None
    if isinstance(ids, list) and ids and all(isinstance(id_, str) for id_ in ids):
        return set(ids)
    reason = 'Say {"ids": ["…"]} or {"all": true}.'
    raise ContractError(reason, fields=[FieldError("ids", "required", reason)])
