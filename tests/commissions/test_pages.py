"""Why this sum, and why nothing, where people look: the order's page, the partner's page, the shared link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.identity import service as identity
from app.partners.service import NewPartner, create
from tests.orders.test_api import put, said
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@dataclass
class Place:
    """Lampa with Anna above Boris; both have a cabinet."""

    app: App
    client: FlaskClient
    merchant: Merchant

    def mail(self, name: str) -> str:
        return f"{name}@{self.merchant.slug}.example"

    def open(self) -> Place:
        """Make the partners and their way in."""
        with self.app.app_context(), self.merchant.scope():
            anna = create(NewPartner(name="Anna", refcode="anna", email=self.mail("anna")))
            boris = create(
                NewPartner(
                    name="Boris", refcode="boris", email=self.mail("boris"), sponsor_id=anna.id
                )
            )
            for partner in (anna, boris):
                person = identity.ensure_person(partner.email or "", partner.name)
                if partner.person_id is None:
                    identity.join(person, self.merchant.id, "partner", partner.id)
                    partner.person_id = person.id
                identity.change_password(person, PASSWORD)
            db.session.commit()
        return self

    def order(self, external_id: str = "A1", **changes: Any) -> str:
        """Let the shop say an order; return its deal's id, also where no partner earns."""
        put(self.client, self.merchant, said(**changes), external_id)
        office = self.staff()
        page = office.get(self.merchant.office("orders/")).text
        return str(re.findall(r"orders/(dl_\w+)/", page)[0])

    def staff(self, role: str = "support") -> FlaskClient:
        return sign_in(self.app.test_client(), self.merchant.staff[role])

    def partner(self, name: str) -> FlaskClient:
        return sign_in(self.app.test_client(), self.mail(name))


@pytest.fixture
def place(app: App, client: FlaskClient, lampa: Merchant) -> Place:
    return Place(app, client, lampa).open()


def words(text: str) -> str:
    """Return a page's words alone."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_the_orders_page_says_whose_rate_base_and_when_it_is_free(place: Place) -> None:
    refunds = [{"id": "r1", "lines": [{"line": "1", "amount": "950.00"}]}]
    deal = place.order(partner_code="boris", refunds=refunds)
    page = words(place.staff().get(place.merchant.office(f"orders/{deal}/")).text)
    assert "the partner terms “Base terms”)" in page
    assert "The line is worth ₽1,900.00. Refunded: ₽950.00." in page
    assert "The shop decides next: the hold begins when it completes the order." in page
    assert "% of the order" in page
    place.order(partner_code="boris", refunds=refunds, status="completed", version=4)
    page = words(place.staff().get(place.merchant.office(f"orders/{deal}/")).text)
    assert "Available from Dec" in page


def test_what_takes_no_part_is_told_with_why(place: Place) -> None:
    body = {"name": "Gift", "takes_part": False}
    answer = place.client.put("/api/v1/products/gift", json=body, headers=place.merchant.bearer)
    assert answer.status_code < 300
    lines = [
        {"id": "1", "product": "lamp-1", "quantity": "1", "price": "100.00"},
        {"id": "2", "product": "gift", "name": "Gift card", "quantity": "1", "price": "50.00"},
    ]
    later = "2035-01-01T00:00:00Z"
    deal = place.order(partner_code="boris", lines=lines, created_at=later, updated_at=later)
    page = words(place.staff().get(place.merchant.office(f"orders/{deal}/")).text)
    assert "Gift card: does not take part in the partner program." in page
    mine = words(place.partner("boris").get(place.merchant.cabinet(f"sales/{deal}/")).text)
    assert "Gift card: does not take part in the partner program." in mine


def test_the_partner_sees_his_own_with_the_buyer_masked(place: Place) -> None:
    deal = place.order(partner_code="boris")
    page = place.partner("boris").get(place.merchant.cabinet(f"sales/{deal}/"))
    assert page.status_code == 200
    assert "G•••" in page.text
    for secret in ("Gleb", "gleb@example.org", "+79161234567"):
        assert secret not in page.text
    assert place.partner("anna").get(place.merchant.cabinet(f"sales/{deal}/")).status_code == 404


def test_a_claim_that_lost_is_shown_to_its_partner_alone(place: Place) -> None:
    deal = place.order(partner_code="boris", ref="anna")
    anna = place.partner("anna")
    lost = anna.get(place.merchant.cabinet("sales/lost")).text
    assert "Another claim is stronger." in lost
    page = anna.get(place.merchant.cabinet(f"sales/{deal}/"))
    assert page.status_code == 200
    assert "This sale earns nothing" in page.text
    assert "Boris" not in page.text
    assert "boris" not in page.text
    own = place.partner("boris").get(place.merchant.cabinet("sales/lost")).text
    assert "Another claim is stronger." not in own


def test_the_link_that_a_partner_shares_opens_the_same_page_for_support(place: Place) -> None:
    deal = place.order(partner_code="boris")
    own = place.partner("boris").get(place.merchant.cabinet(f"sales/{deal}/")).text
    link = re.findall(r'data-copy="http://localhost(/[^"]+)"', own)[0]
    seen = place.staff().get(link, follow_redirects=True)
    assert seen.status_code == 200
    assert "This is what Boris sees" in seen.text
    told = re.findall(r"<li>([^<]*% of [^<]*)</li>", own)
    assert told
    assert told == re.findall(r"<li>([^<]*% of [^<]*)</li>", seen.text)
    assert "Gleb" not in seen.text
    back = place.partner("boris").get(link, follow_redirects=True)
    assert back.request.path == place.merchant.cabinet(f"sales/{deal}/")
    assert place.partner("anna").get(link).status_code == 404
    assert place.app.test_client().get(link).status_code == 303  # to sign in


def test_why_nothing_is_told_in_words(place: Place) -> None:
    deal = place.order(partner_code="nobody")
    page = place.staff().get(place.merchant.office(f"orders/{deal}/")).text
    assert "The code or link on this order belongs to no partner." in page
    found = place.client.get("/api/v1/orders/A1", headers=place.merchant.bearer).get_json()
    assert found["reason"] == "unknown"
    assert found["reason_text"] == "The code or link on this order belongs to no partner."


def test_the_list_of_orders_names_each_buyer_by_what_is_known(place: Place) -> None:
    place.order("A1", customer={"id": "1", "name": "Gleb", "email": "gleb@lampa.example"})
    place.order("A2", customer={"id": "2", "name": "", "email": "dasha@lampa.example"})
    place.order("A3", customer={"id": "3", "phone": "+79161234500"})
    page = place.staff().get(place.merchant.office("orders/")).text
    buyers = re.findall(r'data-label="Customer"[^>]*>(.*?)</td>', page, re.DOTALL)
    assert [words(each).strip() for each in buyers] == [
        "+79161234500",
        "dasha@lampa.example",
        "Gleb",
    ]
