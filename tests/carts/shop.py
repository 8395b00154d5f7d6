"""A WooCommerce shop whose cart takes coupons as its own does, and Gleb, who is signed in there.

Coupons are refused as WooCommerce refuses them: switched off, over, used up, for another e-mail, below the
minimum, beside another that stands alone. A sum off the cart is laid over its lines by their price, taxes
follow. The Store API wants the nonce that its answers carry.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service as bonus_service
from app.bonuses.rules import Grant
from app.carts import queries
from app.carts import service as carts
from app.carts.models import CartCoupon
from app.carts.queries import Settings
from app.extensions import db
from app.members.service import Card, Contact, resolve, write
from app.orders.rules import Customer, Line, Snapshot
from app.tenancy import public_id
from app.tenants.service import change_settings
from tests.shops.fake_woocommerce import FakeShop, Refused
from tests.shops.scene import Desk

if TYPE_CHECKING:
    from tests.shops.fake_woocommerce import Answer

GLEB, MAIL = "77", "gleb@example.test"
CENT = Decimal("0.01")


class CartShop(FakeShop):
    """The shop with a cart."""

    def __post_init__(self) -> None:
        self.options = {
            "woocommerce_enable_coupons": "yes",
            "woocommerce_calc_taxes": "no",
            "woocommerce_prices_include_tax": "yes",
        }
        super().__post_init__()

    def _settings(self, _method: str, rest: list[str], _query: Any, _body: Any) -> Answer:
        return 200, {"id": rest[1], "value": self.options[rest[1]]}, {}

    def _coupons(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Answer:
        if method == "DELETE":
            if int(rest[0]) not in self.coupons:
                raise Refused(404, "woocommerce_rest_shop_coupon_invalid_id")
            return 200, self.coupons.pop(int(rest[0])), {}
        if method == "GET" and "code" not in query:
            return self._paged(list(self.coupons.values()), query)
        return super()._coupons(method, rest, query, body)

    def coupon(self, code: str) -> dict[str, Any] | None:
        return next((c for c in self.coupons.values() if c["code"] == code.lower()), None)

    def refusal(self, code: str, goods: Decimal, email: str, beside: int = 0) -> str | None:
        """Return why the cart does not take a coupon."""
        found = self.coupon(code)
        if self.options["woocommerce_enable_coupons"] == "no":
            return "disabled"
        if found is None:
            return "unknown"
        ends = found.get("date_expires_gmt")
        now = (datetime.now(UTC) + self.moved).strftime("%Y-%m-%dT%H:%M:%S")
        emails = found.get("email_restrictions") or []
        refused = {
            "over": bool(ends) and str(ends) <= now,
            "used": bool(found.get("usage_limit"))
            and found.get("usage_count", 0) >= found["usage_limit"],
            "minimum": goods < Decimal(str(found.get("minimum_amount") or 0)),
            "email": bool(emails) and email not in emails,
            "alone": bool(found.get("individual_use")) and beside > 0,
        }
        return next((word for word, is_so in refused.items() if is_so), None)

    def buy(
        self,
        *prices: str,
        code: str | None = None,
        customer: str = GLEB,
        email: str = MAIL,
        status: str = "processing",
        shipping: str = "0.00",
        off: str | None = None,
        tax: Decimal = Decimal(0),
    ) -> int:
        """Place an order of these goods; `off`: staff changed what the coupon takes off by hand.

        `tax`: its rate, in the prices.
        """
        goods = sum((Decimal(p) for p in prices), Decimal(0))
        found = None
        if code is not None:
            refusal = self.refusal(code, goods, email)
            if refusal is not None:
                raise LookupError(refusal)
            found = self.coupon(code)
            assert found is not None
            found["usage_count"] = found.get("usage_count", 0) + 1
        number = self.place_order(1, status=status, coupon=code)
        order = self.orders[number]
        order["customer_id"] = int(customer or 0)
        order["billing"]["email"] = email
        cut = min(Decimal(off or (found["amount"] if found else "0")), goods)
        order["line_items"] = self._items(prices, cut, tax)
        order["shipping_lines"] = [{"id": 1, "total": shipping, "total_tax": "0.00"}]
        order["total"] = str(goods - cut + Decimal(shipping))
        if code is not None:
            net = (cut / (1 + tax)).quantize(CENT)
            order["coupon_lines"] = [
                {"id": self.next(), "code": code.lower(), "discount": str(net), "discount_tax": str(cut - net)}
            ]  # fmt: skip
        return number

    def _items(self, prices: tuple[str, ...], cut: Decimal, tax: Decimal) -> list[dict[str, Any]]:
        goods = sum((Decimal(p) for p in prices), Decimal(0))
        parts = [(cut * Decimal(p) / goods).quantize(CENT) for p in prices]
        parts[-1] += cut - sum(parts)
        items = []
        for price, part in zip(prices, parts, strict=True):
            before, after = Decimal(price), Decimal(price) - part
            sums: dict[str, str] = {}
            for name, whole in (("subtotal", before), ("total", after)):
                net = (whole / (1 + tax)).quantize(CENT)
                sums |= {name: str(net), f"{name}_tax": str(whole - net)}
            items.append(
                {"id": self.next(), "name": "Widget", "product_id": 0, "variation_id": 0, "quantity": 1,
                 "price": 1, "sku": "", **sums}
            )  # fmt: skip
        return items

    def give_back(self, number: int, amount: str, item: int | None = None) -> None:
        """Give money back by sum, or of one of the lines as it was paid."""
        order = self.orders[number]
        items = []
        if item is not None:
            line = order["line_items"][item]
            items = [
                {"id": self.next(), "quantity": -1, "total": f"-{line['total']}",
                 "total_tax": f"-{line['total_tax']}",
                 "meta_data": [{"key": "_refunded_item_id", "value": str(line["id"])}]}
            ]  # fmt: skip
        made = self.next()
        self.refunds.setdefault(number, []).append(
            {"id": made, "amount": amount, "line_items": deepcopy(items), "shipping_lines": [],
             "fee_lines": []}
        )  # fmt: skip
        order["refunds"].append({"id": made, "reason": "", "total": f"-{amount}"})
        self.touch(number)

    def edit(self, number: int, *prices: str) -> None:
        """Take the coupon off an order by hand: its goods cost what they cost."""
        order = self.orders[number]
        order["coupon_lines"] = []
        order["line_items"] = self._items(prices, Decimal(0), Decimal(0))
        self.touch(number)


class Carting(Desk):
    """Lampa with a connected shop, where Gleb has 500 bonuses."""

    gleb: int

    def begin(self, amount: int = 50_000, **program: Any) -> None:
        self.connect()
        self.settle()

        def open_up() -> int:
            change_settings({"loyalty": True})
            if program:
                bonus_service.change_program(program)
            carts.change_settings(Settings(on=True))
            gleb = self.member(self.number(), MAIL)
            self.credit(gleb, amount)
            return gleb

        self.gleb = self.do(open_up)

    def number(self) -> str:
        """Return Gleb's number in the shop."""
        return GLEB

    def member(self, number: str, email: str | None) -> int:
        shop_id = self.lampa.shop_id
        [found] = resolve([Contact(shop_id, number, email, None, None, None, clock.now())])
        assert found.member_id is not None
        write(found.member_id, Card(frozenset({"email"}), email=email))
        return found.member_id

    def credit(self, member_id: int, amount: int) -> None:
        reference = f"hand:{public_id('be')}"
        grant = Grant(member_id=member_id, amount=amount, reference=reference, kind="hand")
        bonus_service.grant([grant])

    def balance(self, member_id: int | None = None) -> tuple[int, int, int]:
        """Return what is available, held and owed."""
        with self.app.app_context(), self.lampa.scope():
            has = bonuses.balance(member_id or self.gleb)
            return has.available, has.held, has.debt

    def coupons(self) -> list[CartCoupon]:
        with self.app.app_context(), self.lampa.scope():
            rows = queries.shown(100)
            for row, _name, _hold in rows:
                db.session.expunge(row)
            return [row for row, _name, _hold in rows]


class CartDesk(Carting):
    """Lampa and its WooCommerce."""

    kind_of_shop = CartShop
    shop: CartShop


def cart(*prices: int, spend: int = 20_000, customer: str = GLEB) -> Snapshot:
    """Return a cart, sums in minor units."""
    return Snapshot(
        status="new",
        currency="USD",
        created_at=clock.now(),
        customer=Customer(id=customer),
        lines=tuple(
            Line(id=str(n), quantity=Decimal(1), price=price) for n, price in enumerate(prices)
        ),
        bonus_spend=spend,
    )
