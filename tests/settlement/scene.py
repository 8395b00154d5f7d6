"""Lampa settles through the platform, with Anna and Boris who have earned; each of the people signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.identity import service as identity
from app.partners.models import Partner
from app.payouts.models import Payout
from app.settlement import service
from app.tenants import service as tenants
from tests.payouts.setting import earn, known_partner
from tests.settlement.setting import give_details, top_up
from tests.world import PASSWORD, World, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.application import App


class Scene:
    """The merchant's desk, the operator's and Anna's cabinet."""

    def __init__(self, app: App, world: World) -> None:
        self.app, self.world, self.lampa = app, world, world.lampa
        self.email = f"anna@{self.lampa.slug}.example"
        self.do(self._furnish)

    def _furnish(self) -> None:
        tenants.change_settings({"settlement": "platform"})
        service.open_balance()
        self.anna, self.refcode = known_partner("Anna")
        self.boris, _code = known_partner("Boris")
        person = identity.ensure_person(self.email, "Anna Petrova")
        identity.change_password(person, PASSWORD)
        identity.join(person, self.lampa.id, "partner", self.anna)
        card = db.session.scalars(select(Partner).where(Partner.id == self.anna)).one()
        card.email, card.person_id = self.email, person.id
        for partner, amount in ((self.anna, 100_000), (self.boris, 40_000)):
            give_details(partner)
            earn(partner, amount)

    def do(self, act: Callable[[], Any]) -> Any:
        """Let something happen in Lampa's scope, committed."""
        with self.app.app_context():
            return jobs.in_transaction(act, self.lampa.id)

    def top_up(self, amount: int) -> None:
        """Let money come in, and the worker look after it."""
        self.do(lambda: top_up(amount))
        self.do(service.settle)

    def state(self, partner_id: int) -> str | None:
        """Return how the partner's newest payout stands."""
        query = select(Payout.state).where(Payout.partner_id == partner_id)
        found: str | None = self.do(
            lambda: db.session.scalar(query.order_by(Payout.id.desc()).limit(1))
        )
        return found

    def number(self, partner_id: int) -> str:
        """Return the outside id of the partner's newest payout."""
        query = select(Payout.public_id).where(Payout.partner_id == partner_id)
        return str(self.do(lambda: db.session.scalar(query.order_by(Payout.id.desc()).limit(1))))

    def staff(self, role: str) -> FlaskClient:
        """One of Lampa's staff at a browser of his own."""
        return sign_in(self.app.test_client(), self.lampa.staff[role])

    def operator(self) -> FlaskClient:
        """The operator at a browser of his own."""
        return sign_in(self.app.test_client(), self.world.operator)

    def partner(self) -> FlaskClient:
        """Anna at a browser of her own."""
        return sign_in(self.app.test_client(), self.email)

    def block(self, partner_id: int) -> None:
        """Let a partner be blocked."""

        def act() -> None:
            card = db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()
            card.status = "blocked"

        self.do(act)
