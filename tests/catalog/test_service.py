"""Products and categories: idempotent by content, with dated facts for what decides money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.catalog import queries, service
from app.errors import DomainError
from app.events.models import Event
from app.extensions import db
from app.facts import service as facts
from app.tenancy import tenant_scope
from tests.partners.shops import kniga, lampa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.tenants.models import Shop


@pytest.fixture
def shop(db_session: object) -> Iterator[Shop]:
    merchant = lampa()
    with tenant_scope(merchant.tenant.id):
        yield merchant.shop


def events() -> int:
    return db.session.scalar(select(func.count()).select_from(Event)) or 0


def test_a_new_product_takes_part_and_is_shown(shop: Shop) -> None:
    product = service.put_product(shop.id, "lamp-1", name="Lamp", category="lamps", price=100_000)
    assert (product.takes_part, product.shown, product.price) == (True, True, 100_000)
    known = facts.current([f"product:{product.id}"])[f"product:{product.id}"]
    assert known == {
        "takes_part": True,
        "promo": False,
        "brand": None,
        "supplier": None,
        "category": product.category_id,
        "levels": [],
    }
    assert queries.category_names([product.category_id]) == {product.category_id: "lamps"}


def test_the_same_content_again_writes_nothing(shop: Shop) -> None:
    service.put_product(shop.id, "lamp-1", name="Lamp", category="lamps", levels=["15%"])
    before = events()
    service.put_product(shop.id, "lamp-1", name=" Lamp ", category="lamps", levels=["15.0%"])
    assert events() == before


def test_what_is_not_said_stays_and_null_clears(shop: Shop) -> None:
    service.put_product(shop.id, "lamp-1", name="Lamp", levels=["15%"], takes_part=False)
    product = service.put_product(shop.id, "lamp-1", name="Lamp, red", price=5)
    assert (product.takes_part, queries.levels_of([f"product:{product.id}"])) == (
        False,
        {f"product:{product.id}": ["15%"]},
    )
    service.put_product(shop.id, "lamp-1", levels=None, price=None)
    assert (product.price, queries.levels_of([f"product:{product.id}"])) == (
        None,
        {f"product:{product.id}": []},
    )


def test_switches_and_category_are_dated(shop: Shop) -> None:
    product = service.put_product(shop.id, "lamp-1", name="Lamp")
    service.put_product(shop.id, "lamp-1", takes_part=False, category="lamps")
    owner = f"product:{product.id}"
    history = facts.history([owner])
    assert [value for _, value in history[owner, "takes_part"].rows] == [True, False]
    assert [value for _, value in history[owner, "category"].rows] == [None, product.category_id]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/lamp",
        "https://lampa.example.evil.example/",
        "javascript:alert(1)",
        "//evil.example/x",
        "https://user@{domain}/x",
        "https://{domain}:99999/",
        "ftp://{domain}/",
        "https://{domain}\\@evil.example/",
    ],
)
def test_a_landing_page_lies_on_the_shops_domain(shop: Shop, address: str) -> None:
    with pytest.raises(DomainError) as refused:
        service.put_product(
            shop.id, "lamp-1", landing_pages=["/ok", address.format(domain=shop.domain)]
        )
    assert [error.field for error in refused.value.errors] == ["landing_pages.1"]


def test_landing_pages_keep_their_order_once_each(shop: Shop) -> None:
    pages = ["/sale", f"https://www.{shop.domain}/lamp", "/sale"]
    product = service.put_product(shop.id, "lamp-1", landing_pages=pages)
    assert product.landing_pages == [
        f"https://{shop.domain}/sale",
        f"https://www.{shop.domain}/lamp",
    ]
    assert queries.first_page(product) == f"https://{shop.domain}/sale"


def test_a_category_never_lies_below_itself(shop: Shop) -> None:
    service.put_category(shop.id, "lamps", name="Lamps", parent="home")
    service.put_category(shop.id, "home", parent="all")
    with pytest.raises(DomainError):
        service.put_category(shop.id, "all", parent="lamps")
    lamps = queries.category(shop.id, "lamps")
    assert lamps is not None
    assert len(queries.families([lamps.id])) == 3


def test_rates_of_a_category_are_dated(shop: Shop) -> None:
    category = service.put_category(shop.id, "lamps", levels=["20%", None, "50.00"])
    service.put_category(shop.id, "lamps", levels=["25%"])
    owner = f"category:{category.id}"
    rows = facts.history([owner], ["levels"])[owner, "levels"].rows
    assert [value for _, value in rows] == [["20%", None, "50.00"], ["25%"]]


def test_products_are_found_by_the_words_of_name_and_id(shop: Shop) -> None:
    service.put_product(shop.id, "lamp-1", name="Красная Лампа 100%")
    for words, found in [
        ("лампа КРАСНАЯ", 1),
        ("lamp-1", 1),
        ("100%", 1),
        ("1_0", 0),
        ("свеча", 0),
    ]:
        assert len(db.session.scalars(queries.matching(queries.listed(), words)).all()) == found


@pytest.mark.parametrize("said", ["", " ", "x" * 129])
def test_a_shops_id_has_bounds(shop: Shop, said: str) -> None:
    with pytest.raises(DomainError):
        service.put_product(shop.id, said, name="Lamp")


def test_another_merchant_has_its_own_lamp(shop: Shop) -> None:
    service.put_product(shop.id, "lamp-1", name="Lamp")
    other = kniga()
    with tenant_scope(other.tenant.id):
        assert queries.product(shop.id, "lamp-1") is None
        assert queries.products_by_key(other.shop.id, ["lamp-1"]) == {}


def test_categories_are_found_by_the_shops_ids_and_named(shop: Shop) -> None:
    service.put_category(shop.id, "home", levels=["7%"])
    service.put_category(shop.id, "lamps", parent="home", levels=[None, "3%"])
    assert queries.categories_by_key(shop.id, ["home", "lamps", "x"]).keys() == {"home", "lamps"}
    assert queries.category_names([None]) == {}
    assert len(queries.categories(shop.id)) == 2
