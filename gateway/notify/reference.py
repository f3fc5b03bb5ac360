"""The reference of this face: the calls of GOV.UK Notify's API that are taken here."""

from collections.abc import Mapping

import orjson

from gateway.notify import openapi_document
from gateway.reference.panels import Kind, panels_of
from gateway.reference.samples import bearer
from gateway.reference.site import Service, Site

ID = "2f1c6d0e-7a54-4c39-9d0b-6a1f5be2c3d4"
TEMPLATE = "8d1f0c6e-3a52-4b39-9c0d-7a6f5be2c1d3"
ABOUT = (
    "Send SMS, e-mail and letters by the calls of GOV.UK Notify's public API v2: the same bodies, "
    "answers, states and refusals."
)
REFUSALS = (
    "A refusal has Notify's form: status_code, and errors with error (such as ValidationError, "
    "AuthError, RateLimitError) and message."
)
BODIES: Mapping[str, object] = {
    "post.v2.notifications.sms": {
        "phone_number": "09900000001",
        "template_id": TEMPLATE,
        "personalisation": {"name": "سارا"},
        "reference": "7/1405",
    },
    "post.v2.notifications.email": {
        "email_address": "sara@example.ir",
        "template_id": TEMPLATE,
        "personalisation": {"name": "سارا"},
    },
    "post.v2.notifications.letter": {
        "template_id": TEMPLATE,
        "personalisation": {
            "address_line_1": "سارا کاظمی",
            "address_line_2": "یاسوج، خیابان معاد",
            "address_line_3": "7591900001",
        },
    },
    "post.v2.template.{id}.preview": {"personalisation": {"name": "سارا"}},
}
_TEMPLATE = {"id": TEMPLATE, "version": 1, "uri": f"/v2/template/{TEMPLATE}/version/1"}
_READ = {
    "id": ID,
    "reference": "7/1405",
    "type": "sms",
    "status": "delivered",
    "phone_number": "09900000001",
    "template": _TEMPLATE,
    "body": "سارا گرامی، سهمیه سوخت شما آماده است.",
    "created_at": "2026-11-23T08:30:00.000000Z",
    "sent_at": "2026-11-23T08:30:02.000000Z",
    "completed_at": "2026-11-23T08:30:09.000000Z",
}
_SHOWN = {
    "id": TEMPLATE,
    "type": "sms",
    "version": 1,
    "body": "((name)) گرامی، سهمیه سوخت شما آماده است.",
    "subject": None,
}
ANSWERS: Mapping[str, object] = {
    "post.v2.notifications.sms": {
        "id": ID,
        "reference": "7/1405",
        "content": {"body": _READ["body"], "from_number": "Mirab"},
        "uri": f"/v2/notifications/{ID}",
        "template": _TEMPLATE,
        "scheduled_for": None,
    },
    "get.v2.notifications": {"notifications": [_READ], "links": {"current": "/v2/notifications"}},
    "get.v2.notifications.{id}": _READ,
    "get.v2.template.{id}": _SHOWN,
    "get.v2.template.{id}.version.{version}": _SHOWN,
    "get.v2.templates": {"templates": [_SHOWN]},
    "post.v2.template.{id}.preview": {**_SHOWN, "body": _READ["body"]},
    "get.v2.received-text-messages": {
        "received_text_messages": [],
        "links": {"current": "/v2/received-text-messages"},
    },
}


def who_may_call(name: str) -> tuple[str, ...]:
    """Return the sentences on who may make a call."""
    if not name.startswith("post.v2.notifications"):
        return ("A service with any key: test, team or live.",)
    of_team = "no letters by one" if name.endswith("letter") else "to its guest list"
    return (
        "A service with a key: live sends to anybody, test to nobody.",
        f"With a key of a team: {of_team}.",
    )


def site(base: str) -> Site:
    """Return the pages of the reference of the face that is reached at ``base``."""
    document = orjson.loads(openapi_document.openapi())
    kind = Kind(bearer.samples, who_may_call, lambda _: (), BODIES, ANSWERS)
    return Site(
        title="Messages, for programs",
        base=base,
        home="reference/notify_home.html",
        about=ABOUT,
        services=(Service("notify", "Messages and templates"),),
        panels=tuple(panels_of(document, base, kind, {"notify"})),
        refusals=REFUSALS,
    )
