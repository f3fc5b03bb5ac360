"""Bills and payments for citizens: look-up, reasons, payment, receipt; as pages and as JSON."""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound, RuleBroken
from bus.messages import kinds
from bus.messages.message import to_wire
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
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

FIELDS_OF_A_RETURN, LONGEST_VALUE, RETURN_BYTES = 40, 2000, 64 * 1024
_log = log.get("bills")
WAIT_SECONDS = 5


class Bills:
    """The routes of bills. Whoever holds a bill's two IDs can read and pay it, as at any bank."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def _bill(self, request: Request) -> contracts.Bill:
        return await self._services.ask_fields(request, contracts.LOOK_UP, _ids(request))

    # --- pages ---

    async def find_page(self, request: Request) -> Response:
        """GET /bills: the form for the two IDs."""
        return show(request, "bills", typed={}, faults={})

    async def find(self, request: Request) -> Response:
        """POST /bills: on to the bill with these IDs."""

        def page(typed: Texts, faults: Texts, status: int) -> Response:
            return show(request, "bills", status, typed=typed, faults=faults)

        async def look_up(typed: Texts) -> Response:
            ids = {name: value for name, value in typed.items() if value}
            bill = await self._services.ask_fields(request, contracts.LOOK_UP, ids)
            return RedirectResponse(f"/bills/{bill.bill_id}/{bill.payment_id}", 303)

        return await submit(request, ("bill_id", "payment_id"), page, look_up)

    async def bill(self, request: Request) -> Response:
        """GET /bills/{bill_id}/{payment_id}"""
        return self._page(request, await self._bill(request), {})

    def _page(
        self, request: Request, bill: contracts.Bill, faults: dict[str, str], status: int = 200
    ) -> Response:
        return show(request, "bill", status, bill=bill, faults=faults, form=self._services.new_id())

    async def bill_pdf(self, request: Request) -> Response:
        """GET /bills/{bill_id}/{payment_id}/bill.pdf"""
        return await self._pdf(request, pdf.bill, await self._bill(request), "bill")

    async def _pdf(
        self,
        request: Request,
        make: Callable[..., bytes],
        reply: contracts.Bill | contracts.Payment,
        name: str,
    ) -> Response:
        lang, content = words.language(request), to_wire(reply)
        document = await self._services.paper(
            request, [name, content, lang], partial(make, reply, lang, portal=self._portal)
        )
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'inline; filename="{name}.pdf"',
        }
        return Response(document, headers=headers, media_type="application/pdf")

    async def pay(self, request: Request) -> Response:
        """POST /bills/{bill_id}/{payment_id}/pay: a page that leads to the bank."""
        values = await read_fields(request)
        # In the other language it is the same payment, shown again.
        words.choose(request, values)
        try:
            redirect = await self._services.ask_fields(
                request,
                contracts.START_PAYMENT,
                {**_ids(request), "psp": text_of(values, "psp")},
                id=text_of(values, "form") or None,
            )
        except NotFound:
            raise
        except BusError as error:
            bill = await self._bill(request)
            return self._page(request, bill, faults_of(request, error), status_of(error))
        if redirect.url.startswith(f"{self._portal}/"):  # the payer was at the bank already
            return RedirectResponse(urlsplit(redirect.url).path, 303)
        typed = {name: text_of(values, name) for name in ("form", "psp")}
        response = show(request, "pay", redirect=redirect, typed=typed)
        bank = urlsplit(redirect.url)
        response.headers["Content-Security-Policy"] = web.SECURITY[
            "Content-Security-Policy"
        ].replace("form-action 'self'", f"form-action 'self' {bank.scheme}://{bank.netloc}")
        return response

    async def back(self, request: Request) -> Response:
        """/pay/return/{order}/{key}: the bank sends the browser back, by whatever method and form.

        It comes from another site, without our cookies; nothing of it is believed. The visitor may
        have paid: whatever is wrong, he is led on, and the next page shows how the payment stands.
        """
        params = request.path_params
        form = await _returned_form(request)
        data = {"order": params["order"], "key": params["key"], "form": form}
        # If billing is away the sweeper asks the bank later.
        try:
            await self._services.ask_fields(request, contracts.TAKE_RETURN, data)
        except ContractError:  # the form cannot be read: the bank is asked without it
            with contextlib.suppress(BusError):
                bare = {**data, "form": {}}
                await self._services.ask_fields(request, contracts.TAKE_RETURN, bare)
        except BusError as error:
            _log.warning("return_not_taken", code=error.code)
        return RedirectResponse(f"/pay/{params['order']}/{params['key']}", 303)

    async def _payment(self, request: Request) -> contracts.Payment:
        data = {name: request.path_params[name] for name in ("order", "key")}
        return await self._services.ask_fields(request, contracts.PAYMENT, data)

    async def payment(self, request: Request) -> Response:
        """GET /pay/{order}/{key}: the payment; the page reloads while the bank is asked."""
        payment = await self._payment(request)
        response = show(
            request,
            "payment",
            payment=payment,
            bill=payment.bill,
            form=self._services.new_id(),
        )
        if payment.waits:
            response.headers["Refresh"] = str(WAIT_SECONDS)
        return response

    async def receipt_pdf(self, request: Request) -> Response:
        """GET /pay/{order}/{key}/receipt.pdf"""
        payment = await self._payment(request)
        if not payment.settled:
            raise RuleBroken("There is a receipt when the bill is paid.", code="bill.not_paid")
        return await self._pdf(request, pdf.receipt, payment, "receipt")

    async def bill_receipt_pdf(self, request: Request) -> Response:
        """GET /bills/{bill_id}/{payment_id}/receipt.pdf: of a bill paid at a bank's counter."""
        bill = await self._bill(request)
        if bill.state != "PAID":
            raise RuleBroken("There is a receipt when the bill is paid.", code="bill.not_paid")
        return await self._pdf(request, pdf.receipt, bill, "receipt")

    # --- JSON ---

    async def bill_json(self, request: Request) -> Response:
        """GET /v1/bills/{bill_id}/{payment_id}"""
        return await self._answer(request, contracts.LOOK_UP, _ids(request))

    async def quote_json(self, request: Request) -> Response:
        """POST /v1/quotes: the price of services."""
        bodies.media_type(request, "application/json")
        data = bodies.parse_object(await bodies.body(request))
        return await self._answer(request, contracts.QUOTE, data)

    async def pay_json(self, request: Request) -> Response:
        """POST /v1/bills/{bill_id}/{payment_id}/payments with {"psp": …}: where the payer goes."""
        bodies.media_type(request, "application/json")
        data = bodies.parse_object(await bodies.body(request))
        redirect = await self._services.ask_json(
            request,
            contracts.START_PAYMENT,
            {**data, **_ids(request)},
            id=idempotency_id(request, required=True),
        )
        return web.json_response(redirect, 201, {"Location": f"/v1/payments/{redirect['order']}"})

    async def payment_json(self, request: Request) -> Response:
        """GET /v1/payments/{order} with the header Payment-Key."""
        data = {
            "order": request.path_params["order"],
            "key": request.headers.get("payment-key", ""),
        }
        return await self._answer(request, contracts.PAYMENT, data)

    async def _answer(
        self, request: Request, contract: kinds.Request, fields: Mapping[str, object]
    ) -> Response:
        """Answer in JSON what billing replies to the fields of a message."""
        return web.json_response(await self._services.ask_json(request, contract, fields))


