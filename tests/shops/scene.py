"""Lampa and its WooCommerce shop, connected; the worker's part is played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import select, text, update

from app import clock, jobs
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.intake.models import Inbox, ShopErrand
from app.intake.shops import connections
from app.ledger.queries import partner_balances
from app.orders.models import Order
from app.partners.service import NewPartner, create
from app.tenants.models import Connection
from tests.shops.fake_woocommerce import KEY, SECRET, FakeShop
from tests.world import make_merchant

if TYPE_CHECKING:
    from app.application import App

KIND = "woocommerce"
OURS = Connection.kind == KIND


class Desk:
    """A merchant in dollars with Anna (code ANNA10) and Boris (BORIS5), and his shop."""

    kind_of_shop: type[FakeShop] = FakeShop

    def __init__(self, app: App) -> None:
        self.app = app
        self.shop = self.kind_of_shop(self.take)
        self.before = app.extensions["partnerka"]
        app.extensions["partnerka"] = replace(self.before, egress_allow=(self.shop.place,))
        with app.app_context():
            self.lampa = make_merchant("Lampa", currency="USD")
            with self.lampa.scope():
                anna = create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
                boris = create(NewPartner(name="Boris", refcode="boris", codes=["BORIS5"]))
                self.partners = {"Anna": anna.id, "Boris": boris.id}
            db.session.commit()
        self.down = False

    def close(self) -> None:
        self.app.extensions["partnerka"] = self.before
        self.shop.close()

    def take(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Let the shop call us, over the whole product's front door."""
        if self.down:
            return 500
        client = self.app.test_client()
        path = urlsplit(url).path
        return client.post(path, data=body, headers=headers).status_code

    def do(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context():
            return jobs.in_transaction(act, self.lampa.id)

    def connect(self, *, sweep: bool = True) -> None:
        keys = connections.Keys(self.shop.url, KEY, SECRET)
        self.do(lambda: connections.with_keys(self.lampa.shop_id, KIND, keys))
        with self.app.app_context(), self.lampa.scope():
            self.id, self.public_id = db.session.execute(
                select(Connection.id, Connection.public_id).where(OURS)
            ).one()
        if sweep:
            self.sweep()

    def settle(self, most: int = 30) -> None:
        """Let shop and product talk until neither has anything to say."""
        for _round in range(most):
            sent = self.shop.deliver()
            with self.app.app_context():
                jobs.drain_inbox()
                jobs.drain()
                jobs.run_errands()
                jobs.drain_inbox()
                jobs.drain()  # what follows from it is an errand now
            if not sent and not self.shop.waiting and not self.busy():
                return
        msg = f"they talk for ever: {self.open()}"
        raise AssertionError(msg)

    def open(self) -> list[tuple[Any, ...]]:
        """Return what still waits, for who reads of a failure."""
        with self.app.app_context(), self.lampa.scope():
            mine = text("SELECT kind, subject, state, attempts, problem, due_at FROM shop_errand")
            told = text("SELECT topic, state, attempts, problem, due_at FROM inbox")
            return [tuple(row) for query in (mine, told) for row in db.session.execute(query)]

    def busy(self) -> bool:
        now = clock.wall()
        with self.app.app_context(), self.lampa.scope():
            waiting = select(Inbox.id).where(Inbox.state == "waiting", Inbox.due_at <= now)
            due = select(ShopErrand.id).where(
                ShopErrand.state.in_(("due", "doing")), ShopErrand.due_at <= now
            )
            return any(db.session.scalar(query.limit(1)) for query in (waiting, due))

    def sweep(self) -> None:
        """Let the time of the next sweep come."""
        self.do(
            lambda: db.session.execute(update(Connection).where(OURS).values(due_at=clock.wall()))
        )
        with self.app.app_context():
            jobs.sweep_shops()
            jobs.drain_inbox()

    def hurry(self) -> None:
        """Let pauses after failures be over."""
        past = clock.wall() - timedelta(seconds=1)
        self.do(lambda: db.session.execute(update(ShopErrand).values(due_at=past)))

    def since(self, moment: str) -> None:
        """Let the next sweep begin at a moment of the shop's."""
        whole = {
            "any": {"since": moment},
            "trash": {"since": moment, "trash": True},
            "open": 0,
        }
        self.do(lambda: db.session.execute(update(Connection).where(OURS).values(cursor=whole)))

    def orders(self) -> dict[str, tuple[str, int, list[Any]]]:
        """Return state, total and what is booked per order, by the shop's id."""
        with self.app.app_context(), self.lampa.scope():
            found = db.session.scalars(select(Order)).all()
            return {
                o.external_id: (o.state, o.total, sorted(booked([o.id]).values())) for o in found
            }

    def partner(self, number: int | str) -> str | None:
        """Return whose deal an order is."""
        with self.app.app_context(), self.lampa.scope():
            order = db.session.scalars(select(Order).where(Order.external_id == str(number))).one()
            view = deal_view(order.id)
            return view.partner.name if view and view.partner else None

    def balances(self) -> dict[str, Any]:
        with self.app.app_context(), self.lampa.scope():
            found = partner_balances(list(self.partners.values()))
            return {name: found[number] for name, number in self.partners.items()}

    def health(self) -> dict[str, Any]:
        with self.app.app_context(), self.lampa.scope():
            return dict(db.session.scalars(select(Connection.health).where(OURS)).one())

    def inbox(self) -> list[tuple[str, str]]:
        with self.app.app_context(), self.lampa.scope():
            rows = db.session.execute(select(Inbox.topic, Inbox.state).order_by(Inbox.id))
            return [(row.topic, row.state) for row in rows]

    def one(self, statement: str) -> Any:
        with self.app.app_context(), self.lampa.scope():
            return db.session.scalar(text(statement))


@contextmanager
def at_desk(app: App) -> Iterator[Desk]:
    desk = Desk(app)
    try:
        yield desk
    finally:
        desk.close()
