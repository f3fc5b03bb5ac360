"""A counter of the played bank, where bills are paid by their two IDs, and what it gives out."""

import datetime as dt

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from deploy.local.bank import files, pages
from deploy.local.bank.state import TERMINALS, Bank, PaidBill
from iran import bill_ids
from iran.persian import TEHRAN, fold_digits

COMPANY = "461"


class Counter:
    """The page of bills, and the files of a day."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    async def page(self, request: Request) -> Response:
        if request.method == "GET":
            return HTMLResponse(pages.counter(dict(request.query_params)))
        form = {
            name: fold_digits(str(value)).strip() for name, value in (await request.form()).items()
        }
        pair = bill_ids.read(form.get("bill_id", ""), form.get("payment_id", ""))
        if pair is None:
            return HTMLResponse(pages.counter(form, "شناسه‌ها با هم مطابقت ندارند."), 422)
        now = dt.datetime.now(TEHRAN)
        trace = next(self.bank.numbers) % 10**12
        self.bank.bills.append(
            PaidBill(
                form["bill_id"].lstrip("0"),
                form["payment_id"].lstrip("0"),
                pair.units * 1000,
                pair.company,
                now,
                trace,
            )
        )
        return HTMLResponse(pages.paid(pair.units * 1000, trace))

    async def settlement(self, request: Request) -> Response:
        psp, day = request.query_params.get("psp", ""), _day(request)
        if psp not in TERMINALS or day is None:
            return PlainTextResponse("Say psp=sep&day=2026-11-23.", 400)
        text = files.settlement(self.bank.payments.values(), psp, day)
        return PlainTextResponse(text, media_type="text/csv")

    async def bills(self, request: Request) -> Response:
        company, day = request.query_params.get("company", COMPANY), _day(request)
        if (
            not (company.isascii() and company.isdigit() and len(company) == len(COMPANY))
            or not day
        ):
            return PlainTextResponse("Say day=2026-11-23, and company=461 if it is another.", 400)
        return PlainTextResponse(files.bills(self.bank.bills, int(company), day))


def _day(request: Request) -> dt.date | None:
    try:
        return dt.date.fromisoformat(request.query_params.get("day", ""))
    except ValueError:
        return None
