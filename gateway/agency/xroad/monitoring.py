"""Operational monitoring data (PR-OPMON): an agency's own calls by X-Road, as JSON.

X-Road gives them by SOAP; the names of the fields, their units and the rules of time are its own.
"""

from collections.abc import Callable
from urllib.parse import unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json
from bus.process.records import now_ms
from bus.process.version import release
from contracts.agencies.xroad import (
    READ_XROAD_HEALTH,
    READ_XROAD_RECORDS,
    Statistics,
    XRoadHealth,
    XRoadRecord,
)
from gateway.agency.door.door import Door
from gateway.agency.door.visitor import Visitor
from gateway.agency.xroad.faults import type_of
from gateway.agency.xroad.names import House
from gateway.http.problems import KIND_STATUS, PROBLEMS, HttpError

STARTED = now_ms()
PERIOD_SECONDS = 600
LONGEST_NUMBER = 12
FROM, TO, FIELD = "recordsFrom", "recordsTo", "outputField"
CLIENT, PRODUCER = "Client", "Producer"
_CLIENT_FIELDS = (
    "clientXRoadInstance",
    "clientMemberClass",
    "clientMemberCode",
    "clientSubsystemCode",
)
_SERVICE_FIELDS = (
    "serviceXRoadInstance",
    "serviceMemberClass",
    "serviceMemberCode",
    "serviceSubsystemCode",
    "serviceCode",
)
_PARTY_FIELDS = ("representedPartyClass", "representedPartyCode")
# The record's own names of moments and sizes.
_SAME: dict[str, Callable[[XRoadRecord], object]] = {
    "requestInTs": lambda record: record.request_in,
    "requestOutTs": lambda record: record.request_out or record.request_in,
    "responseInTs": lambda record: record.response_in or record.response_out,
    "responseOutTs": lambda record: record.response_out,
    "requestSize": lambda record: record.request_bytes,
    "responseSize": lambda record: record.response_bytes,
}


async def records(door: Door, request: Request, visitor: Visitor, house: House) -> Response:
    """getSecurityServerOperationalData?recordsFrom=&recordsTo=[&outputField=...]: own records of
    both sides, newest last; not those of the last minute, which may still come.
    """
    wanted = request.query_params.getlist(FIELD)
    if unknown := [name for name in wanted if name not in FIELDS]:
        raise HttpError("xroad.query", f"There is no output field {unknown[0][:100]!r}.")
    data = {"records_from": _seconds(request, FROM), "records_to": _seconds(request, TO)}
    if data["records_from"] > data["records_to"]:
        raise HttpError("xroad.query", f"{FROM} is after {TO}.")
    await door.identify(request, READ_XROAD_RECORDS)
    reply = await door.call(request, visitor, READ_XROAD_RECORDS, data)
    page = READ_XROAD_RECORDS.reply_of(reply)
    rows = [fields_of(record, house) for record in page.records]
    if wanted:
        rows = [{name: row[name] for name in FIELDS if name in wanted} for row in rows]
    answer: Json = {"recordsCount": len(rows), "records": rows}
    if page.next_from is not None:
        answer["nextRecordsFrom"] = page.next_from
    return Response(orjson.dumps(answer), media_type="application/json")


def _seconds(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER):
        raise HttpError("xroad.query", f"Give {name} as Unix time in seconds.")
    return int(text)


def fields_of(record: XRoadRecord, house: House) -> Json:
    """All fields of X-Road's record. None where there is nothing: attachments, and the user and the
    issue of a question, which stand in the log of inquiries alone.
    """
    call = record.call
    fault = _fault(record)
    of_face = record.side == "client"
    server = "/".join(house.server_id)
    values: Json = dict.fromkeys(FIELDS)
    values |= {name: read(record) for name, read in _SAME.items()}
    values |= dict(zip(_CLIENT_FIELDS, map(unquote, call.client.split("/")), strict=False))
    values |= dict(zip(_SERVICE_FIELDS, map(unquote, call.service.split("/")), strict=False))
    if call.party:
        values |= dict(zip(_PARTY_FIELDS, map(unquote, call.party.split("/")), strict=False))
    return values | {
        "monitoringDataTs": record.response_out // 1000,
        "securityServerInternalIp": record.host,
        "securityServerType": CLIENT if of_face else PRODUCER,
        "restMethod": record.method or "POST",
        "restPath": None if of_face else "/",
        "serviceVersion": record.contract.rpartition(".")[2],
        "messageId": call.id,
        "messageProtocolVersion": "1",
        "clientSecurityServerAddress": server,
        "serviceSecurityServerAddress": server,
        "succeeded": record.outcome == "done",
        "serviceType": call.service_type,
        "faultCode": fault,
        "faultString": PROBLEMS[record.code].title if record.code in PROBLEMS else record.code,
        "statusCode": None if fault else record.status,
        "xRoadVersion": release(),
        "xRequestId": call.request_id,
    }


def _fault(record: XRoadRecord) -> str | None:
    """The type of X-Road's error; None for an answer of the service, also where that refused."""
    if record.code is None:
        return None
    problem = PROBLEMS.get(record.code)
    status = record.status or (problem.status if problem else None) or KIND_STATUS["Internal"]
    return type_of({"code": record.code, "status": status})


FIELDS = (
    "monitoringDataTs",
    "securityServerInternalIp",
    "securityServerType",
    *("requestInTs", "requestOutTs", "responseInTs", "responseOutTs"),
    *_CLIENT_FIELDS,
    *_SERVICE_FIELDS,
    *("restMethod", "restPath", "serviceVersion"),
    *_PARTY_FIELDS,
    *("messageId", "messageUserId", "messageIssue", "messageProtocolVersion"),
    *("clientSecurityServerAddress", "serviceSecurityServerAddress"),
    *("requestSize", "requestMimeSize", "requestAttachmentCount"),
    *("responseSize", "responseMimeSize", "responseAttachmentCount"),
    *("succeeded", "serviceType", "faultCode", "faultString", "statusCode"),
    *("xRoadVersion", "xRequestId"),
)


async def health(door: Door, request: Request, visitor: Visitor) -> Response:
    """getSecurityServerHealthData: what became of own calls, by service."""
    await door.identify(request, READ_XROAD_HEALTH)
    reply = await door.call(request, visitor, READ_XROAD_HEALTH, {})
    data = READ_XROAD_HEALTH.reply_of(reply)
    answer = {
        "monitoringStartupTimestamp": STARTED,
        "statisticsPeriodSeconds": PERIOD_SECONDS,
        "servicesEventData": [_health(row) for row in data.services],
    }
    return Response(orjson.dumps(answer), media_type="application/json")


def _health(row: XRoadHealth) -> Json:
    return {
        "service": row.service,
        "lastSuccessfulRequestTimestamp": row.last_good,
        "lastUnsuccessfulRequestTimestamp": row.last_bad,
        "lastPeriodStatistics": {
            "successfulRequestCount": row.good,
            "unsuccessfulRequestCount": row.bad,
            **_statistics("request", "Duration", row.duration),
            **_statistics("request", "Size", row.request_size),
            **_statistics("response", "Size", row.response_size),
        },
    }


def _statistics(whose: str, measure: str, figures: Statistics | None) -> Json:
    if figures is None:
        return {}
    return {
        f"{whose}Min{measure}": figures.least,
        f"{whose}Average{measure}": figures.mean,
        f"{whose}Max{measure}": figures.most,
        f"{whose}{measure}StdDev": figures.deviation,
    }
