"""Pages of agencies: one with its history, rights revoked at once, contacts."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.agencies import desk as contracts
from contracts.agencies.register import Nothing, OneAgency
from gateway.forms.fields import before, parse_whole
from gateway.ops.register import previews
from gateway.ops.register.proposals import (
    exception_of,
    grant_of,
    grantable_contracts,
    key_of,
    key_set_of,
    send,
    typed_grant,
    typed_lists,
)
from gateway.ops.register.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Fact, Preview

# A list of the document → what makes an entry of it from a form.
ENTRIES = {
    "keys": key_of,
    "grants": grant_of,
    "exceptions": exception_of,
    "key_sets": key_set_of,
}


class Agencies:
    """The pages of agencies."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def listed(self, request: Request) -> Response:
        """GET /desk/agencies: all of them, and the proposals that wait for a second officer."""
        reply = self._pages.ask(request, contracts.LIST, Nothing())
        return await self._pages.page(request, "agencies", reply=reply)

    async def audit(self, request: Request) -> Response:
        """GET /desk/agencies/audit?code=fuel-co: the acts and their officers."""
        code = query_value(request, "code")[:40] or None
        query = contracts.ListAudit(code=code, before=before(request))
        reply = self._pages.ask(request, contracts.AUDIT, query)
        return await self._pages.page(request, "audit", reply=reply)

    async def agency(self, request: Request) -> Response:
        """GET /desk/agencies/of/{code}; ?like=2 writes its second grant into the form of a new one,
        which a grant that ends is renewed by.
        """
        number = parse_whole(query_value(request, "like"))
        if not isinstance(number, int):
            return await self._show(request, NO_SUBMISSION)
        code = request.path_params["code"]
        agency = await self._pages.ask(request, contracts.READ, OneAgency(code=code))
        grants = (agency.document or {}).get("grants", [])
        if not 1 <= number <= len(grants):
            raise NotFound("There is no such grant.", code="http.not_found")
        return await self._show(request, Submission("add-grant", typed_grant(grants[number - 1])))

    async def _show(self, request: Request, submission: Submission) -> Response:
        code = request.path_params["code"]
        reply = self._pages.ask(request, contracts.READ, OneAgency(code=code))
        return await self._pages.page(
            request, "agency", submission, reply=reply, contracts=grantable_contracts()
        )

    async def add(self, request: Request) -> Response:
        """POST /desk/agencies/of/{code}/add/{kind}: propose one more key, or one more grant."""
        kind, code = request.path_params["kind"], request.path_params["code"]
        if kind not in ENTRIES:
            raise NotFound("There is no such act.", code="http.not_found")
        typed = typed_lists((await forms.read_form(request)).values)
        agency = await self._pages.ask(request, contracts.READ, OneAgency(code=code))
        present = agency.document or {}
        document = {**present, kind: [*present.get(kind, []), ENTRIES[kind](typed)]}
        return await send(self._pages, request, typed, {"document": document}, self._show)

    async def revoke(self, request: Request) -> Response:
        """POST /desk/agencies/of/{code}/revoke: a right of it, or all of them."""
        code = request.path_params["code"]
        back = f"of/{code}?done=revoke"

        async def preview(request: Request, message: contracts.Revoke) -> Preview:
            agency = await self._pages.ask(request, contracts.READ, OneAgency(code=code))
            return previews.revocation(agency, message)

        return await self._pages.act(
            request, contracts.REVOKE, self._show, back, preview=preview, code=code
        )

    async def contact(self, request: Request) -> Response:
        """POST /desk/agencies/of/{code}/contacts: a new one."""
        code = request.path_params["code"]
        back = f"of/{code}?done=contact"
        return await self._pages.act(request, contracts.PUT_CONTACT, self._show, back, code=code)

    async def forget(self, request: Request) -> Response:
        """POST /desk/agencies/of/{code}/contacts/{id}/remove"""
        code, id_ = request.path_params["code"], request.path_params["id"]
        back = f"of/{code}?done=forget"

        async def preview(request: Request, _: contracts.RemoveContact) -> Preview:
            agency = await self._pages.ask(request, contracts.READ, OneAgency(code=code))
            names = [contact.name for contact in agency.contacts if contact.id == id_]
            return Preview(
                "این تماس برداشته می‌شود",
                "برداشتن تماس",
                (Fact("تماس", "".join(names) or "—"),),
                ("نام و شماره او پاک می‌شود و برنمی‌گردد.",),
                danger=True,
                again=False,
            )

        return await self._pages.act(
            request, contracts.REMOVE_CONTACT, self._show, back, preview=preview, code=code, id=id_
        )

    def routes(self) -> list[Route]:
        """The routes of agencies."""
        agency = f"{AT}/of/{{code}}"
        return [
            Route(AT, self.listed),
            Route(f"{AT}/audit", self.audit),
            Route(agency, self.agency),
            Route(f"{agency}/add/{{kind}}", self.add, methods=["POST"]),
            Route(f"{agency}/revoke", self.revoke, methods=["POST"]),
            Route(f"{agency}/contacts", self.contact, methods=["POST"]),
            Route(f"{agency}/contacts/{{id:int}}/remove", self.forget, methods=["POST"]),
        ]
