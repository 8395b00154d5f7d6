"""Withdrawals in the cabinet and in the office."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.bonuses import service as wallet
from app.events.models import Event
from app.extensions import db
from app.identity import service as identity
from app.partners.models import Partner
from app.tenants import service as tenants
from tests.bonuses.setting import credit, customer
from tests.payouts.setting import partner
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World


def person(lampa: Merchant, name: str) -> str:
    """Make a partner with 1000.00 in bonuses who can sign in; return the e-mail."""
    email = f"{name.lower()}@{lampa.slug}.example"
    found = db.session.scalars(select(Partner).where(Partner.id == partner(name))).one()
    found.member_id = customer(lampa.shop_id)
    credit(found.member_id, 100_000)
    someone = identity.ensure_person(email, name)
    identity.change_password(someone, PASSWORD)
    identity.join(someone, lampa.id, "partner", found.id)
    return email


@pytest.fixture
def anna(app: App, lampa: Merchant) -> str:
    with app.app_context():
        with lampa.scope():
            tenants.change_settings({"loyalty": True})
            wallet.change_program({"withdrawable": True, "withdraw_minimum": 10_000})
            email = person(lampa, "Anna")
        db.session.commit()
    return email


def ask(client: FlaskClient, lampa: Merchant, amount: str) -> int:
    address = lampa.cabinet("bonuses/withdrawals/")
    found = re.search(r'name="key"[^>]*value="([^"]+)"', client.get(address).text)
    form = {"amount": amount, "method": "bank", "key": found[1] if found else "wd_1"}
    return client.post(address, data=form).status_code


def number(client: FlaskClient, lampa: Merchant) -> str:
    found = re.search(
        r"office/withdrawals/(wd_\w+)/", client.get(lampa.office("withdrawals/")).text
    )
    assert found is not None
    return found[1]


def test_a_partner_asks_sees_it_and_takes_it_back(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    sign_in(client, anna)
    address = lampa.cabinet("bonuses/withdrawals/")
    assert "1,000.00" in client.get(address).text
    for wrong in ("", "x", "0", "99.99", "1000.01"):
        assert ask(client, lampa, wrong) == 422, wrong
    assert ask(client, lampa, "400") == 303
    waiting = client.get(address).text
    assert "Waiting for a decision" in waiting
    assert "600.00" in waiting
    assert ask(client, lampa, "100") == 409
    found = re.search(r"withdrawals/(wd_\w+)/cancel", waiting)
    assert found is not None
    assert client.post(f"{address}{found[1]}/cancel").status_code == 303
    assert client.post(f"{address}{found[1]}/cancel").status_code == 409
    after = client.get(address).text
    assert "1,000.00" in after
    assert "Cancelled" in after
    with app.app_context(), lampa.scope():
        told = db.session.scalars(select(Event.type).where(Event.type.like("withdrawal.%")))
        assert sorted(told) == ["withdrawal.cancelled", "withdrawal.requested"]


def test_the_office_approves_and_rejects_with_a_reason(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    sign_in(client, anna)
    assert ask(client, lampa, "400") == 303
    staff = app.test_client()
    sign_in(staff, lampa.staff["owner"])
    card = lampa.office(f"withdrawals/{number(staff, lampa)}/")
    assert "Approve" in staff.get(card).text
    assert staff.post(f"{card}reject", data={"reason": ""}).status_code == 422
    assert staff.post(f"{card}reject", data={"reason": "Not this month"}).status_code == 303
    assert staff.post(f"{card}approve").status_code == 409
    assert "Not this month" in client.get(lampa.cabinet("bonuses/withdrawals/")).text
    assert ask(client, lampa, "500") == 303
    waiting = lampa.office("withdrawals/?state=requested")
    found = re.search(r"office/withdrawals/(wd_\w+)/", staff.get(waiting).text)
    assert found is not None
    card = lampa.office(f"withdrawals/{found[1]}/")
    assert staff.post(f"{card}approve").status_code == 303
    shown = staff.get(card).text
    assert "Open the payout" in shown
    assert "500.00" in staff.get(lampa.office("payouts/?state=approved")).text


def test_many_are_decided_at_once_with_a_word_on_those_that_cannot_be(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    with app.app_context():
        with lampa.scope():
            boris = person(lampa, "Boris")
        db.session.commit()
    for email in (anna, boris):
        one = app.test_client()
        sign_in(one, email)
        assert ask(one, lampa, "300") == 303
    staff = app.test_client()
    sign_in(staff, lampa.staff["owner"])
    listed = staff.get(lampa.office("withdrawals/")).text
    names = sorted(set(re.findall(r"office/withdrawals/(wd_\w+)/", listed)))
    assert len(names) == 2
    address = lampa.office("withdrawals/many/")
    for act, form in (("approve", {}), ("reject", {"withdrawal": names})):
        staff.post(address + act, data=form)
    undecided = staff.get(lampa.office("withdrawals/?state=requested")).text
    assert all(name in undecided for name in names), "nothing ticked, or no reason given"
    assert staff.post(f"{address}approve", data={"withdrawal": names[:1]}).status_code == 303
    staff.post(f"{address}reject", data={"withdrawal": names, "reason": "No more"})
    approved = staff.get(lampa.office("withdrawals/?state=approved")).text
    rejected = staff.get(lampa.office("withdrawals/?state=rejected")).text
    assert names[0] in approved
    assert names[1] in rejected
    assert names[0] not in rejected


def test_nobody_sees_or_decides_another_merchants(
    app: App, client: FlaskClient, lampa: Merchant, world: World, anna: str
) -> None:
    sign_in(client, anna)
    ask(client, lampa, "400")
    staff = app.test_client()
    sign_in(staff, lampa.staff["owner"])
    name = number(staff, lampa)
    other = app.test_client()
    sign_in(other, world.kniga.staff["owner"])
    for path in (f"withdrawals/{name}/", "withdrawals/wd_none/"):
        assert other.get(world.kniga.office(path)).status_code == 404
    assert other.post(world.kniga.office(f"withdrawals/{name}/approve")).status_code == 404
    support = app.test_client()
    sign_in(support, lampa.staff["support"])
    assert support.post(lampa.office(f"withdrawals/{name}/approve")).status_code == 403
