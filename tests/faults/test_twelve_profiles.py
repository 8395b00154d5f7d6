"""Each profile from end to end, by its preset exactly as it is switched on, everything told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.earnings import service as earnings
from app.errors import Conflict, DomainError
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.partners.models import Partner
from app.payouts import service as payouts
from app.profiles import service as profiles
from app.profiles.models import ProfileRule
from app.profiles.rules.triggers import PROFILES
from app.withdrawals import service as withdrawals
from tests.earnings.test_orders import ORDER
from tests.payouts.setting import by_bank
from tests.world import make_merchant, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from app.tenants.models import Tenant
    from tests.payouts.setting import by_bank
from tests.world import Merchant

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
TWICE = (1, 2)


class Scene:
    """A shop with bonuses on, whose every message comes twice."""

    def __init__(self, app: App, client: FlaskClient, shop: Merchant) -> None:
        self.app, self.client, self.shop = app, client, shop

    def told(self, verb: str, path: str, body: dict[str, Any]) -> None:
        """Send a message twice; the second is answered as the first."""
        answers = [
            self.client.open(f"/api/v1{path}", method=verb, json=body, headers=self.shop.bearer)
            for _time in TWICE
        ]
        assert all(each.status_code in {200, 201} for each in answers), answers[-1].text

    def meet(self, number: str = "77", **said: Any) -> None:
        self.told("PUT", f"/members/{number}", {"name": "Gleb", **said})

    def report(self, name: str, kind: str, **data: Any) -> None:
        """Report an event twice under one id, and once more under another."""
        for own in (name, f"{name} anew"):
            body = {"id": own, "type": kind, "data": data}
            self.told("POST", "/members/77/events", body)

    def order(self, number: str, member: str = "77", **said: Any) -> None:
        now = clock.now().isoformat()
        body = {"created_at": now, "updated_at": now, "bonus": None, "customer": {"id": member}}
        self.told("PUT", f"/orders/{number}", ORDER | body | said)

    def work(self, job: Callable[[Tenant], object]) -> None:
        """Let what the calendar does for the shop be done twice."""
        with self.app.app_context():
            for _time in TWICE:
                jobs.in_transaction(lambda: job(intake.tenant()), self.shop.id)

    def has(self, number: str = "77") -> str:
        path = f"/api/v1/members/{number}/bonuses"
        told = self.client.get(path, headers=self.shop.bearer).get_json()
        return str(told["available"])


@pytest.fixture
def scene(app: App, client: FlaskClient) -> Iterator[Scene]:
    with clock.moved_to(START):
        with app.app_context():
            lampa = make_merchant("Lampa")
            db.session.commit()
        client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
        with app.app_context(), lampa.scope():
            profiles.switch("order", on=False)
            db.session.commit()
        yield Scene(app, client, lampa)


def registration(scene: Scene) -> None:
    scene.meet()
    scene.report("r", "registered")
    assert scene.has() == "100.00"


def birthday(scene: Scene) -> None:
    scene.meet(birthday="1990-11-20", registered_at="2020-01-01T00:00:00Z")
    scene.meet("78", birthday="1990-11-20", registered_at="2026-11-01T00:00:00Z")
    scene.work(earnings.birthdays)
    with clock.moved_to(START.replace(hour=20)):
        scene.work(earnings.birthdays)
    assert scene.has() == "300.00"
    assert scene.has("78") == "0.00", "registered yesterday to have a birthday today"
    with clock.moved_to(START.replace(year=2027)):
        scene.work(earnings.birthdays)
        assert scene.has() == "300.00", "last year's present has lapsed, this year's is there"


def order(scene: Scene) -> None:
    scene.meet()
    scene.order("A1")
    assert scene.has() == "38.00"
    scene.order("A1", status="cancelled", version=4)
    assert scene.has() == "0.00"


def profile_filled(scene: Scene) -> None:
    scene.meet()
    scene.report("half", "profile_updated", percent=50)
    assert scene.has() == "0.00"
    scene.report("all", "profile_updated", percent=100)
    assert scene.has() == "50.00"


def subscription(scene: Scene) -> None:
    scene.meet()
    scene.report("s", "subscribed", list="news", double_opt_in=True)
    assert scene.has() == "50.00"


def review(scene: Scene) -> None:
    scene.meet()
    scene.report("v", "review.published", review="9", has_purchase=True, length=80)
    assert scene.has() == "50.00"
    scene.report("w", "review.removed", review="9")
    assert scene.has() == "0.00"


def achievement(scene: Scene) -> None:
    scene.meet()
    for number in range(11):
        scene.order(f"T{number}")
        assert scene.has() == ("500.00" if number >= 9 else "0.00"), number


def referrer_achievement(scene: Scene) -> None:
    scene.meet()
    scene.client.post(
        "/api/v1/partners", json={"refcode": "gleb", "name": "Gleb"}, headers=scene.shop.bearer
    )
    with scene.app.app_context(), scene.shop.scope():
        member = members.by_external(scene.shop.shop_id, "77")
        assert member is not None
        partner = db.session.scalars(select(Partner).where(Partner.refcode == "gleb")).one()
        partner.member_id = member.id
        db.session.commit()
    scene.meet("idle", ref="gleb")
    for friend in range(6):
        scene.meet(f"f{friend}", ref="gleb")
        scene.order(f"F{friend}", f"f{friend}")
        assert scene.has() == ("500.00" if friend >= 4 else "0.00"), friend


def external(scene: Scene) -> None:
    scene.meet()
    scene.report("g", "game.won", score=5)
    assert scene.has() == "50.00", "once a day, whatever is reported"
    with clock.moved_to(START.replace(day=21)):
        scene.report("tomorrow", "game.won", score=5)
        assert scene.has() == "100.00"


def spend(scene: Scene) -> None:
    scene.meet()
    gift = {"member": "77", "amount": "2000.00", "reason": "A present", "id": "gift"}
    scene.client.post("/api/v1/bonuses", json=gift, headers=scene.shop.bearer)
    lines = [{"id": "1", "product": "lamp-1", "quantity": "2", "price": "1000.00"}]
    cart = {"member": "77", "currency": "RUB", "lines": lines}
    quote = {"customer": {"id": "77"}, **cart}
    asked = scene.client.post("/api/v1/quotes", json=quote, headers=scene.shop.bearer)
    assert asked.status_code in {200, 201}, asked.text
    assert asked.get_json()["max_spend"] == "1000.00", "half of the order"
    scene.order("S1", lines=lines, bonus={"spend": "1000.00"})
    assert scene.has() == "1000.00"


def owner(scene: Scene) -> None:
    scene.meet()
    scene.meet("maker")
    staff = sign_in(scene.app.test_client(), scene.shop.staff["manager"])
    said = {"who": "customer", "name": "maker", "of": "supplier", "word": "Acme", "share": "50"}
    assert staff.post(scene.shop.office("ranks/rights/"), data=said).status_code == 303
    one = {"id": "1", "product": "lamp-1", "quantity": "2", "price": "1000.00", "supplier": "ACME"}
    lines = [one, {"id": "2", "product": "lamp-2", "quantity": "1", "price": "999.99"}]
    with clock.moved_to(START + timedelta(minutes=1)):
        scene.order("R1", lines=lines)
        assert (scene.has("maker"), scene.has()) == ("10.00", "0.00"), "1 % of his part of 2,000"
        scene.order("R1", lines=lines, status="cancelled", version=9)
        assert scene.has("maker") == "0.00"


def withdrawal(scene: Scene) -> None:
    scene.meet()
    gift = {"member": "77", "amount": "2000.00", "reason": "A present"}
    scene.client.post("/api/v1/bonuses", json=gift, headers=scene.shop.bearer)
    made = {"refcode": "gleb", "name": "Gleb", "member": "77"}
    scene.client.post("/api/v1/partners", json=made, headers=scene.shop.bearer)
    with scene.app.app_context(), scene.shop.scope():
        wallet.change_program({"withdrawable": True})
        gleb = db.session.scalars(select(Partner).where(Partner.refcode == "gleb")).one()
        with pytest.raises(DomainError):
            withdrawals.request(intake.tenant(), gleb, 150_000, "bank", "k", "system")
        payouts.set_details(gleb, "bank", by_bank("Gleb"))
        with clock.moved_to(START + timedelta(days=2)):
            for _time in TWICE:
                asked = withdrawals.request(intake.tenant(), gleb, 150_000, "bank", "k", "system")
            db.session.commit()
            assert bonuses.balance(gleb.member_id or 0).available == 50_000, "held at once"
        with clock.moved_to(START + timedelta(days=6)):
            withdrawals.approve(asked.id, "system")
            with pytest.raises(Conflict):
                withdrawals.approve(asked.id, "system")
            db.session.commit()
            assert bonuses.balance(gleb.member_id or 0).held == 0
    assert scene.has() == "500.00"


STORIES: dict[str, Callable[[Scene], None]] = {
    "registration": registration,
    "birthday": birthday,
    "order": order,
    "profile_filled": profile_filled,
    "subscription": subscription,
    "review": review,
    "achievement": achievement,
    "referrer_achievement": referrer_achievement,
    "external": external,
    "owner": owner,
    "withdrawal": withdrawal,
    "spend": spend,
}


def test_every_profile_that_is_offered_has_its_story() -> None:
    assert STORIES.keys() == PROFILES.keys()


@pytest.mark.parametrize("profile", STORIES)
def test_a_profile_as_it_is_switched_on_gives_once(scene: Scene, profile: str) -> None:
    with scene.app.app_context(), scene.shop.scope():
        for _time in TWICE:
            profiles.switch(profile, on=True)
        db.session.commit()
        rule = db.session.scalars(
            select(ProfileRule).where(
                ProfileRule.profile == profile, ProfileRule.preset.is_not(None)
            )
        ).one()
        assert rule.state == "published"
    STORIES[profile](scene)


@pytest.mark.parametrize(
    ("trigger", "kind", "data"),
    [
        ("member.registered", "registered", {}),
        ("member.profile_updated", "profile_updated", {"percent": 100}),
        ("member.subscribed", "subscribed", {"list": "news", "double_opt_in": True}),
        ("review.published", "review.published", {"review": "9", "has_purchase": True}),
    ],
)
def test_what_is_told_anew_is_one_event_without_any_limit(
    scene: Scene, trigger: str, kind: str, data: dict[str, Any]
) -> None:
    gift = {"schema": 1, "trigger": trigger, "effects": [{"do": "earn.fixed", "points": 1_000}]}
    with scene.app.app_context(), scene.shop.scope():
        profiles.publish(profiles.draft("Without limits", gift))
        db.session.commit()
    scene.meet()
    scene.report("one", kind, **data)
    scene.report("two", kind, **data)
    assert scene.has() == "10.00"


def test_a_level_is_reached_once_without_any_limit(scene: Scene) -> None:
    second = [
        {"fact": "metric.name", "op": "in", "value": ["orders"]},
        {"fact": "metric.value", "op": "gte", "value": 2},
    ]
    gift = {"do": "earn.fixed", "points": 1_000}
    body = {"schema": 1, "trigger": "metric.crossed", "when": {"all": second}, "effects": [gift]}
    with scene.app.app_context(), scene.shop.scope():
        profiles.publish(profiles.draft("Without limits", body))
        db.session.commit()
    scene.meet()
    for number in range(4):
        with clock.moved_to(START + timedelta(minutes=number)):
            scene.order(f"L{number}")
            assert scene.has() == ("10.00" if number else "0.00"), number
