"""F41: guessing codes; and a code's last place while many orders come at once."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import select

from app import clock
from app.codes.rules import DEFAULT_COUPON, UNGUESSABLE, how_many
from app.coupons import service as coupons
from app.coupons.models import CouponGrant
from app.coupons.rules import Offer
from app.events.models import Event
from app.extensions import db
from app.members.models import Member
from app.partners.service import NewPartner, create
from tests.harness import invariants

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

WRITERS, EACH, LIMIT = 4, 4, 5


@pytest.fixture
def lampa(app: App, lampa: Merchant, _sound: None) -> Merchant:
    """Lampa, where tries are counted, and Anna has ANNA10, good for five orders."""
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    return lampa


@pytest.fixture
def _counted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted, from nothing."""
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    attempts = MovingWindowRateLimiter(storage_from_string("memory://"))
    monkeypatch.setitem(app.extensions, "attempts", attempts)


def guess(client: FlaskClient, lampa: Merchant, code: str, n: int, ip: str = "203.0.113.7") -> Any:
    form = {"code": code, "contact": f"c{n}@example.org", "consent": "1"}
    where, env = f"/t/{lampa.slug}/code", {"REMOTE_ADDR": ip}
    return client.post(where, data=form, environ_overrides=env)


def guesses_told(app: App, lampa: Merchant) -> list[Any]:
    with app.app_context(), lampa.scope():
        found = db.session.scalars(select(Event).where(Event.type == "code.guessed"))
        return [event.facts for event in found]


