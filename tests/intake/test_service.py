"""What an order does to money, whatever comes first, twice or late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app import clock
from app.intake import service as intake
from app.ledger.queries import PartnerBalance
from app.orders.rules import Customer, Refund
from tests.intake.scene import NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def lampa(db_session: object) -> Iterator[Scene]:
    """The shop, standing at the moment of the order."""
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        yield scene


def amounts(view: object) -> list[tuple[int, str, int, str]]:
    return [(s.level, s.name, s.amount, s.bucket) for s in view.shares]  # type: ignore[attr-defined]


def test_a_sale_by_code_pays_three_levels_as_it_moves_on(lampa: Scene) -> None:
    new = lampa.say("A1", order("new", partner_code="VERA10"))
    assert amounts(new) == [
        (1, "Vera", 19000, "expected"),
        (2, "Boris", 9500, "expected"),
        (3, "Anna", 1900, "expected"),
    ]
    assert lampa.balances()["Vera"] == PartnerBalance()

    lampa.say("A1", order("paid", 1, partner_code="VERA10"))
    assert lampa.balances()["Vera"] == PartnerBalance(pending=19000)

    done = lampa.say("A1", order("completed", 2, partner_code="VERA10"))
    assert done.deal.available_at == NOON + timedelta(minutes=2, days=14)
    assert lampa.balances()["Boris"] == PartnerBalance(pending=9500)

    with clock.moved_to(NOON + timedelta(days=15)):
        assert [order_id for _, order_id, _ in intake.ripe()] == [done.deal.order_id]
        intake.rework([done.deal.order_id])
        assert lampa.balances() == {
            "Anna": PartnerBalance(available=1900),
            "Boris": PartnerBalance(available=9500),
            "Vera": PartnerBalance(available=19000),
        }
        assert intake.ripe() == []


def test_a_refund_after_the_hold_takes_back_from_what_is_available(lampa: Scene) -> None:
    with clock.moved_to(NOON + timedelta(days=20)):
        lampa.say("A1", order("completed", partner_code="VERA10"))
        assert lampa.balances()["Vera"] == PartnerBalance(available=19000)
        half = (Refund(id="r1", amount=95000),)
        lampa.say("A1", order("completed", 5, partner_code="VERA10", refunds=half))
        assert lampa.balances()["Vera"] == PartnerBalance(available=9500)
        lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
        assert lampa.balances()["Vera"] == PartnerBalance()


def test_a_double_posts_nothing(lampa: Scene) -> None:
    said = order("paid", partner_code="VERA10")
    lampa.say("A1", said)
    before = lampa.balances()
    lampa.say("A1", said)
    assert lampa.balances() == before


def test_an_older_message_changes_no_field_but_its_evidence_counts(lampa: Scene) -> None:
    lampa.say("A1", order("paid", 5))
    late = lampa.say("A1", order("new", 1, ref="vera"))
    assert late.deal.state == "agreed"
    assert late.partner is not None
    assert late.partner.name == "Vera"
    assert lampa.balances()["Vera"].pending == 19000


def test_the_customer_stays_with_the_partner_of_the_first_order(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10"))
    second = order("paid", created_at=NOON + timedelta(days=1), updated_at=NOON + timedelta(days=1))
    assert lampa.say("A2", second).deal.how == "binding"


def test_a_first_order_that_comes_late_binds_what_came_before_it(lampa: Scene) -> None:
    second = order("paid", created_at=NOON + timedelta(minutes=30))
    assert lampa.say("A2", second).partner is None
    lampa.say("A1", order("paid", partner_code="VERA10"))
    assert lampa.balances()["Vera"].pending == 2 * 19000


def test_a_guests_orders_follow_the_id_that_shows_his_email(lampa: Scene) -> None:
    guest = Customer(email="Gleb@Example.org ")
    lampa.say("G1", order("paid", customer=guest, created_at=NOON + timedelta(minutes=9)))
    assert lampa.balances()["Vera"].pending == 0
    lampa.say("A1", order("paid", partner_code="VERA10"))
    assert lampa.balances()["Vera"].pending == 2 * 19000


def test_a_removed_code_withdraws_the_deal(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10"))
    gone = lampa.say("A1", order("paid", 3))
    assert (gone.partner, gone.deal.reason) == (None, "no_claim")
    assert lampa.balances()["Vera"] == PartnerBalance()


def test_a_deleted_order_pays_nothing_until_a_later_word_revives_it(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10"))
    intake.delete(lampa.shop_id, "A1")
    assert lampa.balances()["Vera"] == PartnerBalance()
    lampa.say("A1", order("paid", 30, partner_code="VERA10"))
    assert lampa.balances()["Vera"] == PartnerBalance()
    lampa.say("A1", order("paid", 90, partner_code="VERA10"))
    assert lampa.balances()["Vera"].pending == 19000


def test_self_referral_earns_the_sponsor_nothing_either_way_and_says_why(lampa: Scene) -> None:
    me = Customer(id="1", email=lampa.anna.email)
    view = lampa.say("A1", order("paid", partner_code="ANNA10", customer=me))
    assert (view.partner, view.deal.reason) == (None, "self_referral")
