from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Blueprint, Flask
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from sqlalchemy import func, select, update

from app import clock
from app.extensions import db
from app.facts.models import Fact
from app.identity import queries as people
from app.identity import service as identity
from app.partners import service as partners
from app.site import limits, registry
from app.site.access import KNOWN, Undeclared, permission_of
from app.tenancy import tenant_or_none, tenant_scope
from app.tenants.models import Tenant
from tests.world import PASSWORD, Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

NOBODY = "redis://127.0.0.1:1/0"


def doors(app: App) -> dict[str, str]:
    return {e: e.partition(".")[0] for e in app.view_functions if e.partition(".")[0] in KNOWN}


def test_every_view_behind_a_door_says_who_may_call_it(app: App) -> None:
    found = doors(app)
    assert found
    with app.app_context():
        for endpoint, door in found.items():
            assert permission_of(endpoint) in KNOWN[door], endpoint


def test_a_view_that_does_not_say_keeps_the_application_from_starting(app: App) -> None:
    silent = Flask("silent")
    silent.view_functions["office.silent.index"] = lambda: "anybody"
    with pytest.raises(Undeclared):
        registry.check(silent)


def test_only_the_views_of_doors_and_a_few_named_ones_exist(app: App) -> None:
    free = {e.partition(".")[0] for e in app.view_functions} - set(KNOWN)
    assert free <= {"openapi", "web", "dev", "mailbox", "health", "watch"}


def test_no_scope_outlives_its_request(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    client.get(lampa.office("team/"))
    client.get(lampa.office("team/404"))
    assert tenant_or_none() is None


def test_a_suspended_merchant_is_not_there(app: App, client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    with app.app_context():
        db.session.execute(
            update(Tenant).where(Tenant.id == lampa.id).values(suspended_at=clock.wall())
        )
        db.session.commit()
    assert client.get(lampa.office("team/")).status_code == 404
    assert client.get("/api/v1/merchant", headers=lampa.bearer).status_code == 401


def test_staff_do_not_get_into_the_cabinet_nor_partners_into_the_office(
    app: App, client: FlaskClient, world: World
) -> None:
    sign_in(client, world.lampa.staff["owner"])
    cabinet = [e for e, door in doors(app).items() if door == "cabinet"]
    assert cabinet
    assert client.get(world.lampa.cabinet("payouts/")).status_code == 404


def test_each_role_starts_on_the_first_page_it_may_open(app: App, lampa: Merchant) -> None:
    for role in lampa.staff:
        client = sign_in(app.test_client(), lampa.staff[role])
        answer = client.get(lampa.office(), follow_redirects=True)
        assert answer.status_code == 200, role


def test_a_partner_gets_into_the_cabinet_and_no_further(
    app: App, client: FlaskClient, world: World
) -> None:
    with app.app_context(), world.lampa.scope():
        partner = partners.create(
            partners.NewPartner(name="Anna", email=f"anna@{world.lampa.slug}.example")
        )
        assert partner.email is not None
        person = identity.ensure_person(partner.email, "Anna")
        if not people.memberships(person.id):
            identity.join(person, world.lampa.id, "partner", partner.id)
        identity.change_password(person, PASSWORD)
        email = person.email
        db.session.commit()
    sign_in(client, email)
    assert client.get(world.lampa.cabinet("payouts/")).status_code == 200
    assert client.get(world.lampa.cabinet(), follow_redirects=True).status_code == 200
    for address in (world.lampa.office("team/"), world.kniga.cabinet("payouts/"), "/platform/"):
        assert client.get(address).status_code == 404, address


def test_the_platform_is_no_merchant(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    assert client.get("/platform/office/team/").status_code == 404
    assert client.get("/%00/office/team/").status_code == 400


def test_a_moved_clock_of_the_test_twin_is_the_time_of_its_pages(app: App, lampa: Merchant) -> None:
    with app.app_context():
        offset = timedelta(days=30)
        db.session.execute(
            update(Tenant).where(Tenant.id == lampa.twin_id).values(clock_offset=offset)
        )
        db.session.commit()
    body = {"hold_days": 1}
    assert (
        app.test_client()
        .patch("/api/v1/merchant", json=body, headers=lampa.test_bearer)
        .status_code
        == 200
    )
    with app.app_context(), tenant_scope(lampa.twin_id):
        query = select(func.max(Fact.valid_from)).where(Fact.name == "hold_days")
        changed = db.session.scalar(query)
    assert changed is not None
    assert changed > clock.wall() + timedelta(days=29)


def test_signing_in_is_closed_while_redis_is_down(
    app: App, client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    monkeypatch.setitem(
        app.extensions, "attempts", MovingWindowRateLimiter(storage_from_string(NOBODY))
    )
    data = {"email": lampa.staff["owner"].email, "password": PASSWORD}
    answer = client.post("/login", data=data)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert client.get("/login").status_code == 200


def test_the_api_stays_open_while_redis_is_down(
    lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.site.limits.queue.redis", Redis.from_url(NOBODY))
    monkeypatch.setattr("app.site.limits.time.time", lambda: 1_900_000_000.0)
    counter = limits.Calls()
    assert not counter.too_many(lampa.id)


def test_an_unknown_email_takes_as_long_as_a_wrong_password(
    app: App, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    costly = replace(app.extensions["partnerka"], cheap_hashes=False)
    monkeypatch.setitem(app.extensions, "partnerka", costly)
    with app.app_context(), lampa.scope():
        person = people.by_email(lampa.staff["owner"].email)
        assert person is not None
        identity.change_password(person, PASSWORD)
        both = [(took(person.email), took("nobody@nowhere.example")) for _ in range(7)]
        db.session.rollback()
    known, unknown = (min(each) for each in zip(*both, strict=True))
    assert 0.5 < known / unknown < 2


def took(email: str) -> float:
    """Return what a wrong password costs the processor: however busy the machine is, it is the same."""
    begun = time.thread_time()
    assert identity.authenticate(email, "wrong") is None
    return time.thread_time() - begun


def test_a_cheap_hash_is_made_anew_at_the_next_sign_in(
    app: App, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    costly = replace(app.extensions["partnerka"], cheap_hashes=False)
    monkeypatch.setitem(app.extensions, "partnerka", costly)
    with app.app_context():
        person = identity.authenticate(lampa.staff["owner"].email, PASSWORD)
        assert person is not None
        assert "m=19456,t=2,p=1" in (person.password_hash or "")
        db.session.rollback()


def test_health_is_told_without_a_key(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_slice_hands_the_door_its_routes() -> None:
    for door in registry.SLICES:
        assert all(isinstance(found, Blueprint) for found in registry.blueprints(door))
