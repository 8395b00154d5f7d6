"""The plan in the back office, the soft stop, and the operator's pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock, jobs
from app.billing import service as billing
from app.tariffs import queries, service
from app.tariffs.rules import trial_end
from tests.tariffs.setting import do, tariffs, trial_until
from tests.world import World, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App

PLAN = {
    "code": "small", "name": "Small", "currency": "RUB", "first_till": "100.00", "further_till": "90",
    "tills": "2", "integration": "50", "receipts": "10", "receipt": "0.50", "members": "100",
    "shops": "1", "offered": "y",
}  # fmt: skip


@pytest.fixture
def _paid(app: App, world: World, _sound: None) -> Iterator[None]:
    assert world.lampa.id  # made before there were tariffs, so without a trial
    with tariffs(app):
        yield


@pytest.fixture
def owner(app: App, world: World) -> FlaskClient:
    return sign_in(app.test_client(), world.lampa.staff["owner"])


@pytest.fixture
def operator(app: App, world: World) -> FlaskClient:
    return sign_in(app.test_client(), world.operator)


def order(client: FlaskClient, world: World, number: str) -> int:
    body: dict[str, Any] = {
        "status": "paid",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": {"id": "c-1"},
        "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
    }
    answer = client.put(f"/api/v1/orders/{number}", json=body, headers=world.lampa.bearer)
    return answer.status_code


def test_without_tariffs_there_is_no_bar_no_entry_and_nothing_to_pay(
    world: World, owner: FlaskClient
) -> None:
    start = owner.get(world.lampa.office(), follow_redirects=True).text
    assert "office/plan/" not in start
    assert "Nothing is to be paid here" in owner.get(world.lampa.office("plan/")).text
    assert owner.post(world.lampa.office("plan/"), data={"plan": "start"}).status_code == 404


@pytest.mark.usefixtures("_paid")
def test_a_trial_shows_its_days_and_a_chosen_plan_its_limits(
    app: App, world: World, owner: FlaskClient
) -> None:
    trial_until(app, world.lampa, trial_end(clock.wall(), "Europe/Moscow", 5))
    page = owner.get(world.lampa.office("plan/")).text
    assert "Trial: 5 days left" in page
    assert "RUB 1,200.00" in page.replace("\xa0", " ") or "1,200" in page
    assert owner.post(world.lampa.office("plan/"), data={"plan": "none"}).status_code == 422
    answer = owner.post(world.lampa.office("plan/"), data={"plan": "start"}, follow_redirects=True)
    assert "0 of 1,500" in answer.text
    assert (
        "Trial:" not in owner.get(world.lampa.office("settings/keys"), follow_redirects=True).text
    )


@pytest.mark.usefixtures("_paid")
def test_only_who_keeps_the_money_chooses(app: App, world: World) -> None:
    manager = sign_in(app.test_client(), world.lampa.staff["manager"])
    assert manager.get(world.lampa.office("plan/")).status_code == 200
    assert manager.post(world.lampa.office("plan/"), data={"plan": "start"}).status_code == 403


@pytest.mark.usefixtures("_paid")
def test_after_the_trial_pages_are_read_only_and_orders_are_booked(
    app: App, client: FlaskClient, world: World, owner: FlaskClient
) -> None:
    trial_until(app, world.lampa, clock.wall() - timedelta(days=1))
    shown = owner.get(world.lampa.office("settings/brand"))
    assert shown.status_code == 200
    assert "Pages can only be read" in shown.text
    brand = {"name": "Lampa the second", "accent": "#1f6f54"}
    refused = owner.post(world.lampa.office("settings/brand"), data=brand)
    assert refused.status_code == 402
    assert "office/plan/" in refused.text
    assert order(client, world, "after-1") == 200
    assert do(app, world.lampa, lambda: queries.usage(queries.month(_month())).receipts) == 1
    # Paying in and choosing stay open; then everything works again.
    assert owner.post(world.lampa.office("balance/"), data={"amount": "10"}).status_code == 303
    assert owner.post(world.lampa.office("plan/"), data={"plan": "start"}).status_code == 303
    assert owner.post(world.lampa.office("settings/brand"), data=brand).status_code == 303


@pytest.mark.usefixtures("_paid")
def test_an_invoice_is_printed_with_its_lines(app: App, world: World, owner: FlaskClient) -> None:
    number = do(app, world.lampa, _invoiced)
    page = owner.get(world.lampa.office(f"plan/invoices/{number}/"))
    assert page.status_code == 200
    assert "First till" in page.text
    assert "To be paid by" in page.text
    assert owner.get(world.lampa.office("plan/invoices/ti_none/")).status_code == 404
    neighbour = sign_in(app.test_client(), world.kniga.staff["owner"])
    assert neighbour.get(world.kniga.office(f"plan/invoices/{number}/")).status_code == 404


@pytest.mark.usefixtures("_paid")
def test_the_operator_makes_and_changes_a_plan(operator: FlaskClient) -> None:
    said = PLAN | {"code": f"small-{id(operator)}"}
    there = f"/platform/tariffs/plans/{said['code']}/"
    assert operator.get("/platform/tariffs/plans/new").status_code == 200
    for wrong in ({"code": "Мал"}, {"currency": "QQQ"}, {"receipt": "much"}, {"tills": "-1"}):
        assert operator.post("/platform/tariffs/plans/new", data=said | wrong).status_code == 422
    assert operator.get(there).status_code == 404
    assert operator.post("/platform/tariffs/plans/new", data=said).status_code == 303
    assert operator.post("/platform/tariffs/plans/new", data=said).status_code == 422
    dearer = said | {"first_till": "150.00", "offered": ""}
    assert operator.post(there, data=dearer).status_code == 303
    page = operator.get(there).text
    assert "150.00" in page
    assert "100.00" in page
    assert said["name"] in operator.get("/platform/tariffs/").text


@pytest.mark.usefixtures("_paid")
def test_the_operator_extends_begins_and_corrects(
    app: App, world: World, operator: FlaskClient, owner: FlaskClient
) -> None:
    there = f"/platform/tariffs/merchants/{world.lampa.slug}/"
    number = do(app, world.lampa, _invoiced)
    fix = f"{there}invoices/{number}/correct"
    assert operator.post(fix, data={"amount": "9999999", "reason": "No"}).status_code == 422
    assert operator.post(fix, data={"amount": "10", "reason": "A day off"}).status_code == 303
    assert "A day off" in owner.get(world.lampa.office(f"plan/invoices/{number}/")).text
    other = f"/platform/tariffs/merchants/{world.kniga.slug}/"
    assert operator.post(f"{other}begin").status_code == 303
    assert "Trial" in operator.get(f"/platform/tariffs/?q={world.kniga.slug}").text
    trial_until(app, world.kniga, clock.wall() - timedelta(days=1))
    assert "Read only" in operator.get(other).text
    for day, status in (("", 422), ("2020-01-01", 422), (_day(20), 303)):
        assert operator.post(f"{other}extend", data={"until": day}).status_code == status
    assert "Read only" not in operator.get(other).text
    for state in ("free", "trial", "active", "unpaid", "stopped"):
        assert operator.get(f"/platform/tariffs/?state={state}").status_code == 200
    assert operator.get("/platform/tariffs/merchants/nobody/").status_code == 404


@pytest.mark.usefixtures("_sound")
def test_the_operator_turns_tariffs_on_and_off(operator: FlaskClient, app: App) -> None:
    with tariffs(app):
        assert operator.post("/platform/tariffs/", data={}).status_code == 303
        assert (
            "checked"
            not in operator.get("/platform/tariffs/").text.partition("Merchants pay")[0][-400:]
        )
        assert operator.post("/platform/tariffs/", data={"on": "y"}).status_code == 303
        assert operator.post("/platform/tariffs/example").status_code == 303


@pytest.mark.usefixtures("_paid")
def test_the_worker_closes_months_and_a_top_up_pays(app: App, world: World) -> None:
    number = do(app, world.lampa, _invoiced)
    do(app, world.lampa, _top_up)
    with app.app_context():
        jobs.keep_tariffs()
        jobs.settle()
    found = do(app, world.lampa, lambda: queries.invoice(number).state)
    assert found == "paid"


def _month() -> Any:
    return clock.today("Europe/Moscow").replace(day=1)


def _day(later: int) -> str:
    return (clock.today("Europe/Moscow") + timedelta(days=later)).isoformat()


def _invoiced() -> str:
    """Close this month for a merchant with one till under the example's plan."""
    service.count_tills(1)
    service.choose("start", "person:2")
    made = service.close(_month())
    assert made is not None
    return made.public_id


def _top_up() -> None:
    billing.receive(billing.ask(200_000, "person:1").id, 200_000, "person:1")
