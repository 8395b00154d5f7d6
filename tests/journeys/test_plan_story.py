"""A trial in a real browser: its last days, the stop that loses no order, a plan, an invoice that is paid.

The web server runs in a process of its own. What only time does (the trial's end, a month's end) is done
by services, as the worker would.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from app import clock, jobs
from app.billing import service as billing
from app.tariffs import queries, service
from app.tariffs.rules import trial_end
from tests.journeys.test_prepaid_story import Desk
from tests.tariffs.setting import do, tariffs, trial_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from app.application import App
    from tests.world import World


@pytest.mark.usefixtures("_sound")
def test_a_trial_ends_nothing_is_lost_and_a_plan_brings_everything_back(
    app: App, browser: Browser, live_server: str, world: World
) -> None:
    lampa = world.lampa
    with tariffs(app):
        trial_until(app, lampa, trial_end(clock.wall(), "Europe/Moscow", 3))
        owner = Desk(browser, live_server, lampa.staff["owner"].email)
        owner.go(lampa.office("plan/"))
        owner.sees("Trial: 3 days left, with everything on.")
        owner.look()

        trial_until(app, lampa, clock.wall() - timedelta(days=2))
        owner.go(lampa.office("settings/brand"))
        owner.sees("Pages can only be read until the platform is paid.")
        owner.page.get_by_label("Name").fill("Lampa the second")
        owner.press("Save")
        owner.sees("This was not changed")
        owner.look()
        owner.console.errors.clear()  # the browser tells of the answer 402

        said = {
            "status": "paid", "currency": "RUB", "created_at": clock.wall().isoformat(),
            "customer": {"id": "c-1"}, "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
        }  # fmt: skip
        put = httpx.put(f"{live_server}/api/v1/orders/j1", json=said, headers=lampa.bearer)
        assert put.status_code == 200

        owner.page.locator("main").get_by_role("link", name="Open the plan").click()
        owner.page.get_by_text("First till").first.wait_for()
        owner.page.get_by_label("Start").check()
        owner.press("Choose from today on")
        owner.sees("Used of the plan Start")
        owner.sees("1 of 1,500")
        owner.look()

        def month_over() -> str:
            service.count_tills(1)
            made = service.close(clock.today("Europe/Moscow").replace(day=1))
            assert made is not None
            return made.public_id

        number = do(app, lampa, month_over)
        owner.go(lampa.office(f"plan/invoices/{number}/"))
        owner.sees("To be paid by")
        owner.look()
        do(app, lampa, lambda: billing.receive(billing.ask(200_000, "person:1").id, 200_000, "x"))
        with app.app_context():
            jobs.settle()
        owner.go(lampa.office(f"plan/invoices/{number}/"))
        owner.sees("Paid from the prepaid balance on")
        assert do(app, lampa, queries.state).value == "active"

        operator = Desk(browser, live_server, world.operator.email)
        operator.go("/platform/tariffs/")
        operator.look()
        operator.go(f"/platform/tariffs/merchants/{lampa.slug}/")
        operator.sees("First till")
        operator.look()
        for desk in (owner, operator):
            assert desk.console.errors == []
