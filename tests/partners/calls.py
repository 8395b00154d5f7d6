"""A merchant that stays, and calls with its key."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from app.extensions import db
from app.identity import service as identity
from app.onboarding.service import create_merchant
from app.tenancy import PLATFORM, public_id, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App

PASSWORD = "a lamp for every reader"


class Shop:
    """Lampa or Kniga, committed: its slug, key and ids."""

    def __init__(self, app: App, name: str) -> None:
        """Open the account."""
        self.app, self.name = app, name
        self.slug = f"{name.lower()}-{public_id('t')[2:12]}"
        self.domain = f"{self.slug}.example"
        self.owner = f"owner@{self.domain}"
        with app.app_context():
            made = create_merchant(
                name, self.slug, self.owner, "RUB", "en", "Europe/Moscow", self.domain
            )
            with tenant_scope(PLATFORM):
                identity.change_password(made.owner, PASSWORD)
            self.id, self.shop_id, self.key = made.tenant.id, made.shop.id, made.api_key
            db.session.commit()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Look into the shop's rows; what services do here is committed."""
        with self.app.app_context(), tenant_scope(self.id):
            yield
            db.session.commit()

    def call(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Call the API with the shop's key."""
        header = {"Authorization": f"Bearer {self.key}"}
        client = self.app.test_client()
        return client.open(f"/api/v1{path}", method=method, json=body, headers=header)

    def signed_in(self, email: str | None = None) -> FlaskClient:
        """Return a browser in which the owner, or somebody with the same password, has signed in."""
        client = self.app.test_client()
        answer = client.post("/login", data={"email": email or self.owner, "password": PASSWORD})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return client

    def staff(self, role: str) -> FlaskClient:
        """Return a browser in which somebody of this role has signed in."""
        email = f"{role}@{self.domain}"
        with self.scope():
            person = identity.ensure_person(email, role.capitalize())
            identity.join(person, self.id, role)
            with tenant_scope(PLATFORM):
                identity.change_password(person, PASSWORD)
        return self.signed_in(email)