def test_who_guesses_codes_learns_nothing_and_is_stopped(
    app: App, client: FlaskClient, lampa: Merchant, _counted: None
) -> None:
    answers = [guess(client, lampa, f"wrong-{n}", n) for n in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {
        guess(client, lampa, "x", 9, "198.51.100.1").text
    }
    stopped = guess(client, lampa, "ANNA10", 99)
    assert stopped.status_code == 429, "also the right one, once ten were wrong"
    assert stopped.headers["Retry-After"] == "60"
    assert guess(client, lampa, "ANNA10", 98, "198.51.100.9").status_code == 200
    with app.app_context(), lampa.scope():
        emails = set(db.session.scalars(select(Member.email)))
        assert emails == {"c98@example.org"}, "wrong codes leave nobody behind"


def test_the_page_counts_with_the_field(
    client: FlaskClient, lampa: Merchant, _counted: None
) -> None:
    form = {"code": "nobody", "contact": "gleb@example.org", "consent": "y"}
    said = [client.post(f"/{lampa.slug}/code", data=form).status_code for _ in range(12)]
    assert said[0] == 303
    assert said[-1] == 429


def test_who_types_good_codes_for_many_addresses_is_stopped_too(
    client: FlaskClient, lampa: Merchant, _counted: None
) -> None:
    said = [guess(client, lampa, "ANNA10", n).status_code for n in range(31)]
    assert said == [200] * 30 + [429]


def test_one_address_of_a_customer_is_not_written_to_without_end(
    app: App, client: FlaskClient, lampa: Merchant, _counted: None
) -> None:
    client.put(
        "/api/v1/members/77",
        json={"email": "c0@example.org", "registered_at": "2020-01-01T00:00:00+03:00"},
        headers=lampa.bearer,
    )
    for n in range(12):
        assert guess(client, lampa, "ANNA10", 0, f"198.51.100.{n}").status_code == 200
    with app.app_context(), lampa.scope():
        asked = [
            event.facts["confirm"]
            for event in db.session.scalars(
                select(Event).where(Event.type == "code.typed").order_by(Event.id)
            )
        ]
        assert asked == [True] * 5 + [False] * 7


def test_many_guessers_are_told_to_staff_once(
    app: App, client: FlaskClient, lampa: Merchant, _counted: None
) -> None:
    for n in range(130):
        guess(client, lampa, f"wrong-{n}", n, f"198.51.{n % 13}.{n}")
    told = guesses_told(app, lampa)
    assert len(told) == 1
    assert re.fullmatch(r"198\.51\.\d+\.0", told[0]["address"]), "a network, no person"


def test_when_tries_cannot_be_counted_nobody_may_try(
    app: App, client: FlaskClient, lampa: Merchant, _counted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        """Where tries were counted there is nobody."""

        def __getattr__(self, name: str) -> Any:
            def fail(*_args: Any) -> bool:
                raise StorageError(ConnectionError("gone"))

            return fail

    monkeypatch.setitem(app.extensions, "attempts", Gone())
    assert guess(client, lampa, "ANNA10", 1).status_code == 503
    with app.app_context(), lampa.scope():
        assert not db.session.scalars(select(Member)).all()


def test_coupons_are_beyond_guessing(app: App, lampa: Merchant) -> None:
    assert how_many(DEFAULT_COUPON) >= UNGUESSABLE
    with app.app_context(), lampa.scope():
        with pytest.raises(Exception, match="Too easy to guess"):
            coupons.set_offer(Offer(on=True, value="10%", pattern="FIRST-####"))
        db.session.rollback()


def test_a_form_on_a_page_cannot_empty_the_pool(
    app: App, client: FlaskClient, lampa: Merchant, _counted: None
) -> None:
    with app.app_context(), lampa.scope():
        coupons.set_offer(Offer(on=True, value="10%"))
        for n in range(1, 4):
            create(NewPartner(name=f"Friend {n}", refcode=f"friend{n}"))
        db.session.commit()
    said = [
        client.post(
            f"/t/{lampa.slug}/lead",
            data={"email": f"x{n}@example.org", "click": f"ref:friend{n % 3 + 1}"},
            headers={"Origin": f"https://{lampa.slug}.example"},
        ).status_code
        for n in range(40)
    ]
    assert 429 in said
    with app.app_context(), lampa.scope():
        assert 0 < len(db.session.scalars(select(CouponGrant)).all()) <= 30


def order(number: int, status: str, since: str) -> dict[str, Any]:
    return {
        "status": status,
        "version": 1 if status == "paid" else 2,
        "created_at": since,
        "currency": "RUB",
        "customer": {"id": f"c{number}", "email": f"c{number}@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
        "partner_code": "FIVE",
    }


def test_many_orders_at_once_use_a_code_up_once(app: App, lampa: Merchant) -> None:
    body = {"partner": "anna", "code": "FIVE", "limit": LIMIT}
    made = app.test_client().post("/api/v1/codes", json=body, headers=lampa.bearer)
    assert made.status_code == 201
    since = clock.wall().isoformat()

    def put(number: int, status: str = "paid") -> int:
        for _try in range(300):
            answer = app.test_client().put(
                f"/api/v1/orders/A{number:02}",
                json=order(number, status, since),
                headers=lampa.bearer,
            )
            if answer.status_code != 503:  # a lost race is to be tried again, and says so
                return answer.status_code
        return 503

    codes: list[int] = []

    def write(first: int) -> None:
        # Later ones come first, so that every order takes its place from those behind it.
        codes.extend(put(n) for n in range(first + WRITERS * (EACH - 1), -1, -WRITERS))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert set(codes) == {200}
    assert deals(app, lampa) == [f"A{n:02}" for n in range(LIMIT)]
    assert put(0, "cancelled") == 200
    assert deals(app, lampa) == [f"A{n:02}" for n in range(1, LIMIT + 1)]


def deals(app: App, lampa: Merchant) -> list[str]:
    """Return the orders that earn something."""
    with app.app_context(), lampa.scope():
        assert not invariants.broken()
        rows = db.session.execute(
            db.text(
                "SELECT o.external_id FROM orders o JOIN deal d ON d.order_id = o.id"
                " WHERE d.commission > 0 ORDER BY 1"
            )
        )
        return [row[0] for row in rows]
