"""The golden vectors that plugins of shops compute with: `python -m tests.receipts.vectors` writes them.

Whoever reckons bonuses in a shop (so that its cart shows at once what we shall answer) must get the
same. Every sum is a decimal string of a currency with two decimals, as in the API.
"""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from app.money import half_up, parse_decimal, to_decimal_string
from app.receipts.rules import Goods, Limits, Mode, quoted

FILE = Path(__file__).resolve().parents[2] / "docs" / "vectors" / "bonus-receipts.json"
ABOUT = (
    "Paying with bonuses: for each `given` cart the `expect`ed answer. `amount` of a line is its "
    "value after all other discounts; `categories` are its own and those above, nearest first; a "
    'line named "" is shipping that bonuses may pay, `other` is paid in money whatever happens. '
    "`limits` that are not named: percent 100, minimum_cash 0.00, step 0.01, min_unit_price 0.01, "
    "category_percents {}, promo true. `receipt` is discount or consideration."
)

Given = dict[str, Any]


def line(n: int, quantity: str, amount: str, category: str = "", *, promo: bool = False) -> Given:
    said: Given = {"line": str(n), "quantity": quantity, "amount": amount}
    if category:
        said["categories"] = [category]
    return said | ({"promo": True} if promo else {})


def given(lines: list[Given], spend: str, balance: str = "1000000.00", **more: Any) -> Given:
    return {"lines": lines, "balance": balance, "spend": spend, **more}


LAMPS = line(1, "2", "1900.00", "lamps")
BULB = line(2, "1", "99.99")
CARD = line(3, "1", "500.00", "gifts")
THREE = line(4, "3", "100.00")
CHEESE = line(5, "0.350", "315.00")
HAM = line(6, "7.35", "5880.00")
SHIPPING = {"line": "", "quantity": "1", "amount": "300.00"}
GIFTS = {"category_percents": {"gifts": "0"}}

