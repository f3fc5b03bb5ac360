"""The pages of legal holds and of people's data: two officers, a copy to hand out, what stays."""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.ticketing import person_acts as acts
from contracts.ticketing import privacy as holds
from contracts.ticketing.desk import Nothing
from gateway.forms.downloads import download_headers
from gateway.ops.privacy.section import AT, PRIVACY
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.session import Desk

# What is done with one act, by the last part of its address.
DECISIONS: dict[str, kinds.Request] = {
    "propose": acts.TAKE_UP_WISH,
    "confirm": acts.CONFIRM_PERSON_ACT,
    "decline": acts.DECLINE_PERSON_ACT,
}
# What an act ends and what it leaves.
ERASED = (
    "حذف بازگشت ندارد: پرونده‌های پایان‌یافته، پیام‌ها، اشتراک‌ها و استعلام‌های او خالی می‌شود.",
    "قبض و دفتر حساب، سابقه استعلام و پرونده منبع آب به حکم قانون می‌ماند.",
)
COPIED = ("هیچ داده‌ای تغییر نمی‌کند؛ نسخه سی روز می‌ماند تا به خود شخص داده شود.",)


class PrivacyPages:
    """The pages; the service judges at each act what the officer may do."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def listed(self, request: Request) -> Response:
        """GET /desk/privacy: the holds, and what people ask."""
        return await self._listed(request, NO_SUBMISSION)

    async def _listed(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request,
            "privacy",
            submission,
            holds=self._holds(request),
            acts=self._acts(request),
        )

    async def _holds(self, request: Request) -> holds.Holds:
        return await self._pages.ask(request, holds.HOLDS, Nothing())

    async def _acts(self, request: Request) -> acts.PersonActs:
        return await self._pages.ask(request, acts.PERSON_ACTS, Nothing())

    async def _read(self, request: Request) -> acts.PersonDocument:
        message = acts.OnePersonAct(number=request.path_params["id"])
        return await self._pages.ask(request, acts.PERSON_DOCUMENT, message)

    async def place(self, request: Request) -> Response:
        """POST /desk/privacy/holds: place a hold."""
        target = "all?done=hold"
        return await self._pages.act(request, holds.PLACE_HOLD, self._listed, target)

    async def end(self, request: Request) -> Response:
        """POST /desk/privacy/holds/{id}: end a hold."""
        id_ = request.path_params["id"]
        return await self._pages.act(
            request, holds.END_HOLD, self._listed, "all?done=end", number=id_
        )

    async def propose(self, request: Request) -> Response:
        """POST /desk/privacy/acts: ask for a copy or an erasure."""
        target = "all?done=propose"
        return await self._pages.act(request, acts.PROPOSE_PERSON_ACT, self._listed, target)

    async def decide(self, request: Request) -> Response:
        """POST /desk/privacy/acts/{id}/{act}: take up a wish, confirm, decline."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in DECISIONS:
            raise NotFound("There is no such act.", code="http.not_found")
        return await self._pages.act(
            request,
            DECISIONS[name],
            self._listed,
            f"all?done={name}",
            preview=self._before_act if name == "confirm" else None,
            number=id_,
        )

    async def _before_act(self, request: Request, message: acts.OnePersonAct) -> Preview:
        """What is asked, by whom and why: a copy changes nothing, an erasure is for good."""
        listed = (await self._acts(request)).acts
        act = next((act for act in listed if act.id == message.number), None)
        if act is None:
            raise NotFound("There is no such act.", code="person_act.not_found")
        person = await self._pages.person(request)
        erases = act.kind == "erase"
        return Preview(
            title="حذف داده‌های این شخص" if erases else "ساختن نسخه داده‌های این شخص",
            button="تأیید و حذف" if erases else "تأیید و ساختن نسخه",
            facts=(
                Fact("شماره", str(act.id)),
                Fact("خواست", person(act.proposed_by) if act.proposed_by else "خود شخص"),
                Fact("دلیل", act.reason),
            ),
            leaves=ERASED if erases else COPIED,
            danger=erases,
            again=False,
        )

    async def document(self, request: Request) -> Response:
        """GET /desk/privacy/acts/{id}: what was handed out or emptied, and what stays."""
        return await self._pages.page(request, "document", document=self._read(request))

    async def download(self, request: Request) -> Response:
        """GET /desk/privacy/acts/{id}.json: the same as a file to hand out."""
        document = await self._read(request)
        return Response(
            orjson.dumps(document.parts, option=orjson.OPT_INDENT_2),
            headers={**download_headers("data.json"), "Cache-Control": "no-store"},
            media_type="application/json",
        )

    def routes(self) -> list[Route]:
        """The routes below /desk/privacy."""
        return [
            Route(AT, self.listed),
            Route(f"{AT}/all", self.listed),
            Route(f"{AT}/holds", self.place, methods=["POST"]),
            Route(f"{AT}/holds/{{id:int}}", self.end, methods=["POST"]),
            Route(f"{AT}/acts", self.propose, methods=["POST"]),
            Route(f"{AT}/acts/{{id:int}}", self.document),
            Route(f"{AT}/acts/{{id:int}}.json", self.download),
            Route(f"{AT}/acts/{{id:int}}/{{act}}", self.decide, methods=["POST"]),
        ]


def routes(desk: Desk) -> list[Route]:
    """The routes below /desk/privacy."""
    return PrivacyPages(StaffPages(desk, PRIVACY)).routes()
