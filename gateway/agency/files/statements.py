"""The statement of an agency's account for a month: JSON, CSV or PDF."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from contracts.billing.bills import STATEMENT
from gateway import web
from gateway.agency.door.door import JSON, Door
from gateway.agency.files.lines import CSV
from gateway.papers import csv_files, pdf

PDF = "application/pdf"


async def read(door: Door, request: Request) -> Response:
    """POST statement, in the form that Accept prefers; the PDF is in Persian unless
    Accept-Language begins with en.
    """
    reading = await door.read(request, STATEMENT, JSON, CSV, PDF)
    reply = await door.call(request, reading.visitor, STATEMENT, reading.data)
    if reading.form == JSON:
        return web.json_response(reply)
    statement = STATEMENT.reply_of(reply)
    if reading.form == CSV:
        content, ending = csv_files.statement(statement), "csv"
    else:
        lang = "en" if request.headers.get("accept-language", "").startswith("en") else "fa"
        content, ending = await asyncio.to_thread(pdf.statement, statement, lang), "pdf"
    name = f"statement-{statement.agency}-{statement.month}.{ending}"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(content, headers=headers, media_type=reading.form)
