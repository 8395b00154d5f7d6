"""Who may open an account, how long links and codes live, and the order of the first steps."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class Policy(StrEnum):
    """How accounts are opened from the sign-up page."""

    OPEN = "open"  # by the link in the letter
    APPROVE = "approve"  # by the link, and then by the operator
    CLOSED = "closed"  # by the operator alone


class State(StrEnum):
    """Where a sign-up stands."""

    ASKED = "asked"  # a letter is on its way; nothing is made
    CONFIRMED = "confirmed"  # the e-mail is proved; the operator decides
    OPENED = "opened"
    REFUSED = "refused"


LINK_AGE = timedelta(hours=24)
FORGOTTEN = timedelta(days=7)  # a sign-up that nobody confirmed is kept no longer
CODE_AGE = timedelta(hours=24)
CODE_PREFIX = "inst_"
REASON = 1000  # characters of what a refusal says

# The wizard's pages, in their order.
WIZARD = ("basics", "terms", "partner", "snippet", "shop")


def after_link(policy: Policy) -> State | None:
    """Return what a proved e-mail makes of a sign-up; None: the doors were closed meanwhile."""
    return {Policy.OPEN: State.OPENED, Policy.APPROVE: State.CONFIRMED}.get(policy)


def step(name: str | None) -> str:
    """Return a page of the wizard by its name; the first for whatever is none."""
    return name if name in WIZARD else WIZARD[0]


def step_after(name: str) -> str | None:
    """Return the page of the wizard that follows; None after the last."""
    place = WIZARD.index(name) + 1
    return WIZARD[place] if place < len(WIZARD) else None


def step_before(name: str) -> str | None:
    """Return the page of the wizard before this one; None before the first."""
    place = WIZARD.index(name)
    return WIZARD[place - 1] if place else None