def _ids(request: Request) -> dict[str, str]:
    """The two IDs of a bill in the address."""
    return {name: request.path_params[name] for name in ("bill_id", "payment_id")}


async def _returned_form(request: Request) -> dict[str, str]:
    """The fields of the bank in the address and in the body; empty where they cannot be read."""
    form = dict(request.query_params)
    with contextlib.suppress(BusError, ValueError):
        form |= await _body_fields(request)
    fields = list(form.items())[:FIELDS_OF_A_RETURN]
    return {name[:60]: value[:LONGEST_VALUE] for name, value in fields if name}


async def _body_fields(request: Request) -> dict[str, str]:
    """The fields of a body of any type: the forms of several banks name none."""
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
    pages = Bills(services, portal)
    bill = "/bills/{bill_id}/{payment_id}"
    return [
        Route("/bills", same_for_all(pages.find_page), methods=["GET"]),
        Route("/bills", pages.find, methods=["POST"]),
        Route(bill, pages.bill),
        Route(f"{bill}/bill.pdf", pages.bill_pdf),
        Route(f"{bill}/receipt.pdf", pages.bill_receipt_pdf),
        Route(f"{bill}/pay", pages.pay, methods=["POST"]),
        Route(f"{bill}/pay", leads_to(bill), methods=["GET"]),
        # A bank sends the payer back from its own page.
        Route(
            "/pay/return/{order:int}/{key}",
            from_other_sites(pages.back),
            methods=["GET", "POST", "PUT", "PATCH"],
        ),
        Route("/pay/{order:int}/{key}", pages.payment),
        Route("/pay/{order:int}/{key}/receipt.pdf", pages.receipt_pdf),
        Route("/v1/quotes", pages.quote_json, methods=["POST"]),
        Route("/v1/bills/{bill_id}/{payment_id}", pages.bill_json, methods=["GET"]),
        Route("/v1/bills/{bill_id}/{payment_id}/payments", pages.pay_json, methods=["POST"]),
        Route("/v1/payments/{order:int}", pages.payment_json, methods=["GET"]),
    ]
