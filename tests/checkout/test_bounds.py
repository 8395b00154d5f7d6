"""Rules of paying with bonuses narrow what the program lets, in quotes, holds and orders, and say so."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkout.rules import Bound, narrowed
from app.extensions import db
from app.profiles import service as profiles
from app.receipts.rules import Goods, Limits, allowance
from tests.checkout.shop import open_account, post, put, said
from tests.checkout.test_orders import SOON

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

LINES = said()["lines"]  # 1900.00 of lamps, 300.00 of bulbs


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Merchant:
    open_account(app, lampa, 10**6)
    return lampa


def rule(app: App, shop: Merchant, name: str, **said: Any) -> None:
    """Publish a rule that limits; `when` and `stacking` as a rule has them, the rest are the limits."""
    shape: dict[str, Any] = {key: said.pop(key) for key in ("when", "stacking") if key in said}
    effects = [{"do": "spend.limit", **said}]
    if shape.get("stacking", {}).pop("stop", False):
        effects.append({"do": "stop"})
    body = {"schema": 1, "trigger": "quote.requested", "effects": effects, **shape}
    with app.app_context(), shop.scope():
        profiles.publish(profiles.draft(name, body))
        db.session.commit()


def quote(client: FlaskClient, shop: Merchant, **body: Any) -> Any:
    answer = post(client, shop, "quotes", {"member": "77", "lines": LINES} | body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def most(client: FlaskClient, shop: Merchant) -> str:
    return str(quote(client, shop)["max_spend"])


def test_the_preset_lets_half_of_an_order_be_paid_and_says_so(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    assert most(client, shop) == "2199.97"
    with app.app_context(), shop.scope():
        profiles.switch("spend", on=True)
        db.session.commit()
    found = quote(client, shop, spend="1500.00")
    assert (found["max_spend"], found["spend"]) == ("1100.00", "1100.00")
    assert found["reasons"] == [
        "Half of an order in bonuses: at most 50% of the goods that take part."
    ]
    with app.app_context(), shop.scope():
        profiles.switch("spend", on=False)
        db.session.commit()
    assert most(client, shop) == "2199.97"


def test_holds_and_orders_are_narrowed_like_quotes(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "A tenth", percent=10)
    hold = {"member": "77", "spend": "220.01", "lines": LINES, "order": "A1"}
    refused = [
        post(client, shop, "holds", hold),
        put(client, shop, said("220.01", created_at=SOON)),
    ]
    for answer, field in zip(refused, ("spend", "bonus.spend"), strict=True):
        assert answer.status_code == 422
        [error] = answer.get_json()["errors"]
        assert error["field"] == field
        assert "At most 220.00" in error["message"]
        assert "A tenth: at most 10%" in error["message"]
    assert post(client, shop, "holds", hold | {"spend": "220.00"}).status_code == 201
    taken = put(client, shop, said("220.00", created_at=SOON))
    assert taken.get_json()["bonus"]["spent"] == "220.00"


def test_orders_of_before_the_rule_keep_what_was_let_then(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "A tenth", percent=10)
    assert put(client, shop, said("1000.00")).status_code == 200, "made in November 2026"


def test_a_rule_speaks_of_carts_and_customers_that_it_is_about(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    dear = {"fact": "order.total", "op": "gte", "value": 200_000}
    rule(app, shop, "Dear carts", when=dear, percent=10)
    assert most(client, shop) == "220.00"
    assert quote(client, shop, lines=LINES[1:])["max_spend"] == "299.99"
    group = {"fact": "member.group", "op": "in", "value": ["retail"]}
    rule(app, shop, "Retail", when=group, percent=1)
    assert most(client, shop) == "220.00", "nobody said that he is of the group"


def test_categories_steps_and_cash_hold_together_and_the_narrowest_wins(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "Lamps", categories={"lamps": 20})
    assert most(client, shop) == "679.99", "380.00 of lamps, 299.99 of bulbs"
    rule(app, shop, "Fewer lamps", categories={"lamps": 10, "bulbs": 50})
    assert most(client, shop) == "340.00"
    rule(app, shop, "Steps", step=15_000)
    assert most(client, shop) == "300.00"
    rule(app, shop, "Cash", minimum_cash=200_000)
    found = quote(client, shop)
    assert found["max_spend"] == "150.00"
    assert found["reasons"][-2:] == [
        "Steps: in steps of 150.00.",
        "Cash: at least 2000.00 in money.",
    ]
    off = post(client, shop, "holds", {"member": "77", "spend": "100.00", "lines": LINES})
    assert "Bonuses are spent in steps of 150.00." in off.get_json()["errors"][0]["message"]


def test_an_exclusive_rule_speaks_alone_and_stop_silences_the_weaker(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    rule(app, shop, "Weak", percent=1)
    rule(app, shop, "Strong", percent=40, stacking={"priority": 5, "stop": True})
    assert most(client, shop) == "880.00"
    rule(app, shop, "Alone", percent=60, stacking={"priority": 9, "mode": "exclusive"})
    assert most(client, shop) == "1320.00"


CATEGORIES = ("lamps", "bulbs", "cords")
PERCENTS = st.integers(0, 100).map(Fraction)
BOUNDS = st.builds(
    Bound,
    rule=st.just("any"),
    percent=st.none() | PERCENTS,
    categories=st.dictionaries(st.sampled_from(CATEGORIES), PERCENTS, max_size=3),
    step=st.integers(1, 300),
    minimum_cash=st.integers(0, 3_000),
)
GOODS = st.builds(
    Goods,
    line=st.uuids().map(str),
    quantity=st.integers(1, 4).map(Fraction),
    value=st.integers(0, 5_000),
    categories=st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True).map(tuple),
)


@given(st.lists(GOODS, min_size=1, max_size=4), st.lists(BOUNDS, max_size=3), st.integers(0, 9_000))
def test_more_rules_never_let_more_be_paid_whatever_their_order(
    goods: list[Goods], bounds: list[Bound], available: int
) -> None:
    limits = Limits(category_percents={"lamps": Fraction(50)})

    def let(some: list[Bound]) -> int:
        return allowance(goods, narrowed(limits, some), available).most

    assert len({let(list(some)) for some in permutations(bounds)}) == 1
    for one in range(len(bounds)):
        fewer = bounds[:one] + bounds[one + 1 :]
        assert let(bounds) <= let(fewer) <= allowance(goods, limits, available).most
        assert let(bounds) % bounds[one].step == 0
