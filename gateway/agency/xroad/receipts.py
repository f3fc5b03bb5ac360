"""/asic: the evidence of a call. X-Road answers with signed containers, we with our receipts."""

import uuid

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.errors import NotFound
from bus.messages.values import Json
from contracts.agencies.receipts import READ_RECEIPT
from contracts.agencies.xroad import FIND_XROAD_CALLS
from gateway.agency.door.door import Door
from gateway.agency.door.ways import XROAD_ASKER, XRoadAsker
from gateway.agency.xroad.names import House
from gateway.http.problems import HttpError

ID, INSTANCE = "queryId", "xRoadInstance"
CLASS, CODE, SUBSYSTEM = "memberClass", "memberCode", "subsystemCode"
LONGEST = 255


async def receipts(door: Door, request: Request, house: House) -> Response:
    """GET /asic?queryId=&memberClass=&memberCode=[&subsystemCode=][&xRoadInstance=]: receipts of
    the client's own calls with that X-Road-Id, newest first.

    HttpError ``xroad.receipt`` if there is none (yet: a receipt is there some seconds later).
    """
    query = request.query_params
    id_, instance = query.get(ID, ""), query.get(INSTANCE) or house.instance
    if not id_ or len(id_) > LONGEST or not query.get(CLASS) or not query.get(CODE):
        raise HttpError("xroad.query", f"Give {ID}, {CLASS} and {CODE}.")
    if instance != house.instance:
        raise HttpError("xroad.client", f"Clients are of the instance {house.instance}.")
    name = (query[CLASS], query[CODE], query.get(SUBSYSTEM) or None)
    XROAD_ASKER.set(request, XRoadAsker(name, None, {}))
    visitor = await door.identify(request, READ_RECEIPT)
    reply = await door.call(request, visitor, FIND_XROAD_CALLS, {"id": id_})
    texts: list[Json] = []
    for call in FIND_XROAD_CALLS.reply_of(reply).calls:
        try:
            got = await door.call(
                request, visitor, READ_RECEIPT, {"id": call}, id=str(uuid.uuid4())
            )
        except NotFound:
            continue
        if isinstance(text := got.get("receipt"), str):
            texts.append(orjson.loads(text))
    if not texts:
        raise HttpError(
            "xroad.receipt",
            "No receipt of a call with this id is there: it may come within seconds, or no call "
            "of yours had it within the days that calls are found by it.",
        )
    return Response(orjson.dumps({ID: id_, "receipts": texts}), media_type="application/json")
