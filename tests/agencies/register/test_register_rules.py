"""What holds of the register whatever its officers do, one by one or together."""

import datetime as dt
import json
import secrets

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.agencies import desk
from contracts.agencies.register import DOCUMENT
from services.agencies.domain.document import differences, ids, rotated, toml_of, without
from services.agencies.register.document_checks import from_toml
from tests.agencies.register.registrars import document, grant, public
from tests.processes import ROOT
from tests.stores import execute

KEYS = [{"id": f"a-co-{n}", "public_key": public(), "until": "2030-12-31"} for n in range(3)]
GRANTS = [grant(), grant("inquiry.*"), grant(purposes=["fuel_quota", "court_case"]),
          grant(until="2040-01-01"), grant("billing.*", purposes=[])]  # fmt: skip
DOCUMENTS = st.builds(
    lambda keys, grants: document(keys=keys, grants=grants),
    st.lists(st.sampled_from(KEYS), unique_by=lambda key: key["id"]),
    st.lists(st.sampled_from(GRANTS), unique_by=json.dumps),
)
ACTS = st.one_of(
    st.tuples(st.just("propose"), DOCUMENTS),
    st.tuples(st.sampled_from(["approve", "refuse", "withdraw"]), st.integers(0, 6)),
    st.tuples(st.just("revoke"), st.integers(0, 9)),
)


def rights(db):
    """All that anybody may by the register as it is in force."""
    rows = execute(db, "select code, document from agencies where state = 'IN_FORCE'")
    return {
        (code, name, json.dumps(one, sort_keys=True))
        for code, told in rows
        for name in ("keys", "grants", "certificates", "delegations")
        for one in told.get(name, [])
    }


def do(register, act, what, who):
    """One act of one officer, on the register as it is; refusals are as good as acts."""
    version, _, told = register.row()
    if act == "propose":
        return register.propose(what, version, as_=who)
    if act == "revoke":
        known = [("key", key["id"]) for key in told["keys"]]
        known += [("grant", id_) for id_ in ids(told)["grants"]] + [("agency", "")]
        return register.revoke(*known[what % len(known)], as_=who)
    changes = execute(register.db, "select id from agency_changes order by id")
    (id_,) = changes[what % len(changes)]
    if act == "approve":
        return register.approve(id_, as_=who)
    if act == "refuse":
        return register.call(desk.REFUSE, as_=who, id=id_, why="because")
    return register.call(desk.WITHDRAW, as_=who, id=id_)


def begin(register):
    """An agency with two keys and two grants; no proposal is open."""
    versions = execute(register.db, "select version from agencies where code = 'a-co'")
    told = document(keys=KEYS[:2], grants=GRANTS[:2], name=f"A {secrets.token_hex(4)}")
    first = register.propose(told, versions[0][0] if versions else 0, as_="nader")
    register.approve(first["id"], as_="mina")
    for (id_,) in execute(register.db, "select id from agency_changes where state = 'DRAFT'"):
        register.call(desk.WITHDRAW, as_="nader", id=id_)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, max_size=12), who=st.sampled_from(["karim", "mina"]))
def test_whatever_one_officer_does_alone_rights_only_grow_less(register, acts, who):
    begin(register)
    before = rights(register.db)
    for act, what in acts:
        do(register, act, what, who)
        now = rights(register.db)
        assert now <= before, (act, what)
        before = now


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.tuples(ACTS, st.sampled_from(["karim", "mina", "nader"])), max_size=15))
def test_each_right_that_came_was_proposed_by_one_and_approved_by_another(register, acts):
    begin(register)
    before = rights(register.db)
    for (act, what), who in acts:
        answer = do(register, act, what, who)
        now = rights(register.db)
        if now - before:
            assert (act, answer["state"]) == ("approve", "APPROVED")
            assert answer["decided_by"] == who != answer["proposed_by"]
        before = now
    versions = execute(
        register.db, "select version from agency_audit where version is not null order by id"
    )
    assert versions == sorted(set(versions))


TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")), min_size=1, max_size=30)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)).map(str)
WHOLE = st.fixed_dictionaries(
    {"code": st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True), "name": TEXTS},
    optional={
        "name_fa": TEXTS,
        "limits": st.fixed_dictionaries({"requests": st.integers(1, 10**6),
                                         "seconds": st.integers(1, 86_400)}),
        "keys": st.lists(st.one_of(
            st.fixed_dictionaries({"id": st.just("k-1"), "public_key": st.just(public()),
                                   "until": DAYS}),
            st.fixed_dictionaries({"id": st.just("k-2"), "until": DAYS,
                                   "jwk": st.just({"kty": "RSA", "n": "x" * 300, "e": "AQAB"})}),
        ), max_size=3),
        "grants": st.lists(st.fixed_dictionaries(
            {"contract": TEXTS, "purposes": st.lists(TEXTS, max_size=3), "until": DAYS},
            optional={"basis": TEXTS, "per_day": st.integers(1, 10**9),
                      "networks": st.lists(st.just("10.0.0.0/8"), max_size=2)},
        ), max_size=3),
        "amqp": st.fixed_dictionaries({"serves": st.lists(TEXTS, max_size=2)}),
        "events": st.fixed_dictionaries({"hears": st.lists(TEXTS, max_size=2)},
                                        optional={"queue": st.booleans()}),
    },
)  # fmt: skip


@given(WHOLE)
def test_a_document_as_text_is_the_same_document(told):
    assert DOCUMENT.load_data(from_toml(toml_of(told))) == DOCUMENT.load_data(told)
    assert toml_of(from_toml(toml_of(told))) == toml_of(told)
    assert {line["kind"] for line in differences(told, told)} == {"same"}


@given(DOCUMENTS, st.sampled_from(["key", "grant"]))
def test_what_is_taken_back_is_gone_and_nothing_else(told, what):
    name = f"{what}s"
    for number, one in enumerate(told[name]):
        id_ = one["id"] if what == "key" else ids(told)[name][number]
        left, gone = without(told, what, id_)
        assert gone == [one]
        assert left[name] == [other for other in told[name] if other != one]
        assert {**left, name: told[name]} == told


@given(DOCUMENTS, st.dates().map(str))
def test_no_rotation_makes_an_old_key_hold_longer(told, until):
    ends = {key["id"]: key["until"] for key in told["keys"]}
    for key in rotated(told, [], until, "2000-01-01")["keys"]:
        assert key["until"] <= ends[key["id"]]


def test_the_demo_s_files_are_the_same_when_they_were_read_and_written():
    for path in sorted((ROOT / "deploy/agencies").glob("*.toml")):
        told = DOCUMENT.load_data(from_toml(path.read_text(encoding="utf-8")))
        assert DOCUMENT.load_data(from_toml(toml_of(told))) == told
