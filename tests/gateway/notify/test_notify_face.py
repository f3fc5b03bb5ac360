"""The face of the Notify API, running, before Notify's own client for Python, curl and openssl."""

import base64
import datetime as dt
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import jsonschema
import pika
import pypdfium2
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifications_python_client import NotificationsAPIClient
from notifications_python_client.authentication import create_jwt_token
from notifications_python_client.errors import HTTPError
from notifications_python_client.utils import prepare_upload
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject
from requests.auth import AuthBase
from schemathesis.generation import GenerationMode

from bus import topology
from bus.blobs import Blobs
from bus.call_leaves import ADD_LEAVES
from bus.evidence.leaves import commitment, salts_of
from bus.evidence.merkle import leaf_hash
from bus.signatures.keys import from_base64url
from contracts.notify import received, senders
from contracts.notify.files import FILES
from deploy.local.ports import free_port
from gateway.notify import reference
from gateway.reference.samples import bearer
from gateway.reference.samples.form import Call
from services.notify.editors import roles
from services.notify.govuk import api_keys
from services.notify.keys import Keys
from services.notify.sending import consents
from tests import pictures
from tests.databases import make_database
from tests.environments import secrets_in
from tests.gateway.openapi.test_schemathesis import operations, try_operation
from tests.notify.conftest import Hand
from tests.processes import ROOT, Starter
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

MOBILE, EMAIL = "09900000001", "someone@mirab.example"
ADDRESS = {
    "address_line_1": "سارا نمونه",
    "address_line_2": "خیابان آب، پلاک 3",
    "address_line_3": "تهران",
    "postcode": "1193653471",
}
NOBODY = "00000000-0000-4000-8000-000000000000"
NULL_TEXT = {"type": ["string", "null"]}
UUID = {"type": "string", "pattern": "^[0-9a-f-]{36}$"}
TEMPLATE = {
    "type": "object",
    "properties": {"id": UUID, "version": {"type": "integer"}, "uri": {"type": "string"}},
    "required": ["id", "version", "uri"],
}
# Of openapi/schema.json of alphagov/notifications-tech-docs, GetOneMessageResponse.
MESSAGE = {
    "type": "object",
    "properties": {
        "id": UUID,
        "template": TEMPLATE,
        "type": {"enum": ["sms", "email", "letter"]},
        "status": {"type": "string"},
        "body": {"type": "string"},
        "created_at": {"type": "string", "pattern": r"^\d{4}(-\d\d){2}T(\d\d:){2}\d\d\.\d{6}Z$"},
        "is_cost_data_ready": {"type": "boolean"},
        "cost_details": {"type": "object"},
        "cost_in_pounds": {"type": ["number", "null"]},
        **dict.fromkeys(
            (
                "reference",
                "email_address",
                "phone_number",
                "line_1",
                "line_2",
                "line_3",
                "line_4",
                "line_5",
                "line_6",
                "postcode",
                "postage",
                "subject",
                "sent_at",
                "completed_at",
                "created_by_name",
                "scheduled_for",
                "one_click_unsubscribe_url",
            ),
            NULL_TEXT,
        ),
    },
}
MESSAGE["required"] = list(MESSAGE["properties"])
# TemplateResponse of the same.
OF_TEMPLATE = {
    "type": "object",
    "properties": {
        "id": UUID,
        "name": {"type": "string"},
        "type": {"enum": ["sms", "email", "letter"]},
        "created_at": {"type": "string"},
        "updated_at": NULL_TEXT,
        "version": {"type": "integer"},
        "created_by": {"type": "string"},
        "body": {"type": "string"},
        "subject": NULL_TEXT,
        "postage": NULL_TEXT,
        "letter_contact_block": NULL_TEXT,
        "personalisation": {
            "additionalProperties": {"const": {"required": True}},
            "type": "object",
        },
    },
}
OF_TEMPLATE["required"] = list(OF_TEMPLATE["properties"])
PREVIEW = {
    "type": "object",
    "properties": {
        "id": UUID,
        "type": {"enum": ["sms", "email", "letter"]},
        "version": {"type": "integer"},
        "body": {"type": "string"},
        "subject": NULL_TEXT,
        "html": NULL_TEXT,
        "postage": NULL_TEXT,
    },
    "additionalProperties": False,
}
PREVIEW["required"] = list(PREVIEW["properties"])


@pytest.fixture(scope="module")
def notify(tmp_path_factory, broker, postgres, notify_template):
    """A running service of notices with its face, for an agency with three keys and templates."""
    folder = tmp_path_factory.mktemp("notify")
    starter = Starter(folder)
    hand = Hand(make_database(postgres, f"notify_{uuid.uuid4().hex[:8]}", notify_template))
    with own_vhost(broker) as amqp:
        port = free_port()
        environ = {
            **secrets_in(folder),
            "AMQP_URL": amqp,
            "DB_URL": hand.db,
            "NOTIFY_KEY": hand.keys.secret,
            "NOTIFY_PROVIDERS_FILE": str(ROOT / "deploy/notify/providers.toml"),
            "SMTP_URL": "smtp://127.0.0.1:1",
            "HOST": "127.0.0.1",
            # As everywhere in production, each call is in the log of receipts.
            "RECEIPTS_ORIGIN": "mirab.test/receipts",
        }
        service = starter("bus", "serve", "services.notify", **environ)
        leaves = _takes_leaves(amqp)
        starter("gateway.notify", **{**environ, "PORT": str(port)})
        made = SimpleNamespace(
            url=f"http://127.0.0.1:{port}",
            hand=hand,
            amqp=amqp,
            leaves=leaves,
            keys=_keys(hand, "power-co"),
            files=Blobs(Path(environ["BLOBS_DIR"]) / FILES),
            sms=hand.template("((name))، کد شما ((code)) است."),
            email=hand.template(
                "سلام ((name))\n\n((list))", code="mail", channel="email", subject="خبر ((name))"
            ),
            letter=hand.template(
                "سلام ((name))", code="paper", channel="letter", subject="نامه ((name))"
            ),
        )
        wait_for(lambda: "mirab.notify.requests" in service.log, 60)
        wait_for(lambda: _answers(made), 60)
        yield made
        starter.end()
    hand.store.engine.dispose()


