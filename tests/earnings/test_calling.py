"""Nobody reports these: a customer stays away, bonuses are about to expire, many are given at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.bonuses.models import Lot
from app.bonuses.rules import Grant
from app.bonuses.service import Mass
from app.earnings import service
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.jobs.work import for_all
from app.members import queries as members
from app.profiles import queries as rules
from app.profiles import service as profiles
from app.profiles.rules import parse
from app.profiles.rules.quiet import USUAL, quiet_days
from app.runs.models import Run
from app.tenancy import current_tenant
from tests.earnings.test_orders import ORDER
from tests.wordings.test_messages import meet, sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant, World

DAY = timedelta(days=1)
PLAIN = {name: said for name, said in ORDER.items() if name != "bonus"}


@pytest.fixture
def shop(client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses and the customer 77, who earns nothing by orders."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    meet(client, lampa)
    return lampa


def do(app: App, shop: Merchant, act: Callable[[], Any]) -> Any:
    with app.app_context(), shop.scope():
        found = act()
        db.session.commit()
    return found


def rule(trigger: str, profile: str, text: str, **more: Any) -> dict[str, Any]:
    effects = [
        {"do": "earn.fixed", "points": 5_000},
        {"do": "notify", "channel": "email", "message": text},
    ]
    return {"schema": 1, "profile": profile, "trigger": trigger, "effects": effects, **more}


def away(days: int) -> dict[str, Any]:
    when = {"fact": "member.last_order_days_ago", "op": "gte", "value": days}
    return rule("schedule.inactivity", "achievement", "inactivity", when=when)


def publish(app: App, shop: Merchant, body: dict[str, Any], name: str = "A rule") -> None:
    do(app, shop, lambda: profiles.publish(profiles.draft(name, body)))


def lots(app: App, shop: Merchant) -> list[int]:
    """Return what rules gave, but for orders."""
    query = select(Lot.amount).where(Lot.kind == "profile", Lot.order_id.is_(None))
    return list(do(app, shop, lambda: db.session.scalars(query.order_by(Lot.id)).all()))


def order(client: FlaskClient, shop: Merchant, number: str, days_ago: int) -> None:
    at = (clock.now() - days_ago * DAY).isoformat()
    body = {**PLAIN, "created_at": at, "updated_at": at}
    assert client.put(f"/api/v1/orders/{number}", json=body, headers=shop.bearer).status_code < 300


def test_who_stays_away_is_met_once_a_quiet_period_by_each_rule_in_its_time(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    publish(app, shop, away(30), "A month")
    publish(app, shop, away(90), "A quarter")
    order(client, shop, "Q1", 29)
    start = clock.now()

    def night(days: int) -> list[int]:
        with clock.moved_to(start + days * DAY):
            do(app, shop, lambda: service.quiet(intake.tenant()))
            do(app, shop, lambda: service.quiet(intake.tenant()))
        return lots(app, shop)

    assert night(0) == [], "not a month yet"
    assert night(1) == [5_000]
    assert night(5) == [5_000], "once is enough"
    assert night(61) == [5_000, 5_000], "the other rule has its own time"
    order(client, shop, "Q2", 0)
    assert night(29) == [5_000, 5_000]
    assert night(31) == [5_000] * 3, "another quiet period"


def test_nobody_is_asked_after_who_never_bought_or_whose_order_was_cancelled(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    publish(app, shop, away(30))
    order(client, shop, "Q1", 45)
    order(client, shop, "Q2", 5)
    assert not do(app, shop, lambda: service.quiet(intake.tenant()))
    assert lots(app, shop) == []
    body = {**PLAIN, "status": "cancelled", "version": 9}
    client.put("/api/v1/orders/Q1", json=body, headers=shop.bearer)
    client.put("/api/v1/orders/Q2", json=body, headers=shop.bearer)
    do(app, shop, lambda: service.quiet(intake.tenant()))
    assert lots(app, shop) == []


def test_jobs_open_no_transaction_for_merchants_who_have_no_such_work(
    app: App, client: FlaskClient, shop: Merchant, world: World
) -> None:
    other, seen = world.kniga.id, set[int | None]()

    def ids() -> dict[str, set[int]]:
        with app.app_context():
            found = {
                "quiet": set(rules.merchants_with("schedule.inactivity")),
                "bonuses": set(bonuses.merchants_with_bonuses()),
                "convert": set(bonuses.merchants_that_convert()),
            }
            db.session.rollback()
            return found

    assert not any(shop.id in each for each in ids().values())
    publish(app, shop, away(30))
    order(client, shop, "Q1", 45)
    do(app, shop, lambda: wallet.change_program({"convert": "always"}))
    with app.app_context():
        jobs.ask_after()
        before = ids()
        assert all(shop.id in each and other not in each for each in before.values())
        for_all("who", lambda: seen.add(current_tenant()), lambda: sorted(before["quiet"]))
    assert shop.id in seen
    assert other not in seen


def test_the_job_looks_at_every_merchant_and_sends_the_letter_once(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    publish(app, shop, away(30))
    order(client, shop, "Q1", 45)
    with app.app_context():
        jobs.ask_after()
        jobs.ask_after()
    assert [each.context["text"] for each in sent(app, shop)] == ["inactivity"]
    [letter] = [m for m in mailbox.to("gleb@example.org") if "for long" in str(m["Subject"])]
    assert "bonuses on your next order" in letter.get_content() if not letter.is_multipart() else 1


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ({"all": []}, USUAL),
        ({"fact": "member.last_order_days_ago", "op": "gte", "value": 30}, 30),
        ({"fact": "member.last_order_days_ago", "op": "gt", "value": 30}, 31),
        ({"fact": "member.last_order_days_ago", "op": "between", "value": [20, 40]}, 20),
        ({"fact": "member.last_order_days_ago", "op": "lte", "value": 40}, USUAL),
        ({"fact": "member.last_order_days_ago", "op": "gte", "value": 0}, 1),
    ],
)
def test_a_rule_says_after_how_many_days_it_asks(when: dict[str, Any], days: int) -> None:
    assert quiet_days(parse(away(1) | {"when": when})) == days


def test_bonuses_about_to_expire_set_rules_off_once_of_each_lot(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    body = rule("points.expiring", "spend", "expiring")
    publish(app, shop, body | {"effects": body["effects"][1:]})

    def credit() -> None:
        gleb = members.by_external(shop.shop_id, "77")
        assert gleb is not None
        until = clock.now() + 3 * DAY
        wallet.grant(
            [
                Grant(
                    member_id=gleb.id,
                    amount=12_300,
                    reference="gift",
                    kind="hand",
                    expires_at=until,
                )
            ]
        )

    do(app, shop, credit)
    with app.app_context():
        jobs.warn_of_lapse()
        jobs.warn_of_lapse()
    [message] = sent(app, shop)
    assert message.state == "sent"
    subjects = [str(each["Subject"]).strip() for each in mailbox.to("gleb@example.org")]
    assert subjects.count("123 of your bonuses at Lampa are about to expire") == 2, (
        "the program's own warning, and the rule's"
    )


def test_many_at_once_set_rules_off_once_and_an_undo_takes_back_what_they_gave(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    publish(app, shop, rule("manual.mass", "external", "mass"))

    def begin() -> str:
        gleb = members.by_external(shop.shop_id, "77")
        assert gleb is not None
        return wallet.look_at(
            Mass(act="give", amount=10_000, reason="A feast"), {gleb.id: None}
        ).public_id

    number = do(app, shop, begin)

    def run() -> Run:
        return db.session.scalars(select(Run).where(Run.public_id == number)).one()

    with app.app_context():
        jobs.work_runs()
    do(app, shop, lambda: wallet.apply_mass(run()))
    with app.app_context():
        jobs.work_runs()
        jobs.work_runs()
    assert lots(app, shop) == [5_000]
    [message] = sent(app, shop)
    assert message.state == "sent"
    [letter] = mailbox.to("gleb@example.org")
    assert str(letter["Subject"]).strip() == "100 bonuses from Lampa"
    do(app, shop, lambda: wallet.undo_mass(run()))
    with app.app_context():
        jobs.work_runs()
    query = select(Lot.clawed).order_by(Lot.id)
    assert do(app, shop, lambda: db.session.scalars(query).all()) == [10_000, 5_000]


def test_an_order_paid_in_part_with_bonuses_is_told_of_once(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    do(app, shop, lambda: profiles.switch("order", on=False))
    do(app, shop, lambda: profiles.switch("spend", on=True))
    gift = {"member": "77", "amount": "200.00", "reason": "A present"}
    client.post("/api/v1/bonuses", json=gift, headers=shop.bearer)
    body = {**ORDER, "created_at": clock.now().isoformat(), "status": "completed"}
    for _time in range(2):
        answer = client.put("/api/v1/orders/P1", json=body, headers=shop.bearer)
        assert answer.status_code == 200, answer.text
    assert [each.context["text"] for each in sent(app, shop)] == ["spend"]
    [letter] = mailbox.to("gleb@example.org")
    assert str(letter["Subject"]).strip() == "You have paid with bonuses at Lampa: 200"


def test_what_is_looked_at_by_night_leaves_one_event_a_customer(app: App, shop: Merchant) -> None:
    with app.app_context():
        jobs.ask_after()
    query = select(Event.id).where(Event.type == "customer.told")
    assert do(app, shop, lambda: db.session.scalars(query).all()) == []
