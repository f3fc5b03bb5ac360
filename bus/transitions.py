"""State machines as tables: which act leads from which state to which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bus.errors import RuleBroken

State = TypeVar("State", bound=str)
Act = TypeVar("Act", bound=str)


@dataclass(frozen=True, slots=True)
class Transitions(Generic[State, Act]):
    """The transitions of one kind of record.

    ``table`` maps (state, act) to the next state. Anything else is refused with ``code`` and the
    text ``refusal``, which may hold ``{state}``, ``{act}``, ``{acts}`` (the acts that the state
    allows) and ``{states}`` (the states that allow the act). ``details`` names which of state and
    act the refusal carries for machines.
    """

    code: str
    refusal: str
    table: Mapping[tuple[State, Act], State]
    details: tuple[str, ...] = ("state", "act")

    def transition(self, state: State, act: Act) -> State:
        """Return the state after an act. Raises RuleBroken with ``code`` if it is not allowed."""
        following = self.table.get((state, act))
        if following is None:
            words = {"state": _value(state), "act": _value(act)}
            text = self.refusal.format(
                **words,
                acts=", ".join(map(_value, self.acts(state))) or "nothing",
                states=" or ".join(_value(start) for start, name in self.table if name == act),
            )
            refused = RuleBroken(text, code=self.code)
            refused.details = {name: words[name] for name in self.details}
            raise refused
        return following

    def allows(self, state: State, act: Act) -> bool:
        """Tell whether a record in that state can take the act."""
        return (state, act) in self.table

    def acts(self, state: State) -> tuple[Act, ...]:
        """List the acts that a state allows, in the order of the table."""
        return tuple(act for start, act in self.table if start == state)


def _value(name: str) -> str:
    """The text of a name, of a member of an enumeration too."""
    return str(getattr(name, "value", name))