def _keys(hand, owner):
    with hand.context() as context:
        keys = {
            kind: api_keys.make(context.conn, context.keys, owner, f"{kind} key", kind)
            for kind in ("live", "team", "test")
        }
        api_keys.add_guest(context.conn, context.keys, owner, MOBILE)
    return keys


def _answers(notify):
    """Whether the face is there, and the service behind it."""
    try:
        client = NotificationsAPIClient(notify.keys["live"], base_url=notify.url)
        return client.get_all_templates()
    except HTTPError:
        return False


def _takes_leaves(amqp):
    """Has the queue of the log of receipts; what it gives are the leaves that it got since."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    channel = connection.channel()
    channel.exchange_declare(topology.COMMANDS, "topic", durable=True)
    channel.queue_declare("leaves", durable=True)
    channel.queue_bind("leaves", topology.COMMANDS, ADD_LEAVES)
    connection.close()

    def take():
        connection = pika.BlockingConnection(pika.URLParameters(amqp))
        bodies = iter(lambda: connection.channel().basic_get("leaves", auto_ack=True)[2], None)
        leaves = [leaf for body in bodies for leaf in json.loads(body)["leaves"]]
        connection.close()
        return {leaf_hash(leaf["leaf"].encode()): leaf for leaf in leaves}

    return take


@pytest.fixture
def live(notify):
    return NotificationsAPIClient(notify.keys["live"], base_url=notify.url)


@pytest.fixture
def trial(notify):
    """Notify's client with a test key."""
    return NotificationsAPIClient(notify.keys["test"], base_url=notify.url)


@pytest.fixture
def call(notify):
    """Calls with a token made now; what is given replaces the body or the headers."""

    def do(method, path, reply=None, *, key="live", headers=(), **more):
        made = notify.keys[key]
        token = create_jwt_token(made[-36:], made[-73:-37])
        fields = {"Authorization": f"Bearer {token}", **dict(headers)}
        return requests.request(
            method, notify.url + path, json=reply, headers=fields, timeout=30, **more
        )

    return do


def refusal(doing, *values, **more):
    """The status and the errors of a refused call of the client."""
    with pytest.raises(HTTPError) as caught:
        doing(*values, **more)
    return caught.value.status_code, [(e["error"], e["message"]) for e in caught.value.message]


# --- receipts ---


def test_each_call_of_a_proven_service_is_a_leaf_before_its_answer_leaves(notify, call):
    values = {"phone_number": MOBILE, "template_id": notify.sms}
    values["personalisation"] = {"name": "Sara", "code": "1"}
    sent = call("POST", "/v2/notifications/sms", values)
    id_ = sent.json()["id"]
    read = call("GET", f"/v2/notifications/{id_}")
    refused = call("POST", "/v2/notifications/sms", {**values, "template_id": NOBODY})
    stranger = create_jwt_token("s" * 36, notify.keys["live"][-73:-37])
    unproven = call("GET", "/v2/templates", headers=[("Authorization", f"Bearer {stranger}")])
    assert (unproven.status_code, "Mirab-Receipt" in unproven.headers) == (403, False)
    leaves = notify.leaves()
    for answer, contract, outcome in (
        (sent, "notify.send.v1", "answered"),
        (read, "notify.message.v1", "answered"),
        (refused, "notify.send.v1", "refused"),
    ):
        leaf = leaves[from_base64url(answer.headers["Mirab-Receipt"])]
        assert leaf["agency"] == "power-co"
        parsed, terms = json.loads(leaf["leaf"]), json.loads(leaf["terms"])
        assert (parsed["contract"], parsed["outcome"]) == (contract, outcome)
        assert terms["way"] == "notify"
        assert terms["key"]
        salts = salts_of(from_base64url(leaf["secret"]))
        body = answer.request.body or f"GET {answer.request.path_url}".encode()
        got = {"request": body}
        if answer.ok:
            got["answer"] = answer.content
        for part, content in got.items():
            assert parsed[part] == commitment(salts[part], part, sha256(content).digest()), part
        assert MOBILE not in str(leaf)
    assert leaves[from_base64url(sent.headers["Mirab-Receipt"])]["call"] == id_


def test_a_message_that_was_taken_is_answered_though_no_leaf_can_be_kept(notify, call):
    """Else its sender would send it again, and its receiver get it twice; a read can wait."""
    values = {"phone_number": MOBILE, "template_id": notify.sms}
    values["personalisation"] = {"name": "Sara", "code": "2"}
    connection = pika.BlockingConnection(pika.URLParameters(notify.amqp))
    connection.channel().queue_unbind("leaves", topology.COMMANDS, ADD_LEAVES)
    try:
        sent = call("POST", "/v2/notifications/sms", values)
        assert (sent.status_code, "Mirab-Receipt" in sent.headers) == (201, False)
        path = f"/v2/notifications/{sent.json()['id']}"
        assert call("GET", path).status_code == 503
    finally:
        connection.channel().queue_bind("leaves", topology.COMMANDS, ADD_LEAVES)
        connection.close()
    assert call("GET", path).status_code == 200


# --- Notify's own client ---


def test_an_sms_goes_its_way_with_a_live_key(notify, live):
    values = {"name": "سارا", "code": 123}
    sent = live.send_sms_notification(MOBILE, notify.sms, values, reference="r/1")
    assert sent["content"]["body"] == "سارا، کد شما 123 است."
    assert (sent["reference"], sent["scheduled_for"]) == ("r/1", None)
    assert sent["uri"] == f"{notify.url}/v2/notifications/{sent['id']}"
    result = live.get_notification_by_id(sent["id"])
    jsonschema.validate(result, MESSAGE)
    assert (result["type"], result["phone_number"]) == ("sms", "+989900000001")
    assert result["template"] == sent["template"]
    # Nobody carries it in this test; the service may have tried by now.
    assert result["status"] in ("created", "sending", "technical-failure")


