"""Changes of the register: proposed by a form or as TOML, compared, and decided by another."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, FieldError, NotFound, RuleBroken
from contracts import Request as Asked
from contracts import agency_contracts
from contracts.agencies import desk as contracts
from gateway.forms.values import value_of
from gateway.ops.register import looks
from gateway.ops.register.comparing import differences
from gateway.ops.register.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_day, parse_whole
from gateway.ops.staff.pages import NO_SUBMISSION, Show, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Preview

ACTS: dict[str, Asked] = {
    "approve": contracts.APPROVE,
    "refuse": contracts.REFUSE,
    "withdraw": contracts.WITHDRAW,
}
LISTS = ("purposes", "blocks", "networks")


class Proposals:
    """The pages of proposals."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def new(self, request: Request) -> Response:
        """GET /desk/agencies/new?like=fuel-co: the document of that agency to write in."""
        like = forms.query_value(request, "like")[:40]
        if not like:
            return await self._new(request, NO_SUBMISSION)
        told = await self._pages.ask(request, contracts.READ, code=like)
        typed = {"toml": told["text"], "base_version": str(told["version"])}
        return await self._new(request, Submission("toml", typed))

    async def _new(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "new", submission, contracts=asked_by_agencies())

    async def propose(self, request: Request) -> Response:
        """POST /desk/agencies/new: by TOML, or a new agency by the form."""
        typed = await typed_of(request)
        by_text = typed.get("act") == "toml"
        told = {"toml": typed.get("toml", "")} if by_text else {"document": agency_of(typed)}
        return await send(self._pages, request, typed, told, self._new)

    async def change(self, request: Request) -> Response:
        """GET /desk/agencies/changes/{id}: what it changes, line by line."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        asked = self._pages.ask(request, contracts.READ_CHANGE, id=request.path_params["id"])
        return await self._pages.page(
            request, "change", submission, told=asked, differences=resolved(differences)
        )

    async def decide(self, request: Request) -> Response:
        """POST /desk/agencies/changes/{id}/{act}: approve, refuse, withdraw."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"changes/{id_}?done={name}"

        async def preview(request: Request, data: Mapping[str, Any]) -> Preview:
            change = await self._pages.ask(request, contracts.READ_CHANGE, id=id_)
            return looks.decision(name, change, data.get("why", ""))

        return await self._pages.act(request, ACTS[name], self._show, back, preview=preview, id=id_)

    def routes(self) -> list[Route]:
        """The routes of proposals."""
        return [
            Route(f"{AT}/new", self.new, methods=["GET"]),
            Route(f"{AT}/new", self.propose, methods=["POST"]),
            Route(f"{AT}/changes/{{id:int}}", self.change),
            Route(f"{AT}/changes/{{id:int}}/{{act}}", self.decide, methods=["POST"]),
        ]


async def typed_of(request: Request) -> dict[str, str]:
    """What was typed into a form of our own site."""
    values = (await forms.read_form(request)).values
    return {name: value_of(values, name) for name in values}


async def send(
    pages: StaffPages,
    request: Request,
    typed: Mapping[str, str],
    told: Mapping[str, Any],
    show: Show,
) -> Response:
    """Proposes a document for the version that was seen, and on to the proposal; what is refused
    is shown by ``show`` beside what was typed.
    """
    base, reason = parse_whole(typed.get("base_version") or "0"), typed.get("reason", "")
    try:
        found = await pages.ask(
            request,
            contracts.PROPOSE,
            form=typed.get("form") or None,
            base_version=base,
            reason=reason,
            **told,
        )
    except BusError as error:
        wrong = of_text(error) if "toml" in told else error
        return await pages.refused(request, show, typed, wrong)
    return RedirectResponse(f"{AT}/changes/{found['id']}?done=propose", 303)


async def asked_by_agencies() -> list[str]:
    """The names of all contracts that an agency can be granted."""
    return [contract.name for contract in agency_contracts() if not contract.everyone]


def agency_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """The document of a new agency with one key and one grant, as the form says it."""
    told: dict[str, Any] = {
        name: typed[name] for name in ("code", "name", "name_fa") if typed.get(name, "").strip()
    }
    return {**told, "keys": [key_of(typed)], "grants": [grant_of(typed)]}


def key_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """A key as a form says it."""
    return _filled(
        {
            "id": typed.get("key_id", ""),
            "public_key": typed.get("public_key", ""),
            "until": parse_day(typed.get("key_until", "")),
        }
    )


def grant_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """A grant as a form says it; lists are words between blanks or commas."""
    told: dict[str, Any] = {
        "contract": typed.get("contract", ""),
        "until": parse_day(typed.get("grant_until", "")),
        "basis": typed.get("basis", ""),
    }
    for name in LISTS:
        told[name] = typed.get(name, "").replace("،", " ").replace(",", " ").split()
    if typed.get("per_day", "").strip():
        told["per_day"] = parse_whole(typed["per_day"])
    return {**_filled(told), "purposes": told["purposes"]}


def _filled(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in ("", [])}


def of_text(error: BusError) -> BusError:
    """A refusal of a document that was pasted: all that is wrong belongs to the one text, and the
    places in it are named beside.
    """
    faults = [fault for fault in error.fields if fault.field.startswith(("document.", "toml"))]
    if not faults:
        return error
    first = faults[0]
    whole = first if first.field == "toml" else FieldError("toml", "document", error.message)
    rest = [fault for fault in faults if fault.field != "toml"]
    return RuleBroken(error.message, code=error.code, fields=[whole, *rest])
