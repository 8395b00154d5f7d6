"""Links as verbs: what a wish becomes, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.catalog import service as catalog
from app.errors import DomainError, NotFound
from app.extensions import db
from app.links import queries, service
from app.links.models import Link
from app.links.service import Wish
from app.partners import service as partners
from app.partners.models import Code
from app.tenants import queries as tenants
from app.tenants import service as shops
from app.tenants.rules import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.application import App
    from app.partners.models import Partner
    from tests.world import Merchant


@pytest.fixture
def anna(db_session: scoped_session[Session], lampa: Merchant) -> Iterator[Partner]:
    with lampa.scope():
        yield partners.create(partners.NewPartner(name="Anna", refcode="anna"))


def test_the_main_link_is_made_once(anna: Partner) -> None:
    first = service.ensure_default(anna)
    assert first is not None
    assert service.ensure_default(anna) is first
    assert db.session.scalars(select(Link)).all() == [first]


def test_without_a_link_of_its_own_every_code_of_a_partner_leads_home(
    anna: Partner, lampa: Merchant
) -> None:
    partners.add_code(anna, "ANNA10")
    tenant = tenants.by_slug(lampa.slug)
    assert tenant is not None
    by_promo = service.target_of_code(tenant, "anna10")
    by_refcode = service.target_of_code(tenant, "Anna")
    assert by_promo == by_refcode
    assert by_promo is not None
    assert by_promo.landing.bare == f"https://{lampa.slug}.example/?ref=anna"


def test_a_renamed_refcode_still_leads_and_the_new_one_is_written(
    anna: Partner, lampa: Merchant
) -> None:
    service.ensure_default(anna)
    partners.rename_refcode(anna, "anuta")
    tenant = tenants.by_slug(lampa.slug)
    assert tenant is not None
    for code in ("anna", "anuta"):
        found = service.target_of_code(tenant, code)
        assert found is not None
        assert found.landing.bare.endswith("?ref=anuta")


def test_a_page_is_found_in_whichever_shop_it_is(anna: Partner) -> None:
    second = shops.open_shop("Second", Place("second.example", "/"), "UTC")
    link = service.create(anna, Wish(address="https://second.example/a"))
    assert (link.shop_id, link.url) == (second.id, "a")
    other = service.create(anna, Wish(shop_id=second.id))
    assert (other.shop_id, other.url) == (second.id, None)


def test_links_follow_a_shop_that_moves(anna: Partner, lampa: Merchant) -> None:
    link = service.create(anna, Wish(address="/sale?x=1", code="sale"))
    shop = tenants.shop_by_id(link.shop_id)
    tenant = tenants.by_slug(lampa.slug)
    assert shop is not None
    assert tenant is not None
    shops.change_shop(shop, place=Place("moved.example", "/new"))
    found = service.target_of_code(tenant, "sale")
    assert found is not None
    assert found.landing.bare == "https://moved.example/new/sale?x=1&ref=anna"


def test_a_category_wants_the_address_of_its_page(anna: Partner, lampa: Merchant) -> None:
    category = catalog.put_category(lampa.shop_id, "lamps", name="Lamps")
    with pytest.raises(DomainError) as refused:
        service.create(anna, Wish(category_id=category.id))
    assert refused.value.errors[0].field == "address"
    link = service.create(anna, Wish(category_id=category.id, address="/lamps"))
    assert (link.category_id, link.url) == (category.id, "lamps")


def test_nothing_is_made_for_what_is_not_there(anna: Partner, lampa: Merchant) -> None:
    hidden = catalog.put_product(lampa.shop_id, "hidden", name="Hidden", shown=False)
    for wish in (
        Wish(product_id=10**9),
        Wish(product_id=hidden.id),
        Wish(category_id=10**9),
        Wish(shop_id=10**9),
    ):
        with pytest.raises(NotFound):
            service.create(anna, wish)
    assert not db.session.scalars(select(Code).where(Code.kind == "link")).all()


def test_a_product_whose_page_is_elsewhere_leads_to_its_shops_home(
    anna: Partner, lampa: Merchant
) -> None:
    bare = catalog.put_product(lampa.shop_id, "bare", name="Bare")
    link = service.create(anna, Wish(product_id=bare.id, label="Bare one"))
    line = queries.line_of(link, lampa.slug)
    assert (line.leads_to, line.label) == (f"https://{lampa.slug}.example/", "Bare one")
    assert [each.code for each in queries.of_partner(anna.id, lampa.slug)] == [line.code]


def test_unknown_parameters_of_a_link_are_left_out(anna: Partner) -> None:
    link = service.create(anna, Wish(params={"utm_source": " vk ", "sub1": "", "onclick": "x"}))
    assert link.params == {"utm_source": "vk"}


def test_links_are_on_the_tracking_host_where_there_is_one(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        assert queries.address("анна", "lampa") == (
            "http://localhost/r/lampa/%D0%B0%D0%BD%D0%BD%D0%B0"
        )
        config = replace(app.extensions["partnerka"], tracking_host="go.example")
        monkeypatch.setitem(app.extensions, "partnerka", config)
        assert queries.short_address("abc") == "https://go.example/s/abc"