def test_a_team_key_writes_to_its_guests(notify):
    team = NotificationsAPIClient(notify.keys["team"], base_url=notify.url)
    values = {"name": "سارا", "code": "1"}
    assert team.send_sms_notification(MOBILE, notify.sms, values)["id"]
    assert refusal(team.send_sms_notification, "09900000002", notify.sms, values) == (
        400,
        [("BadRequestError", "Can’t send to this recipient using a team-only API key")],
    )
    pdf = io.BytesIO(a_pdf())
    assert refusal(team.send_precompiled_letter_notification, "x", pdf) == (
        403,
        [("BadRequestError", "Cannot send letters with a team api key")],
    )


def test_an_e_mail_takes_lists_an_unsubscribe_link_and_clean_values(notify, trial):
    sent = trial.send_email_notification(
        EMAIL,
        notify.email,
        {"name": "Ali http://evil.example/x", "list": ["آب", "برق"]},
        one_click_unsubscribe_url="https://power.example/stop",
        sanitise_content_for={"name"},
    )
    assert sent["content"]["subject"] == "خبر Ali"
    assert "@" in sent["content"]["from_email"]
    assert sent["content"]["one_click_unsubscribe_url"] == "https://power.example/stop"
    assert "• آب\n• برق" in sent["content"]["body"]
    assert sent["sanitised_content"]["name"]["unsanitised"] == "Ali http://evil.example/x"
    result = trial.get_notification_by_id(sent["id"])
    jsonschema.validate(result, MESSAGE)
    assert (result["status"], result["email_address"]) == ("delivered", EMAIL)
    assert result["completed_at"] is not None
    assert result["one_click_unsubscribe_url"] == "https://power.example/stop"


def test_a_template_with_our_unsubscribe_link_takes_no_other_and_keeps_its_key(notify, call):
    form = notify.hand.template(
        "((name))", channel="email", code="linked", lane="bulk", consent="news", unsubscribe=True
    )
    with notify.hand.context() as context:
        consents.note(context, "email", "reader@example.com", "news", True, "t", by_receiver=True)
    fields = {"email_address": "reader@example.com", "template_id": form}
    fields["personalisation"] = {"name": "a", "subject": "b"}
    own = {"one_click_unsubscribe_url": "https://power.example/stop"}
    refused = call("POST", "/v2/notifications/email", {**fields, **own}, key="test")
    assert refused.status_code == 400
    assert "leave out yours" in refused.json()["errors"][0]["message"]
    sent = call("POST", "/v2/notifications/email", fields, key="test")
    assert sent.status_code == 201, sent.text
    content = sent.json()["content"]
    address = content["one_click_unsubscribe_url"]
    assert re.fullmatch(r"http[^?]*/unsubscribe/[0-9a-f]{32}", address), "without its key"
    assert address in content["body"]


@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("07700900003", "temporary-failure"),
        ("07700900002", "permanent-failure"),
        (MOBILE, "delivered"),
    ],
)
def test_test_numbers_end_as_notify_documents(notify, trial, to, status):
    sent = trial.send_sms_notification(to, notify.sms, {"name": "a", "code": "1"})
    assert trial.get_notification_by_id(sent["id"])["status"] == status


@pytest.mark.parametrize("kind", ["live", "team", "test"])
def test_simulated_recipients_get_an_answer_and_leave_no_trace(notify, kind):
    client = NotificationsAPIClient(notify.keys[kind], base_url=notify.url)
    values = {"name": "سارا", "code": "1", "list": "آب"}
    sms = client.send_sms_notification("07700900111", notify.sms, values, reference="s")
    email = client.send_email_notification(
        "simulate-delivered-2@notifications.service.gov.uk", notify.email, values
    )
    assert (sms["content"]["body"], sms["reference"]) == ("سارا، کد شما 1 است.", "s")
    assert email["content"]["subject"] == "خبر سارا"
    for sent in (sms, email):
        assert refusal(client.get_notification_by_id, sent["id"]) == (
            404,
            [("NoResultFound", "No result found")],
        )


def test_a_letter_by_a_template_becomes_a_pdf_with_its_address(notify, live):
    sent = live.send_letter_notification(
        notify.letter, {**ADDRESS, "name": "سارا"}, reference="نامه/7"
    )
    assert sent["content"] == {"body": "سلام سارا", "subject": "نامه سارا"}
    result = live.get_notification_by_id(sent["id"])
    jsonschema.validate(result, MESSAGE)
    assert (result["line_1"], result["postcode"]) == ("سارا نمونه", "1193653471")
    assert (result["status"], result["postage"]) == ("accepted", "second")
    assert result["estimated_delivery"] > result["created_at"]
    document = pypdfium2.PdfDocument(live.get_pdf_for_letter(sent["id"]).read())
    page = document[0].get_textpage().get_text_bounded()
    assert "1193653471" in page.replace(" ", "")
    assert sent["id"][:8] in page
    document.close()


def a_pdf():
    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842)
    kept = io.BytesIO()
    document.save(kept)
    document.close()
    return kept.getvalue()


def test_a_letter_that_is_a_pdf_already_comes_back_byte_for_byte(live):
    content = a_pdf()
    sent = live.send_precompiled_letter_notification("ready/1", io.BytesIO(content), "first")
    assert (sent["reference"], sent["postage"]) == ("ready/1", "first")
    assert live.get_pdf_for_letter(sent["id"]).read() == content
    result = live.get_notification_by_id(sent["id"])
    jsonschema.validate(result, MESSAGE)
    assert (result["line_1"], result["postage"]) == ("Provided as PDF", "first")
    assert result["status"] == "pending-virus-check"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not a pdf", "Letter content is not a valid PDF"),
        (b"%PDF-1.7 but no end", "Letter content is not a valid PDF"),
        (b"%PDF-" + b"0" * 2 * 1024 * 1024, "Letter content is larger than 2 MB"),
    ],
)
def test_what_is_no_pdf_is_refused(live, content, reason):
    reply = refusal(live.send_precompiled_letter_notification, "x", io.BytesIO(content))
    assert reply == (400, [("BadRequestError", reason)])


