from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.events.models import Event
from app.extensions import db
from app.identity import queries
from tests.world import Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


def test_the_owner_invites_an_accountant_who_is_promised_a_letter(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    sign_in(client, lampa.staff["owner"])
    data = {"name": "Nina", "email": f"Nina@{lampa.slug}.example", "role": "accountant"}
    assert client.post(lampa.office("team/"), data=data).status_code == 303
    assert "Nina" in client.get(lampa.office("team/")).text
    with app.app_context(), lampa.scope():
        person = queries.by_email(f"nina@{lampa.slug}.example")
        assert person is not None
        assert person.password_hash is None
        found = db.session.scalars(
            select(Event).where(Event.subject == f"person:{person.id}")
        ).one()
        assert (found.type, found.facts["role"]) == ("staff.invited", "accountant")


def test_nobody_is_invited_twice_or_without_an_address(
    client: FlaskClient, lampa: Merchant
) -> None:
    sign_in(client, lampa.staff["owner"])
    for email in (lampa.staff["manager"].email, "no address", ""):
        data = {"name": "Again", "email": email, "role": "support"}
        assert client.post(lampa.office("team/"), data=data).status_code == 422


def test_a_role_that_does_not_exist_is_refused(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    for role in ("partner", "operator", "god"):
        data = {"name": "Eve", "email": f"eve@{lampa.slug}.example", "role": role}
        assert client.post(lampa.office("team/"), data=data).status_code == 422


def test_only_an_owner_sees_the_team(app: App, lampa: Merchant) -> None:
    for role in ("manager", "accountant", "support", "developer"):
        client = sign_in(app.test_client(), lampa.staff[role])
        assert client.get(lampa.office("team/")).status_code == 403, role


def test_a_merchants_staff_are_strangers_at_another(client: FlaskClient, world: World) -> None:
    sign_in(client, world.lampa.staff["owner"])
    assert client.get(world.kniga.office("team/")).status_code == 404
    assert client.get("/no-such-merchant/office/team/").status_code == 404


def test_another_merchants_people_cannot_be_changed(client: FlaskClient, world: World) -> None:
    sign_in(client, world.lampa.staff["owner"])
    theirs = world.kniga.staff["manager"].id
    assert (
        client.post(world.lampa.office(f"team/{theirs}/role"), data={"role": "support"}).status_code
        == 404
    )
    assert client.post(world.lampa.office(f"team/{theirs}/remove")).status_code == 404


def test_the_test_twin_has_the_staff_of_its_merchant(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    answer = client.get(f"/{lampa.slug}-test/office/team/")
    assert answer.status_code == 200
    assert lampa.staff["manager"].email in answer.text


def test_a_new_role_holds_from_the_next_request(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    manager = sign_in(app.test_client(), lampa.staff["manager"])
    sign_in(client, lampa.staff["owner"])
    assert manager.get(lampa.office("team/")).status_code == 403
    address = lampa.office(f"team/{lampa.staff['manager'].id}/role")
    assert client.post(address, data={"role": "owner"}).status_code == 303
    assert manager.get(lampa.office("team/")).status_code == 200


def test_somebody_removed_is_a_stranger_at_once(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    owner = lampa.staff["owner"]
    manager = sign_in(app.test_client(), lampa.staff["manager"])
    sign_in(client, owner)
    client.post(lampa.office(f"team/{lampa.staff['manager'].id}/remove"))
    assert manager.get(lampa.office("team/")).status_code == 404
    assert manager.get("/account").status_code == 200


def test_the_last_owner_stays_an_owner(client: FlaskClient, lampa: Merchant) -> None:
    owner = sign_in(client, lampa.staff["owner"])
    mine = lampa.staff["owner"].id
    assert (
        owner.post(lampa.office(f"team/{mine}/role"), data={"role": "support"}).status_code == 409
    )
    assert owner.post(lampa.office(f"team/{mine}/remove")).status_code == 409
    other = lampa.staff["manager"].id
    assert owner.post(lampa.office(f"team/{other}/role"), data={"role": "owner"}).status_code == 303
    assert owner.post(lampa.office(f"team/{mine}/remove")).status_code == 303
    assert owner.get(lampa.office("team/")).status_code == 404


def test_a_stranger_is_asked_to_sign_in_and_comes_back(
    client: FlaskClient, lampa: Merchant
) -> None:
    answer = client.get(lampa.office("team/"))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")
    assert answer.headers["Location"].endswith("/office/team/")
