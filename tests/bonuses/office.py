"""Lampa's office of bonuses, with two customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from app import clock, jobs
from app.bonuses import queries
from app.bonuses.queries import Balance
from app.extensions import db
from app.members.service import Contact, resolve
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

T = TypeVar("T")


class Office:
    """Lampa's office, with the customers Gleb (77) and Kira (78)."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.merchant, self.client = app, merchant, client
        self.gleb, self.kira = self.do(
            lambda: (self._member("77", "Gleb"), self._member("78", "Kira"))
        )
        sign_in(client, merchant.staff["owner"])

    def _member(self, external_id: str, name: str) -> int:
        contact = Contact(
            self.merchant.shop_id,
            external_id,
            f"{name.lower()}@example.org",
            None,
            name,
            None,
            clock.now(),
        )
        [found] = resolve([contact])
        assert found.member_id is not None
        return found.member_id

    def do(self, act: Callable[[], T]) -> T:
        """Do something in the merchant's scope, and keep it."""
        with self.app.app_context(), self.merchant.scope():
            found = act()
            db.session.commit()
            return found

    def get(self, path: str = "") -> TestResponse:
        return self.client.get(self.merchant.office(f"bonuses/{path}"))

    def post(self, path: str, **said: str) -> TestResponse:
        return self.client.post(self.merchant.office(f"bonuses/{path}"), data=said)

    def balance(self, member_id: int) -> Balance:
        return self.do(lambda: queries.balance(member_id))

    def enter(self, member_id: int, **said: str) -> TestResponse:
        body = {"act": "give", "amount": "200.00", "reason": "A present", "key": "", **said}
        return self.post(f"accounts/{member_id}", **body)

    def work(self) -> None:
        """Let the worker do what there is to do."""
        with self.app.app_context():
            jobs.sweep_runs()
