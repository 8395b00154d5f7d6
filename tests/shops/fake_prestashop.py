"""A PrestaShop: what its owner and customers do in it. How it talks is in `fake_webservice`.

Four flavours: the 1.6 line, whose orders have no note; 1.7.8, whose orders have one that only a PUT writes;
8 and 9, which take PATCH and write whole numbers as numbers.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

from tests.shops.fake_webservice import KEY, ROW, Kind, Webservice

__all__ = ["KEY", "FakePrestaShop"]

ORDER = (
    "id_address_delivery id_address_invoice id_cart id_currency id_lang id_customer id_carrier "
    "current_state module invoice_number invoice_date valid date_add date_upd reference id_shop payment "
    "total_discounts total_discounts_tax_incl total_paid total_paid_tax_incl total_paid_real "
    "total_products total_products_wt total_shipping total_shipping_tax_incl total_wrapping_tax_incl"
)
ORDER_ROW = (
    "id product_id product_attribute_id product_quantity product_name product_price "
    "unit_price_tax_incl unit_price_tax_excl"
).split()
CART_RULE = (
    "id_customer date_from date_to description quantity quantity_per_user priority partial_use code "
    "minimum_amount minimum_amount_tax minimum_amount_currency minimum_amount_shipping "
    "cart_rule_restriction free_shipping reduction_percent reduction_amount reduction_tax reduction_currency "
    "reduction_product gift_product highlight active date_add date_upd name"
)
CUSTOMER = (
    "id_default_group id_lang last_passwd_gen secure_key deleted passwd firstname lastname email note "
    "newsletter birthday is_guest active date_add date_upd"
)
SLIP_PARTS = "id id_order_detail product_quantity amount_tax_excl amount_tax_incl".split()
VOUCHER = "id_order id_cart_rule name value value_tax_excl free_shipping"
KINDS: dict[str, Kind] = {
    "orders": Kind("order", "orders", ORDER, parts={"order_rows": ("order_row", ORDER_ROW)}),
    "order_slip": Kind(
        "order_slip", "order_slips",
        "id_customer id_order conversion_rate total_products_tax_excl total_products_tax_incl "
        "total_shipping_tax_excl total_shipping_tax_incl amount shipping_cost shipping_cost_amount partial "
        "order_slip_type date_add date_upd",
        parts={"order_slip_details": ("order_slip_detail", SLIP_PARTS)},
    ),
    "order_histories": Kind("order_history", "order_histories", "id_order_state id_order date_add"),
    "order_details": Kind(
        "order_detail", "order_details",
        "id_order product_id product_quantity product_name unit_price_tax_incl unit_price_tax_excl "
        "reduction_percent reduction_amount",
    ),
    "order_cart_rules": Kind("order_cart_rule", "order_cart_rules", VOUCHER + " deleted"),
    "order_states": Kind(
        "order_state", "order_states", "name template paid shipped logable delivery deleted",
        languages="name",
    ),
    "cart_rules": Kind(
        "cart_rule", "cart_rules", CART_RULE, required="date_from date_to name", languages="name"
    ),
    "customers": Kind(
        "customer", "customers", CUSTOMER, parts={"groups": ("group", ["id"])},
        required="firstname lastname email passwd",
    ),
    "addresses": Kind("address", "addresses", "id_customer phone phone_mobile"),
    "products": Kind(
        "product", "products",
        "id_category_default name price on_sale active visibility description quantity date_upd",
        parts={"categories": ("category", ["id"])}, sealed="quantity", languages="name description",
    ),
    "categories": Kind("category", "categories", "id_parent name active", languages="name"),
    "specific_prices": Kind(
        "specific_price", "specific_prices",
        "id_product id_customer id_cart id_group from_quantity reduction reduction_type from to",
    ),
    "currencies": Kind("currency", "currencies", "iso_code conversion_rate deleted"),
    "groups": Kind("group", "groups", "name price_display_method", languages="name"),
    "configurations": Kind("configuration", "configurations", "name value"),
    "employees": Kind("employee", "employees", "lastname"),
    "customer_threads": Kind(
        "customer_thread", "customer_threads",
        "id_lang id_shop id_contact id_customer id_order status email token date_add date_upd",
        required="id_lang id_contact token",
    ),
    "customer_messages": Kind(
        "customer_message", "customer_messages",
        "id_employee id_customer_thread message private read date_add date_upd", required="message",
    ),
}  # fmt: skip

VERSIONS = {"1.6": "1.6.1.24", "1.7": "1.7.8.11", "8": "8.1.7", "9": "9.0.2"}
PARTNERS = 4  # a group
PAID, PREPARING, SHIPPED, DELIVERED, CANCELLED, REFUNDED, WIRE = 2, 3, 4, 5, 6, 7, 10
_STATES = {
    PAID: ("Payment accepted", "payment", 1, 0),
    PREPARING: ("Processing in progress", "preparation", 1, 0),
    SHIPPED: ("Shipped", "shipped", 1, 1),
    DELIVERED: ("Delivered", "", 1, 1),
    CANCELLED: ("Canceled", "order_canceled", 0, 0),
    REFUNDED: ("Refunded", "refund", 0, 0),
    WIRE: ("Awaiting bank wire payment", "bankwire", 0, 0),
}


class FakePrestaShop(Webservice):
    """The shop's state, and what its owner and customers do in it."""

    def __init__(
        self, flavour: str = "1.6", currency: str = "USD", zone: str = "Europe/Paris"
    ) -> None:
        kinds = deepcopy(KINDS)
        if flavour == "1.6":
            kinds["order_cart_rules"].fields.remove("deleted")
        else:
            kinds["orders"].fields.append("note")
        super().__init__(kinds, VERSIONS[flavour], zone)
        self.put("currencies", 1, iso_code=currency, conversion_rate="1.000000", deleted="0")
        for number, name in (("1", "PS_TIMEZONE"), ("2", "PS_CURRENCY_DEFAULT")):
            value = zone if name == "PS_TIMEZONE" else "1"
            self.put("configurations", int(number), name=name, value=value)
        for state, (title, letter, paid, shipped) in _STATES.items():
            self.put(
                "order_states", state, name={"1": title, "2": f"{title} (fr)"}, template=letter,
                paid=paid, shipped=shipped, logable=paid, delivery=shipped, deleted=0,
            )  # fmt: skip
        for group, title in ((1, "Visitor"), (3, "Customer"), (PARTNERS, "Partners")):
            self.put("groups", group, name={"1": title, "2": title})
        self.put("employees", 1, lastname="Boss")
        self.put("categories", 1, id_parent="0", name={"1": "Root", "2": "Racine"}, active="1")
        self.put("categories", 2, id_parent="1", name={"1": "Home", "2": "Accueil"}, active="1")

    def put(self, resource: str, number: int, **fields: Any) -> ROW:
        row = {"id": number, **fields}
        self.tables[resource][number] = row
        return row

    def next(self) -> int:
        self.number += 1
        return self.number

    def wait(self, seconds: int = 2) -> None:
        """Let time pass in the shop, which counts in seconds."""
        self.moved += timedelta(seconds=seconds)

    @property
    def orders(self) -> dict[int, ROW]:
        return self.tables["orders"]

    def rules(self) -> dict[str, ROW]:
        """Return cart rules by their codes."""
        return {str(row["code"]): row for row in self.tables["cart_rules"].values()}

    # --- what people do in the shop

    def add_category(self, name: str, parent: int = 2) -> int:
        number = self.next()
        self.put(
            "categories", number, id_parent=str(parent), name={"1": name, "2": name}, active="1"
        )
        return number

    def add_product(self, name: str, price: str, category: int | None = None, **more: Any) -> int:
        number = self.next()
        inside = [{"id": "2"}, *([{"id": str(category)}] if category else [])]
        self.put(
            "products", number, name={"1": name, "2": name}, price=price, asked=price, on_sale="0",
            active="1", visibility="both", id_category_default=str(category or 2),
            categories=inside, description="", quantity="5", **more,
        )  # fmt: skip
        return number

    def add_customer(self, email: str, **more: Any) -> int:
        number = self.next()
        row = self.put(
            "customers", number, firstname="Ivan", lastname="Petrov", email=email, passwd="hash",
            secure_key="s3cr3t", id_default_group="3", groups=[{"id": "3"}], is_guest="0", deleted="0",
            active="1", newsletter="1", note="likes tea & cake", birthday="1980-02-03",
            date_add=self.now(), date_upd=self.now(),
        )  # fmt: skip
        row.update(more)
        self.put(
            "addresses", number, id_customer=str(number), phone="", phone_mobile="+12135550100"
        )
        return number

    def add_rule(self, code: str, percent: str = "10.00", **more: Any) -> int:
        number = self.next()
        self.put(
            "cart_rules", number, code=code, name={"1": code.title(), "2": code}, active="1",
            reduction_percent=percent, description="", quantity="9", date_from="2026-01-01 00:00:00",
            date_to="2030-01-01 00:00:00", reduction_product="0", gift_product="0",
            free_shipping="0", **more,
        )  # fmt: skip
        return number

    def place_order(
        self,
        *rows: tuple[int, str, int],
        state: int = WIRE,
        customer: int | None = None,
        shipping: str = "0.000000",
        tax: int = 0,
    ) -> int:
        """Let somebody buy; rows are (product, price of one with tax, count), `tax` percents within it."""
        number, buyer = self.next(), customer or self.add_customer("ivan@example.test")
        held = []
        for product, price, count in rows:
            row = self.next()
            without = f"{float(price) / (1 + tax / 100):.6f}"
            held.append(
                dict(zip(ORDER_ROW, map(str, (
                    row, product, 0, count, f"Thing {product}", price, price, without)), strict=True))
            )  # fmt: skip
            self.put(
                "order_details", row, id_order=number, product_id=product, product_quantity=count,
                product_name=f"Thing {product}", unit_price_tax_incl=price, unit_price_tax_excl=without,
                reduction_percent="0.00", reduction_amount="0.000000",
            )  # fmt: skip
        goods = sum(round(float(price) * 100) * count for _p, price, count in rows)
        total = _sum(goods + round(float(shipping) * 100))
        self.put(
            "orders", number, id_customer=buyer, id_address_invoice=buyer, id_address_delivery=buyer,
            id_currency=1, id_lang=1, id_shop=1, current_state=0, reference=f"REF{number}", note="",
            total_products_wt=_sum(goods), total_paid=total, total_paid_tax_incl=total,
            total_discounts_tax_incl="0.000000", total_discounts="0.000000", total_paid_real="0.000000",
            total_shipping_tax_incl=shipping, total_wrapping_tax_incl="0.000000", order_rows=held,
            date_add=self.now(), date_upd=self.now(), invoice_date="0000-00-00 00:00:00",
        )  # fmt: skip
        self.change(number, state)
        return number

    def change(self, number: int, state: int) -> None:
        order = self.orders[number]
        order["current_state"] = state
        self.put(
            "order_histories",
            self.next(),
            id_order=number,
            id_order_state=state,
            date_add=self.now(),
        )
        self.touch(number)

    def touch(self, number: int) -> None:
        self.orders[number]["date_upd"] = self.now()

    def give_voucher(
        self, number: int, rule: int, value: str, *, name: str = "", free_shipping: bool = False
    ) -> int:
        """Let a voucher lie on an order, by its buyer or on the order's card; it changes the order's totals."""
        order, made = self.orders[number], self.next()
        off = round(float(value) * 100) + round(float(order["total_discounts_tax_incl"]) * 100)
        whole = sum(
            round(float(order[part]) * 100)
            for part in ("total_products_wt", "total_shipping_tax_incl")
        )
        order["total_discounts_tax_incl"] = order["total_discounts"] = _sum(off)
        order["total_paid_tax_incl"] = order["total_paid"] = _sum(whole - off)
        self.put(
            "order_cart_rules", made, id_order=number, id_cart_rule=rule, value=value, deleted="0",
            value_tax_excl=value, free_shipping=str(int(free_shipping)), name=name or "A voucher",
        )  # fmt: skip
        self.touch(number)
        return made

    def give_back(
        self,
        number: int,
        amount: str,
        lines: list[tuple[str, str]] | None = None,
        shipping: str = "0.000000",
        **how: Any,
    ) -> int:
        """Give money back by an order slip: the order itself is not touched (P5).

        `tax`: percents within the sums; `untaxed`: the customer's group sees prices without tax; `kept`: "excluding
        amount of initial voucher". A sum that is not that of the rows is one that the merchant chose.
        """
        made, rate = self.next(), 1 + how.get("tax", 0) / 100
        off = float(self.orders[number]["total_discounts"])
        with_tax = sum(float(sum_) for _row, sum_ in lines or [("", amount)])
        without = with_tax / rate
        shown = without if how.get("untaxed") else with_tax
        chosen = abs(float(amount) - with_tax) > 0.001 and not how.get("kept")
        if how.get("kept"):  # of the two sums only the one that nobody looks at is made smaller
            without, with_tax = (
                (without, with_tax - off) if how.get("untaxed") else (without - off, with_tax)
            )
        paid = float(amount) / rate if how.get("untaxed") else float(amount)
        self.put(
            "order_slip", made, id_order=number, id_customer=self.orders[number]["id_customer"],
            total_products_tax_incl=f"{with_tax:.6f}", total_products_tax_excl=f"{without:.6f}",
            total_shipping_tax_incl=shipping, total_shipping_tax_excl=f"{float(shipping) / rate:.6f}",
            amount=f"{paid if chosen else shown:.6f}", shipping_cost=int(float(shipping) > 0),
            shipping_cost_amount=shipping, partial="0", conversion_rate="1.000000",
            order_slip_type=2 if chosen or float(shipping) else int(bool(how.get("kept"))),
            date_add=self.now(), date_upd=self.now(),
            order_slip_details=[
                dict(zip(KINDS["order_slip"].parts["order_slip_details"][1],
                         (str(made), line, "1", f"{float(sum_) / rate:.6f}", sum_), strict=True))
                for line, sum_ in lines or []
            ],
        )  # fmt: skip
        return made

    def delete_for_good(self, number: int) -> None:
        del self.orders[number]  # tells nobody

    def messages(self, number: int) -> list[ROW]:
        """Return the messages of an order."""
        threads = [
            t["id"]
            for t in self.tables["customer_threads"].values()
            if str(t["id_order"]) == str(number)
        ]
        return [
            m for m in self.tables["customer_messages"].values()
            if int(m["id_customer_thread"]) in threads
        ]  # fmt: skip


def _sum(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}0000"
