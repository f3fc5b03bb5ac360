"""Bodies and queries of the Notify API: our checks give the reasons of the library that Notify
uses, for whatever comes.
"""

import datetime as dt
import re
import uuid

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.messages.kinds import cut
from gateway.notify import recipients, replies, requests, schemas
from gateway.notify.errors import CallRefused
from gateway.notify.sanitising import sanitised

UUID = {"type": "string", "format": "uuid_of_notify", "says": "is not a valid UUID"}
VALUES = {"type": "object"}
REFERENCE = {"type": "string", "maxLength": 1000}
# As the public API describes them; the formats are checked by the tests below.
SMS = {
    "properties": {
        "reference": REFERENCE,
        "phone_number": {"type": "string"},
        "template_id": UUID,
        "personalisation": VALUES,
        "scheduled_for": {"type": ["string", "null"]},
        "sms_sender_id": UUID,
    },
    "type": "object",
    "required": ["phone_number", "template_id"],
    "additionalProperties": False,
}
LETTER = {
    "properties": {"reference": REFERENCE, "template_id": UUID, "personalisation": VALUES},
    "type": "object",
    "required": ["template_id", "personalisation"],
    "additionalProperties": False,
}
PRECOMPILED = {
    "properties": {
        "reference": REFERENCE,
        "content": {"type": "string"},
        "postage": {"type": "string", "enum_of_notify": True},
    },
    "type": "object",
    "required": ["reference", "content"],
    "additionalProperties": False,
}
LIST = {
    "properties": {
        "reference": {"type": "string"},
        "status": {"items": {"enum": list(schemas.STATUSES)}},
        "template_type": {"items": {"enum": list(schemas.TYPES)}},
        "include_jobs": {"enum": ["true", "True"]},
        "older_than": UUID,
    },
    "type": "object",
    "additionalProperties": False,
}
FORMATS = jsonschema.FormatChecker()


@FORMATS.checks("uuid_of_notify", raises=ValueError)
def _uuid(value):
    if isinstance(value, str):
        uuid.UUID(value)
    return True


def reasons_of_library(reply, schema):
    """What Notify would say: the field and the library's words without quotes."""
    matches = []
    for error in jsonschema.Draft7Validator(schema, format_checker=FORMATS).iter_errors(reply):
        field = f"{error.path[0]} " if error.path else ""
        matches.append(cut(field + (error.schema.get("says") or error.message.replace("'", ""))))
    return set(matches)


def reasons_of_ours(reply, shape):
    try:
        shape.check(reply)
    except CallRefused as refused:
        return {reason.message for reason in refused.reasons}
    return set()


words = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=4,
)


def bodies(*names):
    existing = st.dictionaries(
        st.sampled_from(names),
        values | st.just(str(uuid.uuid4())) | st.just("x" * 1001) | st.just({}),
    )
    return st.builds(lambda a, b: {**b, **a}, existing, st.dictionaries(words, values, max_size=2))


def free(reply, *names):
    """The body without text in fields whose formats are Iran's or the calendar's."""
    return {n: v for n, v in reply.items() if n not in names or not isinstance(v, str)}


@given(
    bodies(
        "reference",
        "phone_number",
        "template_id",
        "personalisation",
        "sms_sender_id",
        "scheduled_for",
    )
)
def test_a_text_message_is_judged_in_the_library_s_words(reply):
    reply = free(reply, "phone_number", "scheduled_for")
    assert reasons_of_ours(reply, schemas.SMS) == reasons_of_library(reply, SMS)


@given(bodies("reference", "template_id", "personalisation"))
def test_a_letter_is_judged_in_the_library_s_words(reply):
    assert reasons_of_ours(reply, schemas.LETTER) == reasons_of_library(reply, LETTER)


@given(bodies("reference", "content", "postage"))
def test_a_precompiled_letter_is_judged_in_the_library_s_words(reply):
    reply = free(reply, "postage")
    assert reasons_of_ours(reply, schemas.PRECOMPILED) == reasons_of_library(reply, PRECOMPILED)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "reference": words,
            "status": st.lists(st.sampled_from(schemas.STATUSES), max_size=3),
            "template_type": st.lists(st.sampled_from(schemas.TYPES) | words, max_size=1),
            "include_jobs": st.sampled_from(["true", "True", "yes"]),
            "older_than": words | st.just(str(uuid.uuid4())),
            "page": words,
        },
    )
)
def test_a_query_is_judged_in_the_library_s_words(reply):
    assert reasons_of_ours(reply, schemas.NOTIFICATIONS) == reasons_of_library(reply, LIST)


@pytest.mark.parametrize("reply", [[], [1], "text", 5, True])
def test_what_is_no_object_is_said_so(reply):
    assert reasons_of_ours(reply, schemas.SMS) == reasons_of_library(reply, {"type": "object"})


# --- receivers ---


