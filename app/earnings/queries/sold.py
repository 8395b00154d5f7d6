"""Sales of goods whose rights somebody holds: line by line, what was kept of it, and what it earned."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from math import floor
from typing import TYPE_CHECKING

from sqlalchemy import select

from app import sql
from app.bonuses import queries as bonuses
from app.catalog.models import Product
from app.earnings.queries.booked import earned
from app.extensions import db
from app.facts import service as facts
from app.orders import service as orders
from app.orders.rules import State, line_value, refunded
from app.profiles import queries as profiles
from app.ranks import queries as ranks
from app.ranks.rules import OF, owners_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from app.earnings.queries.booked import Earned
    from app.orders.rules import Line
    from app.orders.service import Standing
    from app.ranks.rules import Held

MOST = 20_000  # orders of a period that are looked through
# Orders of a period with a line that may be of such goods: by what messages or the catalogue say.
_MAYBE = """
SELECT o.id FROM orders o
WHERE o.created_at >= %(since)s AND o.created_at < %(until)s
  AND o.state IN ('agreed', 'completed', 'refunded')
  AND (EXISTS (
    SELECT FROM jsonb_array_elements(o.folded -> 'snapshot' -> 'lines') l
    WHERE lower(l ->> 'product') = ANY(%(products)s) OR lower(l ->> 'supplier') = ANY(%(suppliers)s)
       OR lower(l ->> 'brand') = ANY(%(brands)s))
  OR EXISTS (
    SELECT FROM jsonb_array_elements(o.folded -> 'facts') f
    WHERE f ->> 2 IN ('supplier', 'brand') AND lower(f ->> 4) = ANY(%(words)s)))
