"""Lampa, in roubles, and its 1C-Bitrix portal, connected; the worker's part is played by hand."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app import clock, jobs
from app.extensions import db
from app.intake.shops import connections, inbox
from app.partners.service import NewPartner, create
from app.tenants.models import Connection
from tests.shops.fake_bitrix import TOKEN, FakePortal
from tests.shops.scene import Desk
from tests.world import make_merchant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.application import App
    from app.intake.shops import Access

KIND = "bitrix"
OURS = Connection.kind == KIND


class PortalDesk(Desk):
    """A merchant with Anna (code ANNA10) and Boris (BORIS5), and his portal."""

    shop: FakePortal  # type: ignore[assignment]

    def __init__(self, app: App) -> None:
        self.app = app
        self.shop = FakePortal(self.take)
        self.before = app.extensions["partnerka"]
        app.extensions["partnerka"] = replace(self.before, egress_allow=(self.shop.place,))
        with app.app_context():
            self.lampa = make_merchant("Lampa", currency="RUB")
            with self.lampa.scope():
                anna = create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
                boris = create(NewPartner(name="Boris", refcode="boris", codes=["BORIS5"]))
                self.partners = {"Anna": anna.id, "Boris": boris.id}
            db.session.commit()
        self.down = False

    def connect(
        self, *, sweep: bool = True, events: bool = True, first_token: str | None = TOKEN
    ) -> None:
        """Open the channel of events with the token, then connect by the incoming webhook."""
        if first_token:
            self.do(lambda: inbox.connect(self.lampa.shop_id, KIND, first_token))
        with self.app.app_context():
            keys = connections.read_keys(KIND, self.shop.webhook)
            said = connections.try_keys(KIND, keys)
        self.do(lambda: connections.with_keys(self.lampa.shop_id, KIND, keys, said))
        with self.app.app_context(), self.lampa.scope():
            self.id, self.public_id = db.session.execute(
                select(Connection.id, Connection.public_id).where(OURS)
            ).one()
        if events:
            self.shop.handler = f"https://partnerka.example/hooks/{KIND}/{self.public_id}"
        if sweep:
            self.sweep()

    def sweep(self) -> None:
        """Let the time of the next sweep come."""
        self.do(
            lambda: db.session.execute(update(Connection).where(OURS).values(due_at=clock.wall()))
        )
        with self.app.app_context():
            jobs.sweep_shops()
            jobs.drain_inbox()

    def health(self) -> dict[str, Any]:
        with self.app.app_context(), self.lampa.scope():
            return dict(db.session.scalars(select(Connection.health).where(OURS)).one())

    def ask(self, act: Callable[[Access], Any]) -> Any:
        """Call the portal as a worker does, outside any transaction."""
        shop = self.do(lambda: connections.open_shop(self.id))
        with self.app.app_context():
            return act(shop.access)


@contextmanager
def at_portal(app: App) -> Iterator[PortalDesk]:
    desk = PortalDesk(app)
    try:
        yield desk
    finally:
        desk.close()
