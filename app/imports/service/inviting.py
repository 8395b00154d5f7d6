"""Invite those who were brought along: only when the merchant asks for it, at his pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.errors import NotFound
from app.extensions import db
from app.imports.queries import INVITE, uninvited
from app.invitations import queries as invitations
from app.invitations import service as invitation_service
from app.partners.models import Partner
from app.runs import service as runs
from app.runs.rules import Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.runs.models import Run

TOGETHER = 500


def invite_all(texts: Mapping[str, Mapping[str, str]], pace: int) -> Run:
    """Begin to invite all partners who were brought along and have no account yet.

    Raises DomainError for texts that cannot be sent, Conflict while that is under way.
    """
    batch = invitation_service.open_batch(texts, pace)
    return runs.start(INVITE, {"batch": batch.public_id}, "apply", INVITE)


def _count(_run: Run) -> int:
    return uninvited().count


def _take(_run: Run, cursor: int, most: int) -> Sequence[int]:
    return uninvited(cursor, most).ids


def _apply(run: Run, ids: Sequence[int]) -> Step:
    batch = invitations.find_batch(run.parameters["batch"])
    if batch is None:
        raise NotFound
    who = db.session.scalars(select(Partner).where(Partner.id.in_(ids)).order_by(Partner.id)).all()
    return Step(ids[-1], len(ids), {"invited": invitation_service.ask_all(batch, who)})


KINDS: dict[str, Kind] = {INVITE: Kind(_count, _take, apply=_apply, together=TOGETHER)}
