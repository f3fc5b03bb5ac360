"""Bills and payments for people: look up, read why, pay at a bank, receipt; pages and JSON."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound, RuleBroken
from bus.process import log
from contracts.billing import bills as contracts
from gateway import web
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.http import bodies
from gateway.http.origin import from_other_sites
from gateway.papers import pdf
from gateway.public.json_api import idempotency_id
from gateway.public.site import words
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.services import Services

FIELDS_OF_A_RETURN, LONGEST_VALUE, RETURN_BYTES = 40, 2000, 64 * 1024
_log = log.get("bills")
WAIT_SECONDS = 5


class Bills:
    """What the routes share. Who holds a bill's two IDs can read and pay it, as at any bank."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def _bill(self, request: Request) -> dict[str, Any]:
        asked = {name: request.path_params[name] for name in ("bill_id", "payment_id")}
        return await self._services.ask(request, contracts.LOOK_UP, asked)

    # --- pages ---

    async def find_page(self, request: Request) -> Response:
        """GET /bills: by which two IDs?"""
        return show(request, "bills", typed={}, faults={})

    async def find(self, request: Request) -> Response:
        """POST /bills: on to the bill, if there is one."""

        def page(typed: Texts, faults: Texts, status: int) -> Response:
            return show(request, "bills", status, typed=typed, faults=faults)

        async def look_up(typed: Texts) -> Response:
            ids = {name: value for name, value in typed.items() if value}
            bill = await self._services.ask(request, contracts.LOOK_UP, ids)
            return RedirectResponse(f"/bills/{bill['bill_id']}/{bill['payment_id']}", 303)

        return await submit(request, ("bill_id", "payment_id"), page, look_up)

    async def bill(self, request: Request) -> Response:
        """GET /bills/{bill_id}/{payment_id}"""
        return self._page(request, await self._bill(request), {})

    def _page(
        self, request: Request, told: dict[str, Any], faults: dict[str, str], status: int = 200
    ) -> Response:
        return show(request, "bill", status, bill=told, faults=faults, form=self._services.new_id())

    async def bill_pdf(self, request: Request) -> Response:
        """GET /bills/{bill_id}/{payment_id}/bill.pdf"""
        return await self._pdf(request, pdf.bill, await self._bill(request), "bill")

    async def _pdf(
        self, request: Request, make: Callable[..., bytes], told: dict[str, Any], name: str
    ) -> Response:
        lang = words.language(request)
        made = await self._services.paper(
            request, [name, told, lang], partial(make, told, lang, portal=self._portal)
        )
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'inline; filename="{name}.pdf"',
        }
        return Response(made, headers=headers, media_type="application/pdf")

    async def pay(self, request: Request) -> Response:
        """POST /bills/{bill_id}/{payment_id}/pay: a page that leads to the bank."""
        values = await read_fields(request)
        # In the other language it is the same payment, told again.
        words.choose(request, values)
        asked = {name: request.path_params[name] for name in ("bill_id", "payment_id")}
        try:
            told = await self._services.ask(
                request,
                contracts.START_PAYMENT,
                {**asked, "psp": text_of(values, "psp")},
                id=text_of(values, "form") or None,
            )
        except NotFound:
            raise
        except BusError as error:
            bill = await self._bill(request)
            return self._page(request, bill, faults_of(request, error), status_of(error))
        typed = {name: text_of(values, name) for name in ("form", "psp")}
        response = show(request, "pay", told=told, typed=typed)
        bank = urlsplit(told["url"])
        response.headers["Content-Security-Policy"] = web.SECURITY[
            "Content-Security-Policy"
        ].replace("form-action 'self'", f"form-action 'self' {bank.scheme}://{bank.netloc}")
        return response

    async def back(self, request: Request) -> Response:
        """/pay/return/{order}/{key}: the bank sends the browser back, by whatever method and form.

        It comes from another site, without our cookies; nothing that it says is believed. Who comes
        here may have paid: whatever is wrong, he is led on, and the next page says how it stands.
        """
        params = request.path_params
        form = await _returned_form(request)
        asked = {"order": params["order"], "key": params["key"], "form": form}
        # If billing is away the sweeper asks the bank later.
        try:
            await self._services.ask(request, contracts.TAKE_RETURN, asked)
        except ContractError:  # what was brought cannot be read: the bank is asked without it
            with contextlib.suppress(BusError):
                await self._services.ask(request, contracts.TAKE_RETURN, {**asked, "form": {}})
        except BusError as error:
            _log.warning("return_not_taken", code=error.code)
        return RedirectResponse(f"/pay/{params['order']}/{params['key']}", 303)

    async def _payment(self, request: Request) -> dict[str, Any]:
        asked = {name: request.path_params[name] for name in ("order", "key")}
        return await self._services.ask(request, contracts.PAYMENT, asked)

    async def payment(self, request: Request) -> Response:
        """GET /pay/{order}/{key}: how the payment stands; looks again while the bank is asked."""
        told = await self._payment(request)
        response = show(request, "payment", told=told, bill=told["bill"])
        if told["waits"]:
            response.headers["Refresh"] = str(WAIT_SECONDS)
        return response

    async def receipt_pdf(self, request: Request) -> Response:
        """GET /pay/{order}/{key}/receipt.pdf"""
        told = await self._payment(request)
        if not told["settled"]:
            raise RuleBroken("There is a receipt when the bill is paid.", code="bill.not_paid")
        return await self._pdf(request, pdf.receipt, told, "receipt")

    async def bill_receipt_pdf(self, request: Request) -> Response:
        """GET /bills/{bill_id}/{payment_id}/receipt.pdf: of a bill paid at a bank's counter."""
        told = await self._bill(request)
        if told["state"] != "PAID":
            raise RuleBroken("There is a receipt when the bill is paid.", code="bill.not_paid")
        return await self._pdf(request, pdf.receipt, told, "receipt")

    # --- JSON ---

    async def bill_json(self, request: Request) -> Response:
        """GET /v1/bills/{bill_id}/{payment_id}"""
        return web.json_response(await self._bill(request))

    async def quote_json(self, request: Request) -> Response:
        """POST /v1/quotes: what something would cost."""
        bodies.media_type(request, "application/json")
        data = bodies.parse_object(await bodies.body(request))
        return web.json_response(await self._services.ask(request, contracts.QUOTE, data))

    async def pay_json(self, request: Request) -> Response:
        """POST /v1/bills/{bill_id}/{payment_id}/payments with {"psp": …}: where the payer goes."""
        bodies.media_type(request, "application/json")
        data = bodies.parse_object(await bodies.body(request))
        asked = {name: request.path_params[name] for name in ("bill_id", "payment_id")}
        told = await self._services.ask(
            request,
            contracts.START_PAYMENT,
            {**data, **asked},
            id=idempotency_id(request, required=True),
        )
        return web.json_response(told, 201, {"Location": f"/v1/payments/{told['order']}"})

    async def payment_json(self, request: Request) -> Response:
        """GET /v1/payments/{order} with the header Payment-Key."""
        asked = {
            "order": request.path_params["order"],
            "key": request.headers.get("payment-key", ""),
        }
        return web.json_response(await self._services.ask(request, contracts.PAYMENT, asked))


