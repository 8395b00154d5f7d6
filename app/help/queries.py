"""Reads of questions and threads, and how many wait for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from app.extensions import db
from app.help.models import Line, Request
from app.help.rules import MOST_LINES, State
from app.help.service import desk_of, own
from app.partners.models import Partner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.help.service import Asker


def requests() -> Select[Any]:
    """Every question to the desk in scope."""
    return select(Request)


def partners_requests() -> Select[Any]:
    """Every question of the merchant's partners, with who asks."""
    columns: tuple[Any, ...] = (Request, Partner.name.label("partner"), Partner.refcode)
    same = (Partner.tenant_id == Request.tenant_id) & (Partner.id == Request.partner_id)
    return select(*columns).join(Partner, same)


def own_requests(asker: Asker, limit: int = 100) -> Sequence[Request]:
    """Return the asker's own questions, the one that moved last first."""
    query = select(Request).where(*own(asker)).order_by(Request.moved_at.desc(), Request.id.desc())
    with desk_of(asker):
        return db.session.scalars(query.limit(limit)).all()


def thread(request_id: int) -> Sequence[Line]:
    """Return the lines of a thread, the oldest first."""
    query = select(Line).where(Line.request_id == request_id).order_by(Line.id)
    return db.session.scalars(query.limit(MOST_LINES)).all()


def waiting() -> int:
    """Return how many questions wait for an answer of the desk in scope."""
    query = select(func.count()).select_from(Request).where(Request.state == State.OPEN.value)
    return db.session.scalar(query) or 0
