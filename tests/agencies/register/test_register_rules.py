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
GRANTS = [
    grant(),
    grant("inquiry.*"),
    grant(purposes=["fuel_quota", "court_case"]),
    grant(until="2040-01-01"),
    grant("billing.*", purposes=[]),
]
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
        (code, name, json.dumps(entry, sort_keys=True))
        for code, reply in rows
        for name in ("keys", "grants", "certificates", "delegations")
        for entry in reply.get(name, [])
    }


def do(register, act, kind, officer):
    """One act of one officer, on the register as it is; refusals are as good as acts."""
    version, _, reply = register.row()
    if act == "propose":
        return register.propose(kind, version, as_=officer)
    if act == "revoke":
        expected = [("key", key["id"]) for key in reply["keys"]]
        expected += [("grant", id_) for id_ in ids(reply)["grants"]] + [("agency", "")]
        return register.revoke(*expected[kind % len(expected)], as_=officer)
    changes = execute(register.db, "select id from agency_changes order by id")
    (id_,) = changes[kind % len(changes)]
    if act == "approve":
        return register.approve(id_, as_=officer)
    if act == "refuse":
        return register.call(desk.REFUSE, as_=officer, id=id_, why="because")
    return register.call(desk.WITHDRAW, as_=officer, id=id_)


def begin(register):
    """An agency with two keys and two grants; no proposal is open."""
    versions = execute(register.db, "select version from agencies where code = 'a-co'")
    proposed = document(keys=KEYS[:2], grants=GRANTS[:2], name=f"A {secrets.token_hex(4)}")
    first = register.propose(proposed, versions[0][0] if versions else 0, as_="nader")
    register.approve(first["id"], as_="mina")
    for (id_,) in execute(register.db, "select id from agency_changes where state = 'DRAFT'"):
        register.call(desk.WITHDRAW, as_="nader", id=id_)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, max_size=12), officer=st.sampled_from(["karim", "mina"]))
def test_whatever_one_officer_does_alone_rights_only_grow_less(register, acts, officer):
    begin(register)
    before = rights(register.db)
    for act, subject in acts:
        do(register, act, subject, officer)
        now = rights(register.db)
        assert now <= before, (act, subject)
        before = now


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(st.tuples(ACTS, st.sampled_from(["karim", "mina", "nader"])), max_size=15))
def test_each_right_that_came_was_proposed_by_one_and_approved_by_another(register, acts):
    begin(register)
    before = rights(register.db)
    for (act, subject), actor in acts:
        answer = do(register, act, subject, actor)
        now = rights(register.db)
        if now - before:
            assert (act, answer["state"]) == ("approve", "APPROVED")
            assert answer["decided_by"] == actor != answer["proposed_by"]
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
        "limits": st.fixed_dictionaries(
            {"requests": st.integers(1, 10**6), "seconds": st.integers(1, 86_400)}
        ),
        "keys": st.lists(
            st.one_of(
                st.fixed_dictionaries(
                    {"id": st.just("k-1"), "public_key": st.just(public()), "until": DAYS}
                ),
                st.fixed_dictionaries(
                    {
                        "id": st.just("k-2"),
                        "until": DAYS,
                        "jwk": st.just({"kty": "RSA", "n": "x" * 300, "e": "AQAB"}),
                    }
                ),
            ),
            max_size=3,
        ),
        "grants": st.lists(
            st.fixed_dictionaries(
                {"contract": TEXTS, "purposes": st.lists(TEXTS, max_size=3), "until": DAYS},
                optional={
                    "basis": TEXTS,
                    "per_day": st.integers(1, 10**9),
                    "networks": st.lists(st.just("10.0.0.0/8"), max_size=2),
                },
            ),
            max_size=3,
        ),
        "amqp": st.fixed_dictionaries({"serves": st.lists(TEXTS, max_size=2)}),
        "events": st.fixed_dictionaries(
            {"hears": st.lists(TEXTS, max_size=2)}, optional={"queue": st.booleans()}
        ),
    },
)


@given(WHOLE)
def test_a_document_as_text_is_the_same_document(proposed):
    assert DOCUMENT.load_data(from_toml(toml_of(proposed))) == DOCUMENT.load_data(proposed)
    assert toml_of(from_toml(toml_of(proposed))) == toml_of(proposed)
    assert {line["kind"] for line in differences(proposed, proposed)} == {"same"}


@given(DOCUMENTS, st.sampled_from(["key", "grant"]))
def test_what_is_taken_back_is_gone_and_nothing_else(proposed, kind):
    name = f"{kind}s"
    for number, entry in enumerate(proposed[name]):
        id_ = entry["id"] if kind == "key" else ids(proposed)[name][number]
        left, gone = without(proposed, kind, id_)
        assert gone == [entry]
        assert left[name] == [other for other in proposed[name] if other != entry]
        assert {**left, name: proposed[name]} == proposed


@given(DOCUMENTS, st.dates().map(str))
def test_no_rotation_makes_an_old_key_hold_longer(proposed, until):
    ends = {key["id"]: key["until"] for key in proposed["keys"]}
    for key in rotated(proposed, [], until, "2000-01-01")["keys"]:
        assert key["until"] <= ends[key["id"]]


def test_the_demo_s_files_are_the_same_when_they_were_read_and_written():
    for path in sorted((ROOT / "deploy/agencies").glob("*.toml")):
        proposed = DOCUMENT.load_data(from_toml(path.read_text(encoding="utf-8")))
        assert DOCUMENT.load_data(from_toml(toml_of(proposed))) == proposed
