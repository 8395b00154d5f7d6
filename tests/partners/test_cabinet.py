"""A partner's own pages: home, products, network, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.identity import queries as people
from app.identity import service as identity
from app.partners import queries
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import service as tenants
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def signed_in(shop: Shop, name: str, **body: Any) -> FlaskClient:
    email = f"{name.lower()}@{shop.domain}"
    answer = shop.call("POST", "/partners", {"name": name, "email": email, **body})
    assert answer.status_code == 201, answer.json
    with shop.app.app_context(), tenant_scope(PLATFORM):
        person = people.by_email(email)
        assert person is not None
        identity.change_password(person, PASSWORD)
        db.session.commit()
    return shop.signed_in(email)


def path(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/cabinet/{rest}"


def test_home_has_the_link_the_balance_and_the_terms(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna", codes=["ANNA10"], levels=["20%"])
    page = anna.get(path(lampa)).text
    for words in (
        f"http://localhost/r/{lampa.slug}/anna",
        f"https://{lampa.domain}/?ref=anna",
        "ANNA10",
        f"/{lampa.slug}/join?sponsor=anna",
        "You earn 20%",
        "No sales yet",
        "qr.svg",
    ):
        assert words in page, words


def test_home_shows_how_far_it_is_to_the_smallest_payout(lampa: Shop) -> None:
    with lampa.scope():
        tenants.change_settings({"minimum_payout": 100_000})
    page = signed_in(lampa, "Anna").get(path(lampa)).text
    assert ("<progress" in page, "1,000.00" in page) == (True, True)


def test_a_blocked_partner_is_told_and_invites_nobody(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    lampa.call("PATCH", "/partners/anna", {"status": "blocked"})
    page = anna.get(path(lampa)).text
    assert ("You are blocked" in page, "/join?" in page) == (True, False)


def test_products_have_links_that_are_ready(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    assert "No products yet" in anna.get(path(lampa, "products/")).text
    home = f"https://{lampa.domain}"
    lampa.call("PUT", "/products/lamp", {"name": "Lamp", "url": f"{home}/lamp", "levels": ["15%"]})
    lampa.call("PUT", "/products/sale", {"name": "Sale", "landing_pages": [f"{home}/spring"]})
    lampa.call("PUT", "/products/secret", {"name": "Secret", "shown": False})
    lampa.call("PUT", "/products/poor", {"name": "Poor", "takes_part": False})
    page = anna.get(path(lampa, "products/")).text
    for words in (f"{home}/lamp?ref=anna", f"{home}/spring?ref=anna", "15%", "10%"):
        assert words in page, words
    assert ("Secret" in page, "Poor" in page) == (False, False)
    assert "Lamp" in anna.get(path(lampa, "products/?q=lamp")).text


def test_settings_are_the_partners_own(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    form = {
        "name": "Anna A.",
        "phone": "+79161234567",
        "locale": "ru",
        "notices": "partner.recruited",
    }
    assert anna.get(path(lampa, "settings")).status_code == 200
    assert anna.post(path(lampa, "settings"), data=form).status_code == 303
    with lampa.scope():
        found = queries.by_refcode("anna")
        assert found is not None
        assert (found.name, found.locale) == ("Anna A.", "ru")
        assert sorted(found.muted) == [
            "cap.partner_near",
            "commission.accrued",
            "commission.available",
            "digest.month",
            "document.issued",
            "mailing.started",
        ]
    bad = anna.post(path(lampa, "settings"), data=form | {"phone": "12"})
    assert bad.status_code == 422
    assert "country code" in bad.text


def test_a_partner_sees_no_other_merchants_cabinet(app: App, lampa: Shop) -> None:
    anna, kniga = signed_in(lampa, "Anna"), Shop(app, "Kniga")
    for rest in ("", "products/", "network", "settings"):
        assert anna.get(path(kniga, rest)).status_code == 404
        assert anna.get(f"/{lampa.slug}/office/{rest}").status_code == 404
