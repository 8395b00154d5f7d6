"""What was shown and clicked under which advertising token, and what has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from app.attribution.models import Click
from app.creatives.models import Creative, CreativeLink, CreativeShow
from app.extensions import db
from app.links.models import Link
from app.links.rules import label_with
from app.partners.models import Code, Partner

if TYPE_CHECKING:
    from sqlalchemy import Select

    from app.statements.rules import Span


@dataclass(frozen=True)
class Line:
    """One link in a month: its token, the material it goes with, whose it is, and what it brought."""

    link_id: int
    short: str
    code: str
    erid: str | None
    label: str
    material: str
    partner: str
    refcode: str
    shows: int
    clicks: int


def report(span: Span) -> list[Line]:
    """Return what links brought in a span, by token; those without one come first. Three statements.

    Clicks are of people, on the merchant's clock; shows are counted by days of UTC.
    """
    clicks = _summed(
        select(Click.link_id, func.count())
        .where(Click.at >= span.starts, Click.at < span.ends, Click.flag.is_(None))
        .group_by(Click.link_id)
    )
    shows = _summed(
        select(CreativeShow.link_id, func.sum(CreativeShow.shows))
        .where(CreativeShow.day >= span.first, CreativeShow.day <= span.last)
        .group_by(CreativeShow.link_id)
    )
    tenant = Link.tenant_id
    query = (
        select(Link, Code.display, Partner.name, Partner.refcode, Creative.name, Creative.label)
        .join(Code, and_(Code.tenant_id == tenant, Code.id == Link.code_id))
        .join(Partner, and_(Partner.tenant_id == tenant, Partner.id == Link.partner_id))
        .outerjoin(
            CreativeLink, and_(CreativeLink.tenant_id == tenant, CreativeLink.link_id == Link.id)
        )
        .outerjoin(
            Creative, and_(Creative.tenant_id == tenant, Creative.id == CreativeLink.creative_id)
        )
        .where(Link.id.in_({*clicks, *shows}))
        .order_by(Link.erid.asc().nulls_first(), Link.id)
    )
    return [
        Line(
            link_id=link.id,
            short=link.short,
            code=code,
            erid=link.erid,
            label=label_with(label or "", link.erid),
            material=material or "",
            partner=partner,
            refcode=refcode,
            shows=shows.get(link.id, 0),
            clicks=clicks.get(link.id, 0),
        )
        for link, code, partner, refcode, material, label in db.session.execute(query)
    ]


def _summed(query: Select[int, int]) -> dict[int, int]:
    return {row[0]: int(row[1]) for row in db.session.execute(query)}


def missing() -> tuple[int, int]:
    """Return how many materials that partners may take, and how many links in use, have no token."""
    creatives = select(func.count()).where(Creative.erid.is_(None), Creative.archived_at.is_(None))
    links = select(func.count()).where(
        Link.erid.is_(None), Link.archived_at.is_(None), ~Link.is_site
    )
    return db.session.scalar(creatives) or 0, db.session.scalar(links) or 0
