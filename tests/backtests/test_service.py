"""A draft tried on what was: by the rules of today and with the draft, to the kopeck; nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app import clock
from app.backtests import queries, service
from app.errors import Conflict
from app.extensions import db
from app.profiles import queries as rules
from app.profiles import service as profiles
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN, State
from tests.earnings.test_orders import ORDER
from tests.network.forest import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from app.profiles.models import ProfileRule
    from tests.world import Merchant

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
OWN = frozenset({"run", "run_line", "event", "alembic_version"})  # what a look keeps of itself


@pytest.fixture
def shop(client: FlaskClient, lampa: Merchant) -> Iterator[Merchant]:
    """Lampa with bonuses, the preset of orders (2%) published, three customers and their orders."""
    with clock.moved_to(NOW):
        client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
        for number in ("77", "78", "79"):
            body = {"name": f"Customer {number}", "birthday": "1990-10-05"}
            client.put(f"/api/v1/members/{number}", json=body, headers=lampa.bearer)
        yield lampa


def bought(client: FlaskClient, shop: Merchant, number: str, member: str, **said: Any) -> None:
    body = ORDER | {"bonus": {}, "customer": {"id": member}} | said
    answer = client.put(f"/api/v1/orders/{number}", json=body, headers=shop.bearer)
    assert answer.status_code == 200, answer.text


def did(
    client: FlaskClient, shop: Merchant, member: str, name: str, kind: str, **data: Any
) -> None:
    at = "2026-11-22T12:00:00+03:00"
    body = {"id": name, "type": kind, "data": data, "at": at}
    where = f"/api/v1/members/{member}/events"
    assert client.post(where, json=body, headers=shop.bearer).status_code == 201


def percent(rate: str, **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "trigger": "order.paid",
        "effects": [{"do": "earn.percent", "rate": rate}],
        **more,
    }


def worked(run: Run, most: int = 2) -> Run:
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, most)
    assert run.standing is State.PREVIEWED
    return run


def tried(body: dict[str, Any], *, own: bool = True, most: int = 2) -> tuple[Run, ProfileRule]:
    """Try a draft: of the rule of orders, or (not `own`) of a new rule."""
    rule = rules.of_profile("order")[0] if own else None
    made = profiles.draft("Tried", body, rule)
    return worked(service.start(made), most), made


def rows() -> dict[str, Any]:
    """Read every table but those in which a look keeps itself."""
    names = db.session.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    )
    return {
        name: sorted(map(str, db.session.execute(text(f"SELECT * FROM {name}")).all()))
        for name in list(names)
        if name not in OWN and not name.startswith("click_")
    }


def test_old_and_new_sums_are_those_of_the_orders_and_nothing_is_written(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    bought(client, shop, "A1", "77")  # 1900.00 of goods
    bought(client, shop, "A2", "78")
    bought(client, shop, "A3", "79", status="cancelled")
    bought(client, shop, "old", "79", created_at="2026-06-01T10:00:00+03:00")
    with app.app_context(), shop.scope():
        [rule] = rules.of_profile("order")
        made = profiles.draft(rule.name, percent("5%"), rule)
        db.session.flush()
        before = rows()
        run = worked(service.start(made))
        assert rows() == before
        assert run.sums["cost"] == [2 * 3800, 2 * 9500]
        assert run.sums["rules"] == {str(rule.id): [2 * 3800, 2 * 9500]}
        assert run.sums["days"] == {"2026-11-22": [2 * 3800, 2 * 9500]}
        assert (run.sums["orders"], run.total) == (3, 3), "the older order is not looked at"
        gain = queries.people(run.id, gain=True, most=10)
        assert [(row.Member.name, row.before, row.after) for row in gain] == [
            ("Customer 77", 3800, 9500),
            ("Customer 78", 3800, 9500),
        ]
        assert not queries.people(run.id, gain=False, most=10)


def test_what_rules_of_today_give_is_what_was_booked(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    with app.app_context(), shop.scope():
        capped = percent("2%", limits={"per_member": {"points": 5000, "window": "month"}})
        [rule] = rules.of_profile("order")
        profiles.publish(profiles.draft(rule.name, capped, rule))
        db.session.commit()
    refund = {"lines": [{"line": "1", "quantity": "1"}], "id": "r1"}
    now = {"created_at": "2026-11-28T12:00:00+03:00", "updated_at": "2026-11-28T12:00:00+03:00"}
    with clock.moved_to(datetime(2026, 11, 28, 13, tzinfo=UTC)):
        bought(client, shop, "A1", "77", **now)
        bought(client, shop, "A2", "77", **now)
        bought(client, shop, "A3", "78", **now, refunds=[refund])
        with app.app_context(), shop.scope():
            run, _rule = tried(capped)
            booked = db.session.scalar(text("SELECT sum(amount - clawed) FROM lot"))
            assert run.sums["cost"][0] == run.sums["cost"][1] == booked > 5000


@pytest.mark.parametrize("most", [1, 2, 200])
def test_a_budget_for_everybody_holds_over_all_batches(
    app: App, client: FlaskClient, shop: Merchant, most: int
) -> None:
    for number in ("77", "78", "79"):
        bought(client, shop, f"A{number}", number)
    with app.app_context(), shop.scope():
        run, _rule = tried(
            percent("2%", limits={"global": {"points": 10_000, "window": "month"}}), most=most
        )
        assert run.sums["cost"] == [3 * 3800, 10_000]
        [loser] = queries.people(run.id, gain=False, most=10)
        assert loser.change == 10_000 - 3 * 3800


def test_what_a_limit_gave_before_counts(app: App, client: FlaskClient, shop: Merchant) -> None:
    early = datetime(2026, 8, 1, 12, tzinfo=UTC)
    once = percent("2%", limits={"per_member": {"times": 1, "window": "ever"}})
    with clock.moved_to(early):
        with app.app_context(), shop.scope():
            body = percent("1%")
            profiles.publish(profiles.draft("Early", body))
            db.session.commit()
        bought(client, shop, "old", "77", created_at="2026-08-01T14:00:00+03:00",
               updated_at="2026-08-01T14:00:00+03:00")  # fmt: skip
    bought(client, shop, "A1", "77")
    bought(client, shop, "A2", "78")
    with app.app_context(), shop.scope():
        early_rule = next(r for r in rules.of_profile("order") if r.name == "Early")
        made = profiles.draft("Early", once, early_rule)
        run = worked(service.start(made))
        assert run.sums["rules"][str(early_rule.id)] == [2 * 1900, 3800], "78 alone gets it"


def test_events_and_birthdays_are_told_anew(app: App, client: FlaskClient, shop: Merchant) -> None:
    for name in ("v1", "v1 again"):
        did(client, shop, "77", name, "review.published", review="9", has_purchase=True, length=80)
    did(client, shop, "77", "v2", "review.published", review="8", has_purchase=True, length=80)
    did(client, shop, "77", "gone", "review.removed", review="8")
    gift = {"do": "earn.fixed", "points": 5_000}
    with app.app_context(), shop.scope():
        review = {"schema": 1, "trigger": "review.published", "effects": [gift]}
        run, _rule = tried(review, own=False)
        assert run.sums["cost"] == [0, 5_000], "a review told twice, and one that was removed"
        birthday = {"schema": 1, "trigger": "schedule.birthday", "effects": [gift]}
        run, _rule = tried(birthday, own=False)
        assert run.sums["days"] == {"2026-10-05": [0, 3 * 5_000]}
        tenth = {
            "schema": 1,
            "trigger": "metric.crossed",
            "when": {"all": [{"fact": "metric.name", "op": "in", "value": ["orders"]},
                             {"fact": "metric.value", "op": "eq", "value": 2}]},
            "effects": [gift],
        }  # fmt: skip
    for number in range(3):
        bought(client, shop, f"M{number}", "78")
    with app.app_context(), shop.scope():
        run, _rule = tried(tenth, own=False)
        assert run.sums["cost"][1] - run.sums["cost"][0] == 5_000, "the second order, once"


def test_what_cannot_be_told_anew_is_refused_and_an_empty_shop_ends_at_once(
    app: App, shop: Merchant
) -> None:
    gift = {"do": "earn.fixed", "points": 5_000}
    with app.app_context(), shop.scope():
        friend = {"schema": 1, "trigger": "referral.metric_crossed", "effects": [gift]}
        with pytest.raises(Conflict):
            service.start(profiles.draft("Friend", friend))
        run, _rule = tried(percent("5%"))
        assert (run.total, run.sums) == (0, {})


def test_dates_outside_the_days_are_left_aside(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    bought(client, shop, "A1", "77")
    later = percent("5%", window={"from": "2027-01-01T00:00:00+03:00"})
    partly = percent("5%", window={"from": "2026-11-25T00:00:00+03:00"})
    with app.app_context(), shop.scope():
        run, _rule = tried(later)
        assert (run.sums["cost"], run.parameters["undated"]) == ([3800, 9500], True)
        run, _rule = tried(partly)
        assert (run.sums["cost"], run.parameters["undated"]) == ([3800, 0], False)


def test_a_batch_takes_as_many_statements_for_three_customers_as_for_one(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    for number in ("77", "78", "79"):
        for order in range(3):
            bought(client, shop, f"A{number}-{order}", number)
        did(client, shop, number, f"v{number}", "profile_updated", percent=100)
    counts = []
    for most in (1, 3):
        with app.app_context(), shop.scope():
            [rule] = rules.of_profile("order")
            run = service.start(profiles.draft(rule.name, percent("5%"), rule))
            with statements(app) as sent:
                runs.work(run.id, service.KINDS, most)
            counts.append(len(sent))
            worked(run)
    assert counts[0] == counts[1] > 10
