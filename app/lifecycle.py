"""State machines are tables: who reads the table knows every move there is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

State = TypeVar("State", bound=StrEnum)


class IllegalTransition(ValueError):
    """The state has no such action."""

    def __init__(self, state: str, action: str) -> None:
        """Keep both for the sentence people see."""
        super().__init__(f"{action} is not possible in state {state}")
        self.state = state
        self.action = action


class Lifecycle(Generic[State]):
    """Reads a table {(state, action): next state}; pages ask it which buttons to show."""

    def __init__(self, transitions: Mapping[tuple[State, str], State]) -> None:
        """Take the whole table."""
        self._transitions = dict(transitions)

    def next(self, state: State, action: str) -> State:
        """Return the state after the action. Raises IllegalTransition."""
        try:
            return self._transitions[state, action]
        except KeyError:
            raise IllegalTransition(state, action) from None

    def actions(self, state: State) -> tuple[str, ...]:
        """Return what may be done in this state, in the order of the table."""
        return tuple(action for origin, action in self._transitions if origin == state)

    def allows(self, state: State, action: str) -> bool:
        """Say whether the action is possible now."""
        return (state, action) in self._transitions

    @property
    def terminal(self) -> frozenset[State]:
        """The states that nothing leads out of."""
        origins = {origin for origin, _ in self._transitions}
        return frozenset(set(self._transitions.values()) - origins)
