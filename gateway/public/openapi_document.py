"""/openapi.json of the public face: the citizens' acts as JSON (docs/citizens-api.md)."""

from functools import cache

from marshmallow import Schema

from bus.messages.kinds import Request
from contracts.billing import bills as billing
from contracts.inquiry.questions import VERIFY
from contracts.ticketing import citizens as ticketing
from contracts.ticketing import public
from gateway.openapi.answers import ALWAYS, BODY, SERVICE, refusals
from gateway.openapi.document import JSON, Document, header_parameter, path_parameter
from gateway.openapi.shapes import UUID, Node, inline
from gateway.public.json_api import ACTS

ABOUT = (
    "What the pages of the portal do, for other people's programs; docs/citizens-api.md tells "
    "more. Open311 has its own description at /open311/discovery.json."
)
_TEXT: Node = {"type": "string"}
# Ours to set: what opens a ticket stands in a header, files come as claims.
OURS = ("code", "secret", "attachments", "channel")
CLAIMS: Node = {
    "type": "array",
    "maxItems": 10,
    "items": _TEXT,
    "description": "The claims of POST /v1/attachments; each holds for a day",
}
IDEMPOTENCY: Node = {
    "type": "string",
    "pattern": f'^"?{UUID[1:-1]}"?$',
}
KEPT = "The same key gets the first answer, for 30 days."
SECRET = header_parameter(
    "Ticket-Secret",
    {"type": "string", "minLength": 1, "maxLength": 80},
    "The secret that came with the code of the ticket",
    required=True,
)
LANGUAGE = header_parameter("Accept-Language", _TEXT, "fa or en: the language of a problem")
CODE = path_parameter("code", {**_TEXT, "pattern": "^[0-9]{10}$"}, "The code of the ticket")
SUMMARIES = {
    "messages": "Writes a message to the unit.",
    "objections": "Objects to the result; work goes on.",
    "withdrawal": "Takes the ticket back.",
    "visit": "Chooses or changes the time of the visit.",
    "survey": "Says how satisfied you are, once for each answer.",
}
BILL = tuple(
    path_parameter(name, {**_TEXT, "pattern": "^0*[0-9]{6,13}$"}, description)
    for name, description in (("bill_id", "Bill ID"), ("payment_id", "Payment ID"))
)
OPENED = (*ALWAYS, 403, 409, *SERVICE)
CHANGES = (*OPENED, *BODY)


def key(*, required: bool) -> Node:
    """Return the parameter Idempotency-Key."""
    return header_parameter(
        "Idempotency-Key", IDEMPOTENCY, f"A UUID of your own making. {KEPT}", required=required
    )


