"""An agency's account of a month: JSON, a spreadsheet, or paper."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from contracts.billing.bills import STATEMENT
from gateway import web
from gateway.agency.door.door import JSON, Door
from gateway.agency.files.lines import CSV
from gateway.http import bodies
from gateway.papers import csv_files, pdf

PDF = "application/pdf"


async def read(door: Door, request: Request) -> Response:
    """POST statement: as Accept likes it; the paper in Persian unless Accept-Language begins
    with en.
    """
    visitor, raw, form = await door.question(request, STATEMENT, JSON, CSV, PDF)
    month = STATEMENT.load_data(bodies.parse_object(raw))
    told = await door.call(request, visitor, STATEMENT, month)
    if form == JSON:
        return web.json_response(told)
    if form == CSV:
        made, ending = csv_files.statement(told), "csv"
    else:
        lang = "en" if request.headers.get("accept-language", "").startswith("en") else "fa"
        made, ending = await asyncio.to_thread(pdf.statement, told, lang), "pdf"
    name = f"statement-{told['agency']}-{told['month']}.{ending}"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(made, headers=headers, media_type=form)
