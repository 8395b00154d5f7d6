"""Lampa, in dollars, and its PrestaShop, connected with its states confirmed; the worker's part is by hand."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app import clock, jobs
from app.extensions import db
from app.intake.shops import connections
from app.partners.service import NewPartner, create
from app.tenants.models import Connection
from tests.shops.fake_prestashop import KEY, FakePrestaShop
from tests.shops.scene import Desk
from tests.world import make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from app.intake.shops import Access

KIND = "prestashop"
OURS = Connection.kind == KIND


class PrestaDesk(Desk):
    """A merchant with Anna (code ANNA10) and Boris (BORIS5), and his shop of one flavour."""

    shop: FakePrestaShop  # type: ignore[assignment]

    def __init__(self, app: App, flavour: str) -> None:
        self.app = app
        self.shop = FakePrestaShop(flavour)
        self.before = app.extensions["partnerka"]
        app.extensions["partnerka"] = replace(self.before, egress_allow=(self.shop.place,))
        with app.app_context():
            self.lampa = make_merchant("Lampa", currency="USD")
            with self.lampa.scope():
                anna = create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
                boris = create(NewPartner(name="Boris", refcode="boris", codes=["BORIS5"]))
                self.partners = {"Anna": anna.id, "Boris": boris.id}
            db.session.commit()
        self.rules = {code: self.shop.add_rule(code) for code in ("ANNA10", "BORIS5")}
        self.lamp = self.shop.add_product("Lamp", "100.00")

    def connect(self, *, sweep: bool = True, confirm: bool = True) -> None:
        with self.app.app_context():
            keys = connections.read_keys(KIND, f"{self.shop.url}/api/", KEY)
            said = connections.try_keys(KIND, keys)
        self.do(lambda: connections.with_keys(self.lampa.shop_id, KIND, keys, said))
        with self.app.app_context(), self.lampa.scope():
            self.id, self.public_id = db.session.execute(
                select(Connection.id, Connection.public_id).where(OURS)
            ).one()
        if confirm:
            words = {each["word"]: each["state"] for each in said["statuses"]}
            self.do(lambda: connections.explain(connections.find(self.public_id), words))
        self.shop.wait()
        if sweep:
            self.sweep()

    def sell(self, code: str | None = None, *, state: int = 2, price: str = "100.000000") -> int:
        """Let somebody buy a lamp, with a code that takes ten percent off."""
        number = self.shop.place_order((self.lamp, price, 1), state=state)
        if code:
            self.shop.give_voucher(number, self.rules[code], f"{float(price) / 10:.6f}")
        return number

    def sweep(self) -> None:
        """Let the time of the next sweep come."""
        self.do(
            lambda: db.session.execute(update(Connection).where(OURS).values(due_at=clock.wall()))
        )
        with self.app.app_context():
            jobs.sweep_shops()
            jobs.drain_inbox()

    def settle(self, most: int = 12) -> None:
        """Let the shop be asked, and everything be said that is to be said."""
        self.sweep()
        for _round in range(most):
            with self.app.app_context():
                jobs.drain_inbox()
                jobs.drain()
                jobs.run_errands()
                jobs.drain_inbox()
            if not self.busy():
                return
        raise AssertionError("they talk for ever")

    def since(self, moment: str) -> None:
        """Let the next sweep begin at a moment of the shop's."""
        names = ("orders", "order_slip", "order_histories")
        whole: dict[str, Any] = {
            name: {"stream": name, "since": moment, "page": 1} for name in names
        }
        self.do(
            lambda: db.session.execute(
                update(Connection).where(OURS).values(cursor={**whole, "open": 0})
            )
        )

    def health(self) -> dict[str, Any]:
        with self.app.app_context(), self.lampa.scope():
            return dict(db.session.scalars(select(Connection.health).where(OURS)).one())

    def access(self) -> Access:
        """Return what a call to the shop needs."""
        found = self.do(lambda: connections.open_shop(self.id))
        access: Access = found.access
        return access


@contextmanager
def at_shop(app: App, flavour: str) -> Iterator[PrestaDesk]:
    desk = PrestaDesk(app, flavour)
    try:
        yield desk
    finally:
        desk.close()