class _Paths:
    """Adds the operations of this face to a document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def request_body(self, schema: Schema, *, files: bool) -> Node:
        """Return a body without the members that we set; with claims where files are taken."""
        body, inner = inline(schema, closed=True)
        body["properties"] = {n: s for n, s in body["properties"].items() if n not in OURS}
        body["required"] = [name for name in body.get("required", ()) if name not in OURS]
        if files:
            body["properties"]["claims"] = CLAIMS
        used = {name for name in inner if f"/{name}" in str(body)}
        self._document.schemas |= {name: inner[name] for name in used}
        return {"required": True, "content": {JSON: {"schema": body}}}

    def add(  # noqa: PLR0913 - the parts of an operation
        self,
        method: str,
        path: str,
        id_: str,
        summary: str,
        answer: Node,
        *,
        parameters: tuple[Node, ...] = (),
        body: Node | None = None,
        status: int = 200,
        statuses: tuple[int, ...] = OPENED,
        headers: tuple[str, ...] = (),
    ) -> None:
        """Add one operation."""
        operation: Node = {
            "operationId": id_,
            "summary": summary,
            "tags": [id_.partition(".")[0]],
            "security": [],
            "parameters": [*parameters, LANGUAGE],
            "responses": {
                str(status): {
                    "description": summary,
                    "headers": {n: {"$ref": f"#/components/headers/{n}"} for n in headers},
                    "content": answer,
                },
                **refusals(statuses),
            },
        }
        if body is not None:
            operation["requestBody"] = body
        self._document.add(path, method, operation)

    def reply(self, contract: Request) -> Node:
        """Return the reply of a contract as the content of a response."""
        return {JSON: {"schema": self._document.shapes.reply(contract.reply_schema)}}

    def tickets(self) -> None:
        """Add what registering begins with, registering, reading, and the acts on a ticket."""
        self._choices()
        self._registering()
        self._one_ticket("/v1/tickets/{code}")

    def _choices(self) -> None:
        self.add(
            "get",
            "/v1/form",
            "tickets.form",
            "Lists categories, counties and units.",
            self.reply(ticketing.FORM),
        )
        months = {
            "in": "query",
            "name": "months",
            "description": "Of the Jalali calendar",
            "schema": {"type": "integer", "minimum": 1, "maximum": 36, "default": 12},
        }
        self.add(
            "get",
            "/v1/statistics",
            "tickets.statistics",
            "Counts for everybody.",
            self.reply(public.STATISTICS),
            parameters=(months,),
        )

    def _registering(self) -> None:
        file = {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "contentMediaType": "application/octet-stream"}
            },
        }
        claim = {
            "type": "object",
            "required": ["claim", "type", "size", "name"],
            "properties": {
                "claim": _TEXT,
                "type": _TEXT,
                "size": {"type": "integer"},
                "name": _TEXT,
            },
        }
        self.add(
            "post",
            "/v1/attachments",
            "tickets.upload",
            "Takes one file.",
            {JSON: {"schema": claim}},
            status=201,
            statuses=CHANGES,
            body={"required": True, "content": {"multipart/form-data": {"schema": file}}},
        )
        self.add(
            "post",
            "/v1/tickets",
            "tickets.register",
            "Registers a ticket.",
            self.reply(ticketing.REGISTER),
            status=201,
            statuses=CHANGES,
            parameters=(key(required=True),),
            headers=("Location",),
            body=self.request_body(ticketing.REGISTER.schema, files=True),
        )

    def _one_ticket(self, by_code: str) -> None:
        self.add(
            "get",
            by_code,
            "tickets.read",
            "Reads a ticket.",
            self.reply(ticketing.TRACK),
            parameters=(CODE, SECRET),
        )
        for name, contract in ACTS.items():
            body = self.request_body(contract.schema, files="attachments" in contract.schema.fields)
            self.add(
                "post",
                f"{by_code}/{name}",
                f"tickets.{name}",
                SUMMARIES[name],
                self.reply(contract),
                statuses=CHANGES,
                body=body,
                parameters=(CODE, SECRET, key(required=False)),
            )
        self.add(
            "delete",
            f"{by_code}/visit",
            "tickets.leave_visit",
            "Gives the chosen time back.",
            self.reply(ticketing.LEAVE_SLOT),
            parameters=(CODE, SECRET, key(required=False)),
        )
        self.add(
            "get",
            f"{by_code}/visit.ics",
            "tickets.invitation",
            "The visit for a calendar.",
            {"text/calendar": {"schema": _TEXT}},
            parameters=(CODE, SECRET),
        )
        number = path_parameter("attachment", {"type": "integer", "minimum": 1}, "Its number")
        self.add(
            "get",
            f"{by_code}/attachments/{{attachment}}",
            "tickets.file",
            "Reads a file.",
            {"*/*": {}},
            parameters=(CODE, SECRET, number),
        )

    def bills(self) -> None:
        """Add quotes, bills and payments."""
        self.add(
            "post",
            "/v1/quotes",
            "bills.quote",
            billing.QUOTE.doc,
            self.reply(billing.QUOTE),
            statuses=CHANGES,
            body=self.request_body(billing.QUOTE.schema, files=False),
        )
        by_ids = "/v1/bills/{bill_id}/{payment_id}"
        self.add(
            "get",
            by_ids,
            "bills.read",
            billing.LOOK_UP.doc,
            self.reply(billing.LOOK_UP),
            parameters=BILL,
        )
        self._payments(f"{by_ids}/payments")

    def _payments(self, of_bill: str) -> None:
        psp = {
            "type": "object",
            "required": ["psp"],
            "additionalProperties": False,
            "properties": {
                "psp": {
                    **_TEXT,
                    "minLength": 1,
                    "maxLength": 40,
                    "description": "A code of the bill's pay_at",
                }
            },
        }
        self.add(
            "post",
            of_bill,
            "bills.pay",
            "Begins to pay at a bank's gateway.",
            self.reply(billing.START_PAYMENT),
            status=201,
            statuses=CHANGES,
            parameters=(*BILL, key(required=True)),
            headers=("Location",),
            body={"required": True, "content": {JSON: {"schema": psp}}},
        )
        order = path_parameter("order", {"type": "integer", "minimum": 1}, "Of its beginning")
        secret = header_parameter("Payment-Key", _TEXT, "The key of its beginning", required=True)
        self.add(
            "get",
            "/v1/payments/{order}",
            "bills.payment",
            "Reads a payment.",
            self.reply(billing.PAYMENT),
            parameters=(order, secret),
        )


@cache
def openapi() -> bytes:
    """Return the OpenAPI 3.1 document as JSON, without the servers."""
    document = Document("Mirab, citizens' acts", ABOUT, {})
    document.tag("tickets", "Complaints, requests, suggestions, objections")
    document.tag("bills", "Prices, bills, payments")
    document.tag("answers", "Whether an answer is genuine")
    document.tag("documents", "This document, and whether the face lives")
    paths = _Paths(document)
    paths.tickets()
    paths.bills()
    code = path_parameter("code", {**_TEXT, "minLength": 1, "maxLength": 60}, "On the answer")
    paths.add(
        "get",
        "/v1/verify/{code}",
        "answers.verify",
        VERIFY.doc,
        {**paths.reply(VERIFY), "text/html": {"schema": _TEXT}},
        parameters=(code,),
    )
    document.get(
        "/openapi.json",
        "documents.openapi",
        "This document.",
        {JSON: {"schema": {"type": "object"}}},
        tag="documents",
        statuses=ALWAYS,
    )
    document.get(
        "/health/live",
        "documents.live",
        "Whether this face lives.",
        {"application/health+json": {"schema": {"type": "object"}}},
        tag="documents",
        statuses=ALWAYS,
    )
    return document.text()
