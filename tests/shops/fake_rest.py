"""A shop that speaks JSON over REST, on loopback, and Lampa's desk beside it; the worker's part is played by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select, update
from werkzeug.test import Client

from app import clock, jobs
from app.application import App
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.intake.models import Inbox, ShopErrand
from app.intake.shops import connections
from app.intake.shops.connections import Keys
from app.orders.models import Order
from app.partners.service import NewPartner, create
from app.tenants.models import Connection
from tests.world import make_merchant

Answer = tuple[int, Any, dict[str, str]]
Send = Callable[[str, bytes, dict[str, str]], int]


class Refused(Exception):
    def __init__(self, status: int, said: Any = None, **headers: str) -> None:
        super().__init__(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer: Answer = (status, said or {"error": status}, named)


class RestShop:
    """What every such shop does; a kind says in `answer` what is at its addresses."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.waiting: list[tuple[str, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.troubles: list[Answer] = []
        self.lose = False
        self.moved = timedelta(0)
        self.lock = threading.RLock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *said: Any) -> None:
                """Say nothing."""

            def _do(self) -> None:
                outer.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def wait(self, seconds: int = 2) -> None:
        self.moved += timedelta(seconds=seconds)

    def writes(self) -> list[tuple[str, str, Any]]:
        return [each for each in self.asked if each[0] != "GET"]

    def serve(self, talk: BaseHTTPRequestHandler) -> None:
        raw = talk.rfile.read(int(talk.headers.get("Content-Length") or 0))
        parts = urlsplit(talk.path)
        with self.lock:
            try:
                if self.troubles:
                    status, said, headers = self.troubles.pop(0)
                else:
                    self.check(dict(talk.headers.items()))
                    body = json.loads(raw) if raw else None
                    self.asked.append((talk.command, parts.path, body))
                    query = dict(parse_qsl(parts.query))
                    status, said, headers = self.answer(talk.command, parts.path, query, body)
            except Refused as refused:
                status, said, headers = refused.answer
        sent = json.dumps(said).encode()
        talk.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            talk.send_header(name, value)
        talk.send_header("Content-Length", str(len(sent)))
        talk.end_headers()
        talk.wfile.write(sent)

    def check(self, headers: dict[str, str]) -> None:
        raise NotImplementedError

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        raise NotImplementedError

    def deliver(self) -> int:
        """Send what waits; nothing is tried twice."""
        sent, self.waiting = self.waiting, []
        for address, body in sent:
            if not self.lose:
                self.send(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return len(sent)


class RestDesk:
    """A merchant in roubles with Anna and Boris, and his shop of one kind."""

    def __init__(self, app: App, kind: str, make: Callable[[Send], Any], keys: Keys) -> None:
        self.app, self.kind, self.keys = app, kind, keys
        self.shop = make(self.take)
        self.before = app.extensions["partnerka"]
        app.extensions["partnerka"] = replace(self.before, egress_allow=(self.shop.place,))
        with app.app_context():
            self.lampa = make_merchant("Lampa")
            with self.lampa.scope():
                create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
                create(NewPartner(name="Boris", refcode="boris", codes=["BORIS5"]))
            db.session.commit()

    def close(self) -> None:
        self.app.extensions["partnerka"] = self.before
        self.shop.close()

    def take(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(url)
        client = Client(self.app.extensions["hooks"])
        answer = client.post(parts.path, data=body, headers=headers, query_string=parts.query)
        return answer.status_code

    def do(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context():
            return jobs.in_transaction(act, self.lampa.id)

    def connect(self, address: str | None = None) -> None:
        place = address or self.shop.url
        with self.app.app_context(), self.lampa.scope():
            keys = connections.read_keys(self.kind, place, self.keys.key, self.keys.secret)
            said = connections.try_keys(self.kind, keys)
        self.do(lambda: connections.with_keys(self.lampa.shop_id, self.kind, keys, said))
        with self.app.app_context(), self.lampa.scope():
            self.id, self.public_id = db.session.execute(
                select(Connection.id, Connection.public_id).where(Connection.kind == self.kind)
            ).one()
        self.sweep()

    def settle(self, most: int = 12) -> None:
        for _round in range(most):
            sent = self.shop.deliver()
            with self.app.app_context():
                jobs.drain_inbox()
                jobs.drain()
                jobs.run_errands()
                jobs.drain_inbox()
            if not sent and not self.shop.waiting and not self.busy():
                return
        raise AssertionError("they talk for ever")

    def busy(self) -> bool:
        now = clock.wall()
        with self.app.app_context(), self.lampa.scope():
            waiting = select(Inbox.id).where(Inbox.state == "waiting", Inbox.due_at <= now)
            due = select(ShopErrand.id).where(
                ShopErrand.state.in_(("due", "doing")), ShopErrand.due_at <= now
            )
            return any(db.session.scalar(query.limit(1)) for query in (waiting, due))

    def sweep(self) -> None:
        own = Connection.kind == self.kind
        self.do(
            lambda: db.session.execute(update(Connection).where(own).values(due_at=clock.wall()))
        )
        with self.app.app_context():
            jobs.sweep_shops()
            jobs.drain_inbox()
        self.settle()

    def since(self, moment: str, stream: str = "orders") -> None:
        """Let the next sweep begin at a moment."""
        whole = {stream: {"stream": stream, "since": moment}, "open": 0}
        own = Connection.kind == self.kind
        self.do(lambda: db.session.execute(update(Connection).where(own).values(cursor=whole)))

    def orders(self) -> dict[str, tuple[str, int, list[Any]]]:
        with self.app.app_context(), self.lampa.scope():
            found = db.session.scalars(select(Order)).all()
            return {
                o.external_id: (o.state, o.total, sorted(booked([o.id]).values())) for o in found
            }

    def partner(self, external_id: str) -> str | None:
        with self.app.app_context(), self.lampa.scope():
            order = db.session.scalars(select(Order).where(Order.external_id == external_id)).one()
            view = deal_view(order.id)
            return view.partner.name if view and view.partner else None

    def inbox(self) -> list[tuple[str, str, str | None]]:
        with self.app.app_context(), self.lampa.scope():
            rows = db.session.execute(
                select(Inbox.topic, Inbox.state, Inbox.problem).order_by(Inbox.id)
            )
            return [(row.topic, row.state, row.problem) for row in rows]

    def health(self) -> dict[str, Any]:
        with self.app.app_context(), self.lampa.scope():
            own = select(Connection.health).where(Connection.kind == self.kind)
            return dict(db.session.scalars(own).one())


@contextmanager
def at_rest_desk(
    app: App, kind: str, make: Callable[[Send], Any], keys: Keys
) -> Iterator[RestDesk]:
    desk = RestDesk(app, kind, make, keys)
    try:
        yield desk
    finally:
        desk.close()
