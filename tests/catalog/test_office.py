"""Products and categories in the back office."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.catalog import queries
from app.facts import service as facts
from app.tenants import service as tenants
from app.tenants.rules import Place
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def product_id(shop: Shop, external_id: str) -> int:
    with shop.scope():
        found = queries.product(shop.shop_id, external_id)
        assert found is not None
        return found.id


def test_a_product_is_added_by_hand_and_told_how_it_takes_part(lampa: Shop) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/products/"
    assert "No products yet" in browser.get(path).text
    form = {
        "shop": lampa.shop_id,
        "external_id": "lamp-1",
        "name": "Lamp",
        "category": "lamps",
        "price": "1,990.00",
        "url": f"https://{lampa.domain}/lamp",
    }
    assert browser.get(f"{path}new").status_code == 200
    answer = browser.post(f"{path}new", data=form)
    assert answer.status_code == 303, answer.text
    number = product_id(lampa, "lamp-1")
    assert answer.headers["Location"] == f"{path}{number}/program"
    assert "checked" in browser.get(f"{path}{number}/program").text
    options = {
        "shown": "y",
        "landing_pages": f"/sale\nhttps://{lampa.domain}/spring",
        "levels-0": "15%",
        "levels-1": "",
        "levels-2": "50.00",
    }
    assert browser.post(f"{path}{number}/program", data=options).status_code == 303
    with lampa.scope():
        known = facts.current([f"product:{number}"])[f"product:{number}"]
        assert (known["takes_part"], known["levels"]) == (False, ["15%", None, "50.00"])
    activity = browser.get(f"{path}{number}/activity")
    assert activity.status_code == 200
    assert "Takes part: Yes → No" in activity.text
    assert "Lamp" in browser.get(path).text


def test_a_wrong_page_is_refused_with_what_was_typed(lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp"})
    path = f"/{lampa.slug}/office/products/{product_id(lampa, 'lamp-1')}/program"
    answer = lampa.signed_in().post(path, data={"landing_pages": "https://evil.example/"})
    assert answer.status_code == 422
    assert "https://evil.example/" in answer.text
    assert f"Landing pages lie on {lampa.domain}." in answer.text


def test_the_same_id_is_not_added_twice(lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp"})
    form = {"shop": lampa.shop_id, "external_id": "lamp-1", "name": "Other"}
    answer = lampa.signed_in().post(f"/{lampa.slug}/office/products/new", data=form)
    assert answer.status_code == 422
    assert "There is a product with this id." in answer.text


def test_what_is_edited_keeps_its_options(lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp", "price": "10.00", "levels": ["15%"]})
    number = product_id(lampa, "lamp-1")
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/products/{number}"
    assert 'value="10.00"' in browser.get(path).text
    assert browser.post(path, data={"name": "Lamp, red", "price": ""}).status_code == 303
    found = lampa.call("GET", "/products/lamp-1").json
    assert found is not None
    assert (found["name"], found["price"], found["levels"]) == ("Lamp, red", None, ["15%"])


def test_the_list_is_searched_filtered_and_paged(lampa: Shop) -> None:
    for number in range(30):
        body = {"name": f"Lamp {number:02}", "takes_part": number != 7}
        lampa.call("PUT", f"/products/lamp-{number}", body)
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/products/"
    first = browser.get(path).text
    assert ("Lamp 24" in first, "Lamp 25" in first) == (True, False)
    assert "Lamp 07" in browser.get(f"{path}?q=lamp-7").text
    filtered = browser.get(f"{path}?takes_part=no").text
    assert ("Lamp 07" in filtered, "Lamp 08" in filtered) == (True, False)
    header = {"HX-Request": "true", "HX-Request-Type": "partial"}
    assert "<html" not in browser.get(path, headers=header).text


def test_categories_have_levels_and_a_place(lampa: Shop) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/categories/"
    assert "No categories yet" in browser.get(path).text
    form = {"shop": lampa.shop_id, "external_id": "lamps", "name": "Lamps", "parent": "home"}
    answer = browser.post(f"{path}new", data=form | {"levels-0": "20%"})
    assert answer.status_code == 303, answer.text
    with lampa.scope():
        found = queries.category(lampa.shop_id, "lamps")
        assert found is not None
        number = found.id
    assert 'value="20%"' in browser.get(f"{path}{number}").text
    answer = browser.post(f"{path}{number}", data={"name": "Lamps", "parent": "lamps"})
    assert answer.status_code == 422
    assert "cannot lie below itself" in answer.text
    assert "20%" in browser.get(path).text


def test_pages_of_another_merchant_are_not_there(app: App, lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp"})
    number = product_id(lampa, "lamp-1")
    kniga = Shop(app, "Kniga")
    browser = kniga.signed_in()
    for path in ("", "/program", "/activity"):
        assert browser.get(f"/{kniga.slug}/office/products/{number}{path}").status_code == 404
        assert browser.get(f"/{lampa.slug}/office/products/{number}{path}").status_code == 404


def test_who_only_reads_sees_the_options_and_no_button(lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp", "levels": ["15%"], "shown": False})
    browser = lampa.staff("support")
    path = f"/{lampa.slug}/office/products/{product_id(lampa, 'lamp-1')}/program"
    page = browser.get(path).text.partition("<main")[2]
    assert ("15%" in page, "<form" in page) == (True, False)
    assert browser.post(path).status_code == 403


def test_wrong_forms_come_back_with_what_was_typed(lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp", "category": "lamps"})
    with lampa.scope():
        found = queries.category(lampa.shop_id, "lamps")
        assert found is not None
        category = found.id
    browser, office = lampa.signed_in(), f"/{lampa.slug}/office"
    new = {"shop": lampa.shop_id, "external_id": "lamps", "name": "Lamps"}
    for path, form in (
        (f"/products/{product_id(lampa, 'lamp-1')}", {"name": "Lamp", "url": "nowhere"}),
        (f"/products/{product_id(lampa, 'lamp-1')}", {"name": ""}),
        ("/products/new", new | {"external_id": "x", "price": "much"}),
        ("/categories/new", new),
        ("/categories/new", new | {"external_id": "y", "levels-0": "ten"}),
        (f"/categories/{category}", {"name": "Lamps", "levels-0": "101%"}),
    ):
        answer = browser.post(office + path, data=form)
        assert answer.status_code == 422, path
        assert "to correct" in answer.text, path
    assert browser.post(f"{office}/products/999999", data={"name": "X"}).status_code == 404
    assert browser.get(f"{office}/categories/999999").status_code == 404
    saved = browser.post(f"{office}/categories/{category}", data={"name": "All lamps"})
    assert saved.status_code == 303


def test_a_merchant_with_two_shops_says_which(lampa: Shop) -> None:
    with lampa.scope():
        second = tenants.open_shop("Second", Place(f"two.{lampa.domain}", "/"), "Europe/Moscow").id
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/products/new"
    assert f"two.{lampa.domain}" in browser.get(path).text
    form = {"shop": second, "external_id": "lamp-1", "name": "Lamp"}
    assert browser.post(path, data=form).status_code == 303
    with lampa.scope():
        assert queries.product(second, "lamp-1") is not None
        assert queries.product(lampa.shop_id, "lamp-1") is None
