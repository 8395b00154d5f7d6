"""What the catalogue says of the lines of an order or a cart."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from app.catalog import queries as catalog
from app.checkout.rules import Kind, cart
from app.facts import service as facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.bonuses.rules import Program
    from app.checkout.rules import Bound, Cart
    from app.orders.rules import Folded, Line, Snapshot


def cart_of(
    shop_id: int,
    snapshot: Snapshot,
    program: Program,
    folded: Folded | None = None,
    bounds: Sequence[Bound] = (),
) -> Cart:
    """Return an order or a cart as bonuses see it, with the catalogue's word as of its `created_at`.

    A line's own category and promo flag come before the catalogue's; `folded`: the oldest message's.
    """
    plain = not program.category_percents and program.promo_spendable
    if plain and not any(bound.categories for bound in bounds):
        return cart(snapshot, {}, program, bounds)
    return cart(snapshot, _kinds(shop_id, snapshot, folded), program, bounds)


def _kinds(shop_id: int, snapshot: Snapshot, folded: Folded | None) -> dict[str, Kind]:
    at = snapshot.created_at
    said = {line.id: _said(line, folded) for line in snapshot.lines}
    ids = catalog.products_by_key(
        shop_id, [line.product for line in snapshot.lines if line.product]
    )
    known = facts.current([f"product:{i}" for i in ids.values()], ["category", "promo"], at=at)
    named = {category for category, _promo in said.values() if category is not None}
    ours = catalog.categories_by_key(shop_id, named)
    first: dict[str, int | None] = {}
    promo: dict[str, bool] = {}
    for line in snapshot.lines:
        of_product = known.get(f"product:{ids.get(line.product or '')}", {})
        category, is_promo = said[line.id]
        first[line.id] = of_product.get("category") if category is None else ours.get(category)
        promo[line.id] = bool(of_product.get("promo") if is_promo is None else is_promo)
    above = _families({i for i in first.values() if i is not None}, at)
    names = catalog.external_category_names({i for path in above.values() for i in path})
    found = {}
    for line in snapshot.lines:
        path = [names[i] for i in above.get(first[line.id] or 0, ()) if i in names]
        word = said[line.id][0]
        found[line.id] = Kind(tuple(path) if path or word is None else (word,), promo[line.id])
    return found


def _said(line: Line, folded: Folded | None) -> tuple[str | None, bool | None]:
    if folded is None:
        return line.category, line.promo
    found = folded.facts_of(line)
    return found.category, found.promo


def _families(ids: Iterable[int], at: datetime) -> dict[int, tuple[int, ...]]:
    """Return each category with those above it, nearest first, as they were at an instant."""
    parents: dict[int, int | None] = {}
    todo = set(ids)
    while todo:
        known = facts.current([f"category:{i}" for i in todo], ["parent"], at=at)
        parents |= {i: known.get(f"category:{i}", {}).get("parent") for i in todo}
        todo = {p for p in parents.values() if p is not None} - parents.keys()
    paths: dict[int, tuple[int, ...]] = defaultdict(tuple)
    for i in parents:
        path: list[int] = []
        at_hand: int | None = i
        while at_hand is not None and at_hand not in path:
            path.append(at_hand)
            at_hand = parents[at_hand]
        paths[i] = tuple(path)
    return paths
