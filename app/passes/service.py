"""Links into a partner's cabinet that hold once, and the sessions they are exchanged for.

A pass opens the cabinet of one partner of one merchant, and nothing of the person behind him: whoever
holds a shop's key must not become somebody who works elsewhere. Passes live in wall time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from app import clock, crypto
from app.errors import Conflict
from app.events.service import actor, record
from app.extensions import db
from app.partners.models import Partner
from app.partners.rules import Status
from app.passes.models import Pass
from app.passes.rules import LINK, LINK_LIFE, life

if TYPE_CHECKING:
    from datetime import datetime

HAVE_ONE = frozenset({Status.ACTIVE, Status.BLOCKED})


def make_link(partner: Partner) -> tuple[str, datetime]:
    """Return the secret of a link into a partner's cabinet, and until when it holds: once, for minutes.

    What is over is forgotten with it. Raises Conflict for a partner who has no cabinet.
    """
    if Status(partner.status) not in HAVE_ONE:
        raise Conflict("state", _("This partner has no cabinet now."))
    now, plain = clock.wall(), crypto.token("cp_")
    over = (Pass.until < now) | (Pass.used_at.is_(None) & (Pass.link_until < now))
    db.session.execute(delete(Pass).where(Pass.partner_id == partner.id, over))
    made = Pass(
        partner_id=partner.id,
        link_hash=crypto.digest(plain),
        made_at=now,
        made_by=actor(),
        link_until=now + LINK_LIFE,
        used_at=None,
        session_hash=None,
        until=None,
        framed=None,
        ended_at=None,
    )
    db.session.add(made)
    db.session.flush()
    record("cabinet.link_made", f"partner:{partner.id}", partner_id=partner.id)
    return plain, made.link_until


def enter(link: str, *, framed: bool) -> str | None:
    """Exchange a link for a session and return its token; None for one that is over, used or nobody's.

    Of two who follow it at once one enters.
    """
    if LINK.fullmatch(link) is None:
        return None
    now, token = clock.wall(), crypto.token("ct_")
    mine = Pass.link_hash == crypto.digest(link), Pass.used_at.is_(None), Pass.link_until > now
    values = {
        "used_at": now,
        "session_hash": crypto.digest(token),
        "until": now + life(framed=framed),
        "framed": framed,
    }
    partner_id = db.session.scalar(
        update(Pass).where(*mine).values(values).returning(Pass.partner_id)
    )
    if partner_id is None:
        return None
    record("cabinet.entered", f"partner:{partner_id}", partner_id=partner_id, framed=framed)
    return token


def opened(token: str, *, framed: bool) -> int | None:
    """Return whose cabinet a session opens, a partner's id; a frame's opens no window, nor the reverse."""
    mine = (
        Pass.session_hash == crypto.digest(token),
        Pass.framed.is_(framed),
        Pass.until > clock.wall(),
        Pass.ended_at.is_(None),
    )
    same = (Partner.tenant_id == Pass.tenant_id) & (Partner.id == Pass.partner_id)
    query = select(Pass.partner_id).join(Partner, same)
    return db.session.scalar(query.where(*mine, Partner.status.in_(HAVE_ONE)))


def end(token: str) -> None:
    """End a session."""
    mine = Pass.session_hash == crypto.digest(token)
    db.session.execute(update(Pass).where(mine).values(ended_at=clock.wall()))
