"""Turning money and bonuses: in the cabinet, and by programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.bonuses import service as wallet
from app.conversions import service
from app.extensions import db
from app.identity import service as identity
from app.partners import queries as partners
from app.partners.models import Partner
from app.tenants import service as tenants
from tests.bonuses.setting import credit, customer
from tests.payouts.setting import earn, partner
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> str:
    """A signed-in partner with money and bonuses; return the refcode."""
    email = f"anna@{lampa.slug}.example"
    with app.app_context():
        with lampa.scope():
            tenants.change_settings({"loyalty": True})
            wallet.change_program({"partner_premium": "10"})
            found = db.session.scalars(select(Partner).where(Partner.id == partner("Anna"))).one()
            found.member_id = customer(lampa.shop_id)
            credit(found.member_id, 5_000)
            person = identity.ensure_person(email, "Anna Petrova")
            identity.change_password(person, PASSWORD)
            identity.join(person, lampa.id, "partner", found.id)
            earn(found.id, 100_000)
            refcode = found.refcode
        db.session.commit()
    sign_in(client, email)
    return refcode


def test_the_cabinet_turns_money_into_bonuses_once(
    client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    address = lampa.cabinet("bonuses/turn/")
    shown = client.get(address).text
    assert "1,000.00" in shown
    assert "You get 10% more in bonuses." in shown
    assert "Bonuses cannot be turned back into money." in shown
    assert 'value="1000' not in shown, "nobody turns all of it by a slip of the finger"
    found = re.search(r'name="to_bonuses-key"[^>]*value="([^"]+)"', shown)
    assert found is not None
    form = {"to_bonuses-amount": "200", "to_bonuses-key": found[1]}
    for _press in range(2):
        assert client.post(f"{address}to_bonuses", data=form).status_code == 303
    after = client.get(address).text
    assert "800.00" in after
    assert "270.00" in after, "50.00 and 200.00 with 10 % more"


@pytest.mark.parametrize("amount", ["", "0", "-1", "x", "1000.01", "1e3"])
def test_a_wrong_amount_is_told_and_kept(
    client: FlaskClient, lampa: Merchant, anna: str, amount: str
) -> None:
    form = {"to_bonuses-amount": amount, "to_bonuses-key": "cv_1"}
    answer = client.post(lampa.cabinet("bonuses/turn/to_bonuses"), data=form)
    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.text


def test_without_bonuses_nothing_can_be_turned(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    with app.app_context(), lampa.scope():
        tenants.change_settings({"loyalty": False})
        db.session.commit()
    assert "The shop does not offer this" in client.get(lampa.cabinet("bonuses/turn/")).text
    form = {"to_bonuses-amount": "1", "to_bonuses-key": "cv_1"}
    answer = client.post(lampa.cabinet("bonuses/turn/to_bonuses"), data=form)
    assert answer.status_code == 404


def test_programs_turn_bonuses_into_money(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    with app.app_context(), lampa.scope():
        wallet.change_program({"partner_premium": "0", "withdrawable": True})
        db.session.commit()
    address = f"/api/v1/partners/{anna}/conversions"
    body = {"amount": "20.00", "way": "to_money"}
    answer = client.post(address, json=body, headers=lampa.bearer)
    assert answer.status_code == 201
    told = answer.get_json()
    assert (told["money_available"], told["bonuses_available"]) == ("1020.00", "30.00")
    for wrong in ({"amount": "30.01", "way": "to_money"}, {"amount": "1e1"}, {"amount": "-1.00"}):
        assert client.post(address, json=wrong, headers=lampa.bearer).status_code == 422
    assert (
        client.post("/api/v1/partners/no/conversions", json=body, headers=lampa.bearer).status_code
        == 404
    )


def test_what_was_turned_is_a_list_page_by_page_with_its_day(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    with app.app_context(), lampa.scope():
        wallet.change_program({"partner_premium": "0", "withdrawable": True, "expires_days": 90})
        found = partners.by_refcode(anna)
        assert found is not None
        for n in range(30):
            service.convert(found, 100 + n, f"turn {n}")
        db.session.commit()
    first = client.get(lampa.cabinet("bonuses/turn/"), query_string={"sort": "-money"}).text
    assert "1.29" in first
    assert "1.00" not in first
    following = re.search(r'href="([^"]*cursor=[^"]*)"', first)
    assert following is not None, "the list says that there is more"
    assert "1.00" in client.get(following[1].replace("&amp;", "&")).text
