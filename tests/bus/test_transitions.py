"""Transitions: the table decides, and a refusal names what was tried."""

from enum import StrEnum
from typing import Literal

import pytest

from bus.errors import RuleBroken
from bus.transitions import Transitions

Door = Literal["OPEN", "CLOSED", "LOCKED"]
Act = Literal["close", "open", "lock"]
DOOR: Transitions[Door, Act] = Transitions(
    code="door.move",
    refusal="A door that is {state} cannot take: {act}. It can take: {acts}. Needed: {states}.",
    table={
        ("OPEN", "close"): "CLOSED",
        ("CLOSED", "open"): "OPEN",
        ("CLOSED", "lock"): "LOCKED",
    },
)


def test_an_act_of_the_table_leads_to_its_state():
    assert DOOR.transition("OPEN", "close") == "CLOSED"
    assert DOOR.allows("CLOSED", "lock")
    assert DOOR.acts("CLOSED") == ("open", "lock")


def test_any_other_act_is_refused_with_the_code_of_the_table():
    assert not DOOR.allows("OPEN", "lock")
    with pytest.raises(RuleBroken) as refused:
        DOOR.transition("OPEN", "lock")
    assert refused.value.code == "door.move"
    assert refused.value.details == {"state": "OPEN", "act": "lock"}
    assert refused.value.message == (
        "A door that is OPEN cannot take: lock. It can take: close. Needed: CLOSED."
    )


def test_a_state_without_acts_is_an_end():
    with pytest.raises(RuleBroken, match="It can take: nothing"):
        DOOR.transition("LOCKED", "open")


def test_states_may_be_members_of_an_enumeration_and_details_may_be_fewer():
    class Lamp(StrEnum):
        ON = "on"
        OFF = "off"

    lamps: Transitions[Lamp, Lamp] = Transitions(
        "lamp.move", "It is {state}.", {(Lamp.ON, Lamp.OFF): Lamp.OFF}, details=("state",)
    )
    assert lamps.transition(Lamp.ON, Lamp.OFF) is Lamp.OFF
    with pytest.raises(RuleBroken) as refused:
        lamps.transition(Lamp.OFF, Lamp.ON)
    assert (refused.value.message, refused.value.details) == ("It is off.", {"state": "off"})
