"""What a sale of each product pays a partner now, by the rules that will pay it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.commissions.queries import world
from app.programs.rules import Source
from app.reports.queries.sources import sources

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from app.catalog.models import Product
    from app.commissions.rules import World
    from app.programs.rules import Rate, Resolved
    from app.tenants.models import Tenant


@dataclass(frozen=True)
class Pays:
    """What a partner earns at the first level from a product; `rate` None: nothing.

    A fixed sum is per piece or once an order. `campaign`: the name of the one that pays it, and its end
    (None: until the shop ends it). `promotional`: such goods earn nothing here.
    """

    rate: Rate | None
    per_unit: bool = False
    campaign: str | None = None
    ends: datetime | None = None
    promotional: bool = False


def pays_now(
    merchant: Tenant, partner_id: int, products: Collection[Product], at: datetime
) -> dict[int, Pays]:
    """Return by our ids what sales of products pay the partner, as the world stands at the moment."""
    found: dict[int, Pays] = {}
    by_shop: dict[int, list[Product]] = {}
    for product in products:
        by_shop.setdefault(product.shop_id, []).append(product)
    for shop_id, own in by_shop.items():
        known = world(merchant, shop_id, [p.external_id for p in own], [], [partner_id], at)
        found |= _in_shop(known, partner_id, own, at)
    return found


def _in_shop(
    known: World, partner_id: int, products: Sequence[Product], at: datetime
) -> dict[int, Pays]:
    rates = {p.id: known.first_rate(partner_id, p.id, at) for p in products}
    names = sources({r.owner for r in rates.values() if r and r.source is Source.CAMPAIGN}, at)
    ends = {owner: campaign.ends for owner, campaign in known.campaigns(partner_id, at)}
    spared = not known.earning(at).promotional

    def pays(product: Product, found: Resolved | None) -> Pays:
        if spared and product.promo:
            return Pays(None, promotional=True)
        if found is None:
            return Pays(None)
        named = names.get(found.owner)
        return Pays(
            found.rate,
            found.source.per_unit,
            named.name if named else None,
            ends.get(found.owner),
        )

    return {product.id: pays(product, rates[product.id]) for product in products}
