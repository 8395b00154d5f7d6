"""Where in the wizard a merchant stopped, and whether the list of first steps is wanted."""

from __future__ import annotations

from app.events.service import actor
from app.facts import service as facts
from app.onboarding import queries


def stand_at(step: str) -> None:
    """Remember at which page of the wizard to go on."""
    facts.put(queries.OWNER, queries.STEP, step, actor=actor())


def dismiss() -> None:
    """Take the list of first steps off the overview."""
    facts.put(queries.OWNER, queries.DISMISSED, value=True, actor=actor())


def show_again() -> None:
    """Put the list of first steps back: the undo of dismissing it."""
    facts.put(queries.OWNER, queries.DISMISSED, value=False, actor=actor())