@pytest.mark.parametrize(
    "reply", ["09900000001", "+98 990 000 0001", "00989900000001", "۰۹۹۰۰۰۰۰۰۰۱", "989900000001"]
)
def test_iranian_mobiles_are_taken_as_people_write_them(reply):
    assert recipients.mobile(reply) == ("+989900000001", None)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("0990", "Not enough digits"),
        ("", "Must not contain letters or symbols"),
        ("0990000000123", "Too many digits"),
        ("call me", "Must not contain letters or symbols"),
        ("02188888888", "Not an Iranian mobile number"),
        ("+12025550123", recipients.FOREIGN),
        ("004917012345678", recipients.FOREIGN),
    ],
)
def test_a_number_that_nobody_carries_is_refused_with_its_reason(reply, reason):
    assert recipients.mobile(reply).fault == reason


@pytest.mark.parametrize("reply", ["07700900003", "+447700900003", "00447700900003"])
def test_the_numbers_of_notify_s_documentation_are_for_test_keys(reply):
    number = recipients.mobile(reply).number
    recipients.carried(number, "test")
    with pytest.raises(CallRefused, match="international"):
        recipients.carried(number, "live")


def lines(*address, **more):
    return {**{f"Address line {n}": line for n, line in enumerate(address, 1)}, **more}


def test_an_address_is_read_from_the_values_however_their_names_are_written():
    reply = lines("سارا نمونه", " خیابان  آب ", "", "تهران", postcode="۱۱۹۳۶-۵۳۴۷۱")
    assert recipients.address(reply, "live") == ["سارا نمونه", "خیابان آب", "تهران", "1193653471"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (lines("سارا", "1193653471"), "Address must be at least 3 lines"),
        (lines("سارا", "...", "1193653471"), "The first 2 lines of the address must both include"),
        (lines("سارا", "@آب", "1193653471"), "Address lines must not start with"),
        (lines("سارا", "خیابان آب", "SW1A 1AA"), "Must be a real postal code of ten digits"),
    ],
)
def test_an_address_that_no_postman_can_use_is_refused(reply, reason):
    for kind in ("live", "team"):
        with pytest.raises(CallRefused, match=reason):
            recipients.address(reply, kind)


def test_a_test_key_writes_to_a_british_postcode_as_client_libraries_do():
    reply = lines("Sara", "foo", postcode="sw1a 1aa")
    assert recipients.address(reply, "test") == ["Sara", "foo", "sw1a 1aa"]
    with pytest.raises(CallRefused, match="Must be a real postal code"):
        recipients.address(lines("Sara", "foo", "SW1A 1A"), "test")


# --- values, moments, states ---


def test_values_become_texts_and_lists_of_texts():
    reply = requests.personalisation(
        {
            "n": 5,
            "f": requests.Number("1.5"),
            "yes": True,
            "no": False,
            "none": None,
            "list": ["a", 2, None],
        }
    )
    assert reply == {"n": "5", "f": "1.5", "yes": "yes", "no": "no", "list": ["a", "2"]}


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{"a": 1}], {"file": "x"}])
def test_a_value_that_is_no_text_is_refused(value):
    with pytest.raises(CallRefused):
        requests.personalisation({"name": value})


def test_links_are_taken_out_of_what_people_wrote():
    fields = {"name": "Ali https://evil.example/x?y=1 or evil.example", "place": "a.example"}
    clean, changed = sanitised(fields, ["Na_me"])
    assert clean == {"name": "Ali  or evil. example", "place": "a.example"}
    assert list(changed) == ["name"]


@given(st.text("a-.@/: h tps", max_size=3000))
def test_what_was_cleaned_holds_no_link_and_keeps_all_else(reply):
    clean, changed = sanitised({"name": reply}, ["name"])
    assert "https://a" not in clean["name"] or len(reply) > 2000
    shown = changed["name"]["sanitised"] if changed else reply
    assert re.sub(r"\\(.)", r"\1", shown) == clean["name"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("tomorrow", "datetime format is invalid"),
        ("2020-01-01T00:00", "datetime can not be in the past"),
        ("2099-01-01T00:00Z", "datetime can only be 24 hours in the future"),
    ],
)
def test_a_moment_is_within_a_day(reply, reason):
    assert reason in schemas.scheduled_for(reply)


def test_a_moment_without_an_offset_is_utc():
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    assert schemas.scheduled_for(soon.replace(tzinfo=None).isoformat()) is None
    tehran = dt.timezone(dt.timedelta(hours=3, minutes=30))
    assert schemas.scheduled_for(soon.astimezone(tehran).isoformat()) is None


@pytest.mark.parametrize("channel", schemas.TYPES)
@pytest.mark.parametrize("state", replies.STATES)
def test_every_state_has_a_status_by_which_it_is_found(channel, state):
    reply = replies.status(channel, state)
    assert reply in schemas.STATUSES
    (part,) = replies.wanted([channel], [reply])
    assert state in part.states


def test_failed_stands_for_each_way_to_fail():
    (part,) = replies.wanted(["sms"], ["failed"])
    assert part.states == ("UNDELIVERED", "REJECTED", "FAILED", "UNTOLD")
    (part,) = replies.wanted(["email"], ["failed"])
    assert part.states == ("UNDELIVERED", "REJECTED", "FAILED")