TYPED = [
    "123456789012345678901234567890",
    "18446744073709551616",
    "9007199254740993",
    "1.0",
    "1.10",
    "0.1000000000000000055511151231257827",
    "1e3",
    "-0",
    "-0.0",
    "7",
]


@pytest.mark.parametrize("number", TYPED)
def test_c3_a_number_is_sent_as_it_was_typed(notify, number):
    raw = f'{{"personalisation": {{"name": [{number}], "code": {number}}}}}'.encode()
    token = create_jwt_token(notify.keys["live"][-36:], notify.keys["live"][-73:-37])
    response = requests.post(
        f"{notify.url}/v2/template/{notify.sms}/preview",
        data=raw,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=20,
    )
    assert response.json()["body"] == f"{number}، کد شما {number} است.", response.text


def made_pdf(change):
    """A PDF of one page that ``change`` has made something of."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    change(writer)
    kept = io.BytesIO()
    writer.write(kept)
    return kept.getvalue()


def action(kind, **more):
    named = {NameObject(f"/{name}"): TextStringObject(value) for name, value in more.items()}
    return DictionaryObject({NameObject("/S"): NameObject(kind), **named})


def opened_by(reply):
    return made_pdf(lambda pdf: pdf.root_object.__setitem__(NameObject("/OpenAction"), reply))


def clicked(reply):
    note = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): reply})
    return made_pdf(
        lambda pdf: pdf.pages[0].__setitem__(NameObject("/Annots"), ArrayObject([note]))
    )


SCRIPT = action("/JavaScript", JS="app.alert(1)")
HOSTILE = {
    "only the marks of a PDF": b"%PDF-1.7\n" + b"X5O!P%@AP" + b"\nstartxref\n0\n%%EOF",
    "something before it": b"PK\3\4" + made_pdf(lambda pdf: None),
    "a script when it is opened": opened_by(SCRIPT),
    "a script at a click": clicked(SCRIPT),
    "a script that no page names": made_pdf(lambda pdf: pdf._add_object(SCRIPT)),
    "a script by another name": made_pdf(lambda pdf: None).replace(
        b"/MediaBox", b"/#4aS (x) /MediaBox"
    ),
    "a program at a click": clicked(action("/Launch", F="calc.exe")),
    "an embedded file": made_pdf(lambda pdf: pdf.add_attachment("a.exe", b"MZ")),
    "a password": made_pdf(lambda pdf: pdf.encrypt("secret")),
    "half of it": made_pdf(lambda pdf: None)[:300],
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_s17_a_pdf_that_is_more_or_less_than_a_letter_is_refused(live, content):
    reply = refusal(live.send_precompiled_letter_notification, "x", io.BytesIO(content))
    assert (reply[0], reply[1][0][0]) == (400, "BadRequestError")
    assert reply[1][0][1].startswith("Letter content ")


def test_s17_a_pdf_that_only_says_where_reading_begins_is_a_letter(live):
    content = opened_by(action("/GoTo"))
    assert live.send_precompiled_letter_notification("x", io.BytesIO(content))["id"]


def test_templates_are_listed_read_by_version_and_previewed(notify, live):
    reply = live.get_all_templates()["templates"]
    for entry in reply:
        jsonschema.validate(entry, OF_TEMPLATE)
    assert {t["id"] for t in reply} >= {notify.sms, notify.email, notify.letter}
    assert {t["type"] for t in live.get_all_templates("email")["templates"]} == {"email"}
    item = live.get_template(notify.sms)
    jsonschema.validate(item, OF_TEMPLATE)
    assert item["personalisation"] == {"name": {"required": True}, "code": {"required": True}}
    assert live.get_template_version(notify.sms, 1) == item
    assert refusal(live.get_template_version, notify.sms, 9)[0] == 404
    entries = live.post_template_preview(notify.email, {"name": "سارا", "list": ["آب"]})
    jsonschema.validate(entries, PREVIEW)
    assert (entries["subject"], entries["version"]) == ("خبر سارا", 1)
    assert refusal(live.post_template_preview, notify.email, {"list": "x"}) == (
        400,
        [("BadRequestError", "Missing personalisation: name")],
    )
    assert refusal(live.get_template, NOBODY) == (404, [("NoResultFound", "No result found")])


def test_messages_are_found_by_their_kind_state_and_reference(notify, trial):
    word = uuid.uuid4().hex
    values = {"name": "a", "code": "1", "list": "x"}
    sms = trial.send_sms_notification("07700900003", notify.sms, values, reference=word)
    email = trial.send_email_notification(EMAIL, notify.email, values, reference=word)

    def ids(**more):
        reply = trial.get_all_notifications(reference=word, **more)["notifications"]
        return [item["id"] for item in reply]

    assert ids() == [email["id"], sms["id"]]
    assert ids(template_type="sms") == [sms["id"]]
    assert ids(status="delivered") == [email["id"]]
    assert ids(status="failed") == [sms["id"]]
    assert ids(status=["delivered", "temporary-failure"]) == [email["id"], sms["id"]]
    assert ids(older_than=email["id"]) == [sms["id"]]
    live = NotificationsAPIClient(notify.keys["live"], base_url=notify.url)
    assert live.get_all_notifications(reference=word)["notifications"] == []


def test_pages_of_250_lead_from_one_to_the_next(notify, trial):
    word = uuid.uuid4().hex
    first = trial.send_sms_notification(
        MOBILE, notify.sms, {"name": "a", "code": "1"}, reference=word
    )
    execute(
        notify.hand.db,
        "with copies as (insert into messages select (jsonb_populate_record(m, jsonb_build_object("
        "'id', gen_random_uuid(), 'created_at', m.created_at - n * interval '1 second'))).* "
        "from messages m, generate_series(1, 260) n where m.id = %s returning id) "
        "insert into api_messages select copies.id, a.key, a.kind from copies, api_messages a "
        "where a.message = %s",
        (first["id"], first["id"]),
    )
    page = trial.get_all_notifications(reference=word)
    assert len(page["notifications"]) == 250
    assert page["links"]["current"] == f"{notify.url}/v2/notifications?reference={word}"
    assert page["links"]["next"].endswith(f"&older_than={page['notifications'][-1]['id']}")
    entries = [m["id"] for m in trial.get_all_notifications_iterator(reference=word)]
    assert len(set(entries)) == len(entries) == 261


def test_no_sms_comes_in(live):
    assert live.get_received_texts()["received_text_messages"] == []
    assert list(live.get_received_texts_iterator()) == []


# --- refusals ---


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Authorization": ""}, 401, "Unauthorized: authentication token must be provided"),
        ({"Authorization": "Basic x"}, 401, "Unauthorized: authentication bearer scheme must be"),
        ({"Authorization": "Bearer x"}, 403, "Invalid token: make sure your API token matches"),
        ({"Authorization": "Bearer "}, 403, "Invalid token: make sure your API token matches"),
        ({"Authorization": b"Bearer \xff"}, 403, "Invalid token: make sure your API token matches"),
    ],
)
def test_who_proves_nothing_is_refused_in_notify_s_words(call, headers, status, message):
    reply = call("GET", "/v2/templates", headers=headers)
    body = reply.json()
    assert (reply.status_code, body["status_code"]) == (status, status)
    assert body["errors"][0]["error"] == "AuthError"
    assert body["errors"][0]["message"].startswith(message)


def test_another_agency_sees_nothing_of_ours(notify, live):
    sent = live.send_sms_notification(MOBILE, notify.sms, {"name": "a", "code": "1"})
    keys = _keys(notify.hand, "fuel-co")
    other = NotificationsAPIClient(keys["live"], base_url=notify.url)
    assert refusal(other.get_notification_by_id, sent["id"])[0] == 404
    assert refusal(other.get_pdf_for_letter, sent["id"])[0] == 404
    assert refusal(other.get_template, notify.sms)[0] == 404
    assert other.get_all_templates()["templates"] == []
    assert refusal(other.send_sms_notification, MOBILE, notify.sms, {"name": "a"}) == (
        400,
        [("BadRequestError", "Template not found")],
    )


@pytest.mark.parametrize(
    ("kind", "reply", "errors"),
    [
        ("sms", {}, ["phone_number is a required property", "template_id is a required property"]),
        (
            "sms",
            {"phone_number": "+12025550123", "template_id": NOBODY},
            [
                "phone_number Cannot send to international mobile numbers: only Iranian mobiles "
                "(09..., +989...) are carried"
            ],
        ),
        (
            "sms",
            {"phone_number": "07700900002", "template_id": NOBODY},
            [
                "phone_number Cannot send to international mobile numbers: only Iranian mobiles "
                "(09..., +989...) are carried"
            ],
        ),
        (
            "email",
            {"email_address": "no", "template_id": "no", "x": 1},
            [
                "email_address Not a valid email address",
                "template_id is not a valid UUID",
                "Additional properties are not allowed (x was unexpected)",
            ],
        ),
        (
            "email",
            {
                "email_address": EMAIL,
                "template_id": NOBODY,
                "one_click_unsubscribe_url": "http://a.example",
            },
            ["one_click_unsubscribe_url is not a valid https url"],
        ),
        ("letter", {"template_id": NOBODY}, ["personalisation is a required property"]),
        (
            "letter",
            {"template_id": NOBODY, "personalisation": {"address_line_1": "سارا"}},
            ["Address must be at least 3 lines"],
        ),
        (
            "letter",
            {"content": "x", "postage": "air"},
            [
                "postage invalid. It must be either first, second or economy.",
                "reference is a required property",
            ],
        ),
    ],
)
def test_a_body_that_breaks_the_schema_is_told_each_reason(call, kind, reply, errors):
    answer = call("POST", f"/v2/notifications/{kind}", reply)
    assert answer.status_code == 400
    assert answer.json() == {
        "status_code": 400,
        "errors": [{"error": "ValidationError", "message": message} for message in errors],
    }


LINE, REPLY_TO = "30001234", "answers@power.example"
BLOCK = "Government Digital Service\nThe White Chapel Building\n10 Whitechapel High Street\n"
BLOCK += "London\nE1 8QS\nUnited Kingdom"


@pytest.fixture(scope="module")
def settings_of_clients(notify):
    """The settings that Notify's clients ask for in their integration tests."""
    hand = notify.hand
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
        roles.put(context.conn, "mina", "approver")
    ids = {}
    for channel, text in (("sms", LINE), ("email", REPLY_TO), ("letter", BLOCK)):
        provider = {"provider": "kavenegar"} if channel == "sms" else {}
        default = channel == "letter"
        made = hand.call(
            senders.PROPOSE_SENDER,
            as_="karim",
            owner="power-co",
            channel=channel,
            text=text,
            is_default=default,
            **provider,
        )
        ids[channel] = next(s["id"] for s in made["senders"] if s["text"] == text)
        hand.call(senders.APPROVE_SENDER, as_="mina", id=ids[channel])
    hand.call(
        received.TAKE_TEXT,
        provider="kavenegar",
        ref="7001",
        line=LINE,
        sender="989900000001",
        text="سلام، آب کی وصل می‌شود؟",
    )
    return {
        "NOTIFY_API_URL": notify.url,
        "API_KEY": notify.keys["test"],
        "API_SENDING_KEY": notify.keys["team"],
        "INBOUND_SMS_QUERY_KEY": notify.keys["live"],
        "FUNCTIONAL_TEST_NUMBER": MOBILE,
        "FUNCTIONAL_TEST_EMAIL": EMAIL,
        "SMS_TEMPLATE_ID": hand.template("Hello ((name))", code="hello"),
        "EMAIL_TEMPLATE_ID": hand.template(
            "Hello ((name))", code="hello_mail", channel="email", subject="Functional Tests"
        ),
        "LETTER_TEMPLATE_ID": hand.template(
            "Hello ((address_line_1))", code="hello_paper", channel="letter", subject="Heading"
        ),
        "SMS_SENDER_ID": ids["sms"],
        "EMAIL_REPLY_TO_ID": ids["email"],
    }


