"""What GeoReport calls the parts of our services and reports."""

from bus.messages.values import Json
from contracts.ticketing.citizens import Registered
from gateway.public.georeport import reading
from gateway.public.site import words


def service(category: Json, language: str) -> Json:
    """Return a category as a service of GET services."""
    offered = category["open311"]
    return {
        "service_code": category["code"],
        "service_name": category[language],
        "description": category[f"hint_{language}"],
        "metadata": bool(offered.get("attributes")),
        "type": offered["type"],
        "keywords": ",".join(offered.get("keywords", ())),
        "group": category[f"group_{language}"],
    }


def attribute(question: Json) -> Json:
    """Return a question as an attribute of a service's definition."""
    return {
        "variable": bool(question.get("variable", True)),
        "code": question["code"],
        "datatype": question["datatype"],
        "required": bool(question.get("required")),
        "datatype_description": question.get("datatype_description", ""),
        "order": question.get("order", 1),
        "description": question.get("description", ""),
        "values": [{"key": v["key"], "name": v["name"]} for v in question.get("values") or ()],
    }


def registered(ticket: Registered, data: Json, language: str) -> Json:
    """Return the token or the id, never both; the app never gets the secret."""
    token = ticket.token
    return {
        **({"token": token} if token else {"service_request_id": ticket.code}),
        "service_notice": words.speaker(language)("app_mail" if data["email"] else "app_no_mail"),
        "account_id": None,
    }


def public(ticket: Json, language: str) -> Json:
    """Return all elements of GeoReport; those that we do not have stay empty."""
    return {
        "service_request_id": str(ticket["code"]),
        "status": "open" if ticket["open"] else "closed",
        "status_notes": ticket["status_notes"],
        "service_name": ticket[f"category_{language}"],
        "service_code": ticket["category"],
        "description": ticket["description"],
        "agency_responsible": ticket[f"unit_{language}"],
        "service_notice": None,
        "requested_datetime": reading.local(ticket["registered_at"]),
        "updated_datetime": reading.local(ticket["updated_at"]),
        "expected_datetime": reading.local(ticket["expected_at"]),
        "address": ticket["address"],
        "address_id": None,
        "zipcode": None,
        "lat": ticket["lat"],
        "long": ticket["long"],
        "media_url": ticket["media_url"],
    }