CASES: dict[str, Given] = {
    "the example of the interface": given([LAMPS], "200.00", other="300.00"),
    "nothing wished": given([LAMPS, BULB], "0.00"),
    "all, a kopeck a unit kept": given([LAMPS, BULB], "1999.99"),
    "all, nothing kept": given([LAMPS, BULB], "1999.99", limits={"min_unit_price": "0.00"}),
    "a rouble a unit kept": given([LAMPS, BULB], "1999.99", limits={"min_unit_price": "1.00"}),
    "no more than the balance": given([LAMPS, BULB], "500.00", balance="123.45"),
    "no bonuses at all": given([LAMPS], "100.00", balance="0.00"),
    "half of the order": given([LAMPS, BULB], "1999.99", limits={"percent": "50"}),
    "a percent with a part": given([LAMPS, BULB], "1999.99", limits={"percent": "33.3"}),
    "minimum cash": given([LAMPS, BULB], "1999.99", limits={"minimum_cash": "1500.00"}),
    "shipping counts as cash": given(
        [LAMPS], "1900.00", other="300.00", limits={"minimum_cash": "500.00"}
    ),
    "cash that the cart does not reach": given(
        [BULB], "99.99", limits={"minimum_cash": "100.00"}
    ),
    "in whole roubles": given([LAMPS, BULB], "777.77", limits={"step": "1.00"}),
    "in steps of fifty": given([LAMPS, BULB], "777.77", limits={"step": "50.00"}),
    "a gift card is left out": given([LAMPS, CARD], "2400.00", limits=GIFTS),
    "a gift card leaves the percent too": given(
        [LAMPS, CARD], "2400.00", limits={"percent": "30", **GIFTS}
    ),
    "excluded lines only": given([CARD], "100.00", limits=GIFTS),
    "a category to a third": given(
        [LAMPS, BULB], "1999.99", limits={"category_percents": {"lamps": "33.3"}}
    ),
    "a full category leaves the rest to others": given(
        [LAMPS, BULB, CARD], "700.00", limits={"category_percents": {"lamps": "10"}}
    ),
    "the nearest category speaks": given(
        [{**LAMPS, "categories": ["desk", "lamps"]}],
        "1900.00",
        limits={"category_percents": {"desk": "20", "lamps": "0"}},
    ),
    "promo may not": given(
        [LAMPS, line(7, "1", "250.00", promo=True)], "2150.00", limits={"promo": False}
    ),
    "promo may": given([LAMPS, line(7, "1", "250.00", promo=True)], "100.00"),
    "shipping is paid too": given([LAMPS, SHIPPING], "220.00"),
    "two equal lines and a kopeck": given([line(1, "1", "10.00"), line(2, "1", "10.00")], "0.01"),
    "three equal lines": given([line(n, "1", "10.00") for n in (1, 2, 3)], "10.00"),
    "lines of a kopeck": given([line(n, "1", "0.01") for n in (1, 2, 3)], "0.03"),
    "one unit of two prices": given([line(1, "3", "300.00")], "100.00"),
    "odd before bonuses": given([THREE], "0.00"),
    "bonuses make an odd line even": given([THREE], "10.00"),
    "odd and a lamp": given([THREE, BULB], "50.00"),
    "a divided row and two whole ones": given(
        [line(1, "2", "200.00"), line(2, "3", "300.00"), line(3, "4", "400.00")], "100.01"
    ),
    "an exchange of steps": given([line(1, "2", "500.00"), line(2, "3", "600.00")], "77.77"),
    "ten thousand units": given([line(1, "10000", "300000.00"), BULB], "12345.67"),
    "ten thousand units of a kopeck": given([line(1, "10000", "100.00"), BULB], "50.00"),
    "weighed, below a kilo": given([CHEESE], "33.33"),
    "weighed beside pieces": given([HAM, BULB], "100.01"),
    "weighed alone, reached": given([HAM], "10.00"),
    "weighed alone, a kopeck beside": given([HAM], "10.01"),
    "weighed alone, few go back": given([HAM], "10.04"),
    "weighed alone, in whole roubles": given([HAM], "13.00", limits={"step": "1.00"}),
    "weighed and odd before bonuses": given([line(1, "12.5", "1000.03")], "0.00"),
    "two weighed": given([HAM, CHEESE], "1234.56"),
    "by consideration": given([LAMPS, BULB], "200.00", receipt="consideration"),
    "odd, by consideration": given([THREE], "10.00", receipt="consideration"),
    "all by consideration": given(
        [LAMPS], "1900.00", receipt="consideration", limits={"min_unit_price": "0.00"}
    ),
    "an empty cart": given([], "10.00"),
    "a line that costs nothing": given([line(1, "1", "0.00"), BULB], "50.00"),
}  # fmt: skip

# By hand, without our code: what some of them must say. See test_vectors.py.
BY_HAND: dict[str, dict[str, Any]] = {
    "the example of the interface": {
        "max_spend": "1899.98", "spend": "200.00", "payable": "2000.00",
        "receipt": [("1", "2", "850.00")],
    },
    "all, a kopeck a unit kept": {
        "max_spend": "1999.96", "receipt": [("1", "2", "0.01"), ("2", "1", "0.01")],
    },
    "half of the order": {"max_spend": "999.99", "spend": "999.99", "payable": "1000.00"},
    "minimum cash": {"max_spend": "499.99", "payable": "1500.00"},
    "shipping counts as cash": {"max_spend": "1700.00", "payable": "500.00"},
    "in whole roubles": {"max_spend": "1999.00", "spend": "777.00", "payable": "1222.99"},
    "a gift card is left out": {"max_spend": "1899.98", "discounts": ["1899.98", "0.00"]},
    "a gift card leaves the percent too": {"max_spend": "570.00", "discounts": ["570.00", "0.00"]},
    "a full category leaves the rest to others": {
        # 190.00 of the lamps; 510.00 over 99.99 and 500.00: 84.9929 and 425.0071
        "discounts": ["190.00", "84.99", "425.01"],
    },
    "the nearest category speaks": {"max_spend": "380.00", "receipt": [("1", "2", "760.00")]},
    "promo may not": {"max_spend": "1899.98", "discounts": ["1899.98", "0.00"]},
    "shipping is paid too": {
        "discounts": ["190.00", "30.00"], "receipt": [("1", "2", "855.00"), ("", "1", "270.00")],
    },
    "two equal lines and a kopeck": {"discounts": ["0.01", "0.00"]},
    "three equal lines": {"discounts": ["3.34", "3.33", "3.33"]},
    "one unit of two prices": {"receipt": [("1", "1", "66.66"), ("1", "2", "66.67")]},
    "odd before bonuses": {"receipt": [("4", "2", "33.33"), ("4", "1", "33.34")]},
    "bonuses make an odd line even": {"receipt": [("4", "3", "30.00")]},
    "weighed, below a kilo": {
        # 281.67 / 0.350 = 804.7714...; 804.77 x 0.350 = 281.6695, rounded 281.67
        "spend": "33.33", "receipt": [("5", "0.350", "804.77")],
    },
    "weighed alone, few go back": {
        # 10.00 leaves 798.6395 a kilo: 798.64 x 7.35 = 5870.004; 10.04 lies between two prices
        "spend": "10.01", "returned": True,
    },
    "by consideration": {
        "payable": "1799.99", "consideration": "200.00",
        "receipt": [("1", "2", "950.00"), ("2", "1", "99.99")],
    },
    "all by consideration": {
        "payable": "0.00", "consideration": "1900.00", "receipt": [("1", "2", "950.00")],
    },
    "an empty cart": {"max_spend": "0.00", "spend": "0.00", "receipt": []},
}  # fmt: skip


