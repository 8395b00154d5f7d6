"""R1: the pure rules on 10,000 orders of nine levels, beside a loop that asks the database for each rate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import TYPE_CHECKING, Any

import psycopg

from app.attribution.rules import Buyer, Claim, Kind
from app.catalog import service as catalog
from app.commissions.queries import world_of
from app.commissions.rules import NOTHING_TAKEN, OrderInput, difference, due
from app.dev.database import with_database
from app.extensions import db
from app.orders.rules import Customer, Line, Message, Snapshot, State, absorb
from app.partners.service import NewPartner, create
from app.programs import queries as programs
from app.programs import service as programming
from app.tenants import service as tenants
from app.tenants.models import Tenant
from bench.deliveries import LEVELS
from bench.trial import Trial, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.commissions.rules import World
    from bench.stage import Stage

ORDERS = 10_000
PRODUCTS = 60
SAMPLE = 200  # orders whose sums both must agree on
AT = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
# Nothing that is switched on here cuts a sum: the rules do all their work, the yardstick need not.
SETTINGS = {
    "promotional": False,
    "foreign_coupons": False,
    "allowed_coupons": ["SPRING"],
    "first_orders": 100,
    "cashback": True,
    "compression": True,
    "cap_order": 10**12,
    "cap_customer": 10**12,
    "cap_partner": 10**12,
}


def rules(stage: Stage) -> list[Trial]:
    """Return the one trial."""
    ground = _ground(stage)
    naive = Naive(stage, ground)
    return [
        Trial("R1", "pure rules : row at a time", "order", 15.0, ground.run, naive.run,
              "a query for each status, sponsor and rate of each line and level",
              truth=lambda: _disagreement(ground, naive))
    ]  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """A shop's world as the conductor loads it, and orders of as many customers."""

    tenant_id: int
    shop_id: int
    seller: int
    base_terms: int
    world: World
    orders: tuple[OrderInput, ...]

    def run(self, seconds: float) -> Work:
        """Say what orders are due and what is to be posted, one after another, in this process."""
        return _until(seconds, self.orders, self.commission)

    def commission(self, order: OrderInput) -> int:
        """Return what the order earns on all levels, minor units."""
        found = due([order], self.world, NOTHING_TAKEN, AT)
        return sum(each.amount for each in difference(found.shares, {}))


def _until(seconds: float, orders: tuple[OrderInput, ...], do: Callable[[OrderInput], int]) -> Work:
    began, spent, done = time.monotonic(), time.process_time(), 0
    for order in cycle(orders):
        if time.monotonic() - began >= seconds:
            break
        do(order)
        done += 1
    return Work(done, time.monotonic() - began, time.process_time() - spent)


def _ground(stage: Stage) -> Ground:
    with stage.app.app_context():
        made = stage.merchant("Rules")
        with stage.scope(made.tenant.id):
            tenants.change_settings(SETTINGS)
            programming.change_terms(programs.base_terms(), levels=LEVELS)
            seller = _partners()
            _catalogue(made.shop.id)
            orders = tuple(_orders(seller))
            merchant = db.session.get_one(Tenant, made.tenant.id)
            folded = [order.folded for order in orders]
            world = world_of(merchant, made.shop.id, folded, [seller], AT)
            ids = made.tenant.id, made.shop.id, seller, programs.base_terms().id
        db.session.commit()
    return Ground(*ids, world, orders)


def _partners() -> int:
    """Make nine partners, one above the other; every third has a card, every second a group."""
    group = programming.create_group("Gold", [None, "6%", "5%"])
    sponsor = None
    for number in range(len(LEVELS)):
        card = [None] * number + ["2%"] if number % 3 == 2 else []
        made = create(
            NewPartner(
                name=f"P{number}",
                sponsor_id=sponsor,
                levels=card,
                group_id=group.id if number % 2 else None,
            )
        )
        sponsor = made.id
    return made.id


def _catalogue(shop_id: int) -> None:
    """Make products in categories; a third has rates of its own, half of the categories, too."""
    catalog.put_category(shop_id, "goods", levels=["9%"])
    for number in range(6):
        levels = ["8%", None, "3%"] if number % 2 else []
        catalog.put_category(shop_id, f"c{number}", parent="goods", levels=levels)
    for number in range(PRODUCTS):
        levels = ["12%", "4%"] if number % 3 == 0 else []
        catalog.put_product(shop_id, f"p{number}", category=f"c{number % 6}", levels=levels)


