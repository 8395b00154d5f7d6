"""The story step by step, and where each step can be hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.story.plot import Story

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Step:
    """One step of the story, and where it can be hit."""

    name: str
    act: Callable[[Story], None]
    writes: str = "event"  # what the web server's transaction writes: held, it stands in the middle
    works: str = "message"  # the same of the job that follows
    crowd: bool = False  # eight may do it at once, as shops do
    kind: str = ""  # "hook" and "ask": steps that people can also do in other manners


BACK = [{"id": "r1", "lines": [{"line": "1", "quantity": "1", "amount": "1000.00"}]}]


def _return(story: Story) -> None:
    story.says("A1", "completed", "1000.00", version=4, refunds=BACK)


NO_LETTER = ""
STEPS = (
    Step("the merchant sets three levels", Story.sets_terms, works=NO_LETTER),
    Step("the shop's hook is opened", Story.opens_hook, works=NO_LETTER),
    Step("Anna joins", lambda s: s.joins("anna")),
    Step("Anna comes in", lambda s: s.comes_in("anna")),
    Step("Boris joins under Anna", lambda s: s.joins("boris", "anna")),
    Step("Boris comes in", lambda s: s.comes_in("boris")),
    Step("Vera joins under Boris", lambda s: s.joins("vera", "boris")),
    Step("Vera comes in", lambda s: s.comes_in("vera")),
    Step("Gleb follows Vera's link", lambda s: s.follows_link("vera"), "click", NO_LETTER),
    Step("A1 is new", lambda s: s.says("A1", "new", "1000.00"), "event", NO_LETTER, crowd=True),
    Step(
        "A1 is paid",
        lambda s: s.says("A1", "paid", "1000.00", version=2),
        "transfer",
        crowd=True,
    ),
    Step(
        "900 comes by webhook",
        lambda s: s.delivers(900, "processing"),
        "inbox",
        "transfer",
        kind="hook",
    ),
    Step(
        "900 is completed",
        lambda s: s.delivers(900, "pending", "processing", "completed"),
        "inbox",
        NO_LETTER,
        kind="hook",
    ),
    Step(
        "A1 is completed",
        lambda s: s.says("A1", "completed", "1000.00", version=3),
        "event",
        NO_LETTER,
        crowd=True,
    ),
    Step("the hold is over", lambda s: s.days_pass(15), "", "transfer"),
    Step("Vera asks for everything", lambda s: s.asks("vera", "300.00"), "transfer", kind="ask"),
    Step("her payout is approved", lambda s: s.approves("vera")),
    Step("her payout is paid", lambda s: s.pays("vera"), "transfer"),
    Step(
        "Boris asks, and takes it back while half of A1 is returned",
        lambda s: s.changes_mind("boris", lambda: _return(s)),
        "transfer",
        kind="race",
    ),
    Step(
        "900 is cancelled, and was paid out",
        lambda s: s.delivers(900, "cancelled"),
        "inbox",
        "transfer",
        kind="hook",
    ),
    Step("A2 is completed", lambda s: s.says("A2", "completed", "750.00"), "transfer", crowd=True),
    Step("its hold is over, and repays debt", lambda s: s.days_pass(30), "", "transfer"),
    Step("A3 is paid", lambda s: s.says("A3", "paid", "250.00"), "transfer", crowd=True),
    Step("Anna asks for everything", lambda s: s.asks("anna", "25.00"), "transfer", kind="ask"),
)
