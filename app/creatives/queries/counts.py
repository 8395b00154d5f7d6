"""What creatives brought: shows, clicks of people, and sales that a click through their links won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, case, cast, func, literal_column, select

from app.attribution.models import Claim
from app.attribution.queries import clicks_of_links
from app.creatives.models import CreativeLink, CreativeShow
from app.creatives.rules import Counts
from app.extensions import db
from app.orders.models import Order
from app.partners.queries import cards

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.partners.queries import Card

GONE = ("cancelled", "refunded")
MOST_PARTNERS = 50
# Where the link stands in a click's token, in base64 after "ck_": see links.rules. A claim that won has
# been opened with the key before, so its token is sound.
_LINK = (
    "('x' || encode(substring(decode(translate(substr(claim.evidence, 4), '-_', '+/'), 'base64')"
    " from 7 for 8), 'hex'))::bit(64)::bigint"
)


def by_creative(creative_ids: Iterable[int]) -> dict[int, Counts]:
    """Return what each of some creatives brought, by all partners."""
    rows = _links(CreativeLink.creative_id.in_(set(creative_ids)))
    return _summed((row.creative_id, row.link_id) for row in rows)


def by_partner(creative_id: int) -> tuple[Counts, list[tuple[Card, Counts]]]:
    """Return what a creative brought in all, and by which partners: the most successful first."""
    rows = _links(CreativeLink.creative_id == creative_id)
    counts = _summed((row.partner_id, row.link_id) for row in rows)
    order = sorted(counts, key=lambda i: (-counts[i].sales, -counts[i].clicks, -counts[i].shows, i))
    known = cards(order[:MOST_PARTNERS])
    total = sum(counts.values(), Counts())
    return total, [(known[i], counts[i]) for i in order[:MOST_PARTNERS]]


def of_partner(partner_id: int, creative_ids: Iterable[int]) -> dict[int, Counts]:
    """Return what each of some creatives brought a partner."""
    rows = _links(
        CreativeLink.creative_id.in_(set(creative_ids)), CreativeLink.partner_id == partner_id
    )
    return _summed((row.creative_id, row.link_id) for row in rows)


def _links(*where: Any) -> list[Any]:
    columns = CreativeLink.creative_id, CreativeLink.partner_id, CreativeLink.link_id
    return list(db.session.execute(select(*columns).where(*where)))


def _summed(pairs: Iterable[tuple[int, int]]) -> dict[int, Counts]:
    """Sum the links' counts by whatever they belong to."""
    owners = {link_id: owner for owner, link_id in pairs}
    shows, clicks, sales = _shows(owners), clicks_of_links(owners), _sales(owners)
    found: dict[int, Counts] = {}
    for link_id, owner in owners.items():
        one = Counts(shows.get(link_id, 0), clicks.get(link_id, (0, 0))[0], sales.get(link_id, 0))
        found[owner] = found.get(owner, Counts()) + one
    return found


def _shows(link_ids: Iterable[int]) -> dict[int, int]:
    query = (
        select(CreativeShow.link_id, func.sum(CreativeShow.shows))
        .where(CreativeShow.link_id.in_(set(link_ids)))
        .group_by(CreativeShow.link_id)
    )
    return {row[0]: int(row[1]) for row in db.session.execute(query)}


def _sales(link_ids: Iterable[int]) -> dict[int, int]:
    """Count the orders that stand and were won by a click through these links."""
    wanted = set(link_ids)
    if not wanted:
        return {}
    # The case keeps the token from being read where there is none.
    link = case((and_(Claim.kind == "click", Claim.won), cast(literal_column(_LINK), BigInteger)))
    partners = select(CreativeLink.partner_id).where(CreativeLink.link_id.in_(wanted))
    won = (
        select(link.label("link_id"))
        .join(Order, and_(Order.tenant_id == Claim.tenant_id, Order.id == Claim.order_id))
        .where(
            Claim.partner_id.in_(partners),
            Claim.kind == "click",
            Claim.won,
            Order.state.not_in(GONE),
        )
        .subquery()
    )
    query = select(won.c.link_id, func.count()).where(won.c.link_id.in_(wanted))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(won.c.link_id))}
