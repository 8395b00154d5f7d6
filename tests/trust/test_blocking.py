"""Blocking asks what becomes of the rest; all of it is one act, and is undone whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from app import clock, sql
from app.commissions.queries import deal_view
from app.errors import Conflict, DomainError, NotFound
from app.events.models import Event
from app.extensions import db
from app.fraud.rules import Word
from app.ledger.queries import PartnerBalance
from app.links.service import ensure_default, target_of_code
from app.notifications.rules import promises
from app.orders.rules import Customer
from app.orders.service import find
from app.partners.service import block, unblock
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.tenancy import current_tenant
from app.tenants.models import Tenant
from app.trust import service
from app.trust.rules import Money, Wish
from tests.harness import invariants
from tests.intake.scene import NOON, Scene, at_lampa, order

DAY = timedelta(days=1)
LATER = NOON + 20 * DAY  # the hold of both sales is over
GLEB = Customer(id="77", email="gleb@example.org", name="Gleb")


@pytest.fixture
def lampa(db_session: Any) -> Iterator[Scene]:
    """Vera has two sales, a day apart, and both are available."""
    with at_lampa() as scene:
        with clock.moved_to(NOON + DAY):
            for n in (1, 2):
                made = NOON + (n - 1) * DAY
                said: Any = {"created_at": made, "updated_at": made, "customer": GLEB}
                scene.say(f"A{n}", order("completed", partner_code="VERA10", **said))
        with clock.moved_to(LATER):
            scene.say("A1", order("completed", 10, partner_code="VERA10", customer=GLEB))
            yield scene


def vera(scene: Scene) -> PartnerBalance:
    return scene.balances()["Vera"]


def target(scene: Scene) -> object:
    tenant = db.session.get_one(Tenant, current_tenant())
    return target_of_code(tenant, scene.vera.refcode)


def test_a_block_without_more_keeps_what_was_earned_and_lets_payouts_wait(lampa: Scene) -> None:
    made = service.block(lampa.vera, Wish("Spam"), "RUB")
    assert (lampa.vera.status, vera(lampa).available) == ("blocked", 38000)
    with pytest.raises(Conflict):
        payouts.request_for(lampa.vera.id, 100, "bank", "person:1")
    with clock.moved_to(LATER + DAY):
        said: Any = {"created_at": LATER + DAY, "updated_at": LATER + DAY, "customer": GLEB}
        view = lampa.say("A3", order("paid", partner_code="VERA10", **said))
        assert view.partner is None, "later sales count for nobody"
        service.lift(made.public_id, "RUB")
    assert lampa.vera.status == "active"
    with pytest.raises(Conflict):
        service.lift(made.public_id, "RUB")
    with pytest.raises(NotFound):
        service.lift("bl_nothing", "RUB")


def test_what_is_earned_may_still_be_paid_where_staff_chose_so(lampa: Scene) -> None:
    made = service.block(lampa.vera, Wish("Spam", money=Money.KEEP), "RUB")
    payout = payouts.request_for(lampa.vera.id, 10000, "bank", "person:1")
    assert payouts.approve(payout.id, "person:1").state == "approved"
    payouts.reject(payout.id, "Changed our mind.", "person:1")
    service.lift(made.public_id, "RUB")
    unblock_later = service.block(lampa.vera, Wish("Again"), "RUB")
    with pytest.raises(Conflict):
        payouts.request_for(lampa.vera.id, 10000, "bank", "person:1")
    service.lift(unblock_later.public_id, "RUB")


def test_deals_since_a_day_are_refused_money_is_written_off_and_the_request_rejected(
    lampa: Scene,
) -> None:
    asked = payouts.request_for(lampa.vera.id, 15000, "bank", "person:1")
    wish = Wish(
        "Coupons on sites",
        letter=True,
        refuse_from=NOON + timedelta(hours=1),
        money=Money.WRITE_OFF,
        reject=True,
        links_off=True,
    )
    ensure_default(lampa.vera)
    figures = service.preview(lampa.vera, wish, "RUB")
    assert (figures.deals, figures.refused, figures.written_off) == (1, 30400, 19000)
    assert (figures.before.available, figures.after.available) == (23000, 0)
    assert (lampa.vera.status, vera(lampa).available) == ("active", 23000), "only looked at"
    assert (figures.request, figures.rejects, figures.links) == (asked, True, 1)
    assert target(lampa) is not None

    made = service.block(lampa.vera, wish, "RUB")

    refused = deal_view(find(lampa.shop_id, "A2").id)
    kept = deal_view(find(lampa.shop_id, "A1").id)
    assert refused is not None
    assert kept is not None
    assert (refused.deal.reason, kept.deal.reason) == ("refused", None)
    assert vera(lampa) == PartnerBalance(pending=0, available=0, reserved=0, debt=0)
    assert lampa.balances()["Anna"].available == 1900, "sponsors lose the refused one too"
    assert db.session.get_one(Payout, (current_tenant(), asked.id)).state == "rejected"
    assert target(lampa) is None

    lifted = service.lift(made.public_id, "RUB")

    again = db.session.scalars(select(Payout).where(Payout.state == "requested")).one()
    assert (again.amount, lifted.effects["asked_again"]) == (15000, again.public_id)
    assert (vera(lampa).available, vera(lampa).reserved) == (23000, 15000)
    assert lampa.balances()["Anna"].available == 3800
    assert target(lampa) is not None


def test_undoing_keeps_what_staff_decided_otherwise_meanwhile(lampa: Scene) -> None:
    made = service.block(lampa.vera, Wish("Spam", refuse_from=NOON), "RUB")
    assert (made.effects["deals"], vera(lampa).available) == (2, 0)
    service.decide(Word.REFUSE, [find(lampa.shop_id, "A1").id], "This one is proved.")
    service.lift(made.public_id, "RUB")
    assert vera(lampa).available == 19000


def test_what_was_refused_before_is_neither_counted_nor_taken_back(lampa: Scene) -> None:
    service.decide(Word.REFUSE, [find(lampa.shop_id, "A1").id], "Own order.")
    made = service.block(lampa.vera, Wish("Spam", refuse_from=NOON), "RUB")
    assert made.effects["deals"] == 1
    service.lift(made.public_id, "RUB")
    assert vera(lampa).available == 19000


def test_a_request_whose_money_is_gone_is_not_made_anew(lampa: Scene) -> None:
    payouts.request_for(lampa.vera.id, 38000, "bank", "person:1")
    made = service.block(lampa.vera, Wish("Spam", reject=True), "RUB")
    service.decide(Word.REFUSE, [find(lampa.shop_id, "A1").id], "Own order.")
    assert service.lift(made.public_id, "RUB").effects["asked_again"] is None
    assert (vera(lampa).available, vera(lampa).reserved) == (19000, 0)


def test_a_block_ended_another_way_does_not_stand_in_the_way_of_the_next(lampa: Scene) -> None:
    first = service.block(lampa.vera, Wish("Spam"), "RUB")
    unblock(lampa.vera)
    second = service.block(lampa.vera, Wish("Spam again"), "RUB")
    assert first.public_id != second.public_id
    with pytest.raises(Conflict):
        service.lift(first.public_id, "RUB")


@pytest.mark.parametrize(
    "wish",
    [Wish("  "), Wish("x" * 501), Wish("Spam", refuse_from=LATER + DAY)],
    ids=["no reason", "too long", "a day to come"],
)
def test_a_block_that_cannot_be_is_refused_and_changes_nothing(lampa: Scene, wish: Wish) -> None:
    with pytest.raises(DomainError):
        service.block(lampa.vera, wish, "RUB")
    assert (lampa.vera.status, vera(lampa).available) == ("active", 38000)


def test_a_blocked_partner_cannot_be_blocked_again(lampa: Scene) -> None:
    service.block(lampa.vera, Wish("Spam"), "RUB")
    with pytest.raises(Conflict):
        service.block(lampa.vera, Wish("Spam"), "RUB")


def test_the_partner_is_written_to_only_where_staff_chose_so(lampa: Scene) -> None:
    for letter in (True, False):
        made = service.block(lampa.vera, Wish("Spam", letter=letter), "RUB")
        service.lift(made.public_id, "RUB")
    db.session.flush()
    kinds = ("partner.blocked", "partner.unblocked")
    told = db.session.scalars(select(Event).where(Event.type.in_(kinds)).order_by(Event.id)).all()
    assert [promises(e.type, e.facts, "active") for e in told] == [True, True, False, False]


def test_a_block_by_the_interface_says_nothing_of_an_earlier_one(lampa: Scene) -> None:
    service.block(lampa.vera, Wish("Spam", money=Money.KEEP, links_off=True), "RUB")
    assert target(lampa) is None
    unblock(lampa.vera)
    block(lampa.vera, "Again")
    assert target(lampa) is not None, "that block said nothing of links"
    with pytest.raises(Conflict):
        payouts.request_for(lampa.vera.id, 100, "bank", "person:1")


def test_what_a_block_did_can_be_taken_back_after_it_was_ended_another_way(lampa: Scene) -> None:
    wish = Wish("Spam", refuse_from=NOON + DAY, money=Money.WRITE_OFF)
    before = vera(lampa)
    made = service.block(lampa.vera, wish, "RUB")
    unblock(lampa.vera)
    assert vera(lampa).available == 0, "letting him in gives nothing back by itself"
    service.lift(made.public_id, "RUB")
    assert vera(lampa) == before


WHATEVER_HAPPENS: dict[str, Callable[[Scene, str], object]] = {
    "lift": lambda _lampa, made: service.lift(made, "RUB"),
    "cancel": lambda lampa, _made: lampa.say(
        "A2", order("cancelled", 20, partner_code="VERA10", customer=GLEB)
    ),
    "refund": lambda lampa, _made: lampa.say(
        "A1", order("refunded", 20, partner_code="VERA10", customer=GLEB)
    ),
}


@pytest.mark.parametrize("money", list(Money))
@pytest.mark.parametrize("refuse_from", [None, NOON, NOON + DAY], ids=["none", "all", "the last"])
def test_in_whatever_order_a_lift_and_cancellations_come_the_same_is_left(
    lampa: Scene, money: Money, refuse_from: datetime | None
) -> None:
    found = set()
    with sql.tried():
        for act in ("cancel", "refund"):
            WHATEVER_HAPPENS[act](lampa, "")
        never_blocked = vera(lampa)
    assert never_blocked != vera(lampa)
    for acts in permutations(WHATEVER_HAPPENS):
        with sql.tried():
            wish = Wish("Spam", refuse_from=refuse_from, money=money)
            made = service.block(lampa.vera, wish, "RUB").public_id
            for act in acts:
                WHATEVER_HAPPENS[act](lampa, made)
            found.add(vera(lampa))
            assert not invariants.broken()
    assert found == {never_blocked}
