"""The world of the tests: the shops Lampa and Kniga, always two tenants, their staff and their keys."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import pytest

from app.events.service import acting_as
from app.extensions import db
from app.identity import service as identity
from app.identity.rules import STAFF
from app.onboarding.service import create_merchant
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries as tenant_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App

PASSWORD = "a green lamp on the desk"
OTHER_PASSWORD = "seven books behind a door"


@dataclass(frozen=True)
class Staff:
    """One of a merchant's people."""

    id: int
    email: str
    role: str


@dataclass(frozen=True)
class Merchant:
    """A merchant as the tests know it; everything by value, so it outlives sessions."""

    id: int
    twin_id: int
    slug: str
    shop_id: int
    shop: str  # its outside id
    api_key: str
    test_api_key: str
    webhook_secret: str
    staff: dict[str, Staff] = field(default_factory=dict)

    def office(self, path: str = "") -> str:
        """Return an address in the back office."""
        return f"/{self.slug}/office/{path}"

    def cabinet(self, path: str = "") -> str:
        """Return an address in the cabinet."""
        return f"/{self.slug}/cabinet/{path}"

    @property
    def bearer(self) -> dict[str, str]:
        """Return the headers of a call with the live key."""
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def test_bearer(self) -> dict[str, str]:
        """Return the headers of a call with the test twin's key."""
        return {"Authorization": f"Bearer {self.test_api_key}"}

    @contextmanager
    def scope(self, actor: str = "system") -> Iterator[None]:
        """Work on the merchant's rows."""
        with tenant_scope(self.id), acting_as(actor):
            yield


@dataclass(frozen=True)
class World:
    """Lampa and Kniga, made anew for each test that asks, and an operator of the platform."""

    lampa: Merchant
    kniga: Merchant
    operator: Staff


def make_merchant(
    name: str, currency: str = "RUB", locale: str = "en", site: str | None = None
) -> Merchant:
    """Make a merchant with one of the staff in each role; the caller commits."""
    slug = f"{name.lower()}-{secrets.token_hex(4)}"
    with tenant_scope(PLATFORM):
        made = create_merchant(
            name=name,
            slug=slug,
            email=f"owner@{slug}.example",
            currency=currency,
            locale=locale,
            timezone="Europe/Moscow",
            site=site or f"{slug}.example",
            owner_name=f"Owner of {name}",
        )
        twin = tenant_queries.twin_of(made.tenant.id)
        assert twin is not None
        staff = {role.value: make_staff(made.tenant.id, slug, role.value) for role in STAFF}
    return Merchant(
        id=made.tenant.id,
        twin_id=twin.id,
        slug=slug,
        shop_id=made.shop.id,
        shop=made.shop.public_id,
        api_key=made.api_key,
        test_api_key=made.test_api_key,
        webhook_secret=made.webhook_secret,
        staff=staff,
    )


def make_staff(tenant_id: int, slug: str, role: str) -> Staff:
    """Make one of a merchant's staff with the tests' password; the owner is there already."""
    person = identity.ensure_person(f"{role}@{slug}.example", f"The {role}")
    if role != "owner":
        identity.join(person, tenant_id, role)
    person.password_hash = known_hash()
    return Staff(person.id, person.email, role)


@cache
def known_hash() -> str:
    """Return the hash of the tests' password; made once."""
    return identity.CHEAP.hash(PASSWORD)


def make_operator() -> Staff:
    """Make an operator of the platform with the tests' password; the caller commits."""
    with tenant_scope(PLATFORM):
        person = identity.make_operator(
            f"operator-{secrets.token_hex(4)}@partnerka.example", "Operator"
        )
        person.password_hash = known_hash()
    return Staff(person.id, person.email, "operator")


def sign_in(client: FlaskClient, who: Staff | str, password: str = PASSWORD) -> FlaskClient:
    """Sign somebody in on a client, as a browser does; returns the client."""
    email = who if isinstance(who, str) else who.email
    answer = client.post("/login", data={"email": email, "password": password})
    assert answer.status_code == 303, answer.text
    return client


@pytest.fixture
def lampa(app: App) -> Merchant:
    """Make Lampa, committed, with a random suffix so that nobody else has it."""
    return _committed(app, "Lampa")


@pytest.fixture
def kniga(app: App) -> Merchant:
    """Make Kniga, the other tenant."""
    return _committed(app, "Kniga")


@pytest.fixture
def world(app: App, lampa: Merchant, kniga: Merchant) -> World:
    """Make both merchants and an operator of the platform."""
    with app.app_context():
        operator = make_operator()
        db.session.commit()
    return World(lampa, kniga, operator)


def _committed(app: App, name: str) -> Merchant:
    with app.app_context():
        made = make_merchant(name)
        db.session.commit()
    return made