def test_the_integration_test_of_notify_s_python_client_passes_untouched(settings_of_clients):
    """`make notify-client CHECKOUT=folder`: the public test of a checkout, with no word changed."""
    checkout = os.environ.get("NOTIFY_CLIENT_CHECKOUT")
    if not checkout:
        pytest.skip("needs a checkout of notifications-python-client")
    done = subprocess.run(
        [sys.executable, "-m", "integration_test.integration_tests"],
        cwd=checkout,
        env={**os.environ, **settings_of_clients},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "integration tests are successful" in done.stdout


def test_the_calls_of_that_integration_test_are_answered_as_it_wants(settings_of_clients):
    """Its calls in its order, short: the same settings, keys, values and assertions."""
    env = settings_of_clients
    trial, team, reader = (
        NotificationsAPIClient(env[name], base_url=env["NOTIFY_API_URL"])
        for name in ("API_KEY", "API_SENDING_KEY", "INBOUND_SMS_QUERY_KEY")
    )
    name = {"name": str(uuid.uuid4())}
    to, mail = env["FUNCTIONAL_TEST_NUMBER"], env["FUNCTIONAL_TEST_EMAIL"]
    sms = trial.send_sms_notification(to, env["SMS_TEMPLATE_ID"], name)
    by_line = team.send_sms_notification(
        to, env["SMS_TEMPLATE_ID"], name, sms_sender_id=env["SMS_SENDER_ID"]
    )
    assert by_line["content"]["from_number"] == LINE
    mails = [
        trial.send_email_notification(
            mail,
            env["EMAIL_TEMPLATE_ID"],
            name,
            email_reply_to_id=reply_to,
            one_click_unsubscribe_url="https://unsubscribelink.com/unsubscribe",
            sanitise_content_for=["name"],
        )
        for reply_to in (None, env["EMAIL_REPLY_TO_ID"])
    ]
    assert all(name["name"].replace("-", "\\-") in sent["content"]["body"] for sent in mails)
    letter = trial.send_letter_notification(
        env["LETTER_TEMPLATE_ID"],
        {"address_line_1": name["name"], "address_line_2": "foo", "postcode": "SW1 1AA"},
    )
    assert name["name"] in letter["content"]["body"]
    ready = trial.send_precompiled_letter_notification(name["name"], io.BytesIO(a_pdf()))
    for sent in (sms, by_line, *mails, letter, ready):
        jsonschema.validate(trial.get_notification_by_id(sent["id"]), MESSAGE)
    of_letter = trial.get_template(env["LETTER_TEMPLATE_ID"])
    assert of_letter["letter_contact_block"] == BLOCK
    assert trial.get_template_version(env["SMS_TEMPLATE_ID"], 1)["version"] == 1
    assert len(trial.get_pdf_for_letter(letter["id"]).read()) > 0
    texts = reader.get_received_texts()["received_text_messages"]
    assert {(t["user_number"], t["notify_number"]) for t in texts} == {("989900000001", LINE)}
    assert [t["id"] for t in reader.get_received_texts_iterator()] == [t["id"] for t in texts]


def test_a_file_by_e_mail_becomes_a_link_that_waits_for_the_scanner(notify, live, trial):
    form = notify.hand.template(
        "بخوانید: ((file))", code="with_file", channel="email", subject="نامه"
    )
    pdf = io.BytesIO(b"%PDF-1.7 a notice")
    file = prepare_upload(pdf, filename="notice.pdf", retention_period="4 weeks")
    sent = live.send_email_notification(EMAIL, form, {"file": file}, sanitise_content_for=["a"])
    link = re.search(r"/files/([0-9a-f-]{36})/[\w-]{22}", sent["content"]["body"])
    row = notify.hand.row("select * from sent_files where id = %s", link[1])
    assert (row.state, row.owner, row.size, row.type) == ("HELD", "power-co", 17, "application/pdf")
    assert row.until_at - row.made_at == dt.timedelta(weeks=4)
    assert live.get_notification_by_id(sent["id"])["body"] == sent["content"]["body"]
    simulated = trial.send_email_notification(
        "simulate-delivered@notifications.service.gov.uk", form, {"file": file}
    )
    assert "/documents/test-document" in simulated["content"]["body"]
    reply = refusal(live.send_sms_notification, MOBILE, notify.sms, {"name": file, "code": "1"})
    assert reply == (400, [("BadRequestError", "Can only send a file by email")])


def test_a_photo_by_e_mail_goes_out_without_its_place_and_a_broken_one_is_refused(notify, live):
    form = notify.hand.template(
        "ببینید: ((file))", code="with_photo", channel="email", subject="عکس"
    )
    came = pictures.photo()
    file = prepare_upload(io.BytesIO(came), filename="map.jpg")
    sent = live.send_email_notification(EMAIL, form, {"file": file})
    link = re.search(r"/files/([0-9a-f-]{36})/[\w-]{22}", sent["content"]["body"])
    row = notify.hand.row("select * from sent_files where id = %s", link[1])
    kept = notify.files.read(row.sha256)
    assert pictures.facts(kept) == pictures.CLEAN
    assert (pictures.pixels(kept), row.size) == (pictures.pixels(came), len(kept))
    broken = prepare_upload(io.BytesIO(pictures.photo("PNG")[:3000]), filename="map.png")
    reply = refusal(live.send_email_notification, EMAIL, form, {"file": broken})
    assert reply[0] == 400
    assert "The picture cannot be read" in reply[1][0][1]


def test_what_is_chosen_goes_out_and_the_sender_is_the_agency_s_own(notify, settings_of_clients):
    env = settings_of_clients
    live = NotificationsAPIClient(notify.keys["live"], base_url=notify.url)
    sent = live.send_email_notification(
        EMAIL,
        env["EMAIL_TEMPLATE_ID"],
        {"name": "a-b"},
        email_reply_to_id=env["EMAIL_REPLY_TO_ID"],
        sanitise_content_for=["name"],
    )
    # What is sent has no marks: no value is read as markup here.
    content = notify.hand.message(sent["id"]).contents["email"]
    assert (content["sender"], content["body"]) == (REPLY_TO, "Hello a-b")
    other = NotificationsAPIClient(_keys(notify.hand, "gas-co")["live"], base_url=notify.url)
    form = notify.hand.template("Hello ((name))", code="hello", owner="gas-co")
    code, ((_, reason),) = refusal(
        other.send_sms_notification, MOBILE, form, {"name": "a"}, sms_sender_id=env["SMS_SENDER_ID"]
    )
    assert (code, "does not exist in database" in reason) == (400, True)
    assert other.get_received_texts()["received_text_messages"] == []


def test_ids_of_senders_that_nobody_has_are_refused_as_notify_does(notify, live):
    service = notify.keys["live"][-73:-37]
    for send, to, form, name in (
        (live.send_sms_notification, MOBILE, notify.sms, "sms_sender_id"),
        (live.send_email_notification, EMAIL, notify.email, "email_reply_to_id"),
    ):
        assert refusal(send, to, form, {"name": "a"}, **{name: NOBODY}) == (
            400,
            [
                (
                    "BadRequestError",
                    f"{name} {NOBODY} does not exist in database for service id {service}",
                )
            ],
        )


def test_what_the_template_needs_is_named(notify, live):
    assert refusal(live.send_sms_notification, MOBILE, notify.sms, {"Name": "a"}) == (
        400,
        [("BadRequestError", "Missing personalisation: code")],
    )
    reply = refusal(live.send_sms_notification, MOBILE, notify.email, {"name": "a", "list": "b"})
    assert reply[1] == [("BadRequestError", "email template is not suitable for sms notification")]
    long = {"name": "آ" * 1500, "code": "1"}
    ((error, message),) = refusal(live.send_sms_notification, MOBILE, notify.sms, long)[1]
    assert (error, message[:26]) == ("BadRequestError", "Your message is too long. ")


def test_a_body_that_is_no_json_is_said_so(call):
    for body in (b"{", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 100_000):
        reply = call("POST", "/v2/notifications/sms", data=body)
        assert (reply.status_code, reply.json()["errors"][0]["message"]) == (
            400,
            "Invalid JSON supplied in POST data",
        )
    assert call("POST", "/v2/notifications/sms", data=b"x" * 300_000).status_code == 413


def test_queries_are_checked(call):
    reply = call("GET", "/v2/notifications?status=elephant&template_type=Apple&older_than=1&x=1")
    assert [e["message"].split(" is not one of")[0] for e in reply.json()["errors"]] == [
        "status elephant",
        "template_type Apple",
        "older_than is not a valid UUID",
        "Additional properties are not allowed (x was unexpected)",
    ]
    (error,) = call("GET", "/v2/templates?type=fax").json()["errors"]
    assert error["message"] == "type fax is not one of [sms, email, letter]"
    (error,) = call("GET", "/v2/notifications/5").json()["errors"]
    assert error["message"] == "notification_id is not a valid UUID"
    (error,) = call("GET", "/v2/template/5").json()["errors"]
    assert error["message"] == "id is not a valid UUID"


def test_what_is_no_letter_has_no_pdf(notify, live):
    sent = live.send_sms_notification(MOBILE, notify.sms, {"name": "a", "code": "1"})
    assert refusal(live.get_pdf_for_letter, sent["id"]) == (
        400,
        [("BadRequestError", "Notification is not a letter")],
    )


def test_paths_and_methods_that_are_not_there_are_told_as_at_notify_s_root(call):
    lost = call("GET", "/v2/nothing")
    assert lost.status_code == 404
    assert lost.json()["result"] == "error"
    assert lost.json()["message"].startswith("The requested URL was not found on the server.")
    wrong = call("DELETE", "/v2/templates")
    assert (wrong.status_code, wrong.json()["message"]) == (
        405,
        "The method is not allowed for the requested URL.",
    )
    assert wrong.headers["Allow"] == "GET, HEAD"


def test_who_asks_too_often_is_told_to_wait(notify, call):
    keys = _keys(notify.hand, "justice")
    service = keys["test"][-73:-37]
    execute(notify.hand.db, "update api_services set a_minute = 3 where id = %s", (service,))
    notify.keys["slow"] = keys["test"]
    reply = [call("POST", "/v2/notifications/sms", {}, key="slow") for _ in range(4)][-1]
    assert reply.json() == {
        "status_code": 429,
        "errors": [
            {
                "error": "RateLimitError",
                "message": "Exceeded rate limit for key type TEST of 3 requests per 60 seconds",
            }
        ],
    }
    assert int(reply.headers["Retry-After"]) > 0


def test_a_service_at_its_limit_is_told_which_it_is_and_until_when(notify, call):
    keys = _keys(notify.hand, "limited")
    notify.keys["limited"] = keys["live"]
    form = notify.hand.template("((name))", owner="limited", code="limited")
    execute(
        notify.hand.db,
        "insert into sender_rules (id, owner, channel, rule, value, from_day, reason, state, "
        "proposed_by, approved_by, made_at) values (gen_random_uuid(), 'limited', 'sms', 'a_day', "
        "1, '2026-01-01', '', 'APPROVED', 'karim', 'mina', now())",
    )
    fields = {"phone_number": MOBILE, "template_id": form, "personalisation": {"name": "a"}}
    repeated = {"Idempotency-Key": uuid.uuid4().hex}
    first = call("POST", "/v2/notifications/sms", fields, key="limited", headers=repeated)
    assert first.status_code == 201, first.text
    over = call("POST", "/v2/notifications/sms", fields, key="limited")
    assert over.status_code == 429
    (error,) = over.json()["errors"]
    assert error["error"] == "TooManyRequestsError"
    assert error["message"].startswith("Exceeded send limits (sms: 1) for today; messages are ")
    assert 0 < int(over.headers["Retry-After"]) <= 86_401
    again = call("POST", "/v2/notifications/sms", fields, key="limited", headers=repeated)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


def test_the_same_idempotency_key_is_the_same_message(notify, call):
    fields = {
        "phone_number": MOBILE,
        "template_id": notify.sms,
        "personalisation": {"name": "a", "code": "1"},
    }
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first, again = (
        call("POST", "/v2/notifications/sms", fields, headers=headers) for _ in range(2)
    )
    assert first.json() == again.json()
    other = call("POST", "/v2/notifications/sms", {**fields, "reference": "x"}, headers=headers)
    assert other.status_code == 409
    plain = {call("POST", "/v2/notifications/sms", fields).json()["id"] for _ in range(2)}
    assert len(plain) == 2


def test_a_moment_within_a_day_is_kept(notify, call):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    payload = call(
        "POST",
        "/v2/notifications/email",
        {
            "email_address": EMAIL,
            "template_id": notify.email,
            "scheduled_for": at,
            "personalisation": {"name": "a", "list": "b"},
        },
    ).json()
    assert payload["scheduled_for"] == at.replace("Z", ".000000Z")
    body = call("GET", f"/v2/notifications/{payload['id']}").json()
    assert (body["scheduled_for"], body["status"]) == (payload["scheduled_for"], "created")


# --- whatever comes ---

words = st.text(max_size=12)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_no_body_stumbles_us(notify, call, data):
    forms = {"sms": notify.sms, "email": notify.email, "letter": notify.letter}
    kind = data.draw(st.sampled_from(sorted(forms)))
    reply = data.draw(
        anything
        | st.fixed_dictionaries(
            {"template_id": st.just(forms[kind])},
            optional={
                "phone_number": st.just(MOBILE) | anything,
                "email_address": st.just(EMAIL) | anything,
                "personalisation": anything
                | st.fixed_dictionaries(
                    {
                        **{n: st.just(v) for n, v in ADDRESS.items()},
                        "name": anything,
                        "code": anything,
                        "list": anything,
                    }
                ),
                "reference": anything,
                "scheduled_for": anything,
                "one_click_unsubscribe_url": anything | st.just("https://a.example/\u2028"),
                "sanitise_content_for": anything,
                "content": anything | st.just(base64.b64encode(b"%PDF-x").decode()),
                "postage": anything,
            },
        )
    )
    body = json.dumps(reply, ensure_ascii=False).encode("utf-8", "surrogatepass")
    answer = call("POST", f"/v2/notifications/{kind}", data=body, key="test")
    assert answer.status_code in (201, 400, 413, 429), answer.text
    if answer.status_code != 201:
        errors = answer.json()["errors"]
        assert errors
        assert all(set(error) == {"error", "message"} for error in errors)


@settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    path=st.sampled_from(
        [
            "notifications",
            "templates",
            "received-text-messages",
            f"notifications/{NOBODY}",
            f"template/{NOBODY}",
            f"template/{NOBODY}/version/0",
            f"notifications/{NOBODY}/pdf",
        ]
    )
    | words.map(lambda word: f"notifications/{quote(word, safe='')}"),
    query=st.dictionaries(
        st.sampled_from(
            ["status", "template_type", "older_than", "reference", "include_jobs", "type"]
        )
        | words,
        words | st.sampled_from(["failed", "sms", "true", NOBODY]),
        max_size=3,
    ),
)
def test_no_query_stumbles_us(call, path, query):
    answer = call("GET", f"/v2/{path}", params=query)
    assert answer.status_code in (200, 400, 404), answer.text
    assert isinstance(answer.json(), dict)


