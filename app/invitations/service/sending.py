"""Let invitations go at their pace, go again, or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.errors import Conflict
from app.events.service import acting_as, record
from app.extensions import db, kick_after_commit
from app.invitations.models import Batch, Invitation
from app.invitations.rules import MOST_TIMES, OPEN, State
from app.invitations.service.asking import JOB
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

MINUTE = timedelta(minutes=1)


def send_next(batch_id: int) -> int:
    """Promise the letters of a batch that one minute takes; returns how many. Twice in a minute does none."""
    held = select(Batch).where(Batch.id == batch_id).with_for_update()
    batch = db.session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    now = clock.wall()
    if batch is None or batch.is_paused or batch.next_at is None or batch.next_at > now:
        return 0
    query = (
        select(Invitation)
        .where(Invitation.batch_id == batch.id, Invitation.state == State.QUEUED)
        .order_by(Invitation.id)
        .limit(batch.pace)
        .with_for_update()
    )
    found = db.session.scalars(query).all()
    with acting_as(batch.created_by):
        for each in found:
            each.state, each.sent_at, each.times = State.SENT, now, each.times + 1
            _tell(each)
    batch.next_at = now + MINUTE if found else None
    db.session.flush()
    return len(found)


def again(invitation: Invitation) -> None:
    """Send the letter once more. Raises Conflict for what is answered, and after the fifth letter."""
    values = {"sent_at": clock.wall(), "times": Invitation.times + 1}
    more = Invitation.times < MOST_TIMES
    _move(invitation, {State.SENT, State.OPENED}, values, more)
    _tell(invitation)


def withdraw(invitation: Invitation) -> None:
    """Let the invitation and its address hold no more. Raises Conflict for what is answered."""
    values = {"state": State.WITHDRAWN.value, "ended_at": clock.now()}
    _move(invitation, OPEN, values)
    record("invitation.withdrawn", f"invitation:{invitation.id}", invitation_id=invitation.id)


def pause(batch: Batch, *, on: bool) -> None:
    """Hold a batch's letters, or let them go on."""
    batch.is_paused = on
    if not on:
        kick_after_commit(JOB)


def _move(
    invitation: Invitation,
    states: Collection[State],
    values: dict[str, object],
    also: ColumnElement[bool] | None = None,
) -> None:
    mine = (Invitation.tenant_id == current_tenant()) & (Invitation.id == invitation.id)
    known = mine & Invitation.state.in_(list(states))
    statement = update(Invitation).where(known if also is None else known & also).values(**values)
    if db.session.scalar(statement.returning(Invitation.id)) is None:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    db.session.refresh(invitation)


def _tell(invitation: Invitation) -> None:
    facts = {"invitation_id": invitation.id, "times": invitation.times}
    record("invitation.sent", f"invitation:{invitation.id}", **facts)
