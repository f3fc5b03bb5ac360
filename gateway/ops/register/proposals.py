"""Pages of proposals: made by a form or as TOML, compared, and decided by another officer."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, FieldError, NotFound, RuleBroken
from bus.messages import kinds
from bus.messages.values import Json
from contracts import agency_contracts
from contracts.agencies import desk as contracts
from contracts.agencies.register import OneAgency
from gateway.forms.fields import parse_day, parse_whole
from gateway.forms.values import Values, typed_of
from gateway.ops.register import previews
from gateway.ops.register.differences import differences
from gateway.ops.register.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, Show, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Preview

ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE,
    "refuse": contracts.REFUSE,
    "withdraw": contracts.WITHDRAW,
}
# A document or an entry of it, as a form says it: JSON.
Entry = dict[str, object]
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
        agency = await self._pages.ask(request, contracts.READ, OneAgency(code=like))
        typed = {"toml": agency.text, "base_version": str(agency.version)}
        return await self._new(request, Submission("toml", typed))

    async def _new(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(request, "new", submission, contracts=grantable_contracts())

    async def propose(self, request: Request) -> Response:
        """POST /desk/agencies/new: by TOML, or a new agency by the form."""
        typed = typed_lists((await forms.read_form(request)).values)
        by_text = typed.get("act") == "toml"
        proposed = {"toml": typed.get("toml", "")} if by_text else {"document": document_of(typed)}
        return await send(self._pages, request, typed, proposed, self._new)

    async def change(self, request: Request) -> Response:
        """GET /desk/agencies/changes/{id}: what it changes, line by line."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        id_ = request.path_params["id"]
        reply = self._pages.ask(request, contracts.READ_CHANGE, contracts.OneChange(id=id_))
        return await self._pages.page(
            request, "change", submission, reply=reply, differences=resolved(differences)
        )

    async def decide(self, request: Request) -> Response:
        """POST /desk/agencies/changes/{id}/{act}: approve, refuse, withdraw."""
        name, id_ = request.path_params["act"], request.path_params["id"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"changes/{id_}?done={name}"

        async def preview(request: Request, message: contracts.OneChange) -> Preview:
            change = await self._pages.ask(
                request, contracts.READ_CHANGE, contracts.OneChange(id=id_)
            )
            reason = message.why if isinstance(message, contracts.RefuseChange) else ""
            return previews.decision(name, change, reason)

        return await self._pages.act(request, ACTS[name], self._show, back, preview=preview, id=id_)

    def routes(self) -> list[Route]:
        """The routes of proposals."""
        return [
            Route(f"{AT}/new", self.new, methods=["GET"]),
            Route(f"{AT}/new", self.propose, methods=["POST"]),
            Route(f"{AT}/changes/{{id:int}}", self.change),
            Route(f"{AT}/changes/{{id:int}}/{{act}}", self.decide, methods=["POST"]),
        ]


async def send(
    pages: StaffPages,
    request: Request,
    typed: Mapping[str, str],
    proposed: Mapping[str, object],
    show: Show,
) -> Response:
    """Propose a document for the version that the officer saw, and go on to the proposal. A
    refusal is shown by ``show`` beside what was typed.
    """
    base, reason = parse_whole(typed.get("base_version") or "0"), typed.get("reason", "")
    try:
        message = contracts.PROPOSE.load({**proposed, "base_version": base, "reason": reason})
        change = await pages.ask(
            request, contracts.PROPOSE, message, form=typed.get("form") or None
        )
    except BusError as error:
        wrong = of_text(error) if "toml" in proposed else error
        return await pages.refused(request, show, typed, wrong)
    return RedirectResponse(f"{AT}/changes/{change.id}?done=propose", 303)


async def grantable_contracts() -> list[str]:
    """The names of all contracts that an agency can be granted."""
    return [contract.name for contract in agency_contracts() if not contract.everyone]


def typed_lists(values: Values) -> dict[str, str]:
    """The values of a form; those of a list, each chosen by a box of its own, joined by blanks."""
    lists = {name: " ".join(values[name]) for name in LISTS if name in values}
    return {**typed_of(values), **lists}


def document_of(typed: Mapping[str, str]) -> Entry:
    """The document of a new agency with one key and one grant, as the form says it."""
    names = {
        name: typed[name] for name in ("code", "name", "name_fa") if typed.get(name, "").strip()
    }
    return {**names, "keys": [key_of(typed)], "grants": [grant_of(typed)]}


def key_of(typed: Mapping[str, str]) -> Entry:
    """A key as a form says it."""
    return _filled(
        {
            "id": typed.get("key_id", ""),
            "public_key": typed.get("public_key", ""),
            "until": parse_day(typed.get("key_until", "")),
        }
    )


def exception_of(typed: Mapping[str, str]) -> Entry:
    """An exception of the OAuth client as a form says it."""
    return {
        "allows": typed.get("allows", ""),
        "until": parse_day(typed.get("exception_until", "")),
        "basis": typed.get("exception_basis", ""),
    }


def key_set_of(typed: Mapping[str, str]) -> Entry:
    """A key set as a form says it; rules that are left empty are those that hold by default."""
    rules = {
        name: parse_whole(typed[name])
        for name in ("wait_minutes", "key_days", "offline_hours")
        if typed.get(name, "").strip()
    }
    named: Entry = {
        "url": typed.get("url", "").strip(),
        "until": parse_day(typed.get("key_set_until", "")),
        "basis": typed.get("key_set_basis", ""),
    }
    return {"url": "", **_filled(named), **rules}


def grant_of(typed: Mapping[str, str]) -> Entry:
    """A grant as a form says it; lists are words between blanks or commas."""
    grant: Entry = {
        "contract": typed.get("contract", ""),
        "until": parse_day(typed.get("grant_until", "")),
        "basis": typed.get("basis", ""),
    }
    for name in LISTS:
        grant[name] = typed.get(name, "").replace("،", " ").replace(",", " ").split()
    if typed.get("per_day", "").strip():
        grant["per_day"] = parse_whole(typed["per_day"])
    if typed.get("withheld_days", "").strip():
        grant["withheld_days"] = parse_whole(typed["withheld_days"])
    return {**_filled(grant), "purposes": grant["purposes"]}


def typed_grant(grant: Json) -> dict[str, str]:
    """A grant as a form has it, for another one like it; its last day is written anew."""
    typed = {name: " ".join(grant.get(name, [])) for name in LISTS}
    for name in ("contract", "basis", "per_day", "withheld_days"):
        typed[name] = str(grant.get(name, ""))
    return typed


def _filled(entry: Entry) -> Entry:
    """The entry without what was left empty."""
    return {name: value for name, value in entry.items() if value not in ("", [])}


def of_text(error: BusError) -> BusError:
    """The refusal of a pasted document: all faults belong to the one text, and their places are
    named beside it.
    """
    faults = [fault for fault in error.fields if fault.field.startswith(("document.", "toml"))]
    if not faults:
        return error
    first = faults[0]
    whole = first if first.field == "toml" else FieldError("toml", "document", error.message)
    rest = [fault for fault in faults if fault.field != "toml"]
    return RuleBroken(error.message, code=error.code, fields=[whole, *rest])
