"""The register of agencies: proposed by one officer, in force by two, taken back by one."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from bus.database.marks import Marks
from bus.signatures.keys import SigningKey
from contracts.agencies import desk
from contracts.agencies import register as contracts
from contracts.agencies.contacts import WRITE_TO_CONTACTS
from contracts.notify.messages import SEND_MESSAGE
from tests.agencies.register.registrars import Hand, document, grant, new_jwk, public
from tests.stores import execute, told_to_proposers


def opened(jws, key_file):
    """What a signed copy says, after its signature was verified with the public key alone."""
    head, body, signature = (
        base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in jws.split(".")
    )
    signed = jws.rpartition(".")[0].encode()
    assert SigningKey.load(key_file, "").public.verify(signature, signed)
    return json.loads(head), json.loads(body)


# --- two pairs of eyes ---


def test_a_proposal_is_in_force_when_another_officer_approved_it_and_is_told_signed(
    register, key_file
):
    reply = document()
    proposed = register.propose(reply)
    assert (proposed["state"], proposed["proposed_by"]) == ("DRAFT", "karim")
    assert register.call(contracts.COPIES, after=0) == {"version": 0, "copies": []}
    assert register.approve(proposed["id"])["state"] == "APPROVED"
    copies = register.call(contracts.COPIES, after=0)
    (copy,) = copies["copies"]
    head, body = opened(copy["jws"], key_file)
    assert head == {"typ": "mirab-register+jws", "alg": "EdDSA", "kid": "register"}
    assert body == {**reply, "version": copy["version"]}
    assert register.events() == [("a-co", copy["version"])]
    assert register.call(contracts.COPIES, after=copies["version"])["copies"] == []


def test_nobody_approves_or_refuses_what_he_proposed_himself_and_no_clerk_approves(register):
    own = register.propose(document(), as_="mina")
    for act in (
        register.approve(own["id"], as_="mina"),
        register.call(desk.REFUSE, as_="mina", id=own["id"], why="because"),
    ):
        assert act["code"] == "register.same_person"
    assert register.approve(own["id"], as_="karim")["code"] == "register.not_an_approver"
    assert register.approve(own["id"], as_="sara")["code"] == "register.not_an_officer"
    assert execute(register.db, "select count(*) from agencies") == [(0,)]


def test_a_decision_is_taken_once(register):
    id_ = register.propose(document())["id"]
    refused = register.call(desk.REFUSE, as_="nader", id=id_, why="no letter came")
    assert (refused["state"], refused["decision"]) == ("REFUSED", "no letter came")
    assert register.approve(id_)["code"] == "change.move"
    other = register.propose(document())["id"]
    assert register.call(desk.WITHDRAW, as_="karim", id=other)["state"] == "WITHDRAWN"
    assert register.call(desk.WITHDRAW, as_="karim", id=other)["code"] == "change.move"
    assert register.approve(99999)["code"] == "change.not_found"
    outcomes = told_to_proposers(register.db)
    assert outcomes[0][1:] == ("register_change", False, "no letter came")


def test_a_proposal_for_a_version_that_is_gone_is_refused_when_made_and_when_approved(register):
    proposed = document()
    version = register.put(proposed)
    assert register.propose({**proposed, "name": "B"}, version - 1)["code"] == "change.stale"
    assert register.propose({**proposed, "name": "B"}, 0)["code"] == "change.stale"
    late = register.propose({**proposed, "name": "B"}, version)
    register.put({**proposed, "name": "C"})
    assert register.approve(late["id"])["code"] == "change.stale"
    assert register.call(desk.READ_CHANGE, as_="karim", id=late["id"])["stale"]
    assert register.row()[2]["name"] == "C"


def test_of_what_is_approved_at_the_same_moment_one_is_in_force(register):
    proposed = document()
    version = register.put(proposed)
    ids = [register.propose({**proposed, "name": f"B {n}"}, version)["id"] for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(register.approve, ids))
    good = [answer for answer in answers if "state" in answer]
    assert [answer["code"] for answer in answers if answer not in good] == ["change.stale"] * 3
    assert register.row()[2]["name"] == f"B {ids.index(good[0]['id'])}"
    assert register.version() == version + 1


def test_what_is_in_force_is_not_proposed_again(register):
    proposed = document()
    assert register.propose(proposed, register.put(proposed))["code"] == "change.nothing"


def test_a_proposal_tells_line_by_line_what_it_changes(register):
    proposed = document()
    version = register.put(proposed)
    change = register.propose({**proposed, "grants": [grant("inquiry.*")]}, version)
    changed = {(line["kind"], line["text"]) for line in change["lines"] if line["kind"] != "same"}
    assert changed == {
        ("gone", 'contract = "inquiry.ask.v1"'),
        ("new", 'contract = "inquiry.*"'),
    }


# --- what is checked ---


BAD = {
    "an unknown contract": ({"grants": [grant("inquiry.nothing.v1")]}, "grants.0.contract"),
    "one that no agency may call": (
        {"grants": [grant("billing.void_bill.v1")]},
        "grants.0.contract",
    ),
    "a word that is unknown": ({"grants": [{**grant(), "purpose": "x"}]}, "grants.0.purpose"),
    "a day that is none": ({"grants": [grant(until="2030-02-30")]}, "grants.0.until"),
    "a network that is none": ({"grants": [grant(networks=["10.0.0.0/99"])]}, "grants.0"),
    "half a quota": ({"grants": [grant(per_day=0.5)]}, "grants.0.per_day"),
    "a code that is a path": ({"code": "../x"}, "code"),
    "our own code": ({"code": "mirab"}, "code"),
    "a code of the sandbox": ({"code": "sandbox-1"}, "code"),
    "a key that is none": (
        {"keys": [{"id": "k", "public_key": "AAAA", "until": "2030-01-01"}]},
        "keys.0",
    ),
    "a private key": (
        {"keys": [{"id": "k", "until": "2030-01-01", "jwk": {"kty": "OKP", "d": "x"}}]},
        "keys.0.jwk",
    ),
    "a key twice": (
        {"keys": [{"id": "k", "public_key": public(), "until": "2030-01-01"}] * 2},
        "keys.1.id",
    ),
    "a certificate that is none": (
        {"certificates": [{"id": "c", "sha256": "00", "until": "2030-01-01"}]},
        "certificates.0",
    ),
    "a name of X-Road with a slash": (
        {"xroad": [{"member_class": "GOV", "member_code": "1/2", "until": "2030-01-01"}]},
        "xroad.0.member_code",
    ),
    "a name of X-Road without a day": (
        {"xroad": [{"member_class": "GOV", "member_code": "1"}]},
        "xroad.0.until",
    ),
    "a name of X-Road twice": (
        {"xroad": [{"member_class": "GOV", "member_code": "1", "until": "2030-01-01"}] * 2},
        "xroad.1.member_code",
    ),
    "serving what nobody serves": ({"amqp": {"serves": ["inquiry.ask.v1"]}}, "amqp.serves.0"),
    "hearing what agencies do not hear": (
        {"events": {"hears": ["inquiry.ask.v1"]}},
        "events.hears.0",
    ),
}


@pytest.mark.parametrize(("change", "field"), BAD.values(), ids=BAD)
def test_a_bad_document_is_refused_by_its_field(register, change, field):
    refused = register.propose({**document(), **change})
    assert refused["code"] == "field.wrong"
    assert any(f["field"].startswith(f"document.{field}") for f in refused["fields"]), refused


def test_a_text_that_is_no_toml_is_told_so(register):
    request = {"toml": "code = [", "base_version": 0, "reason": "letter 7"}
    refused = register.call(desk.PROPOSE, as_="karim", **request)
    assert (refused["code"], refused["fields"][0]["field"]) == ("field.wrong", "toml")


def test_a_name_of_x_road_is_of_one_agency(register):
    name = {"member_class": "GOV", "member_code": "1", "until": "2030-01-01"}
    register.put(document(xroad=[name, {**name, "subsystem_code": "fuel"}]))
    theirs = {**name, "subsystem_code": "fuel", "purpose": "court_case"}
    refused = register.propose(document("b-co", xroad=[theirs]))
    assert [fault["field"] for fault in refused["fields"]] == ["document.xroad.0.member_code"]


def test_what_another_agency_has_is_not_given_again(register):
    first = document(
        "a-co",
        certificates=[{"id": "c", "sha256": "ab" * 32, "until": "2030-01-01"}],
        amqp={"serves": ["land_registry.sources_of_parcel.v1"]},
    )
    register.put(first)
    second = {**first, "code": "b-co"}
    refused = register.propose(second)
    assert {f["field"] for f in refused["fields"]} == {
        "document.keys.0.id",
        "document.keys.0.public_key",
        "document.certificates.0.id",
        "document.certificates.0.sha256",
        "document.amqp.serves.0",
    }


def test_what_was_free_when_proposed_and_is_not_when_approved_is_refused_then(register):
    entry, other = document("a-co"), document("b-co")
    other["keys"][0]["id"] = entry["keys"][0]["id"]
    ids = [register.propose(reply)["id"] for reply in (entry, other)]
    assert register.approve(ids[0])["state"] == "APPROVED"
    assert register.approve(ids[1])["code"] == "field.wrong"


# --- revoking ---


@pytest.mark.parametrize("kind", ["key", "certificate", "grant", "delegation"])
def test_one_officer_takes_a_right_back_at_once_and_nothing_else(register, kind):
    proposed = document(
        certificates=[{"id": "c", "sha256": "ab" * 32, "until": "2030-01-01"}],
        delegations=[
            {
                "to": "b-co",
                "contract": "inquiry.ask.v1",
                "purposes": ["fuel_quota"],
                "until": "2030-01-01",
            }
        ],
    )
    proposed["keys"].append({"id": "a-co-2", "public_key": public(), "until": "2030-01-01"})
    proposed["grants"].append(grant("inquiry.get.v1"))
    version = register.put(proposed)
    ids = register.call(desk.READ, as_="karim", code="a-co")["ids"]
    name = {"key": "a-co-1", "certificate": "c"}.get(kind) or ids[f"{kind}s"][0]
    changed = register.revoke(kind, name)
    assert changed["version"] > version
    assert register.row()[2] == {**proposed, f"{kind}s": proposed[f"{kind}s"][1:]}
    assert register.events()[-1] == ("a-co", changed["version"])
    assert register.revoke(kind, name)["code"] == "right.not_found"


def test_a_whole_agency_is_gone_at_once_and_comes_back_by_two(register, key_file):
    proposed = document()
    register.put(proposed)
    changed = register.revoke("agency")
    (copy,) = register.call(contracts.COPIES, after=0)["copies"]
    without_rights = {
        "code": "a-co",
        "name": "A",
        "version": changed["version"],
        "state": "REVOKED",
    }
    assert opened(copy["jws"], key_file)[1] == without_rights
    assert register.revoke("agency")["code"] == "agency.not_found"
    assert register.call(contracts.OWN, asker="a-co")["code"] == "agency.not_found"
    back = register.propose(proposed, changed["version"], as_="mina")
    assert register.approve(back["id"], as_="mina")["code"] == "register.same_person"
    assert register.approve(back["id"])["state"] == "APPROVED"
    assert register.row()[1] == "IN_FORCE"


def test_a_subsystem_ends_with_its_member_and_comes_back_by_two_of_its_own(register):
    register.put(document())
    register.put(document("a-co-fees", member="a-co"))
    register.put(document("b-co"))
    register.revoke("agency")
    states = {code: register.row(code)[1] for code in ("a-co", "a-co-fees", "b-co")}
    assert states == {"a-co": "REVOKED", "a-co-fees": "REVOKED", "b-co": "IN_FORCE"}
    version = register.version("a-co-fees")
    assert ("a-co-fees", version) in register.events()
    back = register.propose(document("a-co-fees", member="a-co"), version)
    assert [fault["field"] for fault in back["fields"]] == ["document.member"]
    register.put(document())
    assert register.row("a-co-fees")[1] == "REVOKED"
    register.put(document("a-co-fees", member="a-co"))
    assert register.row("a-co-fees")[1] == "IN_FORCE"


def test_members_and_their_subsystems_are_two_levels_and_no_more(register):
    register.put(document())
    register.put(document("a-co-fees", member="a-co"))
    register.put(document("b-co"))
    for reply in (
        document("c-co", member="c-co"),
        document("c-co", member="nobody"),
        document("c-co", member="a-co-fees"),
        document(member="b-co"),
    ):
        version = register.version() if reply["code"] == "a-co" else 0
        refused = register.propose(reply, version)
        assert [fault["field"] for fault in refused["fields"]] == ["document.member"]


def test_an_open_proposal_does_not_bring_back_what_was_taken_back_meanwhile(register):
    proposed = document()
    version = register.put(proposed)
    waiting = register.propose({**proposed, "name": "B"}, version)
    register.revoke("key", "a-co-1")
    assert register.approve(waiting["id"])["code"] == "change.stale"
    assert register.row()[2]["keys"] == []


# --- the audit ---


def test_every_act_stands_in_the_audit_with_who_and_why_and_stays_there(register):
    proposed = document()
    version = register.put(proposed)
    register.revoke("key", "a-co-1", as_="mina")
    acts = register.call(desk.AUDIT, as_="karim", code="a-co")["acts"]
    assert [(a["what"], a["who"], a["version"]) for a in acts] == [
        ("revoke key", "mina", version + 1),
        ("approve", "nader", version),
        ("propose", "karim", None),
    ]
    assert acts[0]["reason"] == "it leaked"
    for change in (
        "update agency_audit set who = 'x'",
        "delete from agency_audit",
        "truncate agency_audit",
    ):
        with pytest.raises(psycopg2.Error, match="only grows"):
            execute(register.db, change)
    with pytest.raises(psycopg2.Error, match="not decided again"):
        execute(register.db, "update agency_changes set document = '{}'")


def test_the_audit_is_read_page_by_page(register):
    for number in range(5):
        register.propose(document(f"a-{number}"))
    first = register.call(desk.AUDIT, as_="karim", limit=3)
    rest = register.call(desk.AUDIT, as_="karim", limit=3, before=first["next"])
    assert len({act["id"] for act in first["acts"] + rest["acts"]}) == 5
    assert rest["next"] is None


# --- contacts ---


def test_contacts_are_changed_by_one_officer_and_stand_nowhere_else(register):
    register.put(document())
    person = {
        "role": "security",
        "name": "زهرا کاظمی",
        "email": "z@example.ir",
        "mobile": "+989900000001",
    }
    made = register.call(desk.PUT_CONTACT, as_="karim", code="a-co", **person)
    other = {**person, "id": made["id"], "name": "ز"}
    register.call(desk.PUT_CONTACT, as_="mina", code="a-co", **other)
    (contact,) = register.call(desk.READ, as_="karim", code="a-co")["contacts"]
    assert contact == other
    reply = execute(
        register.db,
        "select jws from agencies union all select detail || reason || "
        "coalesce(document::text, '') from agency_audit",
    )
    assert not any("example.ir" in row[0] or "زهرا" in row[0] for row in reply)
    gone = {"code": "a-co", "id": made["id"]}
    register.call(desk.REMOVE_CONTACT, as_="mina", **gone)
    assert register.call(desk.REMOVE_CONTACT, as_="mina", **gone)["code"] == "contact.not_found"
    nobody = register.call(desk.PUT_CONTACT, as_="karim", code="no-co", **person)
    assert nobody["code"] == "agency.not_found"


def test_each_address_of_an_agency_s_contacts_is_written_to_once_and_no_other_agency_s(register):
    register.put(document())
    for role, email in (("security", "z@example.ir"), ("technical", "z@example.ir")):
        person = {"role": role, "name": "زهرا", "email": email, "mobile": None}
        register.call(desk.PUT_CONTACT, as_="karim", code="a-co", **person)
    for agency in ("a-co", "nobody-co"):
        register.call(WRITE_TO_CONTACTS, agency=agency, template="limit_near", values={"used": "8"})
    sent = execute(
        register.db,
        "select convert_from(body, 'UTF8')::json from outbox where name = %s",
        (SEND_MESSAGE.name,),
    )
    assert [(body["to"]["email"], body["template"]) for (body,) in sent] == [
        ("z@example.ir", "limit_near")
    ]
    assert sent[0][0]["personalisation"] == {"used": "8"}


# --- an agency's own ---


def test_an_agency_reads_its_own_entry_signed_by_us(register, key_file):
    proposed = document()
    version = register.put(proposed)
    own = register.call(contracts.OWN, asker="a-co")
    assert own["document"] == proposed
    assert opened(own["jws"], key_file)[1] == {**proposed, "version": version}
    assert register.call(contracts.OWN)["code"] == "agency.only"


jwk = new_jwk


def rotate(register, *keys, **request):
    return register.call(contracts.ROTATE_KEYS, asker="a-co", keys=list(keys), **request)


def test_an_agency_changes_its_keys_by_itself_at_once_and_its_rights_stay(register):
    proposed = document()
    register.put(proposed)
    now = rotate(register, jwk("a-co-2"))
    assert [key["id"] for key in now["keys"]] == ["a-co-2"]
    assert register.row()[2]["grants"] == proposed["grants"]
    assert register.events()[-1] == ("a-co", now["version"])
    assert rotate(register, jwk("a-co-3"))["code"] == "key.not_present"
    acts = register.call(desk.AUDIT, as_="karim", code="a-co")["acts"]
    assert (acts[0]["who"], acts[0]["what"]) == ("agency a-co", "rotate keys")


def test_the_old_keys_hold_for_a_week_at_most(register):
    proposed = document()
    register.put(proposed)
    late = rotate(register, jwk("a-co-2"), old_until="2026-12-03")
    assert late["fields"][0]["field"] == "old_until"
    now = rotate(register, jwk("a-co-2"), old_until="2026-12-02")
    assert {key["id"]: key["until"] for key in now["keys"]} == {
        "a-co-2": "2027-06-01",
        "a-co-1": "2026-12-02",
    }
    register.later(days=9)
    again = rotate(register, jwk("a-co-3", at=register.moment), old_until="2026-12-05")
    assert [key["id"] for key in again["keys"]] == ["a-co-3", "a-co-2"]


def test_a_key_that_was_taken_back_does_not_come_back_by_rotation(register):
    leaked = SigningKey.new("a-co-1")
    proposed = document()
    proposed["keys"] = [
        {"id": "a-co-1", "public_key": leaked.public.base64(), "until": "2030-01-01"},
        {"id": "a-co-2", "public_key": public(), "until": "2030-01-01"},
    ]
    register.put(proposed)
    register.revoke("key", "a-co-1")
    refused = register.call(
        contracts.ROTATE_KEYS, asker="a-co", key="a-co-2", keys=[jwk("a-co-9", key=leaked)]
    )
    assert refused["fields"][0]["code"] == "key.revoked"


BAD_KEYS = {
    "an id of another agency": (jwk("b-co-1"), "keys.0.kid"),
    "a day that is over": (jwk("a-co-2", "2026-11-24"), "keys.0.until"),
    "a key for ever": (jwk("a-co-2", "2199-01-01"), "keys.0.until"),
    "no key of a kind that we take": (
        {"kty": "oct", "kid": "a-co-2", "until": "2027-01-01"},
        "keys.0",
    ),
    "half a key": (
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "a-co-2", "until": "2027-01-01"},
        "keys.0",
    ),
}


@pytest.mark.parametrize(("key", "field"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_keys_that_cannot_be_taken_change_nothing(register, key, field):
    register.put(document("b-co"))
    version = register.put(document())
    refused = rotate(register, key)
    assert refused["code"] == "field.wrong"
    assert refused["fields"][0]["field"].startswith(field)
    assert register.version() == version


# --- the sandbox ---


@pytest.fixture
def sandbox(agencies_db, key_file):
    made = Hand(agencies_db, key_file, SANDBOX="1")
    yield made
    made.store.engine.dispose()


def enter(register):
    key = SigningKey.new("new")
    proof = key.proof("sandbox", register.moment.timestamp())
    reply = {"name": "New", "public_key": key.public.base64(), "proof": proof}
    return register.call(contracts.REGISTER_SANDBOX, **reply)


def test_an_agency_of_the_sandbox_ends_by_itself_after_a_month(sandbox):
    reply = enter(sandbox)
    assert reply["until"] == "2026-12-25"
    later = enter(sandbox)
    sandbox.later(days=30)
    execute(
        sandbox.db,
        "update agencies set ends_at = ends_at + interval '1 day' where code = %s",
        (later["code"],),
    )
    for _ in range(2):
        sandbox.service.end_sandbox()
    assert sandbox.row(reply["code"])[1] == "ENDED"
    assert sandbox.row(later["code"])[1] == "IN_FORCE"
    listed = sandbox.call(desk.LIST, as_="karim")["agencies"]
    assert [row["code"] for row in listed] == [later["code"]]
    copies = sandbox.call(contracts.COPIES, after=later["version"])["copies"]
    assert [(copy["code"], copy["jws"]) for copy in copies] == [(reply["code"], None)]
    assert sandbox.events()[-1][0] == reply["code"]


def test_a_rotated_key_does_not_make_a_month_longer(sandbox):
    reply = enter(sandbox)
    keys = [jwk(f"{reply['code']}-2", of=reply["code"])]
    sandbox.call(contracts.ROTATE_KEYS, asker=reply["code"], key=reply["key_id"], keys=keys)
    sandbox.later(days=31)
    sandbox.service.end_sandbox()
    assert sandbox.row(reply["code"])[1] == "ENDED"


def test_the_sandbox_has_an_end_and_is_closed_where_it_is_not_wanted(sandbox, register):
    enter(sandbox)
    execute(
        sandbox.db,
        "insert into agencies (code, version, document, jws, state, ends_at) "
        "select 'sandbox-' || n, 1000 + n, document, '', 'IN_FORCE', ends_at "
        "from generate_series(1, 199) n, agencies",
    )
    full = enter(sandbox)
    assert (full["code"], full["details"]["retry_after"]) == ("sandbox.full", "3600")
    assert enter(register)["code"] == "sandbox.closed"


def test_officers_neither_propose_agencies_of_the_sandbox_nor_keep_them_as_text(sandbox):
    reply = enter(sandbox)
    now = sandbox.call(desk.READ, as_="karim", code=reply["code"])
    refused = sandbox.propose(now["document"], now["version"])
    assert refused["fields"][0]["code"] == "reserved"
    assert "version" in sandbox.revoke("agency", code=reply["code"])


def test_o6_a_restored_register_makes_no_version_that_faces_have_seen_already(register, tmp_path):
    register.store.marks = Marks(tmp_path)
    assert [register.put(document()), register.put(document(name="B"))] == [1, 2]
    execute(register.db, "update agencies set version = 1")  # what a backup of before knows
    execute(register.db, "alter table agency_audit disable trigger all")
    execute(register.db, "delete from agency_audit where version = 2")
    assert register.put(document(name="C")) == 3
