"""The money desk of a shop with hundreds of partners: no page asks once a partner."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.documents import service as documents
from app.documents.rules import Kind
from app.extensions import db
from app.papers import queries as papers
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payruns import service as payruns
from app.payruns.models import PayRun
from app.payruns.rules import Pays
from app.tenants.service import change_settings
from tests.network.forest import statements
from tests.payouts.setting import by_bank, earn, known_partner
from tests.world import kniga, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World

FEW, MANY = 12, 300
PAGES = (
    "wallet/?size=100",
    "wallet/?owed=free&size=100",
    "payouts/?size=100",
    "payouts/?state=paid&size=100",
    "pay-runs/{run}/",
    "pay-runs/{run}/lines/?size=100",
    "pay-runs/{run}/lines/?who=out&size=100",
    "registers/new",
    "liability/",
    "calendar/",
    "documents/?size=100",
    "statements/",
    "papers/",
    "settlement/",
    "statistics/payouts/",
    "months/",
)


class Shop:
    """Lampa, whose partners earned in the last month, were paid in part, asked, and wait."""

    def __init__(self, app: App, merchant: Merchant) -> None:
        self.app, self.merchant, self.partners = app, merchant, 0

    def grow(self, number: int) -> str:
        """Let so many partners be there, and return the pay run that looks at all of them."""
        with self.app.app_context(), self.merchant.scope():
            span = papers.last_month()
            ids = [known_partner(f"P{n}")[0] for n in range(self.partners, number)]
            with clock.moved_to(span.starts + timedelta(days=3)):
                for each in ids:
                    earn(each, 50_000)
            rows = db.session.scalars(
                select(Partner).where(Partner.id.in_(ids)).order_by(Partner.id)
            )
            for n, row in enumerate(rows):
                if n % 6:
                    with clock.moved_to(clock.now() - timedelta(days=2)):
                        payouts.set_details(row, "bank", by_bank(row.name))
            self._ask_and_pay(ids)
            documents.issue(Kind.ACT, span, ids, "en")
            self.partners = number
            for old in db.session.scalars(select(PayRun)):
                payruns.cancel(old)
            run = payruns.make(Pays.AVAILABLE, clock.today("Europe/Moscow"))
            db.session.commit()
            jobs.sweep_runs()
            return run.public_id

    def _ask_and_pay(self, ids: list[int]) -> None:
        """Some with details ask: one of six waits approved, one of six is paid."""
        by = f"person:{self.merchant.staff['manager'].id}"
        for n, each in enumerate(ids):
            if n % 6 in {1, 2}:
                asked = payouts.request(each, 20_000, "bank", f"partner:{each}")
                payouts.approve(asked.id, by)
                if n % 6 == 2:
                    payouts.pay(asked.id, by)

    def settle_by(self, whom: str) -> None:
        with self.app.app_context(), self.merchant.scope():
            change_settings({"settlement": whom})
            db.session.commit()

    def asked(self, client: FlaskClient, page: str) -> int:
        """Open a page, and return how many statements it took."""
        with statements(self.app) as sent:
            answer = client.get(page)
        assert answer.status_code == 200, page
        return len(sent)


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Shop:  # noqa: F811
    return Shop(app, lampa)


def test_a_page_of_the_desk_takes_hardly_more_statements_for_three_hundred_partners_than_for_twelve(
    shop: Shop,
    client: FlaskClient,
    app: App,
    world: World,  # noqa: F811
) -> None:
    desk = sign_in(client, shop.merchant.staff["accountant"])
    platform = sign_in(app.test_client(), world.operator)

    def measured(run: str) -> dict[str, int]:
        found = {p: shop.asked(desk, shop.merchant.office(p.format(run=run))) for p in PAGES}
        shop.settle_by("platform")
        found["queue"] = shop.asked(desk, shop.merchant.office("settlement/"))
        found["the platform's desk"] = shop.asked(platform, "/platform/payouts/?size=100")
        shop.settle_by("own")
        return found

    few = measured(shop.grow(FEW))
    many = measured(shop.grow(MANY))
    assert {page: (few[page], many[page]) for page in many if many[page] > few[page] + 5} == {}
    assert max(many.values()) <= 40
