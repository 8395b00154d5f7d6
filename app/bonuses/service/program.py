"""What the merchant's bonus program says, from now on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.bonuses import queries
from app.bonuses.queries import NAME, OWNER
from app.bonuses.rules import Program, ProgramError, read_program
from app.errors import DomainError, FieldError
from app.events import service as events
from app.facts import service as facts

if TYPE_CHECKING:
    from collections.abc import Mapping

BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)  # orders from before the first change read this row


def change_program(said: Mapping[str, Any]) -> Program:
    """Let the program say `said` from now on, all else as before; orders made before keep theirs.

    Raises DomainError naming the setting that says nothing sensible.
    """
    before = queries.program().to_json()
    try:
        program = read_program(before | dict(said))
    except ProgramError as error:
        message = _("This setting cannot be so.")
        raise DomainError("invalid", message, FieldError(error.name, message)) from error
    if program.grows_in_circles:
        message = _(
            "With a premium bonuses cannot be taken out as money: commission would grow by going round."
        )
        raise DomainError("grows_in_circles", message, FieldError("withdrawable", message))
    after = program.to_json()
    if not facts.current([OWNER], [NAME]):
        facts.found(OWNER, {NAME: before}, events.actor(), since=BEFORE_ALL)
    if facts.put(OWNER, NAME, after, actor=events.actor()):
        changed = {name: after[name] for name in after if after[name] != before[name]}
        events.record("bonus.program_changed", "bonuses", changed=changed)
    return program
