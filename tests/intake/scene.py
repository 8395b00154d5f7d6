"""Lampa with three partners, one above the other, and the buyer Gleb; messages are snapshots."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from app import clock
from app.commissions.queries import DealView, deal_view
from app.intake import service as intake
from app.ledger.queries import PartnerBalance, partner_balances
from app.onboarding.service import create_merchant
from app.orders.rules import Customer, Line, Snapshot
from app.orders.service import Incoming, read_state
from app.partners.service import NewPartner, create
from app.programs import queries as programs
from app.programs import service as terms
from app.tenancy import tenant_scope
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.intake.service import Applied
    from app.partners.models import Partner

FOUNDED = datetime(2026, 9, 1, 9, tzinfo=UTC)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
_numbers = count(1)


@dataclass
class Scene:
    """Vera sells, Boris brought Vera, Anna brought Boris."""

    tenant_id: int
    shop_id: int
    anna: Partner
    boris: Partner
    vera: Partner

    def say(self, external_id: str, snapshot: Snapshot, *, at: datetime | None = None) -> DealView:
        """Let the shop say how an order stands; return its deal."""
        applied = intake.apply(self.message(external_id, snapshot, at=at))
        view = deal_view(applied.order.id)
        assert view is not None
        return view

    def say_together(self, told: Iterable[tuple[str, Snapshot]]) -> list[Applied]:
        """Let the shop say several things in one transaction's batch."""
        return intake.apply_all([self.message(external_id, said) for external_id, said in told])

    def message(
        self, external_id: str, snapshot: Snapshot, *, at: datetime | None = None
    ) -> Incoming:
        """Return what the shop says as it comes in."""
        words = tenants.words(self.shop_id)
        return Incoming(
            shop_id=self.shop_id,
            external_id=external_id,
            snapshot=snapshot,
            state=read_state(snapshot.status, words.words),
            map_version=words.version,
            source="api",
            received_at=at or clock.now(),
        )

    def balances(self) -> dict[str, PartnerBalance]:
        """Return the partners' balances by first name."""
        found = partner_balances([self.anna.id, self.boris.id, self.vera.id])
        people = {"Anna": self.anna, "Boris": self.boris, "Vera": self.vera}
        return {name: found[p.id] for name, p in people.items()}


@contextmanager
def at_lampa(levels: tuple[str, ...] = ("10%", "5%", "1%"), hold_days: int = 14) -> Iterator[Scene]:
    """Stand in a new merchant's scope, founded a month before the orders."""
    with clock.moved_to(FOUNDED):
        number = next(_numbers)
        slug = f"lampa-{number}-{abs(hash((number, clock.wall()))) % 10**8}"
        made = create_merchant(
            "Lampa", slug, f"owner@{slug}.example", "RUB", "en", "Europe/Moscow", f"{slug}.example"
        )
    with tenant_scope(made.tenant.id):
        with clock.moved_to(FOUNDED):
            terms.change_terms(programs.base_terms(), levels=list(levels), hold_days=hold_days)
            anna = create(NewPartner(name="Anna", email=f"anna@{slug}.example", codes=["ANNA10"]))
            boris = create(NewPartner(name="Boris", sponsor_id=anna.id))
            vera = create(NewPartner(name="Vera", sponsor_id=boris.id, codes=["VERA10"]))
        yield Scene(made.tenant.id, made.shop.id, anna, boris, vera)


def order(status: str = "paid", minutes: int = 0, **said: Any) -> Snapshot:
    """Return a snapshot of an order for two lamps, 1,900.00, as of `minutes` after noon."""
    lines = (
        Line(
            id="1", product="lamp-1", name="Lamp", quantity=Decimal(2), price=100000, discount=10000
        ),
    )
    base = Snapshot(
        status=status,
        currency="RUB",
        created_at=NOON,
        updated_at=NOON + timedelta(minutes=minutes),
        customer=Customer(id="77", email="gleb@example.org", name="Gleb"),
        lines=lines,
    )
    return replace(base, **said)
