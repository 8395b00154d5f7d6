"""What is owed, by the shop's API and its pages: each figure is the sum of the rows that it opens."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from app import clock, jobs
from app.extensions import db
from app.ledger.queries import partner_balances
from app.liability import queries
from app.liability.rules import What
from app.partners.models import Partner
from app.tenants import queries as tenants
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


class Shop:
    """Lampa with a hold of fourteen days: Anna and Boris have sales in every state."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        self.call("PATCH", "merchant", hold_days=14)
        for name in ("anna", "boris"):
            self.call("POST", "partners", refcode=name, name=name.title(), codes=[f"{name}10"])
        self.now = clock.wall()
        self.sells("anna", "A1", "1000.00", "new")
        self.sells("anna", "A2", "2000.00", "paid")
        self.sells("anna", "A3", "3000.00", "completed")
        self.sells("boris", "B1", "500.00", "completed")
        self.sells("boris", "B2", "700.00", "cancelled")
        self.call("POST", "partners/boris/adjustments", amount="40.00", reason="A gift")
        self.call("POST", "payouts", partner="boris", amount="15.00", method="bank")
        sign_in(client, merchant.staff["owner"])

    def call(self, verb: str, path: str, **body: Any) -> Any:
        answer = self.client.open(
            f"/api/v1/{path}", method=verb, json=body, headers=self.merchant.bearer
        )
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def sells(self, partner: str, number: str, price: str, status: str) -> None:
        line = {"id": "1", "quantity": "1", "price": price}
        said = {
            "status": status,
            "currency": "RUB",
            "created_at": self.now.isoformat(),
            "lines": [line],
        }
        self.call("PUT", f"orders/{number}", **said, partner_code=partner, customer={"id": number})

    def sums(self) -> queries.Sums:
        def act() -> queries.Sums:
            tenant = tenants.tenant(self.merchant.id)
            assert tenant is not None
            return queries.sums(tenant)

        with self.app.app_context():
            return jobs.in_transaction(act, self.merchant.id)

    def get(self, path: str = "") -> str:
        answer = self.client.get(self.merchant.office(f"liability/{path}"))
        assert answer.status_code == 200
        return answer.text

    def rows(self, path: str) -> list[dict[str, str]]:
        answer = self.client.get(self.merchant.office(f"liability/{path}"))
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


@pytest.fixture
def shop(app: App, client: FlaskClient, world: World) -> Shop:
    return Shop(app, client, world.lampa)


def test_the_sums_are_those_of_the_books_and_expected_stands_in_none(shop: Shop) -> None:
    sums = shop.sums()
    assert dict(sums.of) == {
        What.AVAILABLE: 2_500, What.RESERVED: 1_500, What.HOLD: 35_000, What.UNDATED: 20_000,
        What.EXPECTED: 10_000, What.DEBT: 0,
    }  # fmt: skip
    assert sum(sums.maturing.values()) == 35_000

    def books() -> int:
        ids = db.session.scalars(db.select(Partner.id)).all()
        return sum(b.pending for b in partner_balances(ids).values())

    with shop.app.app_context():
        assert jobs.in_transaction(books, shop.merchant.id) == 55_000


FIGURES = [
    ("available/all/", 1, "25.00"), ("reserved/all/", 1, "15.00"), ("hold/all/", 2, "350.00"),
    ("undated/all/", 1, "200.00"), ("expected/all/", 1, "100.00"), ("debt/all/", 0, "0.00"),
    ("hold/all/?partner=boris", 1, "50.00"), ("expected/all/?partner=boris", 0, "0.00"),
    ("hold/all/?q=ann", 1, "300.00"), ("available/all/?partner=anna", 0, "0.00"),
]  # fmt: skip


def test_each_figure_opens_rows_that_sum_to_it(shop: Shop) -> None:
    for path, rows, total in FIGURES:
        found = re.search(r"These rows sum to.*?stat-value\">(.*?)</p>", shop.get(path), re.DOTALL)
        assert found is not None, path
        assert total in re.sub(r"<[^>]+>", "", found[1]), path
        lines = shop.rows(path.replace("/?", "/file?") if "?" in path else f"{path}file")
        assert len(lines) == rows, path
        assert sum(Decimal(line["Sum"]) for line in lines) == Decimal(total), path


def test_every_figure_of_the_page_is_the_sum_of_the_rows_behind_it(shop: Shop) -> None:
    for by in ("day", "week"):
        page = shop.get(f"?by={by}")
        told = re.findall(
            r'href="[^"]*/liability/((?:\w+)/[\w-]+)/([^"]*)">(.*?)</a>', page, re.DOTALL
        )
        figures = [(p, q, re.sub(r"<[^>]+>|[^\d.,]", "", words)) for p, q, words in told]
        checked = 0
        for path, query, figure in figures:
            if re.fullmatch(r"[\d,]+\.\d\d", figure):
                lines = shop.rows(f"{path}/file{query.replace('&amp;', '&')}")
                assert sum(Decimal(line["Sum"]) for line in lines) == Decimal(
                    figure.replace(",", "")
                )
                checked += 1
        assert checked >= 8


def test_a_day_opens_its_own_rows_only(shop: Shop) -> None:
    [day] = shop.sums().maturing
    assert len(shop.rows(f"hold/{day.isoformat()}/file")) == 2
    assert shop.rows(f"hold/{(day + timedelta(days=1)).isoformat()}/file") == []
    assert len(shop.rows(f"hold/{day - timedelta(days=3)}_{day}/file")) == 2
    assert len(shop.rows(f"hold/{day}_/file")) == 2


def test_by_terms_too(shop: Shop) -> None:
    page = shop.get()
    found = re.search(r"hold/all/\?terms=(\w+)", page)
    assert found is not None
    assert len(shop.rows(f"hold/all/file?terms={found[1]}")) == 2


def test_what_is_no_figure_is_not_there(shop: Shop) -> None:
    for path in ("none/all/", "hold/x/", "hold/2026-12-02_2026-12-01/", "expected/2026-12-01/"):
        assert shop.client.get(shop.merchant.office(f"liability/{path}")).status_code == 404


def test_who_may_see_it_and_nothing_of_another_shop(shop: Shop, app: App, world: World) -> None:
    stranger = sign_in(app.test_client(), world.kniga.staff["owner"])
    assert stranger.get(world.lampa.office("liability/")).status_code == 404
    own = stranger.get(world.kniga.office("liability/hold/all/file")).text
    assert "Anna" not in own
    developer = sign_in(app.test_client(), world.lampa.staff["developer"])
    assert developer.get(world.lampa.office("liability/")).status_code == 403
    accountant = sign_in(app.test_client(), world.lampa.staff["accountant"])
    assert accountant.get(world.lampa.office("liability/")).status_code == 200
    assert accountant.get(world.lampa.office("liability/hold/all/file?as=xlsx")).data[:2] == b"PK"
    assert "Boris" in accountant.get(world.lampa.office("liability/file")).text
