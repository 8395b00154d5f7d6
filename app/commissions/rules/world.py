"""The world an order was made in: every fact that decides money, as of an instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.attribution.rules import Buyer, Settings
from app.facts.rules import Timeline
from app.fraud.rules import OFF, Policy, policy_from_json
from app.orders.rules import BaseRule, Line, LineFacts
from app.partners.rules import Identity, Status, Tree, fold_code
from app.programs.rules import (
    Campaign,
    Levels,
    Offer,
    Rate,
    Resolved,
    Source,
    buyer_key,
    campaign_from_json,
    parse_levels,
    parse_rate,
    resolve,
)

if TYPE_CHECKING:
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
    by_buyer: Mapping[str, Levels] = field(default_factory=dict)  # by the buyer's group
    cashback: Rate | None = None
    cap: int | None = None  # a month, minor units


@dataclass(frozen=True, slots=True)
class Caps:
    """The merchant's caps, minor units; None: no cap. `whole`: what does not fit wholly gets nothing."""

    order: int | None = None
    customer: int | None = None
    partner: int | None = None
    month: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Earning:
    """What earns at all, as the merchant had set it; `allowed` are coupons that are nobody's."""

    promotional: bool = True
    coupons: bool = True
    allowed: frozenset[str] = frozenset()
    first_orders: int | None = None
    compression: bool = False
    first_coupons: bool = True  # coupons given for a first order do no harm


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a line stands in the catalogue: its product, and its categories, nearest first."""

    product_id: int | None = None
    categories: tuple[int, ...] = ()


NOWHERE = Spot()  # shipping


@dataclass(frozen=True)
class World:
    """Facts by (owner, name), and what finds their owners. Missing facts read as their default.

    Owners: merchant, terms:N, partner:N, group:N, product:N, category:N, campaign:N. `products` and
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
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # refcode and name, now

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

    def own_partner(self, buyer: Buyer, at: datetime) -> int | None:
        """Return the active partner who the buyer is, where own purchases earned cashback."""
        if not self.fact("merchant", "cashback", at, default=False):
            return None
        known = (buyer.member_id, buyer.email, buyer.phone)
        same = {i for each in known if each is not None for i in self._known_by.get(each, ())}
        return min((i for i in same if self.status(i, at) is Status.ACTIVE), default=None)

    def earning(self, at: datetime) -> Earning:
        """Return what earns at all."""
        allowed = self.fact("merchant", "allowed_coupons", at) or ()
        return Earning(
            promotional=self.fact("merchant", "promotional", at, default=True),
            coupons=self.fact("merchant", "foreign_coupons", at, default=True),
            allowed=frozenset(fold_code(each) for each in allowed),
            first_orders=self.fact("merchant", "first_orders", at),
            compression=self.fact("merchant", "compression", at, default=False),
            first_coupons=self.fact("merchant", "first_coupons", at, default=True),
        )

    def fraud_policy(self, at: datetime) -> Policy:
        """Return which signs hold a deal; before the merchant first said anything, none does."""
        said = self.facts.get(("merchant", "fraud"))
        found: Policy | None = said.at(at) if said and said.rows[0][0] <= at else None
        return found or OFF

    @cached_property
    def live_from(self) -> datetime | None:
        """Return when the program went live after a shadow month: what was sold before, another service settled."""
        said = self.facts.get(("merchant", "live_from"))
        return said.rows[0][1] if said else None

    def caps(self, at: datetime) -> Caps:
        """Return the merchant's caps; those of terms stand with the terms."""
        return Caps(
            order=self.fact("merchant", "cap_order", at),
            customer=self.fact("merchant", "cap_customer", at),
            partner=self.fact("merchant", "cap_partner", at),
            month=self.fact("merchant", "cap_month", at),
            whole=self.fact("merchant", "over_cap", at) == "nothing",
        )

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
        """Return the terms that the partner was on: his own, else his group's, else the base.

        A set that had not begun or was over counts as not said.
        """
        key = (self._terms_id(partner_id, at), at)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = self._read_terms(*key)
        return found

    def set_of_terms(self, terms_id: int, at: datetime) -> Terms:
        """Return a set of terms as it stood, whoever was on it: staff may name it on an order."""
        return self._read_terms(terms_id, at)

    @cached_property
    def _terms(self) -> dict[tuple[int, datetime], Terms]:
        """Sets of terms as they were at an order's time: most earners of an order share one."""
        return {}

    def _read_terms(self, terms_id: int, at: datetime) -> Terms:
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
            by_buyer=self.fact(owner, "levels_by_buyer", at) or {},
            cashback=self.fact(owner, "cashback_rate", at),
            cap=self.fact(owner, "cap", at),
        )

    def _terms_id(self, partner_id: int, at: datetime) -> int:
        group_id = self.fact(f"partner:{partner_id}", "group", at)
        chosen = [self.fact(f"partner:{partner_id}", "terms", at)]
        if group_id is not None:
            chosen.append(self.fact(f"group:{group_id}", "terms", at))
        open_ = (i for i in chosen if i is not None and self._holds(f"terms:{i}", at))
        return next(open_, self.base_terms)

    def _holds(self, owner: str, at: datetime) -> bool:
        starts, ends = self.fact(owner, "starts", at), self.fact(owner, "ends", at)
        return (starts is None or starts <= at) and (ends is None or at < ends)

    def takes_part(self, product: str | None, at: datetime) -> bool:
        """Whether the product took part; what the catalogue does not know does."""
        product_id = self.products.get(product or "")
        owner = f"product:{product_id}"
        takes_part: bool = self.fact(owner, "takes_part", at, default=True)
        return product_id is None or takes_part

    def is_promotional(self, line: Line, said: LineFacts, at: datetime) -> bool:
        """Whether the line is promotional goods: messages before catalogue."""
        if said.promo is not None:
            return said.promo
        product_id = self.products.get(line.product or "")
        found: bool = self.fact(f"product:{product_id}", "promo", at, default=False)
        return product_id is not None and found

    def product_word(self, line: Line, name: str, at: datetime) -> str | None:
        """Return the brand or the supplier of the line's product, as the catalogue said it then."""
        product_id = self.products.get(line.product or "")
        found: str | None = self.fact(f"product:{product_id}", name, at)
        return found if product_id is not None else None

    def own_offers(
        self, partner_id: int, terms: Terms, at: datetime, buyer_group: str | None = None
    ) -> tuple[Offer, ...]:
        """Return the levels that the partner has on every line: card, group, terms.

        Levels for the buyer's group stand above the others of the same strength.
        """
        found = [self._offer(Source.PARTNER, partner_id, at)]
        key = buyer_key(buyer_group or "")
        group_id = self.fact(f"partner:{partner_id}", "group", at)
        if group_id is not None:
            by_buyer = self.fact(f"group:{group_id}", "levels_by_buyer", at) or {}
            if key in by_buyer:
                found.append(Offer(Source.GROUP, f"group:{group_id}", by_buyer[key], buyer_group))
            found.append(self._offer(Source.GROUP, group_id, at))
        owner = f"terms:{terms.id}"
        if key in terms.by_buyer:
            found.append(Offer(Source.TERMS, owner, terms.by_buyer[key], buyer_group))
        found.append(Offer(Source.TERMS, owner, terms.levels))
        return tuple(found)

    def spot_of(self, line: Line, said: LineFacts, at: datetime) -> Spot:
        """Return the line's product and categories, as they were."""
        product_id = self.products.get(line.product or "")
        return Spot(product_id, tuple(self._category_path(product_id, said.category, at)))

    def line_offers(self, spot: Spot, at: datetime) -> tuple[Offer, ...]:
        """Return the levels that a line has for everybody: product, category and those above it."""
        found = (
            [] if spot.product_id is None else [self._offer(Source.PRODUCT, spot.product_id, at)]
        )
        return (*found, *(self._offer(Source.CATEGORY, each, at) for each in spot.categories))

    def first_rate(self, partner_id: int, product_id: int, at: datetime) -> Resolved | None:
        """Return what a sale of a product pays whoever brings it, to a buyer of no group; None: nothing."""
        terms = self.terms_of(partner_id, at)
        if not terms.levels:
            return None
        spot = Spot(product_id, tuple(self._category_path(product_id, None, at)))
        own, special = self.own_offers(partner_id, terms, at), self.campaigns(partner_id, at)
        return resolve((*own, *covering(special, spot), *self.line_offers(spot, at)), 1)

    def campaigns(self, partner_id: int, at: datetime) -> tuple[tuple[str, Campaign], ...]:
        """Return the campaigns by which the partner earned then, the strongest first.

        That is the one that began last; of two that began together the one made later.
        """
        if not self._campaign_ids:
            return ()
        group_id = self.fact(f"partner:{partner_id}", "group", at)
        known = ((i, self.fact(f"campaign:{i}", "offer", at)) for i in self._campaign_ids)
        found = [
            (each.starts, i, each)
            for i, each in known
            if each is not None and each.runs(at) and each.concerns(partner_id, group_id)
        ]
        found.sort(key=lambda row: row[:2], reverse=True)
        return tuple((f"campaign:{i}", each) for _starts, i, each in found)

    @cached_property
    def _known_by(self) -> Mapping[int | str, list[int]]:
        """Partners by what they are known by: a customer's id, an e-mail, a phone."""
        found: dict[int | str, list[int]] = defaultdict(list)
        for partner_id, known in self.identities.items():
            names: set[int | str] = {*known.members, *known.emails, *known.phones}
            for each in names:
                found[each].append(partner_id)
        return dict(found)

    @cached_property
    def _campaign_ids(self) -> tuple[int, ...]:
        return tuple(int(owner.partition(":")[2]) for owner, name in self.facts if name == "offer")

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


def covering(special: Iterable[tuple[str, Campaign]], spot: Spot) -> Iterable[Offer]:
    """Return the levels that campaigns have for a line, the strongest first."""
    return (
        Offer(Source.CAMPAIGN, owner, each.levels)
        for owner, each in special
        if each.covers(spot.product_id, spot.categories)
    )


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
        "levels_by_buyer": lambda said: {
            buyer_key(group): parse_levels(texts, currency) for group, texts in said.items()
        },
        "cashback_rate": lambda said: parse_rate(said, currency),
        "starts": datetime.fromisoformat,
        "ends": datetime.fromisoformat,
        "live_from": datetime.fromisoformat,
        "offer": lambda said: campaign_from_json(said, currency),
        "fraud": policy_from_json,
    }
    return value if value is None or name not in read else read[name](value)