def by_chance(number: int) -> dict[str, Given]:
    """Return carts that nobody thought of, the same each time."""
    chance, found = Random(6), {}  # noqa: S311 - the same carts each time
    for n in range(number):
        lines = []
        for k in range(chance.randint(2, 6)):
            weighed = chance.random() < 0.2
            quantity = str(
                chance.randint(100, 9_000) / Decimal(1000) if weighed else chance.randint(1, 6)
            )
            amount = half_up(chance.randint(100, 90_000) * Fraction(quantity))
            lines.append(line(k + 1, quantity, money(amount)))
        total = sum(minor(one["amount"]) for one in lines)
        found[f"by chance {n + 1}"] = given(lines, money(chance.randint(1, total)))
    return found


def money(amount: int) -> str:
    return to_decimal_string(amount, "RUB")


def minor(text: str) -> int:
    return parse_decimal(text, "RUB")


def answer(case: Given) -> dict[str, Any]:
    """Return what our rules make of a case, written as the API writes it."""
    goods = [
        Goods(
            line=one["line"],
            quantity=Decimal(one["quantity"]),
            value=minor(one["amount"]),
            categories=tuple(one.get("categories", ())),
            promo=one.get("promo", False),
        )
        for one in case["lines"]
    ]
    said = case.get("limits", {})
    limits = Limits(
        percent=Fraction(said.get("percent", "100")),
        minimum_cash=minor(said.get("minimum_cash", "0.00")),
        step=minor(said.get("step", "0.01")),
        min_unit_price=minor(said.get("min_unit_price", "0.01")),
        category_percents={
            name: Fraction(percent) for name, percent in said.get("category_percents", {}).items()
        },
        promo=said.get("promo", True),
    )
    other, mode = minor(case.get("other", "0.00")), Mode(case.get("receipt", "discount"))
    found = quoted(goods, limits, minor(case["balance"]), minor(case["spend"]), mode, other=other)
    return {
        "max_spend": money(found.most),
        "spend": money(found.spend),
        "payable": money(found.receipt.cash + other),
        "consideration": money(found.receipt.consideration),
        "lines": [
            {"line": one.line, "discount": money(share)}
            for one, share in zip(goods, found.shares, strict=True)
        ],
        "receipt": [
            {
                "line": row.line,
                "quantity": str(row.quantity),
                "price": money(row.price),
                "amount": money(row.amount),
            }
            for row in found.receipt.rows
        ],
    }


def document() -> dict[str, Any]:
    cases = CASES | by_chance(20)
    return {
        "about": ABOUT,
        "cases": [
            {"name": name, "given": case, "expect": answer(case)} for name, case in cases.items()
        ],
    }


def written() -> str:
    """Return the file's text, a case a line."""
    said = document()
    cases = ",\n".join(json.dumps(case, ensure_ascii=False) for case in said["cases"])
    about = json.dumps(said["about"], ensure_ascii=False)
    return f'{{"about": {about},\n"cases": [\n{cases}\n]}}\n'


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(written())
