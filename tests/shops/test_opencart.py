"""The OpenCart extension: PHP does not run here, so its sums are reckoned after its text, and its message is taken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.shops.senders import open_line

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "shops" / "opencart" / "partnerka"
EVENT = (FOLDER / "catalog" / "controller" / "event" / "partnerka.php").read_text()
ADMIN = (FOLDER / "admin" / "controller" / "module" / "partnerka.php").read_text()


def spread(worth: list[int], shipping: int, total: int) -> tuple[list[int], int]:
    """What `lines` of the extension does, step for step."""
    goods = sum(worth)
    off = goods + shipping - total
    fees, off = max(-off, 0), min(max(off, 0), goods)
    seen = given_away = 0
    amounts = []
    for each in worth:
        seen += each
        until = off * seen // goods if goods else 0
        amounts.append(each - (until - given_away))
        given_away = until
    return amounts, fees


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=20),
    st.integers(0, 10**5),
    st.integers(0, 10**8),
)
def test_its_lines_come_to_what_was_paid(worth: list[int], shipping: int, total: int) -> None:
    amounts, fees = spread(worth, shipping, total)
    assert all(0 <= amount <= each for amount, each in zip(amounts, worth, strict=True))
    assert sum(amounts) + shipping + fees == max(total, shipping)


def test_the_steps_are_those_of_its_text() -> None:
    steps = (
        "$off = $goods + $shipping - $total;",
        "max(-$off, 0)",
        "$off = min(max($off, 0), $goods);",
        "$until = $goods ? intdiv($off * $seen, $goods) : 0;",
        "$amount = $each - ($until - $given);",
    )
    for step in steps:
        assert step in EVENT
    assert "hash_hmac('sha256', \"$id.$stamp.$body\", $key, true)" in EVENT


def test_it_is_told_where_the_shop_tells_of_orders() -> None:
    handlers = set(re.findall(r"public function (\w+)\(string &\$route", EVENT))
    assert handlers == set(re.findall(r"'order\.\w+' => '(\w+)'", ADMIN)) == {"changed", "deleted"}
    assert json.loads((FOLDER / "install.json").read_text())["name"] == "Partnerka"
    assert EVENT.count("{") == EVENT.count("}")
    assert ADMIN.count("{") == ADMIN.count("}")


def test_a_message_of_its_shape_is_an_order(app: App, lampa: Merchant) -> None:
    line = open_line(app, lampa, "signed")
    names = set(re.findall(r"'(\w+)' =>", EVENT[EVENT.index("$said = [") :]))
    order: dict[str, Any] = {
        "id": "12", "number": "12", "status": "paid", "currency": "RUB", "fees": "0.00", "shipping": "300.00",
        "created_at": "2026-11-22T10:00:00+03:00", "updated_at": "2026-11-22T10:00:01+03:00", "coupons": [],
        "customer": {"email": "gleb@example.org", "name": "Gleb"},
        "lines": [{"id": "5", "product": "42", "name": "Lamp", "quantity": "2", "tax": "150.00", "amount": "900.00"}],
    }  # fmt: skip
    assert set(order) - {"fees"} <= names
    body = json.dumps({"type": "order.saved", "data": order}).encode()
    assert line.send(line.sign(body)).status_code == 200
    assert line.orders()["12"][:2] == ("agreed", 120000)
