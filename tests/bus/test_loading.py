"""By the fields alone or by marshmallow's Schema.load, what is loaded is the same."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from bus.errors import ContractError
from contracts import catalogue
from contracts.inquiry.questions import ASK

GOOD = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}
VALUES = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        1.0,
        1.5,
        10**20,
        "",
        "x",
        "۱۲",
        "a" * 300,
        " 1 ",
        "2026-11-23",
        "2026-11-23T08:30:00Z",
        "9900000013",
        "national_id",
        "fuel_quota",
        "a@b.ir",
        "09121234567",
        "\u202ex",
        "\ud800",
        "\x00",
        [],
        ["x"],
        [{}],
        {},
        {"x": 1},
        {"fa": "x"},
    ]
)


def example_of(field):
    if "example" in field.metadata:
        return field.metadata["example"]
    for validator in field.validators:
        if choices := getattr(validator, "choices", None):
            return next(iter(choices))
    if isinstance(field, fields.List):
        return [example_of(field.inner)]
    if isinstance(field, fields.Nested):
        return {f.data_key or n: example_of(f) for n, f in field.schema.load_fields.items()}
    kinds = {fields.Integer: 1, fields.Boolean: True, fields.Float: 1.0, fields.Dict: {}}
    return next((value for kind, value in kinds.items() if isinstance(field, kind)), "x")


@st.composite
def data_of(draw, contract):
    data = {}
    for name, field in contract.schema.load_fields.items():
        wire = field.data_key or name
        way = draw(st.sampled_from(["example"] * 6 + ["left out", "another"]))
        if way == "example":
            data[wire] = example_of(field)
        elif way == "another":
            data[wire] = draw(VALUES)
    if draw(st.integers(0, 9)) == 0:
        data[draw(st.sampled_from(["x", "_schema", ""]))] = draw(VALUES)
    return data


@pytest.mark.parametrize("name", sorted(catalogue()))
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_both_ways_of_loading_agree(name, data):
    contract = catalogue()[name]
    sent = data.draw(st.one_of(data_of(contract), VALUES))
    loaded = contract._loader.load(copy.deepcopy(sent))
    try:
        expected = contract.schema.load(copy.deepcopy(sent), unknown=contract.unknown)
    except ValidationError:
        expected = None
    assert loaded == expected
    if loaded is not None:
        assert [*map(repr, loaded.items())] == [*map(repr, expected.items())]


@pytest.mark.parametrize("sent", [None, [], "x", 1, [GOOD]])
def test_what_is_no_object_is_told_by_marshmallow(sent):
    with pytest.raises(ContractError) as refused:
        ASK.load_data(sent)
    assert [fault.code for fault in refused.value.fields] == ["not_an_object"]


def test_a_good_message_needs_no_marshmallow(monkeypatch):
    monkeypatch.setattr(ASK.schema, "load", None)
    assert ASK.load_data(dict(GOOD))["key"] == GOOD["key"]


def test_all_faults_are_told_though_the_fields_stop_at_the_first():
    with pytest.raises(ContractError) as refused:
        ASK.load_data({"key_kind": "x", "key": 1, "more": 2})
    assert {fault.field for fault in refused.value.fields} == {"key_kind", "key", "purpose", "more"}
