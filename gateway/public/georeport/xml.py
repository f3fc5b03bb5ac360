"""The two formats of Open311, XML and JSON; errors come in the format of the request.

An answer is plain data: a list becomes elements named by ITEMS, a member an element of its name.
"""

import re
from xml.etree import ElementTree

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json

ROOT = "/open311"
FORMS = ("xml", "json")
MEDIA_TYPES = {"xml": "text/xml", "json": "application/json"}
ITEMS = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "notes": "note",
}
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
# All but the production Char of XML 1.0: there is no way to write these, not even escaped.
_NO_CHAR = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# GeoReport knows 400 for what is missing or wrong; our own table says 422 for it.
STATUSES = {422: 400}
# What the contracts of the bus call otherwise than GeoReport does.
NAMES = {
    "category": "service_code",
    "text": "description",
    "mobile": "phone",
    "name": "first_name",
    "address": "address_string",
    "since": "start_date",
    "until": "end_date",
}


def form_of(request: Request) -> str:
    """Return the format in the path; ``xml``, which every client reads, without one."""
    return "json" if request.url.path.endswith(".json") else "xml"


def answer(
    request: Request, root: str, data: object, status: int = 200, *, charset: bool = True
) -> Response:
    """Return data in the format of the request; ``root`` is the XML element that holds it."""
    form = form_of(request)
    media_type = MEDIA_TYPES[form] + ("; charset=utf-8" if charset else "")
    headers = {"Content-Type": media_type, "Cache-Control": "no-store", "Vary": "Accept-Language"}
    if request.method in ("GET", "HEAD"):
        headers["Access-Control-Allow-Origin"] = "*"
    content = orjson.dumps(data) if form == "json" else xml(root, data)
    return Response(content, status, headers)


def xml(root: str, data: object) -> bytes:
    """Return the data as an XML document in UTF-8."""
    element = ElementTree.Element(root)
    _fill(element, data)
    written: bytes = ElementTree.tostring(element, encoding="utf-8")
    return DECLARATION + written


def xml_text(text: str) -> str:
    """Return the text for readers of XML: ``\
    `` as line break, no invalid characters.
    """
    return _NO_CHAR.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _fill(element: ElementTree.Element, value: object) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _fill(ElementTree.SubElement(element, name), inner)
    elif isinstance(value, list):
        for inner in value:
            _fill(ElementTree.SubElement(element, ITEMS[element.tag]), inner)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = xml_text(str(value))


def show(request: Request, problem: Json) -> Response | None:
    """Show a problem in the words of GeoReport, one error for each fault; None outside /open311.

    It serves the ``show`` of the face, so that limits, unknown paths and failures look the same.
    """
    path = request.url.path
    if path != ROOT and not path.startswith(ROOT + "/"):
        return None
    status: int = STATUSES.get(problem["status"]) or problem["status"]
    texts = [_sentence(fault) for fault in problem.get("errors", ())] or [problem["detail"]]
    errors = [{"code": status, "description": text} for text in texts]
    return answer(request, "errors", errors, status)


def _sentence(fault: dict[str, str]) -> str:
    # The inner names of a nested field say nothing to who filled in a form.
    name = fault["field"].split(".", maxsplit=1)[0]
    return f"{NAMES.get(name, fault['field'])}: {fault['detail']}"
