"""A message class and its schema: the same refusals, the same wire, read and written quickly."""

from dataclasses import FrozenInstanceError, field
from typing import Annotated

import pytest
from marshmallow import ValidationError, validate

from bus.errors import ContractError, Internal
from bus.messages.fields import Block as FreeObject
from bus.messages.fields import Text, whole
from bus.messages.kinds import InputForm, Request
from bus.messages.message import (
    ABSENT,
    OPTIONAL,
    PERSONAL,
    Meta,
    Named,
    canonical,
    check,
    essence,
    message,
    raw,
    read,
    schema_of,
    to_wire,
)
from bus.messages.values import Block, Day


@message
class Part:
    number: Annotated[int, whole(1, 9), "A number", Meta(example=3)]
    name: Annotated[str | None, Text(20), PERSONAL] = None


@message(unknown="exclude")
class Whole:
    part: Part
    parts: Annotated[tuple[Part, ...], validate.Length(0, 2, error="length|At most 2.")] = ()
    inside: Annotated[Part | None, FreeObject()] = None
    note: Annotated[str | None, Text(9), OPTIONAL] = None
    may_be_null: Annotated[str | None, Text(9), OPTIONAL] = ABSENT
    from_: Annotated[Day | None, Named("from")] = None
    free: Block = field(default_factory=dict)

    @check
    def _note_is_no_name(self) -> None:
        if self.note and self.note == self.part.name:
            raise ValidationError("repeated|Say it once.", "note")

    @staticmethod
    @canonical
    def _note_is_small(data: dict) -> None:
        if "note" in data:
            data["note"] = data["note"].lower()

    @staticmethod
    @raw
    def _no_secret(data: object) -> None:
        if "secret" in data:
            raise ValidationError("secret|Keep it.", "secret")


FORM = InputForm("probe.whole.v1", Whole)
GOOD = {"part": {"number": 1}}


def refusals(data):
    with pytest.raises(ContractError) as caught:
        FORM.load(data)
    return {(fault.field, fault.code) for fault in caught.value.fields}


def test_a_message_is_read_with_its_defaults_and_written_as_it_was():
    fields = {
        "part": {"number": 1, "name": "n"},
        "parts": [{"number": 2, "name": None}],
        "inside": {"number": 3},
        "note": "A",
        "from": "2026-11-29",
        "free": {"any": [1]},
    }
    whole = FORM.load(fields)
    assert whole == Whole(
        part=Part(number=1, name="n"),
        parts=(Part(number=2),),
        inside=Part(number=3),
        note="a",
        may_be_null=None,
        from_="2026-11-29",
        free={"any": [1]},
    )
    with pytest.raises(FrozenInstanceError):
        whole.note = "b"
    assert to_wire(whole) == {
        **fields,
        "note": "a",
        "inside": {"number": 3, "name": None},
        "may_be_null": None,
    }


def test_what_may_be_absent_is_left_out_and_null_only_where_it_may_stand():
    wire = to_wire(Whole(part=Part(number=1)))
    assert not {"note", "may_be_null"} & wire.keys()
    assert to_wire(Whole(part=Part(number=1), may_be_null=None))["may_be_null"] is None
    assert refusals({**GOOD, "note": None}) == {("note", "null")}
    assert FORM.load({**GOOD, "may_be_null": None}).may_be_null is None


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        ({}, {("part", "required")}),
        ({"part": 1}, {("part", "not_an_object")}),
        ({"part": {"number": "1"}}, {("part.number", "not_an_integer")}),
        ({"part": {"number": 0}}, {("part.number", "range")}),
        ({"part": {"number": 1, "more": 1}}, {("part.more", "unknown_field")}),
        ({**GOOD, "parts": {}}, {("parts", "not_a_list")}),
        ({**GOOD, "parts": [None]}, {("parts.0", "null")}),
        ({**GOOD, "note": 1}, {("note", "not_a_string")}),
        ({**GOOD, "from": "yesterday"}, {("from", "day")}),
        ({"part": {"number": 1, "name": "n"}, "note": "n"}, {("note", "repeated")}),
        ({**GOOD, "secret": "s"}, {("secret", "secret")}),
        ([], {("body", "not_an_object")}),
    ],
)
def test_each_fault_has_its_code(data, refused):
    assert refusals(data) == refused


def test_the_schema_says_what_the_annotations_say():
    fields = schema_of(Whole)().fields
    assert [name for name, of in fields.items() if of.required] == ["part"]
    number, name = (fields["part"].schema.fields[item] for item in ("number", "name"))
    assert number.metadata == {"description": "A number", "example": 3}
    assert name.metadata["personal"]
    assert schema_of(Whole) is schema_of(Whole)


def test_the_essence_of_a_message_lacks_what_is_as_by_default():
    assert essence(FORM.load(GOOD)) == GOOD
    more = {"part": {"number": 1}, "parts": [{"number": 2}], "from": "2026-11-29"}
    assert essence(FORM.load(more)) == more


def test_a_reply_of_a_newer_service_is_read_and_one_that_lacks_something_is_not():
    request = Request("probe.read.v1", Whole, reply=Part)
    assert request.reply_of({"number": 1, "newer": True}) == Part(number=1)
    with pytest.raises(Internal) as caught:
        request.reply_of({"name": "n"})
    assert caught.value.code == "reply.unreadable"


def test_a_class_inherits_fields_checks_and_what_becomes_of_unknown_members():
    @message
    class More(Whole):
        last: int

    form = InputForm("probe.more.v1", More)
    assert list(form.schema.fields) == [*FORM.schema.fields, "last"]
    assert schema_of(More).Meta.unknown == "exclude"
    with pytest.raises(ContractError):
        form.load({"part": {"number": 1, "name": "n"}, "note": "n", "last": 1})


@pytest.mark.parametrize("annotation", [object, dict, tuple[object, ...]])
def test_a_type_that_means_no_field_is_refused_at_once(annotation):
    with pytest.raises(TypeError, match=r"Odd\.odd"):
        message(type("Odd", (), {"__annotations__": {"odd": annotation}}))
    with pytest.raises(TypeError, match="OPTIONAL"):
        message(type("Odd", (), {"__annotations__": {"odd": Annotated[str, OPTIONAL]}}))


def test_data_that_was_loaded_is_read_without_a_second_look():
    assert read(Part, {"number": "not looked at"}).number == "not looked at"
