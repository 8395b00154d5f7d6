"""A merchant of the rules' tests: facts said as the office would say them, orders of the buyer Gleb."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.attribution.rules import Buyer, Claim, Kind
from app.commissions.rules import (
    NOTHING_TAKEN,
    Deal,
    DueResult,
    OrderInput,
    Taken,
    World,
    due,
    facts_from_rows,
)
from app.orders.rules import Folded, Line, Message, Snapshot, State, absorb
from app.partners.rules import Edge, tree_of

if TYPE_CHECKING:
    from app.partners.rules import Identity

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOSCOW = ZoneInfo("Europe/Moscow")
ANNA, BORIS, VERA = 1, 2, 3  # Anna sponsors Boris, Boris sponsors Vera
GLEB = Buyer(member_id=7, email="gleb@example.org")


@dataclass
class Story:
    """A merchant with three levels of 10, 5 and 1 %, and Vera who sells."""

    said: dict[tuple[str, str], list[tuple[datetime, Any]]] = field(default_factory=dict)
    identities: dict[int, Identity] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the three partners stand one above the other."""
        self.edges = self.edges or [Edge(BORIS, ANNA, FOUNDED), Edge(VERA, BORIS, FOUNDED)]
        self.say("terms:1", "label", "Base terms v1").say("terms:1", "levels", ["10%", "5%", "1%"])
        for partner in (ANNA, BORIS, VERA):
            self.say(f"partner:{partner}", "status", "active")

    def say(self, owner: str, name: str, value: Any, since: datetime = FOUNDED) -> Story:
        """Let a fact hold from then on."""
        self.said.setdefault((owner, name), []).append((since, value))
        return self

    def now_only(self, owner: str, name: str, value: Any) -> Story:
        """Let a fact have always been so."""
        self.said[owner, name] = [(FOUNDED, value)]
        return self

    def world(self) -> World:
        """Return the facts as the rules read them."""
        rows = [(*key, *row) for key, found in self.said.items() for row in found]
        return World(
            zone=MOSCOW,
            currency="RUB",
            base_terms=1,
            facts=facts_from_rows(rows, "RUB"),
            products={"lamp-1": 10, "book-1": 11},
            categories={"lamps": 20, "light": 21},
            edges=tree_of(self.edges),
            identities=self.identities,
        )

    def settle(
        self, *orders: OrderInput, now: datetime = NOON, taken: Taken = NOTHING_TAKEN, **more: Any
    ) -> DueResult:
        """Say what the orders are due."""
        return due(orders, self.world(), taken, now, **more)

    def deal(self, order: OrderInput, now: datetime = NOON) -> Deal:
        """Say what one order is due."""
        return self.settle(order, now=now).deals[0]


def lamp(name: str = "1", amount: int | None = 100000, **more: Any) -> Line:
    """Return a line of two lamps worth 1,000.00 together."""
    said: dict[str, Any] = {"id": name, "quantity": Decimal(2), "amount": amount}
    return Line(**(said | more))


def folded(state: State | None, *lines: Line, **more: Any) -> Folded:
    """Return an order as one message of noon says it."""
    said: dict[str, Any] = {
        "status": "word",
        "currency": "RUB",
        "created_at": NOON,
        "updated_at": NOON,
        "lines": lines or (lamp(),),
    }
    return absorb(None, Message(Snapshot(**(said | more)), received_at=NOON, state=state))


def code(partner: int) -> Claim:
    """Return a partner's code typed on the order."""
    return Claim(Kind.PARTNER_CODE, f"code{partner}", partner)


def placed(order: Folded, *claims: Claim, number: int = 1, buyer: Buyer = GLEB) -> OrderInput:
    """Return the order with claims, Vera's code unless said."""
    return OrderInput(number, order, buyer, claims or (code(VERA),), f"A{number}")


def paid(found: Deal) -> dict[int, int]:
    """Return sums by partner; who gets nothing is left out."""
    sums: dict[int, int] = {}
    for share in found.shares:
        sums[share.partner_id] = sums.get(share.partner_id, 0) + share.amount
    return {partner: total for partner, total in sums.items() if total}
