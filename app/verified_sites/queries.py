"""Read partners' sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from app import clock
from app.extensions import db
from app.partners.models import Partner
from app.verified_sites.models import VerifiedSite
from app.verified_sites.rules import State

if TYPE_CHECKING:
    from collections.abc import Sequence

TOGETHER = 50


def links_by_host() -> dict[str, int]:
    """Return {host: link} of the sites that are proved."""
    query = select(VerifiedSite.host, VerifiedSite.link_id)
    rows = db.session.execute(query.where(VerifiedSite.state == State.VERIFIED))
    return {row.host: row.link_id for row in rows}


def any_verified() -> bool:
    """Whether the merchant has a proved site at all: only then does the script tell where visitors came from."""
    query = select(VerifiedSite.id).where(VerifiedSite.state == State.VERIFIED).limit(1)
    return db.session.scalar(query) is not None


def of_partner(partner_id: int) -> Sequence[VerifiedSite]:
    """Return a partner's sites, but for those that were withdrawn, the newest first."""
    query = select(VerifiedSite).where(
        VerifiedSite.partner_id == partner_id, VerifiedSite.state != State.WITHDRAWN
    )
    return db.session.scalars(query.order_by(VerifiedSite.id.desc())).all()


def find(public_id: str, partner_id: int | None = None) -> VerifiedSite | None:
    """Return a site by its outside id, of one partner or of anybody."""
    query = select(VerifiedSite).where(VerifiedSite.public_id == public_id)
    if partner_id is not None:
        query = query.where(VerifiedSite.partner_id == partner_id)
    return db.session.scalar(query)


def listed() -> Any:
    """Return the statement of all sites with their partners."""
    same = and_(Partner.tenant_id == VerifiedSite.tenant_id, Partner.id == VerifiedSite.partner_id)
    return select(VerifiedSite, Partner.name, Partner.refcode).join(Partner, same)


def due() -> list[tuple[int, int]]:
    """Return (tenant, id) of the sites whose time has come; to be asked as partnerka_drain."""
    query = select(VerifiedSite.tenant_id, VerifiedSite.id).where(
        VerifiedSite.check_at <= clock.wall()
    )
    rows = db.session.execute(query.order_by(VerifiedSite.check_at).limit(TOGETHER))
    return [(row.tenant_id, row.id) for row in rows]
