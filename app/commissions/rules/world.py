"""The world an order was made in: every fact that decides money, as of an instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.attribution.rules import Settings
from app.facts.rules import Timeline
from app.orders.rules import BaseRule, Line, LineFacts
from app.partners.rules import Identity, Status, Tree
from app.programs.rules import Levels, Offer, Source, parse_levels

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

Facts = Mapping[tuple[str, str], Timeline[Any]]
HOLD_DAYS = 14
_NOBODY = Identity()
_DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Terms:
    """A set of partner terms as it stood; days already fall back on the merchant's settings."""

    id: int
    label: str
    levels: Levels
    hold_days: int
    window_days: int
    base: BaseRule


@dataclass(frozen=True)
class World:
    """Facts by (owner, name), and what finds their owners. Missing facts read as their default.

    Owners: merchant, terms:N, partner:N, group:N, product:N, category:N. `products` and
    `categories` turn the shop's ids into ours. `currency` is the merchant's, `zone` too.
    """

    zone: ZoneInfo
    currency: str
    base_terms: int
    facts: Facts
    products: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)
    edges: Tree = field(default_factory=dict)
    identities: Mapping[int, Identity] = field(default_factory=dict)

    def fact(self, owner: str, name: str, at: datetime, default: Any = None) -> Any:
        """Return the fact as of the instant; `default` where it has no row at all."""
        timeline = self.facts.get((owner, name))
        return default if timeline is None else timeline.at(at)

    def status(self, partner_id: int, at: datetime) -> Status:
        """Return where the partner stood; one without any row never was approved."""
        found: Status = self.fact(f"partner:{partner_id}", "status", at, Status.PENDING)
        return found

    def identity(self, partner_id: int) -> Identity:
        """Return by what the partner is known as a buyer, now: it is no dated fact."""
        return self.identities.get(partner_id, _NOBODY)

    def window_days(self, partner_id: int, at: datetime) -> int:
        """Return the window of the partner's terms, else the merchant's."""
        return self.terms_of(partner_id, at).window_days

    def settings(self, at: datetime) -> Settings:
        """Return how the merchant attributed."""
        return Settings(
            window_days=self.fact("merchant", "window_days", at, _DEFAULTS.window_days),
            click=self.fact("merchant", "click", at, _DEFAULTS.click),
            conflict=self.fact("merchant", "conflict", at, _DEFAULTS.conflict),
            lifetime=self.fact("merchant", "lifetime", at, _DEFAULTS.lifetime),
            existing=self.fact("merchant", "existing", at, _DEFAULTS.existing),
            foreign_code=self.fact("merchant", "foreign_code", at, _DEFAULTS.foreign_code),
        )

    def terms_of(self, partner_id: int, at: datetime) -> Terms:
        """Return the terms that the partner was on; the base terms unless said."""
        terms_id = self.fact(f"partner:{partner_id}", "terms", at) or self.base_terms
        owner = f"terms:{terms_id}"
        hold_days = self.fact(owner, "hold_days", at)
        window_days = self.fact(owner, "window_days", at)
        if hold_days is None:
            hold_days = self.fact("merchant", "hold_days", at, HOLD_DAYS)
        if window_days is None:
            window_days = self.fact("merchant", "window_days", at, _DEFAULTS.window_days)
        return Terms(
            id=terms_id,
            label=self.fact(owner, "label", at, ""),
            levels=self.fact(owner, "levels", at, ()),
            hold_days=hold_days,
            window_days=window_days,
            base=self.fact(owner, "base", at) or BaseRule(),
        )

    def takes_part(self, product: str | None, at: datetime) -> bool:
        """Whether the product took part; what the catalogue does not know does."""
        product_id = self.products.get(product or "")
        owner = f"product:{product_id}"
        takes_part: bool = self.fact(owner, "takes_part", at, default=True)
        return product_id is None or takes_part

    def own_offers(self, partner_id: int, terms: Terms, at: datetime) -> tuple[Offer, ...]:
        """Return the levels that the partner has on every line: card, group, terms."""
        group_id = self.fact(f"partner:{partner_id}", "group", at)
        found = [
            self._offer(Source.PARTNER, partner_id, at),
            Offer(Source.TERMS, f"terms:{terms.id}", terms.levels),
        ]
        if group_id is not None:
            found.append(self._offer(Source.GROUP, group_id, at))
        return tuple(found)

    def line_offers(self, line: Line, said: LineFacts, at: datetime) -> tuple[Offer, ...]:
        """Return the levels that a line has for everybody: product, category and those above it."""
        product_id = self.products.get(line.product or "")
        found = [] if product_id is None else [self._offer(Source.PRODUCT, product_id, at)]
        path = self._category_path(product_id, said.category, at)
        return (*found, *(self._offer(Source.CATEGORY, category, at) for category in path))

    def _category_path(self, product_id: int | None, named: str | None, at: datetime) -> list[int]:
        """Return the category and those above it, nearest first; messages before catalogue."""
        category = self.categories.get(named) if named is not None else None
        if named is None and product_id is not None:
            category = self.fact(f"product:{product_id}", "category", at)
        path: list[int] = []
        while category is not None and category not in path:
            path.append(category)
            category = self.fact(f"category:{category}", "parent", at)
        return path

    def _offer(self, source: Source, owner_id: int, at: datetime) -> Offer:
        owner = f"{source.value}:{owner_id}"
        return Offer(source, owner, self.fact(owner, "levels", at) or ())


def facts_from_rows(rows: Iterable[tuple[str, str, datetime, Any]], currency: str) -> Facts:
    """Turn stored rows (owner, name, valid_from, JSON value) into timelines of what World reads.

    Raises RateError or ValueError for stored values that are no rates, statuses or base rules.
    """
    found: dict[tuple[str, str], list[tuple[datetime, Any]]] = defaultdict(list)
    for owner, name, valid_from, value in rows:
        found[owner, name].append((valid_from, _decode(name, value, currency)))
    return {key: Timeline.of(own) for key, own in found.items()}


def _decode(name: str, value: Any, currency: str) -> Any:
    read: dict[str, Callable[[Any], Any]] = {
        "levels": lambda texts: parse_levels(texts, currency),
        "status": Status,
        "base": lambda parts: BaseRule(**parts),
    }
    return value if value is None or name not in read else read[name](value)
