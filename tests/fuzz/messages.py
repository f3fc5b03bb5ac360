"""Messages: contracts' fields, envelopes and aggregates of the bus, call-backs, banks' answers."""

import datetime as dt
import json
from types import SimpleNamespace
from urllib.parse import parse_qsl

import orjson

from bus.amqp.aggregate import join_calls, split_calls
from bus.amqp.incoming import Incoming
from bus.envelope import Envelope
from bus.errors import ContractError, Unavailable
from bus.foreign.http_call import readable
from bus.messages.kinds import Request
from contracts import catalogue
from contracts.notify.received import TAKE_TEXT
from gateway.http.problems import HttpError
from gateway.notify import requests as notify_requests
from gateway.notify.errors import CallRefused
from gateway.public import received_texts, sms_receipts
from gateway.public.georeport import reading, xml
from services.billing.psps import behpardakht, sep
from tests.fuzz.http import _loop, request_of
from tests.fuzz.parsers import parser, rule

REQUESTS = [contract for contract in catalogue().values() if isinstance(contract, Request)]
ASK = next(n for n, contract in enumerate(REQUESTS) if contract.name == "inquiry.ask.v1")
NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
CATEGORY = {
    "code": "leak",
    "fa": "نشت",
    "kinds": ["complaint"],
    "open311": {
        "attributes": [
            {"code": "a", "datatype": "number", "required": True},
            {"code": "b", "datatype": "multivaluelist", "values": [{"key": "x"}, {"key": "y"}]},
            {"code": "c", "datatype": "datetime"},
        ]
    },
}


@parser(
    "contract",
    ContractError,
    seeds=lambda: [
        ASK.to_bytes(2) + b'{"key_kind":"file_no","key":"12-3","purpose":"notary_transfer"}',
        *(n.to_bytes(2) + b"{}" for n in range(0, len(REQUESTS), 10)),
    ],
)
def contract(raw: bytes) -> None:
    """The fields of any Request, by its contract"""
    try:
        data = orjson.loads(raw[2:])
    except ValueError:
        return
    request = REQUESTS[int.from_bytes(raw[:2]) % len(REQUESTS)]
    message = request.load(data)
    again = request.load(json.loads(json.dumps(request.dump(message))))
    rule(again == message, f"{request.name} is not read as it was written")


def _frame(raw: bytes) -> Incoming:
    """A message of the broker: its headers as JSON in the first line, its body after it."""
    head, _, body = raw.partition(b"\n")
    try:
        headers = orjson.loads(head)
    except ValueError:
        headers = {}
    properties = {"application_headers": headers, "content_type": "application/json"}
    return Incoming(
        SimpleNamespace(delivery_tag=1, delivery_info={}, properties=properties, body=body)
    )


def _frames() -> list[bytes]:
    envelope = Envelope.new("inquiry.ask.v1", "gateway", caller={"agency": "a"}, deadline=1.5)
    head = orjson.dumps(envelope.headers())
    return [head + b"\n" + join_calls([("1", envelope.headers(), b"{}")]), head + b"\n{}"]


@parser("amqp", ContractError, seeds=_frames)
def amqp(raw: bytes) -> None:
    """Headers and aggregates of a message of the broker, which an agency's user may write too"""
    frame = _frame(raw)
    frame.copy_properties()
    assert frame.deliveries is not None, frame.id or frame.receipt_to
    try:
        envelope = Envelope.from_headers(frame.headers)
        again = Envelope.from_headers(envelope.headers())
        rule(again.id == envelope.id and again.caller == envelope.caller, "an envelope changes")
    except ContractError:
        pass
    for part in split_calls(frame):
        try:
            Envelope.from_headers(part.headers)
        except ContractError:
            continue


@parser(
    "georeport",
    ContractError,
    seeds=lambda: [
        b"service_code=leak&lat=30.5&long=51&description=water%20runs&attribute[a]=1&attribute[b][]=x"
        b"&media_url=http://a/b&phone=09123456789&email=a@b.ir&start_date=2026-11-23T08:30:00%2B03:30"
        b"&end_date=2026-12-01T00:00:00Z&page=1&status=open,closed&locale=en"
    ],
)
def georeport(raw: bytes) -> None:
    """Calls of Open311 (GeoReport v2), and what is answered as XML"""
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    parameters = reading.Parameters(pairs)
    reading.language(request_of(), parameters)
    data = reading.ticket(parameters, CATEGORY, "fa")
    json.dumps(data, allow_nan=False)
    for text in (data["text"], data["address"], data["name"]):
        xml.xml_text(text)
    reading.listing(parameters, NOW, reading.PAGE_SIZE)
    parameters.check()


@parser(
    "sms-callback",
    HttpError,
    ContractError,
    seeds=lambda: [
        b"?from=0912&to=3000&message=%D8%B3&messageid=5\0from=0912&to=3000&text=%C8",
        b'?a=1\0{"From":"0912","To":"3000","Message":"a","mid":5}',
    ],
)
def sms_callback(raw: bytes) -> None:
    """Texts and delivery reports as SMS providers bring them"""
    query, _, body = raw.partition(b"\0")
    kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    request = request_of(body, {"content-type": kind}, b"/callbacks" + query)
    members = _loop.run_until_complete(received_texts._members_of(request))
    for provider in sms_receipts.NUMBER_NAMES:
        sms_receipts.ref_in(members, provider)
    message = received_texts.text_of(members, "kavenegar")
    if message is not None:
        TAKE_TEXT.checked(message)


@parser(
    "notify-api",
    CallRefused,
    seeds=lambda: [
        b'{"phone_number":"09123456789","template_id":"5f2a9b6e-0b2e-4b3e-8f5e-1f2e3d4c5b6a",'
        b'"personalisation":{"a":1,"b":[1.50,true],"c":{"file":"aGk=","filename":"a.csv"}},'
        b'"reference":"r","scheduled_for":"2026-12-01T08:00:00Z"}',
        b'{"email_address":"a@b.ir","template_id":"5f2a9b6e-0b2e-4b3e-8f5e-1f2e3d4c5b6a",'
        b'"one_click_unsubscribe_url":"https://a/b","sanitise_content_for":["a"]}',
        b'{"reference":"r","postage":"second","content":"JVBERi0xLjcKc3RhcnR4cmVmCiUlRU9G"}',
    ],
)
def notify_api(raw: bytes) -> None:
    """Posted messages of the Notify API"""
    body = _loop.run_until_complete(notify_requests.json_of(request_of(raw)))
    takers = (
        lambda: notify_requests.sms(body, "live"),
        lambda: notify_requests.email(body),
        lambda: notify_requests.letter(body, "live"),
        lambda: notify_requests.precompiled(body),
    )
    refused = 0
    for take in takers:
        try:
            take()
        except CallRefused as error:
            refused += 1
            last = error
    if refused == len(takers):
        raise last


@parser(
    "bank",
    Unavailable,
    seeds=lambda: [
        b"State=OK&ResNum=5&RefNum=a&Status=2\0"
        b"<a:Envelope xmlns:a='b'><return>0,abc</return></a:Envelope>",
        b'ResCode=0&SaleOrderId=7&RefId=x\0{"token":"a","status":1}',
    ],
)
def bank(raw: bytes) -> None:
    """What a payer's browser brings back from a bank, and what banks answer"""
    form, _, answer = raw.partition(b"\0")
    fields = dict(parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True))
    for psp in (sep.Sep("sep", "https://a", "1"), behpardakht.Behpardakht):
        if not isinstance(psp, type):
            psp.returned(fields)
    readable(answer, 64_000)
    behpardakht._return_of(answer)
