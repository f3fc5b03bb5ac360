"""Who asked about me: the list, its files, and an objection to one entry."""

from collections.abc import Iterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.messages.message import to_wire
from contracts.inquiry.persons import (
    FIND_ASKING,
    MATTERS,
    MOST_ASKINGS,
    WHO_ASKED,
    Asking,
    Askings,
    FindAsking,
    SessionProof,
    WhoAsked,
)
from gateway import web
from gateway.html.csv_tables import BOM, line
from gateway.html.formats import day
from gateway.public.complaints.registration import Register
from gateway.public.matters.session import MY, with_session
from gateway.public.site import words
from gateway.public.site.pages import leads_to, show
from gateway.public.site.services import Services
from iran.identifiers import as_dialled
from iran.persian import fold_code

ASKED = f"{MY}/asked"
CATEGORY = "inquiry_answer"
# More pages than this has no list.
DIGITS = 6
COLUMNS = ("day", "agency", "behalf", "purpose", "laws", "basis", "key", "sent", "outcome", "parts")


class AskedPages:
    """The pages behind a session of somebody whom the water registry knows."""

    def __init__(self, services: Services) -> None:
        self.services, self._register = services, Register(services)

    @with_session
    async def page(self, request: Request, proof: SessionProof) -> Response:
        """GET /my/asked: twenty-five a page; without a registered mobile what to do about that."""
        if not await self._is_registered(request, proof):
            return show(request, "my_asked_none")
        wanted = _page_of(request)
        askings = await self._read(request, proof, wanted)
        lang = words.language(request)
        return show(request, "my_asked", askings=askings, why=partial(_refusal_text, lang))

    async def _is_registered(self, request: Request, proof: SessionProof) -> bool:
        matters = await self.services.ask(request, MATTERS, proof)
        return matters.session.level == "registered"

    async def _read(
        self, request: Request, proof: SessionProof, page: int, limit: int = 25
    ) -> Askings:
        question = WhoAsked(
            mobile=proof.mobile,
            national_id=proof.national_id,
            token=proof.token,
            page=page,
            limit=limit,
        )
        return await self.services.ask(request, WHO_ASKED, question)

    async def _all(self, request: Request, proof: SessionProof) -> list[Asking]:
        entries: list[Asking] = []
        page = pages = 1
        while page <= pages:
            askings = await self._read(request, proof, page, MOST_ASKINGS)
            entries += askings.entries
            page, pages = page + 1, askings.pages
        return entries

    @with_session
    async def as_csv(self, request: Request, proof: SessionProof) -> Response:
        """GET /my/asked.csv: all of it, for a spreadsheet."""
        entries = await self._all(request, proof)
        lines = "".join(_lines(words.language(request), entries))
        return _file((BOM + lines).encode(), "text/csv; charset=utf-8", "asked.csv")

    @with_session
    async def as_json(self, request: Request, proof: SessionProof) -> Response:
        """GET /my/asked.json: all of it, for a program."""
        entries = await self._all(request, proof)
        body = web.json_response({"entries": [to_wire(entry) for entry in entries]}).body
        return _file(bytes(body), "application/json", "asked.json")

    @with_session
    async def object_to(self, request: Request, proof: SessionProof) -> Response:
        """POST /my/asked/{reference}/object: a complaint that names the entry, to be completed."""
        question = FindAsking(
            mobile=proof.mobile,
            national_id=proof.national_id,
            token=proof.token,
            reference=request.path_params["reference"],
        )
        asking = await self.services.ask(request, FIND_ASKING, question)
        lang = words.language(request)
        t = words.speaker(lang)
        purpose = asking.purpose[lang] if asking.purpose else t("asked_no_purpose")
        answers = {
            "kind": "complaint",
            "category": CATEGORY,
            "about_kind": "answer",
            "about_ref": asking.reference,
            "text": t(
                "asked_objection",
                agency=_agency(asking, lang),
                day=day(asking.day),
                purpose=purpose,
                reference=asking.reference,
            ),
            "mobile": as_dialled(proof.mobile),
            "national_id": proof.national_id,
        }
        return await self._register.begin_with(request, answers)


def _refusal_text(lang: str, refusal: str) -> str:
    """Say why a question was refused; empty for a reason that concerns the agency alone."""
    return words.text_if_any(lang, f"refused_{refusal.replace('.', '_')}")


def _page_of(request: Request) -> int:
    typed = fold_code(request.query_params.get("page", ""))
    return max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < DIGITS else 1


def _agency(asking: Asking, lang: str) -> str:
    return asking.agency_en if lang == "en" else asking.agency_fa


def _lines(lang: str, entries: list[Asking]) -> Iterator[str]:
    t = words.speaker(lang)
    yield line([*(t(f"asked_{name}") for name in COLUMNS), t("asked_reference")])
    comma = t("comma")
    for asking in entries:
        yield line(
            [
                day(asking.day),
                _agency(asking, lang),
                asking.on_behalf_of[lang] if asking.on_behalf_of else "",
                asking.purpose[lang] if asking.purpose else t("asked_no_purpose"),
                comma.join(law[lang] for law in asking.laws),
                asking.basis or "",
                t(f"asked_key_{asking.key_kind}"),
                t("asked_batch" if asking.batch else "asked_single"),
                t(f"asked_{asking.outcome}"),
                comma.join(t(f"part_{part}") for part in asking.parts),
                asking.reference,
            ]
        )


def _file(body: bytes, kind: str, name: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(body, headers=headers, media_type=kind)


def routes(services: Services) -> list[Route]:
    """Return the routes of who asked about somebody."""
    pages = AskedPages(services)
    return [
        Route(ASKED, pages.page, methods=["GET"]),
        Route(f"{ASKED}.csv", pages.as_csv, methods=["GET"]),
        Route(f"{ASKED}.json", pages.as_json, methods=["GET"]),
        Route(f"{ASKED}/{{reference}}/object", pages.object_to, methods=["POST"]),
        Route(f"{ASKED}/{{reference}}/object", leads_to(ASKED), methods=["GET"]),
    ]