ORDER BY o.created_at DESC, o.id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A line of somebody's goods in an order; sums in minor units, of bonuses those of his alone."""

    order_id: int
    number: str
    at: datetime
    state: str
    name: str
    quantity: str
    value: int  # as sold
    back: int  # of it, what came back
    part: Fraction  # of the rights
    of: str  # by what he holds them: supplier, brand or product
    word: str

    @property
    def share(self) -> Decimal:
        """The part of the rights in percents."""
        return Decimal(self.part.numerator * 100) / self.part.denominator


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What an order has earned somebody as a rights holder, by which rules."""

    accrued: int = 0  # also what was taken back since
    back: int = 0
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sales:
    """The sales of a period, the newest first, and what each order earned."""

    lines: Sequence[Sold]
    paid: Mapping[int, Paid]

    @property
    def value(self) -> int:
        """What all lines were sold for."""
        return sum(line.value for line in self.lines)

    @property
    def back(self) -> int:
        """What of it came back."""
        return sum(line.back for line in self.lines)

    @property
    def accrued(self) -> int:
        """Bonuses that the sales earned."""
        return sum(each.accrued for each in self.paid.values())

    @property
    def taken_back(self) -> int:
        """Bonuses that were taken back of it."""
        return sum(each.back for each in self.paid.values())


def holds_any(member_id: int) -> bool:
    """Tell whether a customer holds, or held, rights to goods."""
    return bool(held_by(member_id))


def held_by(member_id: int) -> list[Held]:
    """Return the rights that a customer holds, or held."""
    return [each for each in ranks.held() if each.member_id == member_id]


def sales_of(member_id: int, since: datetime, until: datetime) -> Sales:
    """Return what was sold in a period of the goods whose rights a customer holds, or held."""
    held = held_by(member_id)
    if not held:
        return Sales((), {})
    found = orders.get_all(_maybe(held, since, until))
    own_too = bonuses.program().owners_earn_on_own
    said = _Catalogue(found)
    lines = [
        line
        for order in sorted(found, key=_newest, reverse=True)
        if own_too or order.member_id != member_id
        for line in _lines(order, held, said)
    ]
    return Sales(lines, _paid(member_id, {line.order_id for line in lines}))


def _newest(order: Standing) -> tuple[datetime, int]:
    return order.folded.snapshot.created_at, order.id


def _maybe(held: Sequence[Held], since: datetime, until: datetime) -> list[int]:
    words: dict[str, set[str]] = {name: set() for name in OF}
    for each in held:
        words[each.of].add(each.word.strip().casefold())
    query = select(Product.id, Product.external_id)
    owners = {f"product:{row.id}": row.external_id for row in db.session.execute(query)}
    for (owner, name), line in facts.history(owners, ["brand", "supplier"]).items():
        if any((word or "").strip().casefold() in words[name] for _at, word in line.rows):
            words["product"].add(owners[owner].casefold())
    values = {
        "since": since,
        "until": until,
        "products": sorted(words["product"]),
        "suppliers": sorted(words["supplier"]),
        "brands": sorted(words["brand"]),
        "words": sorted(words["supplier"] | words["brand"]),
        "most": MOST,
    }
    return [row.id for row in sql.rows(_MAYBE, values)]


class _Catalogue:
    """What the catalogue said of the goods of orders, when they were made."""

    def __init__(self, found: Sequence[Standing]) -> None:
        named = {line.product for order in found for line in order.folded.snapshot.lines}
        query = select(Product.id, Product.external_id, Product.shop_id)
        query = query.where(Product.external_id.in_(named - {None}))
        rows = db.session.execute(query).all()
        self.ids = {(row.shop_id, row.external_id): row.id for row in rows}
        owners = [f"product:{number}" for number in self.ids.values()]
        self.facts = facts.history(owners, ["brand", "supplier"]) if owners else {}

    def of(self, order: Standing, line: Line) -> dict[str, str | None]:
        """Return the words of a line, messages before the catalogue."""
        told, at = order.folded.facts_of(line), order.folded.snapshot.created_at
        owner = f"product:{self.ids.get((order.shop_id, line.product or ''))}"

        def kept(name: str) -> str | None:
            timeline = self.facts.get((owner, name))
            word: str | None = timeline.at(at) if timeline is not None else None
            return word

        return {
            "supplier": told.supplier or line.supplier or kept("supplier"),
            "brand": told.brand or line.brand or kept("brand"),
            "product": line.product,
        }


def _lines(order: Standing, held: Sequence[Held], said: _Catalogue) -> list[Sold]:
    snapshot = order.folded.snapshot
    words = {line.id: said.of(order, line) for line in snapshot.lines}
    parts = {line: part for _m, line, part in owners_of(held, words, snapshot.created_at)}
    back = refunded(snapshot).lines
    whole = order.folded.state is State.REFUNDED
    return [
        Sold(
            order_id=order.id,
            number=snapshot.number or order.external_id,
            at=snapshot.created_at,
            state=order.folded.state.value,
            name=line.name or line.product or line.id,
            quantity=f"{line.quantity.normalize():f}",
            value=line_value(line),
            back=line_value(line) if whole else floor(back[line.id]),
            part=parts[line.id],
            **_by(held, words[line.id], snapshot.created_at),
        )
        for line in snapshot.lines
        if line.id in parts
    ]


def _by(held: Iterable[Held], words: Mapping[str, str | None], at: datetime) -> dict[str, str]:
    """Return by which rights a line is somebody's: the first that fit."""
    for each in held:
        word = words.get(each.of)
        same = word is not None and word.strip().casefold() == each.word.strip().casefold()
        if each.holds(at) and same:
            return {"of": each.of, "word": each.word}
    raise LookupError("a line of nobody's")


def _paid(member_id: int, order_ids: set[int]) -> dict[int, Paid]:
    mine: dict[int, list[tuple[int, Earned]]] = defaultdict(list)
    for order_id, by_reference in (earned(order_ids) if order_ids else {}).items():
        for reference, found in by_reference.items():
            parts = reference.split(":")
            if parts[5:7] == ["owner", str(member_id)]:
                mine[order_id].append((int(parts[3]), found))
    names = {
        each.id: each.name for each in profiles.rules({r for own in mine.values() for r, _ in own})
    }
    return {
        order_id: Paid(
            accrued=sum(kept + back for _r, e in own for _ref, kept, back in e.lots),
            back=sum(back for _r, e in own for _ref, _kept, back in e.lots),
            rules=tuple(dict.fromkeys(names.get(rule, "") for rule, _e in own)),
        )
        for order_id, own in mine.items()
    }
