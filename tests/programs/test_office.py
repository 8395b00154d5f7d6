"""Terms and groups in the back office."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.programs import queries, service
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def base(shop: Shop) -> tuple[str, list[str | None], int]:
    with shop.scope():
        terms = queries.base_terms()
        return terms.public_id, queries.conditions([terms.id])[terms.id].levels, terms.version


def test_levels_are_edited_as_rows(lampa: Shop) -> None:
    browser = lampa.signed_in()
    path = f"/{lampa.slug}/office/terms/{base(lampa)[0]}"
    page = browser.get(path)
    assert page.status_code == 200
    assert 'value="10%"' in page.text
    form = {
        "version": "1",
        "name": "Base terms",
        "levels-0": "10 %",
        "levels-1": "5%",
        "levels-2": "50.00",
        "hold_days": "",
        "tax": "y",
    }
    answer = browser.post(path, data=form)
    assert answer.status_code == 303, answer.text
    assert base(lampa)[1:] == (["10%", "5%", "50.00"], 2)
    shown = browser.get(f"/{lampa.slug}/office/terms/").text
    assert "Version 2" in shown


def test_a_wrong_row_keeps_what_was_typed(lampa: Shop) -> None:
    browser = lampa.signed_in()
    path = f"/{lampa.slug}/office/terms/{base(lampa)[0]}"
    form = {"version": "1", "name": "Base terms", "levels-0": "ten", "levels-4": "101%"}
    answer = browser.post(path, data=form)
    assert answer.status_code == 422
    assert 'value="ten"' in answer.text
    assert "Percents go from 0 to 100." in answer.text
    hole = {
        "version": "1",
        "name": "Base terms",
        "levels-0": "10%",
        "levels-1": "",
        "levels-2": "5%",
    }
    answer = browser.post(path, data=hole)
    assert answer.status_code == 422
    assert "Every level of the terms needs a rate" in answer.text
    assert base(lampa)[2] == 1


def test_who_saves_over_an_older_version_is_told(lampa: Shop) -> None:
    browser = lampa.signed_in()
    path = f"/{lampa.slug}/office/terms/{base(lampa)[0]}"
    form = {"version": "1", "name": "Base terms", "levels-0": "11%"}
    assert browser.post(path, data=form).status_code == 303
    answer = browser.post(path, data=form | {"levels-0": "12%"})
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text


def test_groups_are_made_and_changed(lampa: Shop) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/groups/"
    assert "No groups yet" in browser.get(path).text
    form = {"name": "Gold", "levels-0": "", "levels-1": "7%"}
    assert browser.post(f"{path}new", data=form).status_code == 303
    assert browser.post(f"{path}new", data=form).status_code == 422
    with lampa.scope():
        (group,) = queries.all_groups()
        group_id = group.public_id
    assert browser.get(path + group_id).status_code == 200
    answer = browser.post(path + group_id, data={"name": "Silver"})
    assert answer.status_code == 303
    assert "Silver" in browser.get(path).text


def test_wrong_groups_come_back_and_unknown_ones_are_not_there(lampa: Shop) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/groups/"
    with lampa.scope():
        group_id = service.create_group("Gold").public_id
        service.create_group("Silver")
    for form in ({"name": ""}, {"name": "Silver"}, {"name": "Gold", "levels-0": "ten"}):
        assert browser.post(path + group_id, data=form).status_code == 422
    assert browser.get(f"{path}nobody").status_code == 404
    assert browser.get(f"/{lampa.slug}/office/terms/nobody").status_code == 404


def test_terms_may_not_keep_what_the_domain_refuses(lampa: Shop) -> None:
    with lampa.scope():
        service.create_terms(name="Bloggers", levels=["15%"])
    browser = lampa.signed_in()
    path = f"/{lampa.slug}/office/terms/{base(lampa)[0]}"
    form = {"version": "1", "name": "Bloggers", "levels-0": "10%"}
    answer = browser.post(path, data=form)
    assert answer.status_code == 409
    assert "This name is taken." in answer.text