def test_bash_openssl_and_curl_send_one(notify):
    script = ROOT / "docs/examples/notify.sh"
    body = {
        "phone_number": MOBILE,
        "template_id": notify.sms,
        "personalisation": {"name": "سارا", "code": "1"},
    }
    output = subprocess.run(
        ["bash", str(script), "POST", "/v2/notifications/sms", json.dumps(body)],
        env={
            "PATH": os.environ["PATH"],
            "NOTIFY_URL": notify.url,
            "NOTIFY_API_KEY": notify.keys["test"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (output.returncode, output.stderr) == (0, "")
    assert json.loads(output.stdout)["content"]["body"] == "سارا، کد شما 1 است."


SAMPLES = {"curl": "bash", "python": sys.executable, "node": "node", "php": "php"}


@pytest.mark.parametrize("way", SAMPLES)
def test_each_sample_of_the_reference_runs_as_it_stands(notify, tmp_path, way):
    if way == "php" and shutil.which("php") is None:
        pytest.skip("php is not installed")
    body = {
        "phone_number": MOBILE,
        "template_id": notify.sms,
        "personalisation": {"name": "سارا", "code": "it's 1"},
    }
    for call, output in (
        (
            Call("sms", "POST", notify.url, "/v2/notifications/sms", body),
            "سارا، کد شما it's 1 است.",
        ),
        (Call("templates", "GET", notify.url, "/v2/templates", None), '"templates"'),
    ):
        [sample] = [s for s in bearer.samples(call) if s.language.key == way]
        program = tmp_path / f"call.{'mjs' if way == 'node' else way}"
        program.write_text(sample.text.replace(bearer.KEY, notify.keys["test"]), encoding="utf-8")
        done = subprocess.run(
            [SAMPLES[way], program], capture_output=True, text=True, check=False, timeout=60
        )
        assert output in done.stdout, (done.stdout, done.stderr)


def test_the_message_of_each_sample_has_the_form_that_is_taken(notify, call):
    for panel in reference.site(notify.url).panels:
        path = panel.path.replace("{id}", reference.ID).replace("{version}", "1")
        body = json.loads(panel.body) if panel.body else None
        answer = call(panel.method, path, body)
        assert answer.status_code in (200, 201, 400, 404), (panel.name, answer.text)
        if answer.status_code == 400:
            assert answer.json()["errors"][0]["error"] != "ValidationError", answer.text


def test_the_keys_of_these_tests_open_nothing_else(notify):
    """The secret by which the service seals is not what signs tokens."""
    assert (
        Keys("another secret").open(
            execute(notify.hand.db, "select secret from api_keys limit 1")[0][0]
        )
        is None
    )


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_d9_the_notify_api_is_as_its_document_says(notify, mode):
    class Bearer(AuthBase):
        def __call__(self, request):
            made = notify.keys["test"]
            token = create_jwt_token(made[-36:], made[-73:-37])
            request.headers["Authorization"] = f"Bearer {token}"
            return request

    for operation in operations(notify.url):
        if mode.is_positive or operation.method.upper() == "POST":
            try_operation(operation, mode, 2, Bearer())
