"""The merchant's rules of groups, and what a partner sees of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.extensions import db
from app.grades import queries
from app.identity import queries as people
from app.identity import service as identity
from app.partners import queries as partners
from app.partners import service as partner_service
from app.programs import queries as programs
from app.programs import service as program_service
from app.tenancy import PLATFORM, tenant_scope
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    shop = Shop(app, "Lampa")
    for name in ("Silver", "Gold"):
        assert shop.call("POST", "/groups", {"name": name, "levels": ["12%"]}).status_code == 201
    email = f"anna@{shop.domain}"
    shop.call("POST", "/partners", {"name": "Anna", "refcode": "anna", "email": email})
    return shop


def path(shop: Shop, rest: str = "") -> str:
    return f"/{shop.slug}/office/group-rules/{rest}"


def rung(shop: Shop, name: str) -> str:
    with shop.scope():
        found = programs.find_group(name)
        assert found is not None
        return path(shop, f"group/{found.public_id}")


def test_groups_become_rungs_and_leave_again(lampa: Shop) -> None:
    browser = lampa.signed_in()
    assert "no conditions" in browser.get(path(lampa)).text
    form = {"place": "1", "window": "month", "turnover": "100,000.00", "orders": "5"}
    assert browser.post(rung(lampa, "Silver"), data=form).status_code == 303
    page = browser.get(path(lampa)).text
    assert "100,000.00" in page
    assert "5 completed orders in a calendar month" in page
    again = browser.get(rung(lampa, "Silver")).text
    assert ('value="100,000.00"' in again, "Take off the ladder" in again) == (True, True)
    assert browser.post(rung(lampa, "Silver") + "/off").status_code == 303
    with lampa.scope():
        assert queries.ladder().rungs == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("orders", "", "Say at least one condition."),
        ("orders", "-1", "Number must be between"),
        ("turnover", "much", "Type a sum"),
        ("place", "", "Fill this in."),
        ("place", "1", "Another group has this place."),
        ("window", "century", "Not a valid choice"),
    ],
)
def test_what_cannot_stand_is_named_at_its_field(
    lampa: Shop, field: str, value: str, words: str
) -> None:
    browser = lampa.signed_in()
    first = {"place": "1", "window": "days", "days": "30", "orders": "5"}
    assert browser.post(rung(lampa, "Silver"), data=first).status_code == 303
    answer = browser.post(rung(lampa, "Gold"), data=first | {"place": "2"} | {field: value})
    assert (answer.status_code, words in answer.text) == (422, True), answer.text


def signed_in_as_anna(lampa: Shop) -> FlaskClient:
    email = f"anna@{lampa.domain}"
    with lampa.app.app_context(), tenant_scope(PLATFORM):
        person = people.by_email(email)
        assert person is not None
        identity.change_password(person, PASSWORD)
        db.session.commit()
    return lampa.signed_in(email)


def test_the_plan_is_set_and_the_cabinet_shows_the_way(lampa: Shop) -> None:
    browser = lampa.signed_in()
    form = {"place": "1", "window": "days", "days": "30", "orders": "5"}
    browser.post(rung(lampa, "Silver"), data=form)
    plan = {"on": "y", "at_once": "yes", "review": "monthly", "warning": "10"}
    assert browser.post(path(lampa), data=plan | {"warning": "0"}).status_code == 422
    assert browser.post(path(lampa), data=plan).status_code == 303
    with lampa.scope():
        found = queries.ladder().plan
        assert (found.on, found.review.value, found.warning) == (True, "monthly", 10)
    home = signed_in_as_anna(lampa).get(f"/{lampa.slug}/cabinet/").text
    assert "You are in no group yet." in home
    assert "Silver</bdi>, pays by level: 12%. To rise into it you need," in home
    assert "Completed orders: 0 of 5" in home
    assert "You rise as soon as all of it is reached." in home
    assert "Nobody would move" in browser.get(path(lampa, "preview")).text


def test_the_cabinet_says_what_the_group_gives_and_what_it_takes_to_stay(lampa: Shop) -> None:
    browser = lampa.signed_in()
    silver = {"place": "1", "window": "days", "days": "30", "orders": "2"}
    gold = {"place": "2", "window": "month", "turnover": "9000.00"}
    browser.post(rung(lampa, "Silver"), data=silver)
    browser.post(rung(lampa, "Gold"), data=gold)
    plan = {"on": "y", "at_once": "no", "review": "monthly", "warning": "10"}
    assert browser.post(path(lampa), data=plan).status_code == 303
    with lampa.scope():
        program_service.change_terms(programs.base_terms(), levels=["10%", "4%"])
        silver_, gold_ = programs.find_group("Silver"), programs.find_group("Gold")
        anna = partners.by_refcode("anna")
        assert anna is not None
        assert silver_ is not None
        assert gold_ is not None
        program_service.change_group(silver_, levels=["15%"])
        program_service.change_group(gold_, levels=["20%", "50.00"])
        partner_service.change(anna, group_id=silver_.id)
    home = signed_in_as_anna(lampa).get(f"/{lampa.slug}/cabinet/").text
    for words in (
        "It pays by level, the first being your own sales: 15% · 4%.",
        "To stay in it you need, in the last 30 days:",
        "Completed orders: 0 of 2",
        "Gold</bdi>, pays by level: 20% · ₽50.00.",
        "Who rises is decided on the first day of each month.",
        "Before anybody leaves a group we write, at least 10 days ahead.",
    ):
        assert words in home, words
    assert "own card stand above" not in home
    with lampa.scope():
        anna = partners.by_refcode("anna")
        assert anna is not None
        partner_service.change(anna, levels=["30%"])
    home = signed_in_as_anna(lampa).get(f"/{lampa.slug}/cabinet/").text
    assert "The rates of your own card stand above those of any group." in home


def test_a_partner_is_pinned_on_the_card(lampa: Shop) -> None:
    browser = lampa.signed_in()
    card = f"/{lampa.slug}/office/partners/card/anna/terms"
    assert "Keep in this group" in browser.get(card).text
    assert browser.post(path(lampa, "partner/anna"), data={"pinned": "on"}).status_code == 303
    assert "Let results move this partner" in browser.get(card).text
    with lampa.scope():
        anna = partners.by_refcode("anna")
        assert anna is not None
        assert queries.is_pinned(anna.id)


def test_support_looks_and_changes_nothing(lampa: Shop) -> None:
    browser = lampa.staff("support")
    for rest in ("", "preview"):
        assert browser.get(path(lampa, rest)).status_code == 200
    assert browser.post(path(lampa)).status_code == 403
    assert browser.post(rung(lampa, "Gold")).status_code == 403
    assert browser.post(path(lampa, "partner/anna")).status_code == 403


def test_another_merchants_groups_are_not_there(app: App, lampa: Shop) -> None:
    kniga = Shop(app, "Kniga")
    theirs = rung(lampa, "Gold").rpartition("/")[2]
    browser = kniga.signed_in()
    assert browser.get(path(kniga, f"group/{theirs}")).status_code == 404
    assert browser.post(path(kniga, f"group/{theirs}/off")).status_code == 404
    assert browser.post(path(kniga, "partner/anna")).status_code == 404
