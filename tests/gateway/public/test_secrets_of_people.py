"""Secrets follow from no id that anybody can read: from no key, log, dump or other form."""

import re
import uuid

import pytest

from bus.errors import Conflict
from tests.gateway.papers.test_documents import text_of
from tests.gateway.public.strangers import REGISTERED, Portal
from tests.processes import ROOT

REGISTER, INBOX, OWN = "ticketing.register.v1", "notify.make_inbox.v1", "inquiry.ask_own.v1"
TICKET = {"kind": "complaint", "category": "illegal_well", "text": "چاه می‌زنند", "declared": True}
ASKED = {"key": "9905251782", "file_no": "1001/5", "declared": "1"}


@pytest.fixture
def portal(tmp_path):
    return Portal(tmp_path)


def register(portal, key, **more):
    headers = {"Idempotency-Key": f'"{key}"'}
    return portal.send("POST", "/v1/tickets", json={**TICKET, **more}, headers=headers).json()


def test_s8_the_key_of_another_programs_ticket_opens_nothing_at_any_form(portal):
    key = str(uuid.uuid4())
    secret = register(portal, key)["secret"]
    for path, fields in (("/inbox", {}), ("/inquiry", ASKED)):
        portal.send("POST", path, data={"form": key, **fields})
    made = portal.services.secrets(INBOX) + portal.services.secrets(OWN)
    assert len(made) == 2
    assert secret not in made


def test_s8_a_form_that_is_not_ours_gets_a_secret_that_nobody_else_is_shown(portal):
    for _ in range(2):
        portal.send("POST", "/inbox", data={"form": "a form of my own"})
        portal.send("POST", "/inquiry", data={"form": "a form of my own", **ASKED})
    for contract in (INBOX, OWN):
        assert len(set(portal.services.secrets(contract))) == 2
        assert len(set(portal.services.ids(contract))) == 2


@pytest.mark.parametrize(("path", "contract"), [("/inbox", INBOX), ("/inquiry", OWN)])
def test_s8_a_form_of_ours_is_one_act_with_one_secret_and_another_has_another(
    portal, path, contract
):
    form = portal.form(path)
    for sent in (form, form, portal.form(path)):
        portal.send("POST", path, data={"form": sent, **ASKED})
    item, again, other = portal.services.secrets(contract)
    assert item == again != other
    assert re.fullmatch("[0-9]{20}", item)
    item, again, other = portal.services.ids(contract)
    assert item == again != other


@pytest.mark.parametrize(("path", "contract"), [("/inbox", INBOX), ("/inquiry", OWN)])
def test_s9_an_id_from_a_log_or_a_dump_is_none_that_anybody_can_send(portal, path, contract):
    portal.send("POST", path, data={"form": portal.form(path), **ASKED})
    (id_,), (secret,) = portal.services.ids(contract), portal.services.secrets(contract)
    for stolen in (id_, secret):
        portal.send("POST", path, data={"form": stolen, **ASKED})
        register(portal, str(uuid.UUID(id_)))
    assert portal.services.secrets(contract).count(secret) == 1
    assert portal.services.ids(contract).count(id_) == 1
    assert secret not in portal.services.secrets(REGISTER)
    assert id_ not in portal.services.ids(REGISTER)


def test_s9_an_id_of_a_payment_in_a_log_begins_no_payment_again(portal):
    portal.services.replies["billing.start_payment.v1"] = {"order": 7, "key": "k"}
    path = "/v1/bills/1462119/175550912/payments"
    for first in (True, False):
        key = str(uuid.uuid4()) if first else portal.services.ids("billing.start_payment.v1")[0]
        headers = {"Idempotency-Key": f'"{key}"'}
        portal.send("POST", path, json={"psp": "sep"}, headers=headers)
    assert len(set(portal.services.ids("billing.start_payment.v1"))) == 2


def test_s10_an_idempotency_key_without_the_whole_body_is_told_no_secret(portal):
    key = str(uuid.uuid4())
    item, again = register(portal, key), register(portal, key)
    assert item["secret"] == again["secret"]
    other = register(portal, key, text="چیز دیگر")
    assert other["secret"] != item["secret"], "the service refuses it as a misuse of the key"
    assert len(set(portal.services.ids(REGISTER))) == 1
    document = (ROOT / "docs/citizens-api.md").read_text(encoding="utf-8")
    assert "need not be kept secret" in document


def test_s8_another_key_of_the_portal_gives_other_secrets_and_ids(tmp_path):
    key, houses = str(uuid.uuid4()), [Portal(tmp_path, PORTAL_KEY=k) for k in ("one", "two")]
    replies = [register(house, key)["secret"] for house in houses]
    assert len(set(replies)) == 2
    assert len({house.services.ids(REGISTER)[0] for house in houses}) == 2


LISTS = {"categories": [], "counties": [], "units": [], "hours_fa": "", "hours_en": ""}
ANSWERS = {"step": "check", "go": "next", **{k: str(v) for k, v in TICKET.items()}, "declared": "1"}


def test_who_goes_back_and_writes_something_else_is_told_and_registers_it_on_its_own(portal):
    replies = {"ticketing.form.v1": LISTS, REGISTER: Conflict("x", code="idempotency_key.reused")}
    portal.services.replies |= replies
    form = portal.form("/contact/new")
    refused = portal.send("POST", "/contact/new", data={**ANSWERS, "form": form})
    assert (refused.status_code, "پیش‌تر یک بار فرستاده‌اید" in refused.text) == (422, True)
    del portal.services.replies[REGISTER]
    fresh = re.search(r'name="form" value="([^"]+)"', refused.text)[1]
    done = portal.send("POST", "/contact/new", data={**ANSWERS, "form": fresh})
    assert done.headers["location"].startswith("/contact/done?of=")
    assert (
        len(set(portal.services.ids(REGISTER))) == len(set(portal.services.secrets(REGISTER))) == 2
    )


def test_what_was_registered_is_kept_as_a_paper_of_the_page_that_shows_it(portal):
    unit = {"fa": "آب زیرزمینی", "en": "Groundwater", "email": "groundwater@unit.example"}
    portal.services.replies |= {
        "ticketing.form.v1": LISTS,
        REGISTER: {**REGISTERED, "code": "4052138845", "token": None, "unit": unit},
    }
    done = portal.send(
        "POST", "/contact/new", data={**ANSWERS, "form": portal.form("/contact/new")}
    )
    assert done.status_code == 303
    (secret,) = portal.services.secrets(REGISTER)
    cookies = "; ".join(f"{name}={value}" for name, value in done.cookies.items())
    page = portal.send("GET", done.headers["location"], headers={"Cookie": cookies}).text
    path = re.search(r'action="([^"]+\.pdf)"', page)[1]
    seal = re.search(r'name="ticket" value="([^"]+)"', page)[1]
    paper = portal.send("POST", path, data={"ticket": seal})
    assert paper.headers["cache-control"] == "no-store"
    assert paper.headers["content-disposition"].startswith("attachment")
    text = "".join(text_of(paper.content).split())
    assert secret in text
    assert "4052138845" in text
    door = dict(cookie.split("=", 1) for cookie in cookies.split("; "))["mirab_ticket"]
    for foreign in ("", seal[:-2], door):
        none = portal.send("POST", path, data={"ticket": foreign})
        assert (none.status_code, none.headers["location"]) == (303, "/contact/done")