def _orders(seller: int) -> Iterator[OrderInput]:
    for n in range(1, ORDERS + 1):
        lines = tuple(
            Line(
                id=str(line),
                product=f"p{(n * line) % PRODUCTS}",
                quantity=Decimal(1),
                amount=10000 * line + n,
            )
            for line in (1, 2)
        )
        said = Snapshot(
            status="paid", currency="RUB", created_at=AT, updated_at=AT, lines=lines,
            customer=Customer(id=f"c{n}", email=f"gleb{n}@example.org"), coupons=("SPRING",),
        )  # fmt: skip
        folded = absorb(None, Message(said, received_at=AT, state=State.AGREED))
        claim = Claim(Kind.PARTNER_CODE, "code", seller)
        yield OrderInput(n, folded, Buyer(n, f"gleb{n}@example.org"), (claim,), f"A{n}")


_LATEST = """
SELECT value FROM fact WHERE tenant_id = %s AND owner = %s AND name = %s AND valid_from <= %s
ORDER BY valid_from DESC LIMIT 1
"""
_SPONSOR = """
SELECT sponsor_id FROM sponsor_edge WHERE tenant_id = %s AND partner_id = %s
AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)
"""
_PRODUCT = "SELECT id FROM product WHERE tenant_id = %s AND shop_id = %s AND external_id = %s"


class Naive:
    """The same sums as one writes them first: level by level, line by line, a query a question."""

    def __init__(self, stage: Stage, ground: Ground) -> None:
        self.stage, self.ground = stage, ground
        self.connection: Any = None

    def run(self, seconds: float) -> Work:
        """Compute for so long; the CPU is that of this process and of the database."""
        with self.stage.measured() as spent:
            work = self._connected(lambda: _until(seconds, self.ground.orders, self.commission))
        return Work(work.units, work.seconds, work.cpu + spent.seconds)

    def sums(self, orders: tuple[OrderInput, ...]) -> list[int]:
        """Return what these orders earn."""
        found: list[int] = self._connected(lambda: [self.commission(o) for o in orders])
        return found

    def _connected(self, do: Callable[[], Any]) -> Any:
        url = with_database(self.stage.superuser, "partnerka_bench")
        with psycopg.connect(url, autocommit=True) as self.connection:
            return do()

    def commission(self, order: OrderInput) -> int:
        """Return what the order earns on all levels, minor units."""
        total, level = 0, 1
        partner: int | None = self.ground.seller
        while partner and level <= len(LEVELS):
            if self._fact(f"partner:{partner}", "status") == "active":
                for line in order.folded.snapshot.lines:
                    rate = self._rate(partner, level, line.product or "")
                    exact = (line.amount or 0) * Decimal(rate.rstrip("%")) / 100
                    total += int(exact + Decimal("0.5"))
            row = self.connection.execute(
                _SPONSOR, (self.ground.tenant_id, partner, AT, AT)
            ).fetchone()
            partner, level = row[0] if row else None, level + 1
        return total

    def _rate(self, partner: int, level: int, product: str) -> str:
        """Return the strongest rate: card, product, category and those above it, group, terms."""
        for owner in self._owners(partner, product):
            levels = self._fact(owner, "levels") or ()
            if level <= len(levels) and levels[level - 1] is not None:
                return str(levels[level - 1])
        return "0%"

    def _owners(self, partner: int, product: str) -> Iterator[str]:
        yield f"partner:{partner}"
        where = (self.ground.tenant_id, self.ground.shop_id, product)
        product_id = self.connection.execute(_PRODUCT, where).fetchone()[0]
        yield f"product:{product_id}"
        category = self._fact(f"product:{product_id}", "category")
        while category is not None:
            yield f"category:{category}"
            category = self._fact(f"category:{category}", "parent")
        group = self._fact(f"partner:{partner}", "group")
        if group is not None:
            yield f"group:{group}"
        yield f"terms:{self.ground.base_terms}"

    def _fact(self, owner: str, name: str) -> Any:
        values = (self.ground.tenant_id, owner, name, AT)
        row = self.connection.execute(_LATEST, values).fetchone()
        return row[0] if row else None


def _disagreement(ground: Ground, naive: Naive) -> str | None:
    """Both must say the same of every order of a sample, and something at that."""
    sample = ground.orders[:SAMPLE]
    ours, theirs = [ground.commission(order) for order in sample], naive.sums(sample)
    if ours != theirs:
        n = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        return f"order {n + 1} earns {ours[n]} by the rules and {theirs[n]} by the yardstick"
    return None if all(ours) else "an order earns nothing"
