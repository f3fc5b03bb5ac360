"""listClients: the members and subsystems that the register knows in X-Road, and our own.

As JSON to whoever accepts it, else as XML (PR-META, annexes A and C).
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.messages.values import Json
from gateway.agency.xroad.names import House
from gateway.agency.xroad.services import subsystems
from gateway.http.problems import HttpError
from gateway.http.weights import weighed
from members.documents import today
from members.register import Register

NAME = "Water company"
_IDENTIFIERS, _XROAD = "http://x-road.eu/xsd/identifiers", "http://x-road.eu/xsd/xroad.xsd"


@dataclass(frozen=True, slots=True)
class Member:
    """A member, or with ``subsystem`` one of its subsystems; ``name`` is the member's."""

    member_class: str
    member_code: str
    subsystem: str | None
    name: str

    @property
    def object_type(self) -> str:
        """How X-Road calls it."""
        return "SUBSYSTEM" if self.subsystem else "MEMBER"

    def as_json(self, instance: str) -> Json:
        """As listClients has it."""
        id_ = {
            "member_class": self.member_class,
            "member_code": self.member_code,
            "object_type": self.object_type,
            "xroad_instance": instance,
        }
        if not self.subsystem:
            return {"id": id_, "name": self.name}
        id_["subsystem_code"] = self.subsystem
        return {"id": id_, "name": self.name, "subsystem_name": self.subsystem}

    def as_xml(self, instance: str) -> str:
        """As listClients has it, in the namespaces of the list."""
        parts = {
            "xRoadInstance": instance,
            "memberClass": self.member_class,
            "memberCode": self.member_code,
            "subsystemCode": self.subsystem,
        }
        inner = "".join(
            f"<id:{name}>{escape(text)}</id:{name}>" for name, text in parts.items() if text
        )
        subsystem = self.subsystem
        called = f"<x:subsystemName>{escape(subsystem)}</x:subsystemName>" if subsystem else ""
        return (
            f'<x:member><x:id id:objectType="{self.object_type}">{inner}</x:id>'
            f"<x:name>{escape(self.name)}</x:name>{called}</x:member>"
        )


def members(house: House, register: Register) -> list[Member]:
    """Ours first, then those of agencies whose last day has not passed, in the order of names."""
    own = [(house.member_class, house.member_code, subsystem) for subsystem in ("", *subsystems())]
    rows = [Member(kind, code, subsystem or None, NAME) for kind, code, subsystem in own]
    for (kind, code, subsystem), (agency, name) in sorted(
        register.xroad().items(), key=lambda item: (*item[0][:2], item[0][2] or "")
    ):
        party = register.agency(agency)
        if party is not None and name.until >= today():
            rows.append(Member(kind, code, subsystem, party.name))
    return rows


def answer(request: Request, house: House, register: Register) -> Response:
    """GET /listClients[?xRoadInstance=]; HttpError ``xroad.member_unknown`` for an instance that is
    not ours.
    """
    instance = request.query_params.get("xRoadInstance") or house.instance
    if instance != house.instance:
        raise HttpError("xroad.member_unknown", f"There is one instance: {house.instance}.")
    rows = members(house, register)
    if any(media == "application/json" for media, _ in weighed(request, "accept")):
        listed = {"member": [row.as_json(instance) for row in rows]}
        return Response(orjson.dumps(listed), media_type="application/json")
    inner = "".join(row.as_xml(instance) for row in rows)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<x:clientList xmlns:id="{_IDENTIFIERS}" xmlns:x="{_XROAD}">{inner}</x:clientList>'
    )
    response = Response(text.encode())
    response.headers["content-type"] = "text/xml;charset=utf-8"
    return response