async def _returned_form(request: Request) -> dict[str, str]:
    """What the bank sent along, in the address and in the body; empty where it cannot be read."""
    form = dict(request.query_params)
    with contextlib.suppress(BusError, ValueError):
        form |= await _body_fields(request)
    fields = list(form.items())[:FIELDS_OF_A_RETURN]
    return {name[:60]: value[:LONGEST_VALUE] for name, value in fields if name}


async def _body_fields(request: Request) -> dict[str, str]:
    """The fields of a body, whatever type it names: several forms of banks name none."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        values = await read_fields(request)
        return {name: text_of(values, name) for name in values}
    text = (await bodies.body(request, RETURN_BYTES)).decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        members = bodies.parse_object(text.encode())
        return {name: str(value) for name, value in members.items() if value is not None}
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_OF_A_RETURN * 4))


def routes(services: Services, portal: str) -> list[Route]:
    """The routes of bills and payments."""
    b = Bills(services, portal)
    one_bill = "/bills/{bill_id}/{payment_id}"
    return [
        Route("/bills", b.find_page, methods=["GET"]),
        Route("/bills", b.find, methods=["POST"]),
        Route(one_bill, b.bill),
        Route(f"{one_bill}/bill.pdf", b.bill_pdf),
        Route(f"{one_bill}/receipt.pdf", b.bill_receipt_pdf),
        Route(f"{one_bill}/pay", b.pay, methods=["POST"]),
        Route(f"{one_bill}/pay", leads_to(one_bill), methods=["GET"]),
        # A bank sends the payer back from its own page.
        Route(
            "/pay/return/{order:int}/{key}",
            from_other_sites(b.back),
            methods=["GET", "POST", "PUT", "PATCH"],
        ),
        Route("/pay/{order:int}/{key}", b.payment),
        Route("/pay/{order:int}/{key}/receipt.pdf", b.receipt_pdf),
        Route("/v1/quotes", b.quote_json, methods=["POST"]),
        Route("/v1/bills/{bill_id}/{payment_id}", b.bill_json, methods=["GET"]),
        Route("/v1/bills/{bill_id}/{payment_id}/payments", b.pay_json, methods=["POST"]),
        Route("/v1/payments/{order:int}", b.payment_json, methods=["GET"]),
    ]
