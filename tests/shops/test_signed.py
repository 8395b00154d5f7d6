"""Our own signed webhook: an order from any shop, told at once what cannot stand, kept once by its id."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from app import clock, crypto, jobs, standard_webhooks
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.intake.models import Inbox
from app.intake.shops import inbox, rotating
from app.orders.models import Order
from app.partners.service import NewPartner, create
from app.tenants.models import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

CREATED = "2026-11-22T10:00:00+03:00"


@dataclass
class Shop:
    """A shop that somebody wrote by himself."""

    app: App
    merchant: Merchant
    public_id: str
    secret: str

    @property
    def address(self) -> str:
        return f"/hooks/signed/{self.public_id}"

    def send(
        self,
        body: Any,
        message: str = "msg_1",
        *,
        late: int = 0,
        secrets: list[str] | None = None,
        client: Client | None = None,
        **changed: str,
    ) -> TestResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        stamp = int(clock.wall().timestamp()) - late
        said = standard_webhooks.headers(secrets or [self.secret], message, stamp, raw)
        said |= {name.replace("_", "-"): value for name, value in changed.items()}
        door = client or Client(self.app.extensions["hooks"])
        return door.post(
            self.address, data=raw, headers={**said, "Content-Type": "application/json"}
        )

    def drain(self) -> None:
        with self.app.app_context():
            jobs.drain_inbox()

    def orders(self) -> dict[str, tuple[str, list[Any]]]:
        with self.app.app_context(), self.merchant.scope():
            found = db.session.scalars(select(Order)).all()
            return {o.external_id: (o.state, sorted(booked([o.id]).values())) for o in found}

    def partner(self, external_id: str) -> str | None:
        with self.app.app_context(), self.merchant.scope():
            query = select(Order).where(Order.external_id == external_id)
            view = deal_view(db.session.scalars(query).one().id)
            return view.partner.name if view and view.partner else None

    def kept(self) -> list[tuple[str | None, str]]:
        with self.app.app_context(), self.merchant.scope():
            rows = db.session.execute(select(Inbox.mark, Inbox.state).order_by(Inbox.id))
            return [(row.mark, row.state) for row in rows]

    def rotate(self, ago: timedelta = timedelta(0)) -> str:
        secret = standard_webhooks.new_secret()
        with self.app.app_context(), self.merchant.scope():
            query = select(Connection).where(Connection.public_id == self.public_id)
            own = db.session.scalars(query).one()
            kept = crypto.open_sealed(own.secret)
            at = int((clock.wall() - ago).timestamp())
            own.secret = crypto.seal(rotating.rotated(kept, secret, at))
            db.session.commit()
        self.app.extensions["hooks"].known.clear()  # what is remembered for five seconds
        return secret


@pytest.fixture
def shop(app: App, lampa: Merchant) -> Shop:
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
            connection, secret = inbox.connect(lampa.shop_id, "signed")
            made = Shop(app, lampa, connection.public_id, secret)
        db.session.commit()
    return made


def order(**changed: Any) -> dict[str, Any]:
    return {
        "id": "A-1", "status": "paid", "currency": "RUB", "created_at": CREATED,
        "updated_at": CREATED, "ref": "anna", "customer": {"id": "77", "email": "gleb@example.org"},
        "lines": [{"id": "1", "product": "lamp-1", "quantity": "2", "price": "950.00"}], **changed,
    }  # fmt: skip


def problem(answer: TestResponse) -> tuple[int, list[str]]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status_code, [each["field"] for each in answer.json["errors"]]


def test_an_order_comes_changes_and_goes(shop: Shop) -> None:
    assert shop.send(order(), "msg_1").status_code == 200
    shop.drain()
    assert shop.orders() == {"A-1": ("agreed", [(19000, 0)])}
    assert shop.partner("A-1") == "Anna"
    now = clock.wall().isoformat()  # its hold begins
    later = order(status="completed", updated_at=now,
                  refunds=[{"id": "r1", "amount": "900.00"}])  # fmt: skip
    assert shop.send({"type": "order.saved", "data": later}, "msg_2").status_code == 200
    assert shop.send(order(status="new"), "msg_3").status_code == 200  # an older word comes late
    shop.drain()
    assert shop.orders() == {"A-1": ("completed", [(10000, 0)])}
    gone = {"type": "order.deleted", "data": {"id": "A-1"}}
    assert shop.send(gone, "msg_4").status_code == 200
    shop.drain()
    assert shop.orders() == {"A-1": ("cancelled", [])}


def test_a_deletion_of_what_was_never_seen_is_taken_and_changes_nothing(shop: Shop) -> None:
    gone = {"type": "order.deleted", "data": {"id": "nobody's"}}
    assert shop.send(gone).status_code == 200
    shop.drain()
    assert shop.orders() == {}
    assert shop.kept() == [("msg_1", "done")]


@pytest.mark.parametrize("together", [True, False])
def test_f17_a_deletion_that_came_before_its_order_holds(shop: Shop, together: bool) -> None:
    """The first word got no answer and is sent again, after the last one: nothing is earned by it."""
    gone = {"type": "order.deleted", "data": {"id": "A-1"}}
    assert shop.send(gone, "msg_2").status_code == 200
    if not together:
        shop.drain()
    assert shop.send(order(), "msg_1").status_code == 200
    assert shop.send(order(id="A-2"), "msg_0").status_code == 200
    shop.drain()
    assert shop.orders() == {"A-1": ("cancelled", []), "A-2": ("agreed", [(19000, 0)])}
    assert shop.send(order(status="new"), "msg_3").status_code == 200
    shop.drain()
    assert shop.orders()["A-1"] == ("cancelled", [])


def test_f17_an_order_that_was_changed_after_its_deletion_is_there_again(shop: Shop) -> None:
    shop.send({"type": "order.deleted", "data": {"id": "A-1"}}, "msg_2")
    shop.drain()
    later = (clock.now() + timedelta(minutes=1)).isoformat()
    shop.send(order(updated_at=later), "msg_3")
    shop.drain()
    shop.send(order(), "msg_1")
    shop.drain()
    assert shop.orders() == {"A-1": ("agreed", [(19000, 0)])}


def test_the_same_message_again_is_200_and_kept_once(shop: Shop) -> None:
    """Before it is booked and after; with a new signature as well, as a retry has one."""
    assert [shop.send(order()).status_code for _time in range(3)] == [200, 200, 200]
    shop.drain()
    assert shop.send(order(), late=100).status_code == 200
    assert shop.kept() == [("msg_1", "done")]


def test_f18_an_id_that_comes_with_another_body_is_refused(shop: Shop) -> None:
    shop.send(order())
    answer = shop.send(order(status="completed"))
    assert problem(answer) == (409, ["webhook-id"])
    shop.drain()
    assert shop.orders()["A-1"][0] == "agreed"


@pytest.mark.parametrize("late", [301, 600, -360, -86_400])
def test_f18_a_message_of_another_time_is_refused(shop: Shop, late: int) -> None:
    assert problem(shop.send(order(), late=late)) == (422, ["webhook-timestamp"])
    assert shop.kept() == []


@pytest.mark.parametrize("late", [0, 295, -295])
def test_clocks_may_differ_by_five_minutes(shop: Shop, late: int) -> None:
    assert shop.send(order(), late=late).status_code == 200


def test_both_ways_in_front_of_flask_and_behind_it_keep_and_refuse_alike(shop: Shop) -> None:
    front, route = (Client(door) for door in (
        shop.app.extensions["hooks"], shop.app.extensions["hooks"].inner
    ))  # fmt: skip
    for one, other in ((front, route), (route, front)):
        name = f"msg_{one is front}"
        assert shop.send(order(), name, client=one).status_code == 200
        assert shop.send(order(), name, client=other).status_code == 200
        assert shop.send(order(status="new"), name, client=other).status_code == 409
        assert shop.send(order(status="new"), name, client=one).status_code == 409
    assert [mark for mark, _state in shop.kept()] == ["msg_True", "msg_False"]


def test_many_bodies_under_one_id_at_once_one_wins_and_the_others_are_told(shop: Shop) -> None:
    together = threading.Barrier(8)
    answers: list[tuple[str, int]] = []

    def say(number: int) -> None:
        client = Client(shop.app.extensions["hooks"])
        word = f"word-{number % 4}"  # each body twice
        together.wait()
        answers.append((word, shop.send(order(status=word), client=client).status_code))

    threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    won = {word for word, status in answers if status == 200}
    assert len(won) == 1
    assert sorted(status for _word, status in answers) == [200, 200] + [409] * 6
    assert len(shop.kept()) == 1


def test_while_the_secret_changes_old_and_new_hold_and_then_the_new_one_alone(shop: Shop) -> None:
    old, new = shop.secret, shop.rotate()
    other = standard_webhooks.new_secret()
    assert shop.send(order(), "a", secrets=[old]).status_code == 200
    assert shop.send(order(), "b", secrets=[new]).status_code == 200
    assert shop.send(order(), "c", secrets=[other, new]).status_code == 200
    assert shop.send(order(), "d", secrets=[other]).status_code == 403
    shop.secret = new
    newer = shop.rotate()
    assert shop.send(order(), "g", secrets=[old]).status_code == 403  # two changes ago
    assert shop.send(order(), "h", secrets=[newer, new]).status_code == 200


def test_a_day_after_the_change_the_old_secret_is_over(shop: Shop) -> None:
    old, new = shop.secret, shop.rotate(ago=rotating.OVERLAP + timedelta(seconds=1))
    assert shop.send(order(), "a", secrets=[old]).status_code == 403
    assert shop.send(order(), "b", secrets=[new]).status_code == 200


WRONG: dict[str, tuple[Any, int, list[str]]] = {
    "no JSON": (b"{", 400, []),
    "a list": ([], 422, [""]),
    "NaN": (b'{"id": NaN}', 400, []),
    "a key twice": (b'{"id": "1", "id": "2"}', 400, []),
    "a NUL": ({**order(), "status": "\x00"}, 422, ["status"]),
    "no id": ({k: v for k, v in order().items() if k != "id"}, 422, ["id"]),
    "a number as id": (order(id=5), 422, ["id"]),
    "an empty id": (order(id=""), 422, ["id"]),
    "too long an id": (order(id="x" * 129), 422, ["id"]),
    "no lines": ({k: v for k, v in order().items() if k != "lines"}, 422, ["lines"]),
    "a number as price": (order(lines=[{"id": "1", "quantity": "1", "price": 5}]), 422, ["lines.0.price"]),
    "too precise": (order(lines=[{"id": "1", "quantity": "1", "price": "1.001"}]), 422, ["lines.0.price"]),
    "another currency": (order(currency="USD"), 422, ["currency"]),
    "a time without offset": (order(created_at="2026-11-22T10:00:00"), 422, ["created_at"]),
    "refunds above the order": (order(refunds=[{"id": "r", "amount": "1900.01"}]), 422, ["refunds.0.amount"]),
    "in an envelope": ({"type": "order.saved", "data": order(currency="EUR")}, 422, ["data.currency"]),
    "an envelope without id": ({"type": "order.deleted", "data": {}}, 422, ["data.id"]),
    "an empty envelope": ({"type": "order.saved"}, 422, ["data"]),
    "another type": ({"type": "order.paid", "data": order()}, 422, ["type"]),
    "no type": ({"data": order()}, 422, ["type"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_whoever_writes_it_is_told_which_field_cannot_stand(shop: Shop, name: str) -> None:
    body, status, fields = WRONG[name]
    assert problem(shop.send(body)) == (status, fields)
    assert shop.kept() == []


def test_a_message_that_was_refused_may_come_again_under_its_id_once_it_is_mended(
    shop: Shop,
) -> None:
    assert shop.send(order(currency="USD")).status_code == 422
    assert shop.send(order()).status_code == 200


def test_without_headers_it_says_which_are_missing(shop: Shop) -> None:
    answer = Client(shop.app.extensions["hooks"]).post(shop.address, data=b"{}")
    assert problem(answer) == (403, ["webhook-id", "webhook-timestamp", "webhook-signature"])


@pytest.mark.parametrize("stamp", ["soon", "-1", "1e9", "٣", "9" * 13, "2026-11-22T10:00:00Z"])
def test_a_timestamp_that_is_none_is_named(shop: Shop, stamp: str) -> None:
    answer = shop.send(order(), webhook_timestamp=stamp.encode().decode("latin-1"))
    assert problem(answer) == (422, ["webhook-timestamp"])


def test_it_is_taken_in_front_of_flask(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, flask_is_closed: Callable[[], None]
) -> None:
    flask_is_closed()
    assert shop.send(order()).status_code == 200


@pytest.fixture
def flask_is_closed(app: App, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def closed(*_asked: Any) -> Any:
        raise AssertionError("Flask was asked")

    return lambda: monkeypatch.setattr(app.extensions["hooks"], "inner", closed)


def test_the_channel_that_every_shop_has_takes_them_too(app: App, lampa: Merchant) -> None:
    """A plugin is given `webhook_secret` and `hook_url`, and needs nobody to open a channel for it."""
    with app.app_context(), lampa.scope():
        own = db.session.scalars(select(Connection).where(Connection.kind == "postback")).one()
        shop = Shop(app, lampa, own.public_id, lampa.webhook_secret)
    raw = json.dumps(order(), ensure_ascii=False).encode()
    stamp = int(clock.wall().timestamp())
    said = standard_webhooks.headers([shop.secret], "msg_1", stamp, raw)
    door = Client(app.extensions["hooks"])
    assert door.post(f"/hooks/postback/{own.public_id}", data=raw, headers=said).status_code == 200
    assert door.post(f"/hooks/signed/{own.public_id}", data=raw, headers=said).status_code == 404
    shop.drain()
    assert shop.orders() == {"A-1": ("agreed", [])}
