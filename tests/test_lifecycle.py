from enum import StrEnum

import pytest

from app.lifecycle import IllegalTransition, Lifecycle


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


LAMP = Lifecycle(
    {
        (Lamp.OFF, "press"): Lamp.ON,
        (Lamp.OFF, "drop"): Lamp.BROKEN,
        (Lamp.ON, "press"): Lamp.OFF,
        (Lamp.ON, "drop"): Lamp.BROKEN,
    }
)


def test_a_table_says_the_next_state() -> None:
    assert LAMP.next(Lamp.OFF, "press") is Lamp.ON


def test_a_move_that_is_not_in_the_table_is_refused_with_state_and_action() -> None:
    with pytest.raises(IllegalTransition) as caught:
        LAMP.next(Lamp.BROKEN, "press")
    assert (caught.value.state, caught.value.action) == ("broken", "press")


def test_buttons_follow_the_table() -> None:
    assert LAMP.actions(Lamp.OFF) == ("press", "drop")
    assert LAMP.actions(Lamp.BROKEN) == ()
    assert LAMP.allows(Lamp.ON, "drop")
    assert not LAMP.allows(Lamp.BROKEN, "drop")


def test_states_without_a_way_out_are_terminal() -> None:
    assert LAMP.terminal == {Lamp.BROKEN}
